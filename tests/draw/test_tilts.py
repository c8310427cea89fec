"""What a homography does here and there in the picture, by difference quotients and by counting points."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from augkit import policy
from augkit.draw import Draws, draw
from augkit.intervals import Interval
from augkit.reach import GEOMETRY
from augkit.safety import bound
from tests.policies import GEOMETRIC, drawn, policies


def one(steps: str, aspect: float = 1.0) -> Draws:
    made = policy.parse(f"version: 1\ntask: none\nsteps:\n{steps}\n", "tilts.yaml")
    return draw(made, ["a"], np.ones(1, np.int64), seed=0, aspects=np.full(1, aspect))


def tilted(x: float, y: float, aspect: float, degrees: float, points: np.ndarray) -> np.ndarray:
    """Tilt points as a camera sees them, and turn them; shares of the way to the sides on the way."""
    half = np.array([np.sqrt(aspect), 1 / np.sqrt(aspect)]) / 2
    out = points / (1 - (points / half) @ [x, y])[:, None]
    a = np.radians(degrees)
    return out @ np.array([[np.cos(a), -np.sin(a)], [np.sin(a), np.cos(a)]]).T


@pytest.mark.parametrize(
    ("x", "y", "aspect", "degrees"), [(0.2, 0, 1, 0), (0.1, -0.25, 1.5, 10), (0, 0.3, 0.7, -30)]
)
def test_poses_are_those_of_the_local_map_and_kept_is_the_share_of_points(x, y, aspect, degrees):
    draws = one(
        f"  - perspective: {{x: [{x}, {x}], y: [{y}, {y}]}}\n  - rotate: {{degrees: [{degrees}, {degrees}]}}",
        aspect,
    )
    half = np.array([np.sqrt(aspect), 1 / np.sqrt(aspect)]) / 2
    rng = np.random.default_rng(1)
    points = rng.uniform(-1, 1, (200_000, 2)) * half
    out = tilted(x, y, aspect, degrees, points)
    seen = (np.abs(out) <= half).all(axis=1)
    assert draws.effects["kept"][0] == pytest.approx(seen.mean(), abs=0.004)
    some, h = points[seen][:20_000], 1e-5
    step = [(tilted(x, y, aspect, degrees, some + d) - tilted(x, y, aspect, degrees, some - d)) / (2 * h)
            for d in (np.array([h, 0]), np.array([0, h]))]  # fmt: skip
    local = np.stack(step, axis=2)
    u, s, vt = np.linalg.svd(local)
    turn = np.degrees(np.arctan2((u @ vt)[:, 1, 0], (u @ vt)[:, 0, 0]))
    for axis, values in {"turn": turn, "zoom": np.sqrt(s.prod(axis=1)), "stretch": s[:, 0] / s[:, 1]}.items():
        found = draws.reached(axis)
        width = float(values.max() - values.min())
        assert np.nanmin(found) == pytest.approx(values.min(), abs=0.05 * width + 1e-6), axis
        assert np.nanmax(found) == pytest.approx(values.max(), abs=0.05 * width + 1e-6), axis


def test_a_tilt_that_is_not_done_leaves_maps_as_they_are():
    plain = one("  - rotate: {degrees: [20, 20]}")
    resting = one("  - perspective: {x: [0, 0.2], p: 0}\n  - rotate: {degrees: [20, 20]}")
    assert resting.effects["turn"].tolist() == plain.effects["turn"].tolist()
    assert resting.reached("turn").shape == (1, 1)


def test_what_a_crop_leaves_out_is_not_turned():
    free = one("  - perspective: {x: [0.3, 0.3], y: [0.3, 0.3]}").reached("turn")
    cropped = one("  - crop: {side: [0.3, 0.3]}\n  - perspective: {x: [0.3, 0.3], y: [0.3, 0.3]}")
    assert 0.05 < cropped.effects["kept"][0] < 0.1
    assert np.isfinite(cropped.reached("turn")).sum() < np.isfinite(free).sum()


@given(policies(ops=(*GEOMETRIC, "perspective"), steps=4, depth=1), st.floats(0.5, 1.5), st.floats(1, 2))
@settings(max_examples=80, deadline=None)
def test_what_is_seen_of_every_draw_lies_inside_the_reach_of_its_policy(some, narrow, wide):
    aspect = Interval(narrow, narrow * wide)
    reach = bound.reach(some, aspect)
    draws = drawn(some, 40, aspects=(aspect.low, aspect.high))
    for axis in GEOMETRY:
        values = draws.reached(axis)
        if axis == "stretch":  # a ratio beyond a million is all rounding
            values = np.minimum(values, 1e6)
        over = reach.on(axis).excess(values) / np.maximum(1, np.abs(np.nan_to_num(values)))
        assert over.max() < 1e-6, axis

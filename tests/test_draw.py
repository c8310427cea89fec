"""Draws are measured before any pixel is touched; here the pixels are measured too, and must agree."""

from __future__ import annotations

import dataclasses
import math
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from augkit import affine
from augkit.draw import Draws, draw, numbered
from augkit.render import render
from augkit.steps import Choice
from tests.policies import GEOMETRIC, TONAL, drawn, policies, read, written

HEIGHT, WIDTH = 120, 150
ASPECT = (WIDTH / HEIGHT,) * 2
SIDE = math.sqrt(HEIGHT * WIDTH)
SPOTS = [(0.0, 0.0), (0.13, 0.02), (-0.03, 0.12), (-0.1, -0.09), (0.08, -0.11)]


def policy_of(*steps: object) -> object:
    return read({"version": 1, "task": "none", "steps": list(steps)})


def spot(x: float, y: float) -> np.ndarray:
    """Make a picture of one bright spot at a place of the frame."""
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    u, v = columns - (WIDTH - 1) / 2 - x * SIDE, (HEIGHT - 1) / 2 - rows - y * SIDE
    return np.rint(250 * np.exp(-(u**2 + v**2) / (2 * 2.5**2))).astype(np.uint8)[:, :, None]


def seen(picture: np.ndarray) -> tuple[float, float]:
    """Find the spot again: the centre of what is bright."""
    bright = picture[:, :, 0].astype(float)
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    x, y = ((bright * axis).sum() / bright.sum() for axis in (columns, rows))
    return (x - (WIDTH - 1) / 2) / SIDE, ((HEIGHT - 1) / 2 - y) / SIDE


def measured_map(draws: Draws, i: int) -> np.ndarray:
    """Fit the map from where spots were to where they are seen, 2×3."""
    after = np.array([seen(render(spot(x, y), draws, i)) for x, y in SPOTS])
    before = np.array([(x, y, 1.0) for x, y in SPOTS])
    fitted, *_ = np.linalg.lstsq(before, after, rcond=None)
    return fitted.T


def measured_line(draws: Draws, i: int) -> tuple[float, float]:
    """Fit contrast and brightness from plain pictures, where they are not clipped."""
    levels = np.arange(0, 256, 5)
    flat = [np.full((HEIGHT, WIDTH, 1), level, np.uint8) for level in levels]
    after = np.array([float(np.median(render(picture, draws, i)[40:80, 50:100])) for picture in flat])
    free = (after > 0) & (after < 255)
    slope, level = np.polyfit(levels[free] / 255 - 0.5, after[free] / 255 - 0.5, 1)
    return float(slope), float(level)


GENTLE = [
    {"shift": {"x": [-0.08, 0.08], "y": [-0.08, 0.08]}},
    {"zoom": {"factor": [0.8, 1.15], "x": [0.9, 1.1]}},
    {"rotate": {"degrees": [-180, 180]}},
    {"shear": {"x_degrees": [-20, 20], "y_degrees": [-15, 15]}},
    {"crop": {"side": [0.85, 1.0]}},
    "flip_horizontal",
    "flip_vertical",
    "quarter_turn",
    "transpose",
]


def assert_seen_as_drawn(draws: Draws, i: int) -> None:
    found = measured_map(draws, i)
    a, b, tx, c, d, ty = (float(entry[i]) for entry in draws.whole.through)
    np.testing.assert_allclose(found, [[a, b, tx], [c, d, ty]], atol=0.025)
    mirrored, turn, zoom, stretch = affine.pose((found[0, 0], found[0, 1], 0, found[1, 0], found[1, 1], 0))
    effects = {axis: float(values[i]) for axis, values in draws.effects.items()}
    assert math.isnan(effects["turn" if mirrored else "mirrored"])
    off = turn - effects["mirrored" if mirrored else "turn"]
    assert abs((off + 180) % 360 - 180) < 2.5
    assert zoom == pytest.approx(effects["zoom"], abs=0.03)
    assert stretch == pytest.approx(effects["stretch"], abs=0.06)


@pytest.mark.parametrize("step", GENTLE, ids=lambda step: step if isinstance(step, str) else next(iter(step)))
def test_spots_are_seen_where_one_step_is_said_to_put_them(step):
    draws = drawn(policy_of(step), 4, aspects=ASPECT)
    for i in range(4):
        assert_seen_as_drawn(draws, i)


def test_spots_are_seen_where_whole_policies_are_said_to_put_them():
    rng = random.Random(7)
    for _ in range(12):
        some = rng.sample(GENTLE, 3)
        whole = policy_of(
            *some[:1], {"one_of": some[1:]}, {"some_of": {"n": [0, 1], "steps": ["flip_horizontal"]}}
        )
        draws = drawn(whole, 2, aspects=ASPECT, corners=False, seed=rng.randrange(1000))
        for i in range(2):
            assert_seen_as_drawn(draws, i)


def test_tones_are_seen_as_the_line_that_is_said():
    rng = random.Random(8)
    for seed in range(10):
        steps = [{"contrast": {"gain": [0.4, 1.6]}}, {"brightness": {"shift": [-0.15, 0.15]}}, "invert"]
        rng.shuffle(steps)
        draws = drawn(
            policy_of(*steps, {"rotate": {"degrees": [-20, 20]}}), 1, seed=seed, aspects=ASPECT, corners=False
        )
        slope, level = measured_line(draws, 0)
        assert draws.effects["inverted"][0] == pytest.approx(-slope, abs=0.02)
        assert math.isnan(draws.effects["contrast"][0])
        assert draws.effects["brightness"][0] == pytest.approx(level, abs=0.01)


def test_the_share_kept_is_the_share_of_bright_pixels_that_stay():
    rng = random.Random(9)
    white = np.full((HEIGHT, WIDTH, 1), 255, np.uint8)
    for seed in range(20):
        plain = written(rng, ops=GEOMETRIC, steps=3, depth=1)
        draws = drawn(read(plain), 1, seed=seed, aspects=ASPECT)
        out = render(white, draws, 0)
        kept = out.astype(float).mean() / 255 / float(draws.effects["zoom"][0]) ** 2
        assert draws.effects["kept"][0] == pytest.approx(kept, abs=0.02)


@given(policies(ops=GEOMETRIC + TONAL, steps=4), st.integers(0, 2**32))
@settings(max_examples=40, deadline=None)
def test_effects_are_those_of_steps_done_one_by_one(policy, seed):
    draws = drawn(policy, 5, seed=seed, aspects=(0.7, 1.6))
    for i in range(5):
        whole, slope, level, row = np.eye(3), 1.0, 0.0, 0
        for step, done in zip(policy.leaves(), draws.active[:, i], strict=True):
            names = [number.name for number in step.op.drawn()]
            values = {name: float(draws.numbers[row + k, i]) for k, name in enumerate(names)}
            row += len(names)
            if done and hasattr(step.op, "matrix"):
                a, b, tx, c, d, ty = step.op.matrix(values, float(draws.aspects[i]))
                whole = np.array([[a, b, tx], [c, d, ty], [0, 0, 1]]) @ whole
            elif done:
                gain, shift = step.op.curve(values)
                slope, level = gain * slope, gain * level + shift
        found = [float(entry[i]) for entry in draws.whole.through]
        np.testing.assert_allclose(found, whole[:2].ravel(), atol=1e-9)
        np.testing.assert_allclose([float(v[i]) for v in draws.whole.line], [slope, level], atol=1e-12)


@given(policies(steps=5, depth=3))
@settings(max_examples=60, deadline=None)
def test_choices_do_as_many_branches_as_they_say(policy):
    draws = drawn(policy, 60, corners=False)
    rows = {step.name: row for row, step in enumerate(policy.leaves())}

    def certain(nodes: tuple) -> list[int]:
        return [rows[node.name] for node in nodes if not isinstance(node, Choice) and node.p == 1]

    for node in policy.steps:
        if isinstance(node, Choice) and all(certain(branch) for branch in node.branches):
            done = np.array([draws.active[certain(branch)[0]] for branch in node.branches]).sum(axis=0)
            allowed = {*range(node.least, node.most + 1)} | ({0} if node.p < 1 else set())
            assert set(done.tolist()) <= allowed
            if node.p == 0:
                assert not done.any()


def test_every_branch_is_as_likely_as_the_others_and_so_is_every_count():
    some = policy_of(
        {"some_of": {"n": [1, 3], "steps": ["invert", "transpose", "flip_vertical", "flip_horizontal"]}}
    )
    draws = drawn(some, 6000, corners=False)
    counts = np.bincount(draws.active.sum(axis=0), minlength=5) / 6000
    np.testing.assert_allclose(counts, [0, 1 / 3, 1 / 3, 1 / 3, 0], atol=0.025)
    np.testing.assert_allclose(draws.active.mean(axis=1), 0.5, atol=0.025)
    pairs = draws.active[:, draws.active.sum(axis=0) == 2]
    shares = [(pairs[i] & pairs[j]).mean() for i in range(4) for j in range(i)]
    np.testing.assert_allclose(shares, 1 / 6, atol=0.035)


def test_a_probability_is_the_share_of_pictures_it_says():
    policy = policy_of(
        {"rotate": {"degrees": [5, 10], "p": 0.3}},
        {"one_of": {"p": 0.5, "steps": ["invert", {"transpose": {"p": 0.5}}]}},
    )
    active = drawn(policy, 8000, corners=False).active.mean(axis=1)
    np.testing.assert_allclose(active, [0.3, 0.25, 0.125], atol=0.02)


def test_numbers_are_even_over_their_range_and_options_equally_likely():
    draws = drawn(policy_of({"rotate": {"degrees": [-30, 10]}}, "quarter_turn"), 8000, corners=False)
    shares = np.histogram(draws.numbers[0], bins=8, range=(-30, 10))[0] / 8000
    np.testing.assert_allclose(shares, 1 / 8, atol=0.02)
    np.testing.assert_allclose(np.bincount(draws.numbers[1].astype(int))[1:] / 8000, 1 / 3, atol=0.02)


def test_values_name_what_was_drawn_and_leave_out_what_was_not():
    policy = policy_of({"rotate": {"degrees": [5, 10], "p": 0.5}}, {"shift": {"x": [0.1, 0.2]}}, "invert")
    values = drawn(policy, 50).values
    assert list(values) == ["rotate.degrees", "shift.x", "invert"]
    assert 0 < np.isnan(values["rotate.degrees"]).sum() < 50
    assert (values["invert"] == 1).all()
    assert len(numbered(policy)) == 3, "a range that stays at rest is drawn all the same"


def test_some_of_the_draws_are_taken_with_all_that_belongs_to_them():
    draws = drawn(policy_of({"rotate": {"degrees": [5, 10], "p": 0.5}}), 10)
    draws = dataclasses.replace(draws, label_before=np.arange(10), labels=np.arange(10) + 1)
    some = draws.take(np.array([7, 2]))
    assert len(some) == 2
    assert some.labels.tolist() == [8, 3] and some.label_before.tolist() == [7, 2]
    assert (some.numbers == draws.numbers[:, [7, 2]]).all() and (some.active == draws.active[:, [7, 2]]).all()
    assert draws.take(np.zeros(10, dtype=bool)).effects["turn"].shape == (0,)


def test_a_policy_without_steps_does_nothing():
    draws = draw(policy_of(), ["a", "b"], [1, 2], seed=0, aspects=np.ones(2))
    picture = np.arange(12, dtype=np.uint8).reshape(3, 4, 1)
    assert (render(picture, draws, 1) == picture).all()
    assert draws.effects["turn"].tolist() == [0, 0] and draws.effects["kept"].tolist() == [1, 1]


def test_grey_that_was_inverted_is_inverted():
    draws = drawn(policy_of({"contrast": {"gain": [0, 0]}}, "invert"), 1)
    assert draws.effects["inverted"].tolist() == [0] and np.isnan(draws.effects["contrast"]).all()

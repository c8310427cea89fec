"""A border that reflects shows mirror images of the picture: what is said of them is what is to be seen."""

from __future__ import annotations

import math
import random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from augkit import policy, tasks
from augkit.draw import Draws
from augkit.intervals import Interval
from augkit.ops import OPS, Geometric
from augkit.policy import Policy
from augkit.render import render
from augkit.safety import Verdict, bound, judge, reflected
from augkit.safety.settle import Settler
from tests.policies import GEOMETRIC, a_step, drawn, read, written

SQUARE = Interval(1, 1)
aspects = st.sampled_from([SQUARE, Interval(1.5, 1.5), Interval(0.7, 1.6)])
randoms = st.randoms(use_true_random=False)


def reflecting(plain: dict[str, Any]) -> Policy:
    return read({**plain, "border": "reflect"})


def judged(steps: str, task: str = "digits", more: str = "") -> Verdict:
    text = f"version: 1\ntask: {task}\nborder: reflect\n{more}steps:\n  - {steps}\n"
    return judge(policy.parse(text, "mirror.yaml"), tasks.load(task))


def op_of(step: object) -> Geometric:
    (leaf,) = read({"version": 1, "task": "none", "steps": [step]}).leaves()
    assert isinstance(leaf.op, Geometric)
    return leaf.op


@given(randoms, aspects)
@settings(max_examples=100, deadline=None)
def test_a_step_that_brings_nothing_in_never_shows_the_outside(rng, aspect):
    step = a_step(rng, GEOMETRIC)
    if not reflected.brings_in(op_of(step), aspect):
        draws = drawn(
            read({"version": 1, "task": "none", "steps": [step]}), 400, aspects=(aspect.low, aspect.high)
        )
        assert (1 - draws.kept * draws.pose[2] ** 2).max() < 0.01


@pytest.mark.parametrize(
    "step, brings",
    [
        ({"crop": {"side": [0.5, 1]}}, False),
        ({"zoom": {"factor": [1, 2], "x": [1, 1.5]}}, False),
        ({"zoom": {"factor": [0.9, 2]}}, True),
        ({"zoom": {"factor": [1.2, 2], "y": [0.8, 1]}}, True),
        ("flip_vertical", False),
        ("quarter_turn", False),
        ({"rotate": {"degrees": [-180, 180]}}, True),
        ({"rotate": {"degrees": [180, 180]}}, False),
        ({"rotate": {"degrees": [0, 0.01]}}, False),
        ({"rotate": {"degrees": [0, 1]}}, True),
        ({"shift": {"x": [0, 0.01]}}, True),
        ({"shear": {"x_degrees": [-5, 5]}}, True),
    ],
)
def test_what_brings_the_outside_in_is_known(step, brings):
    assert reflected.brings_in(op_of(step), SQUARE) == brings


def test_a_picture_that_is_not_square_does_not_fill_the_frame_when_it_lies() -> None:
    assert reflected.brings_in(op_of("transpose"), Interval(0.5, 2))
    assert not reflected.brings_in(op_of({"crop": {"side": [0.6, 1]}}), Interval(0.5, 2))


def looked_up(draws: Draws, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return where in the source each point of the output of one draw looks, by folding paper strips."""
    aspect = draws.aspects[0]
    maps, row = [], 0
    for step, done in zip(draws.policy.leaves(), draws.active[:, 0], strict=True):
        op = step.op
        values = {n.name: draws.numbers[row + k, 0] for k, n in enumerate(op.drawn())}
        row += len(values)
        if done and not isinstance(op, Geometric):  # blur: what comes after it sees a picture that ends here
            maps.append((np.eye(3), True))
        elif done:
            a, b, tx, c, d, ty = (float(entry) for entry in op.matrix(values, aspect))
            maps.append((np.array([[a, b, tx], [c, d, ty], [0, 0, 1]]), op.clips))
    width, height = math.sqrt(aspect), 1 / math.sqrt(aspect)
    for matrix, clips in reversed(maps):
        if clips:
            x, y = strip(x, width), strip(y, height)
        x, y, _ = np.linalg.inv(matrix) @ np.stack([x, y, np.ones_like(x)])
    return strip(x, width), strip(y, height)


def strip(x: np.ndarray, side: float) -> np.ndarray:
    return side / math.pi * np.arcsin(np.sin(math.pi * x / side))


def seen(draws: Draws, count: int = 3000) -> dict[tuple[bool, int], float]:
    """Return the poses seen in the output of one draw, (mirrored, whole degrees), with their shares."""
    chance = np.random.default_rng(5)
    aspect = draws.aspects[0]
    x, y = (chance.random((2, count)) - 0.5) * [[math.sqrt(aspect)], [1 / math.sqrt(aspect)]]
    tiny = 1e-7
    right, up = looked_up(draws, x + tiny, y), looked_up(draws, x, y + tiny)
    here = looked_up(draws, x, y)
    jacobians = np.array([[(right[k] - here[k]) / tiny, (up[k] - here[k]) / tiny] for k in range(2)])
    found: dict[tuple[bool, int], float] = {}
    for at in np.flatnonzero(np.abs(np.linalg.det(jacobians.transpose(2, 0, 1))) > 1e-9):  # not on a fold
        forward = np.linalg.inv(jacobians[:, :, at])
        mirrored = bool(np.linalg.det(forward) < 0)
        plain = forward @ np.diag([-1.0, 1.0]) if mirrored else forward
        u, _, v = np.linalg.svd(plain)
        turn = u @ v
        angle = round(math.degrees(math.atan2(turn[1, 0], turn[0, 0]))) % 360
        found[mirrored, angle] = found.get((mirrored, angle), 0) + 1 / count
    return found


@pytest.mark.thorough
@given(randoms, aspects)
@settings(max_examples=40, deadline=None)
def test_the_images_of_a_draw_are_those_to_be_seen(rng, aspect):
    some = reflecting(written(rng, ops=(*GEOMETRIC, "blur"), steps=3, depth=0))
    assert_images_are_seen(drawn(some, 1, aspects=(aspect.low, aspect.high)))


WINDOWED = [
    [{"rotate": {"degrees": [20, 20]}}, {"crop": {"side": [0.7, 0.7]}}, {"zoom": {"factor": [0.5, 0.5]}}],
    [
        {"shift": {"x": [0.3, 0.3]}},
        {"rotate": {"degrees": [-35, -35]}},
        {"crop": {"side": [0.9, 0.9]}},
        {"shift": {"y": [0.4, 0.4]}},
        {"rotate": {"degrees": [10, 10]}},
    ],
    [
        {"rotate": {"degrees": [12, 12]}},
        {"blur": {"sigma": [0.0001, 0.0001]}},
        {"shift": {"x": [0.4, 0.4]}},
    ],
]


@pytest.mark.parametrize("steps", WINDOWED)
def test_what_stands_outside_a_window_is_mirrored_as_a_picture_is(steps):
    some = reflecting({"version": 1, "task": "none", "steps": steps})
    draws = drawn(some, 1)
    assert_images_are_seen(draws)
    reach = bound.reach(some, SQUARE)
    for (mirrored, angle), share in seen(draws).items():
        limits = reach.mirrored if mirrored else reach.turn
        assert share < 0.01 or limits.excess(np.array([float(angle)]))[0] < 1


def assert_images_are_seen(draws: Draws) -> None:
    found: dict[tuple[bool, int], float] = {}
    for image in reflected.images(draws):
        key = image.mirrored, round(image.turn) % 360
        found[key] = found.get(key, 0) + image.share
    own = bool(draws.pose[0][0]), round(float(draws.pose[1][0])) % 360
    for (mirrored, angle), share in seen(draws).items():
        near = [found.get((mirrored, (angle + k) % 360), 0.0) for k in (-1, 0, 1)]
        is_own = mirrored == own[0] and (angle - own[1] + 1) % 360 <= 2
        assert share < 0.01 or is_own or sum(near) == pytest.approx(share, abs=0.05)


@given(randoms, aspects)
@settings(max_examples=60, deadline=None)
def test_every_image_lies_inside_the_reach(rng, aspect):
    some = reflecting(written(rng, ops=(*GEOMETRIC, "blur"), steps=4, depth=2))
    reach = bound.reach(some, aspect)
    draws = drawn(some, 8, aspects=(aspect.low, aspect.high))
    for i in range(len(draws)):
        for image in reflected.images(draws.take(np.array([i]))):
            if image.share > 0.005:  # of less, in a strip thinner than a pixel, nothing is said
                limits = reach.mirrored if image.mirrored else reach.turn
                assert limits.excess(np.array([image.turn]))[0] < 1e-6


@given(randoms, st.sampled_from(["turn", "mirrored"]), st.floats(1, 179))
@settings(max_examples=40, deadline=None)
def test_an_answer_about_images_is_true(rng, axis, far):
    some = reflecting(written(rng, ops=(*GEOMETRIC, "blur"), steps=3, depth=1))
    from augkit.intervals import Arcs

    limit = Arcs.of((-far, far))
    answer = Settler(some, SQUARE).settle(axis, limit)
    if answer.border and answer.state == "unsafe":
        assert answer.witness is not None
        poses = seen(answer.witness)
        assert any(
            share > 0.03
            and mirrored == (axis == "mirrored")
            and limit.excess(np.array([float(angle)]))[0] > -1
            for (mirrored, angle), share in poses.items()
        )
    elif answer.state == "safe":
        for i in range(6):
            for (mirrored, angle), share in seen(drawn(some, 6).take(np.array([i])), 400).items():
                if share > 0.02 and mirrored == (axis == "mirrored"):
                    assert limit.excess(np.array([float(angle)]))[0] < 1


def test_a_shift_with_a_border_that_reflects_shows_the_picture_mirrored() -> None:
    verdict = judged("shift: {x: [0.25, 0.25]}")
    first = verdict.findings[0]
    assert (first.code, first.state, first.where, first.path) == (
        "LS101",
        "unsafe",
        "mirror.yaml:3:1",
        "border",
    )
    assert first.fix.startswith("write 'border: edge'")
    picture = np.random.default_rng(0).integers(0, 256, (40, 40, 1), dtype=np.uint8)
    assert first.witness is not None
    made = render(picture, first.witness, 0)
    np.testing.assert_array_equal(made[:, :10], picture[:, :10][:, ::-1])


def test_a_shift_with_another_border_is_safe() -> None:
    text = "version: 1\ntask: digits\nborder: {}\nsteps:\n  - shift: {{x: [0.25, 0.25]}}\n"
    for border in ("edge", "constant"):
        assert judge(policy.parse(text.format(border)), tasks.load("digits")).safe


def test_a_narrow_strip_is_not_called_unsafe_and_not_called_safe() -> None:
    verdict = judged("shift: {x: [-0.02, 0.02]}")
    assert verdict.word == "unproven"
    assert {finding.path for finding in verdict.findings} == {"border"}


@pytest.mark.parametrize(
    "steps", ["crop: {side: [0.8, 1]}", "zoom: {factor: [1, 1.2]}", "contrast: {gain: [0.9, 1.1]}"]
)
@pytest.mark.parametrize("task", ["digits", "natural"])
def test_what_brings_nothing_in_is_safe_with_any_border(steps, task) -> None:
    assert judged(steps, task).safe


@pytest.mark.parametrize("mode", ["redraw", "clip", "drop"])
def test_a_guard_that_does_not_see_the_border_does_not_let_it_through(mode) -> None:
    assert not judged("zoom: {factor: [0.6, 0.9]}", more=f"on_unsafe: {mode}\n").safe


def test_every_op_that_moves_points_is_told_apart_in_no_time() -> None:
    rng = random.Random(1)
    for name in GEOMETRIC:
        assert reflected.brings_in(op_of(a_step(rng, (name,))), SQUARE) in (True, False)
    assert set(GEOMETRIC) <= set(OPS)

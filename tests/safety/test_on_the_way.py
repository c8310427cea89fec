"""What is lost where a run ends: frames cut, tones clip, details go, and no later step brings them back."""

from __future__ import annotations

import random

import numpy as np
import pytest

from augkit import safety, tasks
from augkit.draw import ON_THE_WAY, draw
from augkit.intervals import Interval
from augkit.ops import OPS, Blend, Curve
from augkit.render import render
from augkit.safety import bound
from augkit.safety.guard import survived
from augkit.safety.settle import Settler
from tests.policies import GEOMETRIC, TONAL, a_step, drawn, read

SQUARE = Interval(1, 1)
THERE_AND_BACK = {
    "LS301": ({"shift": {"x": [0.9, 0.9]}}, {"shift": {"x": [-0.9, -0.9]}}),
    "LS104": ({"zoom": {"factor": [0.1, 0.1]}}, {"zoom": {"factor": [10, 10]}}),
    "LS202": ({"brightness": {"shift": [0.9, 0.9]}}, {"brightness": {"shift": [-0.9, -0.9]}}),
    "LS201": ({"contrast": {"gain": [0.1, 0.1]}}, {"contrast": {"gain": [10, 10]}}),
    "LS103": ({"zoom": {"x": [0.4, 0.4], "y": [0.8, 0.8]}}, {"zoom": {"x": [2.5, 2.5], "y": [1.25, 1.25]}}),
}
BLUR, JPEG, GAMMA = (
    {"blur": {"sigma": [0, 0.003]}},
    {"jpeg": {"quality": [70, 90]}},
    {"gamma": {"exponent": [0.95, 1.05]}},
)
STANDING = ("blur", "downscale", "erase", "jpeg", "motion_blur", "noise", "sharpen")


def policy_of(*steps: object, **more: object):
    return read({"version": 1, "task": "digits", "steps": list(steps), **more})


def judged(*steps: object, **more: object) -> safety.Verdict:
    return safety.judge(policy_of(*steps, **more), tasks.load("digits"))


def codes(*steps: object, **more: object) -> dict[str, str]:
    """Return the rules on pictures that find something, each with what it is: unsafe or unproven."""
    return {one.code: one.state for one in judged(*steps, **more).findings if one.code < "LS5"}


@pytest.mark.parametrize("between", [BLUR, JPEG], ids=["blur", "jpeg"])
@pytest.mark.parametrize("code", THERE_AND_BACK)
def test_what_a_kernel_stands_between_is_not_undone(code, between):
    there, back = THERE_AND_BACK[code]
    assert codes(there, back) == {}
    assert codes(there, between, back)[code] == "unsafe"


def test_maps_on_both_sides_of_a_curve_are_two_resamplings():
    there, back = THERE_AND_BACK["LS301"]
    assert codes(there, GAMMA, back) == {"LS301": "unsafe"}
    there, back = THERE_AND_BACK["LS104"]
    (found,) = judged(there, GAMMA, back).findings
    assert (found.code, found.state) == ("LS104", "unsafe")
    assert found.problem.startswith("zooms by a factor of 0.1 on the way, but")
    there, back = THERE_AND_BACK["LS202"]
    assert codes(there, {"gamma": {"exponent": [1, 1]}}, back) == {}  # one table, unclipped


def test_what_is_not_lost_is_not_held_against_a_policy():
    turned = {"rotate": {"degrees": [180, 180]}}
    inverted = {"invert": {}}
    for pair in ((turned, turned), (inverted, inverted)):
        assert codes(pair[0], JPEG, pair[1]) == {}
    larger, smaller = {"zoom": {"factor": [1.1, 1.1]}}, {"zoom": {"factor": [0.91, 0.91]}}
    assert codes(larger, JPEG, smaller) == {}


def test_a_step_that_is_seldom_done_ends_a_run_as_well():
    there, back = THERE_AND_BACK["LS301"]
    assert codes(there, {"jpeg": {"quality": [70, 90], "p": 0.01}}, back) == {"LS301": "unsafe"}
    assert "LS301" in codes(there, {"one_of": [JPEG, {"contrast": {"gain": [0.9, 1.1]}}]}, back)


@pytest.mark.parametrize("mode", ["redraw", "drop", "clip", "relabel"])
def test_guards_hold_what_was_lost_on_the_way(mode):
    steps = [{"shift": {"x": [-0.4, 0.4]}}, JPEG, {"shift": {"x": [-0.4, 0.4]}}]
    steps += [{"zoom": {"factor": [0.5, 1.2]}}, BLUR, {"zoom": {"factor": [0.8, 1.9]}}]
    verdict = judged(*steps, on_unsafe=mode)
    assert verdict.safe, verdict.text()
    classes, task = tasks.load("digits").classes, tasks.load("digits")
    labels = np.arange(400) % 10
    keys, ones = [f"s{i}" for i in range(400)], np.ones(400)
    draws = draw(verdict.policy, keys, ones.astype(np.int64), seed=1, aspects=ones, labels=labels)
    fine = survived(draws, task, classes)
    limit = task.survives("6")
    assert 0 < fine.sum() < 400
    assert (draws.reached("zoom")[:, fine] >= limit.zoom.low - 1e-6).any(axis=0).all()
    for i in np.flatnonzero(fine):
        assert shown_of_white(draws, i) > limit.kept.low - 0.12


def shown_of_white(draws, i: int) -> float:
    """Render a white picture on black, and return which share of it is there still, seen at its own size."""
    out = render(np.full((96, 96, 1), 255, np.uint8), draws, i)
    return float((out > 127).mean() / draws.pose[2][i] ** 2)


@pytest.mark.parametrize("seed", range(40))
def test_the_share_kept_is_what_pixels_show(seed):
    rng = random.Random(seed)
    moves = [a_step(rng, ("shift", "zoom", "rotate", "shear")) for _ in range(3)]
    steps = [moves[0], rng.choice([JPEG, BLUR, GAMMA]), moves[1], rng.choice([JPEG, BLUR]), moves[2]]
    for step in steps:
        next(iter(step.values())).pop("p", None)
    draws = drawn(policy_of(*steps), 6, seed=seed, corners=False)
    for i in range(6):
        if 0.3 < draws.pose[2][i] < 3 and draws.reached("zoom")[:, i].min() > 0.3:
            assert abs(shown_of_white(draws, i) - draws.kept[i]) < 0.06


@pytest.mark.parametrize("seed", range(60))
def test_no_draw_leaves_what_is_declared_or_proved(seed):
    rng = random.Random(seed)
    names = [*GEOMETRIC, *TONAL, *STANDING, "gamma", "solarize"]
    policy = policy_of(*[a_step(rng, names) for _ in range(rng.randint(3, 6))])
    settler, draws = Settler(policy, SQUARE), drawn(policy, 600, seed=seed)
    reach = bound.reach(policy, SQUARE)
    for axis in (*ON_THE_WAY, "kept"):
        reached = draws.reached(axis)
        if np.isnan(reached).all():
            continue
        assert reach.on(axis).excess(reached).max() <= 1e-6, axis
        least, most = np.nanmin(reached), np.nanmax(reached)
        if axis == "kept":
            limit = Interval(least + 1e-3, np.inf)
        elif axis == "stretch":
            limit = Interval(1, max(1.0, most - 1e-3))
        else:
            limit = Interval(least, most - 1e-3)
        if limit.excess(reached).max() > 1e-6:
            assert settler.settle(axis, limit).state != "safe", axis


def test_every_kernel_and_curve_ends_runs_in_rendering_as_in_judging():
    from augkit.draw.fusing import ends, stands_alone

    for name, kind in OPS.items():
        if issubclass(kind, Blend) or name in ("albumentations", "rand_augment", "trivial_augment"):
            continue
        step = a_step(random.Random(name), (name,))
        step[name].pop("p", None)
        policy = policy_of({"shift": {"x": [0.3, 0.3]}}, step, {"shift": {"x": [-0.3, -0.3]}})
        draws = drawn(policy, 1)
        cut = any(end.any() for end in ends(draws.done))
        assert cut == (len(draws.parts(0)[0]) > 1), name
        (op,) = [leaf.op for leaf in policy.leaves()][1:-1]
        assert cut == (stands_alone(op) or isinstance(op, Curve)), name
        assert (bound.ending(policy) != frozenset()) == cut, name

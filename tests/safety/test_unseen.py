"""Kernels on measured axes: what is measured of them is a witness, and what is not is never left out."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from augkit import policy, tasks
from augkit.intervals import Interval
from augkit.ops import OPS, Curve
from augkit.plan import Plan
from augkit.policy import Policy
from augkit.safety import Verdict, judge, measuring, survived
from augkit.safety.settle import Settler
from tests.policies import TONAL, drawn, policies

SQUARE = Interval(1, 1)
CURVES = tuple(name for name, op in OPS.items() if issubclass(op, Curve))
DIGITS = tuple("0123456789")


def of(steps: str, task: str = "natural", mode: str = "refuse") -> Policy:
    return policy.parse(f"version: 1\ntask: {task}\non_unsafe: {mode}\nsteps: [{steps}]\n", "unseen.yaml")


def verdict(steps: str, task: str = "natural", mode: str = "refuse") -> Verdict:
    return judge(of(steps, task, mode), tasks.load(task))


def test_a_gamma_past_its_limit_is_unsafe_and_the_worse_end_is_said():
    found = {finding.code: finding for finding in verdict("{gamma: {exponent: [1, 2.2]}}").findings}["LS201"]
    assert found.state == "unsafe" and found.witness is not None
    dark = 0.055**1.2 * 2.2 / (1.055**2.2 - 0.055**2.2)
    assert found.value == pytest.approx(dark, rel=1e-6)
    assert f"{dark:.3g}" in found.problem


@pytest.mark.parametrize("order", ["{b}, {g}", "{g}, {b}"])
def test_brightness_that_a_gamma_takes_back_is_not_unsafe(order):
    darker = "{gamma: {exponent: [2.6, 2.6]}}"
    brighter = "{brightness: {shift: [0.3, 0.3]}}"
    together = Settler(of(order.format(g=darker, b=brighter)), SQUARE)
    assert Settler(of(brighter), SQUARE).settle("brightness", Interval(-0.2, 0.2)).state == "unsafe"
    assert together.settle("brightness", Interval(-0.2, 0.2)).state != "unsafe"


def test_what_an_autocontrast_might_take_back_is_not_unsafe_unless_it_can_rest():
    steps = "{brightness: {shift: [-0.6, 0.6]}}, {autocontrast: %s}"
    (always,) = verdict(steps % "{}").findings
    assert always.state == "unproven" and "worst draw found" not in always.problem
    assert np.isnan(always.value)
    (at_times,) = verdict(steps % "{p: 0.5}").findings
    (weak,) = verdict(steps % "{strength: [0, 1]}").findings
    assert at_times.state == weak.state == "unsafe"


def test_what_an_unseen_step_cannot_bring_back_is_unsafe():
    found = verdict("{zoom: {factor: [3, 3]}}, {lens: {distortion: [0.05, 0.05]}}", "digits").findings
    states = {finding.code: finding.state for finding in found}
    assert states["LS104"] == "unsafe" and states["LS301"] == "unproven"


@pytest.mark.parametrize("steps", ["{lens: {distortion: [0, 0.3]}}", "{sharpen: {strength: [0, 3]}}",
                                   "{grid_distortion: {distortion: [0, 0.4]}}"])  # fmt: skip
def test_no_message_gives_a_worst_draw_that_leaves_a_kernel_out(steps):
    unproven = [f for f in verdict(steps, "digits").findings if f.state == "unproven"]
    assert unproven
    assert not any("worst draw found" in finding.problem for finding in unproven)


def test_a_tilt_past_its_limit_is_unsafe_by_what_its_parts_do():
    states = {f.code: f for f in verdict("{perspective: {x: [-0.4, 0.4], y: [0, 0.3]}}", "digits").findings}
    assert states["LS103"].state == states["LS104"].state == "unsafe"
    assert states["LS104"].value > 1.5 or states["LS104"].value < 0.6


@given(policies(ops=CURVES + TONAL, steps=4, depth=2),
       st.sampled_from(["contrast", "inverted", "brightness"]), st.floats(0.1, 1.0))  # fmt: skip
@settings(max_examples=60, deadline=None)
def test_answers_on_policies_with_curves_are_true_of_their_draws(some, axis, far):
    limit = {"contrast": Interval(1 - far, 1 + far), "inverted": Interval(1 - far, 1 + far),
             "brightness": Interval(-far, far)}[axis]  # fmt: skip
    answer = Settler(some, SQUARE).settle(axis, limit)
    if answer.state == "safe":
        assert drawn(some, 600).outside(axis, limit).max() <= 1e-6
    elif answer.state == "unsafe":
        assert answer.witness is not None
        assert limit.excess(np.array([answer.value]))[0] > 0
        assert answer.witness.outside(axis, limit)[0] == pytest.approx(
            limit.excess(np.array([answer.value]))[0]
        )


def test_choices_among_curves_are_proved_way_by_way():
    gammas = "{gamma: {exponent: [1, 1.5]}}, {gamma: {exponent: [0.7, 1]}}"
    either = f"{{one_of: [{gammas}]}}, {{contrast: {{gain: [1, 1.2]}}}}"
    settler = Settler(of(either), SQUARE)
    least = settler.reach.contrast.low
    assert settler.settle("contrast", Interval(least * 0.999, 10)).state == "safe"


def test_what_the_bound_of_a_curve_leaves_open_is_not_taken_for_proved():
    steep = Settler(of("{gamma: {exponent: [3, 3]}}, {contrast: {gain: [2, 2]}}"), SQUARE)
    declared = steep.reach.contrast.high
    assert steep.settle("contrast", Interval(0, 0.97 * declared)).state == "unproven", (
        "what is steeper is white"
    )
    assert steep.settle("contrast", Interval(0, declared)).state == "safe"


@pytest.mark.parametrize("mode", ["redraw", "clip", "drop"])
def test_guards_act_on_the_curve_of_each_draw(mode):
    judged = verdict("{gamma: {exponent: [0.3, 3]}}, {rotate: {degrees: [-9, 9]}}", "digits", mode)
    assert judged.safe, judged.text()
    count, task = 300, tasks.load("digits")
    plan = Plan(judged.safe_policy(), DIGITS, seed=1)
    draws = plan.draw(
        [f"s{i}" for i in range(count)],
        np.arange(count) % 10,
        np.ones(count, np.int64),
        np.full((count, 2), 28),
    )
    good = draws.accepted
    assert survived(draws, task, DIGITS)[good].all()
    limit = task.survives("6").contrast
    inside = draws.reached("contrast")[:, good]
    assert np.nanmin(inside) >= limit.low - 1e-6 and np.nanmax(inside) <= limit.high + 1e-6
    at = next(i for i, name in enumerate(draws.values) if name == "gamma.exponent")
    assert draws.numbers[at, good].std() > 0.15, "what is left is drawn, not all put to rest"
    if mode == "clip":
        assert good.all()
        assert (np.nanmin(np.abs(inside - limit.low), axis=0) < 1e-3).mean() > 0.2, "clipped to the limit"
    if mode == "drop":
        assert 0.2 < good.mean() < 0.8


def test_a_guard_does_not_speak_for_what_is_not_measured():
    judged = verdict("{sharpen: {strength: [0, 9]}}", "digits", "redraw")
    assert {finding.code for finding in judged.findings} >= {"LS201"}


def test_one_unmeasured_step_is_declared_whole_and_one_measured_is_not():
    some = of(
        "{gamma: {exponent: [0.5, 2]}}, {white_balance: {kelvin: [3000, 9000]}}, "
        "{sharpen: {strength: [0, 1]}}"
    )
    sharpen = dataclasses.replace(some, steps=some.steps[2:])
    assert measuring.unmeasured(some, "contrast", SQUARE) == measuring.unmeasured(sharpen, "contrast", SQUARE)
    assert measuring.unmeasured(some, "contrast", SQUARE).contrast == Interval(1, 2)

"""A single draw is judged by the rules that judge policies, and as the guard measures it."""

from __future__ import annotations

import random

import numpy as np
import pytest

from augkit import policy, tasks
from augkit.draw import draw, numbered
from augkit.safety import OF_DRAWS, found_in, survived
from augkit.safety.drawn import asked, clear
from augkit.safety.settle import MEASURED
from tests import policies

COUNT = 60
DIGITS = tuple("0123456789")


def drawn(text, count=COUNT, classes=DIGITS, aspect=1.0):
    read = policy.parse(text)
    labels = np.arange(count) % len(classes)
    keys = [f"k{i}" for i in range(count)]
    return draw(read, keys, np.ones(count, np.int64), seed=3, aspects=np.full(count, aspect), labels=labels)


def found(draws, task="digits", classes=DIGITS):
    """Return what is found in each draw, and see that what is plain is what the rules say one by one."""
    known = tasks.load(task)
    each = found_in(draws, known, classes, OF_DRAWS)
    for i in np.flatnonzero(clear(draws, known, classes)):
        assert asked(draws, i, known, classes, OF_DRAWS) == ()
    return each


@pytest.mark.parametrize(
    "steps",
    [
        "[{rotate: {degrees: [-60, 60]}}]",
        "[{flip_horizontal: {p: 0.5}}, {flip_vertical: {p: 0.5}}, {rotate: {degrees: [-20, 20], p: 0.5}}]",
        "[{shift: {x: [-0.4, 0.4]}}, {zoom: {factor: [0.4, 2.5]}}, {shear: {x_degrees: [-50, 50]}}]",
        "[{contrast: {gain: [0, 4]}}, {invert: {p: 0.3}}, {brightness: {shift: [-1, 1]}}]",
        "[{gamma: {exponent: [0.1, 10]}}, {solarize: {threshold: [0, 1], p: 0.5}}]",
        "[{one_of: [{rotate: {degrees: [-40, 40]}}, {crop: {side: [0.4, 1]}}]}]",
    ],
)
def test_on_measured_axes_a_draw_is_safe_where_the_guard_says_so(steps):
    draws = drawn(f"{{version: 1, task: digits, steps: {steps}}}")
    good = survived(draws, tasks.load("digits"), DIGITS)
    assert good.any() and not good.all()
    assert [not one for one in found(draws)] == good.tolist()


def test_a_draw_that_makes_another_class_says_so_first():
    draws = drawn("{version: 1, task: digits, steps: [{rotate: {degrees: [180, 180]}}]}", 10)
    each = found(draws)
    assert [one.code for one in each[6]] == ["LS401"] and each[6][0].becomes == (("6", "9"),)
    assert each[6][0].classes == ("6",) and each[0] == ()


def test_what_is_declared_and_not_measured_is_judged_by_the_numbers_drawn():
    draws = drawn("{version: 1, task: digits, steps: [{erase: {width: [0, 1], height: [0, 1]}}]}")
    share = np.prod(
        draws.numbers[[number.name in ("width", "height") for _, number in numbered(draws.policy)]], axis=0
    )
    most = tasks.load("digits").survives("3").covered.high
    codes = [{one.code for one in each} for each in found(draws)]
    assert [codes_ == {"LS302"} for codes_ in codes] == (share > most + 1e-6).tolist()
    assert 0 < sum(map(bool, codes)) < COUNT


def test_a_step_of_another_tool_is_unproven_where_its_declaration_goes_too_far():
    text = "{version: 1, task: digits, steps: [{albumentations: {name: Affine, rotate: [-90, 90], p: 0.5}}]}"
    draws = drawn(text)
    each = found(draws)
    assert {one.state for found_ in each for one in found_} == {"unproven"}
    done = draws.active[0]
    nought = np.isin(draws.label_before, [0, 8])  # these survive any turn
    assert [bool(one) for one in each] == (done & ~nought).tolist()


def test_a_step_that_was_not_drawn_is_not_held_against_the_picture():
    draws = drawn("{version: 1, task: digits, steps: [{flip_horizontal: {p: 0.5}}]}")
    each = found(draws)
    for i, one in enumerate(each):
        assert not one or draws.active[0, i]


def test_mirror_images_that_the_border_shows_are_found():
    text = "{version: 1, task: digits, border: reflect, steps: [{shift: {x: [-0.6, 0.6]}}]}"
    each = found(drawn(text))
    border = [one for found_ in each for one in found_ if one.path == "border"]
    assert border and all("beside the picture" in one.problem for one in border)


def test_the_shape_of_the_picture_counts():
    text = "{version: 1, task: digits, steps: [{rotate: {degrees: [90, 90]}}]}"
    square, wide = found(drawn(text, 1)), found(drawn(text, 1, aspect=4.0))
    assert square == [()] and [one.code for one in wide[0]] == ["LS301"]


@pytest.mark.parametrize("seed", range(24))
def test_no_draw_that_the_guard_refuses_is_called_safe_and_none_that_it_takes_is_unsafe_where_it_looks(seed):
    draws = drawn(policy.dump(policies.read(policies.written(random.Random(seed)))), 10)
    good = survived(draws, tasks.load("digits"), DIGITS)
    for fine, one in zip(good, found(draws), strict=True):
        assert fine or one
        if fine:
            beside = [each for each in one if each.axis in MEASURED and each.path != "border"]
            assert all(each.state == "unproven" for each in beside)

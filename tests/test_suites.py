"""Suites draw what their papers draw, all ops as often, and are read and written in one line."""

from __future__ import annotations

import collections
import dataclasses

import numpy as np
import pytest

from augkit import policy
from augkit.errors import PolicyError
from augkit.intervals import Interval
from augkit.policy import Policy
from augkit.reach import AXES
from augkit.safety.bound import reach
from augkit.safety.measuring import measure
from augkit.steps import Choice, Sugar, in_suite, sugar
from augkit.suites import SUITES, TABLE, RandAugment
from tests.policies import drawn

ALL = "identity autocontrast equalize rotate solarize saturation posterize contrast brightness sharpness"
PAPER = {*ALL.split(), "shear_x", "shear_y", "shift_x", "shift_y"}


def of(step: str, task: str = "none") -> Policy:
    return policy.parse(f"version: 1\ntask: {task}\nsteps:\n  - {step}\n", "f.yaml")


def the(made: Policy) -> Sugar:
    (node,) = made.steps
    assert isinstance(node, Sugar)
    return node


def test_the_table_is_that_of_the_papers() -> None:
    assert {*TABLE} == PAPER and len(TABLE) == 14


@pytest.mark.parametrize(
    "step", ["rand_augment", "rand_augment:", "rand_augment: {}", "rand_augment: {n: 2}"]
)
def test_a_word_alone_is_the_paper_s_two_ops_at_nine(step: str) -> None:
    suite = the(of(step)).suite
    assert suite == RandAugment(n=2, magnitude=9, without=())


STRENGTHS = {
    # magnitude, op: setting, as torchvision's table has it where the units are the same
    (9, "rotate"): ("degrees", {9.0, -9.0}),
    (30, "rotate"): ("degrees", {30.0, -30.0}),
    (9, "shift_x"): ("x", {45 / 331, -45 / 331}),
    (30, "shift_y"): ("y", {150 / 331, -150 / 331}),
    (30, "shear_x"): ("x_degrees", {16.69924, -16.69924}),
    (30, "shear_y"): ("y_degrees", {16.69924, -16.69924}),
    (9, "saturation"): ("factor", {1.27, 0.73}),
    (30, "contrast"): ("gain", {1.9, 0.1}),
    (10, "brightness"): ("shift", {0.15, -0.15}),
    (9, "posterize"): ("bits", {7.0}),
    (30, "posterize"): ("bits", {4.0}),
    (9, "solarize"): ("threshold", {178.5 / 255}),
    (30, "solarize"): ("threshold", {0.0}),
}


@pytest.mark.parametrize("magnitude, name", STRENGTHS)
def test_rand_augment_uses_the_strength_of_its_magnitude_with_either_sign(magnitude: int, name: str) -> None:
    setting, wanted = STRENGTHS[magnitude, name]
    found = set()
    for op in RandAugment(magnitude=magnitude).ops(name):
        low, high = getattr(op, setting)
        assert low == high
        found.add(round(low, 5))
    assert found == {round(value, 5) for value in wanted}


WIDE = {
    "rotate": ("degrees", -135, 135),
    "shear_x": ("x_degrees", -44.712, 44.712),
    "shift_x": ("x", -1 / 7, 1 / 7),
    "brightness": ("shift", -0.495, 0.495),
    "saturation": ("factor", 0.01, 1.99),
    "contrast": ("gain", 0.01, 1.99),
    "posterize": ("bits", 2, 8),
    "solarize": ("threshold", 0, 1),
}


@pytest.mark.parametrize("name", WIDE)
def test_trivial_augment_uses_every_strength_of_the_wide_space(name: str) -> None:
    setting, *ends = WIDE[name]
    (op,) = SUITES["trivial_augment"]().ops(name)
    assert getattr(op, setting) == pytest.approx(ends, abs=1e-3)


def test_a_strength_that_does_nothing_is_no_step() -> None:
    still = RandAugment(magnitude=0)
    assert [name for name in TABLE if still.ops(name)] == ["autocontrast", "equalize"]
    assert RandAugment(magnitude=3).ops("posterize") == ()


def test_sharpness_blurs_as_often_as_it_sharpens() -> None:
    for suite in (RandAugment(), SUITES["trivial_augment"]()):
        assert [type(op).__name__ for op in suite.ops("sharpness")] == ["Sharpen", "Blur"]


@pytest.mark.parametrize("step, slots", [("rand_augment: {n: 3, magnitude: 20}", 3), ("trivial_augment", 1)])
def test_each_place_draws_every_op_as_often_and_both_its_signs(step: str, slots: int) -> None:
    made, count = of(step), 14_000
    draws = drawn(made, count, corners=False)
    for slot in range(1, slots + 1):
        often: collections.Counter[str] = collections.Counter()
        for leaf, done in zip(made.leaves(), draws.active, strict=True):
            if leaf.name.split(".")[1] == str(slot):
                often[leaf.name] += int(done.sum())
        by_op: collections.Counter[str] = collections.Counter()
        for name, number in often.items():
            by_op[name.split(".")[2].partition("#")[0]] += number
        by_op["identity"] = count - sum(by_op.values())
        assert {*by_op} == PAPER
        assert all(abs(number - count / 14) < 5 * np.sqrt(count / 14) for number in by_op.values()), by_op
        for name, number in often.items():
            if f"{name}#2" in often:
                assert abs(number - often[f"{name}#2"]) < 5 * np.sqrt(count / 14), name


def test_places_draw_independently_and_so_do_two_suites() -> None:
    made = of("rand_augment: {n: 2}\n  - rand_augment: {n: 1}")
    draws = drawn(made, 8000, corners=False)
    rows = {leaf.name: done for leaf, done in zip(made.leaves(), draws.active, strict=True)}
    for other in ("rand_augment.2.solarize", "rand_augment#2.1.solarize"):
        both = (rows["rand_augment.1.solarize"] & rows[other]).mean()
        assert 0.5 / 196 < both < 2 / 196


def test_p_is_for_the_whole_suite() -> None:
    made = of("rand_augment: {n: 1, p: 0.25, without: [identity]}")
    assert abs(drawn(made, 4000, corners=False).active.any(axis=0).mean() - 0.25) < 0.03


def test_names_are_unique_say_their_op_and_bear_the_suite_s_place() -> None:
    made = of("one_of: [rand_augment, trivial_augment]\n  - rand_augment\n  - rotate: {degrees: [0, 1]}")
    names = [leaf.name for leaf in made.leaves()]
    assert len(set(names)) == len(names)
    assert {"rand_augment.2.shear_x#2", "rand_augment#2.1.rotate", "trivial_augment.1.rotate"} < {*names}
    assert {in_suite(leaf) for leaf in made.leaves()} == PAPER - {"identity"} | {""}
    assert {leaf.where for leaf in made.leaves()} == {
        "f.yaml:4:14",
        "f.yaml:4:28",
        "f.yaml:5:5",
        "f.yaml:6:5",
    }
    assert "rand_augment#2.1.rotate.degrees" in drawn(made, 2).values


def test_choices_and_steps_in_a_suite_draw_from_addresses_of_their_own() -> None:
    def all_names(nodes) -> list[str]:
        inner = [name for n in nodes if isinstance(n, Choice) for b in n.branches for name in all_names(b)]
        return [node.name for node in nodes] + inner

    names = all_names(of("rand_augment: {n: 10}\n  - trivial_augment").steps)
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    "step",
    [
        "rand_augment",
        "rand_augment: {n: 3, magnitude: 12.5, without: [equalize, rotate], p: 0.5}",
        "trivial_augment: {without: [shift_y]}",
        "one_of: [rand_augment, {trivial_augment: {p: 0.1}}]",
    ],
)
def test_a_suite_is_written_as_it_was_read(step: str) -> None:
    made = of(step)
    assert policy.parse(policy.dump(made)) == made
    assert policy.dump(made).count("magnitude") == step.count("rand")
    assert "shear" not in policy.dump(made)


def test_what_is_left_out_is_no_branch_and_stands_in_the_order_of_the_table() -> None:
    made = the(of("rand_augment: {without: [equalize, rotate]}"))
    assert made.suite.without == ("rotate", "equalize")
    assert not any(".rotate" in leaf.name for leaf in of("rand_augment: {without: [rotate]}").leaves())
    assert made == the(of("rand_augment: {without: [rotate, equalize]}"))
    fewer = dataclasses.replace(made.suite, without=())
    assert sugar(fewer, 1.0, "rand_augment", "", "") == the(of("rand_augment"))


@pytest.mark.parametrize(
    "step, place, says",
    [
        ("rand_augment: {n: 0}", "4:20", "got 0, want a whole number from 1 to 10"),
        ("rand_augment: {n: 1.5}", "4:20", "want a whole number"),
        ("rand_augment: {n: [1, 2]}", "4:20", "want a number"),
        ("rand_augment: {magnitude: 31}", "4:20", "got 31, want a number from 0 to 30"),
        ("rand_augment: {magnitud: 3}", "4:20", "did you mean magnitude?"),
        ("rand_augment: {without: rotate}", "4:20", "want a list"),
        ("rand_augment: {without: [turn]}", "4:30", "want one of identity, shear_x"),
        ("rand_augment: {without: [rotat]}", "4:30", "did you mean rotate?"),
        ("rand_augment: {without: [rotate, rotate]}", "4:38", "'rotate' is listed twice"),
        ("rand_augment: {p: 2}", "4:20", "want a probability"),
        ("trivial_augment: {magnitude: 3}", "4:23", "want one of p, without"),
        (f"trivial_augment: {{without: [{', '.join(TABLE)}]}}", "4:23", "nothing is left to draw from"),
        ("randaugment", "4:5", "did you mean rand_augment?"),
    ],
)
def test_what_is_no_suite_is_refused_at_its_place(step: str, place: str, says: str) -> None:
    with pytest.raises(PolicyError) as caught:
        of(step)
    assert str(caught.value).startswith(f"f.yaml:{place}: ") and says in str(caught.value)


@pytest.mark.parametrize("step", ["rand_augment: {n: 3, magnitude: 27}", "trivial_augment"])
@pytest.mark.parametrize("aspect", [(1.0, 1.0), (0.5, 2.0)])
def test_what_a_draw_does_lies_inside_what_the_suite_is_said_to_reach(step, aspect) -> None:
    made = of(step)
    bound, draws = reach(made, Interval(*aspect)), drawn(made, 400, aspects=aspect)
    for axis in AXES:
        over = bound.on(axis).excess(measure(draws, axis))
        assert over.max() < 1e-6, axis

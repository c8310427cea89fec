"""Editing a policy's text: what is asked for changes, and no other character does."""

from __future__ import annotations

import json
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from augkit import policy
from augkit.fix.text import Number, Text
from augkit.steps import Step
from tests.policies import read, written

POLICY = """\
# Mine.
version: 1
task: digits
steps:
  # first a lean
  - shear: {x_degrees: [-8, 8.0]}   # degrees

  - zoom:
      factor: [0.90, 1.1]   # both ways
      # about a tenth
  # then a choice
  - some_of:
      n: [1, 3]
      steps:
        - flip_horizontal
        - - invert: {p: 0.5}
          - rotate: {degrees: [-5, 5]}
        - contrast: {gain: [0.8, 1.2]}
# the end
splits: [train]
allow:
  LS101: it is a test
  # why not
  LS203: >
    it is a test
    of two lines

  LS201: the same
"""


def without(path: str, text: str = POLICY) -> str:
    return Text(text, "p.yaml").without_step(path).text


def cut(*lines: str, text: str = POLICY) -> str:
    for line in lines:
        assert text.count(line) == 1
        text = text.replace(line, "")
    return text


def steps_of(text: str) -> list[Step]:
    return list(policy.parse(text).leaves())


class TestSteps:
    def test_a_step_goes_with_its_line_and_what_is_said_above_it_stays(self) -> None:
        assert without("steps[0].shear") == cut("  - shear: {x_degrees: [-8, 8.0]}   # degrees\n")

    def test_a_step_of_several_lines_goes_with_all_of_them(self) -> None:
        assert without("steps[1].zoom") == cut("  - zoom:\n", "      factor: [0.90, 1.1]   # both ways\n")

    def test_a_branch_goes_with_its_last_step_and_no_more_are_picked_than_are_left(self) -> None:
        expected = cut("        - flip_horizontal\n").replace("n: [1, 3]", "n: [1, 2]")
        assert without("steps[2].some_of.steps[0]") == expected

    def test_the_first_of_a_branch_leaves_the_second_in_its_place(self) -> None:
        expected = cut("- invert: {p: 0.5}\n          ")
        assert without("steps[2].some_of.steps[1][0].invert") == expected
        assert len(steps_of(expected)) == 5

    def test_the_second_of_a_branch_leaves_the_first(self) -> None:
        expected = cut("          - rotate: {degrees: [-5, 5]}\n")
        assert without("steps[2].some_of.steps[1][1].rotate") == expected

    def test_a_choice_goes_with_the_last_step_in_it(self) -> None:
        text = "version: 1\ntask: none\nsteps:\n- one_of:\n  - [invert]\n- grey\n"
        assert without("steps[0].one_of[0][0]", text) == "version: 1\ntask: none\nsteps:\n- grey\n"

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("steps:\n  - grey  # dull\ntask: none\n", "steps: []\ntask: none\n"),
            ("steps:   # none so far\n- grey", "steps: []   # none so far\n"),
            ("steps: [grey,]\n", "steps: []\n"),
            ('{"version": 1, "steps": [{"grey": {}}]}', '{"version": 1, "steps": []}'),
        ],
    )
    def test_the_last_step_leaves_an_empty_list(self, text: str, expected: str) -> None:
        assert without("steps[0]", text) == expected

    @pytest.mark.parametrize(
        ("at", "expected"),
        [
            (0, "[invert, {zoom: {factor: [1, 2]}}  # big\n]"),
            (1, "[grey, {zoom: {factor: [1, 2]}}  # big\n]"),
            (2, "[grey, invert  # big\n]"),
        ],
    )
    def test_in_brackets_a_step_goes_with_one_comma(self, at: int, expected: str) -> None:
        text = "steps: [grey, invert, {zoom: {factor: [1, 2]}}  # big\n]"
        assert without(f"steps[{at}]", text) == f"steps: {expected}"

    def test_a_dash_on_a_line_of_its_own_is_found(self) -> None:
        text = "steps:\n-\n  grey\n-  # - second\n  invert\n- zoom: {x: [1, 2]}\n"
        assert without("steps[1]", text) == "steps:\n-\n  grey\n- zoom: {x: [1, 2]}\n"

    def test_lines_that_end_as_on_windows_go_on_doing_so(self) -> None:
        windows = POLICY.replace("\n", "\r\n")
        assert without("steps[1].zoom", windows) == without("steps[1].zoom").replace("\n", "\r\n")


class TestWaivers:
    def test_a_waiver_goes_with_all_its_lines(self) -> None:
        expected = cut("  LS203: >\n    it is a test\n    of two lines\n")
        assert Text(POLICY, "p").without_waiver("LS203").text == expected

    def test_the_last_waiver_takes_the_key_with_it(self) -> None:
        text = "version: 1\nallow:\n  LS101: so\nsteps: []\n"
        assert Text(text, "p").without_waiver("LS101").text == "version: 1\nsteps: []\n"
        assert Text('{"steps": [], "allow": {"A": "b"}}', "p").without_waiver("A").text == '{"steps": []}'


class TestNumbers:
    def test_numbers_that_move_are_written_anew_and_others_keep_their_spelling(self) -> None:
        text = Text(POLICY, "p.yaml")
        zoom = next(leaf for leaf in text.policy.leaves() if leaf.name == "zoom")
        low, high = text.numbers(zoom)
        assert (low.value, high.value, low.still) == (0.9, 1.1, 1)
        expected = POLICY.replace("[0.90, 1.1]", "[0.90, 1.05]")
        assert text.replaced({low: 0.9, high: 1.05}).text == expected

    @pytest.mark.parametrize(
        ("value", "still", "factor", "inner", "nearest"),
        [
            (30, 0, 0.6666, 19.9, 20.0),
            (-30, 0, 0.6666, -19.9, -20.0),
            (0.2, 0, 0.28349, 0.0566, 0.0567),
            (1.2, 1, 0.4186, 1.083, 1.084),
            (0.8, 1, 0.4186, 0.917, 0.916),
            (1.0004, 1, 0.5, 1.0002, 1.0002),
            (5, 0, 0, 0, 0),
            (5, 0, 1, 5, 5),
        ],
    )
    def test_rounded_numbers_read_well_and_err_towards_doing_nothing(
        self, value: float, still: float, factor: float, inner: float, nearest: float
    ) -> None:
        number = Number(0, 0, value, still)
        assert number.scaled(factor, nearest=False) == pytest.approx(inner, rel=1e-12)
        assert number.scaled(factor, nearest=True) == pytest.approx(nearest, rel=1e-12)

    @given(st.floats(-60, 60), st.sampled_from([0.0, 1.0, 8.0]), st.floats(0, 1), st.booleans())
    def test_a_scaled_number_never_goes_beyond_itself(
        self, value: float, still: float, factor: float, nearest: bool
    ) -> None:
        scaled = Number(0, 0, value, still).scaled(factor, nearest=nearest)
        assert min(value, still) - 1e-9 <= scaled <= max(value, still) + 1e-9


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 2**32), st.booleans())
def test_a_policy_without_a_step_has_all_its_other_steps(seed: int, block: bool) -> None:
    plain = read(written(random.Random(seed)))
    text = policy.dump(plain) if block else json.dumps(plain.canonical())
    leaves = list(plain.leaves())
    for i, leaf in enumerate(leaves):
        left = steps_of(Text(text, "p.yaml").without_step(leaf.path).text)
        assert [one.op for one in left] == [one.op for one in leaves[:i] + leaves[i + 1 :]]


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32), st.booleans())
def test_the_numbers_of_a_step_are_found_where_they_are_written(seed: int, block: bool) -> None:
    plain = read(written(random.Random(seed)))
    text = Text(policy.dump(plain) if block else json.dumps(plain.canonical()), "p.yaml")
    numbers = {n: n.still for leaf in text.policy.leaves() for n in text.numbers(leaf)}
    for leaf in text.replaced(numbers).policy.leaves():
        for drawn in leaf.op.drawn():
            assert drawn.still is None or drawn.low == drawn.high == drawn.still


@pytest.mark.parametrize(
    ("step", "spelled"),
    [
        ("equalize", "equalize: {strength: [1, 1]}"),
        ("equalize:", "equalize: {strength: [1, 1]}"),
        ("equalize: {}  # why", "equalize: {strength: [1, 1]}  # why"),
        ("equalize: {p: 0.5}", "equalize: {strength: [1, 1], p: 0.5}"),
        ("equalize:\n      p: 0.5  # why", "equalize:\n      strength: [1, 1]\n      p: 0.5  # why"),
        ("equalize: {strength: [0, 1]}", "equalize: {strength: [0, 1]}"),
        ("shift: {x: [0, 0.1]}", "shift: {x: [0, 0.1]}"),
        ("random_resized_crop", "random_resized_crop: {area: [0.08, 1], ratio: [0.75, 1.33333]}"),
        ("flip_horizontal", "flip_horizontal"),
    ],
)
def test_ranges_left_to_their_defaults_are_written_out_where_they_do_something(step, spelled):
    head = "version: 1\ntask: none\nsteps:\n  - rotate: {degrees: [0, 9]}\n  - "
    text = Text(f"{head}{step}\n", "x.yaml")
    assert text.spelled(list(text.policy.leaves())[1]).text == f"{head}{spelled}\n"

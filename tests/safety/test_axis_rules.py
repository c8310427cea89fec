"""The rules on colour, detail and shape, and those on steps that come to nothing."""

from __future__ import annotations

import re
import textwrap

import pytest

from augkit import policy, tasks
from augkit.safety import RULES, Verdict, judge

LIMITS = ("LS204", "LS205", "LS206", "LS207", "LS302", "LS303", "LS304", "LS305", "LS306", "LS307")
CODES = (*LIMITS, "LS903", "LS904")
BLUR, PATCH = "blur: {sigma: [0, 0.04]}", "erase: {width: [0, 0.4], height: [0, 0.4]}"


def judged(steps: str, task: str = "digits", more: str = "") -> Verdict:
    listed = textwrap.indent(textwrap.dedent(steps).strip("\n"), "  ")
    return judge(policy.parse(f"version: 1\ntask: {task}\n{more}steps:\n{listed}\n"), tasks.load(task))


def codes(verdict: Verdict) -> list[str]:
    return [finding.code for finding in verdict.findings]


def written(code: str, title: str) -> Verdict:
    blocks = re.split(r"^(Example|Use instead):\n", RULES[code].__doc__ or "", flags=re.MULTILINE)
    text = textwrap.dedent(blocks[blocks.index(title) + 1])
    made = policy.parse(text)
    return judge(made, tasks.load(made.task))


@pytest.mark.parametrize("code", CODES)
def test_the_example_of_a_rule_fires_it_alone_with_a_draw_that_shows_it(code: str) -> None:
    verdict = written(code, "Example")
    assert codes(verdict) == [code]
    (finding,) = verdict.findings
    assert finding.state == "unsafe"
    assert finding.name == RULES[code].NAME
    if code in LIMITS:
        assert finding.witness is not None
        assert "nan" not in verdict.text()


@pytest.mark.parametrize("code", CODES)
def test_what_a_rule_says_to_use_instead_is_safe(code: str) -> None:
    assert written(code, "Use instead").safe


@pytest.mark.parametrize(
    "code, steps",
    [
        ("LS302", f"- {PATCH}\n- {PATCH}"),
        ("LS302", f"- zoom: {{factor: [0.7, 1.0]}}\n- {PATCH}"),
        ("LS303", f"- {BLUR}\n- {BLUR}"),
        ("LS304", "- downscale: {to: [10, 20]}\n- zoom: {factor: [1.0, 1.28]}"),
        ("LS305", "- noise: {sigma: [0, 0.15]}\n- noise: {sigma: [0, 0.15]}"),
        ("LS306", "- elastic: {displacement: [0, 0.03]}\n- elastic: {displacement: [0, 0.03]}"),
    ],
)
def test_steps_harmless_alone_are_found_together(code: str, steps: str) -> None:
    verdict = judged(steps)
    assert codes(verdict) == [code]
    assert verdict.findings[0].state == "unsafe"
    for step in steps.split("\n"):
        assert code not in codes(judged(step))


def test_the_order_of_steps_matters_where_it_matters_to_the_picture() -> None:
    noise, contrast = "- noise: {sigma: [0, 0.15]}", "- contrast: {gain: [1.0, 2.0]}"
    assert codes(judged(f"{noise}\n{contrast}")) == ["LS305"]
    assert judged(f"{contrast}\n{noise}").safe


@pytest.mark.parametrize("mode", ["redraw", "clip", "drop", "relabel"])
def test_a_guard_does_not_let_through_what_it_does_not_measure(mode: str) -> None:
    assert codes(judged("- blur: {sigma: [0, 0.2]}", more=f"on_unsafe: {mode}\n")) == ["LS303"]


@pytest.mark.parametrize(
    "steps",
    [
        "- blur: {sigma: [0, 0.2], p: 0.0001}",
        "- one_of:\n    - rotate: {degrees: [-5, 5]}\n    - blur: {sigma: [0, 0.2]}",
        f"- some_of:\n    n: [0, 1]\n    steps:\n      - - {BLUR}\n        - {BLUR}",
    ],
)
def test_a_step_done_seldom_or_in_a_choice_is_still_shown_by_a_draw(steps: str) -> None:
    verdict = judged(steps)
    assert codes(verdict) == ["LS303"]
    assert verdict.findings[0].state == "unsafe"


def test_what_takes_every_step_at_its_end_is_shown_by_a_draw() -> None:
    twelve = "\n".join(["- noise: {sigma: [0, 0.06]}"] * 12)  # eleven stay inside 0.2
    (finding,) = judged(twelve).findings
    assert (finding.code, finding.state) == ("LS305", "unsafe")


def test_a_low_saturation_is_outside_too() -> None:
    survives = "version: 1\ntask: ripe\nclasses: any\nsurvives: {saturation: [0.5, 2.0]}\n"
    made = policy.parse("version: 1\ntask: ripe\nsteps:\n  - saturation: {factor: [0.2, 1.0]}\n")
    (finding,) = judge(made, tasks.parse(survives)).findings
    assert (finding.code, finding.state, finding.value) == ("LS205", "unsafe", 0.2)


def test_the_finding_names_both_numbers_the_classes_and_the_steps() -> None:
    (finding,) = judged("- zoom: {factor: [0.9, 1.1]}\n- hue: {degrees: [-90, 10]}", "natural").findings
    assert finding.problem == "turns hues by 90 degrees, but every class survives up to 40"
    assert finding.fix == "narrow hue"
    assert finding.where == "policy:5:5"


def test_what_no_class_survives_is_said_so() -> None:
    (finding,) = judged("- channel_shuffle: {p: 0.5}", "natural").findings
    assert finding.problem == "mixes the colour channels, but no class survives it"


def test_the_address_of_a_field_is_not_shown_to_readers() -> None:
    (finding,) = judged("- noise: {sigma: [0, 0.5]}").findings
    assert "for example: noise 0.5\n" in finding.text()


@pytest.mark.parametrize(
    "steps",
    [
        "- flip_vertical\n- flip_vertical",
        "- invert\n- invert",
        "- transpose\n- invert\n- transpose",
        "- rotate: {degrees: [15, 15]}\n- rotate: {degrees: [-15, -15]}",
        "- brightness: {shift: [0.2, 0.2]}\n- brightness: {shift: [-0.2, -0.2]}",
        "- shift: {x: [0.1, 0.1]}\n- shift: {x: [-0.1, -0.1]}",
        "- one_of:\n    - - invert\n      - invert\n    - rotate: {degrees: [-5, 5]}",
    ],
)
def test_a_step_undone_by_the_next_of_its_kind_is_found(steps: str) -> None:
    assert codes(judged(steps)) == ["LS903"]


@pytest.mark.parametrize(
    "steps",
    [
        "- flip_horizontal: {p: 0.5}\n- flip_horizontal: {p: 0.5}",
        "- flip_horizontal\n- flip_vertical",
        "- invert\n- blur: {sigma: [0, 0.01]}\n- invert",
        "- invert\n- one_of: [gone, there]\n- invert".replace("gone", "grey").replace("there", "grey"),
        "- rotate: {degrees: [-15, 15]}\n- rotate: {degrees: [-15, 15]}",
        "- rotate: {degrees: [-15, 15]}\n- rotate: {degrees: [15, 30]}",
        "- crop: {side: [0.5, 0.5]}\n- zoom: {factor: [0.5, 0.5]}",
        "- shift: {x: [0.1, 0.1]}\n- shift: {x: [0.1, 0.1]}",
    ],
)
def test_a_step_that_leaves_something_is_not_called_undone(steps: str) -> None:
    assert "LS903" not in codes(judged(steps, "none"))


def test_of_three_flips_two_are_undone_and_one_is_not() -> None:
    assert codes(judged("- flip_vertical\n- flip_vertical\n- flip_vertical", "none")) == ["LS903"]


@pytest.mark.parametrize(
    "steps, where",
    [
        ("- one_of: {p: 0, steps: [{rotate: {degrees: [-5, 5]}}]}", "4:5"),
        ("- some_of: {n: [0, 0], steps: [{rotate: {degrees: [-5, 5]}}]}", "4:5"),
        ("- one_of:\n    - invert\n    - some_of: {n: 0, steps: [invert]}", "6:9"),
        ("- some_of: {n: 0, steps: [{one_of: {p: 0, steps: [invert]}}]}", "4:5"),
    ],
)
def test_a_choice_that_takes_nothing_is_found_once_at_its_place(steps: str, where: str) -> None:
    (finding,) = judged(steps).findings
    assert (finding.code, finding.where) == ("LS904", f"policy:{where}")


def test_a_choice_that_may_take_nothing_is_no_finding() -> None:
    assert judged("- some_of: {n: [0, 1], steps: [{rotate: {degrees: [-5, 5]}}]}").safe


def test_a_turn_of_hues_back_undoes_a_turn():
    def said(second: str) -> tuple[str, float]:
        steps = f"[{{hue: {{degrees: [30, 30]}}}}, {{hue: {{degrees: {second}}}}}]"
        read = policy.parse(f"version: 1\ntask: natural\nsteps: {steps}\n", "hues.yaml")
        (found,) = judge(read, tasks.load("natural")).findings
        return found.state, found.value

    assert said("[-30, -20]")[0] == "unproven"  # no draw turns by more than 10°, and the bound cannot see it
    assert said("[-90, 90]") == ("unsafe", 120)
    assert said("[-90, -80]") == ("unsafe", 60)

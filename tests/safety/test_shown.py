"""What a notebook shows of policies, verdicts and reaches says what their texts say, and names are text."""

from __future__ import annotations

import pytest

from augkit import policy, safety, tasks
from augkit.intervals import Arcs, Interval
from augkit.reach import AXES, Reach
from augkit.safety.shown import _WIDTH, SCALES, bars
from tests.show.test_gallery import HOSTILE, Tags

UNSAFE = "{version: 1, task: digits, steps: [{rotate: {degrees: [-25, 25]}}, {contrast: {gain: [0.5, 2]}}]}"
TWICE = "{version: 1, task: digits, steps: [{shear: {x_degrees: [-8, 8]}}, {rotate: {degrees: [-12, 12]}}]}"


def judged(text: str) -> safety.Verdict:
    read = policy.parse(text, f"{HOSTILE}.yaml")
    return safety.judge(read, tasks.load(read.task))


def by_axis(verdict: safety.Verdict, axis: str) -> list[tuple[str, str]]:
    return [(bar.classes, bar.state) for bar in bars(verdict) if bar.axis == axis]


def test_a_bar_says_who_survives_what_is_reached() -> None:
    turns = by_axis(judged(UNSAFE), "turn")
    assert turns == [("2, 3, 4, 6, 7, 9", "unsafe"), ("1, 5", "unsafe"), ("0, 8", "inside")]
    assert by_axis(judged(UNSAFE), "contrast") == [("every class", "inside")]
    assert {bar.axis for bar in bars(judged(UNSAFE))} == {"turn", "kept", "contrast"}


def test_what_is_guarded_or_allowed_or_proved_beyond_the_bound_is_said_so() -> None:
    redrawn = judged(UNSAFE.replace("steps", "on_unsafe: redraw, steps"))
    assert ("2, 3, 4, 6, 7, 9", "guarded") in by_axis(redrawn, "turn")
    allowed = judged(UNSAFE.replace("steps", 'allow: {LS102: "so it is", LS401: "so it is"}, steps'))
    assert ("2, 3, 4, 6, 7, 9", "allowed") in by_axis(allowed, "turn")
    digits = policy.load("recipes/policies/digits.yaml")
    proved = safety.judge(digits, tasks.load("digits"))
    assert proved.safe and by_axis(proved, "kept") == [("every class", "proved")]
    assert bars(judged(UNSAFE.replace("task: digits", "task: none"))) == []


def test_bars_lie_where_their_numbers_do() -> None:
    (turn, *_) = [bar for bar in bars(judged(UNSAFE)) if bar.axis == "turn"]
    assert turn.over == (
        (pytest.approx(_WIDTH * 155 / 360, abs=0.01), pytest.approx(_WIDTH * 50 / 360, abs=0.01)),
    )
    assert turn.bar == (
        (pytest.approx(_WIDTH * 160 / 360, abs=0.01), pytest.approx(_WIDTH * 40 / 360, abs=0.02)),
    )
    assert turn.bar == turn.band and turn.still == _WIDTH / 2
    (contrast,) = [bar for bar in bars(judged(UNSAFE)) if bar.axis == "contrast"]
    assert contrast.bar == ((_WIDTH / 4, _WIDTH / 2),) and contrast.still == _WIDTH / 2  # by factors


def test_every_axis_has_a_scale_that_shows_where_nothing_is_changed() -> None:
    assert list(SCALES) == list(AXES)
    for axis, (low, high) in SCALES.items():
        still = AXES[axis].still
        assert low < high and (
            still.empty or isinstance(still, Arcs) or low <= still.low or axis == "mirrored"
        )


def test_no_kind_of_reach_breaks_a_bar() -> None:
    many = Reach(turn=Arcs.of((170, 190), (-5, 5)), mirrored=Arcs.of((0, 0)), zoom=Interval(0, 100))
    for reach in (Reach.unknown(), many, Reach(turn=Arcs.of()), Reach(brightness=Interval(-9, 9))):
        verdict = safety.Verdict(
            policy.parse(UNSAFE), tasks.load("digits"), reach, Interval(1, 1), (), (), {}
        )
        for bar in bars(verdict):
            for start, width in (*bar.band, *bar.bar, *bar.over):
                assert start >= 0 and width >= 0 and start + width <= _WIDTH + 1e-6
        assert "svg" in verdict._repr_html_() or not bars(verdict)


def test_a_verdict_shows_each_finding_with_its_draw_and_its_fix() -> None:
    verdict = judged(UNSAFE)
    page = Tags(verdict._repr_html_())
    text = " ".join(page.text.split())
    assert len(verdict.findings) >= 2
    for finding in verdict.findings:
        assert f"{finding.code} {finding.name}" in text and f"Fix: {finding.fix}" in text
        assert " ".join(finding.problem.split()) in text
    assert "For example: rotate" in text and "unsafe for the task digits" in text
    assert all(drawing["aria-hidden"] == "true" for drawing in page.named("svg"))


def test_a_policy_shows_its_steps_and_a_reach_its_axes() -> None:
    read = policy.parse(
        '{version: 1, task: digits, allow: {LS102: "<b>why</b>"}, steps: [{one_of: [invert, {blur: '
        "{sigma: [0, 0.03]}}]}, {rand_augment: {n: 2}}]}"
    )
    page = Tags(read._repr_html_())
    for said in (
        "one_of",
        "invert",
        "blur",
        "sigma [0, 0.03]",
        "rand_augment",
        "blurs by up to 3 %",
        "<b>why</b>",
    ):
        assert said in page.text
    assert "no steps" in policy.parse("{version: 1, task: digits, steps: []}")._repr_html_()
    assert "turns up to 20° either way" in Reach(turn=Arcs.of((-20, 20)))._repr_html_()
    assert "Nothing changes" in Reach()._repr_html_()


def test_hostile_names_are_text() -> None:
    for shown in (judged(TWICE), judged(UNSAFE), judged(UNSAFE).policy):
        page = Tags(shown._repr_html_().encode().decode())
        assert "<script>alert(1)</script>" in page.text and not page.named("script")

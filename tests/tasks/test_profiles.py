"""The built-in tasks: what they say about well-known classes, and that what they say holds together."""

from __future__ import annotations

import itertools
import json

import pytest

from augkit import policy, safety, tasks
from augkit.errors import TaskError
from augkit.intervals import Arcs
from augkit.reach import AXES
from augkit.tasks import Task

Symmetry = tuple[bool, float]
"""Mirrored or not, and the turn in degrees from 0 up to 360."""

PROMISED = [
    "aerial",
    "chest-xray",
    "colour-coded",
    "digits",
    "hands",
    "house-numbers",
    "latin-letters",
    "natural",
]
PROMISED += ["none", "pathology", "traffic-signs"]
EIGHTHS = [(mirrored, angle * 45.0) for mirrored in (False, True) for angle in range(8)]

# Stated here a second time, by hand, as users of the benchmark know it.
KEPT_LEFT_RIGHT = {"11", "12", "13", "15", "17", "18", "22", "26", "30", "35"}
KEPT_UP_DOWN = {"1", "5", "12", "15", "17"}
KEPT_HALF_TURNED = {"32", "40", "12", "15", "17"}
SWAPPED = {"19": "20", "33": "34", "36": "37", "38": "39"}


def reads(task: Task, label: str, symmetry: Symmetry) -> str | None:
    """Return the class of a picture after an exact mirror or turn; None where the task does not say."""
    mirrored, angle = symmetry
    axis = "mirrored" if mirrored else "turn"
    survived = task.survives(label).on(axis)
    assert isinstance(survived, Arcs)
    return label if angle in survived else task.partner(label, axis, angle)


def composed(first: Symmetry, second: Symmetry) -> Symmetry:
    angle = second[1] - first[1] if second[0] else second[1] + first[1]
    return first[0] != second[0], angle % 360


def verdict(steps: str, task: str, *classes: str) -> safety.Verdict:
    text = f"version: 1\ntask: {task}\nsteps:\n" + "".join(f"  - {step}\n" for step in steps.split(" · "))
    return safety.judge(policy.parse(text), tasks.load(task), classes=classes or None)


def codes(judged: safety.Verdict) -> list[str]:
    return [finding.code for finding in judged.findings]


def test_the_promised_tasks_are_there() -> None:
    assert tasks.names() == PROMISED


@pytest.mark.parametrize("name", tasks.names())
def test_what_is_survived_is_closed_under_composition(name: str) -> None:
    task = tasks.load(name)
    for label in task.classes or ("every class",):
        for first, second in itertools.product(EIGHTHS, EIGHTHS):
            between = reads(task, label, first)
            after = None if between is None else reads(task, between, second)
            if after is not None:
                assert reads(task, label, composed(first, second)) == after, (label, first, second)


@pytest.mark.parametrize("name", tasks.names())
def test_a_task_written_out_is_read_back_as_it_was(name: str) -> None:
    task = tasks.load(name)
    assert tasks.parse(json.dumps(task.canonical())) == task


@pytest.mark.parametrize("name", [name for name in tasks.names() if name != "none"])
def test_every_task_gives_reasons_and_sources(name: str) -> None:
    because = dict(tasks.load(name).because)
    assert "mirrored" in because or "turn" in because
    assert any(source for _, source in because.values())
    assert all(text for text, _ in because.values())


@pytest.mark.parametrize("name", tasks.names())
def test_a_mild_policy_is_safe_for_every_task(name: str) -> None:
    mild = "shift: {x: [-0.03, 0.03]} · rotate: {degrees: [-3, 3]} · zoom: {factor: [0.95, 1.05]}"
    mild += " · contrast: {gain: [0.9, 1.1]} · brightness: {shift: [-0.05, 0.05]}"
    assert verdict(mild, name).safe, verdict(mild, name).text()


@pytest.mark.parametrize("name", [name for name in tasks.names() if name not in ("none", "digits")])
def test_no_task_that_speaks_of_colour_survives_every_tone(name: str) -> None:
    """Inverted tones are refused wherever they are not said to be a convention of the writing."""
    written = name in ("house-numbers", "latin-letters")
    assert tasks.load(name).default.inverted.empty != written


class TestTrafficSigns:
    def test_the_table_of_flips_is_the_known_one(self) -> None:
        task = tasks.load("traffic-signs")
        assert task.classes == tuple(str(number) for number in range(43))
        kept = {
            symmetry: {label for label in task.classes if reads(task, label, symmetry) == label}
            for symmetry in EIGHTHS
        }
        assert kept.pop((False, 0.0)) == set(task.classes)
        assert kept.pop((True, 0.0)) == KEPT_LEFT_RIGHT
        assert kept.pop((True, 180.0)) == KEPT_UP_DOWN
        assert kept.pop((False, 180.0)) == KEPT_HALF_TURNED
        assert not any(kept.values())

    def test_left_and_right_signs_swap_and_no_others(self) -> None:
        task = tasks.load("traffic-signs")
        both_ways = SWAPPED | {other: one for one, other in SWAPPED.items()}
        swapped = {
            (label, symmetry): other
            for label, symmetry in itertools.product(task.classes, EIGHTHS)
            if (other := reads(task, label, symmetry)) not in (None, label)
        }
        assert swapped == {(label, (True, 0.0)): other for label, other in both_ways.items()}

    def test_a_flip_is_judged_class_by_class(self) -> None:
        assert verdict("flip_horizontal: {p: 0.5}", "traffic-signs", *KEPT_LEFT_RIGHT).safe
        assert codes(verdict("flip_horizontal: {p: 0.5}", "traffic-signs", "14")) == ["LS101"]
        (found,) = verdict("flip_horizontal: {p: 0.5}", "traffic-signs", "38", "39").findings
        assert found.becomes == (("38", "39"), ("39", "38"))

    def test_two_flips_make_the_half_turn_that_a_roundabout_survives_and_neither_flip(self) -> None:
        both = "flip_horizontal · flip_vertical"
        assert verdict(both, "traffic-signs", "32", "40").safe
        assert codes(verdict("flip_horizontal", "traffic-signs", "40")) == ["LS101"]


class TestLetters:
    def test_b_d_p_and_q_are_one_shape(self) -> None:
        task = tasks.load("latin-letters")
        found = [reads(task, "b", (mirrored, angle)) for mirrored in (False, True) for angle in (0.0, 180.0)]
        assert found == ["b", "q", "d", "p"]
        assert [reads(task, letter, (False, 180.0)) for letter in "nuMW"] == ["u", "n", "W", "M"]

    def test_a_letter_that_differs_from_its_capital_in_size_alone_may_not_change_it_much(self) -> None:
        shrunk = "zoom: {factor: [0.8, 1.0]}"
        assert verdict(shrunk, "latin-letters", "A", "a").safe
        assert codes(verdict(shrunk, "latin-letters", "C", "c")) == ["LS104"]

    def test_pairs_of_one_shape_are_listed_with_both_their_members(self) -> None:
        task = tasks.load("latin-letters")
        narrow = {name for name in task.classes if task.survives(name).zoom != task.default.zoom}
        assert narrow == {letter for pair in "CKOPSUVWXYZ" for letter in (pair, pair.lower())}


class TestOthers:
    @pytest.mark.parametrize("name", ["aerial", "pathology"])
    def test_what_has_no_up_survives_every_turn_and_mirror(self, name: str) -> None:
        assert verdict("quarter_turn: {p: 0.5} · transpose: {p: 0.5} · flip_vertical: {p: 0.5}", name).safe

    def test_a_mirrored_chest_is_refused_and_a_mirrored_photograph_is_not(self) -> None:
        assert codes(verdict("flip_horizontal: {p: 0.5}", "chest-xray")) == ["LS101"]
        assert verdict("flip_horizontal: {p: 0.5}", "natural").safe

    def test_a_mirrored_left_hand_is_a_right_hand(self) -> None:
        (found,) = verdict("flip_horizontal: {p: 0.5}", "hands").findings
        assert found.becomes == (("left", "right"), ("right", "left"))

    def test_a_red_light_stays_at_the_top(self) -> None:
        assert codes(verdict("flip_vertical: {p: 0.5}", "colour-coded")) == ["LS101"]

    def test_not_even_a_zero_is_mirrored_where_it_has_neighbours(self) -> None:
        assert codes(verdict("flip_horizontal: {p: 0.5}", "house-numbers", "0")) == ["LS101"]
        assert verdict("flip_horizontal: {p: 0.5}", "digits", "0").safe


class TestLike:
    TEXT = 'version: 1\ntask: mine\nlike: digits\nclasses: {six: "6", nine: "9", zero: "0"}\n'

    def test_the_users_classes_survive_what_those_they_stand_for_do(self) -> None:
        mine, digits = tasks.parse(self.TEXT), tasks.load("digits")
        assert mine.classes == ("six", "nine", "zero")
        assert mine.survives("zero") == digits.survives("0") != digits.survives("6")
        assert mine.partner("six", "turn", 180) == "nine"
        mine.fit(("nine", "six"))

    def test_a_partner_that_the_data_lack_or_have_twice_is_nobodys(self) -> None:
        lonely = tasks.parse(self.TEXT.replace('nine: "9"', 'three: "3"'))
        assert not lonely.becomes
        twice = tasks.parse(self.TEXT.replace('zero: "0"', 'curly: "9"'))
        assert twice.partner("six", "turn", 180) is None
        assert twice.partner("curly", "turn", 180) == "six"

    def test_a_task_for_any_classes_is_given_a_list(self) -> None:
        mine = tasks.parse("version: 1\ntask: mine\nlike: natural\nclasses: [cat, dog]\naspect: [1, 1]\n")
        assert (mine.classes, mine.default) == (("cat", "dog"), tasks.load("natural").default)

    @pytest.mark.parametrize(
        ("old", "new", "said"),
        [
            ('"9"', '"10"', "task:4:21: classes.nine: got '10', want one of 0, 1"),
            ("like: digits", "like: digit", "task:3:1: like: got 'digit', want one of aerial"),
            ("like: digits", "like: natural", "task:4:1: classes: natural names no classes"),
            ('{six: "6", nine: "9", zero: "0"}', '["6", "9"]', "task:4:1: classes: got a list of 2"),
            ("like: digits", "like: digits\nsurvives: any", "task:4:1: survives: got 'survives' beside"),
        ],
    )
    def test_what_makes_no_sense_is_refused_where_it_stands(self, old: str, new: str, said: str) -> None:
        with pytest.raises(TaskError) as error:
            tasks.parse(self.TEXT.replace(old, new))
        assert str(error.value).startswith(said)


def test_data_of_other_classes_are_refused_and_both_lists_are_shown() -> None:
    with pytest.raises(TaskError) as error:
        tasks.load("hands").fit(("left", "foot"))
    assert "'foot' of the data is no class of the task hands" in str(error.value)
    assert "the data have 'left', 'foot', the task 'left', 'right'" in str(error.value)


def test_a_class_that_only_the_task_names_is_refused_and_both_lists_are_shown() -> None:
    task = tasks.parse("version: 1\ntask: mine\nclasses: any\nsurvives: {}\nexcept: {cat: {turn: any}}\n")
    with pytest.raises(TaskError) as error:
        task.fit(("dog", "cow"))
    assert "'cat' of the task mine is no class of the data" in str(error.value)
    assert "the data have 'dog', 'cow', the task speaks of 'cat'" in str(error.value)


def test_a_picture_keeps_its_label_or_changes_it_never_both() -> None:
    text = "version: 1\ntask: mine\nclasses: [a, b]\nsurvives: {turn: [-20, 20]}\n"
    zone = "becomes:\n  - {turn: [15, 30], classes: {a: b}}\n"
    with pytest.raises(TaskError, match=r"task:6:32: .*'a' cannot become 'b' at turn 15° to 30°"):
        tasks.parse(text + zone)
    assert tasks.parse(text + zone.replace("15", "25")).becomes


def test_reasons_are_given_for_axes_that_there_are() -> None:
    text = "version: 1\ntask: mine\nclasses: any\nsurvives: {}\nbecause: {tilt: {text: gravity}}\n"
    with pytest.raises(TaskError, match=r"task:5:11: because\.tilt: got 'tilt'"):
        tasks.parse(text)
    for axis in AXES:
        tasks.parse(text.replace("tilt", axis))

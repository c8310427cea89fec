"""The task file: what is survived is said by axis and class, or refused at its place."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from augkit import tasks
from augkit.errors import AugkitError, TaskError
from augkit.intervals import Arcs, Interval
from augkit.reach import Reach

HEAD = "version: 1\ntask: mine\nclasses: [a, b]\n"
PLACE = re.compile(r"^t\.yaml:\d+:\d+: ")


def refused(text: str) -> str:
    with pytest.raises(TaskError) as caught:
        tasks.parse(text, "t.yaml")
    assert PLACE.match(str(caught.value)), str(caught.value)
    return str(caught.value)


def test_an_axis_left_out_survives_nothing_and_any_survives_everything():
    task = tasks.parse(HEAD + "survives: {turn: any}\nexcept: {b: {turn: none, zoom: any}}")
    assert task.survives("a") == Reach(turn=Arcs.of((-180, 180)))
    assert task.survives("b").turn == Arcs.of((0, 0))
    assert Reach(zoom=Interval(0.01, 100)).outside(task.survives("b")) == ()
    assert Reach(zoom=Interval(0.9, 1.1)).outside(task.survives("a")) == ("zoom",)


def test_limits_are_said_as_people_say_them():
    task = tasks.parse(
        HEAD + "survives: {turn: [[-10, 10], [170, 190]], kept: 0.6, stretch: 1.5, zoom: [0.5, 2]}"
    )
    survived = task.survives("a")
    assert survived.turn == Arcs.of((-10, 10), (170, 190))
    assert (survived.kept, survived.stretch, survived.zoom) == (
        Interval(0.6, 1),
        Interval(1, 1.5),
        Interval(0.5, 2),
    )


def test_classes_that_survive_the_same_are_one_group():
    task = tasks.load("digits")
    groups = task.limits()
    assert sorted(sum(map(list, groups.values()), [])) == sorted(task.classes)  # noqa: RUF017
    assert ("0", "8") in groups.values()
    assert tasks.load("natural").limits() == {tasks.load("natural").default: ("every class",)}
    assert tasks.load("natural").limits(("cat", "dog")) == {tasks.load("natural").default: ("cat", "dog")}


@pytest.mark.parametrize(
    "text, place, says",
    [
        ("survives: any", "1:1", "missing"),
        (HEAD, "1:1", "'survives' is missing"),
        (HEAD.replace("[a, b]", "[a, a]") + "survives: any", "3:11", "listed twice"),
        (HEAD.replace("[a, b]", "[]") + "survives: any", "3:1", "each class once"),
        (HEAD.replace("version: 1", "version: 2") + "survives: any", "1:1", "want 1"),
        (HEAD + "survives: {turns: 5}", "4:12", "did you mean turn?"),
        (HEAD + "survives: {turn: 5}", "4:12", "want a list"),
        (HEAD + "survives: {turn: [10]}", "4:12", "[low, high]"),
        (HEAD + "survives: {turn: [20, 30]}", "4:12", "unchanged picture"),
        (HEAD + "survives: {turn: [-500, 30]}", "4:12", "-360 to 360"),
        (HEAD + "survives: {zoom: [2, 1]}", "4:12", "low end first"),
        (HEAD + "survives: {zoom: [1.1, 2]}", "4:12", "unchanged picture"),
        (HEAD + "survives: {stretch: 0.5}", "4:12", "unchanged picture"),
        (HEAD + "survives: {kept: 2}", "4:12", "unchanged"),
        (HEAD + "survives: {kept: lots}", "4:12", "any, none"),
        (HEAD + "survives: {kept: [0, 1]}", "4:12", "want a number"),
        (HEAD + "survives: any\nexcept: {c: {turn: any}}", "5:10", "want one of a, b"),
        (
            HEAD + "survives: {}\nbecomes: [{turn: [1, 2], mirrored: [1, 2], classes: {a: b}}]",
            "5:11",
            "one of turn and mirrored",
        ),
        (HEAD + "survives: {}\nbecomes: [{turn: [10, 20], classes: {a: c}}]", "5:38", "want one of a, b"),
        (HEAD + "survives: {}\nbecomes: [{turn: [10, 20]}]", "5:11", "'classes' is missing"),
        (HEAD + "survives: {}\naspect: 2", "5:1", "want a list"),
        (HEAD + "survives: {}\nbecause: {turn: {source: me}}", "5:11", "'text' is missing"),
    ],
)
def test_a_mistake_is_found_at_its_place(text, place, says):
    message = refused(text)
    assert message.startswith(f"t.yaml:{place}: "), message
    assert says in message, message


limits = st.fixed_dictionaries(
    {},
    optional={
        "turn": st.sampled_from(["any", "none", [-20, 20], [[-20, 20], [160, 200]], [-0.5, 0.5]]),
        "mirrored": st.sampled_from(["any", "none", [-10, 10], [[-10, 10], [170, 190]]]),
        "stretch": st.floats(1, 5),
        "zoom": st.tuples(st.floats(0.1, 1), st.floats(1, 9)).map(list),
        "kept": st.floats(0, 1),
        "contrast": st.tuples(st.floats(0, 1), st.floats(1, 9)).map(list) | st.just("any"),
        "inverted": st.tuples(st.floats(0, 1), st.floats(1, 9)).map(list) | st.just("any"),
        "hue": st.floats(0, 180),
        "brightness": st.tuples(st.floats(-1, 0), st.floats(0, 1)).map(list),
        "pixels": st.integers(1, 500) | st.just("any"),
        "levels": st.integers(1, 256),
        "quality": st.integers(0, 100),
        "blur": st.floats(0, 1),
    },
)


@given(limits, st.dictionaries(st.sampled_from("ab"), limits), st.booleans())
@settings(max_examples=120, deadline=None)
def test_any_task_written_out_is_read_back_the_same(default, excepted, named):
    plain = {
        "version": 1,
        "task": "mine",
        "about": "x",
        "classes": ["a", "b"] if named else "any",
        "aspect": [0.5, 2],
    }
    plain |= {"survives": default, "except": excepted, "because": {"turn": {"text": "so", "source": "here"}}}
    task = tasks.parse(json.dumps(plain))
    again = tasks.parse(json.dumps(task.canonical()))
    assert again == task
    assert again.canonical() == task.canonical()
    for name in "ab":
        assert not Reach().outside(task.survives(name)), "doing nothing keeps every label"


@given(st.text(st.sampled_from("abc:[]{},-\n 01.'\"anysurvives"), max_size=80))
@settings(max_examples=150, deadline=None)
def test_any_text_is_a_task_or_one_placed_error(text):
    try:
        tasks.parse(HEAD + "survives:" + text, "t.yaml")
    except AugkitError as error:
        assert isinstance(error, TaskError) and PLACE.match(str(error)), str(error)


def test_a_name_that_is_no_task_is_guessed(tmp_path):
    with pytest.raises(TaskError, match="did you mean digits"):
        tasks.load("digit")
    with pytest.raises(TaskError, match="built in are"):
        tasks.load("xyzzy")


def test_a_task_of_your_own_is_found_beside_the_policy_that_names_it(tmp_path):
    (tmp_path / "mine.yaml").write_text(HEAD + "survives: {}\n", encoding="utf-8")
    assert tasks.load("mine.yaml", beside=tmp_path / "policy.yaml").name == "mine"
    assert tasks.load(tmp_path / "mine.yaml").classes == ("a", "b")


@pytest.mark.parametrize("name", tasks.names())
def test_what_a_class_becomes_becomes_that_class_again(name):
    task = tasks.load(name)
    for zone in task.becomes:
        pairs = dict(zone.classes)
        for label, partner in pairs.items():
            assert label != partner and pairs.get(partner) == label, (zone.axis, label, partner)
            middle = sum(zone.arcs.arcs[0]) / 2
            assert task.partner(label, zone.axis, middle) == partner
            assert middle not in task.survives(label).on(zone.axis)

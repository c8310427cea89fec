"""Policies are read whole or refused at file:line:col with the fix, and come back as they were written."""

from __future__ import annotations

import dataclasses
import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from augkit import policy
from augkit.errors import PolicyError
from augkit.ops import OPS
from augkit.policy import Policy
from augkit.steps import Choice, Step
from tests.policies import FRAMING, limits_of, policies, written

PLACE = re.compile(r"^f\.yaml:\d+:\d+: ")


def steps(text: str) -> str:
    return f"version: 1\ntask: digits\nsteps:\n{text}\n"


def refused(text: str) -> str:
    with pytest.raises(PolicyError) as caught:
        policy.parse(text, "f.yaml")
    assert PLACE.match(str(caught.value)), str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    "text,place,says",
    [
        ("- 1", "1:1", "want keys and values"),
        ("a: 1", "1:1", "want one of"),
        ("version: 1", "1:1", "'task' is missing"),
        ("version: 2\ntask: digits\nsteps: []", "1:1", "got 2, want 1"),
        ("version: true\ntask: digits\nsteps: []", "1:1", "got True, want 1"),
        ("version: 0x" + "f" * 300 + "\ntask: digits\nsteps: []", "1:1", "want 1"),
        ("version: 1\ntask: 5\nsteps: []", "2:1", "want text"),
        ("version: 1\ntask: d\nsteps: {}", "3:1", "want a list"),
        ("version: 1\ntask: d\nstep: []", "3:1", "did you mean steps?"),
        (steps("  - rotat: {degrees: [0, 1]}"), "4:5", "did you mean rotate?"),
        (steps("  - rotate: {degree: [0, 1]}"), "4:14", "did you mean degrees?"),
        (steps("  - rotate"), "4:5", "'degrees' is missing"),
        (steps("  - rotate:"), "4:5", "'degrees' is missing"),
        (steps("  - rotate: {degrees: 5}"), "4:14", "want [low, high], numbers from -180 to 180 (degrees)"),
        (steps("  - rotate: {degrees: [5]}"), "4:14", "want [low, high]"),
        (steps("  - rotate: {degrees: [1, 2, 3]}"), "4:14", "want [low, high]"),
        (steps("  - rotate: {degrees: [2, 1]}"), "4:14", "write [1, 2]"),
        (steps("  - rotate: {degrees: [0, 181]}"), "4:27", "got 181, want a number from -180 to 180"),
        (steps("  - rotate: {degrees: [0, .nan]}"), "4:27", "finite"),
        (steps("  - rotate: {degrees: [0, .inf]}"), "4:27", "finite"),
        (steps("  - rotate: {degrees: [0, '1']}"), "4:27", "want a number"),
        (steps("  - rotate: {degrees: [0, true]}"), "4:27", "want a number"),
        (steps("  - rotate: {degrees: [0, 1], p: 1.5}"), "4:31", "want a probability from 0 to 1"),
        (steps("  - rotate: {degrees: [0, 1], p: often}"), "4:31", "want a number"),
        (steps("  - {flip_vertical: , invert: }"), "4:5", "got 2 keys, want one op in each step"),
        (steps("  - {}"), "4:5", "got 0 keys"),
        (steps("  - 7"), "4:5", "want keys and values"),
        (steps("  -"), "4:4", "nothing"),
        (steps("  - one_of: []"), "4:5", "nothing to choose from"),
        (steps("  - one_of"), "4:5", "'steps' is missing"),
        (steps("  - one_of: {n: 1, steps: [invert]}"), "4:14", "want one of"),
        (steps("  - some_of: [invert]"), "4:5", "'n' is missing"),
        (steps("  - some_of: {n: 3, steps: [invert, transpose]}"), "4:15", "from 0 to 2"),
        (steps("  - some_of: {n: [2, 1], steps: [invert, transpose]}"), "4:15", "[least, most]"),
        (steps("  - some_of: {n: -1, steps: [invert]}"), "4:15", "from 0 to 1"),
        (steps("  - some_of: {n: 0.5, steps: [invert]}"), "4:15", "from 0 to 1"),
        (steps("  - some_of: {n: true, steps: [invert]}"), "4:15", "from 0 to 1"),
        (steps("  - invert") + "on_unsafe: redrow", "5:1", "did you mean redraw?"),
        (steps("  - invert") + "border: wrap", "5:1", "constant, edge"),
        (steps("  - invert") + "fill: 256", "5:1", "0 to 255"),
        (steps("  - invert") + "fill: [1, 2]", "5:1", "one number or three"),
        (steps("  - invert") + "fill: [0, 0, 0.5]", "5:14", "whole number"),
        (steps("  - invert") + "fill: {}", "5:1", "whole number"),
        (steps("  - invert") + "splits: train", "5:1", "want a list"),
        (steps("  - invert") + "splits: []", "5:1", "want the splits to augment"),
        (steps("  - invert") + "allow: {LS102: ''}", "5:9", "gives no reason"),
        (steps("  - invert") + "allow: {LS102: 5}", "5:9", "want text"),
    ],
)
def test_a_mistake_is_found_at_its_place_and_the_message_helps(text, place, says):
    message = refused(text)
    assert message.startswith(f"f.yaml:{place}: ")
    assert says in message


def test_a_list_of_all_ops_is_what_a_word_is_held_against():
    message = refused(steps("  - xyzzy"))
    for name in (*OPS, "one_of", "some_of"):
        assert name in message


def test_the_settings_of_a_policy_have_the_defaults_of_the_docstring():
    made = policy.parse(steps("  - invert"))
    assert (made.on_unsafe, made.splits, made.fill, made.border, made.allow) == (
        "refuse",
        ("train",),
        (0,),
        "constant",
        (),
    )


def test_steps_are_named_by_their_op_and_counted_in_the_order_written():
    made = policy.parse(
        steps("  - invert\n  - one_of:\n    - [invert, transpose]\n    - transpose\n  - one_of: [invert]")
    )
    assert [leaf.name for leaf in made.leaves()] == [
        "invert",
        "invert#2",
        "transpose",
        "transpose#2",
        "invert#3",
    ]
    assert [node.name for node in made.steps] == ["invert", "one_of", "one_of#2"]
    assert [node.kind for node in made.steps if isinstance(node, Choice)] == ["one_of", "one_of"]


def test_a_bare_word_an_empty_body_and_a_full_one_are_the_same_step():
    one, two, three = (policy.parse(steps(f"  - {step}")) for step in ("invert", "invert:", "invert: {p: 1}"))
    assert one == two == three


def test_choices_are_read_in_both_forms():
    short = policy.parse(steps("  - one_of: [invert, transpose]"))
    long = policy.parse(steps("  - one_of: {steps: [invert, transpose], p: 1}"))
    assert short == long
    (some,) = policy.parse(
        steps("  - some_of: {n: 2, p: 0.5, steps: [invert, transpose, flip_vertical]}")
    ).steps
    assert isinstance(some, Choice)
    assert (some.least, some.most, some.p, len(some.branches)) == (2, 2, 0.5, 3)


def test_a_key_of_the_file_is_found_again_for_messages():
    made = policy.parse(steps("  - invert") + "allow:\n  LS203: inverted scans are read too\n", "f.yaml")
    assert made.place("allow.LS203") == "f.yaml:6:3"
    assert made.place("steps") == "f.yaml:3:1"
    assert made.place("fill") == "f.yaml"


@pytest.mark.parametrize("name", OPS)
def test_every_setting_of_every_op_is_held_to_its_limits(name):
    limits = limits_of(name)
    full = {key: [limit.low, limit.high] for key, limit in limits.items()}
    needed = FRAMING[name][0] if name in FRAMING else {}
    read = policy.parse(json.dumps({"version": 1, "task": "none", "steps": [{name: {**needed, **full}}]}))
    (step,) = read.leaves()
    assert {key: list(getattr(step.op, key)) for key in limits} == full
    for key, limit in limits.items():
        assert limit.still is None or limit.low <= limit.still <= limit.high
        for beyond in (
            [limit.low - 1e-6 * max(1, abs(limit.low)), limit.high],
            [limit.low, limit.high * (1 + 1e-6) + 1e-9],
        ):
            message = refused(
                json.dumps({"version": 1, "task": "none", "steps": [{name: {**full, key: beyond}}]})
            )
            assert limit.unit in message


@given(policies(steps=5, depth=3, modest=False, framing=True))
@settings(max_examples=80, deadline=None)
def test_a_policy_written_out_is_read_back_the_same(made):
    again = policy.parse(policy.dump(made), "again.yaml")
    assert again == made
    assert again.canonical() == made.canonical()
    assert json.loads(json.dumps(made.canonical())) == made.canonical()


words = st.text(
    st.characters(exclude_categories=["Cs", "Cc", "Cn", "Co"]) | st.sampled_from("\n'\":#-{ "), min_size=1
)


@given(
    words.filter(str.strip),
    words,
    st.integers(0, 255),
    st.sampled_from(policy.GUARDS),
    st.lists(words, min_size=1, max_size=3),
)
@settings(max_examples=100, deadline=None)
def test_words_of_any_kind_are_read_back_the_same(reason, about, level, guard, splits):
    base = policy.parse(steps("  - invert"))
    made = dataclasses.replace(
        base,
        about=about,
        task=about,
        fill=(level, 0, 255),
        on_unsafe=guard,
        splits=tuple(splits),
        allow=(("LS203", reason),),
    )
    assert policy.parse(policy.dump(made)) == made


@given(st.randoms(use_true_random=False), st.integers(0, 10**6), st.sampled_from("[]{}:,#-'\"\n x0.&*!"))
@settings(max_examples=80, deadline=None)
def test_promise_23_a_policy_with_one_letter_wrong_is_a_policy_or_one_placed_error(rng, at, letter):
    text = policy.dump(policy.parse(json.dumps(written(rng, steps=2, depth=1))))
    at %= len(text)
    try:
        policy.parse(text[:at] + letter + text[at + 1 :], "f.yaml")
    except PolicyError as error:
        assert PLACE.match(str(error)), str(error)


@given(
    st.recursive(
        st.sampled_from([*OPS, "one_of", "digits", 0, 1, -1, 0.5, None, True, 10**400, "", "train"]),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    [
                        "version",
                        "task",
                        "steps",
                        "fill",
                        "border",
                        "allow",
                        "splits",
                        "on_unsafe",
                        "p",
                        "n",
                        *OPS,
                        "one_of",
                        "some_of",
                        "degrees",
                        "x",
                        "factor",
                    ]
                ),
                inner,
                max_size=4,
            )
        ),
        max_leaves=12,
    )
)
@settings(max_examples=150, deadline=None)
def test_promise_23_any_structure_is_a_policy_or_one_placed_error(value):
    filled = {"version": 1, "task": "digits", "steps": [], **value} if isinstance(value, dict) else value
    for text in (json.dumps(value), json.dumps(filled)):
        try:
            assert isinstance(policy.parse(text, "f.yaml"), Policy)
        except PolicyError as error:
            assert PLACE.match(str(error)), str(error)


def test_where_a_step_stands_is_no_part_of_what_it_is():
    one = policy.parse(steps("  - invert"), "a.yaml")
    other = policy.parse("\n\n" + steps("  - invert"), "b.yaml")
    assert one == other and hash(one) == hash(other)
    (step,) = one.steps
    assert isinstance(step, Step) and step.where == "a.yaml:4:5"


def test_a_file_is_loaded_and_its_name_is_in_messages(tmp_path):
    file = tmp_path / "p.yaml"
    file.write_text(steps("  - invert"), encoding="utf-8")
    assert policy.load(file).file == str(file)
    file.write_text(steps("  - inver"), encoding="utf-8")
    with pytest.raises(PolicyError, match=rf"^{re.escape(str(file))}:4:5: "):
        policy.load(file)


@pytest.mark.parametrize("name", FRAMING)
def test_a_step_that_changes_the_size_of_pictures_comes_back_as_it_was_written(name: str) -> None:
    for body in FRAMING[name]:
        made = policy.parse(json.dumps({"version": 1, "task": "none", "steps": [{name: body}]}))
        assert policy.parse(policy.dump(made)) == made

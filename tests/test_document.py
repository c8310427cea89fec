"""A file cannot hurt: whatever its bytes, it is values that know their place or one error that says where."""

from __future__ import annotations

import json
import re
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from augkit import document
from augkit.document import MAX_BYTES, MAX_DEPTH, MAX_VALUES, parse
from augkit.errors import AugkitError, PolicyError, TaskError

PLACE = re.compile(r"^f\.yaml:\d+:\d+: ")


def refused(text: str) -> str:
    with pytest.raises(PolicyError) as caught:
        parse(text, "f.yaml").plain()
    message = str(caught.value)
    assert PLACE.match(message), message
    assert len(message) < 1000 and message.count("\n") <= 1
    return message


def bomb(levels: int) -> str:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, levels)]
    return "\n".join(lines)


@pytest.mark.parametrize(
    "text,says",
    [
        (bomb(9), "anchors and aliases"),
        ("a: *b", "anchors and aliases"),
        ("&a key: 1", "anchors and aliases"),
        ("base: &b {x: 1}\nmore: {<<: *b}", "anchors and aliases"),
        ("[" * 3000 + "]" * 3000, "nested deeper"),
        ("{a: " * 3000 + "}" * 3000, "nested deeper"),
        ("".join(" " * i + "-\n" for i in range(1, 900)), "nested deeper"),
        ("- " * 3000, "nested deeper"),
        ("- a\n" * (MAX_VALUES + 1), "more than 20,000 values"),
        ("x: !!python/object:os.system [ls]", "remove the tag"),
        ("x: !!python/object/apply:os.system [ls]", "remove the tag"),
        ("!!python/name:os.system : 1", "a key must be a word"),
        ("x: !!map [1]", "remove the tag"),
        ("x: !!seq {a: 1}", "remove the tag"),
        ("x: !!str [1]", "remove the tag"),
        ("x: !!map a", "remove the tag"),
        ("x: !!int one", "remove the tag"),
        ("x: !!set {a}", "remove the tag"),
        ("x: !!binary aGk=", "remove the tag"),
        ("x: !mine 1", "remove the tag"),
        ("a: 1\na: 2", "written twice"),
        ("a: {b: 1, 'b': 2}", "written twice"),
        ("a:\n\t- b", "tab"),
        ("\ta: 1", "tab"),
        ("a: 1\n---\nb: 2", "single document"),
        ("--- a\n--- b", "single document"),
        ("%YAML 1.1\n---\nx: no", "1.2"),
        ("%YAML 9.9\n---\nx: 1", "not YAML"),
        ("? [a, b]\n: 1", "a key must be a word"),
        ("? {a: b}\n: 1", "a key must be a word"),
        ("x: 0x" + "f" * 5000, "digits"),
        ("x: " + "9" * 5000, "digits"),
        ("x: 0b" + "1" * 5000, "digits"),
        ("a: \x00", "unacceptable character"),
        ("a: \x1b[2J", "unacceptable character"),
        ("a: \ud800", "unacceptable"),
        ("a: [1, 2", "not YAML"),
        ("a: 'b", "not YAML"),
        ("a: b: c", "not YAML"),
        ("}", "not YAML"),
        ("a: @b", "not YAML"),
        ("", "empty"),
        ("# nothing", "empty"),
        ("\n\n", "empty"),
        ("a" * (MAX_BYTES + 1), "longer than"),
    ],
)
def test_promise_23_what_could_hurt_is_refused_at_its_place(text, says):
    assert says in refused(text)


def test_promise_23_the_caps_let_through_what_is_just_inside():
    assert len(parse("- a\n" * (MAX_VALUES - 1), "f.yaml").value) == MAX_VALUES - 1
    depth = MAX_DEPTH
    assert parse("[" * depth + "]" * depth, "f.yaml")
    refused("[" * (depth + 2) + "]" * (depth + 2))


def test_promise_23_yaml_is_1_2():
    text = "a: no\nb: on\nc: 1e-3\nd: 010\ne: 0o10\nf: 0x1F\ng: 1_000\nh: ~\ni: true\n"
    text += "j: 'true'\nk: 2001-01-01\nl: 12:30"
    assert parse(text, "f").plain() == {
        "a": "no",
        "b": "on",
        "c": 0.001,
        "d": 10,
        "e": 8,
        "f": 31,
        "g": 1000,
        "h": None,
        "i": True,
        "j": "true",
        "k": "2001-01-01",
        "l": "12:30",
    }


@pytest.mark.parametrize("text", ["a: 1", "\ufeffa: 1"])
def test_a_byte_order_mark_is_no_part_of_the_text(text, tmp_path):
    file = tmp_path / "p.yaml"
    file.write_bytes(text.encode("utf-8"))
    assert document.read(file).plain() == {"a": 1}


@pytest.mark.parametrize(
    "data,says",
    [
        ("a: 1".encode("utf-16"), "not UTF-8"),
        ("a: é".encode("latin-1"), "not UTF-8"),
        ("a: 1".encode("utf-16-le"), "character"),
        (b"x" * (MAX_BYTES + 1), "longer than"),
        (b"\xff" * 100, "not UTF-8"),
        (b"", "empty"),
    ],
)
def test_promise_23_bytes_that_are_no_text_are_refused(data, says, tmp_path):
    file = tmp_path / "p.yaml"
    file.write_bytes(data)
    with pytest.raises(PolicyError, match=says) as caught:
        document.read(file)
    assert str(file) in str(caught.value).splitlines()[0]


def test_promise_23_a_file_of_a_hundred_megabytes_is_not_read_to_its_end(tmp_path):
    file = tmp_path / "p.yaml"
    with file.open("wb") as out:
        out.truncate(100_000_000)
    tracemalloc.start()
    with pytest.raises(PolicyError, match="longer than"):
        document.read(file)
    assert tracemalloc.get_traced_memory()[1] < 5_000_000
    tracemalloc.stop()


@pytest.mark.parametrize("name", ["missing.yaml", ".", "a\0b.yaml"])
def test_a_path_that_cannot_be_read_is_said(name, tmp_path):
    with pytest.raises(TaskError, match=r"cannot read it|not a path"):
        document.read(f"{tmp_path}/{name}", TaskError)


def test_every_value_knows_its_line_column_and_path():
    item = parse(
        "version: 1\nsteps:\n  - rotate:\n      degrees: [-1, 2]\n  - {shift: {x: [0, 1]}}", "p.yaml"
    )
    rotate = item.value["steps"].value[0].value["rotate"]
    assert (rotate.where, rotate.path) == ("p.yaml:3:5", "steps[0].rotate")
    degrees = rotate.value["degrees"]
    assert (degrees.where, degrees.path) == ("p.yaml:4:7", "steps[0].rotate.degrees")
    assert degrees.value[1].where == "p.yaml:4:21"
    shift = item.value["steps"].value[1].value["shift"]
    assert (shift.where, shift.path) == ("p.yaml:5:6", "steps[1].shift")


def test_an_error_keeps_to_one_line_whatever_the_key():
    item = parse('"a\\nb\\u001b[2J": {c: 1}', "f.yaml")
    with pytest.raises(PolicyError) as caught:
        item.value["a\nb\x1b[2J"].value["c"].text()
    assert len(str(caught.value).splitlines()) == 2
    assert "\x1b" not in str(caught.value)


@pytest.mark.parametrize(
    "text,method,says",
    [
        ("a: [1]", "mapping", "want keys and values"),
        ("a: {b: 1}", "sequence", "want a list"),
        ("a: one", "number", "want a number"),
        ("a: true", "number", "want a number"),
        ("a: .inf", "number", "finite"),
        ("a: -.inf", "number", "finite"),
        ("a: .nan", "number", "finite"),
        ("a: 1e999", "number", "finite"),
        ("a: " + "9" * 399, "number", "finite"),
        ("a: 0x" + "f" * 390, "number", "finite"),
        ("a: 1", "text", "want text"),
        ("a:", "text", "got nothing"),
        ("a: 1", "mapping", "want keys and values"),
    ],
)
def test_a_value_of_another_kind_is_said(text, method, says):
    with pytest.raises(PolicyError, match=says) as caught:
        getattr(parse(text, "f.yaml").value["a"], method)()
    assert str(caught.value).startswith("f.yaml:1:1: a: ")


def test_an_unknown_key_is_guessed_and_a_missing_one_asked_for():
    item = parse("rotat: 1", "f.yaml")
    with pytest.raises(PolicyError, match="did you mean rotate"):
        item.mapping(["rotate", "shift"])
    with pytest.raises(PolicyError, match="'shift' is missing"):
        item.mapping(needs=["shift"])
    with pytest.raises(PolicyError, match="did you mean redraw"):
        parse("a: redrow", "f.yaml").value["a"].word(["redraw", "clip"])


@given(st.text(max_size=300) | st.text(st.sampled_from("ab:-[]{}'\"\n \t#&*!|>%@?,0.~"), max_size=60))
@settings(max_examples=400, deadline=None)
def test_promise_23_any_text_is_values_or_one_error_with_its_place(text):
    try:
        parse(text, "f.yaml").plain()
    except AugkitError as error:
        assert PLACE.match(str(error)), str(error)
        assert len(str(error)) < 2000


@given(data=st.binary(max_size=200))
@settings(max_examples=100, deadline=None)
def test_promise_23_any_bytes_are_values_or_one_error(data, tmp_path_factory):
    file = tmp_path_factory.getbasetemp() / "any.yaml"
    file.write_bytes(data)
    try:
        document.read(file).plain()
    except AugkitError as error:
        assert str(file) in str(error)


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**15), 10**15)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["C"]), max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text("abcxyz_", min_size=1), inner, max_size=4)
    ),
    max_leaves=20,
)


@given(json_values)
@settings(max_examples=100, deadline=None)
def test_json_is_read_as_it_is(value):
    assert parse(json.dumps(value, ensure_ascii=False), "f.yaml").plain() == value


def test_walk_yields_every_scalar():
    assert list(document.walk({"a": [1, {"b": "c"}], "d": None})) == [1, "c", None]

"""The schemas take every file that the readers take, and refuse what by its structure is none."""

from __future__ import annotations

import copy
import json
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from augkit import document, policy, schema, tasks
from augkit.errors import AugkitError
from augkit.ops import OPS
from augkit.reach import AXES
from augkit.steps import CHOICES, FOREIGN
from augkit.suites import SUITES
from tests.policies import FRAMING, written

try:
    import jsonschema
except ImportError:
    jsonschema = None

checked = pytest.mark.skipif(jsonschema is None, reason="the checker, jsonschema, is not installed here")
ROOT = Path(__file__).parents[1]
FILES = sorted((ROOT / "recipes/policies").glob("*.yaml"))
HEAD = {"version": 1, "task": "digits"}
WORDS = {
    "$schema", "$ref", "title", "description", "type", "properties", "required", "additionalProperties",
    "items", "minItems", "maxItems", "uniqueItems", "minimum", "maximum", "exclusiveMinimum", "enum", "const",
    "anyOf", "oneOf", "allOf", "not", "if", "then", "else", "default", "pattern",
    "minProperties", "maxProperties", "definitions",
}  # fmt: skip


def complaints(kind: str, plain: Any) -> list[str]:
    checker = jsonschema.Draft7Validator(getattr(schema, kind)())
    return [error.message[:300] for error in checker.iter_errors(plain)]


def good(kind: str, plain: Any) -> bool:
    return not complaints(kind, plain)


def problem(plain: Any) -> str:
    """Return what the reader has against a policy; nothing where it takes it."""
    try:
        policy.parse(json.dumps(plain), "p")
    except AugkitError as error:
        return error.problem
    return ""


def schemas(part: Any) -> Iterator[dict[str, Any]]:
    """Yield a schema and every schema in it."""
    if isinstance(part, list):
        for one in part:
            yield from schemas(one)
        return
    if not isinstance(part, dict):
        return
    yield part
    for word, value in part.items():
        if word in ("properties", "definitions"):
            for one in value.values():
                yield from schemas(one)
        elif word in (
            "items",
            "anyOf",
            "oneOf",
            "allOf",
            "not",
            "if",
            "then",
            "else",
            "additionalProperties",
        ):
            yield from schemas(value)


@pytest.mark.parametrize("kind", ["policy", "task"])
def test_a_schema_uses_words_of_draft_7_and_points_at_what_is_there(kind: str) -> None:
    whole = getattr(schema, kind)()
    assert whole["$schema"] == "http://json-schema.org/draft-07/schema#"
    json.dumps(whole, allow_nan=False)
    for part in schemas(whole):
        assert {*part} <= WORDS
        assert part.get("$ref", "#/definitions/").removeprefix("#/definitions/") in {
            "",
            *whole["definitions"],
        }


@checked
@pytest.mark.parametrize("kind", ["policy", "task"])
def test_a_schema_is_one(kind: str) -> None:
    jsonschema.Draft7Validator.check_schema(getattr(schema, kind)())


def test_every_op_is_in_with_its_page_its_settings_and_their_units() -> None:
    steps = schema.policy()["definitions"]["step"]["anyOf"][0]["properties"]
    assert list(steps) == [*OPS, *SUITES, FOREIGN, *CHOICES]
    for name, kind in {**OPS, **SUITES}.items():
        assert steps[name]["description"].startswith((kind.__doc__ or "").split("\n")[0])
        assert {*steps[name]["properties"]} - {"p"} == {*kind.__dataclass_fields__}
        assert ("p" in steps[name]["properties"]) == (name not in FRAMING)
        for field in kind.__dataclass_fields__.values():
            limits = field.metadata.get("limits") or field.metadata.get("number")
            said = steps[name]["properties"][field.name]["description"]
            assert said.endswith(".") and (limits is None or limits.unit in said), field.name


def test_every_key_of_a_file_is_described() -> None:
    for whole in (schema.policy(), schema.task()):
        for key, part in whole["properties"].items():
            assert len(part["description"]) > 10 and part["description"][0].isupper(), key
    survives = schema.task()["definitions"]["survives"]["properties"]
    assert {*survives} == {*AXES}
    assert all(axis.unit in survives[name]["description"] for name, axis in AXES.items())


@checked
@pytest.mark.parametrize("path", FILES, ids=[path.name for path in FILES])
def test_every_policy_that_ships_is_taken(path: Path) -> None:
    assert complaints("policy", document.read(path).plain()) == []
    assert complaints("policy", policy.load(path).canonical()) == []


def test_every_file_that_ships_tells_an_editor_its_schema() -> None:
    shipped = {"policy": FILES, "task": sorted((ROOT / "augkit/tasks").glob("*.yaml"))}
    for kind, files in shipped.items():
        for path in files:
            first = path.read_text(encoding="utf-8").splitlines()[0]
            assert first == f"# yaml-language-server: $schema={kind}.schema.json", path.name


@checked
@pytest.mark.parametrize("name", tasks.names())
def test_every_task_that_ships_is_taken_as_written_and_as_saved(name: str) -> None:
    text = (ROOT / "augkit/tasks" / f"{name}.yaml").read_text(encoding="utf-8")
    assert complaints("task", document.parse(text, name).plain()) == []
    assert complaints("task", json.loads(json.dumps(tasks.load(name).canonical()))) == []


@checked
@pytest.mark.parametrize("case", sorted((ROOT / "tests/safety/cases").glob("*.yaml")), ids=lambda p: p.stem)
def test_every_policy_of_the_cases_is_taken(case: Path) -> None:
    for entry in document.parse(case.read_text(encoding="utf-8"), case.name).plain():
        body = {
            key: entry[key] for key in ("on_unsafe", "splits", "allow", "border", "steps") if key in entry
        }
        assert complaints("policy", {**HEAD, **body}) == [], entry["name"]


@checked
@pytest.mark.parametrize("seed", range(60))
def test_a_random_policy_is_taken_as_written_and_with_its_defaults(seed: int) -> None:
    plain = written(random.Random(seed), ops=tuple(name for name in OPS if name not in FRAMING), framing=True)
    plain["steps"] += [{"rand_augment": {"n": seed % 9 + 1, "without": ["rotate"]}}, "trivial_augment"]
    assert complaints("policy", plain) == []
    whole = policy.parse(json.dumps(plain)).canonical()
    assert complaints("policy", json.loads(json.dumps(whole))) == []


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    children = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    for key, child in children:
        yield from places(child, (*path, key))


def spoiled(plain: dict[str, Any], rng: random.Random) -> dict[str, Any]:
    """Change one value somewhere, or take it away, or give it a stranger beside it."""
    out = copy.deepcopy(plain)
    path = rng.choice([path for path in places(out) if path])
    owner = out
    for key in path[:-1]:
        owner = owner[key]
    instead = rng.choice([-1000, 0, 1, 0.5, 1e6, "blue", "rotate", True, [], {}, [0, 1], [0, 1, 2], [1, "x"]])
    way = rng.choice(["change", "remove", "add"])
    if way == "add" and isinstance(owner, dict):
        owner[rng.choice(["degree", "p", "stretch", "n"])] = instead
    elif way == "remove":
        del owner[path[-1]]
    else:
        owner[path[-1]] = instead
    return out


COMPARED = "want the low end first|want a number of steps from|want width and height, or|does not take this"
"""What a schema cannot say: two numbers compared, the arguments of another tool."""


@checked
@pytest.mark.parametrize("seed", range(40))
def test_of_a_spoiled_policy_the_schema_says_what_the_reader_says(seed: int) -> None:
    rng = random.Random(seed)
    plain = written(rng, steps=3)
    for _ in range(25):
        other = spoiled(plain, rng)
        said = problem(other)
        if not said:
            assert complaints("policy", other) == [], other
        elif not re.search(COMPARED, said):
            assert not good("policy", other), said


REFUSED: list[Any] = [
    [], 5, None, {}, {"version": 1, "task": "digits"}, {"version": 2, "task": "d", "steps": []},
    {"version": True, "task": "d", "steps": []}, {**HEAD, "task": 5, "steps": []}, {**HEAD, "steps": {}},
    {**HEAD, "step": [], "steps": []}, {**HEAD, "steps": [], "on_unsafe": "ignore"},
    {**HEAD, "steps": [], "border": "wrap"}, {**HEAD, "steps": [], "fill": 256},
    {**HEAD, "steps": [], "fill": [1, 2]}, {**HEAD, "steps": [], "fill": 0.5},
    {**HEAD, "steps": [], "fill": True},
    {**HEAD, "steps": [], "splits": "train"}, {**HEAD, "steps": [], "allow": {"LS102": " "}},
    {**HEAD, "steps": [], "allow": ["LS102"]}, {**HEAD, "steps": [], "about": 3},
]  # fmt: skip
NO_STEPS: list[Any] = [
    1, None, "rotate", "rotat", [], {}, {"rotat": {"degrees": [0, 1]}}, {"rotate": None}, {"rotate": [0, 1]},
    {"rotate": {}}, {"rotate": {"degree": [0, 1]}}, {"rotate": {"degrees": 5}}, {"rotate": {"degrees": [1]}},
    {"rotate": {"degrees": [0, 1, 2]}}, {"rotate": {"degrees": ["0", 1]}}, {"rotate": {"degrees": [0, True]}},
    {"rotate": {"degrees": [-181, 0]}}, {"rotate": {"degrees": [0, 1], "p": 1.5}},
    {"rotate": {"degrees": [0, 1], "p": "often"}}, {"rotate": {"degrees": [0, 1]}, "p": 0.5},
    {"rotate": {"degrees": [0, 1]}, "flip_horizontal": {}}, {"flip_horizontal": {"degrees": [0, 1]}},
    {"one_of": []}, {"one_of": "flip_horizontal"}, {"one_of": {"p": 0.5}}, {"one_of": {"steps": []}},
    {"one_of": {"n": 1, "steps": ["invert"]}}, {"one_of": [["invert", 5]]}, {"one_of": [[["invert"]]]},
    {"some_of": ["invert"]}, {"some_of": {"steps": ["invert"]}}, {"some_of": {"n": -1, "steps": ["invert"]}},
    {"some_of": {"n": 0.5, "steps": ["invert"]}}, {"some_of": {"n": [0, 1, 1], "steps": ["invert"]}},
    {"albumentations": {}}, {"albumentations": {"name": "NoSuch"}}, "albumentations",
    {"albumentations": {"name": "HorizontalFlip", "side": 0}}, {"rand_augment": {"n": 0}},
    {"rand_augment": {"n": 1.5}}, {"rand_augment": {"magnitude": 31}},
    {"rand_augment": {"without": "rotate"}},
    {"rand_augment": {"without": ["rotate", "rotate"]}}, {"rand_augment": {"without": ["turn"]}},
    {"trivial_augment": {"n": 1}}, {"autocontrast": {"gain": [1, 2]}}, {"autocontrast": {"gain": 0.5}},
    {"pad": {"share": 0.1, "p": 0.5}}, {"one_of": ["centre_crop"]}, {"one_of": [["invert", {"pad": {}}]]},
    {"resize": {"shorter": 1.5}}, {"resize": {"shorter": 8, "filter": "box"}}, {"resize": {"shorter": None}},
    {"pca_colour": {"eigenvalues": [0.1, 0.2]}}, {"pca_colour": {"eigenvalues": [0.1, 0.2, 2]}},
]  # fmt: skip


@checked
@pytest.mark.parametrize("plain", REFUSED + [{**HEAD, "steps": [step]} for step in NO_STEPS], ids=str)
def test_what_is_no_policy_is_refused_by_reader_and_schema(plain: Any) -> None:
    assert problem(plain)
    assert not good("policy", plain)


def whole(**more: Any) -> dict[str, Any]:
    return {"version": 1, "task": "mine", "classes": ["a", "b"], "survives": {}, **more}


TASKS = [
    whole(),
    whole(classes="any", survives="any", aspect=[0.5, 2]),
    whole(
        survives={"turn": [[-5, 5], [170, 190]], "zoom": [0.5, 2], "kept": 0.5, "blur": "any", "hue": "none"}
    ),
    whole(survives={"turn": [-5, 5]}, becomes=[{"turn": [90, 180], "classes": {"a": "b"}}]),
    whole(**{"except": {"a": {"mirrored": [-10, 10], "inverted": [0.5, 2]}}}),
    whole(because={"turn": {"text": "they say so", "source": "them"}, "becomes": {"text": "why not"}}),
    {"version": 1, "task": "mine", "like": "digits", "classes": {"six": "6", "nine": "9"}, "aspect": [1, 1]},
    {"version": 1, "task": "mine", "like": "natural", "classes": ["cat"]},
    {"version": 1, "task": "mine", "like": "natural", "classes": "any"},
]
NO_TASKS = [
    [],
    {},
    whole(version=2),
    whole(classes=[]),
    whole(classes=["a", "a"]),
    whole(classes={"a": "b"}),
    whole(classes=[1]),
    whole(survives="none"),
    {"version": 1, "task": "mine", "classes": "any"},
    whole(surive={}),
    whole(survives={"tun": "any"}),
    whole(survives={"turn": [-400, 0]}),
    whole(survives={"turn": 5}),
    whole(survives={"turn": []}),
    whole(survives={"zoom": 2}),
    whole(survives={"zoom": [1.1, 2]}),
    whole(survives={"brightness": [0.1, 0.2]}),
    whole(survives={"stretch": 0.5}),
    whole(survives={"kept": 1.5}),
    whole(survives={"quality": 101}),
    whole(survives={"blur": -0.1}),
    whole(survives={"blur": "some"}),
    whole(aspect=[0, 1]),
    whole(aspect=1),
    whole(becomes=[{"classes": {"a": "b"}}]),
    whole(becomes=[{"turn": [90, 95], "mirrored": [90, 95], "classes": {"a": "b"}}]),
    whole(becomes=[{"turn": [90, 95]}]),
    whole(because={"turn": "they say so"}),
    whole(because={"turn": {"source": "them"}}),
    whole(because={"tun": {"text": "x"}}),
    {"version": 1, "task": "mine", "like": "digits", "classes": {"six": "6"}, "survives": {}},
    {"version": 1, "task": "mine", "like": "digits", "classes": {"six": "six"}},
    {"version": 1, "task": "mine", "like": "digits", "classes": ["6"]},
    {"version": 1, "task": "mine", "like": "digits", "classes": {}},
    {"version": 1, "task": "mine", "like": "digit", "classes": {"six": "6"}},
    {"version": 1, "task": "mine", "like": "natural", "classes": {"cat": "cat"}},
]


@checked
@pytest.mark.parametrize("plain", TASKS, ids=str)
def test_a_task_is_taken_by_reader_and_schema(plain: Any) -> None:
    tasks.parse(json.dumps(plain))
    assert complaints("task", plain) == []


@checked
@pytest.mark.parametrize("plain", NO_TASKS, ids=str)
def test_what_is_no_task_is_refused_by_reader_and_schema(plain: Any) -> None:
    with pytest.raises(AugkitError):
        tasks.parse(json.dumps(plain))
    assert not good("task", plain)

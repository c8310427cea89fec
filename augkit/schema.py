"""JSON Schemas of policies and tasks, in the words of draft 7, for editors and checkers.

Everything in them is read from where it is stated once: settings from the ops, axes from `augkit.reach`,
words from the docstrings.  A schema refuses what the readers refuse, as far as a schema can: it does not
compare two numbers, nor names with names in another place.
"""

from __future__ import annotations

import dataclasses
import inspect
import math
import re
from typing import Any

from augkit import tasks
from augkit.intervals import Arcs
from augkit.ops import OPS, Geometric, Limits, Op
from augkit.ops.borrowed import EFFECTS
from augkit.ops.foreign import SIDE, Albumentations
from augkit.policy import BORDERS, GUARDS, Policy
from augkit.reach import AXES, numbers
from augkit.steps import FOREIGN, Choice
from augkit.suites import SUITES, Suite
from augkit.tasks import Task, Zone

Schema = dict[str, Any]

DRAFT = "http://json-schema.org/draft-07/schema#"

_TEXT: Schema = {"type": "string"}
_SOME_TEXT: Schema = {"type": "string", "pattern": r"\S"}
_P: Schema = {"type": "number", "minimum": 0, "maximum": 1, "default": 1}
_P["description"] = "Probability that the step is done, 0 to 1."
_VERSION: Schema = {"const": 1, "description": "The version of this format: 1."}


def policy() -> Schema:
    """Return the schema of a policy file."""
    said = _attributes(Policy)
    level: Schema = {"type": "integer", "minimum": 0, "maximum": 255}
    known = {"enum": tasks.names()}
    properties = {
        "version": _VERSION,
        "about": {**_TEXT, "description": "What it is for."},
        "task": {"anyOf": [known, _TEXT], "description": said["task"]},
        "on_unsafe": {"enum": list(GUARDS), "default": GUARDS[0], "description": said["on_unsafe"]},
        "splits": {
            "type": "array", "items": _TEXT, "minItems": 1, "default": ["train"],
            "description": said["splits"],
        },
        "fill": {
            "anyOf": [level, _list(level, 1), _list(level, 3)], "default": 0, "description": said["fill"]
        },
        "border": {"enum": list(BORDERS), "default": BORDERS[0], "description": said["border"]},
        "steps": {"type": "array", "items": {"$ref": "#/definitions/step"}, "description": said["steps"]},
        "allow": {
            "type": "object", "additionalProperties": _SOME_TEXT, "description": said["allow"]
        },
    }  # fmt: skip
    return {
        "$schema": DRAFT,
        "title": "augkit policy",
        "description": _first(Policy),
        **_object(properties, ("version", "task", "steps")),
        "definitions": {"step": _step(), "chosen": _chosen(), "branch": _branch()},
    }


def task() -> Schema:
    """Return the schema of a task file: a whole one, or one that is like a built-in task."""
    said = _attributes(Task)
    arcs: Schema = {"$ref": "#/definitions/arcs"}
    becomes = {
        **_object({"turn": arcs, "mirrored": arcs, "classes": _mapping(_TEXT)}, ("classes",)),
        "oneOf": [{"required": ["turn"]}, {"required": ["mirrored"]}],
        "description": _first(Zone),
    }
    survives: Schema = {"$ref": "#/definitions/survives"}
    properties = {
        "version": _VERSION,
        "task": {**_TEXT, "description": said["name"]},
        "about": {**_TEXT, "description": said["about"]},
        "like": {"enum": tasks.names(), "description": "The built-in task whose classes yours stand for."},
        "classes": {"description": f"{said['classes']}  In a task like another: yours to theirs."},
        "aspect": {**_pair(None, None), "description": said["aspect"]},
        "survives": {"anyOf": [{"const": "any"}, survives], "description": said["default"]},
        "except": {**_mapping(survives), "description": said["excepted"]},
        "becomes": {"type": "array", "items": becomes, "description": said["becomes"]},
        "because": {
            **_object({key: {"$ref": "#/definitions/reason"} for key in (*AXES, "becomes", "except")}),
            "description": said["because"],
        },
    }  # fmt: skip
    properties["aspect"]["items"][0]["exclusiveMinimum"] = 0
    own = ("survives", "except", "becomes", "because")
    return {
        "$schema": DRAFT,
        "title": "augkit task",
        "description": _first(Task),
        **_object(properties, ("version", "task", "classes")),
        "if": {"required": ["like"]},
        "then": {"not": {"anyOf": [{"required": [key]} for key in own]}, "allOf": _stands_for()},
        "else": {"required": ["survives"], "properties": {"classes": _CLASSES}},
        "definitions": {
            "arcs": _arcs(),
            "reason": _object({"text": _TEXT, "source": _TEXT}, ("text",)),
            "survives": _object({axis: _limits(axis) for axis in AXES}),
        },
    }


def _step() -> Schema:
    """Return what a step is: one key with its settings, or a bare word where all settings may be left out."""
    kinds: dict[str, type[Op | Suite]] = {**OPS, **SUITES}
    bare = [name for name, kind in kinds.items() if not _needed(kind)]
    steps = {name: _settings(kind) for name, kind in kinds.items()}
    steps |= {FOREIGN: _borrowed(), "one_of": _choice(), "some_of": _choice(counted=True)}
    words = [{"const": name, "description": _first(kinds[name])} for name in bare]
    return {
        "anyOf": [{**_object(steps), "minProperties": 1, "maxProperties": 1}, {"oneOf": words}],
        "description": "One op with its settings.",
    }


def _chosen() -> Schema:
    """Return what a step in a choice is: any that does not change the size of pictures."""
    out = [name for name, kind in OPS.items() if _reshapes(kind)]
    keys = {"type": "object", "anyOf": [{"required": [name]} for name in out]}
    return {"allOf": [{"$ref": "#/definitions/step"}], "not": {"anyOf": [{"enum": out}, keys]}}


def _settings(kind: type[Op | Suite]) -> Schema:
    fields = {field.name: _setting(field) for field in dataclasses.fields(kind)}
    body = _object(fields if _reshapes(kind) else {**fields, "p": _P}, _needed(kind))
    return {
        **(body if _needed(kind) else {**body, "type": ["object", "null"]}),
        "description": _words(kind),
    }


def _setting(field: dataclasses.Field[Any]) -> Schema:
    """Return what one setting takes; see `augkit.ops.setting`."""
    kinds, out = field.metadata, dict[str, Any]()
    if "limits" in kinds:
        limits: Limits = kinds["limits"]
        out = _pair(limits.low, limits.high)
        rest = "" if limits.still is None else f"; at {limits.still:g} it does nothing"
        out["description"] = f"[low, high], numbers {limits}{rest}."
    elif "number" in kinds:
        out = {**_number(kinds["number"]), "description": f"A number {kinds['number']}."}
    elif "numbers" in kinds:
        out = _list(_number(kinds["numbers"]), kinds["count"])
        out["description"] = f"{kinds['count']} numbers {kinds['numbers']}."
    elif "some" in kinds:
        out = {"type": "array", "items": {"enum": list(kinds["some"])}, "uniqueItems": True}
        out["description"] = "Some of these words, each at most once."
    else:
        out = {"enum": list(kinds["words"]), "description": "One of these words."}
    if field.default not in (dataclasses.MISSING, None):
        out["default"] = list(field.default) if isinstance(field.default, tuple) else field.default
    return out


def _reshapes(kind: type[Op | Suite]) -> bool:
    return issubclass(kind, Geometric) and kind.reshapes is not Geometric.reshapes


def _needed(kind: type[Op | Suite]) -> tuple[str, ...]:
    return tuple(f.name for f in dataclasses.fields(kind) if f.default is dataclasses.MISSING)


def _borrowed() -> Schema:
    """Return what a transform of albumentations takes; its arguments are its own."""
    side = {
        "type": "integer",
        "minimum": 1,
        "default": SIDE,
        "description": _attributes(Albumentations)["side"],
    }
    named = {"enum": sorted(EFFECTS), "description": "A transform of albumentations 2.0.8."}
    whole = _object({"name": named, "side": side, "p": _P}, ("name",))
    return {**whole, "additionalProperties": True, "description": _words(Albumentations)}


def _choice(*, counted: bool = False) -> Schema:
    """Return what a choice takes: a list of branches, or its settings with the branches under `steps`."""
    branches: Schema = {"type": "array", "items": {"$ref": "#/definitions/branch"}, "minItems": 1}
    if not counted:
        whole = _object({"p": _P, "steps": branches}, ("steps",))
        return {"anyOf": [branches, whole], "description": "Do one of these, each as likely."}
    count: Schema = {"type": "integer", "minimum": 0}
    some = {"anyOf": [count, _list(count, 2)], "description": "How many are done, or [least, most]."}
    whole = _object({"n": some, "p": _P, "steps": branches}, ("n", "steps"))
    return {**whole, "description": " ".join(inspect.cleandoc(Choice.__doc__ or "").split())}


def _branch() -> Schema:
    step: Schema = {"$ref": "#/definitions/chosen"}
    return {
        "anyOf": [step, {"type": "array", "items": step}],
        "description": "A step, or steps done together.",
    }


_CLASSES: Schema = {
    "anyOf": [
        {"const": "any"},
        {"type": "array", "items": _TEXT, "minItems": 1, "uniqueItems": True},
    ]
}


def _stands_for() -> list[Schema]:
    """Return, for each built-in task, what the classes of a task like it are."""
    out: list[Schema] = []
    for name in tasks.names():
        theirs = tasks.load(name).classes
        mapped: Schema = {**_mapping({"enum": list(theirs)}), "minProperties": 1}
        classes = mapped if theirs else _CLASSES
        like: Schema = {"properties": {"like": {"const": name}}}
        out.append({"if": like, "then": {"properties": {"classes": classes}}})
    return out


def _limits(name: str) -> Schema:
    """Return what a task says on one axis: limits that an unchanged picture is inside of."""
    axis, still = AXES[name], AXES[name].still
    limits: Schema
    if isinstance(still, Arcs):
        limits = {"$ref": "#/definitions/arcs"}
    elif axis.kind == "range":
        limits = _pair(None, None)
        if not axis.parity:
            low, high = limits["items"]
            low["maximum"], high["minimum"] = still.low, still.high
    elif axis.kind == "most":
        limits = {"type": "number", "minimum": still.high}
    else:
        limits = {"type": "number"} | ({"maximum": still.low} if math.isfinite(still.low) else {})
    survived = {"arcs": "Angles", "range": "[least, greatest]", "most": "The most", "least": "The least"}
    said = f"{survived[axis.kind]} that is survived: {axis.unit}."
    rest = "" if still.empty else f"  Doing nothing is {numbers(name, still)}."
    return {"anyOf": [{"enum": ["any", "none"]}, limits], "description": said + rest}


def _arcs() -> Schema:
    arc = _pair(-360, 360)
    many = {"type": "array", "items": arc, "minItems": 1}
    return {"anyOf": [arc, many], "description": "[low, high] in degrees, or a list of such arcs."}


def _object(properties: Schema, required: tuple[str, ...] = ()) -> Schema:
    out: Schema = {"type": "object", "properties": properties, "additionalProperties": False}
    return {**out, "required": list(required)} if required else out


def _mapping(values: Schema) -> Schema:
    return {"type": "object", "additionalProperties": values}


def _list(items: Schema, count: int) -> Schema:
    return {"type": "array", "items": items, "minItems": count, "maxItems": count}


def _pair(low: float | None, high: float | None) -> Schema:
    ends: Schema = {"type": "number"}
    ends |= {} if low is None else {"minimum": low}
    ends |= {} if high is None else {"maximum": high}
    return {"type": "array", "items": [dict(ends), dict(ends)], "minItems": 2, "maxItems": 2}


def _number(limits: Limits) -> Schema:
    kind = "integer" if limits.whole else "number"
    return {"type": kind, "minimum": limits.low, "maximum": limits.high}


def _first(documented: object) -> str:
    return inspect.cleandoc(documented.__doc__ or "").split("\n\n")[0].replace("\n", " ")


def _words(documented: object) -> str:
    """Return a docstring without its attributes."""
    return inspect.cleandoc(documented.__doc__ or "").partition("\n\nAttributes:")[0]


def _attributes(documented: object) -> dict[str, str]:
    """Return what a docstring says of each attribute."""
    listed = inspect.cleandoc(documented.__doc__ or "").partition("Attributes:\n")[2]
    found = re.findall(r"^    (\w+): +(.+(?:\n {5,}.+)*)", listed, flags=re.MULTILINE)
    return {name: text[0].upper() + " ".join(text[1:].split()) for name, text in found}

"""Settings of a recipe: a YAML file and changes to it → a frozen dataclass, with errors as file:line:col.

A recipe writes down what it takes as a dataclass; the YAML file beside it has the values, so that each
stands in one place. A field with a default may be left out of the file, and no other.

A field is an int, float, str or bool, one of a few words (`Literal`), a tuple or dict of such, another
dataclass, or one of these or nothing (`X | None`). `Annotated[int, Within(1)]` says how large it may be,
`Annotated[str, OneOf(words)]` which words it may be,
and a field made with `dataclasses.field(metadata=ASIDE)` that it decides nothing of what a run finds.
"""

from __future__ import annotations

import dataclasses
import io
import math
import types
import typing
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, Union

from augkit import document
from augkit.document import Item
from augkit.errors import UsageError

T = TypeVar("T")


@dataclasses.dataclass(frozen=True)
class Within:
    """Say how large a number may be; `above` and `below` leave out the low and the high end themselves."""

    low: float
    high: float = math.inf
    above: bool = False
    below: bool = False

    def __contains__(self, value: float) -> bool:
        low = self.low < value if self.above else self.low <= value
        return low and (value < self.high if self.below else value <= self.high)

    def __str__(self) -> str:
        low = f"{'above' if self.above else 'from'} {_number(self.low)}"
        if self.high == math.inf:
            return low
        return f"{low} {'and below' if self.below else 'to'} {_number(self.high)}"


@dataclasses.dataclass(frozen=True)
class OneOf:
    """Say which words a text may be, where a table elsewhere has them."""

    words: tuple[str, ...]


ASIDE = {"decides": False}

Count = Annotated[int, Within(1)]
Seed = Annotated[int, Within(0, 2**31 - 1)]
Positive = Annotated[float, Within(0, above=True)]
Share = Annotated[float, Within(0, 1)]
PartShare = Annotated[float, Within(0, 1, below=True)]


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else f"{value:g}"


class _Set(Item):
    """Hold a value given on the command line."""

    @property
    def where(self) -> str:
        return self.file


def load(kind: type[T], path: Path, changes: Sequence[str] = ()) -> T:
    """Read settings from a YAML file, with changes `a.b=value` whose values are YAML too.

    Raises UsageError for a file or change that is not what `kind` says: an unknown key (with the one that
    was probably meant), a missing one, a wrong type, a number out of its limits.
    """
    item = document.read(path, UsageError)
    for change in changes:
        item = _changed(item, change)
    return typing.cast(T, _read(kind, item))


def plain(settings: Any) -> dict[str, Any]:
    """Return settings as what JSON and YAML hold."""
    return {field.name: _plain(getattr(settings, field.name)) for field in dataclasses.fields(settings)}


def decisive(settings: Any, written: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return settings as `plain` does, less what decides nothing; or so much of `written`, as saved."""
    held = dict(plain(settings) if written is None else written)
    for field in dataclasses.fields(settings):
        inner, value = getattr(settings, field.name), held.get(field.name)
        if not field.metadata.get("decides", True):
            held.pop(field.name, None)
        elif dataclasses.is_dataclass(inner) and isinstance(value, Mapping):
            held[field.name] = decisive(inner, value)
    return held


def text(settings: Any, about: str = "") -> str:
    """Return settings as YAML that `load` reads back to the same; `about` becomes its comment."""
    from ruamel.yaml import YAML

    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style, yaml.sort_base_mapping_type_on_output = False, False  # type: ignore[assignment]
    out = io.StringIO()
    yaml.dump(plain(settings), out)
    return "".join(f"# {line}\n" for line in about.splitlines()) + out.getvalue()


def differences(old: Mapping[str, Any], new: Mapping[str, Any], path: str = "") -> list[str]:
    """List what differs, such as 'train.epochs was 3 and is now 5'."""
    found = []
    for key in sorted({*old, *new}):
        was, now, here = old.get(key), new.get(key), f"{path}{key}"
        if isinstance(was, Mapping) and isinstance(now, Mapping):
            found += differences(was, now, f"{here}.")
        elif was != now:
            found.append(f"{here} was {was!r} and is now {now!r}")
    return found


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value):
        return plain(value)
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, tuple) else value


def _changed(item: Item, change: str) -> Item:
    """Return the settings with one `a.b=value` put in its place, whether or not there is such a place."""
    name, sign, written = change.partition("=")
    where, keys = f"--set {change}", name.strip().split(".")
    if not sign or not all(keys):
        raise UsageError(
            f"got {change!r}, want NAME=VALUE", where="--set", fix="such as --set train.epochs=3"
        )
    given = document.parse(written.strip() or "null", where, UsageError)
    return _put(item, keys, _named(given, where, ".".join(keys)))


def _named(item: Item, where: str, path: str) -> Item:
    """Return a value from the command line with its place in the settings."""
    value = item.value
    if isinstance(value, dict):
        value = {key: _named(inner, where, f"{path}.{key}") for key, inner in value.items()}
    elif isinstance(value, list):
        value = [_named(inner, where, f"{path}[{i}]") for i, inner in enumerate(value)]
    return _Set(value, where, 1, 1, path, UsageError)


def _put(item: Item, keys: Sequence[str], given: Item) -> Item:
    held = dict(item.value) if isinstance(item.value, dict) else {}
    first, *rest = keys
    path = f"{item.path}.{first}" if item.path else first
    inner = held.get(first, _Set({}, given.file, 1, 1, path, UsageError))
    held[first] = _put(inner, rest, given) if rest else given
    return dataclasses.replace(item, value=held)


def _read(kind: Any, item: Item) -> Any:
    """Return the value of `item` as what `kind` says."""
    limits, kind = _limits(kind)
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if origin in (Union, types.UnionType):
        (kind,) = (each for each in inner if each is not type(None))
        if item.value is None:
            return None
        return _read(kind, item)
    if dataclasses.is_dataclass(kind):
        return _dataclass(kind, item)
    if origin is Literal:
        return item.word(inner)
    if origin is tuple:
        return tuple(_read(inner[0], each) for each in item.sequence())
    if origin is dict:
        return {key: _read(inner[1], each) for key, each in item.mapping().items()}
    if isinstance(limits, OneOf):
        return item.word(limits.words)
    return _scalar(kind, item, limits)


def _dataclass(kind: Any, item: Item) -> Any:
    hints = typing.get_type_hints(kind, include_extras=True)
    fields = dataclasses.fields(kind)
    names = [field.name for field in fields]
    held = item.mapping(names, needs=[f.name for f in fields if f.default is dataclasses.MISSING])
    try:
        return kind(**{name: _read(hints[name], each) for name, each in held.items()})
    except ValueError as error:  # from what holds fields against each other, in __post_init__
        return item.fail(str(error))


def _scalar(kind: Any, item: Item, limits: Within | None) -> Any:
    value, within = item.value, f" {limits}" if limits else ""
    if kind is str:
        return item.text()
    if kind is bool:
        return value if isinstance(value, bool) else item.fail(f"got {item.shown}, want true or false")
    if kind is int and (isinstance(value, bool) or not isinstance(value, int)):
        item.fail(f"got {item.shown}, want a whole number{within}")
    number = value if kind is int else item.number()
    if limits and number not in limits:
        item.fail(f"got {item.shown}, want {'a whole number' if kind is int else 'a number'}{within}")
    return number


def _limits(kind: Any) -> tuple[Within | OneOf | None, Any]:
    """Return what `Annotated` says of a value, and the kind of value."""
    if typing.get_origin(kind) is not Annotated:
        return None, kind
    inner, *said = typing.get_args(kind)
    return next((each for each in said if isinstance(each, Within | OneOf)), None), inner

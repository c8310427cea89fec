"""YAML 1.2 files as values that know their place: `file:line:col`, and a path such as `steps[1].rotate`.

Files are whole: no anchors, tags or merge keys, no key written twice.  Size, depth and number of values
are capped, so that no file can hurt.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NoReturn

from augkit.errors import AugkitError, PolicyError, did_you_mean

MAX_BYTES, MAX_DEPTH, MAX_VALUES = 1_000_000, 50, 20_000
_TAG = "tag:yaml.org,2002:"
_PLAIN = ("str", "int", "float", "bool", "null", "timestamp", "merge", "value")
_LONGEST_NUMBER = 400


@dataclasses.dataclass(frozen=True, eq=False)
class Item:
    """Hold one value of a file: a dict of items, a list of items, or a str, int, float, bool or None.

    Attributes:
        value:        the value.
        file:         where it was read from.
        line, column: where it begins, its key included if it has one; both count from 1.
        path:         such as `steps[1].rotate`.
        kind:         the error to raise where the value is not what is wanted.
        begin:        offset in the text at which it begins, its key included.
        start, end:   offsets in the text of the value alone; comments after it are not part of it.
        flow:         whether it is a mapping or list in brackets.
    """

    value: Any
    file: str
    line: int
    column: int
    path: str
    kind: type[AugkitError] = PolicyError
    begin: int = 0
    start: int = 0
    end: int = 0
    flow: bool = False

    @property
    def where(self) -> str:
        """Return `file:line:col`."""
        return f"{self.file}:{self.line}:{self.column}"

    def fail(self, problem: str, fix: str = "") -> NoReturn:
        """Raise the file's kind of error at this place."""
        where = f"{self.where}: {self.path}" if self.path else self.where
        raise self.kind(problem, where=where, fix=fix)

    def mapping(self, known: Iterable[str] | None = None, *, needs: Iterable[str] = ()) -> dict[str, Item]:
        """Return the value as a mapping whose keys are all `known` and hold all of `needs`."""
        if not isinstance(self.value, dict):
            self.fail(f"got {self.shown}, want keys and values", "write 'key: value' lines")
        wanted = None if known is None else list(known)
        for key, item in self.value.items():
            if wanted is not None and key not in wanted:
                hint = did_you_mean(key, wanted)
                item.fail(f"got {quoted(key)}, want one of {', '.join(sorted(wanted))}", hint or "remove it")
        for key in needs:
            if key not in self.value:
                self.fail(f"{key!r} is missing", f"add a line '{key}: ...'")
        return dict(self.value)

    def sequence(self) -> list[Item]:
        """Return the value as a list."""
        if not isinstance(self.value, list):
            self.fail(f"got {self.shown}, want a list", "write one '- ...' line for each entry")
        return list(self.value)

    def number(self) -> float:
        """Return the value as a finite number."""
        if isinstance(self.value, bool) or not isinstance(self.value, int | float):
            self.fail(f"got {self.shown}, want a number")
        try:
            number = float(self.value)
        except OverflowError:
            number = math.inf
        if not math.isfinite(number):
            self.fail(f"got {self.shown}, want a finite number")
        return number

    def text(self) -> str:
        """Return the value as text."""
        if not isinstance(self.value, str):
            self.fail(f"got {self.shown}, want text", "put it in quotes")
        return str(self.value)

    def word(self, allowed: Iterable[str]) -> str:
        """Return the value as one of a few words."""
        words = list(allowed)
        if self.value not in words or not isinstance(self.value, str):
            hint = did_you_mean(str(self.value), words)
            self.fail(f"got {self.shown}, want one of {', '.join(words)}", hint)
        return self.value

    def plain(self) -> Any:
        """Return the value without its places: dicts, lists and scalars."""
        if isinstance(self.value, dict):
            return {key: item.plain() for key, item in self.value.items()}
        return [item.plain() for item in self.value] if isinstance(self.value, list) else self.value

    @property
    def shown(self) -> str:
        """Return the value as an error shows it, cut short."""
        if isinstance(self.value, dict | list):
            return "a mapping" if isinstance(self.value, dict) else f"a list of {len(self.value)}"
        return "nothing" if self.value is None else quoted(self.value)


def quoted(value: object) -> str:
    """Return a value as an error shows it: on one line, with control characters escaped, cut short."""
    text = ascii(value) if isinstance(value, str) and not value.isprintable() else repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def read(path: str | Path, kind: type[AugkitError] = PolicyError) -> Item:
    """Read a YAML file.

    Raises:
        kind: the file cannot be read, or is not one plain YAML 1.2 document within the caps.
    """
    return parse(text(path, kind), str(path), kind)


def text(path: str | Path, kind: type[AugkitError] = PolicyError) -> str:
    """Read the text of a file, its byte order mark left out; raises `kind` where that is not possible."""
    try:
        with Path(path).open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise kind(
            f"cannot read it: {error.strerror or error}", where=str(path), fix="give the path of a YAML file"
        ) from None
    except ValueError as error:
        raise kind(f"not a path: {error}", where=repr(str(path))) from None
    if len(data) > MAX_BYTES:
        raise kind(
            f"it is longer than {MAX_BYTES:,} bytes", where=str(path), fix="give a policy or task file"
        )
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise kind(
            f"it is not UTF-8 text (byte {error.start})", where=f"{path}:{line}", fix="save it as UTF-8"
        ) from None


def parse(text: str, name: str, kind: type[AugkitError] = PolicyError) -> Item:
    """Read YAML text; `name` stands for the file in messages.  Raises `kind` as `read` does."""
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    if len(text) > MAX_BYTES:
        raise kind(f"it is longer than {MAX_BYTES:,} characters", where=f"{name}:1:1")
    try:
        node = _composed(text, name, kind)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        problem = "; ".join(" ".join(part.split()) for part in (error.context, error.problem) if part)
        fix = "check quotes, colons and indentation here"
        if "'\\t'" in problem:
            problem, fix = "a tab indents this line", "indent with spaces"
        raise kind(f"not YAML: {problem}", where=f"{name}:{line}:{column}", fix=fix) from None
    except (YAMLError, ValueError) as error:
        before = text[: getattr(error, "position", 0)]
        where = f"{name}:{before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}"
        problem = str(error).partition("\n")[0]
        raise kind(f"not YAML: {problem}", where=where, fix="remove or replace this character") from None
    if node is None:
        raise kind("the file is empty", where=f"{name}:1:1", fix="start with 'version: 1'")
    return _Builder(name, kind).item(node, "", None)


def _composed(text: str, name: str, kind: type[AugkitError]) -> Any:
    """Return the tree of nodes of YAML text; the caps are held while it grows."""
    from ruamel.yaml import YAML
    from ruamel.yaml.composer import Composer
    from ruamel.yaml.events import AliasEvent

    class Capped(Composer):
        values, nested = 0, 0

        def compose_document(self) -> Any:
            event = self.parser.peek_event()
            if event.version not in (None, (1, 2)):
                _refuse(event, "a version other than YAML 1.2 is asked for", "remove the line '%YAML'")
            return super().compose_document()

        def compose_node(self, parent: Any, index: Any) -> Any:
            event = self.parser.peek_event()
            self.values += 1
            if isinstance(event, AliasEvent) or event.anchor is not None:
                _refuse(event, "anchors and aliases are not used here", "write the value out")
            if self.values > MAX_VALUES:
                _refuse(event, f"more than {MAX_VALUES:,} values", "give a policy or task file")
            if self.nested > MAX_DEPTH:
                _refuse(event, f"nested deeper than {MAX_DEPTH} levels", "close what is open")
            self.nested += 1
            node = super().compose_node(parent, index)
            self.nested -= 1
            return node

    def _refuse(event: Any, problem: str, fix: str) -> NoReturn:
        mark = event.start_mark
        raise kind(problem, where=f"{name}:{mark.line + 1}:{mark.column + 1}", fix=fix)

    yaml = YAML(typ="safe", pure=True)
    yaml.Composer = Capped
    return yaml.compose(text)


class _Builder:
    """Turn composed nodes into items."""

    def __init__(self, file: str, kind: type[AugkitError]) -> None:
        self.file, self.kind = file, kind

    def item(self, node: Any, path: str, at: Any) -> Item:
        mark = at or node.start_mark
        start, end = node.start_mark.index, node.end_mark.index
        flow = node.id != "scalar" and bool(node.flow_style)
        out = Item(
            None, self.file, mark.line + 1, mark.column + 1, path, self.kind, mark.index, start, end, flow
        )
        tag = str(node.tag or "").removeprefix(_TAG)
        if node.id == "mapping" and tag == "map":
            values = self._mapping(node, path)
            return dataclasses.replace(out, value=values, end=_last(out, values.values()))
        if node.id == "sequence" and tag == "seq":
            children = [self.item(child, f"{path}[{i}]", None) for i, child in enumerate(node.value)]
            return dataclasses.replace(out, value=children, end=_last(out, children))
        if node.id != "scalar":
            out.fail(f"got a value of type {quoted(tag)}, want plain YAML", "remove the tag")
        return dataclasses.replace(out, value=_scalar(node, tag, out))

    def _mapping(self, node: Any, path: str) -> dict[str, Item]:
        out: dict[str, Item] = {}
        for key, child in node.value:
            mark = key.start_mark
            place = Item(None, self.file, mark.line + 1, mark.column + 1, path, self.kind)
            if key.id != "scalar" or str(key.tag).removeprefix(_TAG) not in _PLAIN:
                place.fail("a key must be a word", "write 'word: value'")
            word = key.value if key.value.isprintable() and len(key.value) <= 60 else quoted(key.value)
            if key.value in out:
                place.fail(f"the key {quoted(key.value)} is written twice", "keep one of them")
            out[key.value] = self.item(child, f"{path}.{word}" if path else word, mark)
        return out


def _last(item: Item, children: Iterable[Item]) -> int:
    """Return where a mapping or list ends; without brackets the reader sees that at the next value only."""
    return item.end if item.flow else max((child.end for child in children), default=item.end)


def _scalar(node: Any, tag: str, place: Item) -> Any:
    text = node.value
    if tag == "str":
        return text
    if tag == "null":
        return None
    if tag == "bool":
        return text.lower() == "true"
    if tag in ("int", "float") and len(text) > _LONGEST_NUMBER:
        place.fail(f"got {quoted(text)}, want a number of at most {_LONGEST_NUMBER} digits")
    try:
        if tag == "int":
            return int(text.replace("_", ""), 0 if text.lstrip("+-").startswith(("0x", "0o", "0b")) else 10)
        if tag == "float":
            plain = text.replace("_", "").lower()
            return float(plain.replace(".inf", "inf").replace(".nan", "nan"))
    except ValueError:
        pass
    if tag == "timestamp":
        return text
    return place.fail(f"got a value of type {quoted(tag)}, want plain YAML", "remove the tag")


def walk(value: Mapping[str, Any] | list[Any] | Any) -> Iterator[Any]:
    """Yield every scalar of plain nested data."""
    if isinstance(value, Mapping):
        for child in value.values():
            yield from walk(child)
    elif isinstance(value, list | tuple):
        for child in value:
            yield from walk(child)
    else:
        yield value

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


@dataclasses.dataclass(frozen=True, eq=False)
class Item:
    """Hold one value of a file: a dict of items, a list of items, or a str, int, float, bool or None."""

    value: Any
    file: str
    line: int
    column: int
    path: str
    kind: type[AugkitError] = PolicyError

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
                item.fail(f"got {key!r}, want one of {', '.join(sorted(wanted))}", hint or "remove it")
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
        text = "nothing" if self.value is None else repr(self.value)
        return text if len(text) <= 60 else text[:57] + "..."


def read(path: str | Path, kind: type[AugkitError] = PolicyError) -> Item:
    """Read a YAML file.

    Raises:
        kind: the file cannot be read, or is not one plain YAML 1.2 document within the caps.
    """
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise kind(
            f"cannot read it: {error.strerror or error}", where=str(path), fix="give the path of a YAML file"
        ) from None
    except ValueError as error:
        raise kind(f"not a path: {error}", where=repr(str(path))) from None
    if len(data) > MAX_BYTES:
        raise kind(f"it is {len(data):,} bytes long, want at most {MAX_BYTES:,}", where=str(path))
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise kind(
            f"it is not UTF-8 text (byte {error.start})", where=str(path), fix="save it as UTF-8"
        ) from None
    return parse(text, str(path), kind)


def parse(text: str, name: str, kind: type[AugkitError] = PolicyError) -> Item:
    """Read YAML text; `name` stands for the file in messages.  Raises `kind` as `read` does."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    if "\t" in text:
        line = text[: text.index("\t")].count("\n")
        before = text.splitlines()[line].split("\t")[0]
        if not before.strip():
            raise kind(
                "a tab indents this line",
                where=f"{name}:{line + 1}:{len(before) + 1}",
                fix="indent with spaces",
            )
    try:
        node = YAML(typ="safe", pure=True).compose(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"{name}:{mark.line + 1}:{mark.column + 1}" if mark else name
        problem = "; ".join(" ".join(part.split()) for part in (error.context, error.problem) if part)
        raise kind(
            f"not YAML: {problem}", where=where, fix="check quotes, colons and indentation here"
        ) from None
    except (YAMLError, ValueError) as error:
        raise kind(f"not YAML: {' '.join(str(error).split())}", where=name) from None
    except RecursionError:
        raise kind(f"nested deeper than {MAX_DEPTH} levels", where=name) from None
    if node is None:
        raise kind("the file is empty", where=f"{name}:1:1", fix="start with 'version: 1'")
    return _Builder(name, kind).item(node, "", 0, None)


class _Builder:
    """Turn composed nodes into items, counting."""

    def __init__(self, file: str, kind: type[AugkitError]) -> None:
        self.file, self.kind, self.count = file, kind, 0
        self.seen: set[int] = set()

    def item(self, node: Any, path: str, depth: int, at: Any) -> Item:
        mark = at or node.start_mark

        def make(value: Any) -> Item:
            return Item(value, self.file, mark.line + 1, mark.column + 1, path, self.kind)

        self.count += 1
        if depth > MAX_DEPTH:
            make(None).fail(f"nested deeper than {MAX_DEPTH} levels")
        if self.count > MAX_VALUES:
            make(None).fail(f"more than {MAX_VALUES:,} values")
        if id(node) in self.seen or node.anchor:
            make(None).fail("anchors and aliases are not used here", "write the value out")
        self.seen.add(id(node))
        tag = str(node.tag or "").removeprefix(_TAG)
        if tag == "map":
            return make(self._mapping(node, path, depth))
        if tag == "seq":
            return make(
                [self.item(child, f"{path}[{i}]", depth + 1, None) for i, child in enumerate(node.value)]
            )
        return make(_scalar(node, tag, make(None)))

    def _mapping(self, node: Any, path: str, depth: int) -> dict[str, Item]:
        out: dict[str, Item] = {}
        for key, child in node.value:
            mark = key.start_mark
            place = Item(None, self.file, mark.line + 1, mark.column + 1, path, self.kind)
            if not isinstance(key.value, str):
                place.fail("a key must be a word")
            if key.value in out:
                place.fail(f"the key {key.value!r} is written twice", "keep one of them")
            out[key.value] = self.item(child, f"{path}.{key.value}" if path else key.value, depth + 1, mark)
        return out


def _scalar(node: Any, tag: str, place: Item) -> Any:
    text = node.value
    if tag == "str":
        return text
    if tag == "null":
        return None
    if tag == "bool":
        return text.lower() == "true"
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
    return place.fail(f"got a value of type {tag!r}, want plain YAML", "remove the tag")


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

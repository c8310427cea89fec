"""Policies: what may be done to pictures, read from YAML.

A `Policy` is well formed and no more; `augkit.safety` judges it.  Its steps are those of `augkit.steps`.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from augkit import document, page
from augkit import steps as nodes
from augkit.document import Item
from augkit.intervals import Interval
from augkit.steps import Choice, Names, Node, Step, Sugar, canonical, leaves

GUARDS = ("refuse", "redraw", "clip", "relabel", "drop")
BORDERS = ("constant", "edge", "reflect")
_TEMPLATE = Path(__file__).parent / "page" / "policy.html"
_SQUARE = Interval(1.0, 1.0)
_KEYS = ("version", "about", "task", "on_unsafe", "splits", "fill", "border", "steps", "allow")

_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_./ -]*[A-Za-z0-9]|[A-Za-z]")

Fill = tuple[int, ...]


@dataclasses.dataclass(frozen=True)
class Policy:
    """Say what may be done to pictures, and on which terms.

    Attributes:
        steps:     the steps in order.
        task:      name or path of the task it is written for.
        on_unsafe: what happens to a draw that its class does not survive.
        splits:    which splits are augmented.
        fill:      the colour outside the picture, one number or red, green and blue, 0 to 255.
        border:    what is outside the picture: "constant" (the fill), "edge" (its edge pixels drawn out) or
                   "reflect" (its mirror image).
        allow:     waived rules, code to reason.
        file:      where it was read from.
    """

    steps: tuple[Node, ...]
    task: str
    on_unsafe: Literal["refuse", "redraw", "clip", "relabel", "drop"] = "refuse"
    splits: tuple[str, ...] = ("train",)
    fill: Fill = (0,)
    border: Literal["constant", "edge", "reflect"] = "constant"
    allow: tuple[tuple[str, str], ...] = ()
    about: str = ""
    file: str = dataclasses.field(default="policy", compare=False)
    places: dict[str, str] = dataclasses.field(default_factory=dict, compare=False, hash=False)

    def leaves(self) -> Iterator[Step]:
        """Yield every step, choices opened, in the order written."""
        yield from leaves(self.steps)

    def canonical(self) -> dict[str, Any]:
        """Return the policy with all defaults filled in, as plain data that `parse` reads back to an equal
        policy.
        """
        out: dict[str, Any] = {"version": 1}
        if self.about:
            out["about"] = self.about
        out |= {"task": self.task, "on_unsafe": self.on_unsafe, "splits": list(self.splits)}
        out |= {"fill": list(self.fill) if len(self.fill) > 1 else self.fill[0], "border": self.border}
        out["steps"] = [canonical(node) for node in self.steps]
        if self.allow:
            out["allow"] = dict(self.allow)
        return out

    def _repr_html_(self) -> str:
        rows = [row for node in self.steps for row in _rows(node, 0)]
        return page.fragment(page.filled(_TEMPLATE, policy=self, rows=rows))

    def place(self, key: str) -> str:
        """Return `file:line:col` of a top-level key, or the file."""
        return self.places.get(key, self.file)


def _rows(node: Node, depth: int) -> Iterator[tuple[int, str, dict[str, Any], float, list[str]]]:
    """Yield depth, word, settings, probability and reach in words of a step, and of those that it chooses
    from; of one that opens a suite, what was written.
    """
    ((word, plain),) = canonical(node).items()
    settings = {name: _said(value) for name, value in plain.items() if name not in ("p", "steps")}
    words = node.op.effects(_SQUARE).in_words() if isinstance(node, Step) else []
    yield depth, word, settings, node.p, words
    if isinstance(node, Choice) and not isinstance(node, Sugar):
        for branch in node.branches:
            for child in branch:
                yield from _rows(child, depth + 1)


def _said(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_said, value))}]"
    return f"{value:g}" if isinstance(value, float) else str(value)


def load(path: str | Path) -> Policy:
    """Read a policy from a YAML file.

    Raises:
        PolicyError: at `file:line:col`, with what was given, what is wanted, and the fix.
    """
    return read(document.read(path))


def parse(text: str, name: str = "policy") -> Policy:
    """Read a policy from YAML text.

    `name` stands for the file in messages.  Raises PolicyError as `load` does.
    """
    return read(document.parse(text, name))


def dump(policy: Policy) -> str:
    """Write a policy as YAML text with all defaults filled in; `parse` reads it back to an equal policy."""
    return text(policy.canonical())


def text(plain: dict[str, Any]) -> str:
    """Write plain nested data as YAML text."""
    import io

    from ruamel.yaml import YAML

    yaml = YAML()
    yaml.default_flow_style = None
    yaml.width = 120
    yaml.indent(mapping=2, sequence=4, offset=2)
    out = io.StringIO()
    yaml.dump(_quoted(plain), out)
    return out.getvalue()


def _quoted(plain: Any) -> Any:
    """Put quotes around texts that are not plain words: what may stand bare depends on where it stands."""
    from ruamel.yaml.scalarstring import DoubleQuotedScalarString

    if isinstance(plain, dict):
        return {_quoted(key): _quoted(value) for key, value in plain.items()}
    if isinstance(plain, list):
        return [_quoted(value) for value in plain]
    if isinstance(plain, str) and not _PLAIN.fullmatch(plain):
        return DoubleQuotedScalarString(plain)
    return plain


def read(item: Item) -> Policy:
    """Read a policy from a document that is parsed already; raises PolicyError as `load` does."""
    keys = item.mapping(_KEYS, needs=("version", "task", "steps"))
    if keys["version"].value != 1 or isinstance(keys["version"].value, bool):
        keys["version"].fail(f"got {keys['version'].shown}, want 1", "write 'version: 1'")
    names = Names()
    steps = tuple(nodes.read(entry, names) for entry in keys["steps"].sequence())
    given: dict[str, Any] = {}
    if "on_unsafe" in keys:
        given["on_unsafe"] = keys["on_unsafe"].word(GUARDS)
    if "border" in keys:
        given["border"] = keys["border"].word(BORDERS)
    if "about" in keys:
        given["about"] = keys["about"].text()
    if "fill" in keys:
        given["fill"] = _fill(keys["fill"])
    if "splits" in keys:
        given["splits"] = _splits(keys["splits"])
    if "allow" in keys:
        given["allow"] = _allow(keys["allow"])
    places = {key: value.where for key, value in keys.items()}
    places |= (
        {f"allow.{code}": value.where for code, value in keys["allow"].value.items()}
        if "allow" in keys
        else {}
    )
    return Policy(steps=steps, task=keys["task"].text(), file=item.file, places=places, **given)


def _allow(item: Item) -> tuple[tuple[str, str], ...]:
    waivers = item.mapping()
    for code, reason in waivers.items():
        if not reason.text().strip():
            reason.fail(
                f"the waiver of {document.quoted(code)} gives no reason", "say why it is allowed here"
            )
    return tuple((code, reason.text()) for code, reason in waivers.items())


def _splits(item: Item) -> tuple[str, ...]:
    entries = item.sequence()
    if not entries:
        item.fail(
            "got an empty list, want the splits to augment", "write 'splits: [train]', or remove the line"
        )
    return tuple(entry.text() for entry in entries)


def _fill(item: Item) -> Fill:
    entries = item.sequence() if isinstance(item.value, list) else [item]
    if len(entries) not in (1, 3):
        item.fail(f"got {item.shown}, want one number or three", "give [red, green, blue]")
    for entry in entries:
        if isinstance(entry.value, bool) or not isinstance(entry.value, int) or not 0 <= entry.value <= 255:
            entry.fail(f"got {entry.shown}, want a whole number from 0 to 255")
    return tuple(entry.value for entry in entries)

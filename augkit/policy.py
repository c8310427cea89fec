"""Policies: what may be done to pictures, read from YAML.

A `Policy` is well formed and no more; `augkit.safety` judges it.  Steps are a tree: a `Step` uses an op, a
`Choice` (`one_of`, `some_of`) picks among branches.  Every step has a name that stands for it in addresses,
manifests and messages: its op, and `#2` for the second use of it.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, get_type_hints

from augkit import document
from augkit.document import Item
from augkit.errors import did_you_mean
from augkit.ops import OPS, Limits, Op, Range, foreign

GUARDS = ("refuse", "redraw", "clip", "relabel", "drop")
BORDERS = ("constant", "edge")
CHOICES = ("one_of", "some_of")
FOREIGN = "albumentations"
_KEYS = ("version", "about", "task", "on_unsafe", "splits", "fill", "border", "steps", "allow")

Fill = tuple[int, ...]


@dataclasses.dataclass(frozen=True)
class Step:
    """Use an op, with probability `p`."""

    op: Op
    p: float
    name: str
    where: str = dataclasses.field(compare=False)
    path: str = dataclasses.field(compare=False)


@dataclasses.dataclass(frozen=True)
class Choice:
    """Do `least` to `most` of the branches, each as likely as the others, in the order written, with
    probability `p`.
    """

    branches: tuple[tuple[Node, ...], ...]
    least: int
    most: int
    p: float
    name: str
    where: str = dataclasses.field(compare=False)
    path: str = dataclasses.field(compare=False)

    @property
    def kind(self) -> str:
        """Return "one_of" or "some_of"."""
        return self.name.partition("#")[0]


Node = Step | Choice


@dataclasses.dataclass(frozen=True)
class Policy:
    """Say what may be done to pictures, and on which terms.

    Attributes:
        steps:     the steps in order.
        task:      name or path of the task it is written for.
        on_unsafe: what happens to a draw that its class does not survive.
        splits:    which splits are augmented.
        fill:      the colour outside the picture, one number or red, green and blue, 0 to 255.
        border:    what is outside the picture: "constant" (the fill) or "edge" (its edge pixels).
        allow:     waived rules, code to reason.
        file:      where it was read from.
    """

    steps: tuple[Node, ...]
    task: str
    on_unsafe: Literal["refuse", "redraw", "clip", "relabel", "drop"] = "refuse"
    splits: tuple[str, ...] = ("train",)
    fill: Fill = (0,)
    border: Literal["constant", "edge"] = "constant"
    allow: tuple[tuple[str, str], ...] = ()
    about: str = ""
    file: str = dataclasses.field(default="policy", compare=False)
    places: dict[str, str] = dataclasses.field(default_factory=dict, compare=False, hash=False)

    def leaves(self) -> Iterator[Step]:
        """Yield every step, choices opened, in the order written."""
        yield from _leaves(self.steps)

    def canonical(self) -> dict[str, Any]:
        """Return the policy with all defaults filled in, as plain data that `parse` reads back to an equal
        policy.
        """
        out: dict[str, Any] = {"version": 1}
        if self.about:
            out["about"] = self.about
        out |= {"task": self.task, "on_unsafe": self.on_unsafe, "splits": list(self.splits)}
        out |= {"fill": list(self.fill) if len(self.fill) > 1 else self.fill[0], "border": self.border}
        out["steps"] = [_canonical(node) for node in self.steps]
        if self.allow:
            out["allow"] = dict(self.allow)
        return out

    def place(self, key: str) -> str:
        """Return `file:line:col` of a top-level key, or the file."""
        return self.places.get(key, self.file)


def load(path: str | Path) -> Policy:
    """Read a policy from a YAML file.

    Raises:
        PolicyError: at `file:line:col`, with what was given, what is wanted, and the fix.
    """
    return _policy(document.read(path))


def parse(text: str, name: str = "policy") -> Policy:
    """Read a policy from YAML text.

    `name` stands for the file in messages.  Raises PolicyError as `load` does.
    """
    return _policy(document.parse(text, name))


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
    yaml.dump(plain, out)
    return out.getvalue()


def _policy(item: Item) -> Policy:
    keys = item.mapping(_KEYS, needs=("version", "task", "steps"))
    if keys["version"].value != 1 or isinstance(keys["version"].value, bool):
        keys["version"].fail(f"got {keys['version'].shown}, want 1", "write 'version: 1'")
    names = _Names()
    steps = tuple(_node(entry, names) for entry in keys["steps"].sequence())
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
        given["splits"] = tuple(entry.text() for entry in keys["splits"].sequence())
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


def _fill(item: Item) -> Fill:
    entries = item.sequence() if isinstance(item.value, list) else [item]
    if len(entries) not in (1, 3):
        item.fail(f"got {item.shown}, want one number or three", "give [red, green, blue]")
    for entry in entries:
        if isinstance(entry.value, bool) or not isinstance(entry.value, int) or not 0 <= entry.value <= 255:
            entry.fail(f"got {entry.shown}, want a whole number from 0 to 255")
    return tuple(entry.value for entry in entries)


class _Names(Counter[str]):
    """Give each step its name: the op, and #2, #3 … from its second use on."""

    def next(self, word: str) -> str:
        self[word] += 1
        return word if self[word] == 1 else f"{word}#{self[word]}"


def _node(item: Item, names: _Names) -> Node:
    """Read one step: a bare word, or one key with its settings."""
    if isinstance(item.value, str):
        word, body = item.value, dataclasses.replace(item, value={})
    else:
        entries = item.mapping()
        if len(entries) != 1:
            item.fail(
                f"got {len(entries)} keys, want one op in each step", "start each step with its own '- '"
            )
        ((word, body),) = entries.items()
        if body.value is None:
            body = dataclasses.replace(body, value={})
    if word in CHOICES:
        return _choice(word, body, names)
    if word == FOREIGN:
        given = body.mapping()
        p = _probability(given.pop("p", None))
        return Step(foreign.read(body, given), p, names.next(word), body.where, body.path)
    if word not in OPS:
        known = [*OPS, FOREIGN, *CHOICES]
        body.fail(
            f"got {document.quoted(word)}, want one of {', '.join(sorted(known))}",
            did_you_mean(word, known) or "see 'augkit ops'",
        )
    settings = body.mapping([*(f.name for f in dataclasses.fields(OPS[word])), "p"])
    p = _probability(settings.pop("p", None))
    return Step(_op(word, body, settings), p, names.next(word), body.where, body.path)


def _op(word: str, body: Item, given: dict[str, Item]) -> Op:
    kind = OPS[word]
    hints = get_type_hints(kind)
    values: dict[str, Any] = {}
    for field in dataclasses.fields(kind):
        if field.name in given:
            values[field.name] = _setting(given[field.name], hints[field.name], field.metadata["limits"])
        elif field.default is dataclasses.MISSING:
            limits = field.metadata["limits"]
            body.fail(f"{field.name!r} is missing", f"add {field.name}: [low, high], numbers {limits}")
    return kind(**values)


def _setting(item: Item, hint: Any, limits: Limits) -> Any:
    if hint == Range:
        entries = item.value if isinstance(item.value, list) else None
        if entries is None or len(entries) != 2:
            item.fail(f"got {item.shown}, want [low, high], numbers {limits}", "give two numbers in brackets")
        low, high = (_limited(entry, limits) for entry in entries)
        if low > high:
            item.fail(f"got [{low:g}, {high:g}], want the low end first", f"write [{high:g}, {low:g}]")
        return (low, high)
    return _limited(item, limits)


def _limited(item: Item, limits: Limits) -> float:
    number = item.number()
    if not limits.holds(number):
        item.fail(f"got {number:g}, want a number {limits}")
    return number


def _probability(item: Item | None) -> float:
    if item is None:
        return 1.0
    p = item.number()
    if not 0 <= p <= 1:
        item.fail(f"got {p:g}, want a probability from 0 to 1")
    return p


def _choice(word: str, body: Item, names: _Names) -> Choice:
    """Read `one_of: [...]`, or `some_of: {n: 2, steps: [...]}`; both take `{p, steps}`."""
    name = names.next(word)
    p, least, most = 1.0, 1, 1
    listed = body
    if isinstance(body.value, dict):
        keys = body.mapping(("p", "steps", *(("n",) if word == "some_of" else ())), needs=("steps",))
        p, listed = _probability(keys.get("p")), keys["steps"]
    branches = tuple(_branch(entry, names) for entry in listed.sequence())
    if not branches:
        listed.fail("there is nothing to choose from", "list at least one step")
    if word == "some_of":
        if not isinstance(body.value, dict) or "n" not in body.value:
            body.fail("'n' is missing", "write some_of: {n: 2, steps: [...]}")
        least, most = _count(body.value["n"], len(branches))
    return Choice(branches, least, most, p, name, body.where, body.path)


def _branch(item: Item, names: _Names) -> tuple[Node, ...]:
    """Read one branch of a choice: a step, or a list of steps done together."""
    if isinstance(item.value, list):
        return tuple(_node(entry, names) for entry in item.sequence())
    return (_node(item, names),)


def _count(item: Item, branches: int) -> tuple[int, int]:
    entries = item.sequence() if isinstance(item.value, list) else [item, item]
    numbers = [entry.value for entry in entries]
    whole = all(isinstance(n, int) and not isinstance(n, bool) for n in numbers)
    if len(numbers) != 2 or not whole or not 0 <= numbers[0] <= numbers[1] <= branches:
        item.fail(f"got {item.shown}, want a number of steps from 0 to {branches}, or [least, most]")
    return numbers[0], numbers[1]


def _leaves(nodes: tuple[Node, ...]) -> Iterator[Step]:
    for node in nodes:
        if isinstance(node, Step):
            yield node
        else:
            for branch in node.branches:
                yield from _leaves(branch)


def _canonical(node: Node) -> dict[str, Any]:
    word = node.name.partition("#")[0]
    if isinstance(node, Step) and isinstance(node.op, foreign.Foreign):
        return {word: {**node.op.written(), "p": node.p}}
    if isinstance(node, Step):
        settings = {f.name: getattr(node.op, f.name) for f in dataclasses.fields(node.op)}
        body: dict[str, Any] = {key: list(v) if isinstance(v, tuple) else v for key, v in settings.items()}
        return {word: {**body, "p": node.p}}
    branches = [[_canonical(child) for child in branch] for branch in node.branches]
    body = {"p": node.p, "steps": [branch[0] if len(branch) == 1 else branch for branch in branches]}
    return {word: {"n": [node.least, node.most], **body} if node.kind == "some_of" else body}

"""Steps: what a policy does, as a tree, read from YAML and written back as plain data.

A `Step` uses an op, a `Choice` (`one_of`, `some_of`) picks among branches, and `Sugar` is a choice written in
one line (`rand_augment`).  Every step has a name that stands for it in addresses, manifests and messages: its
op, and `#2` for the second use of it.
"""

from __future__ import annotations

import dataclasses
import functools
from collections import Counter
from collections.abc import Iterator
from typing import Any, TypeVar

from augkit import document
from augkit.document import Item
from augkit.errors import UsageError, did_you_mean
from augkit.ops import OPS, Drawn, Geometric, Limits, Op, foreign
from augkit.suites import SUITES, Suite, left

CHOICES = ("one_of", "some_of")
FOREIGN = "albumentations"

_Made = TypeVar("_Made", bound=Op | Suite)


@dataclasses.dataclass(frozen=True)
class Step:
    """Use an op, with probability `p`."""

    op: Op
    p: float
    name: str
    where: str = dataclasses.field(compare=False)
    path: str = dataclasses.field(compare=False)

    @functools.cached_property
    def drawn(self) -> tuple[Drawn, ...]:
        """Return the numbers that a use of the op draws; kept, as every batch asks for them many times."""
        return self.op.drawn()


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
        """Return "one_of" or "some_of"; of sugar, its word."""
        return self.name.partition("#")[0]


@dataclasses.dataclass(frozen=True)
class Sugar(Choice):
    """Do what a suite stands for: as many choices, one after the other, as it does ops.

    Steps in it are named after it, the number of the choice, and their name in the suite's table, such as
    `rand_augment.1.rotate`; `rand_augment.1.rotate#2` is the other sign.
    """

    suite: Suite


Node = Step | Choice


class Names(Counter[str]):
    """Give each step its name: the op, and #2, #3 … from its second use on."""

    def next(self, word: str) -> str:
        """Return the name of the next use of `word`."""
        self[word] += 1
        return word if self[word] == 1 else f"{word}#{self[word]}"


def read(item: Item, names: Names, *, chosen: bool = False) -> Node:
    """Read one step: a bare word, or one key with its settings; `chosen` when it stands in a choice.

    Raises:
        PolicyError: at `file:line:col`, with what was given, what is wanted, and the fix.
    """
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
    if word in SUITES:
        given = body.mapping([*(f.name for f in dataclasses.fields(SUITES[word])), "p"])
        p = _probability(given.pop("p", None))
        suite = _filled_in(SUITES[word], body, given)
        return sugar(suite, p, names.next(word), body.where, body.path)
    if word not in OPS:
        known = [*OPS, FOREIGN, *SUITES, *CHOICES]
        body.fail(
            f"got {document.quoted(word)}, want one of {', '.join(sorted(known))}",
            did_you_mean(word, known) or "see 'augkit ops'",
        )
    settings = body.mapping([*(f.name for f in dataclasses.fields(OPS[word])), "p"])
    given_p = settings.pop("p", None)
    op = _filled_in(OPS[word], body, settings)
    if isinstance(op, Geometric) and op.reshapes and (chosen or given_p is not None):
        problem = f"{word} changes the size of pictures, so that it is done to all of them or to none"
        (given_p or body).fail(problem, "leave p out" if given_p else "write it as a step of its own")
    return Step(op, _probability(given_p), names.next(word), body.where, body.path)


def _filled_in(kind: type[_Made], body: Item, given: dict[str, Item]) -> _Made:
    """Make an op or a suite of the settings given."""
    values: dict[str, Any] = {}
    for field in dataclasses.fields(kind):
        if field.name in given:
            values[field.name] = _setting(given[field.name], field)
        elif field.default is dataclasses.MISSING:
            body.fail(f"{field.name!r} is missing", f"add {field.name}: {wanted(field)}")
    try:
        return kind(**values)
    except UsageError as error:
        given.get(error.where, body).fail(error.problem, error.fix)


def _setting(item: Item, field: dataclasses.Field[Any]) -> Any:
    kinds = field.metadata
    if "words" in kinds:
        return item.word(kinds["words"])
    if "some" in kinds:
        return _some(item, kinds["some"])
    if "number" in kinds:
        return _limited(item, kinds["number"])
    entries = item.value if isinstance(item.value, list) else None
    if entries is None or len(entries) != kinds.get("count", 2):
        item.fail(f"got {item.shown}, want {wanted(field)}", "give numbers in brackets")
    if "numbers" in kinds:
        return tuple(_limited(entry, kinds["numbers"]) for entry in entries)
    low, high = (_limited(entry, kinds["limits"]) for entry in entries)
    if low > high:
        item.fail(f"got [{low:g}, {high:g}], want the low end first", f"write [{high:g}, {low:g}]")
    return (low, high)


def wanted(field: dataclasses.Field[Any]) -> str:
    """Say what a setting of an op takes."""
    kinds = field.metadata
    if "words" in kinds:
        return " or ".join(kinds["words"])
    if "some" in kinds:
        return f"a list of some of {', '.join(kinds['some'])}"
    if "number" in kinds:
        return f"a number {kinds['number']}"
    if "numbers" in kinds:
        return f"a list of {kinds['count']} numbers {kinds['numbers']}"
    return f"[low, high], numbers {kinds['limits']}"


def _some(item: Item, words: tuple[str, ...]) -> tuple[str, ...]:
    found: list[str] = []
    for entry in item.sequence():
        if entry.word(words) in found:
            entry.fail(f"{entry.shown} is listed twice", "keep one of them")
        found.append(entry.value)
    return tuple(found)


def _limited(item: Item, limits: Limits) -> float:
    value = item.number()
    if not limits.holds(value):
        whole = "whole " if limits.whole else ""
        item.fail(f"got {value:g}, want a {whole}number {limits}")
    return int(value) if limits.whole else value


def _probability(item: Item | None) -> float:
    if item is None:
        return 1.0
    p = item.number()
    if not 0 <= p <= 1:
        item.fail(f"got {p:g}, want a probability from 0 to 1")
    return p


def sugar(suite: Suite, p: float, name: str, where: str, path: str) -> Sugar:
    """Return what a suite stands for, as choices among steps that all bear its place."""
    slots = tuple(_slot(suite, f"{name}.{number}", where, path) for number in range(1, suite.n + 1))
    return Sugar((slots,), 1, 1, p, name, where, path, suite)


def _slot(suite: Suite, name: str, where: str, path: str) -> Choice:
    """Return the choice of one op; an op that is one of several, as a choice among those."""
    branches: list[tuple[Node, ...]] = []
    for word in left(suite):
        of_op = Names()
        steps = tuple(Step(op, 1.0, of_op.next(f"{name}.{word}"), where, path) for op in suite.ops(word))
        alike = tuple((step,) for step in steps)
        several = Choice(alike, 1, 1, 1.0, f"{name}.{word}.which", where, path)
        branches.append((several,) if len(steps) > 1 else steps)
    return Choice(tuple(branches), 1, 1, 1.0, name, where, path)


def _choice(word: str, body: Item, names: Names) -> Choice:
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


def _branch(item: Item, names: Names) -> tuple[Node, ...]:
    """Read one branch of a choice: a step, or a list of steps done together."""
    if isinstance(item.value, list):
        return tuple(read(entry, names, chosen=True) for entry in item.sequence())
    return (read(item, names, chosen=True),)


def _count(item: Item, branches: int) -> tuple[int, int]:
    entries = item.sequence() if isinstance(item.value, list) else [item, item]
    numbers = [entry.value for entry in entries]
    whole = all(isinstance(n, int) and not isinstance(n, bool) for n in numbers)
    if len(numbers) != 2 or not whole or not 0 <= numbers[0] <= numbers[1] <= branches:
        item.fail(f"got {item.shown}, want a number of steps from 0 to {branches}, or [least, most]")
    return numbers[0], numbers[1]


def in_suite(step: Step) -> str:
    """Return the name that a step goes by in the table of the suite it stands in; nothing where in none."""
    return step.name.rpartition(".")[2].partition("#")[0] if "." in step.name else ""


def leaves(nodes: tuple[Node, ...]) -> Iterator[Step]:
    """Yield every step, choices opened, in the order written."""
    for node in nodes:
        if isinstance(node, Step):
            yield node
        else:
            for branch in node.branches:
                yield from leaves(branch)


def canonical(node: Node) -> dict[str, Any]:
    """Return a step with all defaults filled in, as plain data that `read` reads back to an equal one."""
    word = node.name.partition("#")[0]
    if isinstance(node, Sugar):
        return {word: {**_settings(node.suite), "p": node.p}}
    if isinstance(node, Step) and isinstance(node.op, foreign.Foreign):
        return {word: {**node.op.written(), "p": node.p}}
    if isinstance(node, Step):
        reshapes = isinstance(node.op, Geometric) and node.op.reshapes
        return {word: {**_settings(node.op), **({} if reshapes else {"p": node.p})}}
    branches = [[canonical(child) for child in branch] for branch in node.branches]
    body: dict[str, Any] = {
        "p": node.p,
        "steps": [branch[0] if len(branch) == 1 else branch for branch in branches],
    }
    return {word: {"n": [node.least, node.most], **body} if node.kind == "some_of" else body}


def _settings(kind: Op | Suite) -> dict[str, Any]:
    settings = {field.name: getattr(kind, field.name) for field in dataclasses.fields(kind)}
    return {key: list(v) if isinstance(v, tuple) else v for key, v in settings.items() if v is not None}

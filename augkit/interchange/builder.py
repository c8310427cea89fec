"""What a foreign pipeline becomes: a policy, and notes on what it could not say."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Literal, cast

from augkit.intervals import Interval
from augkit.ops import OPS
from augkit.ops.borrowed import EFFECTS, EXACT, Frame
from augkit.ops.foreign import SIDE, Albumentations, Declared
from augkit.policy import Policy
from augkit.reach import Reach
from augkit.steps import Choice, Node, Step

Range = tuple[float, float]

LOST = Reach(zoom=Interval(0, math.inf), kept=Interval(0, 1), stretch=Interval(1, math.inf))
"""What a window can do whose share of the picture is not known."""

LEFT_OUT = "it changes the type or range of the numbers, which is the network's input: left out"


@dataclasses.dataclass(frozen=True)
class Note:
    """Say where a pipeline does what a policy does not say, or says otherwise."""

    where: str
    text: str

    def __str__(self) -> str:
        return f"{self.where}: {self.text}"


@dataclasses.dataclass(frozen=True)
class Converted:
    """Hold what a foreign pipeline became.

    Attributes:
        policy: what it does, as far as is known; steps that augkit cannot do are declared in it.
        notes:  where the policy departs from the pipeline.
    """

    policy: Policy
    notes: tuple[Note, ...]

    def carried(self) -> Converted:
        """Return what augkit can do of it: declared steps are left out, with a note on each."""
        notes = list(self.notes)
        steps = _carried(self.policy.steps, notes)
        return Converted(dataclasses.replace(self.policy, steps=_named(steps)), tuple(notes))


def _carried(nodes: tuple[Node, ...], notes: list[Note]) -> tuple[Node, ...]:
    out: list[Node] = []
    for node in nodes:
        if isinstance(node, Choice):
            branches = tuple(_carried(branch, notes) for branch in node.branches)
            if any(branches):  # an emptied branch stays and does nothing, so that the others keep their odds
                out.append(dataclasses.replace(node, branches=branches))
        elif isinstance(node.op, Declared):
            if node.op.reach != Reach():
                notes.append(Note(node.where, "augkit has no op for it; it is left out"))
        elif isinstance(node.op, Albumentations):
            side = node.op.shape.side if node.op.shape else node.op.side
            op = dataclasses.replace(node.op, shape=None, side=side)
            out.append(dataclasses.replace(node, op=op, name="albumentations"))
        else:
            out.append(node)
    return tuple(out)


def _named(nodes: tuple[Node, ...], used: Counter[str] | None = None) -> tuple[Node, ...]:
    """Give the steps the names that a policy file gives them: the op, and #2 from its second use on."""
    used = Counter() if used is None else used
    out: list[Node] = []
    for node in nodes:
        word = node.name.partition("#")[0]
        used[word] += 1
        name = word if used[word] == 1 else f"{word}#{used[word]}"
        if isinstance(node, Choice):
            branches = tuple(_named(branch, used) for branch in node.branches)
            out.append(dataclasses.replace(node, name=name, branches=branches))
        else:
            out.append(dataclasses.replace(node, name=name))
    return tuple(out)


class Builder:
    """Put a policy together, step by step, and follow the frame as the pipeline changes it.

    Args:
        file:   what stands for the pipeline in messages.
        tool:   whose pipeline it is.
        aspect: width over height of the pictures.
        side:   pixels across their shorter side, or 0 where it is not known; then the aspect is a guess.
    """

    def __init__(self, file: str, tool: str, aspect: Interval, side: int) -> None:
        self.file, self.tool = file, tool
        self.frame = Frame(aspect, side or SIDE, keeps=False)
        self.knows_side = self.knows_shape = side > 0
        self.chosen = False
        self.notes: list[Note] = []
        self._borders: dict[tuple[str, tuple[int, ...]], str] = {}
        self._repeats: list[str] = []

    def note(self, where: str, text: str) -> None:
        """Say that something is not carried, or otherwise."""
        if Note(where, text) not in self.notes:
            self.notes.append(Note(where, text))

    @contextlib.contextmanager
    def choice(self, *, chosen: bool = True) -> Iterator[None]:
        """Take note that what is read meanwhile is not done to every picture, so that no size may change."""
        before, self.chosen = self.chosen, self.chosen or chosen
        yield
        self.chosen = before

    def native(self, word: str, where: str, *, p: float = 1.0, **settings: Any) -> tuple[Node, ...]:
        """Use an op of augkit, its ranges given as pairs; nothing, where its settings do nothing."""
        kind = OPS[word]
        fields = {field.name: field.metadata for field in dataclasses.fields(kind)}
        ranges = {key: value for key, value in settings.items() if "limits" in fields[key]}
        limits = {key: fields[key]["limits"] for key in ranges}
        moving = {key: value for key, value in ranges.items() if value != (limits[key].still,) * 2}
        if p == 0 or (ranges and not moving):
            return ()
        wrong = [key for key, ends in moving.items() if not all(limits[key].holds(end) for end in ends)]
        if wrong:
            self.note(where, f"{wrong[0]} of {list(moving[wrong[0]])} is more than {word} of augkit takes")
            return self.declared(word, Reach.unknown(), where, p=p)
        given = {**settings, **{key: (float(low), float(high)) for key, (low, high) in ranges.items()}}
        return (Step(kind(**given), float(p), word, where, ""),)

    def borrowed(self, name: str, where: str, *, p: float = 1.0, **arguments: Any) -> tuple[Node, ...]:
        """Use a transform of albumentations, for the frame as it is here."""
        if name in EXACT and not self.knows_side:
            self.note(where, "it counts pixels, and how many the pictures have is not known: give --side")
            return self.declared(name, LOST, where, p=p)
        op = Albumentations(
            name=name, arguments=json.dumps(arguments, sort_keys=True), side=self.frame.side, shape=self.frame
        )
        op.effects(self.frame.aspect)
        return (Step(op, float(p), name, where, ""),) if p > 0 else ()

    def declared(self, name: str, reach: Reach, where: str, *, p: float = 1.0) -> tuple[Node, ...]:
        """Say what a step does that augkit has no op for."""
        return (Step(Declared(name=name, reach=reach), float(p), name, where, ""),) if p > 0 else ()

    def unknown(self, name: str, where: str, why: str, *, p: float = 1.0) -> tuple[Node, ...]:
        """Say that nothing is known of a step: it is inside no limit."""
        self.note(where, f"{why}: it counts as doing anything")
        return self.declared(name, Reach.unknown(), where, p=p)

    def group(self, nodes: Iterable[Node], where: str, *, p: float = 1.0) -> tuple[Node, ...]:
        """Do some steps together, with probability `p`."""
        inner = tuple(nodes)
        if p == 0 or not inner:
            return ()
        if p == 1:
            return inner
        if len(inner) == 1:
            return (dataclasses.replace(inner[0], p=inner[0].p * p),)
        return (Choice((inner,), 1, 1, float(p), "one_of", where, ""),)

    def one_of(self, branches: Sequence[tuple[Node, ...]], where: str, *, p: float = 1.0) -> tuple[Node, ...]:
        """Do one of the branches, each as likely; an empty branch does nothing."""
        return self.some_of(branches, 1, where, p=p)

    def some_of(
        self, branches: Sequence[tuple[Node, ...]], count: int, where: str, *, p: float = 1.0
    ) -> tuple[Node, ...]:
        """Do `count` of the branches, in the order given."""
        if p == 0 or not any(branches) or count == 0:
            return ()
        word = "one_of" if count == 1 else "some_of"
        return (Choice(tuple(branches), count, count, float(p), word, where, ""),)

    def became(self, width: float, height: float) -> None:
        """Take note that the pictures have this size from here on."""
        self.frame = Frame(Interval(width / height, width / height), round(min(width, height)), keeps=False)
        self.knows_side = self.knows_shape = True

    def border(self, where: str, kind: str, fill: Any = 0) -> None:
        """Take note of what a step shows outside the picture: a key of `BORDERS`, "reflect_101" or "wrap"."""
        if kind == "reflect_101":
            self.note(where, "its mirror images leave out the picture's last pixels; augkit's repeat them")
            kind = "reflect"
        elif kind == "wrap":
            self._repeats.append(where)
            kind = "edge"
        levels = fill if isinstance(fill, list | tuple) else (fill,)
        usable = len(levels) in (1, 3) and all(isinstance(v, int | float) for v in levels)
        colour = tuple(round(min(255.0, max(0.0, v))) for v in levels) if usable else (0,)
        if len(set(colour)) == 1:
            colour = colour[:1]
        self._borders.setdefault((kind, colour if kind == "constant" else (0,)), where)

    def finish(self, steps: tuple[Node, ...], task: str) -> Converted:
        """Return the policy and the notes."""
        first = sorted(self._borders, key=lambda border: border[0] != "reflect")  # it can do most
        (kind, fill), *others = first or [("constant", (0,))]
        said = kind if kind != "constant" else f"{kind} {list(fill)}"
        for border in others:
            self.note(self._borders[border], f"one policy has one border; all steps get {said}")
        for where in self._repeats:
            why = "a border that wraps shows the picture again beside itself; augkit continues its edge"
            steps = (*steps, *self.unknown("wrapping border", where, why))
        chosen = cast(Literal["constant", "edge", "reflect"], kind)
        policy = Policy(steps=_named(steps), task=task, fill=fill, border=chosen, file=self.file)
        return Converted(policy, tuple(self.notes))


def known(name: str) -> bool:
    """Tell whether albumentations 2.0.8 has a transform that augkit can use."""
    return name in EFFECTS

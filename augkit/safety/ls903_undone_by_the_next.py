"""Holds a step that the next one of its kind undoes exactly.

Why: two flips, or an inversion twice, are two lines in the file and nothing in the data.  Geometry and tone
do not disturb each other, so that a step of the one between two of the other changes nothing of it.

Example:

    version: 1
    task: digits
    steps:
      - flip_horizontal
      - contrast: {gain: [0.8, 1.2]}
      - flip_horizontal

Use instead:

    version: 1
    task: digits
    steps:
      - contrast: {gain: [0.8, 1.2]}
"""

from __future__ import annotations

from collections.abc import Iterator

from augkit import affine
from augkit.ops import Geometric, Op, Tone
from augkit.safety.case import Case
from augkit.safety.finding import Finding
from augkit.steps import Choice, Node, Step

CODE, NAME = "LS903", "undone-by-the-next"
_FUZZ = 1e-9


def check(case: Case) -> Iterator[Finding]:
    """Yield a finding for each step that is always done, always alike, and undone by the next of its kind."""
    for first, second in undone(case.policy.steps, (case.aspect.low, case.aspect.high)):
        yield Finding(
            code=CODE,
            name=NAME,
            where=second.where,
            path=second.path,
            state="unsafe",
            problem=f"{second.name} undoes {first.name}, and both are always done",
            fix="remove both, or give one of them a probability or a range",
        )


def undone(nodes: tuple[Node, ...], aspects: tuple[float, ...]) -> Iterator[tuple[Step, Step]]:
    """Yield each step that is always done and always alike with the next of its kind, which undoes it."""
    last: dict[type[Op], Step] = {}
    for node in nodes:
        if isinstance(node, Choice):
            for branch in node.branches:
                yield from undone(branch, aspects)
            last.clear()
        elif node.p > 0:
            kind = next((family for family in (Geometric, Tone) if isinstance(node.op, family)), None)
            if kind is None:
                last.clear()
                continue
            before = last.pop(kind, None)
            if isinstance(node.op, Geometric) and node.op.aspect_after is not None:
                aspects = (node.op.aspect_after,)
            if node.p < 1 or any(number.low < number.high for number in node.op.drawn()):
                continue
            if before and not _nothing((before.op,), aspects) and _nothing((before.op, node.op), aspects):
                yield before, node
            else:
                last[kind] = node


def _nothing(ops: tuple[Op, ...], aspects: tuple[float, ...]) -> bool:
    """Tell whether some steps together change nothing."""
    return all(_still(ops, aspect) for aspect in aspects)


def _still(ops: tuple[Op, ...], aspect: float) -> bool:
    through: affine.Map = affine.IDENTITY
    line = (1.0, 0.0)
    for op in ops:
        values = {number.name: number.low for number in op.drawn()}
        if isinstance(op, Geometric):
            if op.clips or op.reshapes:
                return False
            through = affine.compose(op.matrix(values, aspect), through)
        elif isinstance(op, Tone):
            slope, level = op.curve(values)
            line = (slope * line[0], slope * line[1] + level)
    whole = (*through, *line)
    return all(abs(x - y) < _FUZZ for x, y in zip(whole, (*affine.IDENTITY, 1.0, 0.0), strict=True))

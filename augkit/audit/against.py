"""Against: where what was measured and what a task says disagree."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

from augkit.audit.cells import Cell, Word
from augkit.audit.result import Audit, Column
from augkit.tasks import Task

KINDS = ("relabels", "destroys", "keeps instead", "fragile", "stricter")
"""From the worst: the task lets a label through that is another's, or nobody's; it writes another label where
the picture keeps its own; it lets through what networks must be taught; it refuses what is kept."""


@dataclasses.dataclass(frozen=True)
class Disagreement:
    """Hold a run of strengths at which a task says one thing of a class and the audit another.

    Attributes:
        kind:      one of KINDS.
        label:     the class.
        sweep:     along which sweep.
        strengths: where, in order.
        task:      what the task says there: "survives", "becomes X" or "refuses".
        measured:  what was measured: a verdict, "becomes X" among them.
        kept:      the least share kept, of those strengths.
        unit:      of the strengths.
    """

    kind: str
    label: str
    sweep: str
    strengths: tuple[float, ...]
    task: str
    measured: str
    kept: float
    unit: str

    @property
    def grave(self) -> bool:
        """Tell whether a policy that the task lets through would write wrong labels."""
        return self.kind in KINDS[:3]

    def text(self) -> str:
        """Return it as a line."""
        at = f"{self.strengths[0]:g}{self.unit}"
        if len(self.strengths) > 1:
            at = f"{self.strengths[0]:g} to {self.strengths[-1]:g}{self.unit}"
        return (
            f"{self.label} at {self.sweep} {at}: the task says {self.task}, "
            f"measured: {self.measured} ({100 * self.kept:.0f} % kept)"
        )

    def canonical(self) -> dict[str, Any]:
        """Return it as plain data."""
        return dataclasses.asdict(self)


def disagreements(audit: Audit, task: Task) -> tuple[Disagreement, ...]:
    """Return where a task and an audit disagree, the worst first; where the audit is unsure, nowhere.

    Raises:
        TaskError: the task speaks of other classes than the audit.
    """
    task.fit(audit.classes)
    columns = {(column.sweep, column.strength): column for column in audit.columns}
    found: list[Disagreement] = []
    for sweep in audit.sweeps:
        for label in audit.classes:
            run: list[tuple[str, str, str, Cell]] = []
            for cell in audit.of(sweep, label):
                column = columns[sweep, cell.strength]
                said = says(task, label, column)
                kind = _kind(said, cell.verdict, cell.other)
                if run and (kind, said, _measured(cell)) != run[0][:3]:
                    found += _closed(run, columns[sweep, run[0][3].strength])
                    run = []
                if kind:
                    run.append((kind, said, _measured(cell), cell))
            found += _closed(run, column) if run else ()
    return tuple(sorted(found, key=lambda one: KINDS.index(one.kind)))


def says(task: Task, label: str, column: Column) -> str:
    """Return what a task says of a class at a column: "survives", "becomes X" or "refuses"."""
    if column.value in task.survives(label).on(column.axis):
        return "survives"
    other = task.partner(label, column.axis, column.value)
    return "refuses" if other is None else f"becomes {other}"


def _kind(said: str, verdict: Word, other: str) -> str:
    if verdict == "unsure":
        return ""
    if said == "survives":
        return {"becomes": "relabels", "destroys": "destroys", "fragile": "fragile"}.get(verdict, "")
    if said == "refuses":
        return "stricter" if verdict == "keeps" else ""
    if verdict == "becomes":
        return "" if said == f"becomes {other}" else "relabels"
    return {"keeps": "keeps instead", "destroys": "destroys"}.get(verdict, "fragile")


def _measured(cell: Cell) -> str:
    return f"becomes {cell.other}" if cell.verdict == "becomes" else cell.verdict


def _closed(run: list[tuple[str, str, str, Cell]], column: Column) -> Iterator[Disagreement]:
    kind, said, measured, first = run[0]
    cells = [cell for *_, cell in run]
    yield Disagreement(
        kind,
        first.label,
        first.sweep,
        tuple(cell.strength for cell in cells),
        said,
        measured,
        round(min(cell.kept.seen for cell in cells), 4),
        column.unit,
    )


def text(found: tuple[Disagreement, ...], task: Task) -> str:
    """Return the disagreements as `augkit audit --against` prints them."""
    if not found:
        return f"nothing that was measured for certain disagrees with the task {task.name}"
    lines = []
    for kind, head in _HEADS.items():
        some = [one for one in found if one.kind == kind]
        if some:
            lines += [f"{head} ({len(some)})", *(f"  {one.text()}" for one in some)]
    return "\n".join([f"against the task {task.name}:", *lines])


_HEADS = {
    "relabels": "the task lets labels through that are another class's",
    "destroys": "the task lets pictures through that no network can read",
    "keeps instead": "the task writes another label where the picture keeps its own",
    "fragile": "the task lets through what a network must be taught",
    "stricter": "the task refuses what is kept",
}

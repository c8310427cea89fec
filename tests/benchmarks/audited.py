"""Audited: the tables of AUDIT.md, from results of `augkit audit` of the same data with several seeds.

Command: python -m tests.benchmarks.audited out/audit-mnist-sample [another …]
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence

from augkit.audit import Audit, load, proposal
from augkit.audit.cells import WORDS, Cell
from augkit.reach import AXES, numbers
from tests.benchmarks.report import table

SHOWN = (("turn", 180.0), ("turn", 20.0), ("turn", -20.0), ("mirrored", 0.0), ("mirrored", 180.0))
"""Sweep and strength of the columns that stand in the table class by class."""


def columns(found: Sequence[Audit]) -> list[str]:
    """Return a table of what each class becomes at some strengths, one audit after another."""
    heads = [
        "change",
        "class",
        "verdict",
        "clean reads it",
        "taught reads it",
        "clean reads another",
        "excess",
    ]
    rows = []
    for sweep, strength in SHOWN:
        for label in found[0].classes:
            cells = [one.at(sweep, strength, label) for one in found if sweep in one.sweeps]
            if cells:
                rows.append([f"{sweep} {strength:g}°".replace("-", "−"), label, *_cells(cells)])
    return table(heads, rows)


def _cells(cells: Sequence[Cell]) -> list[str]:
    verdicts = [_verdict(cell) for cell in cells]
    same = set(verdicts)
    return [
        verdicts[0] if len(same) == 1 else " / ".join(verdicts),
        " / ".join(f"{cell.kept.seen:.0%}" for cell in cells),
        " / ".join(f"{cell.taught.seen:.0%}" for cell in cells),
        " / ".join(f"{cell.other} {cell.reads.seen:.0%}" for cell in cells),
        " / ".join(f"{100 * cell.excess.seen:.1f}" for cell in cells),
    ]


def _verdict(cell: Cell) -> str:
    if cell.verdict == "becomes":
        return f"**becomes {cell.other}**"
    return "keeps, frail" if cell.frail else cell.verdict


def limits(found: Sequence[Audit]) -> list[str]:
    """Return a table of how far each axis is kept, by most classes and by each that differs."""
    rows = []
    for axis in AXES:
        if not any(column.axis == axis for column in found[0].columns):
            continue
        said = [_limits(one, axis) for one in found]
        rows.append([axis, said[0] if len(set(said)) == 1 else " / ".join(said)])
    return table(["axis", "kept"], rows)


def _limits(found: Audit, axis: str) -> str:
    groups: dict[str, list[str]] = {}
    for label in found.classes:
        groups.setdefault(numbers(axis, proposal.survived(found, axis, label)), []).append(label)
    ordered = sorted(groups.items(), key=lambda group: -len(group[1]))
    return "; ".join(f"{said} ({', '.join(labels)})" for said, labels in ordered)


def main(paths: Sequence[str]) -> int:
    """Print the tables."""
    found = [load(path) for path in paths]
    for one in found:
        counts = Counter(cell.verdict for cell in one.cells)
        frail = sum(cell.frail for cell in one.cells)
        said = ", ".join(f"{counts[word]} {word}" for word in WORDS)
        print(f"seed {one.seed}: {len(one.cells)} cells: {said}; {frail} of those kept are frail\n")
    print(*columns(found), "", *limits(found), sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

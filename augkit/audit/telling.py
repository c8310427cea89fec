"""Telling: an audit as the lines that `augkit audit` prints."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator

from augkit.audit import proposal
from augkit.audit.cells import WORDS, Cell
from augkit.audit.result import Audit, counts
from augkit.reach import AXES, numbers

_DISPUTES = 10
_WIDE = 110


def text(audit: Audit) -> str:
    """Return what was found: how many cells of each verdict, how far each axis is kept, what becomes what."""
    found = counts(audit.cells)
    said = " · ".join(f"{found[word]:,} {word}" for word in WORDS)
    lines = [
        f"{audit.source}: {sum(audit.pictures):,} pictures of {len(audit.classes)} classes, "
        f"{len(audit.cells):,} cells: {said}",
        *(f"  alarm: {alarm}" for alarm in audit.alarms),
        f"upright, networks read rightly: {_upright(audit)}",
        "",
        f"kept for certain: a network that saw no change still reads {audit.terms.kept:.0%}, or most, and "
        "one that was taught the change so many",
    ]
    for axis in AXES:
        if any(column.axis == axis for column in audit.columns):
            lines += _folded(f"  {axis:<11}{'; '.join(_limits(audit, axis))}")
    lines += _idle(audit)
    lines += _section("kept, though fragile: a network wants to be taught the change", _frail(audit))
    lines += _section("becomes another class", _becomes(audit))
    lines += _section("destroyed: no network tells the class", _runs(audit, _destroyed))
    lines += _disputes(audit)
    lines += _unsure(audit)
    return "\n".join(lines)


def _upright(audit: Audit) -> str:
    shares = {name: clean.seen for name, (clean, _) in audit.upright.items()}
    worst = min(shares, key=shares.__getitem__)
    mean = sum(clean.hits for clean, _ in audit.upright.values()) / max(1, sum(audit.pictures))
    return f"{mean:.1%} of all, {shares[worst]:.1%} of {worst}"


def _limits(audit: Audit, axis: str) -> Iterator[str]:
    """Yield limits on one axis, and whose they are, those of most classes first."""
    groups: dict[str, list[str]] = {}
    for label in audit.classes:
        groups.setdefault(numbers(axis, proposal.survived(audit, axis, label)), []).append(label)
    ordered = sorted(groups.items(), key=lambda group: -len(group[1]))
    if len(ordered) == 1:
        yield f"{ordered[0][0]} (every class)"
        return
    for said, labels in ordered:
        shown = ", ".join(labels[:12]) + (" …" if len(labels) > 12 else "")
        yield f"{said} ({shown})"


def _idle(audit: Audit) -> list[str]:
    """Name the changes that change nothing: the data are not what they are meant for."""
    still = [f"{column.sweep} {column.said()}" for column in audit.columns if column.moved == 0]
    return _folded(f"changes no picture: {', '.join(still)}") if still else []


def _becomes(audit: Audit) -> Iterator[str]:
    for sweep in audit.sweeps:
        pairs = [(c.label, c.other) for c in audit.cells if c.sweep == sweep and c.verdict == "becomes"]
        for label, other in dict.fromkeys(pairs):
            cells = [c for c in audit.of(sweep, label) if c.verdict == "becomes" and c.other == other]
            most = max(cells, key=lambda cell: cell.excess.low)
            yield (
                f"{label} reads {other} at {sweep} {_strengths(cells)}{_unit(audit, sweep)}: by a clean "
                f"network in {most.reads.seen:.0%}, by one that was taught the change in "
                f"{most.excess.seen:.0%} more cases than upright (at least {most.excess.low:.0%})"
            )


def _frail(audit: Audit) -> Iterator[str]:
    return _runs(audit, lambda cell: cell.frail)


def _destroyed(cell: Cell) -> bool:
    return cell.verdict == "destroys"


def _runs(audit: Audit, wanted: Callable[[Cell], bool]) -> Iterator[str]:
    for sweep in audit.sweeps:
        groups: dict[str, list[str]] = {}
        for label in audit.classes:
            cells = [cell for cell in audit.of(sweep, label) if wanted(cell)]
            if cells:
                groups.setdefault(_strengths(cells), []).append(label)
        for said, labels in groups.items():
            yield f"{', '.join(labels)} at {sweep} {said}{_unit(audit, sweep)}"


def _strengths(cells: list[Cell]) -> str:
    return ", ".join(f"{cell.strength:g}" for cell in cells)


def _unit(audit: Audit, sweep: str) -> str:
    return next(column.unit for column in audit.columns if column.sweep == sweep)


def _disputes(audit: Audit) -> list[str]:
    if not audit.disputes:
        return []
    lines = [
        f"{one.key}: its label is {one.label}, both networks read {one.reads} ({one.probability:.0%} sure)"
        for one in audit.disputes[:_DISPUTES]
    ]
    more = len(audit.disputes) - _DISPUTES
    lines += [f"and {more:,} more in result.json"] if more > 0 else []
    return _section("labels in dispute, worst first", lines)


def _unsure(audit: Audit) -> list[str]:
    unsure = [cell for cell in audit.cells if cell.verdict == "unsure"]
    if not unsure:
        return []
    needed = sorted(cell.more for cell in unsure if cell.more is not None)
    said = f"unsure: {len(unsure):,} cells"
    if needed:
        half = needed[(len(needed) - 1) // 2]
        said += f"; {half:,} more pictures of each class would decide half of those that can be decided"
    return ["", said]


def _section(head: str, lines: list[str] | Iterator[str]) -> list[str]:
    body = [folded for line in lines for folded in _folded(f"  {line}")]
    return ["", head, *body] if body else []


def _folded(line: str) -> list[str]:
    indent = " " * (len(line) - len(line.lstrip()) + 4)
    return textwrap.wrap(
        line, _WIDE, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )

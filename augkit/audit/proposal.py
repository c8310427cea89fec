"""The proposal: a task file written from what was measured, which `augkit.tasks` reads as any other.

A class survives an axis as far as its cells say `keeps` without a gap, beginning at the picture as it is; of
angles also every other run of such cells.  Nothing is read between the lines: a strength that was not tried,
or is `unsure`, is not survived.  Where several sweeps go along an axis the least of them counts.
"""

from __future__ import annotations

import functools
import json
import math
from collections.abc import Callable, Iterator
from typing import Any

from augkit import tasks
from augkit.audit.cells import Cell
from augkit.audit.result import Audit
from augkit.intervals import EMPTY, NOWHERE, Arcs, Interval
from augkit.reach import AXES, Limits, numbers
from augkit.tasks import Task

_COLOUR = ("hue", "saturation", "channels")


def proposed(audit: Audit, name: str) -> str:
    """Return the text of a task file that says what was measured, with its numbers as reasons."""
    axes = _axes(audit)
    limits = {label: {axis: survived(audit, axis, label) for axis in axes} for label in audit.classes}
    default = {axis: _usual([limits[label][axis] for label in audit.classes]) for axis in axes}
    out: dict[str, Any] = {
        "version": 1,
        "task": name,
        "about": f"Measured on {sum(audit.pictures):,} pictures of {audit.source} by augkit audit.",
        "classes": list(audit.classes),
        "survives": {axis: _written(axis, default[axis]) for axis in axes},
    }
    if audit.size[2] == 1:
        out["survives"] |= dict.fromkeys(_COLOUR, "any")
    excepted = {
        label: {axis: _written(axis, mine[axis]) for axis in axes if mine[axis] != default[axis]}
        for label, mine in limits.items()
    }
    out["except"] = {label: differs for label, differs in excepted.items() if differs}
    out["becomes"] = [
        {axis: _turned(arcs), "classes": dict(pairs)} for (axis, arcs), pairs in _zones(audit).items()
    ]
    out["because"] = dict(_reasons(audit, axes, limits, default))
    text = "".join(_lines(out))
    tasks.parse(text, name)  # a proposal that is no task would be a bug here, not the user's
    return text


def _lines(out: dict[str, Any]) -> Iterator[str]:
    """Yield the lines of the file: what stands in JSON on one line is YAML too."""
    yield "# Written by augkit audit: what networks still read, not what anybody thinks.\n"
    for key, value in out.items():
        if not value:
            continue
        if isinstance(value, dict):
            yield f"{key}:\n"
            yield from (f"  {_json(name)}: {_json(part)}\n" for name, part in value.items())
        elif key == "becomes":
            yield f"{key}:\n"
            yield from (f"  - {_json(zone)}\n" for zone in value)
        else:
            yield f"{key}: {_json(value)}\n"


def _json(value: Any) -> str:
    if isinstance(value, str) and value.isidentifier():
        return value
    return json.dumps(value, ensure_ascii=False)


def as_task(audit: Audit, name: str = "measured") -> Task:
    """Return the proposal as a task."""
    return tasks.parse(proposed(audit, name), name)


def survived(audit: Audit, axis: str, label: str) -> Limits:
    """Return how far a class is kept along one axis: the least of its sweeps."""
    sweeps = dict.fromkeys(column.sweep for column in audit.columns if column.axis == axis)
    cells = [sorted(audit.of(sweep, label), key=lambda cell: cell.value) for sweep in sweeps]
    if AXES[axis].kind == "arcs":
        return _arcs(axis, cells[0], lambda cell: cell.verdict == "keeps")
    return functools.reduce(_both, (_interval(axis, some) for some in cells))


def _both(one: Interval, other: Interval) -> Interval:
    return one.both(other)


def _axes(audit: Audit) -> tuple[str, ...]:
    """Return the axes that were tried, in the order of AXES."""
    tried = {column.axis for column in audit.columns}
    return tuple(axis for axis in AXES if axis in tried)


def _arcs(axis: str, cells: list[Cell], good: Callable[[Cell], bool]) -> Arcs:
    """Return the runs of good cells round the circle, the upright picture being good where nothing turns."""
    kept = {cell.value % 360: good(cell) for cell in cells}
    if axis == "turn":
        kept[0.0] = True
    round_ = sorted(kept)
    arcs = []
    for at, angle in enumerate(round_):
        if not kept[angle]:
            continue
        following = round_[(at + 1) % len(round_)]
        width = (following - angle) % 360 if len(round_) > 1 else 0.0
        arcs.append((angle, angle + width) if kept[following] else (angle, angle))
    return Arcs.of(*arcs) if arcs else NOWHERE


def _interval(axis: str, cells: list[Cell]) -> Interval:
    kind = AXES[axis]
    assert isinstance(kind.still, Interval) and isinstance(kind.whole, Interval)
    if kind.parity:  # nothing lies still there: the run of kept cells about the slope of one, if that is kept
        middle = min(range(len(cells)), key=lambda at: abs(cells[at].value - 1))
        if cells[middle].verdict != "keeps":
            return EMPTY
        low = _run(reversed(cells[:middle]), cells[middle].value)
        return Interval(low, _run(iter(cells[middle + 1 :]), cells[middle].value))
    rest = kind.still.low if kind.kind != "least" else kind.still.high
    below = [cell for cell in reversed(cells) if cell.value < rest]
    above = [cell for cell in cells if cell.value > rest]
    if kind.kind == "most":
        return Interval(kind.whole.low, _run(iter(above), rest))
    if kind.kind == "least":
        return Interval(_run(iter(below), rest), kind.whole.high)
    return Interval(_run(iter(below), rest), _run(iter(above), rest))


def _run(cells: Iterator[Cell], start: float) -> float:
    """Return the last value that is kept without a gap."""
    for cell in cells:
        if cell.verdict != "keeps":
            break
        start = cell.value
    return start


def _usual(limits: list[Limits]) -> Limits:
    """Return the limits that most classes have; of several such, the narrowest."""
    return max(dict.fromkeys(limits), key=lambda limit: (limits.count(limit), -limit.width))


def _written(axis: str, limits: Limits) -> Any:
    kind = AXES[axis]
    if limits == kind.any:
        return "any"
    if limits.empty or limits == kind.still:
        return "none"
    if isinstance(limits, Arcs):
        arcs = _turned(limits)
        return arcs if len(arcs) > 1 else arcs[0]
    if kind.kind == "range":
        return [round(limits.low, 4), round(limits.high, 4)]
    return _inwards(limits.high if kind.kind == "most" else limits.low, kind.kind)


def _turned(arcs: Arcs) -> list[list[float]]:
    """Return arcs as pairs, those about the half turn written about 180, and none beyond 360."""
    pairs = []
    for low, high in arcs.arcs:  # low is from -180 to 180
        round_ = 360 if low < -135 and high <= 0 else -360 if high > 360 else 0
        pairs.append([round(low + round_, 4), round(high + round_, 4)])
    return pairs


def _inwards(end: float, kind: str) -> float:
    """Round a limit, to no more than was measured."""
    fine = 1e4
    return (math.floor(end * fine + 1e-6) if kind == "most" else math.ceil(end * fine - 1e-6)) / fine


def _zones(audit: Audit) -> dict[tuple[str, Arcs], list[tuple[str, str]]]:
    """Return where classes become others: axis and arcs, and the pairs for which these hold."""
    zones: dict[tuple[str, Arcs], list[tuple[str, str]]] = {}
    for axis in ("turn", "mirrored"):
        for label in audit.classes if axis in audit.sweeps else ():
            cells = list(audit.of(axis, label))
            for other in dict.fromkeys(cell.other for cell in cells if cell.verdict == "becomes"):
                arcs = _arcs("", cells, functools.partial(_becomes, other))
                zones.setdefault((axis, arcs), []).append((label, other))
    return zones


def _becomes(other: str, cell: Cell) -> bool:
    return cell.verdict == "becomes" and cell.other == other


def _reasons(
    audit: Audit,
    axes: tuple[str, ...],
    limits: dict[str, dict[str, Limits]],
    default: dict[str, Limits],
) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield for each axis, and for what becomes another, why: with numbers."""
    source = f"augkit audit {audit.version} of {audit.source}, seed {audit.seed}"
    for axis in axes:
        yield axis, {"text": _reason(audit, axis, limits, default[axis]), "source": source}
    found = [cell for cell in audit.cells if cell.verdict == "becomes" and cell.sweep in ("turn", "mirrored")]
    best: dict[tuple[str, str, str], Cell] = {}
    for cell in found:
        key = (cell.sweep, cell.label, cell.other)
        if key not in best or cell.excess.low > best[key].excess.low:
            best[key] = cell
    if best:
        said = "; ".join(
            f"{cell.label} at {cell.sweep} {cell.strength:g}° is read {cell.other} in "
            f"{_percent(cell.reads.seen)} by a clean network, and in {_percent(cell.excess.seen)} more cases "
            f"than upright (at least {_percent(cell.excess.low)}) by one that was taught the change"
            for cell in best.values()
        )
        yield "becomes", {"text": said, "source": source}


def _reason(audit: Audit, axis: str, limits: dict[str, dict[str, Limits]], default: Limits) -> str:
    """Say how well classes are kept at their limits, and what stops at the next strength."""
    usual = [label for label in audit.classes if limits[label][axis] == default]
    inside: list[Cell] = []
    beyond: list[Cell] = []
    for cell in audit.cells:
        if cell.label in usual and _axis(audit, cell) == axis:
            (inside if cell.verdict == "keeps" and _within(axis, cell, default) else beyond).append(cell)
    text = f"{numbers(axis, default)} for {_listed(usual, audit.classes)}: "
    if inside:
        least = min(inside, key=lambda cell: cell.kept.low)
        text += (
            f"a clean network still reads at least {_percent(least.kept.seen)} of each class there "
            f"(lower bound {_percent(least.kept.low)}, of {least.label} at {_at(least)})"
        )
        if any(cell.frail for cell in inside):
            taught = min((cell for cell in inside if cell.frail), key=lambda cell: cell.taught.low)
            text += (
                f", and one that was taught the change at least {_percent(taught.taught.seen)} where that is "
                f"less than {audit.terms.kept:.0%} (lower bound {_percent(taught.taught.low)}, of "
                f"{taught.label} at {_at(taught)})"
            )
    else:
        text += "not even the least strength tried is kept for certain"
    stopping = _nearest(axis, beyond)
    if stopping is not None:
        text += (
            f"; at {_at(stopping)} {stopping.label} is {stopping.verdict} ({_percent(stopping.kept.seen)})"
        )
    return text


def _axis(audit: Audit, cell: Cell) -> str:
    """Return the axis that a cell's sweep goes along."""
    return next(column.axis for column in audit.columns if column.sweep == cell.sweep)


def _within(axis: str, cell: Cell, limits: Limits) -> bool:
    return cell.value in limits


def _nearest(axis: str, beyond: list[Cell]) -> Cell | None:
    """Return the cell not kept that lies nearest to doing nothing."""
    kind = AXES[axis]
    if kind.kind == "arcs":
        return min(beyond, key=lambda cell: (abs(cell.value), cell.kept.seen), default=None)
    if kind.kind == "range":
        return min(beyond, key=lambda cell: (abs(cell.value - _rest(axis)), cell.kept.seen), default=None)
    sign = 1 if kind.kind == "most" else -1
    return min(beyond, key=lambda cell: (sign * cell.value, cell.kept.seen), default=None)


def _rest(axis: str) -> float:
    still = AXES[axis].still
    return still.low if isinstance(still, Interval) and not still.empty else 1.0


def _at(cell: Cell) -> str:
    return f"{cell.sweep} {cell.strength:g}"


def _listed(some: list[str], classes: tuple[str, ...]) -> str:
    if len(some) == len(classes):
        return "every class"
    shown = ", ".join(some[:12]) + (f" and {len(some) - 12} more" if len(some) > 12 else "")
    return f"{'class' if len(some) == 1 else 'classes'} {shown}"


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"

"""Limits: the strengths at which a task is put to the test, the ends of what its classes survive."""

from __future__ import annotations

import math

from augkit.audit.sweeps import SWEEPS, Sweep
from augkit.intervals import Arcs, Interval
from augkit.reach import AXES, Limits
from augkit.tasks import Task

_ROUND = (-135.0, -90.0, -45.0, 0.0, 45.0, 90.0, 135.0, 180.0)
"""Where a class that survives any angle is looked at."""


def strengths(task: Task) -> dict[str, tuple[float, ...]]:
    """Return for each sweep where some class of a task is at the end of what it survives, and the ends and
    middles of the zones where it becomes another.
    """
    classes = task.classes or ("every class", *dict(task.excepted))
    found = {}
    for sweep in SWEEPS.values():
        ends: set[float] = set()
        for name in classes:
            ends |= _ends(sweep, task.survives(name).on(sweep.axis))
        for zone in task.becomes:
            if zone.axis == sweep.axis:
                ends |= {part for low, high in zone.arcs.arcs for part in (low, (low + high) / 2, high)}
        if AXES[sweep.axis].kind == "arcs":
            ends = {180.0 - (180.0 - end) % 360 for end in ends}
        still = {0.0} if sweep.axis == "turn" else set()
        if ends - still:
            found[sweep.name] = tuple(sorted(ends - still))
    return found


def _ends(sweep: Sweep, limits: Limits) -> set[float]:
    """Return the ends of limits as strengths, as far as the sweep goes; the farthest where they have none."""
    if limits.empty:
        return set()
    if isinstance(limits, Arcs):
        return set(_ROUND) if limits.full else {end for arc in limits.arcs for end in arc}
    least, most = min(sweep.strengths), max(sweep.strengths)
    inside = limits.both(Interval(*sorted((sweep.on_axis(least), sweep.on_axis(most)))))
    if inside.empty:
        return set()
    return {_strength(sweep, end) for end in (inside.low, inside.high) if _is_end(sweep, end)}


def _is_end(sweep: Sweep, value: float) -> bool:
    """Tell whether a value is no rest, and not the near end of an axis that goes one way."""
    kind, still = AXES[sweep.axis].kind, AXES[sweep.axis].still
    if isinstance(still, Interval) and value in (still.low, still.high):
        return False
    values = [sweep.on_axis(strength) for strength in sweep.strengths]
    return value != {"most": min(values), "least": max(values)}.get(kind, math.nan)


def _strength(sweep: Sweep, value: float) -> float:
    """Return the strength at which a sweep is at a value of its axis, by halving."""
    if sweep.on_axis(value) == value:
        return round(value, 6)
    low, high = min(sweep.strengths), max(sweep.strengths)
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if sweep.on_axis(middle) < value else (low, middle)
    return round(low, 4)

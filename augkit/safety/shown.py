"""Verdicts, shown in a browser: what was found, and what is reached against what is survived, as bars.

Every bar is said in words beside it; a bar is as sound as the bound it draws, and no tighter.
"""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path
from typing import TYPE_CHECKING

from augkit import page
from augkit.intervals import Arcs
from augkit.reach import AXES, Limits, inside, numbers, phrase
from augkit.safety.finding import drawn_in_words

if TYPE_CHECKING:
    from markupsafe import Markup

    from augkit.safety.verdict import Verdict

_TEMPLATE = Path(__file__).parent / "verdict.html"
_MOST_LIMITS = 4  # on one axis, of different classes; of more, those that hold the least
_MOST_CLASSES = 8  # named for a limit
_WIDTH = 240  # units of a bar

SCALES: dict[str, tuple[float, float]] = {
    "turn": (-180, 180),
    "mirrored": (-180, 180),
    "stretch": (1, 4),
    "zoom": (0.25, 4),
    "kept": (0, 1),
    "covered": (0, 1),
    "contrast": (0.25, 4),
    "inverted": (0.25, 4),
    "brightness": (-1, 1),
    "hue": (0, 180),
    "saturation": (0.25, 4),
    "channels": (0, 1),
    "blur": (0, 0.1),
    "noise": (0, 0.5),
    "pixels": (1, 512),
    "levels": (1, 256),
    "quality": (0, 100),
    "displaced": (0, 0.2),
    "blended": (0, 1),
}
"""From where to where the bar of each axis goes; what lies beyond stands at its end."""

_BY_FACTORS = ("stretch", "zoom", "contrast", "inverted", "saturation", "pixels", "levels")

Piece = tuple[float, float]
"""Where a part of a bar begins, and how wide it is, in units."""


@dataclasses.dataclass(frozen=True)
class Bar:
    """Hold what is reached on one axis against what some classes survive.

    Attributes:
        axis, unit:        of `AXES`.
        words:             what is reached, as a phrase.
        reached, survived: numbers, in words.
        classes:           whose limit it is.
        state:             "inside", "guarded", "proved", "allowed", "unproven" or "unsafe".
        band, bar, over:   where to draw what is survived, what is reached of it, and what is reached beyond.
        still:             where nothing is changed; None where no bar shows it.
        ends:              what stands at the two ends of the scale.
    """

    axis: str
    unit: str
    words: str
    reached: str
    survived: str
    classes: str
    state: str
    band: tuple[Piece, ...]
    bar: tuple[Piece, ...]
    over: tuple[Piece, ...]
    still: float | None
    ends: tuple[str, str]


def bars(verdict: Verdict, classes: tuple[str, ...] | None = None) -> list[Bar]:
    """Return a bar for each axis on which the policy moves, and each limit on it that differs."""
    found: list[Bar] = []
    groups = verdict.task.limits(classes)
    order = {name: place for place, name in enumerate(classes or verdict.task.classes)}
    for axis, kind in AXES.items():
        reached = verdict.reach.on(axis)
        if reached.empty or inside(reached, kind.still) or verdict.task.survives_everything:
            continue
        by_limit: dict[Limits, list[str]] = {}
        for limits, members in groups.items():
            by_limit.setdefault(limits.on(axis), []).extend(members)
        for names in by_limit.values():
            names.sort(key=lambda name: order.get(name, len(order)))
        tight_first = sorted(by_limit, key=lambda limit: (inside(reached, limit), limit.width))
        shown = tight_first[:_MOST_LIMITS]
        found += [_bar(verdict, axis, limit, by_limit[limit], len(by_limit) == 1) for limit in shown]
    return found


def fragment(verdict: Verdict, classes: tuple[str, ...] | None = None, *, heading: str = "h3") -> Markup:
    """Return a verdict as HTML: the answer, what was found with the draw that shows it, and the bars."""
    found = [*verdict.findings, *verdict.waived]
    drawn = [drawn_in_words(each.witness) if each.witness is not None else "" for each in found]
    return page.filled(
        _TEMPLATE,
        verdict=verdict,
        found=list(zip(found, drawn, strict=True)),
        bars=bars(verdict, classes),
        wide=_WIDTH,
        heading=heading,
        words="; ".join(verdict.reach.in_words()) or "nothing changes",
    )


def _bar(verdict: Verdict, axis: str, limit: Limits, names: list[str], everyone: bool) -> Bar:
    kind, reached = AXES[axis], verdict.reach.on(axis)
    band, whole = _pieces(axis, limit), _pieces(axis, reached)
    within = tuple(piece for one in whole for other in band if (piece := _common(one, other)))
    return Bar(
        axis,
        kind.unit,
        phrase(axis, reached),
        numbers(axis, reached),
        numbers(axis, limit),
        _listed(names, everyone),
        _state(verdict, axis, limit, names),
        band,
        within,
        whole,
        _place(axis, _still(kind.still)) if not kind.still.empty else None,
        _ends(axis),
    )


def _still(limits: Limits) -> float:
    return limits.arcs[0][0] if isinstance(limits, Arcs) else limits.low


def _listed(names: list[str], everyone: bool) -> str:
    if everyone:
        return "every class"
    more = f" and {len(names) - _MOST_CLASSES:,} more" if len(names) > _MOST_CLASSES else ""
    return ", ".join(names[:_MOST_CLASSES]) + more


def _state(verdict: Verdict, axis: str, limit: Limits, names: list[str]) -> str:
    if inside(verdict.reach.on(axis), limit):
        return "inside"
    for findings, waived in ((verdict.findings, False), (verdict.waived, True)):
        for finding in findings:
            if finding.axis == axis and (set(finding.classes) & set(names) or not finding.classes):
                return "allowed" if waived else finding.state
    return "proved" if verdict.policy.on_unsafe == "refuse" else "guarded"


def _pieces(axis: str, limits: Limits) -> tuple[Piece, ...]:
    """Return where limits lie on the scale of their axis."""
    if limits.empty:
        return ()
    if not isinstance(limits, Arcs):
        low, high = _place(axis, limits.low), _place(axis, limits.high)
        return ((low, high - low),)
    if limits.full:
        return ((0.0, float(_WIDTH)),)
    found = []
    for low, high in limits.arcs:  # one that runs through the half turn is drawn at both ends
        for turn in (0, -360):
            start, stop = max(low + turn, -180), min(high + turn, 180)
            if start <= stop:
                found.append((_place(axis, start), _place(axis, stop) - _place(axis, start)))
    return tuple(found)


def _place(axis: str, value: float) -> float:
    low, high = SCALES[axis]
    if axis in _BY_FACTORS:
        low, high, value = math.log(low), math.log(high), math.log(max(value, 1e-9))
    return round(_WIDTH * min(1.0, max(0.0, (value - low) / (high - low))), 2)


def _common(one: Piece, other: Piece) -> Piece | None:
    start, stop = max(one[0], other[0]), min(sum(one), sum(other))
    return (start, stop - start) if start <= stop else None


def _ends(axis: str) -> tuple[str, str]:
    unit = "°" if AXES[axis].unit == "degrees" else ""
    low, high = SCALES[axis]
    return f"{low:g}{unit}", f"{high:g}{unit}"

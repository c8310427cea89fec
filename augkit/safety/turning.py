"""Bound turns and stretches of a chain over boxes.

For a composed matrix [[a, b], [c, d]] without mirror the turn is atan2(c - b, a + d), and the stretch has
tanh² s = ((a - d)² + (b + c)²) / ((a + d)² + (c - b)²).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from augkit import affine
from augkit.affine import Map
from augkit.intervals import Arcs, Interval
from augkit.reach import Limits
from augkit.safety.maps import Judged, Maps, narrowed, steepest
from augkit.span import Span, least_and_most

_FUZZ = 1e-9
_MARGIN = 1e-7

Floats = NDArray[np.float64]


def judge(maps: Maps, limit: Limits, low: Floats, high: Floats, side: Floats) -> Judged:
    """Judge B boxes against a limit on the turn or the stretch.

    Args:
        maps:      of the chain.
        limit:     arcs of turns, or the stretches survived.
        low, high: float64 (P, B), the boxes.
        side:      float64 (B,), which end of its arc each box is held against: 1 the later, -1 the earlier.
    """
    middle, radii = (low + high) / 2, (high - low) / 2
    centre, box = maps.whole(list(middle)), maps.whole(Span.boxes(low, high))
    _, turn, _, stretch = affine.pose(centre)
    over = limit.excess(turn if isinstance(limit, Arcs) else stretch)
    if (over > _MARGIN).any():
        outside = maps.found(middle[:, int(np.argmax(over))])
        return Judged(outside, np.ones(len(over), dtype=np.bool_), low, high, radii)
    at_centre, over_box = (_unmirrored(m, maps.mirrored) for m in (centre, narrowed(box, centre, radii)))
    if isinstance(limit, Arcs):
        goal, near = _turned(at_centre, over_box, limit, side, radii)
    else:
        goal, near = _stretched(at_centre, over_box, limit, radii), np.ones(len(over), dtype=np.bool_)
    rises, falls = (goal.slope_low >= 0) & near, (goal.slope_high <= 0) & near
    open_ = ~near | (goal.high > _FUZZ)
    return Judged(
        None, open_, np.where(rises, high, low), np.where(falls & ~rises, low, high), steepest(goal)
    )


def _stretched(centre: Map, box: Map, limit: Interval, radii: Floats) -> Span:
    """Bound how far beyond the limit the stretch is."""
    a, b, _, c, d, _ = box
    e, f, _, g, h, _ = centre
    t = (limit.high - 1) / (limit.high + 1)
    goal: Span = (a - d).square() + (b + c).square() - t * t * ((a + d).square() + (c - b).square())
    return goal.narrowed((e - h) ** 2 + (f + g) ** 2 - t * t * ((e + h) ** 2 + (g - f) ** 2), radii)


def _turned(
    centre: Map, box: Map, limit: Arcs, side: Floats, radii: Floats
) -> tuple[Span, NDArray[np.bool_]]:
    """Bound how far beyond the end of its arc the turn is, in radians, and say of which boxes that is the
    whole truth: those too small to reach from one arc of the limit into another.
    """
    a, b, _, c, d, _ = box
    e, f, _, g, h, _ = centre
    turn = np.arctan2(g - f, e + h)
    angle = _angle(a + d, c - b, turn).narrowed(np.zeros_like(turn), radii)
    (later, gap_later), (earlier, gap_earlier) = _rooms(limit, np.degrees(turn))
    near = (angle.high < np.radians(later + gap_later)) & (-angle.low < np.radians(earlier + gap_earlier))
    near &= (angle.high < np.pi) & (angle.low > -np.pi)
    signed = Span(
        np.where(side > 0, angle.low, -angle.high),
        np.where(side > 0, angle.high, -angle.low),
        np.where(side > 0, angle.slope_low, -angle.slope_high),
        np.where(side > 0, angle.slope_high, -angle.slope_low),
    )
    return signed - np.radians(np.where(side > 0, later, earlier)), near


def _unmirrored(through: Map, mirrored: bool) -> Map:
    a, b, tx, c, d, ty = through
    return (-a, b, tx, -c, d, ty) if mirrored else through


def _angle(cos: Span, sin: Span, turn: Floats) -> Span:
    """Bound the angle of (cos, sin) relative to `turn`, in radians, with its slopes.

    The whole circle where the box holds the origin.
    """
    along, across = cos * np.cos(turn) + sin * np.sin(turn), sin * np.cos(turn) - cos * np.sin(turn)
    ahead = along.low > 0
    safe_low = np.where(ahead, along.low, 1.0)
    high = np.arctan2(across.high, np.where(across.high > 0, safe_low, np.maximum(along.high, safe_low)))
    low = np.arctan2(across.low, np.where(across.low < 0, safe_low, np.maximum(along.high, safe_low)))
    square = along.square() + across.square()
    whole = Span(np.where(ahead, square.low, 0.0), square.high, square.slope_low, square.slope_high)
    up = Span(across.slope_low, across.slope_high, *(np.zeros((1, 1)),) * 2)
    out = Span(along.slope_low, along.slope_high, *(np.zeros((1, 1)),) * 2)
    slope = _quotient(along, up, whole), _quotient(across, out, whole)
    return Span(
        np.where(ahead, low, -np.pi),
        np.where(ahead, high, np.pi),
        slope[0][0] - slope[1][1],
        slope[0][1] - slope[1][0],
    )


def _quotient(one: Span, other: Span, divisor: Span) -> tuple[Floats, Floats]:
    """Bound one · other / divisor, slopes left aside; `other` is (P, B), divisor is not negative."""
    ends = [x * y for x in (one.low, one.high) for y in (other.low, other.high)]
    low, high = least_and_most(ends)
    least, most = np.maximum(divisor.low, 1e-300), np.maximum(divisor.high, 1e-300)
    return np.minimum(low / least, low / most), np.maximum(high / least, high / most)


def _rooms(limit: Arcs, turn: Floats) -> tuple[tuple[Floats, Floats], tuple[Floats, Floats]]:
    """Return how many degrees lie between an angle and the later end of the arc that holds it, and from
    there to the next arc; and the same for the earlier end.  0 outside all arcs.
    """
    if limit.full:
        whole = np.full_like(turn, 361.0)
        return (whole, whole), (whole, whole)
    rooms = np.zeros((4, *turn.shape))
    before, after = limit.arcs[-1:] + limit.arcs[:-1], limit.arcs[1:] + limit.arcs[:1]
    for (_, last), (start, stop), (first, _) in zip(before, limit.arcs, after, strict=True):
        into = (turn - start + _FUZZ) % 360 - _FUZZ
        held = into <= stop - start + _FUZZ
        ends = (stop - start - into, (first - stop) % 360 + 0 * into, into, (start - last) % 360 + 0 * into)
        rooms = np.where(held, np.stack(ends), rooms)
    return (rooms[0], rooms[1]), (rooms[2], rooms[3])

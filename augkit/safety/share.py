"""Bound the share of the picture that a chain keeps in frame, over boxes.

The share is the area of what is seen in every frame: the source, each window that a crop left, the output.
It is bounded twice.  Seen from one frame, what lies in all others for certain is an intersection of
half-planes (`affine.kept_at_least`).  And its derivative along a number is what the edges of the frames
sweep: an edge moves with a speed that is linear along it, and the part of it that counts lies between two
ends, so that intervals for the ends and the speed give an interval for the derivative, the share's
mean-value form, and the numbers along which it only falls.
"""

from __future__ import annotations

import functools

import numpy as np
from numpy.typing import NDArray

from augkit import affine
from augkit.affine import Map
from augkit.intervals import Interval
from augkit.safety.maps import Judged, Maps, narrowed
from augkit.span import Span, least_and_most

_FUZZ = 1e-9
_MARGIN = 1e-7
_PIECES = (1, 8, 3, 2)
_EXACT = 1e-12

Floats = NDArray[np.float64]
Ends = tuple[Floats, Floats]
"""The ends of intervals, either (B,) or (L, B) where L of the P numbers are looked at."""

_NOWHERE: Ends = (np.array([np.inf]), np.array([-np.inf]))


_quiet = np.errstate(invalid="ignore", over="ignore", divide="ignore")
"""Too large a box is bounded by nothing, and what is nowhere has no length."""


class View:
    """Hold B boxes, float64 (P, B), and what is seen over them from each frame.

    `live` are the numbers that some box has room for; slopes are along these.
    """

    def __init__(self, maps: Maps, low: Floats, high: Floats) -> None:
        self.maps, self.low, self.high = maps, low, high
        self.live = np.flatnonzero((high > low).any(axis=1))
        self.boxes = Span.boxes_along(low, high, self.live.tolist())
        self.middle, self.radii = list((low + high) / 2), ((high - low) / 2)[self.live]
        self._seen: dict[int, list[Map]] = {}

    @functools.cached_property
    def _segments(self) -> tuple[list[Map], list[Map]]:
        return self.maps.segments(self.boxes), self.maps.segments(self.middle)

    def seen(self, frame: int) -> list[Map]:
        """Bound the maps from a frame to all others, in half-sides."""
        if frame not in self._seen:
            boxes, centres = self._segments
            spans = self.maps.seen_from(frame, self.boxes, boxes)
            points = self.maps.seen_from(frame, self.middle, centres)
            pairs = zip(spans, points, strict=True)
            self._seen[frame] = [narrowed(box, centre, self.radii) for box, centre in pairs]
        return self._seen[frame]

    def take(self, which: NDArray[np.bool_]) -> View:
        """Return some of the boxes."""
        return self if which.all() else View(self.maps, self.low[:, which], self.high[:, which])


@_quiet
def judge(maps: Maps, limit: Interval, low: Floats, high: Floats) -> Judged:
    """Judge B boxes, float64 (P, B), against the least share survived."""
    middle, radii = (low + high) / 2, (high - low) / 2
    share = affine.kept(maps.frames(list(middle)))
    if (share < limit.low - _MARGIN).any():
        outside = maps.found(middle[:, int(np.argmin(share))])
        return Judged(outside, np.ones(len(share), dtype=np.bool_), low, high, radii)
    view, at = View(maps, low, high), np.arange(len(share))
    for frame in dict.fromkeys((max(maps.last - 1, 0), 0, maps.last)):
        left = ~(_least(view, frame) >= limit.low - _FUZZ)
        view, at = view.take(left), at[left]
        if not len(at):
            break
    falls, rises = np.full_like(low, -np.inf), np.full_like(low, np.inf)
    if len(at):
        falls[:, at], rises[:, at] = _slopes(view)
    steep = np.maximum(np.abs(falls), np.abs(rises))
    moved = np.where(radii > 0, steep * radii, 0.0).sum(axis=0)
    open_ = np.zeros(len(share), dtype=np.bool_)
    open_[at] = ~(share - moved >= limit.low - _FUZZ)[at]
    steep = np.where(np.isfinite(steep), steep, 1e6)
    return Judged(
        None, open_, np.where(rises <= 0, high, low), np.where((falls >= 0) & (rises > 0), low, high), steep
    )


@_quiet
def slopes(maps: Maps, low: Floats, high: Floats) -> Ends:
    """Bound the derivative of the share along each number, over B boxes; float64 (P, B) each.

    Zero along numbers that no box has room for.
    """
    return _slopes(View(maps, low, high))


def _slopes(view: View) -> Ends:
    maps, low, high, live = view.maps, view.low, view.high, view.live
    if not len(live):
        return np.zeros_like(low), np.zeros_like(low)
    nothing = np.zeros((len(live), low.shape[1])), np.zeros((len(live), low.shape[1]))
    total: Ends = nothing
    speeds: list[Ends] = []
    for number, part in enumerate(maps.parts(), start=1):
        for position in part:
            if speeds or maps.varies(position):
                speeds = _carried(speeds or [nothing] * 6, maps, position, low, high, live)
        others = view.seen(number)
        swept = _swept(speeds or [nothing] * 6, others, maps.last - number)
        total = _add(total, _times(swept, _size(others[-1])))
    undefined = np.isnan(total[0]) | np.isnan(total[1])
    out = np.zeros_like(low), np.zeros_like(high)
    out[0][live] = np.where(undefined, -np.inf, -total[1] / 4)
    out[1][live] = np.where(undefined, np.inf, -total[0] / 4)
    return out


def _least(view: View, frame: int) -> Floats:
    """Return a lower bound of the share, as it is seen from one frame, float64 (B,)."""
    seen = view.seen(frame)
    least = affine.kept_at_least(seen)
    return least if frame == 0 else least * _size(seen[-1])[0]


def _size(back: Map) -> Ends:
    """Bound the share of the source that a whole frame covers, given the map from the frame to the source."""
    size = back[0] * back[4] - back[1] * back[3]
    crosses = (size.low < 0) & (size.high > 0)
    ends = np.abs(size.low), np.abs(size.high)
    return np.where(crosses, 0.0, np.minimum(*ends)), np.maximum(*ends)


def _carried(
    speeds: list[Ends], maps: Maps, position: int, low: Floats, high: Floats, live: NDArray[np.int64]
) -> list[Ends]:
    """Bound how the points of a frame move as each number grows, given how those of the frame before a step
    do: (p, q, r, u, v, w) of the velocity (p x + q y + r, u x + v y + w) at (x, y), each (L, B).

    A map and its inverse are bounded together on small parts of the step's own numbers, because they vary
    together.
    """
    low, high, pieces = _in_pieces(low, high, maps.numbers_of(position))
    boxes = Span.boxes_along(low, high, live.tolist())
    through = maps.in_half_sides(maps.move(position, boxes), boxes, position, position + 1)
    a, b, tx, c, d, ty = (entry.flat for entry in through)
    back = affine.inverse((a, b, tx, c, d, ty))
    before = _seen_back([(np.tile(x, pieces), np.tile(y, pieces)) for x, y in speeds], back)
    own = _seen_back([(entry.slope_low, entry.slope_high) for entry in through], back)
    out: list[Ends] = []
    for (one, other, _), mine in ((through[:3], own[:3]), (through[3:], own[3:])):
        for k in range(3):
            brought = _add(_times(before[k], _ends(one)), _times(before[3 + k], _ends(other)))
            least, most = (end.reshape(len(live), pieces, -1) for end in _add(brought, mine[k]))
            out.append((least.min(axis=1), most.max(axis=1)))
    return out


def _in_pieces(low: Floats, high: Floats, along: list[int]) -> tuple[Floats, Floats, int]:
    """Cut boxes (P, B) into the same number of pieces each, along some numbers; (P, pieces · B)."""
    cuts = _PIECES[min(len(along), len(_PIECES) - 1)]
    pieces = 1
    for i in along:
        width = (high[i] - low[i]) / cuts
        low, high = np.tile(low, cuts), np.tile(high, cuts)
        at = np.repeat(np.arange(cuts), len(width))
        start = low[i] + at * np.tile(width, cuts)
        low[i], high[i] = start, np.minimum(start + np.tile(width, cuts) * (1 + 1e-12), high[i])
        pieces *= cuts
    return low, high, pieces


def _seen_back(speeds: list[Ends], back: Map) -> list[Ends]:
    """Bound velocities by where points are after a map, given by where they were before; `back` undoes it."""
    e, f, ux, g, h, uy = (_ends(entry) for entry in back)
    out = []
    for p, q, r in (speeds[:3], speeds[3:]):
        out += [_add(_times(p, e), _times(q, g)), _add(_times(p, f), _times(q, h))]
        out.append(_add(_add(_times(p, ux), _times(q, uy)), r))
    return out


def _swept(speeds: list[Ends], others: list[Map], later: int) -> Ends:
    """Bound the area that the four edges of a frame sweep outwards as each number grows, where they are seen
    in all other frames; (L, B).
    """
    p, q, r, u, v, w = speeds
    total: Ends = (np.zeros_like(p[0]), np.zeros_like(p[0]))
    for sign in (1.0, -1.0):
        for upright in (True, False):
            start, along = (_add(p, _scaled(r, sign)), _scaled(q, sign)) if upright else (
                _add(v, _scaled(w, sign)), _scaled(u, sign)
            )  # fmt: skip
            for_certain, possibly = _seen_part(others, later, sign, upright)
            total = _add(total, _integral(start, along, for_certain, possibly))
    return total


def _seen_part(others: list[Map], later: int, sign: float, upright: bool) -> tuple[Ends, Ends]:
    """Bound the part of a frame's edge that lies in all other frames, as ends from -1 to 1: what does for
    certain, and what may.

    The edge is x = sign (upright) or y = sign.  An edge that always lies on one of another frame counts for
    the first of the two; the `later` frames stand first in `others`.
    """
    shape = others[0][0].low.shape
    sure, may = [np.full(shape, -1.0), np.full(shape, 1.0)], [np.full(shape, -1.0), np.full(shape, 1.0)]
    for rank, other in enumerate(others):
        for a, b, shift in (other[:3], other[3:]):
            fixed, moving = (a, b) if upright else (b, a)
            at = _add(_scaled(_ends(fixed), sign), _ends(shift))
            for side in (1.0, -1.0):
                taken, slope = _scaled(at, side), _scaled(_ends(moving), side)
                if _shared(taken, slope, _scaled(_ends(fixed), side * sign)):
                    if rank >= later:
                        return _NOWHERE, _NOWHERE
                    continue
                low, high = _where_below(slope[1], slope[0], 1 - _FUZZ - taken[1], certain=True)
                sure[0], sure[1] = np.maximum(sure[0], low), np.minimum(sure[1], high)
                low, high = _where_below(slope[0], slope[1], 1 + _FUZZ - taken[0], certain=False)
                may[0], may[1] = np.maximum(may[0], low), np.minimum(may[1], high)
    return (sure[0], sure[1]), (may[0], may[1])


def _shared(taken: Ends, slope: Ends, towards: Ends) -> bool:
    """Tell whether an edge lies on another frame's edge, on the same side of it, in all boxes."""
    on = np.abs([taken[0] - 1, taken[1] - 1, slope[0], slope[1]]).max() < _EXACT
    return bool(on and towards[0].min() > 0)


def _where_below(right: Floats, left: Floats, room: Floats, *, certain: bool) -> Ends:
    """Return the ends of {s: right s <= room for s >= 0, left s <= room for s <= 0} between -1 and 1; of its
    hull, unless `certain`.
    """
    to, back = room / np.where(right == 0, 1.0, right), room / np.where(left == 0, 1.0, left)
    holds = room >= 0
    high = np.where(holds, np.where(right > 0, np.minimum(to, 1), 1.0), np.where(right < 0, 1.0, -np.inf))
    low = np.where(holds, np.where(left < 0, np.maximum(back, -1), -1.0), np.where(left > 0, -1.0, np.inf))
    ahead, behind = ~holds & (right < 0) & (to <= 1), ~holds & (left > 0) & (back >= -1)
    low = np.where(ahead & (certain | ~behind), to, low)
    high = np.where(behind & (certain | ~ahead), back, high)
    nowhere = ~holds & ~ahead & ~behind
    return np.where(nowhere, np.inf, low), np.where(nowhere, -np.inf, high)


def _integral(start: Ends, along: Ends, sure: Ends, may: Ends) -> Ends:
    """Bound the integral of start + along · s over a part of the edge that holds `sure` and lies in `may`."""
    some = sure[1] > sure[0]
    first, last = np.where(some, sure[0], may[0]), np.where(some, sure[1], may[0])
    length, moment = last - first, (last**2 - first**2) / 2
    total = _add(_times(start, (length, length)), _times(along, (moment, moment)))
    for left, right in ((may[0], first), (last, may[1])):
        rest = np.where(may[1] > may[0], np.maximum(right - left, 0), 0.0)
        speed = _add(start, _times(along, (np.clip(left, -1, 1), np.clip(right, -1, 1))))
        total = total[0] + np.minimum(speed[0], 0) * rest, total[1] + np.maximum(speed[1], 0) * rest
    nothing = may[1] <= may[0]
    return np.where(nothing, 0.0, total[0]), np.where(nothing, 0.0, total[1])


def _ends(span: Span) -> Ends:
    return span.low, span.high


def _add(one: Ends, other: Ends) -> Ends:
    return one[0] + other[0], one[1] + other[1]


def _scaled(one: Ends, sign: float) -> Ends:
    return (one[0] * sign, one[1] * sign) if sign > 0 else (one[1] * sign, one[0] * sign)


def _times(one: Ends, other: Ends) -> Ends:
    return least_and_most([x * y for x in one for y in other])

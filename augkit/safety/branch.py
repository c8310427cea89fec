"""Branch and bound: settle what the bound leaves open and the witness does not find.

Every way through the policy's choices is a chain of steps with a box of drawn numbers (`chains`).  A chain
whose own bound is inside the limit is done with.  What tone and zoom do to the picture is extreme at the
corners of the box.  Elsewhere the composed map is bounded over many boxes at once (`augkit.span`: interval
arithmetic with the mean-value form); a box inside the limit is dropped, a box whose centre is outside is a
witness, a number along which the goal only rises or falls is set to its end, and the rest is split.
Nothing left: safe.  Budget spent: unproven.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
from numpy.typing import NDArray

from augkit import affine
from augkit.affine import IDENTITY, Map
from augkit.draw import Draws
from augkit.intervals import Arcs, Interval
from augkit.ops import Geometric, Tone
from augkit.policy import Policy
from augkit.reach import GEOMETRY, TONE, Limits, inside
from augkit.safety.chains import Chain, chains
from augkit.span import Span

AXES = (*GEOMETRY, *TONE)
_CORNERS = ("zoom", *TONE)
_MOST_CORNERS = 12
_MAX_CHAINS = 2048
_MAX_BOXES = 60_000
_MAX_ROUNDS = 60
_FIRST_BOXES = 64
_FUZZ = 1e-9
_MARGIN = 1e-6

Floats = NDArray[np.float64]


def prove(policy: Policy, axis: str, limit: Limits, aspect: Interval) -> tuple[bool | None, Draws | None]:
    """Settle one axis.

    Returns:
        True (all draws are inside `limit`), False with a draw that is not, or None (the budget ran out).
    """
    ways = chains(policy, Tone if axis in TONE else Geometric, _MAX_CHAINS)
    if ways is None:
        return None, None
    answer: bool | None = True
    budget = _MAX_BOXES
    for chain in ways:
        if inside(chain.reach(aspect).on(axis), limit):
            continue
        if axis in _CORNERS:
            found = _worst_corner(chain, policy, axis, limit, aspect)
            settled = False if found is not None else None
        else:
            settled, numbers, spent = _Search(chain, axis, limit, aspect).run(budget)
            budget -= spent
            found = chain.as_draws(policy, *numbers) if numbers else None
        if settled is False:
            return False, found
        answer = None if settled is None else answer
        if budget <= 0:
            return None, None
    return answer, None


def _worst_corner(chain: Chain, policy: Policy, axis: str, limit: Limits, aspect: Interval) -> Draws | None:
    """Return the worst draw at the ends of a chain's numbers, if it is outside the limit."""
    free = chain.free
    if len(free) > _MOST_CORNERS:
        return None
    which = np.arange(2 ** len(free))
    found = {address: np.full(len(which), value) for address, value in chain.given.items()}
    found |= {a: np.where(which >> i & 1, n.high, n.low) for i, (a, n) in enumerate(free)}
    draws = chain.as_draws(policy, found, np.full(len(which), aspect.low))
    over = limit.excess(draws.effects[axis])
    worst = int(np.argmax(over))
    return draws.take(np.array([worst])) if over[worst] > _MARGIN else None


class _Search:
    """Search the box of one chain."""

    def __init__(self, chain: Chain, axis: str, limit: Limits, aspect: Interval) -> None:
        self.chain, self.axis, self.limit = chain, axis, limit
        self.free, self.given, self.mirrored = chain.free, chain.given, chain.mirrored
        low, high = [n.low for _, n in self.free], [n.high for _, n in self.free]
        self.low, self.high = np.array([*low, aspect.low]), np.array([*high, aspect.high])

    def run(self, budget: int) -> tuple[bool | None, tuple[dict[str, Floats], Floats] | None, int]:
        """Return True, False with the numbers and the aspect of a witness, or None; and the boxes spent."""
        sides = (1.0, -1.0) if isinstance(self.limit, Arcs) else (1.0,)
        low, high = (np.repeat(end[:, None], len(sides), axis=1) for end in (self.low, self.high))
        side, steep = np.array(sides), np.ones_like(low)
        spent = 0
        for _ in range(_MAX_ROUNDS):
            while spent and low.shape[1] < _FIRST_BOXES and (high > low).any(axis=0).all():
                low, high, side = _split(low, high, side, steep)
                steep = np.concatenate([steep, steep], axis=1)
            spent += low.shape[1]
            outside, open_, low, high, steep = self._judge(low, high, side)
            if outside is not None:
                return False, outside, spent
            low, high, side, steep = low[:, open_], high[:, open_], side[open_], steep[:, open_]
            if not low.shape[1]:
                return True, None, spent
            if spent >= budget:
                return None, None, spent
            low, high, side = _split(low, high, side, steep)
            steep = np.concatenate([steep, steep], axis=1)
        return None, None, spent

    def _judge(
        self, low: Floats, high: Floats, side: Floats
    ) -> tuple[tuple[dict[str, Floats], Floats] | None, Any, Floats, Floats, Floats]:
        """Bound the goal over the boxes; the goal is positive outside the limit.

        Returns:
            a witness or None; which boxes stay open; the boxes, cut down; how steep the goal is along each
            number.
        """
        if self.axis == "kept":
            return self._judge_kept(low, high)
        middle, radii = (low + high) / 2, (high - low) / 2
        centre, box = self._whole(list(middle)), self._whole(Span.boxes(low, high))
        goal, one_way = self._goal(centre, _narrowed(box, centre, radii), side, radii)
        _, turn, _, stretch = affine.pose(centre)
        over = self.limit.excess(stretch if self.axis == "stretch" else turn)
        if (over > _MARGIN / 10).any():
            return self._named(middle[:, int(np.argmax(over))]), None, low, high, radii
        rises, falls = (goal.slope_low >= 0) & one_way, (goal.slope_high <= 0) & one_way
        low, high = np.where(rises, high, low), np.where(falls & ~rises, low, high)
        return None, goal.high > _FUZZ, low, high, _steep(goal)

    @np.errstate(
        invalid="ignore", over="ignore"
    )  # a box too large to invert a map over is bounded by nothing
    def _judge_kept(
        self, low: Floats, high: Floats
    ) -> tuple[tuple[dict[str, Floats], Floats] | None, Any, Floats, Floats, Floats]:
        """Bound the share kept as it is seen from several frames, because a window that is moved about keeps
        the same share: seen from the window, its place does not matter.
        """
        assert isinstance(self.limit, Interval)
        middle, radii = (low + high) / 2, (high - low) / 2
        share = affine.kept([affine.in_half_sides(t, middle[-1]) for t in self._seen(list(middle), 0)[0]])
        if (share < self.limit.low - _MARGIN / 10).any():
            return self._named(middle[:, int(np.argmin(share))]), None, low, high, radii
        open_, steep = np.ones(low.shape[1], dtype=np.bool_), np.ones_like(low)
        for rank, frame in enumerate(self.frames):
            boxes = Span.boxes(low[:, open_], high[:, open_])
            at_box, shrunk = self._seen(boxes, frame)
            at_centre, _ = self._seen(list(middle[:, open_]), frame)
            narrow = [_narrowed(*both, radii[:, open_]) for both in zip(at_box, at_centre, strict=True)]
            least = affine.kept_at_least([affine.in_half_sides(through, boxes[-1]) for through in narrow])
            if rank == 0:
                steep = np.sum([_steep(entry) for through in at_box for entry in through], axis=0)
            open_[open_] = ~(least * shrunk >= self.limit.low - _FUZZ)
            if not open_.any():
                break
        return None, open_, low, high, steep

    def _segments(self, numbers: list[Any]) -> list[Map]:
        """Return the maps from each cropping step to the next, source and output being the ends, for drawn
        numbers given as arrays or spans.
        """
        aspect, zero = numbers[-1], numbers[-1] * 0.0
        values: dict[str, Any] = {address: zero + value for address, value in self.given.items()}
        values |= {address: value for (address, _), value in zip(self.free, numbers[:-1], strict=True)}
        segments: list[Map] = [IDENTITY]
        for step in self.chain.steps:
            assert isinstance(step.op, Geometric)
            drawn = {number.name: values[f"{step.name}.{number.name}"] for number in step.op.drawn()}
            segments[-1] = affine.compose(step.op.matrix(drawn, aspect), segments[-1])
            if step.op.clips:
                segments.append(IDENTITY)
        return [_lifted(through, zero) for through in segments]

    def _whole(self, numbers: list[Any]) -> Map:
        """Return the composed map."""
        whole, *rest = self._segments(numbers)
        for through in rest:
            whole = affine.compose(through, whole)
        return whole

    def _seen(self, numbers: list[Any], frame: int) -> tuple[list[Map], Any]:
        """Return the maps from a frame to all others, and the least share of the source that the whole frame
        is.
        """
        segments = self._segments(numbers)
        zero = numbers[-1] * 0.0
        seen: list[Map] = []
        ahead, back = IDENTITY, IDENTITY
        for through in segments[frame:]:
            ahead = affine.compose(through, ahead)
            seen.append(_lifted(ahead, zero))
        for through in segments[:frame][::-1]:
            back = affine.compose(affine.inverse(through), back)
            seen.append(_lifted(back, zero))
        size = zero + (back[0] * back[4] - back[1] * back[3])
        if not isinstance(size, Span):
            return seen, np.abs(size)
        return seen, np.where(
            (size.low < 0) & (size.high > 0), 0.0, np.minimum(abs(size.low), abs(size.high))
        )

    @functools.cached_property
    def frames(self) -> list[int]:
        """Return the frames that shares are seen from: the last window, the source, the output."""
        windows = sum(isinstance(step.op, Geometric) and step.op.clips for step in self.chain.steps)
        return list(dict.fromkeys((windows, 0, windows + 1)))

    def _goal(self, centre: Map, box: Map, side: Floats, radii: Floats) -> tuple[Span, Any]:
        """Bound how far outside the limit a draw is, and say where that goes one way only: where the box is
        too small for a turn to leave one arc of the limit and reach another.
        """
        a, b, _, c, d, _ = _unmirrored(box, self.mirrored)
        e, f, _, g, h, _ = _unmirrored(centre, self.mirrored)
        if isinstance(self.limit, Interval):
            t = (self.limit.high - 1) / (self.limit.high + 1)
            goal: Span = (a - d).square() + (b + c).square() - t * t * ((a + d).square() + (c - b).square())
            at_centre = (e - h) ** 2 + (f + g) ** 2 - t * t * ((e + h) ** 2 + (g - f) ** 2)
            return goal.narrowed(at_centre, radii), True
        turn = np.arctan2(g - f, e + h)
        angle = _angle(a + d, c - b, turn).narrowed(np.zeros_like(turn), radii)
        room, gap = _room(self.limit, np.degrees(turn), side)
        signed = Span(
            np.where(side > 0, angle.low, -angle.high),
            np.where(side > 0, angle.high, -angle.low),
            np.where(side > 0, angle.slope_low, -angle.slope_high),
            np.where(side > 0, angle.slope_high, -angle.slope_low),
        )
        goal = signed - np.radians(room)
        return goal, (goal.high < np.radians(gap)) & (angle.high < np.pi) & (angle.low > -np.pi)

    def _named(self, numbers: Floats) -> tuple[dict[str, Floats], Floats]:
        found = {address: np.array([value]) for address, value in self.given.items()}
        found |= {a: np.array([value]) for (a, _), value in zip(self.free, numbers[:-1], strict=True)}
        return found, numbers[-1:]


def _lifted(through: Map, zero: Any) -> Map:
    a, b, tx, c, d, ty = (zero + entry for entry in through)
    return (a, b, tx, c, d, ty)


def _steep(span: Span) -> Floats:
    return np.maximum(np.abs(span.slope_low), np.abs(span.slope_high))


def _narrowed(box: Map, centre: Map, radii: Floats) -> Map:
    return tuple(entry.narrowed(point, radii) for entry, point in zip(box, centre, strict=True))


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
    slope = _plain(along, up, whole), _plain(across, out, whole)
    return Span(
        np.where(ahead, low, -np.pi),
        np.where(ahead, high, np.pi),
        slope[0][0] - slope[1][1],
        slope[0][1] - slope[1][0],
    )


def _plain(one: Span, other: Span, divisor: Span) -> tuple[Floats, Floats]:
    """Bound one · other / divisor, slopes left aside; `other` is (P, B), divisor is not negative."""
    ends = [x * y for x in (one.low, one.high) for y in (other.low, other.high)]
    low, high = np.minimum.reduce(ends), np.maximum.reduce(ends)
    least, most = np.maximum(divisor.low, 1e-300), np.maximum(divisor.high, 1e-300)
    return np.minimum(low / least, low / most), np.maximum(high / least, high / most)


def _room(limit: Arcs, turn: Floats, side: Floats) -> tuple[Floats, Floats]:
    """Return how many degrees lie between an angle and the end, on the given side, of the arc that holds it,
    and from there to the next arc; 0 outside all arcs.
    """
    room, gap = np.zeros_like(turn), np.zeros_like(turn)
    if limit.full:
        return np.full_like(turn, 361.0), np.full_like(turn, np.inf)
    before, after = limit.arcs[-1:] + limit.arcs[:-1], limit.arcs[1:] + limit.arcs[:1]
    for (_, last), (start, stop), (first, _) in zip(before, limit.arcs, after, strict=True):
        ahead = (turn - start + _FUZZ) % 360 - _FUZZ
        held = ahead <= stop - start + _FUZZ
        room = np.where(held, np.where(side > 0, stop - start - ahead, ahead), room)
        gap = np.where(held, np.where(side > 0, (first - stop) % 360, (start - last) % 360), gap)
    return room, gap


def _split(low: Floats, high: Floats, side: Floats, steep: Floats) -> tuple[Floats, Floats, Floats]:
    """Halve each box along the number that matters most."""
    weight = np.nan_to_num(steep, nan=1e9, posinf=1e9) * (high - low)
    along = np.argmax(np.where(high > low, weight + 1e-12 * (high - low), -1.0), axis=0)
    at = np.arange(low.shape[1])
    middle = (low[along, at] + high[along, at]) / 2
    first_high, second_low = high.copy(), low.copy()
    first_high[along, at] = middle
    second_low[along, at] = middle
    return (
        np.concatenate([low, second_low], 1),
        np.concatenate([first_high, high], 1),
        np.concatenate([side, side]),
    )

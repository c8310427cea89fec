"""Branch and bound: settle what the bound leaves open and the witness does not find.

Every way through the policy's choices is a chain of steps with a box of drawn numbers.  The composed map
is bounded over many boxes at once (`augkit.span`: interval arithmetic with the mean-value form); a box
inside the limit is dropped, a box whose centre is outside is a witness, a number along which the goal only
rises or falls is set to its end, and the rest is split.  Nothing left: safe.  Budget spent: unproven.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from augkit import affine
from augkit.affine import IDENTITY, Map
from augkit.draw import Draws
from augkit.intervals import Arcs, Interval
from augkit.ops import Drawn, Geometric
from augkit.policy import Node, Policy, Step
from augkit.reach import Limits
from augkit.span import Span

AXES = ("turn", "mirrored", "stretch", "kept")
_MAX_WAYS = 256
_MAX_BOXES = 60_000
_MAX_ROUNDS = 60
_FUZZ = 1e-9

Floats = NDArray[np.float64]


@dataclasses.dataclass(frozen=True)
class Chain:
    """One way through the choices: geometric steps in order, and the numbers they draw (fixed ones and
    options settled).
    """

    steps: tuple[Step, ...]
    fixed: tuple[tuple[str, float], ...]

    @property
    def mirrored(self) -> bool:
        """Tell whether the chain mirrors, which no drawn number changes."""
        parity = False
        for step in self.steps:
            assert isinstance(step.op, Geometric)
            middle = {
                n.name: np.array([n.options[0] if n.options else (n.low + n.high) / 2])
                for n in step.op.drawn()
            }
            parity ^= bool(affine.pose(step.op.matrix(middle, 1.0))[0])
        return parity


def prove(policy: Policy, axis: str, limit: Limits, aspect: Interval) -> tuple[bool | None, Draws | None]:
    """Settle one axis.

    Returns:
        True (all draws are inside `limit`), False with a draw that is not, or None (the budget ran out).
    """
    ways = list(itertools.islice(_chains(policy), _MAX_WAYS + 1))
    if len(ways) > _MAX_WAYS:
        return None, None
    answer: bool | None = True
    budget = _MAX_BOXES
    for chain in ways:
        if axis in ("turn", "mirrored") and chain.mirrored != (axis == "mirrored"):
            continue
        settled, found, spent = _Search(chain, axis, limit, aspect).run(budget)
        budget -= spent
        if settled is False:
            return False, _as_draw(policy, chain, found, aspect)
        answer = None if settled is None else answer
        if budget <= 0:
            return None, None
    return answer, None


class _Search:
    """Search the box of one chain."""

    def __init__(self, chain: Chain, axis: str, limit: Limits, aspect: Interval) -> None:
        self.chain, self.axis, self.limit = chain, axis, limit
        given = dict(chain.fixed)
        self.free: list[tuple[str, Drawn]] = []
        for step in chain.steps:
            for number in step.op.drawn():
                address = f"{step.name}.{number.name}"
                if address not in given and number.low < number.high:
                    self.free.append((address, number))
                given.setdefault(address, number.low)
        self.given = given
        low, high = [n.low for _, n in self.free], [n.high for _, n in self.free]
        self.low, self.high = np.array([*low, aspect.low]), np.array([*high, aspect.high])

    def run(self, budget: int) -> tuple[bool | None, dict[str, float], int]:
        """Return True, False with the numbers of a witness, or None; and the boxes spent."""
        sides = (1.0, -1.0) if isinstance(self.limit, Arcs) else (1.0,)
        low, high = (np.repeat(end[:, None], len(sides), axis=1) for end in (self.low, self.high))
        side = np.array(sides)
        spent = 0
        for _ in range(_MAX_ROUNDS):
            spent += low.shape[1]
            outside, open_, low, high, goal = self._judge(low, high, side)
            if outside is not None:
                return False, outside, spent
            low, high, side = low[:, open_], high[:, open_], side[open_]
            if not low.shape[1]:
                return True, {}, spent
            if spent >= budget:
                return None, {}, spent
            low, high, side = _split(low, high, side, goal[:, open_])
        return None, {}, spent

    def _judge(
        self, low: Floats, high: Floats, side: Floats
    ) -> tuple[dict[str, float] | None, Any, Floats, Floats, Floats]:
        """Bound the goal over the boxes; the goal is positive outside the limit."""
        middle, radii = (low + high) / 2, (high - low) / 2
        at_centre = self._maps(list(middle))
        at_box = self._maps(Span.boxes(low, high))
        narrow = [_narrowed(box, point, radii) for box, point in zip(at_box, at_centre, strict=True)]
        if self.axis == "kept":
            return self._judge_kept(low, high, at_centre, narrow, at_box, radii)
        goal = self._goal(at_centre[0], narrow[0], side, radii)
        centre_goal = self._excess(at_centre[0])
        if (centre_goal > 1e-7).any():
            return self._named(middle[:, int(np.argmax(centre_goal))]), None, low, high, radii
        rises, falls = goal.slope_low >= 0, goal.slope_high <= 0
        low, high = np.where(rises, high, low), np.where(falls & ~rises, low, high)
        open_ = goal.high > _FUZZ
        return None, open_, low, high, np.maximum(np.abs(goal.slope_low), np.abs(goal.slope_high))

    def _judge_kept(
        self,
        low: Floats,
        high: Floats,
        at_centre: list[Map],
        narrow: list[Map],
        at_box: list[Map],
        radii: Floats,
    ) -> tuple[dict[str, float] | None, Any, Floats, Floats, Floats]:
        assert isinstance(self.limit, Interval)
        share = affine.kept([affine.in_half_sides(point, (low[-1] + high[-1]) / 2) for point in at_centre])
        if (share < self.limit.low - 1e-7).any():
            return self._named(((low + high) / 2)[:, int(np.argmin(share))]), None, low, high, radii
        aspect = Span.boxes(low, high)[-1]
        least = affine.kept_at_least([affine.in_half_sides(box, aspect) for box in narrow])
        steep = sum(
            np.maximum(np.abs(entry.slope_low), np.abs(entry.slope_high)) for box in at_box for entry in box
        )
        return None, least < self.limit.low - _FUZZ, low, high, steep

    def _maps(self, numbers: list[Any]) -> list[Map]:
        """Return the composed map and the maps up to each cropping step, for drawn numbers given as arrays
        or spans.
        """
        aspect, zero = numbers[-1], numbers[-1] * 0.0
        values: dict[str, Any] = {address: zero + value for address, value in self.given.items()}
        values |= {address: value for (address, _), value in zip(self.free, numbers[:-1], strict=True)}
        whole: Map = IDENTITY
        windows: list[Map] = []
        for step in self.chain.steps:
            assert isinstance(step.op, Geometric)
            drawn = {number.name: values[f"{step.name}.{number.name}"] for number in step.op.drawn()}
            whole = affine.compose(step.op.matrix(drawn, aspect), whole)
            if step.op.clips:
                windows.append(whole)
        return [tuple(zero + entry for entry in through) for through in (whole, *windows)]

    def _goal(self, centre: Map, box: Map, side: Floats, radii: Floats) -> Span:
        a, b, _, c, d, _ = _unmirrored(box, self.chain.mirrored)
        if self.axis == "stretch":
            assert isinstance(self.limit, Interval)
            t = (self.limit.high - 1) / (self.limit.high + 1)
            goal: Span = (a - d).square() + (b + c).square() - t * t * ((a + d).square() + (c - b).square())
            e, f, _, g, h, _ = _unmirrored(centre, self.chain.mirrored)
            return goal.narrowed((e - h) ** 2 + (f + g) ** 2 - t * t * ((e + h) ** 2 + (g - f) ** 2), radii)
        assert isinstance(self.limit, Arcs)
        e, f, _, g, h, _ = _unmirrored(centre, self.chain.mirrored)
        turn = np.arctan2(g - f, e + h)
        angle = _angle(a + d, c - b, turn).narrowed(np.zeros_like(turn), radii)
        room = _room(self.limit, np.degrees(turn), side)
        signed = Span(
            np.where(side > 0, angle.low, -angle.high),
            np.where(side > 0, angle.high, -angle.low),
            np.where(side > 0, angle.slope_low, -angle.slope_high),
            np.where(side > 0, angle.slope_high, -angle.slope_low),
        )
        return signed - np.radians(room)

    def _excess(self, centre: Map) -> Floats:
        _, turn, _, stretch = affine.pose(centre)
        return self.limit.excess(stretch if self.axis == "stretch" else turn)

    def _named(self, numbers: Floats) -> dict[str, float]:
        found = {address: float(value) for (address, _), value in zip(self.free, numbers[:-1], strict=True)}
        return {**self.given, **found, "aspect": float(numbers[-1])}


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


def _room(limit: Arcs, turn: Floats, side: Floats) -> Floats:
    """Return how many degrees lie between an angle and the end, on the given side, of the arc that holds
    it; 0 outside all arcs.
    """
    room = np.zeros_like(turn)
    for start, stop in limit.arcs:
        ahead = (turn - start + _FUZZ) % 360 - _FUZZ
        held = ahead <= stop - start + _FUZZ
        room = np.where(held, np.where(side > 0, stop - start - ahead, ahead), room)
    return np.full_like(turn, 361.0) if limit.full else room


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


def _chains(policy: Policy) -> Iterator[Chain]:
    for steps in _sequences(policy.steps):
        moving = tuple(step for step in steps if isinstance(step.op, Geometric))
        picks = [
            [(f"{step.name}.{number.name}", option) for option in number.options]
            for step in moving
            for number in step.op.drawn()
            if number.options
        ]
        for chosen in itertools.product(*picks):
            yield Chain(moving, tuple(chosen))


def _sequences(nodes: tuple[Node, ...]) -> Iterator[tuple[Step, ...]]:
    """Yield every sequence of steps that the choices allow.

    A step that can draw doing nothing counts as always done.
    """
    if not nodes:
        yield ()
        return
    for first in _ways(nodes[0]):
        for rest in _sequences(nodes[1:]):
            yield first + rest


def _ways(node: Node) -> Iterator[tuple[Step, ...]]:
    if node.p == 0 or (isinstance(node, Step) and not isinstance(node.op, Geometric)):
        yield ()
    elif isinstance(node, Step):
        yield (node,)
        if node.p < 1 and not _can_rest(node):
            yield ()
    else:
        if node.p < 1:
            yield ()
        for count in range(node.least, node.most + 1):
            for branches in itertools.combinations(node.branches, count):
                yield from _sequences(tuple(itertools.chain.from_iterable(branches)))


def _can_rest(step: Step) -> bool:
    drawn = step.op.drawn()
    moving = [number for number in drawn if number.still is not None]
    return bool(moving) and all(
        number.low <= number.still <= number.high for number in moving if number.still is not None
    )


def _as_draw(policy: Policy, chain: Chain, found: dict[str, float], aspect: Interval) -> Draws:
    """Turn the numbers of a witness into a draw of the policy."""
    done = {step.name for step in chain.steps}
    leaves = list(policy.leaves())
    numbers = [
        found.get(f"{step.name}.{n.name}", n.low if n.still is None else min(max(n.still, n.low), n.high))
        for step in leaves
        for n in step.op.drawn()
    ]
    empty = np.empty(0, np.int64)
    return Draws(
        policy,
        np.array([found["aspect"]]),
        np.array([[step.name in done] for step in leaves], dtype=np.bool_).reshape(-1, 1),
        np.array(numbers, dtype=np.float64).reshape(-1, 1),
        empty,
        empty,
        np.ones(1, dtype=np.bool_),
    )

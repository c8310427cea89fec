"""Maps: what a chain of geometric steps composes to, for concrete numbers and over boxes alike."""

from __future__ import annotations

import dataclasses
import functools
from typing import Any

import numpy as np
from numpy.typing import NDArray

from augkit import affine
from augkit.affine import IDENTITY, Map
from augkit.intervals import Interval
from augkit.ops import Geometric
from augkit.safety.chains import Chain
from augkit.span import Span

Floats = NDArray[np.float64]
Found = tuple[dict[str, Floats], Floats]
"""Numbers by address, float64 (N,), and the aspects, float64 (N,)."""


class Maps:
    """Compose a chain's maps.  Its P numbers are those left to chance and, last, the aspect."""

    def __init__(self, chain: Chain, aspect: Interval) -> None:
        self.chain, self.mirrored = chain, chain.mirrored
        self.free, self.given = [address for address, _ in chain.free], chain.given
        self.shapes = chain.shapes
        low, high = [n.low for _, n in chain.free], [n.high for _, n in chain.free]
        self.low, self.high = np.array([*low, aspect.low]), np.array([*high, aspect.high])
        self.same = self._same()

    @property
    def even(self) -> list[int]:
        """Return which of the P numbers only shift or scale evenly."""
        named = {
            f"{step.name}.{name}"
            for step in self.chain.steps
            if isinstance(step.op, Geometric)
            for name in step.op.even
        }
        return [i for i, address in enumerate(self.free) if address in named]

    @property
    def last(self) -> int:
        """Return the number of the output's frame; the source's is 0."""
        return len(self.same) - sum(self.same)

    def parts(self) -> list[list[int]]:
        """Return the positions of the steps between each frame and the next.

        The frames are the source, each cropping step's window, the frame wherever a run may end, and the
        output.  A frame that is the one before it, turned or mirrored onto itself, is left out.
        """
        out: list[list[int]] = []
        for part, same in zip(self._parts, self.same, strict=True):
            if same:
                out[-1] += part
            else:
                out.append([*part])
        return out

    @functools.cached_property
    def starts(self) -> list[int]:
        """Return for each frame, the output last, how many steps stand before it."""
        ends = [part[-1] + 1 if part else 0 for part in self.parts()]
        return [0, *ends]

    @functools.cached_property
    def _parts(self) -> list[list[int]]:
        out: list[list[int]] = [[]]
        for position, step in enumerate(self.chain.steps):
            if step.name in self.chain.ends and out[-1]:
                out.append([])
            out[-1].append(position)
            if isinstance(step.op, Geometric) and step.op.clips:
                out.append([])
        return out

    def numbers_of(self, position: int) -> list[int]:
        """Return which of the P numbers a step draws."""
        name = self.chain.steps[position].name
        return [i for i, address in enumerate(self.free) if address.rpartition(".")[0] == name]

    def varies(self, position: int) -> bool:
        """Tell whether a step's map is not the same over the whole box."""
        return bool(self.numbers_of(position)) or self.low[-1] < self.high[-1]

    def move(self, position: int, numbers: list[Any]) -> Map:
        """Return the map of one step, for numbers given as arrays (B,) or spans."""
        step, aspect, zero = self.chain.steps[position], numbers[-1], numbers[-1] * 0.0
        assert isinstance(step.op, Geometric)
        shape = self.shapes[position]
        known = {address: zero + value for address, value in self.given.items()}
        known |= dict(zip(self.free, numbers[:-1], strict=True))
        drawn = {number.name: known[f"{step.name}.{number.name}"] for number in step.op.drawn()}
        return _lifted(step.op.matrix(drawn, aspect if shape is None else shape), zero)

    def in_half_sides(self, through: Map, numbers: list[Any], start: int, stop: int) -> Map:
        """Return the map between the frames that stand before the steps `start` and `stop`, in half-sides."""
        same = self.shapes[start] == self.shapes[stop]
        return affine.in_half_sides(
            through, self._shape(start, numbers), None if same else self._shape(stop, numbers)
        )

    def _shape(self, position: int, numbers: list[Any]) -> Any:
        shape, one = self.shapes[position], self.low[-1] == self.high[-1]
        if shape is not None:
            return shape
        return self.low[-1] if one else numbers[-1]

    def _composed(self, part: list[int], numbers: list[Any]) -> Map:
        whole: Map = IDENTITY
        for position in part:
            whole = affine.compose(self.move(position, numbers), whole)
        return _lifted(whole, numbers[-1] * 0.0)

    def segments(self, numbers: list[Any]) -> list[Map]:
        """Return the map from each frame to the next."""
        return [self._composed(part, numbers) for part in self.parts()]

    def _same(self) -> list[bool]:
        """Tell for each segment but the first whether it carries a frame onto itself, whatever is drawn."""
        out = [False]
        for part in self._parts[1:]:
            still = not any(self.numbers_of(position) for position in part)
            for end in (self.low, (self.low + self.high) / 2, self.high):
                numbers = [np.array([x]) for x in end]
                start, stop = (part[0], part[-1] + 1) if part else (0, 0)
                through = self.in_half_sides(self._composed(part, numbers), numbers, start, stop)
                still = still and affine.is_symmetry(through)
            out.append(still)
        return out

    def whole(self, numbers: list[Any]) -> Map:
        """Return the composed map."""
        first, *rest = self.segments(numbers)
        for through in rest:
            first = affine.compose(through, first)
        return first

    def frames(self, numbers: list[Any]) -> list[Map]:
        """Return the maps from the source to each window and to the output, in half-sides."""
        return self.seen_from(0, numbers, self.segments(numbers))

    def seen_from(self, frame: int, numbers: list[Any], segments: list[Map]) -> list[Map]:
        """Return the maps, in half-sides, from a frame (0 is the source) to all others, later ones first, the
        source last; `segments` are those of these numbers.
        """
        starts = self.starts
        zero = numbers[-1] * 0.0
        seen: list[Map] = []
        ahead, back = IDENTITY, IDENTITY
        for other, through in enumerate(segments[frame:], start=frame + 1):
            ahead = affine.compose(through, ahead)
            seen.append(self.in_half_sides(_lifted(ahead, zero), numbers, starts[frame], starts[other]))
        for other, through in reversed(list(enumerate(segments[:frame]))):
            back = affine.compose(affine.inverse(through), back)
            seen.append(self.in_half_sides(_lifted(back, zero), numbers, starts[frame], starts[other]))
        return seen

    def found(self, numbers: Floats) -> Found:
        """Name one draw's P numbers."""
        named = {address: np.array([value]) for address, value in self.given.items()}
        named |= {a: np.array([value]) for a, value in zip(self.free, numbers[:-1], strict=True)}
        return named, numbers[-1:]


@dataclasses.dataclass(frozen=True, eq=False)
class Judged:
    """Say what is known of B boxes.

    Attributes:
        outside:   a draw outside the limit, if one was met.
        open:      bool (B,), whether a box may hold draws outside the limit.
        low, high: float64 (P, B), the boxes, a number along which the goal goes one way only set to its end.
        steep:     float64 (P, B), how much each number matters.
    """

    outside: Found | None
    open: NDArray[np.bool_]
    low: Floats
    high: Floats
    steep: Floats


def narrowed(box: Map, centre: Map, radii: Floats) -> Map:
    """Return a map of spans cut down to its mean-value form."""
    a, b, tx, c, d, ty = (entry.narrowed(point, radii) for entry, point in zip(box, centre, strict=True))
    return (a, b, tx, c, d, ty)


def steepest(span: Span) -> Floats:
    """Return the largest slope of a span along each number, either way, float64 (P, B)."""
    return np.maximum(np.abs(span.slope_low), np.abs(span.slope_high))


def _lifted(through: Map, zero: Any) -> Map:
    a, b, tx, c, d, ty = (zero + entry for entry in through)
    return (a, b, tx, c, d, ty)

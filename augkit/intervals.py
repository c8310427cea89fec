"""Sets of numbers: intervals on the line, arcs on the circle.

The empty interval and the empty arc set are inside everything; `ANY` and the full circle hold everything.
"""

from __future__ import annotations

import dataclasses
import itertools
import math

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_FUZZ = 1e-9


@dataclasses.dataclass(frozen=True)
class Interval:
    """Hold every number from `low` to `high`, ends included; empty when `low > high`."""

    low: float
    high: float

    @property
    def empty(self) -> bool:
        """Tell whether nothing is inside."""
        return self.low > self.high

    @property
    def width(self) -> float:
        """Return how much is inside; less than 0 when nothing is."""
        return self.high - self.low

    def __contains__(self, value: float) -> bool:
        return self.low - _slack(self.low) <= value <= self.high + _slack(self.high)

    def inside(self, other: Interval) -> bool:
        """Tell whether all of this is in `other`; rounding errors of a part in 10**9 are forgiven."""
        return self.empty or (not other.empty and self.low in other and self.high in other)

    def excess(self, values: Floats) -> Floats:
        """Return how far each value lies outside, 0 or less inside.

        NaN, where there is no value, is as far inside as can be.
        """
        with np.errstate(invalid="ignore"):  # a value without end, at an end that is none
            over = np.maximum(self.low - values, values - self.high)
        return np.where(np.isnan(over), -np.inf, over)

    def either(self, other: Interval) -> Interval:
        """Return the least interval that holds both."""
        return Interval(min(self.low, other.low), max(self.high, other.high))

    def both(self, other: Interval) -> Interval:
        """Return what the two have in common."""
        return Interval(max(self.low, other.low), min(self.high, other.high))

    def __add__(self, other: Interval) -> Interval:
        return EMPTY if self.empty or other.empty else Interval(self.low + other.low, self.high + other.high)

    def __mul__(self, other: Interval) -> Interval:
        if self.empty or other.empty:
            return EMPTY
        ends = [_times(a, b) for a in (self.low, self.high) for b in (other.low, other.high)]
        return Interval(min(ends), max(ends))

    def __neg__(self) -> Interval:
        return Interval(-self.high, -self.low)


EMPTY = Interval(math.inf, -math.inf)
ANY = Interval(-math.inf, math.inf)


def _times(a: float, b: float) -> float:
    return 0.0 if a == 0 or b == 0 else a * b


def _slack(value: float) -> float:
    return _FUZZ * max(1.0, abs(value)) if math.isfinite(value) else 0.0


@dataclasses.dataclass(frozen=True)
class Arcs:
    """Hold the angles of some arcs of the circle, in degrees.

    `arcs` is normal: each arc (low, high) has low in [-180, 180) and low <= high < low + 360, they are
    sorted, and no two touch.  The full circle is the one arc (-180, 180), the empty set no arc.
    """

    arcs: tuple[tuple[float, float], ...]

    @classmethod
    def of(cls, *arcs: tuple[float, float]) -> Arcs:
        """Build the normal form of the union of `arcs`, each (low, high) in degrees with low <= high."""
        if any(high - low >= 360 - _FUZZ for low, high in arcs):
            return CIRCLE
        pieces = sorted((low - 360 * math.floor((low + 180) / 360), high - low) for low, high in arcs)
        merged: list[list[float]] = []
        for low, width in pieces:
            if merged and low <= merged[-1][1] + _FUZZ:
                merged[-1][1] = max(merged[-1][1], low + width)
            else:
                merged.append([low, low + width])
        while (
            len(merged) > 1 and merged[-1][1] - 360 >= merged[0][0] - _FUZZ
        ):  # the last arc runs into the first
            first = merged.pop(0)
            merged[-1][1] = max(merged[-1][1], first[1] + 360)
        if merged and merged[-1][1] - merged[-1][0] >= 360 - _FUZZ:
            return CIRCLE
        return cls(tuple((low, high) for low, high in merged))

    @property
    def empty(self) -> bool:
        """Tell whether nothing is inside."""
        return not self.arcs

    @property
    def full(self) -> bool:
        """Tell whether this is the whole circle."""
        return self == CIRCLE

    @property
    def width(self) -> float:
        """Return how many degrees are inside; less than 0 when nothing is."""
        return sum(high - low for low, high in self.arcs) if self.arcs else -1.0

    @property
    def hull(self) -> Arcs:
        """Return the narrowest single arc that holds all of this."""
        if len(self.arcs) < 2:
            return self
        gaps = [(b[0] - a[1], b[0], a[1] + 360) for a, b in itertools.pairwise(self.arcs)]
        last, first = self.arcs[-1][1], self.arcs[0][0]
        return Arcs.of(max([*gaps, (first + 360 - last, first, last)])[1:])

    def __contains__(self, angle: float) -> bool:
        return any(
            (angle - low + _FUZZ) % 360 <= high - low + 2 * _FUZZ or self.full for low, high in self.arcs
        )

    def inside(self, other: Arcs) -> bool:
        """Tell whether every angle of this is in `other`; rounding errors of 10**-9 degrees are forgiven."""
        if other.full or self.empty:
            return True
        return all(
            any(
                (low - start + _FUZZ) % 360 + (high - low) <= stop - start + 3 * _FUZZ
                for start, stop in other.arcs
            )
            for low, high in self.arcs
        )

    def excess(self, values: Floats) -> Floats:
        """Return how many degrees each angle lies outside, 0 or less inside.

        NaN, where there is no angle, is as far inside as can be.
        """
        if self.full:
            return np.full(np.shape(values), -np.inf)
        over = np.full(np.shape(values), 180.0)
        for low, high in self.arcs:
            middle, half = (low + high) / 2, (high - low) / 2
            over = np.minimum(over, np.abs((values - middle + 180) % 360 - 180) - half)
        return np.where(np.isnan(values), -np.inf, over)

    def either(self, other: Arcs) -> Arcs:
        """Return the union."""
        return Arcs.of(*self.arcs, *other.arcs)

    def __add__(self, other: Arcs) -> Arcs:
        return Arcs.of(*((a + c, b + d) for a, b in self.arcs for c, d in other.arcs))

    def __neg__(self) -> Arcs:
        return Arcs.of(*((-high, -low) for low, high in self.arcs))

    def complement(self) -> Arcs:
        """Return the angles that are not inside, ends included."""
        if self.empty or self.full:
            return CIRCLE if self.empty else NOWHERE
        ends = [*self.arcs, (self.arcs[0][0] + 360, 0.0)]
        return Arcs.of(*((ends[i][1], ends[i + 1][0]) for i in range(len(self.arcs))))

    def widened(self, degrees: float) -> Arcs:
        """Return this with `degrees` more at both ends of every arc."""
        return (
            self if degrees <= 0 else Arcs.of(*((low - degrees, high + degrees) for low, high in self.arcs))
        )


CIRCLE = Arcs(((-180.0, 180.0),))
NOWHERE = Arcs(())

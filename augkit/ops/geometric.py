"""Ops that move the points of a picture.  All keep its size; a run of them is rendered by one resampling."""

from __future__ import annotations

import dataclasses
import functools
import math
from typing import Any

import numpy as np

from augkit.affine import Map, compose, in_half_sides, kept_at_least
from augkit.intervals import Arcs, Interval
from augkit.ops.op import Drawn, Geometric, Values
from augkit.ops.setting import Range, setting
from augkit.reach import Reach
from augkit.span import Span


@dataclasses.dataclass(frozen=True, kw_only=True)
class Shift(Geometric):
    """Move the picture sideways (x, positive to the right) and up or down (y, positive up).

    Draws:   x and y, even over their ranges
    Corners: what comes in from outside takes the policy's `fill`
    Source:  LeCun et al. 1998, Proc. IEEE 86(11), section III
    """

    x: Range = setting(-1, 1, unit="share of the width", still=0, default=(0.0, 0.0))
    y: Range = setting(-1, 1, unit="share of the height", still=0, default=(0.0, 0.0))

    def matrix(self, values: Values, aspect: Any) -> Map:
        """Return a translation by shares of the sides."""
        root = np.sqrt(aspect)
        return (1.0, 0.0, values["x"] * root, 0.0, 1.0, values["y"] / root)

    @property
    def even(self) -> tuple[str, ...]:
        """Name x and y."""
        return ("x", "y")

    def effects(self, aspect: Interval) -> Reach:
        """Lose at most the strip of the farthest shift."""
        far_x, far_y = max(map(abs, self.x)), max(map(abs, self.y))
        return Reach(kept=Interval((1 - far_x) * (1 - far_y), 1))


@dataclasses.dataclass(frozen=True, kw_only=True)
class FlipHorizontal(Geometric):
    """Swap left and right.  Give `p`, or every picture is mirrored.

    Draws:   nothing
    Source:  Krizhevsky et al. 2012, NeurIPS, section 4.1
    """

    def matrix(self, values: Values, aspect: Any) -> Map:
        """Return the left-right mirror."""
        return (-1.0, 0.0, 0.0, 0.0, 1.0, 0.0)

    def effects(self, aspect: Interval) -> Reach:
        """Mirror, with no turn."""
        return Reach(turn=Arcs(()), mirrored=Arcs.of((0, 0)))


@dataclasses.dataclass(frozen=True, kw_only=True)
class FlipVertical(Geometric):
    """Swap top and bottom.  Give `p`, or every picture is turned upside down and mirrored.

    Draws:   nothing
    Source:  Simonyan & Zisserman 2015 use its left-right twin; customary for aerial and microscope pictures
    """

    def matrix(self, values: Values, aspect: Any) -> Map:
        """Return the up-down mirror: a left-right mirror and a half turn."""
        return (1.0, 0.0, 0.0, 0.0, -1.0, 0.0)

    def effects(self, aspect: Interval) -> Reach:
        """Mirror, with a half turn."""
        return Reach(turn=Arcs(()), mirrored=Arcs.of((180, 180)))


@dataclasses.dataclass(frozen=True, kw_only=True)
class Zoom(Geometric):
    """Enlarge (above 1) or shrink (below 1) the picture about its centre.

    Draws:   factor, and x and y on top of it, each even over its range
    Corners: what comes in from outside takes the policy's `fill`
    Source:  Simard et al. 2003, ICDAR, section 2
    """

    factor: Range = setting(0.01, 100, unit="factor", still=1, default=(1.0, 1.0))
    x: Range = setting(0.01, 100, unit="factor of the width", still=1, default=(1.0, 1.0))
    y: Range = setting(0.01, 100, unit="factor of the height", still=1, default=(1.0, 1.0))

    def matrix(self, values: Values, aspect: Any) -> Map:
        """Return a scaling along the axes."""
        factor = values["factor"]
        return (factor * values["x"], 0.0, 0.0, 0.0, factor * values["y"], 0.0)

    @property
    def even(self) -> tuple[str, ...]:
        """Name factor."""
        return ("factor",)

    def effects(self, aspect: Interval) -> Reach:
        """Zoom by the mean factor, stretch by the ratio of the two, lose what leaves the frame."""
        x, y = Interval(*self.x), Interval(*self.y)
        factor = Interval(*self.factor)
        most_x, most_y = factor.high * x.high, factor.high * y.high
        zoom = Interval(factor.low * math.sqrt(x.low * y.low), factor.high * math.sqrt(x.high * y.high))
        return Reach(
            zoom=zoom,
            stretch=Interval(1, max(x.high / y.low, y.high / x.low, 1.0)),
            kept=Interval(min(1, 1 / most_x) * min(1, 1 / most_y), 1),
        )


@dataclasses.dataclass(frozen=True, kw_only=True)
class Rotate(Geometric):
    """Turn the picture about its centre and keep its size.

    Draws:   degrees, even over the range; positive is counter-clockwise
    Corners: what comes in from outside takes the policy's `fill`
    Source:  Simard et al. 2003, ICDAR, section 2
    """

    degrees: Range = setting(-180, 180, unit="degrees", still=0)

    def matrix(self, values: Values, aspect: Any) -> Map:
        """Return a rotation about the centre."""
        angle = np.radians(values["degrees"])
        cos, sin = np.cos(angle), np.sin(angle)
        return (cos, -sin, 0.0, sin, cos, 0.0)

    def effects(self, aspect: Interval) -> Reach:
        """Turn by the range, and lose corners."""
        return Reach(turn=Arcs.of(self.degrees), kept=Interval(_least_kept(self, aspect), 1))


@dataclasses.dataclass(frozen=True, kw_only=True)
class QuarterTurn(Geometric):
    """Turn the picture by 90, 180 or 270 degrees counter-clockwise, each as likely; a square loses nothing.

    Draws:   quarters, one of 1, 2, 3
    Source:  Cohen & Welling 2016, ICML (the group p4)
    """

    def drawn(self) -> tuple[Drawn, ...]:
        """Return the number of quarter turns."""
        return (Drawn("quarters", 1, 3, options=(1.0, 2.0, 3.0)),)

    def matrix(self, values: Values, aspect: Any) -> Map:
        """Return a rotation by whole quarter turns, exact."""
        quarters = values["quarters"]
        cos = np.square(quarters - 2.0) * 1.0 - 1.0
        sin = 2.0 - quarters
        return (cos, -sin, 0.0, sin, cos, 0.0)

    def effects(self, aspect: Interval) -> Reach:
        """Turn by three angles; a picture that is not square loses the ends of its long side."""
        thin = min(aspect.low, 1 / aspect.high)
        return Reach(turn=Arcs.of((90, 90), (180, 180), (270, 270)), kept=Interval(min(1.0, thin), 1))


@dataclasses.dataclass(frozen=True, kw_only=True)
class Transpose(Geometric):
    """Swap rows and columns: a mirror along the diagonal from top left to bottom right.

    Draws:   nothing
    Source:  Cohen & Welling 2016, ICML (the group p4m)
    """

    def matrix(self, values: Values, aspect: Any) -> Map:
        """Return the mirror along the falling diagonal."""
        return (0.0, -1.0, 0.0, -1.0, 0.0, 0.0)

    def effects(self, aspect: Interval) -> Reach:
        """Mirror, with a quarter turn; a picture that is not square loses the ends of its long side."""
        thin = min(aspect.low, 1 / aspect.high)
        return Reach(turn=Arcs(()), mirrored=Arcs.of((90, 90)), kept=Interval(min(1.0, thin), 1))


@dataclasses.dataclass(frozen=True, kw_only=True)
class Shear(Geometric):
    """Lean the picture: positive x_degrees lean its top to the right, positive y_degrees lift its right side.

    Draws:   x_degrees and y_degrees, each even over its range; x first
    Corners: what comes in from outside takes the policy's `fill`
    Source:  Simard et al. 2003, ICDAR, section 2 ("skewing")
    """

    x_degrees: Range = setting(-60, 60, unit="degrees", still=0, default=(0.0, 0.0))
    y_degrees: Range = setting(-60, 60, unit="degrees", still=0, default=(0.0, 0.0))

    def matrix(self, values: Values, aspect: Any) -> Map:
        """Return a shear along x and then one along y."""
        along_x: Map = (1.0, np.tan(np.radians(values["x_degrees"])), 0.0, 0.0, 1.0, 0.0)
        along_y: Map = (1.0, 0.0, 0.0, np.tan(np.radians(values["y_degrees"])), 1.0, 0.0)
        return compose(along_y, along_x)

    def effects(self, aspect: Interval) -> Reach:
        """Turn and stretch by the polar parts of the two shears, and lose the leaning triangles."""
        thin = 1 / aspect.low
        first = _one_shear(-self.x_degrees[1], -self.x_degrees[0], thin)
        return first.then(_one_shear(*self.y_degrees, aspect.high))


def _one_shear(low: float, high: float, across: float) -> Reach:
    """Bound a shear whose turn has the sign of the angles; `across` is the sheared side over the other."""
    turns = [math.degrees(math.atan(math.tan(math.radians(end)) / 2)) for end in (low, high)]
    k = math.tan(math.radians(max(abs(low), abs(high))))
    ratio = (k / 2 + math.hypot(k / 2, 1)) ** 2
    return Reach(
        turn=Arcs.of((turns[0], turns[1])),
        stretch=Interval(1, ratio),
        kept=Interval(max(0.0, 1 - k * across / 4), 1),
    )


@functools.lru_cache(maxsize=256)  # a policy is bounded way by way, with the same ops each time
def _least_kept(op: Geometric, aspect: Interval, cells: int = 240) -> float:
    """Bound the share kept by an op of one drawn number, over even cells of its range and a few of the
    aspect.
    """
    (number,) = op.drawn()
    edges = np.linspace(number.low, number.high, cells + 1)
    wide = np.geomspace(aspect.low, aspect.high, 9 if aspect.high > aspect.low else 2)
    low, low_aspect = (grid.ravel() for grid in np.meshgrid(edges[:-1], wide[:-1]))
    high, high_aspect = (grid.ravel() for grid in np.meshgrid(edges[1:], wide[1:]))
    value, shape = Span.boxes(np.stack([low, low_aspect]), np.stack([high, high_aspect]))
    through = in_half_sides(op.matrix({number.name: value}, shape), shape)
    lifted = tuple(value * 0.0 + entry for entry in through)
    return float(kept_at_least([lifted]).min())

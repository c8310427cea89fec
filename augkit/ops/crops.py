"""Ops that cut a window out of the picture.

A window is enlarged to the frame it is cut from, or becomes a smaller picture; either way what comes out is
one resampling of the source, together with all other steps of its run.
"""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np

from augkit.affine import Map
from augkit.intervals import Interval
from augkit.ops.op import Drawn, Geometric, Values
from augkit.ops.setting import Range, number, setting
from augkit.reach import Reach


@dataclasses.dataclass(frozen=True, kw_only=True)
class Crop(Geometric):
    """Cut out a window anywhere in the picture and enlarge it to the picture's size; the rest is gone.

    Draws:   side, even over the range; the window's place x and y, even over [0, 1]: 0 is left and bottom,
             1 right and top
    Source:  Krizhevsky et al. 2012, NeurIPS, section 4.1 (224 of 256 is a side of 0.875)
    """

    side: Range = setting(0.01, 1, unit="share of each side", still=1)

    def drawn(self) -> tuple[Drawn, ...]:
        """Return the window's side and its place."""
        return (Drawn("side", *self.side, still=1), Drawn("x", 0, 1), Drawn("y", 0, 1))

    def matrix(self, values: Values, aspect: Any) -> Map:
        """Return the map that carries the window onto the whole frame."""
        larger = 1.0 / values["side"]
        return _onto_frame(larger, larger, values, aspect)

    @property
    def even(self) -> tuple[str, ...]:
        """Name all three."""
        return ("side", "x", "y")

    def effects(self, aspect: Interval) -> Reach:
        """Zoom by the inverse of the side, and lose what is outside the window."""
        low, high = self.side
        return Reach(zoom=Interval(1 / high, 1 / low), kept=Interval(low**2, 1))

    @property
    def clips(self) -> bool:
        """Tell that what is outside the window is gone."""
        return True


@dataclasses.dataclass(frozen=True, kw_only=True)
class RandomResizedCrop(Geometric):
    """Cut out a window of random area and shape, and stretch it to the picture's frame; the rest is gone.

    It keeps the picture's size: a `resize` after it gives another, and both are one resampling.

    The share kept is the area drawn: a shape that does not fit at that area gives way, as far as it must,
    towards the picture's own, and the whole picture has no other.

    Draws:   area and ratio, each even over its range; the window's place x and y, even over [0, 1]: 0 is left
             and bottom, 1 right and top
    Source:  Szegedy et al. 2015, arXiv:1409.4842, section 6; torchvision draws the ratio's logarithm evenly,
             and draws again, area and all, where a window does not fit
    """

    area: Range = setting(0.0001, 1, unit="share of the picture's area", still=1, default=(0.08, 1.0))
    ratio: Range = setting(
        0.1, 10, unit="width over height of the window in pixels", still=1, default=(3 / 4, 4 / 3)
    )

    def drawn(self) -> tuple[Drawn, ...]:
        """Return the window's area, shape and place."""
        return (*super().drawn(), Drawn("x", 0, 1), Drawn("y", 0, 1))

    def matrix(self, values: Values, aspect: Any) -> Map:
        """Return the map that carries the window onto the whole frame."""
        area, ratio = values["area"], values["ratio"] / aspect
        wide = np.minimum(np.maximum(np.sqrt(area * ratio), area), 1.0)
        high = np.minimum(np.maximum(np.sqrt(area / ratio), area), 1.0)
        return _onto_frame(1.0 / wide, 1.0 / high, values, aspect)

    @property
    def even(self) -> tuple[str, ...]:
        """Name the window's place."""
        return ("x", "y")

    def effects(self, aspect: Interval) -> Reach:
        """Zoom by the inverse root of the area, stretch by ratio over aspect, and lose what is outside."""
        low, high = self.area
        odd = max(aspect.high / self.ratio[0], self.ratio[1] / aspect.low, 1.0)
        return Reach(
            zoom=Interval(1 / math.sqrt(high), 1 / math.sqrt(low)),
            stretch=Interval(1, min(odd, 1 / low)),
            kept=Interval(low, 1),
        )

    def stretch_into(self, aspect: Interval, after: float) -> Interval | None:
        """Stretch by the window's shape over that of the frame: it is drawn, or gives way towards the
        picture's own.
        """
        least, most = min(self.ratio[0], aspect.low), max(self.ratio[1], aspect.high)
        return Interval(1, max(most / after, after / least, 1.0))

    @property
    def clips(self) -> bool:
        """Tell that what is outside the window is gone."""
        return True


@dataclasses.dataclass(frozen=True, kw_only=True)
class CentreCrop(Geometric):
    """Cut out the middle of the picture; the rest is gone.

    What comes out has the window's pixels: nothing is enlarged.

    Draws:   nothing
    Source:  Krizhevsky et al. 2012, NeurIPS, section 2 (a square of the shorter side, aspect 1)
    """

    side: float = number(0.01, 1, unit="share of each side of the window", default=1.0)
    aspect: float | None = number(
        0.01, 100, unit="width over height of the window; the picture's own if left out", default=None
    )

    def matrix(self, values: Values, aspect: Any) -> Map:
        """Return the map that carries the window onto its own frame."""
        larger: Any = 1 / self.side
        if self.aspect is not None:
            larger = np.sqrt(np.maximum(aspect / self.aspect, self.aspect / aspect)) * larger
        return (larger, 0.0, 0.0, 0.0, larger, 0.0)

    def effects(self, aspect: Interval) -> Reach:
        """Zoom, seen from the frame, and lose what is outside the window."""
        shares = [1.0] if self.aspect is None else [_shared(end, self.aspect) for end in _ends(aspect)]
        own = self.aspect is not None and aspect.low <= self.aspect <= aspect.high
        most = 1.0 if own else max(shares)
        zooms = [1 / (self.side * math.sqrt(share)) for share in (most, min(shares))]
        return Reach(zoom=Interval(min(zooms), max(zooms)), kept=Interval(self.side**2 * min(shares), 1))

    @property
    def clips(self) -> bool:
        """Tell that what is outside the window is gone."""
        return True

    @property
    def reshapes(self) -> bool:
        """Tell that the picture's size changes."""
        return True

    @property
    def aspect_after(self) -> float | None:
        """Return the window's aspect, if it is a fixed one."""
        return self.aspect

    def size_after(self, width: int, height: int) -> tuple[int, int]:
        """Return the window's size, at least one pixel."""
        wide, high = width * self.side, height * self.side
        if self.aspect is not None:
            wide, high = min(wide, high * self.aspect), min(high, wide / self.aspect)
        return max(1, round(wide)), max(1, round(high))


def _onto_frame(wider: Any, higher: Any, values: Values, aspect: Any) -> Map:
    """Carry a window onto the frame: its sides are enlarged, and its place x, y is from 0 to 1."""
    root = np.sqrt(aspect)
    return (
        wider, 0.0, (0.5 - values["x"]) * (wider - 1.0) * root,
        0.0, higher, (0.5 - values["y"]) * (higher - 1.0) / root,
    )  # fmt: skip


def _ends(aspect: Interval) -> tuple[float, float]:
    return aspect.low, aspect.high


def _shared(one: float, other: float) -> float:
    """Return the share of a frame that the largest window of another aspect covers."""
    return min(one / other, other / one)

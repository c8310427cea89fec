"""Ops that set a picture's frame and how many pixels it has: margins, sizes, shapes."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np

from augkit.affine import Map
from augkit.codec import MAX_PIXELS
from augkit.errors import UsageError
from augkit.intervals import Interval
from augkit.ops.op import Geometric, Values
from augkit.ops.setting import Range, number, setting, word
from augkit.reach import Reach

_LEAST, _MOST = 0.01, 100.0
_FUZZ = 1e-9


@dataclasses.dataclass(frozen=True, kw_only=True)
class Pad(Geometric):
    """Put the sheet around the picture: to a wanted aspect, or by a share of each side, or both.

    What comes out has more pixels: nothing is shrunk.

    Draws:   nothing
    Corners: the margin takes the policy's `fill`, or what its `border` says
    Source:  customary where pictures of many shapes share one square frame ("letterbox")
    """

    share: float = number(0, 10, unit="share of each side, added at both of its ends", default=0.0)
    aspect: float | None = number(
        _LEAST, _MOST, unit="width over height; the picture's own if left out", default=None
    )

    def matrix(self, values: Values, aspect: Any) -> Map:
        """Return the map of the picture into the larger frame."""
        whole = 1 / (1 + 2 * self.share)
        if self.aspect is None:
            return _zoomed(whole)
        return _zoomed(np.sqrt(np.minimum(aspect / self.aspect, self.aspect / aspect)) * whole)

    def effects(self, aspect: Interval) -> Reach:
        """Zoom out, seen from the frame, and lose nothing."""
        shares = [1.0] if self.aspect is None else [_shared(end, self.aspect) for end in _ends(aspect)]
        own = self.aspect is not None and aspect.low <= self.aspect <= aspect.high
        whole = 1 / (1 + 2 * self.share)
        most = 1.0 if own else math.sqrt(max(shares))
        return Reach(zoom=Interval(math.sqrt(min(shares)) * whole, most * whole))

    @property
    def reshapes(self) -> bool:
        """Tell that the picture's size changes."""
        return True

    @property
    def aspect_after(self) -> float | None:
        """Return the wanted aspect, if there is one."""
        return self.aspect

    def size_after(self, width: int, height: int) -> tuple[int, int]:
        """Return the size with the margins."""
        wide, high = width * (1 + 2 * self.share), height * (1 + 2 * self.share)
        if self.aspect is not None:
            wide, high = max(wide, high * self.aspect), max(high, wide / self.aspect)
        return round(wide), round(high)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Resize(Geometric):
    """Give every picture the same size in pixels, or the same shorter side.

    Draws:   nothing
    Filter:  how colours between pixels are found; where the picture shrinks, all but `nearest` average over
             what falls into a pixel: `linear` nearly, and fast, `area` by more points, three times as dear
    Source:  Pillow and OpenCV name the filters; averaging against aliasing as in Heckbert 1989, "Fundamentals
             of texture mapping and image warping"
    """

    width: int | None = number(1, 65535, unit="pixels", whole=True, default=None)
    height: int | None = number(1, 65535, unit="pixels", whole=True, default=None)
    shorter: int | None = number(
        1, 65535, unit="pixels across the shorter side; the aspect stays", whole=True, default=None
    )
    filter: str = word("linear", "area", "cubic", "lanczos", "nearest", default="linear")

    def __post_init__(self) -> None:
        """Check that there is one size, and that a picture of it can be read again."""
        both = self.width is not None and self.height is not None
        one = self.width is not None or self.height is not None
        if both == (self.shorter is not None) or (one and not both):
            raise UsageError(
                "want width and height, or shorter", fix="write resize: {width: 224, height: 224}"
            )
        if (self.width or 1) * (self.height or 1) > MAX_PIXELS or (self.shorter or 1) ** 2 > MAX_PIXELS:
            raise UsageError(
                f"want at most {MAX_PIXELS:,} pixels: no larger picture is read", fix="write a smaller size"
            )

    def matrix(self, values: Values, aspect: Any) -> Map:
        """Return the stretch from the frame before to the frame after; nothing where the aspect stays."""
        if self.aspect_after is None:
            return _zoomed(1.0)
        wide = np.sqrt(self.aspect_after / aspect)
        return (wide, 0.0, 0.0, 0.0, 1.0 / wide, 0.0)

    def effects(self, aspect: Interval) -> Reach:
        """Stretch by the change of aspect, if only by rounding, and leave so many pixels across."""
        after = self.aspect_after
        across = self.shorter or min(self.width or 1, self.height or 1)
        if after is None:
            most = _rounded(across, aspect)
        else:
            most = max(max(after / end, end / after) for end in _ends(aspect))
        return Reach(stretch=Interval(1, most), pixels=Interval(across, math.inf))

    @property
    def reshapes(self) -> bool:
        """Tell that the picture's size changes."""
        return True

    @property
    def aspect_after(self) -> float | None:
        """Return width over height, if both are given."""
        return None if self.width is None or self.height is None else self.width / self.height

    def size_after(self, width: int, height: int) -> tuple[int, int]:
        """Return the size asked for."""
        if self.width is not None and self.height is not None:
            return self.width, self.height
        factor = (self.shorter or 1) / min(width, height)
        return max(1, round(width * factor)), max(1, round(height * factor))


@dataclasses.dataclass(frozen=True, kw_only=True)
class Aspect(Geometric):
    """Stretch the picture's sides apart and keep its area: wider and lower, or narrower and higher.

    Draws:   ratio, even over the range
    Corners: what comes in from outside takes the policy's `fill`
    Source:  LeCun et al. 1998, Proc. IEEE 86(11), section III ("squeezing")
    """

    ratio: Range = setting(0.1, 10, unit="factor of width over height", still=1)

    def matrix(self, values: Values, aspect: Any) -> Map:
        """Return a scaling along the axes."""
        wide = np.sqrt(values["ratio"])
        return (wide, 0.0, 0.0, 0.0, 1.0 / wide, 0.0)

    def effects(self, aspect: Interval) -> Reach:
        """Stretch by the farther end, and lose what leaves the frame at two sides."""
        most = max(self.ratio[1], 1 / self.ratio[0], 1.0)
        return Reach(stretch=Interval(1, most), kept=Interval(1 / math.sqrt(most), 1))


def _zoomed(factor: Any) -> Map:
    return (factor, 0.0, 0.0, 0.0, factor, 0.0)


def _rounded(shorter: int, aspect: Interval) -> float:
    """Return the largest stretch that comes of rounding the longer side to whole pixels."""
    ends = [shorter * max(end, 1 / end) for end in _ends(aspect)]
    least, most = (shorter if 1.0 in aspect else min(ends)), max(ends)
    halfway = math.ceil(least - 0.5 - _FUZZ) + 0.5  # where rounding does the most, the sooner the more
    if halfway <= most + _FUZZ:
        ends.append(halfway - _FUZZ)
    return max(max(round(length) / length, length / round(length)) for length in ends)


def _ends(aspect: Interval) -> tuple[float, float]:
    return aspect.low, aspect.high


def _shared(one: float, other: float) -> float:
    """Return the share of a frame that the largest window of another aspect covers."""
    return min(one / other, other / one)

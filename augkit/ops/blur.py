"""Ops that blur the picture, and the one that does the contrary.

A share of the side counts the side of the square that is as large as the picture, √(width · height) pixels:
the unit in which `augkit.reach` composes, and in which a policy means the same at 28 pixels and at 500.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from augkit.intervals import Interval
from augkit.ops.op import Drawn, Kernel
from augkit.ops.setting import Range, setting
from augkit.reach import Reach

Picture = NDArray[np.uint8]

_MEDIAN = 0.85
_WIDEST = 255
_FRACTION = 128


@dataclasses.dataclass(frozen=True, kw_only=True)
class Blur(Kernel):
    """Blur the picture with a Gaussian.

    Draws:   sigma, even over the range; 0.01 is 0.28 pixels for a digit of 28×28 and 4.3 for a photo of
             500×375
    Edges:   are continued outwards, not mirrored
    Source:  Chen et al. 2020, ICML (SimCLR), appendix A: up to 2 pixels of 224, a share of 0.009
    """

    sigma: Range = setting(0, 0.25, unit="share of the side", still=0)

    def apply(self, picture: Picture, values: Mapping[str, float]) -> Picture:
        """Blur each channel; the Gaussian is cut off at three sigma."""
        pixels = values["sigma"] * _side(picture)
        if pixels == 0:
            return picture
        return _like(picture, cv2.GaussianBlur(picture, (0, 0), pixels, borderType=cv2.BORDER_REPLICATE))

    def effects(self, aspect: Interval) -> Reach:
        """Blur by at most the high end."""
        return Reach(blur=Interval(0, self.sigma[1]))


@dataclasses.dataclass(frozen=True, kw_only=True)
class MotionBlur(Kernel):
    """Blur the picture along a line, as a camera that moves does.

    Draws:   length of the line and degrees, its direction, even over their ranges; 0 degrees is level, more
             is counter-clockwise
    Edges:   are continued outwards, not mirrored
    Source:  Hendrycks & Dietterich 2019, ICLR ("motion blur"), with an even line about the pixel in place of
             half a Gaussian to one side of it, so that nothing moves
    """

    length: Range = setting(0, 0.5, unit="share of the side", still=0)
    degrees: Range = setting(-180, 180, unit="degrees", still=0, default=(-90.0, 90.0))

    def drawn(self) -> tuple[Drawn, ...]:
        """Return the length, and the direction, which matters to no axis."""
        return (Drawn("length", *self.length, still=0), Drawn("degrees", *self.degrees))

    def apply(self, picture: Picture, values: Mapping[str, float]) -> Picture:
        """Average along the line."""
        length = values["length"] * _side(picture)
        if length == 0:
            return picture
        kernel = _line(length, values["degrees"]).astype(np.float32)
        return _like(picture, cv2.filter2D(picture, -1, kernel, borderType=cv2.BORDER_REPLICATE))

    def effects(self, aspect: Interval) -> Reach:
        """Blur by at most the sigma of the longest line."""
        return Reach(blur=Interval(0, self.length[1] / math.sqrt(12)))


@dataclasses.dataclass(frozen=True, kw_only=True)
class MedianBlur(Kernel):
    """Replace each pixel by the median of a square window about it, which takes out specks and fine lines.

    Edges stay sharp; what fills less than half of the window goes.

    Draws:   radius, half the side of the window, even over the range; the window has the largest odd number
             of pixels that is no wider, and one pixel alone changes nothing
    Edges:   are continued outwards, not mirrored
    Source:  Tukey 1977, Exploratory Data Analysis, chapter 7; a window of more than 255 pixels works on a
             smaller picture, enlarged again
    """

    radius: Range = setting(0, 0.25, unit="share of the side", still=0)

    def apply(self, picture: Picture, values: Mapping[str, float]) -> Picture:
        """Take the median of each channel."""
        height, width = picture.shape[:2]
        window = _odd(2 * values["radius"] * _side(picture))
        if window == 1:
            return picture
        if window <= _WIDEST:
            return _like(picture, cv2.medianBlur(picture, window))
        less = _WIDEST / window  # OpenCV counts pixels of a window in 16 bits
        small = cv2.resize(picture, None, fx=less, fy=less, interpolation=cv2.INTER_AREA)
        median = cv2.medianBlur(small, _WIDEST)
        return _like(picture, cv2.resize(median, (width, height), interpolation=cv2.INTER_LINEAR))

    def effects(self, aspect: Interval) -> Reach:
        """Take out no more than a Gaussian does whose sigma is 0.85 of the radius.

        More exactly: of all convex things looked at (lines, corners, disks, random polygons; 0.84 is the most
        that any of them needs), what a median takes away has less than half its contrast under that Gaussian.
        """
        return Reach(blur=Interval(0, _MEDIAN * self.radius[1]))


@dataclasses.dataclass(frozen=True, kw_only=True)
class Sharpen(Kernel):
    """Sharpen the picture: enlarge what sets each pixel apart from the blurred picture around it.

    Draws:   strength, how much of that difference is added, and radius, the sigma of the Gaussian that the
             blurred picture is made with, even over their ranges
    Edges:   are continued outwards, not mirrored
    Source:  unsharp masking as in Gonzalez & Woods 2018, Digital Image Processing, section 3.6, of the luma
             (ITU-R BT.601) alone: the same is added to every channel, so that edges get no colours
    """

    strength: Range = setting(0, 10, unit="share of the difference", still=0)
    radius: Range = setting(0, 0.25, unit="share of the side", still=0, default=(0.01, 0.01))

    def drawn(self) -> tuple[Drawn, ...]:
        """Return the strength, and the radius, which makes what is declared no less."""
        return (Drawn("strength", *self.strength, still=0), Drawn("radius", *self.radius))

    def apply(self, picture: Picture, values: Mapping[str, float]) -> Picture:
        """Add the difference, and clip to what a pixel can hold."""
        strength, sigma = values["strength"], values["radius"] * _side(picture)
        if strength == 0 or sigma == 0:
            return picture
        size = 2 * math.ceil(3 * sigma) + 1
        fine: Any = picture.astype(np.uint16) * np.uint16(_FRACTION)  # whole levels would be enlarged
        if picture.shape[2] == 3:
            fine = cv2.cvtColor(fine, cv2.COLOR_RGB2GRAY)
        luma = fine.astype(np.int16).reshape(picture.shape[:2])
        detail = luma - cv2.GaussianBlur(luma, (size, size), sigma, borderType=cv2.BORDER_REPLICATE)
        same = cv2.merge([detail] * picture.shape[2]).reshape(picture.shape)
        return _like(picture, cv2.addWeighted(picture, 1, same, strength / _FRACTION, 0, dtype=cv2.CV_8U))

    def effects(self, aspect: Interval) -> Reach:
        """Enlarge contrast about the level around each pixel, which lies anywhere: a middle grey in the
        midst of black or white is moved by half the strength.
        """
        most = self.strength[1] if self.radius[1] > 0 else 0.0
        return Reach(contrast=Interval(1, 1 + most), brightness=Interval(-most / 2, most / 2))


def _side(picture: Picture) -> float:
    """Return the side of the square that is as large as the picture, in pixels."""
    height, width = picture.shape[:2]
    return math.sqrt(width * height)


def _like(picture: Picture, out: Any) -> Picture:
    """Return what OpenCV made, with the last axis that it drops from grey pictures."""
    return np.asarray(out, dtype=np.uint8).reshape(picture.shape)


def _odd(width: float) -> int:
    """Return the largest odd number that is no larger, at least 1; a hair's breadth is forgiven."""
    return max(1, 2 * math.floor((width + 1e-6 - 1) / 2) + 1)


def _line(length: float, degrees: float) -> NDArray[np.float64]:
    """Return the weights of pixels in the mean along a line, float64, odd sides, about the middle one.

    Points of the line lie between pixels, which widens it, and a short line the more.  As much of the pixel
    itself is mixed in as makes up for that: the largest variance in any direction is length²/12 at most.
    """
    across, up = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    count = 2 * math.ceil(length) + 1
    along = length * ((np.arange(count) + 0.5) / count - 0.5)
    (columns, in_columns), (rows, in_rows) = _shared(along * across), _shared(-along * up)
    weights = in_rows @ in_columns.T / count
    wide, high = weights.sum(axis=0) @ columns**2, weights.sum(axis=1) @ rows**2
    largest = (wide + high) / 2 + math.hypot((wide - high) / 2, rows @ weights @ columns)
    share = min(1.0, length**2 / 12 / largest)
    weights *= share
    weights[len(rows) // 2, len(columns) // 2] += 1 - share
    return weights


def _shared(places: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the pixels that places lie on or between, and the share that each has in each place."""
    reach = math.ceil(float(np.abs(places).max()) - 1e-9)
    pixels = np.arange(-reach, reach + 1, dtype=np.float64)
    return pixels, np.clip(1 - np.abs(places - pixels[:, None]), 0, 1)

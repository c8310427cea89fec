"""Ops that take detail away as storing a picture does: compression, fewer pixels."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping

import cv2
import numpy as np
from numpy.typing import NDArray

from augkit import codec
from augkit.intervals import Interval
from augkit.ops.op import Kernel
from augkit.ops.setting import Range, setting
from augkit.reach import Reach

Picture = NDArray[np.uint8]

MOST_PIXELS = 65535
"""The longest side that a JPEG file can have: a picture left with as many pixels has lost none."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Jpeg(Kernel):
    """Compress the picture as a JPEG file and read it again.

    Draws:   quality, even over the range and rounded up; 100 leaves the picture as it is
    Source:  ITU-T T.81; quality on the scale of the Independent JPEG Group, chroma halved (4:2:0)
    """

    quality: Range = setting(1, 100, unit="JPEG quality", still=100)

    def apply(self, picture: Picture, values: Mapping[str, float]) -> Picture:
        """Write and read the picture."""
        quality = math.ceil(values["quality"])
        if quality == 100:
            return picture
        return codec.decode(codec.encode(picture, f"jpeg:{quality}"))

    def effects(self, aspect: Interval) -> Reach:
        """Leave at least the low end's quality."""
        return Reach(quality=Interval(self.quality[0], 100))


@dataclasses.dataclass(frozen=True, kw_only=True)
class Downscale(Kernel):
    """Leave fewer pixels: shrink the picture by averaging, and enlarge it to its size by interpolation.

    The setting counts pixels and not a share, because pixels are what a class can or cannot do without: a
    share of 0.5 leaves a digit of 28×28 14 pixels, and a photo 190.

    Draws:   to, even over the range and rounded up; a picture with no more pixels stays as it is
    Source:  Hendrycks & Dietterich 2019, ICLR ("pixelate"), with interpolation in place of squares
    """

    to: Range = setting(1, MOST_PIXELS, unit="pixels across the shorter side", still=MOST_PIXELS)

    def apply(self, picture: Picture, values: Mapping[str, float]) -> Picture:
        """Shrink and enlarge."""
        height, width = picture.shape[:2]
        shorter, to = min(height, width), math.ceil(values["to"])
        if to >= shorter:
            return picture
        small = (max(1, round(width * to / shorter)), max(1, round(height * to / shorter)))
        out = cv2.resize(picture, small, interpolation=cv2.INTER_AREA)
        out = cv2.resize(out, (width, height), interpolation=cv2.INTER_LINEAR)
        return np.asarray(out, dtype=np.uint8).reshape(picture.shape)

    def effects(self, aspect: Interval) -> Reach:
        """Leave at least the low end's pixels."""
        return Reach(pixels=Interval(self.to[0], math.inf))

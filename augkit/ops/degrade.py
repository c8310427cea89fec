"""Ops that take detail away: blur, noise, compression, fewer pixels.

A share of the side counts the side of the square that is as large as the picture, √(width · height) pixels:
the unit in which `augkit.reach` composes, and in which a policy means the same at 28 pixels and at 500.
"""

from __future__ import annotations

import dataclasses
import functools
import math
import statistics
from collections.abc import Mapping

import cv2
import numpy as np
from numpy.typing import NDArray

from augkit import codec
from augkit.intervals import Interval
from augkit.ops.op import Drawn, Kernel, field, spread
from augkit.ops.setting import Range, setting
from augkit.reach import Reach

Picture = NDArray[np.uint8]

MOST_PIXELS = 65535
"""The longest side that a JPEG file can have: a picture left with as many pixels has lost none."""


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
        height, width = picture.shape[:2]
        pixels = values["sigma"] * math.sqrt(width * height)
        if pixels == 0:
            return picture
        out = cv2.GaussianBlur(picture, (0, 0), pixels, borderType=cv2.BORDER_REPLICATE)
        return np.asarray(out, dtype=np.uint8).reshape(picture.shape)

    def effects(self, aspect: Interval) -> Reach:
        """Blur by at most the high end."""
        return Reach(blur=Interval(0, self.sigma[1]))


@dataclasses.dataclass(frozen=True, kw_only=True)
class Noise(Kernel):
    """Add Gaussian noise, its own for every pixel and channel.

    Draws:   sigma, even over the range; field, the address of the noise
    Source:  Sietsma & Dow 1991, Neural Networks 4(1)
    """

    sigma: Range = setting(0, 1, unit="share of the full range", still=0)

    def drawn(self) -> tuple[Drawn, ...]:
        """Return the sigma and the field."""
        return (Drawn("sigma", *self.sigma, still=0), field())

    def apply(self, picture: Picture, values: Mapping[str, float]) -> Picture:
        """Add the field, and clip to what a pixel can hold."""
        sigma = values["sigma"]
        if sigma == 0:
            return picture
        noise = _normal(values["field"], picture.size).reshape(picture.shape)
        noisy: NDArray[np.float32] = np.clip(picture + noise * np.float32(255 * sigma), 0, 255)
        return np.rint(noisy).astype(np.uint8)

    def effects(self, aspect: Interval) -> Reach:
        """Add at most the high end; clipping only makes it less."""
        return Reach(noise=Interval(0, self.sigma[1]))


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


def _normal(address: float, count: int) -> NDArray[np.float32]:
    """Return `count` normal numbers for an address, each from 16 bits through the inverse distribution."""
    words = spread(address, "noise", -(-count // 4))
    parts = (words[:, None] >> np.array([0, 16, 32, 48], dtype=np.uint64)) & np.uint64(0xFFFF)
    normal: NDArray[np.float32] = _quantiles()[parts.ravel()[:count]]
    return normal


@functools.cache
def _quantiles() -> NDArray[np.float32]:
    """Return the normal quantiles in the middle of 65,536 equal parts, -4.3 to 4.3, float32."""
    normal = statistics.NormalDist()
    upper = np.array([normal.inv_cdf((i + 0.5) / 65536) for i in range(32768, 65536)], dtype=np.float32)
    return np.concatenate([-upper[::-1], upper])

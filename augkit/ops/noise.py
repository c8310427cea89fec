"""Ops that add noise: what a pixel says is no longer quite what was there."""

from __future__ import annotations

import dataclasses
import functools
import math
import statistics
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from augkit.intervals import Interval
from augkit.ops.op import Drawn, Kernel, field, spread
from augkit.ops.setting import Range, setting
from augkit.reach import Reach

Picture = NDArray[np.uint8]

_COUNTED = 256
_UNSEEN = 10_000_000
_CELLS = 4096


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
        noise = _quantiles()[_parts(values["field"], "noise", picture.size)].reshape(picture.shape)
        noisy: NDArray[np.float32] = np.clip(picture + noise * np.float32(255 * sigma), 0, 255)
        return np.rint(noisy).astype(np.uint8)

    def effects(self, aspect: Interval) -> Reach:
        """Add at most the high end; clipping only makes it less."""
        return Reach(noise=Interval(0, self.sigma[1]))


@dataclasses.dataclass(frozen=True, kw_only=True)
class ShotNoise(Kernel):
    """Count photons, as a sensor in little light does: bright parts get more noise, dark parts less.

    Draws:   sigma, the noise of white, even over the range: 0.1 where 100 photons make white, the root of one
             over their number; field, the address of the counts, which are Poisson numbers of their own for
             every pixel and channel
    Source:  Hendrycks & Dietterich 2019, ICLR ("shot noise", 60 photons down to 3: 0.13 up to 0.58)
    """

    sigma: Range = setting(0, 1, unit="share of the full range, at white", still=0)

    def drawn(self) -> tuple[Drawn, ...]:
        """Return the sigma and the field."""
        return (Drawn("sigma", *self.sigma, still=0), field())

    def apply(self, picture: Picture, values: Mapping[str, float]) -> Picture:
        """Count, and clip to what a pixel can hold."""
        if values["sigma"] ** 2 * _UNSEEN <= 1:  # a twelfth of a level at white
            return picture
        photons = values["sigma"] ** -2
        parts = _parts(values["field"], "shot_noise", picture.size).reshape(picture.shape)
        if photons <= _COUNTED:
            at = picture.astype(np.int32) * np.int32(_CELLS) + (parts >> 4)
            return np.take(_counts(photons), at)
        normal = _quantiles()[parts]
        mean = (np.arange(256) * (photons / 255)).astype(np.float32)
        # The square leans a normal number as a Poisson number leans (Cornish and Fisher).
        count = np.rint(mean[picture] + np.sqrt(mean)[picture] * normal + (normal**2 - 1) / 6)
        levels: NDArray[np.float32] = np.clip(count * np.float32(255 / photons), 0, 255)
        return np.where(picture > 0, np.rint(levels), 0).astype(np.uint8)

    def effects(self, aspect: Interval) -> Reach:
        """Add at most the noise of white; what is darker has less, by the root of its light."""
        return Reach(noise=Interval(0, self.sigma[1]))


@dataclasses.dataclass(frozen=True, kw_only=True)
class SaltPepper(Kernel):
    """Make some pixels white and some black, all their channels together.

    Draws:   share of the pixels, and salt, the white ones' share among them, even over their ranges; field,
             the address of their places.  The share is not a chance: so many pixels, rounded down, whatever
             their places
    Source:  Gonzalez & Woods 2018, Digital Image Processing, section 5.2 ("salt-and-pepper noise")
    """

    share: Range = setting(0, 1, unit="share of the pixels", still=0)
    salt: Range = setting(0, 1, unit="share of the changed pixels", still=0.5, default=(0.5, 0.5))

    def drawn(self) -> tuple[Drawn, ...]:
        """Return both shares and the field."""
        return (Drawn("share", *self.share, still=0), Drawn("salt", *self.salt), field())

    def apply(self, picture: Picture, values: Mapping[str, float]) -> Picture:
        """Change those pixels whose random numbers are the smallest."""
        pixels = picture.shape[0] * picture.shape[1]
        white = math.floor(values["share"] * values["salt"] * pixels + 1e-6)
        black = math.floor(values["share"] * (1 - values["salt"]) * pixels + 1e-6)
        if white + black == 0:
            return picture
        order = np.argpartition(
            _halves(values["field"], "salt_pepper", pixels), [max(0, n - 1) for n in (white, white + black)]
        )
        out = picture.copy()
        flat = out.reshape(pixels, -1)
        flat[order[:white]] = 255
        flat[order[white : white + black]] = 0
        return out

    def effects(self, aspect: Interval) -> Reach:
        """Hide what those pixels showed, and add noise whose sigma is the root of the share at most.

        White in the midst of black is off by the full range, and so is black on white: their mean square is
        the larger of both shares.
        """
        share, salt = self.share[1], max(self.salt[1], 1 - self.salt[0])
        return Reach(covered=Interval(0, share), noise=Interval(0, math.sqrt(share * salt)))


def _parts(address: float, name: str, count: int) -> NDArray[np.uint16]:
    """Return `count` random numbers of 16 bits for an address, the low bits of each word first."""
    words = spread(address, name, -(-count // 4))
    return words.astype("<u8", copy=False).view("<u2")[:count]


def _halves(address: float, name: str, count: int) -> NDArray[np.uint32]:
    """Return `count` random numbers of 32 bits for an address, the low half of each word first."""
    words = spread(address, name, -(-count // 2))
    return words.astype("<u8", copy=False).view("<u4")[:count]


@functools.cache
def _quantiles() -> NDArray[np.float32]:
    """Return the normal quantiles in the middle of 65,536 equal parts, -4.3 to 4.3, float32."""
    normal = statistics.NormalDist()
    upper = np.array([normal.inv_cdf((i + 0.5) / 65536) for i in range(32768, 65536)], dtype=np.float32)
    return np.concatenate([-upper[::-1], upper])


def _counts(photons: float) -> NDArray[np.uint8]:
    """Return the level that each level is counted as in the middle of 4,096 equal parts of chance.

    uint8 (256 · 4096,): quantiles of Poisson numbers with the mean of each level.
    """
    count = np.arange(math.ceil(photons + 6 * math.sqrt(photons) + 12))
    factorials = np.concatenate([[0.0], np.cumsum(np.log(count[1:]))])
    mean = np.arange(1, 256)[:, None] * (photons / 255)
    below = np.exp(count * np.log(mean) - mean - factorials).cumsum(axis=1)
    ends = np.clip(np.ceil(below * _CELLS - 0.5), 0, _CELLS).astype(np.int64)
    ends[:, -1] = _CELLS
    levels = np.minimum(np.rint(count * (255 / photons)), 255).astype(np.uint8)
    cells = np.diff(ends, axis=1, prepend=0)
    black = np.zeros(_CELLS, dtype=np.uint8)
    return np.concatenate([black, np.repeat(np.tile(levels, 255), cells.ravel())])

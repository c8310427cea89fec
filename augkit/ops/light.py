"""Ops that change the colour of the light that a picture seems taken in, as `augkit.ops.colour` counts it.

A grey picture (H×W×1) stays as it is.
"""

from __future__ import annotations

import dataclasses
import math
import statistics
from typing import Any

import numpy as np
from numpy.typing import NDArray

from augkit.errors import UsageError
from augkit.intervals import Interval
from augkit.ops.colour import LUMA, matrices
from augkit.ops.op import Colour, Drawn, Values
from augkit.ops.setting import Range, numbers, setting
from augkit.reach import Reach

Floats = NDArray[np.float64]

_TO_SRGB = np.array([[3.2406, -1.5372, -0.4986], [-0.9689, 1.8758, 0.0415], [0.0557, -0.2040, 1.0570]])
_DAYLIGHT = 6500.0
_DISPLAY = 2.2

_TAIL = 3.0
_VALUES = (0.2175, 0.0188, 0.0045)
_VECTORS = (-0.5675, 0.7192, 0.4009, -0.5808, -0.0045, -0.8140, -0.5836, -0.6948, 0.4203)


@dataclasses.dataclass(frozen=True, kw_only=True)
class WhiteBalance(Colour):
    """Show the picture as under light of another temperature: below 6500 warmer, above it colder.

    Draws:   kelvin, even over the range
    Grey:    pictures of one channel stay as they are
    Source:  Zini et al. 2023, ICLR (Planckian Jitter): red, green and blue are multiplied by the colour of a
             black body over that at 6500 K.  There levels are multiplied as if they were light; here by the
             gains of light under a display gamma of 2.2, and so that greys keep their luma.  The locus is
             that of Kang et al. 2002, J. Korean Phys. Soc. 41(6), the primaries those of sRGB
    """

    kelvin: Range = setting(2500, 15000, unit="kelvin", still=_DAYLIGHT)

    def mix(self, values: Values) -> Floats:
        """Return the gains as diagonal matrices."""
        return matrices(_gains(values["kelvin"])[:, :, None] * np.eye(3))

    def effects(self, aspect: Interval) -> Reach:
        """Multiply channels: red falls with the temperature and blue grows, green stays between them.

        Where r is the ratio of two gains, a pure colour turns farthest when its two channels change places,
        the lesser of them having been √r of the greater: by 60 degrees times 1 - √r, before and after.
        """
        gains = _gains(np.array(self.kelvin))
        low, high = float(gains.min()), float(gains.max())
        apart = float((gains.min(axis=1) / gains.max(axis=1)).min())
        return Reach(
            contrast=Interval(low, high),
            brightness=Interval((low - 1) / 2, (high - 1) / 2),
            hue=Interval(0, 120 * (1 - math.sqrt(apart))),
            saturation=Interval(low, high),
        )


@dataclasses.dataclass(frozen=True, kw_only=True)
class PcaColour(Colour):
    """Add to each picture one colour, drawn as the colours of the data set vary.

    That is p1·a1·l1 + p2·a2·l2 + p3·a3·l3, where p and l are the eigenvectors and eigenvalues of the
    covariance of red, green and blue on [0, 1], over all pixels of the data set, and a is drawn.

    Draws:   sigma, even over the range; a1, a2 and a3, normal with that standard deviation and cut off at
             three of them: `first`, `second` and `third` are their quantiles, even over [0, 1]
    Grey:    pictures of one channel stay as they are
    Source:  Krizhevsky et al. 2012, section 4.1, where sigma is 0.1.  ImageNet's eigenvalues and eigenvectors
             are those of fb.resnet.torch (`Lighting`), red first; they are variances, whose sum of 0.24 is
             that of the channels' own (pytorch/vision#1439).  albumentations' FancyPCA takes each picture's
             own instead
    """

    sigma: Range = setting(0, 2, unit="standard deviation of a", still=0, default=(0.1, 0.1))
    eigenvalues: tuple[float, ...] = numbers(3, 0, 1, unit="variance on [0, 1]", default=_VALUES)
    eigenvectors: tuple[float, ...] = numbers(
        9, -1, 1, unit="red's three, green's, blue's: a column each", default=_VECTORS
    )

    def __post_init__(self) -> None:
        vectors = self._vectors()
        if np.abs(vectors.T @ vectors - np.eye(3)).max() > 0.01:
            raise UsageError(
                "got eigenvectors that are not of length 1 and at right angles to each other",
                where="eigenvectors",
                fix="write the matrix row by row: red, green and blue of each, a column for each vector",
            )

    def drawn(self) -> tuple[Drawn, ...]:
        """Return the sigma and three quantiles."""
        quantiles = (Drawn(name, 0, 1, telling=False) for name in ("first", "second", "third"))
        return (Drawn("sigma", *self.sigma, still=0), *quantiles)

    def mix(self, values: Values) -> Floats:
        """Return matrices that add."""
        normal = np.stack([_normal(values[name]) for name in ("first", "second", "third")])
        added = self._vectors() @ (np.array(self.eigenvalues)[:, None] * normal * values["sigma"])
        out = matrices(np.tile(np.eye(3), (added.shape[1], 1, 1)))
        out[:, :, 3] = added.T
        return out

    def effects(self, aspect: Interval) -> Reach:
        """Add to channels, to one more than to another.

        On the way from a pure colour to what it becomes, its chroma is never less than 1 - apart, and its hue
        turns by 60 degrees for each chroma that one channel moves against another.
        """
        scaled = self._vectors() * self.eigenvalues * self.sigma[1] * _TAIL
        most = float(np.abs(scaled).sum(axis=1).max())
        spread = float(np.abs(scaled - scaled[[1, 2, 0]]).sum(axis=1).max())
        apart = max(most, spread)
        return Reach(
            brightness=Interval(-most, most),
            hue=Interval(0, min(180.0, -60 * math.log(1 - apart)) if apart < 1 else 180.0),
            saturation=Interval(max(0.0, 1 - apart), 1 + spread),
        )

    def _vectors(self) -> Floats:
        return np.array(self.eigenvectors).reshape(3, 3)


def _gains(kelvin: Floats) -> Floats:
    """Return what light of a temperature multiplies red, green and blue by, float64 (N, 3)."""
    gains = (_black_body(kelvin) / _black_body(np.array([_DAYLIGHT]))) ** (1 / _DISPLAY)
    scaled: Floats = gains / (gains @ LUMA / LUMA.sum())[:, None]
    return scaled


def _black_body(kelvin: Floats) -> Floats:
    """Return the colour of a black body in linear sRGB, float64 (N, 3), by Kang's cubics."""
    hot, t = kelvin >= 4000, 1000 / kelvin
    x = np.where(
        hot, _cubic(t, -3.0258469, 2.1070379, 0.2226347, 0.240390),
        _cubic(t, -0.2661239, -0.2343589, 0.8776956, 0.179910),
    )  # fmt: skip
    y = np.where(
        hot, _cubic(x, 3.0817580, -5.87338670, 3.75112997, -0.37001483),
        _cubic(x, -0.9549476, -1.37418593, 2.09137015, -0.16748867),
    )  # fmt: skip
    linear: Floats = np.stack([x / y, np.ones_like(x), (1 - x - y) / y], axis=1) @ _TO_SRGB.T
    return linear


def _cubic(x: Any, a: float, b: float, c: float, d: float) -> Any:
    return ((a * x + b) * x + c) * x + d


def _normal(quantiles: Floats) -> Floats:
    """Return the normal numbers within three sigma that have these quantiles among such."""
    normal = statistics.NormalDist()
    tail = normal.cdf(-_TAIL)
    within = [normal.inv_cdf(tail + q * (1 - 2 * tail)) for q in quantiles.tolist()]
    return np.clip(within, -_TAIL, _TAIL)

"""Ops that change what colours a picture has.  A grey picture (H×W×1) has none and stays as it is.

Ops that add to channels or multiply them move several axes at once, and count on them, before clipping and
after: as contrast and brightness, what happens to any channel of a grey; as hue, the most that a pure colour
(one channel full, one empty) turns on the hexcone; as saturation, the factor on a pure colour's chroma, its
greatest channel less its least.  A grey has no hue, and what is nearly grey may turn by any angle.

What steps of tone clip from colours is on no axis here, nor what a slope does to chroma: contrast and
brightness speak of it (`augkit.ops.tone`).
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping

import cv2
import numpy as np
from numpy.typing import NDArray

from augkit.intervals import Interval
from augkit.ops.op import Colour, Drawn, Kernel, Values
from augkit.ops.setting import Range, setting
from augkit.reach import Reach

Picture = NDArray[np.uint8]
Floats = NDArray[np.float64]

LUMA = np.array([0.299, 0.587, 0.114])
"""Weights of red, green and blue, ITU-R BT.601."""

_ORDERS = ((0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0))
_FULL = np.float32(255)
_LEAST = np.float32(1e-6)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Saturation(Colour):
    """Make colours stronger (above 1) or weaker (below 1; 0 is grey) and keep their luma and hue.

    A colour that would leave the range of what a pixel can hold goes as far as it can in its direction, so
    that hues stay where they are; plain clipping would turn orange to yellow.

    Draws:   factor, even over the range
    Grey:    pictures of one channel stay as they are
    Source:  Haeberli & Voorhies 1994, "Image processing by linear interpolation and extrapolation"; luma of
             ITU-R BT.601
    """

    factor: Range = setting(0, 10, unit="factor", still=1)

    def mix(self, values: Values) -> Floats:
        """Return the matrices towards luma, or away from it."""
        factor = values["factor"][:, None, None]
        return matrices(factor * np.eye(3) + (1 - factor) * LUMA)

    @property
    def linear(self) -> bool:
        """Tell whether no colour can leave the range, so that nothing need be held back."""
        return self.factor[1] <= 1

    def apply(self, picture: Picture, values: Mapping[str, float]) -> Picture:
        """Move each pixel away from, or towards, the grey of its luma."""
        if picture.shape[2] == 1 or values["factor"] == 1:
            return picture
        planes = [plane.astype(np.float32) for plane in np.moveaxis(picture, 2, 0)]
        luma = picture.astype(np.float32) @ LUMA.astype(np.float32)
        above = (_FULL - luma) / np.maximum(functools.reduce(np.maximum, planes) - luma, _LEAST)
        below = luma / np.maximum(luma - functools.reduce(np.minimum, planes), _LEAST)
        factor = np.minimum(np.float32(values["factor"]), np.minimum(above, below))
        return np.stack([_rounded(luma + factor * (plane - luma)) for plane in planes], axis=2)

    def effects(self, aspect: Interval) -> Reach:
        """Change saturation; the strongest colours cannot get stronger and keep a factor of 1."""
        low, high = self.factor
        return Reach(saturation=Interval(min(low, 1.0), high))


@dataclasses.dataclass(frozen=True, kw_only=True)
class Hue(Kernel):
    """Turn the hue circle: positive turns red towards yellow and green; saturation and value of HSV stay.

    Draws:   degrees, even over the range
    Grey:    pictures of one channel, and grey pixels, stay as they are
    Source:  Smith 1978, SIGGRAPH, "Color gamut transform pairs" (the HSV hexcone), in floating point
    """

    degrees: Range = setting(-180, 180, unit="degrees", still=0)

    def apply(self, picture: Picture, values: Mapping[str, float]) -> Picture:
        """Turn the hue of each pixel."""
        degrees = values["degrees"]
        if picture.shape[2] == 1 or degrees == 0:
            return picture
        hsv = cv2.cvtColor(picture.astype(np.float32) / _FULL, cv2.COLOR_RGB2HSV)
        hsv[:, :, 0] = (hsv[:, :, 0] + np.float32(degrees)) % np.float32(360)
        return _rounded(np.asarray(cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB), dtype=np.float32) * _FULL)

    @property
    def pointwise(self) -> bool:
        """Tell that the sheet goes along."""
        return True

    def effects(self, aspect: Interval) -> Reach:
        """Turn hues by at most the farther end of the range."""
        return Reach(hue=Interval(0, max(map(abs, self.degrees))))


@dataclasses.dataclass(frozen=True, kw_only=True)
class Grey(Colour):
    """Take the colour out and keep the luma.  Give `p`, or no picture has colour.

    Draws:   nothing
    Grey:    pictures of one channel stay as they are
    Source:  ITU-R BT.601 (luma); Chen et al. 2020, ICML (SimCLR), appendix A
    """

    def mix(self, values: Values) -> Floats:
        """Return the matrix that gives every channel the luma, for all draws."""
        return matrices(np.tile(LUMA, (1, 3, 1)))

    def effects(self, aspect: Interval) -> Reach:
        """Leave no saturation."""
        return Reach(saturation=Interval(0, 0))


@dataclasses.dataclass(frozen=True, kw_only=True)
class ChannelShuffle(Colour):
    """Swap red, green and blue among each other.  Give `p`, or no picture has its own colours.

    Draws:   order, one of the five that are not the picture's own, each as likely
    Grey:    pictures of one channel stay as they are
    Source:  Lee et al. 2020, ICML (SLA, "color permutation"), section 3
    """

    def drawn(self) -> tuple[Drawn, ...]:
        """Return the number of the order: 1 is RBG, 2 GRB, 3 GBR, 4 BRG, 5 BGR."""
        return (Drawn("order", 1, 5, options=(1.0, 2.0, 3.0, 4.0, 5.0)),)

    def mix(self, values: Values) -> Floats:
        """Return the permutations."""
        which = np.asarray(_ORDERS)[np.rint(values["order"]).astype(int) - 1]
        return matrices(np.eye(3)[which])

    def effects(self, aspect: Interval) -> Reach:
        """Mix channels, an axis of its own: most orders are no turn of the hue circle."""
        return Reach(channels=Interval(0, 1))


@dataclasses.dataclass(frozen=True, kw_only=True)
class ChannelDrop(Colour):
    """Make one of red, green and blue black.  Give `p`, or every picture has lost a channel.

    What is seen in that channel alone is lost: of a red digit on black, all.

    Draws:   channel, 0 for red, 1 for green, 2 for blue, each as likely
    Grey:    pictures of one channel stay as they are
    Source:  albumentations' ChannelDropout, with one channel and a fill of 0
    """

    def drawn(self) -> tuple[Drawn, ...]:
        """Return the number of the channel."""
        return (Drawn("channel", 0, 2, options=(0.0, 1.0, 2.0)),)

    def mix(self, values: Values) -> Floats:
        """Return the matrices that are one but for a channel."""
        kept = np.rint(values["channel"])[:, None] != np.arange(3)
        return matrices(kept[:, :, None] * np.eye(3))

    def effects(self, aspect: Interval) -> Reach:
        """Mix channels, take the tones of one, and turn pure colours by at most a third of the circle: the
        orange nearest to red, without its red, is green.
        """
        return Reach(
            channels=Interval(0, 1),
            contrast=Interval(0, 1),
            brightness=Interval(-0.5, 0),
            hue=Interval(0, 120),
            saturation=Interval(0, 1),
        )


def matrices(square: Floats) -> Floats:
    """Return float64 (N, 3, 4) from 3×3 matrices: a last column with nothing to add."""
    return np.concatenate([square, np.zeros((*square.shape[:2], 1))], axis=2)


def _rounded(pixels: NDArray[np.float32]) -> Picture:
    return np.rint(np.clip(pixels, 0, _FULL)).astype(np.uint8)

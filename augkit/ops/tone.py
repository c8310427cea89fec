"""Ops that change how bright a pixel is, whatever is beside it; a run of lines is rendered by one table."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from augkit.intervals import EMPTY, Interval
from augkit.ops.op import Kernel, Tone, Values
from augkit.ops.setting import Range, setting
from augkit.reach import Reach


@dataclasses.dataclass(frozen=True, kw_only=True)
class Contrast(Tone):
    """Spread the tones about middle grey (above 1) or draw them together (below 1).

    Draws:   gain, even over the range
    Source:  Simard et al. 2003 leave it out; Cubuk et al. 2019, CVPR (AutoAugment), table 6
    """

    gain: Range = setting(0, 10, unit="slope of the tone curve", still=1)

    def curve(self, values: Values) -> tuple[Any, Any]:
        """Return the gain, and no change of middle grey."""
        return values["gain"], 0.0

    def effects(self, aspect: Interval) -> Reach:
        """Change the slope and nothing else."""
        return Reach(contrast=Interval(*self.gain))


@dataclasses.dataclass(frozen=True, kw_only=True)
class Brightness(Tone):
    """Make every pixel brighter or darker by the same amount.

    Draws:   shift, even over the range; positive is brighter
    Source:  Cubuk et al. 2019, CVPR (AutoAugment), table 6
    """

    shift: Range = setting(-1, 1, unit="share of the full range", still=0)

    def curve(self, values: Values) -> tuple[Any, Any]:
        """Return a slope of one and the shift."""
        return 1.0, values["shift"]

    def effects(self, aspect: Interval) -> Reach:
        """Move middle grey and nothing else."""
        return Reach(brightness=Interval(*self.shift))


@dataclasses.dataclass(frozen=True, kw_only=True)
class Invert(Tone):
    """Make dark bright and bright dark.  Give `p`, or every picture is inverted.

    Draws:   nothing
    Source:  Cubuk et al. 2019, CVPR (AutoAugment), table 6
    """

    def curve(self, values: Values) -> tuple[Any, Any]:
        """Return a slope of minus one about middle grey."""
        return -1.0, 0.0

    def effects(self, aspect: Interval) -> Reach:
        """Invert, with the contrast kept."""
        return Reach(contrast=EMPTY, inverted=Interval(1, 1))


@dataclasses.dataclass(frozen=True, kw_only=True)
class Posterize(Kernel):
    """Leave few levels of brightness in each channel, evenly from black to white, and take the nearest.

    Draws:   bits, even over the range; round(2**bits) levels are left, 2 at 1 bit, 3 at 1.6 and all at 8
    Source:  Cubuk et al. 2019, CVPR (AutoAugment), table 6; there the low bits are cut off, which darkens
             every picture, white included, and here black and white stay
    """

    bits: Range = setting(1, 8, unit="bits of each channel", still=8)

    def apply(self, picture: NDArray[np.uint8], values: Mapping[str, float]) -> NDArray[np.uint8]:
        """Take the nearest level that is left."""
        steps = _levels(values["bits"]) - 1
        table = np.rint(np.rint(np.arange(256) / 255 * steps) / steps * 255).astype(np.uint8)
        return np.asarray(cv2.LUT(picture, table), dtype=np.uint8).reshape(picture.shape)

    def effects(self, aspect: Interval) -> Reach:
        """Leave at least the low end's levels."""
        return Reach(levels=Interval(_levels(self.bits[0]), 256))


def _levels(bits: float) -> int:
    return round(2**bits)

"""Ops that change how bright a pixel is, whatever is beside it; a run of them is rendered by one table.

Of an op that is no line, contrast holds the slopes of its curve, all of them, and brightness is what the
curve does to middle grey.

All channels go through one curve.  A rising line turns no hue, a bent curve does, and declares what it does
to a pure colour.  Two changes of colours have axes of their own: a falling line makes each hue its opposite,
which `inverted` speaks of, and what lies beyond black or white after the last step is clipped, whereby hues
turn by up to 60 degrees, orange to yellow; how far that may go is for the limits on contrast and brightness
to say.  A hue limit cannot: the least step that brightens clips some pastel colour far round the circle.
"""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np

from augkit.intervals import EMPTY, Interval
from augkit.ops.op import Curve, Tone, Values
from augkit.ops.setting import Range, setting
from augkit.reach import Reach

_OFFSET = 0.055
_ROUNDING = 1e-6


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
class Gamma(Curve):
    """Raise tones to a power: above 1 they get darker, below 1 brighter, and black and white stay.

    Draws:   exponent, even over the range
    Source:  Poynton 2012, "Digital video and HD", chapter 27.  Other tools take x**g, whose slope at black
             has no bound below 1 and is 0 above, so that no class would survive it; here the power is taken
             a little above black, as in IEC 61966-2-1 (sRGB), whose offset of 0.055 this is: from 0.7 to
             1.5 no tone lies more than 13 levels from theirs
    """

    exponent: Range = setting(0.1, 10, unit="power", still=1)

    def levels(self, x: Any, values: Values) -> Any:
        """Return ((x + e)**g - e**g) / ((1 + e)**g - e**g), continued with a slope of 1 beyond black and
        white.
        """
        held = np.clip(x, 0, 1)
        return _power(held, values["exponent"]) + (x - held)

    def slopes(self, x: Any, values: Values) -> Any:
        """Return the derivative, 1 beyond black and white."""
        held = np.clip(x, 0, 1)
        return np.where(x == held, _slope(held, values["exponent"]), 1.0)

    def effects(self, aspect: Interval) -> Reach:
        """Bend the tones: the slope is least and greatest at black and white; those stay, and middle grey
        moves.

        The slope at black falls with the exponent, that at white grows, and middle grey gets darker.  A pure
        colour turns by 60 degrees for each range that its middle channel moves against the others.
        """
        low, high = self.exponent
        moved = Interval(_power(0.5, high) - 0.5, _power(0.5, low) - 0.5)
        return Reach(
            contrast=Interval(min(_slope(0, high), _slope(1, low)), max(_slope(0, low), _slope(1, high))),
            brightness=moved.either(Interval(0, 0)),
            hue=Interval(0, 60 * max(_farthest(low), _farthest(high))),
        )


@dataclasses.dataclass(frozen=True, kw_only=True)
class Solarize(Curve):
    """Invert the tones from a threshold upwards and leave those below.

    Draws:   threshold, even over the range; 0 inverts all, 0.5 the brighter half, 1 nothing
    Source:  Cubuk et al. 2019, CVPR (AutoAugment), table 6; a threshold of t is Pillow's 256·t
    """

    threshold: Range = setting(0, 1, unit="share of the 256 levels", still=1)

    def levels(self, x: Any, values: Values) -> Any:
        """Return 1 - x from the threshold upwards."""
        return np.where(self._above(x, values), 1 - x, x)

    def slopes(self, x: Any, values: Values) -> Any:
        """Return -1 from the threshold upwards, and 1 below."""
        return np.where(self._above(x, values), -1.0, 1.0)

    def _above(self, x: Any, values: Values) -> Any:
        return (255 * x + _ROUNDING >= 256 * values["threshold"]) & (values["threshold"] < 1)

    def effects(self, aspect: Interval) -> Reach:
        """Keep some tones and invert others, each with a slope of one about middle grey.

        Two tones that are each other's inverse fall together where one is kept: white strokes on black are
        gone.  Between those two the contrast is nothing, and the larger part of the levels is left.
        """
        low, high = (256 * end for end in self.threshold)
        if low == 256:
            return Reach()
        nearest = min(max(math.ceil(low), 128), math.ceil(high))
        levels = Interval(max(nearest, 256 - nearest), 256)
        return Reach(contrast=Interval(0, 1), inverted=Interval(1, 1), levels=levels)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Posterize(Curve):
    """Leave few levels of brightness in each channel, evenly from black to white, and take the nearest.

    Draws:   bits, even over the range; round(2**bits) levels are left, 2 at 1 bit, 3 at 1.6 and all at 8
    Source:  Cubuk et al. 2019, CVPR (AutoAugment), table 6; there the low bits are cut off, which darkens
             every picture, white included, and here black and white stay
    """

    bits: Range = setting(1, 8, unit="bits of each channel", still=8)

    def levels(self, x: Any, values: Values) -> Any:
        """Return the nearest level that is left."""
        steps = np.round(2 ** values["bits"]) - 1
        return np.where(steps == 255, x, np.rint(x * steps) / steps)

    @property
    def quantises(self) -> bool:
        """Tell that it leaves fewer levels, and does no more."""
        return True

    def effects(self, aspect: Interval) -> Reach:
        """Leave at least the low end's levels."""
        return Reach(levels=Interval(round(2 ** self.bits[0]), 256))


def _power(x: Any, g: Any) -> Any:
    return ((x + _OFFSET) ** g - _OFFSET**g) / ((1 + _OFFSET) ** g - _OFFSET**g)


def _farthest(g: float) -> float:
    """Return how far a gamma moves the tone that it moves farthest: the one where its slope is 1."""
    if g == 1:
        return 0.0
    at = (((1 + _OFFSET) ** g - _OFFSET**g) / g) ** (1 / (g - 1)) - _OFFSET
    return float(abs(_power(at, g) - at))


def _slope(x: Any, g: Any) -> Any:
    return g * (x + _OFFSET) ** (g - 1) / ((1 + _OFFSET) ** g - _OFFSET**g)

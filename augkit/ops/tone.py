"""Ops that change how bright a pixel is, by a line; a run of them is rendered by one table."""

from __future__ import annotations

import dataclasses
from typing import Any

from augkit.intervals import EMPTY, Interval
from augkit.ops.op import Tone, Values
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

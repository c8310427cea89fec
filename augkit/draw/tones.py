"""What each draw does to tones where more than lines are at work: curves, and colours that are mixed.

A grey level goes through all steps unclipped, as their reach has it, in every channel, and with it the slope
that it is met with.  A level that ends beyond black or white is seen in no picture and says nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from augkit.draw.fusing import Done
from augkit.intervals import Interval
from augkit.ops import Colour, Curve, Op, Tone
from augkit.reach import TONE, Reach

Floats = NDArray[np.float64]

_LEVELS = np.append(np.arange(256) / 255, 0.5)
"""All levels of the full range, and last middle grey, which lies between two."""

_SEEN = 1e-9


def bends(op: Op) -> bool:
    """Tell whether an op changes tones in a way that is no line and that its drawn numbers say all of."""
    if isinstance(op, Colour):
        declared = op.effects(Interval(1, 1))
        return op.linear and any(declared.on(axis) != Reach().on(axis) for axis in TONE)
    return isinstance(op, Curve) and not op.quantises


def tones(steps: Iterable[Done], count: int) -> Mapping[str, Floats]:
    """Measure what N draws do to tones.

    Returns:
        float64 (P, N) for each axis: the least and greatest slopes that rise (contrast) and fall (inverted),
        NaN where none does, and how far middle grey is moved, in each channel.
    """
    heights = np.broadcast_to(_LEVELS, (count, 1, len(_LEVELS)))
    slopes = np.ones_like(heights)
    turned = np.zeros(count, dtype=np.bool_)
    for op, done, values in steps:
        if done.any():
            heights, slopes = _after(op, done, values, heights, slopes)
        if isinstance(op, Tone):
            turned ^= done & np.signbit(np.asarray(op.curve(values)[0], dtype=np.float64))
    levels, slopes = heights[:, :, :-1], slopes[:, :, :-1]
    seen = (levels >= -_SEEN) & (levels <= 1 + _SEEN)
    seen |= ~seen.any(axis=(1, 2), keepdims=True)
    falling = np.signbit(slopes)  # minus zero is grey that was inverted
    contrast, inverted = _ends(slopes, seen & ~falling), _ends(-slopes, seen & falling)
    folded = (seen & falling).any(axis=(1, 2)) & (seen & ~falling).any(axis=(1, 2))
    # Between two tones that fall together there is no contrast; an inversion of all inverts that too.
    contrast[0, folded & ~turned] = 0.0
    inverted[0, folded & turned] = 0.0
    return {
        "contrast": contrast,
        "inverted": inverted,
        "brightness": heights[:, :, -1].T - 0.5,
    }


def _after(
    op: Op, done: NDArray[np.bool_], values: dict[str, Floats], heights: Floats, slopes: Floats
) -> tuple[Floats, Floats]:
    """Return heights and slopes, float64 (N, channels, levels), after one more step."""
    here = done[:, None, None]
    if isinstance(op, Tone):
        gain, shift = (np.asarray(part).reshape(-1, 1, 1) for part in op.curve(values))
        higher, steeper = gain * (heights - 0.5) + 0.5 + shift, gain * slopes
    elif isinstance(op, Curve) and not op.quantises:
        columns = {name: numbers[:, None] for name, numbers in values.items()}
        channels = range(heights.shape[1])
        higher = np.stack([op.levels(heights[:, c], columns) for c in channels], axis=1)
        steeper = slopes * np.stack([op.slopes(heights[:, c], columns) for c in channels], axis=1)
    elif isinstance(op, Colour) and op.linear:
        mix = op.mix(values)
        heights, slopes = (np.broadcast_to(part, (len(done), 3, len(_LEVELS))) for part in (heights, slopes))
        higher, steeper = mix[:, :, :3] @ heights + mix[:, :, 3:], mix[:, :, :3] @ slopes
        steeper = np.where(steeper == 0, 0 * slopes, steeper)  # a sum of zeros has lost its sign
    else:
        return heights, slopes
    return np.where(here, higher, heights), np.where(here, steeper, slopes)


def _ends(slopes: Floats, among: NDArray[np.bool_]) -> Floats:
    """Return the least and the greatest of some slopes, float64 (2, N); NaN where there are none."""
    low = np.where(among, slopes, np.inf).min(axis=(1, 2))
    high = np.where(among, slopes, -np.inf).max(axis=(1, 2))
    return np.where(low <= high, np.stack([low, high]), np.nan)

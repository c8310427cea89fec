"""Ops that spread a picture's tones by what tones it has.

They read pixels, so that what they do is known only by a bound: no slope of a tone curve of theirs is above
`gain`, whatever the picture.  All channels share one curve, so that greys stay grey: other tools stretch each
channel by itself, which takes the red out of a field of poppies.  Brightness is the farthest that the curve
can move middle grey, be there any in the picture or not; how a curve changes colours is counted as contrast.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from augkit.intervals import Interval
from augkit.ops.op import Kernel
from augkit.ops.setting import Range, number, setting
from augkit.reach import Reach

Picture = NDArray[np.uint8]
Floats = NDArray[np.float64]

_LEVELS = np.arange(256, dtype=np.float64)
_STEPS = 255


@dataclasses.dataclass(frozen=True, kw_only=True)
class Autocontrast(Kernel):
    """Stretch the tones of a picture towards black and white, as far as `gain` allows.

    They are stretched about the one tone that the whole stretch, darkest to black and brightest to white,
    leaves where it is.

    Draws:   strength, even over the range: 1 is the whole of it, 0.5 goes half of the way
    Source:  Pillow, ImageOps.autocontrast; Cubuk et al. 2019, CVPR (AutoAugment), table 6, both of which
             stretch each channel by itself and without a bound
    """

    strength: Range = setting(0, 1, unit="share of the whole effect", still=0, default=(1.0, 1.0))
    gain: float = number(1, 255, unit="largest slope", default=2.0)

    def apply(self, picture: Picture, values: Mapping[str, float]) -> Picture:
        """Stretch the tones of all channels alike."""
        low, high = float(picture.min()) / 255, float(picture.max()) / 255
        if values["strength"] == 0 or low == high or high - low == 1:
            return picture
        fixed = low / (1 - (high - low))
        slope = min(1 / (high - low), self.gain)
        return _blended(picture, 255 * fixed + slope * (_LEVELS - 255 * fixed), values["strength"])

    def effects(self, aspect: Interval) -> Reach:
        """Raise contrast by at most the cap; middle grey moves farthest where all tones are on one side of it
        and have room for the whole stretch.
        """
        most, gain = self.strength[1], self.gain
        moved = most * min((gain - 1) / 2, 1 - 1 / gain)
        return Reach(contrast=Interval(1, 1 + most * (gain - 1)), brightness=Interval(-moved, moved))


@dataclasses.dataclass(frozen=True, kw_only=True)
class Equalize(Kernel):
    """Spread the tones of a picture so that all are about as frequent, as far as `gain` allows.

    Draws:   strength, even over the range: 1 is the whole of it, 0.5 goes half of the way
    Source:  Pillow, ImageOps.equalize; Cubuk et al. 2019, CVPR (AutoAugment), table 6, both for each channel
             by itself and without a bound.  The bound is that of CLAHE (see there)
    """

    strength: Range = setting(0, 1, unit="share of the whole effect", still=0, default=(1.0, 1.0))
    gain: float = number(1, 255, unit="largest slope", default=2.0)

    def apply(self, picture: Picture, values: Mapping[str, float]) -> Picture:
        """Spread the tones of all channels alike."""
        if values["strength"] == 0:
            return picture
        counts = np.bincount(picture.ravel(), minlength=256)
        return _blended(picture, _spread(counts[None], self.gain)[0], values["strength"])

    def effects(self, aspect: Interval) -> Reach:
        """Bend the tones by at most the cap; where tones are rare, those that lie apart may fall together."""
        return _bent(self.strength[1], self.gain)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Clahe(Kernel):
    """Equalize tile by tile, as far as `gain` allows, and go smoothly from each tile to the next.

    Draws:   strength, even over the range: 1 is the whole of it, 0.5 goes half of the way
    Edges:   beyond the middles of the outermost tiles their curves go on
    Source:  Zuiderveld 1994, "Contrast limited adaptive histogram equalization", Graphics Gems IV.  There the
             excess that is handed out again may pass the limit, and small tiles know none; here no slope
             passes `gain`.  Tiles are shares of the side: by default 8 across a square, as in OpenCV
    """

    strength: Range = setting(0, 1, unit="share of the whole effect", still=0, default=(1.0, 1.0))
    gain: float = number(1, 255, unit="largest slope", default=2.0)
    tile: float = number(0.02, 1, unit="share of the side", default=0.125)

    def apply(self, picture: Picture, values: Mapping[str, float]) -> Picture:
        """Spread the tones of all channels alike, by the curves of the four nearest tiles."""
        if values["strength"] == 0:
            return picture
        height, width = picture.shape[:2]
        side = self.tile * math.sqrt(height * width)
        down, across = (min(n, max(1, round(n / side))) for n in (height, width))
        rows, columns = (np.arange(n) * tiles // n for n, tiles in ((height, down), (width, across)))
        tile = (rows[:, None] * across + columns)[:, :, None]
        counts = np.bincount((tile * 256 + picture).ravel(), minlength=256 * down * across)
        curves = _spread(counts.reshape(-1, 256), self.gain).astype(np.float32).ravel()
        spread = np.zeros(picture.shape, dtype=np.float32)
        for row, by_row in _neighbours(height, down):
            for column, by_column in _neighbours(width, across):
                place = (row[:, None] * across + column)[:, :, None] * 256 + picture
                spread += (by_row[:, None] * by_column)[:, :, None] * curves[place]
        out = picture + np.float32(values["strength"]) * (spread - picture)
        changed: Picture = np.rint(np.clip(out, 0, 255)).astype(np.uint8)
        return changed

    def effects(self, aspect: Interval) -> Reach:
        """Bend the tones, here so and there otherwise, by at most the cap: between two curves lies none that
        is steeper than both.
        """
        return _bent(self.strength[1], self.gain)


def _bent(strength: float, gain: float) -> Reach:
    """Declare curves from black to white of slopes up to `gain`, blended with what was there."""
    least = max(0.0, _STEPS - (_STEPS - 1) * gain)  # all other steps as steep as can be
    moved = strength * min(1.0, gain - 1) / 2
    return Reach(
        contrast=Interval(1 - strength * (1 - least), 1 + strength * (gain - 1)),
        brightness=Interval(-moved, moved),
    )


def _spread(counts: NDArray[np.int64], gain: float) -> Floats:
    """Return the curves that make tones as frequent as each other, in levels, float64 (T, 256).

    They go from black to white.  From one tone that occurs to the next a curve rises by how often the first
    occurs, which is Pillow's curve.  What is steeper than `gain` is cut off and handed out evenly among all
    steps that are not.

    Args:
        counts: int64 (T, 256), how often each level occurs.
        gain:   the largest slope, 1 or more.
    """
    there = counts > 0
    at = np.arange(256)
    below = np.maximum.accumulate(np.where(there, at, -1), axis=1)[:, :-1]
    above = np.minimum.accumulate(np.where(there, at, 256)[:, ::-1], axis=1)[:, ::-1][:, 1:]
    between = (below >= 0) & (above <= 255)
    often = np.take_along_axis(counts, np.maximum(below, 0), axis=1)
    steps = np.where(between, often / (above - below), 0.0)
    steps *= _STEPS / np.maximum(steps.sum(axis=1, keepdims=True), 1e-9)
    steps = np.minimum(gain, steps + _level(steps, gain))
    return np.concatenate([np.zeros((len(steps), 1)), np.cumsum(steps, axis=1)], axis=1)


def _level(steps: Floats, gain: float) -> Floats:
    """Return what to add to each of T times 255 steps, none to pass `gain`, so that they rise by 255 in all,
    float64 (T, 1).
    """
    room = np.sort(gain - steps, axis=1)
    full = np.arange(_STEPS)  # as many steps are full as have the least room
    rest = np.cumsum((gain - room)[:, ::-1], axis=1)[:, ::-1]
    added = (_STEPS - full * gain - rest) / (_STEPS - full)
    enough = np.argmax(added <= room + 1e-9, axis=1)
    return np.take_along_axis(added, enough[:, None], axis=1)


def _blended(picture: Picture, curve: Floats, strength: float) -> Picture:
    table = np.clip(_LEVELS + strength * (curve - _LEVELS), 0, 255)
    return np.take(np.rint(table).astype(np.uint8), picture)


def _neighbours(pixels: int, tiles: int) -> list[tuple[NDArray[np.int64], NDArray[np.float32]]]:
    """Return for each pixel along a side the tile whose middle is before it and its weight, and so the tile
    after.
    """
    at = np.clip((np.arange(pixels) + 0.5) * tiles / pixels - 0.5, 0, tiles - 1)
    before = np.floor(at).astype(np.int64)
    share = (at - before).astype(np.float32)
    return [(before, 1 - share), (np.minimum(before + 1, tiles - 1), share)]

"""Ops that hide a part of the picture."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from augkit.intervals import Interval
from augkit.ops.op import Drawn, Kernel
from augkit.ops.setting import Range, setting
from augkit.reach import Reach

Picture = NDArray[np.uint8]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Erase(Kernel):
    """Paint over a rectangle somewhere in the picture; give the step again for a second one.

    Draws:   width and height, even over their ranges; the rectangle's place x and y, even over [0, 1]: 0 is
             left and bottom, 1 right and top; fill, even over its range
    Edges:   a pixel that the rectangle half covers is half painted over, so that the share covered is
             width · height at every size of picture
    Source:  DeVries & Taylor 2017, arXiv:1708.04552 (cutout); Zhong et al. 2020, AAAI (random erasing), which
             draws area and ratio and leaves out what does not fit
    """

    width: Range = setting(0, 1, unit="share of the width", still=0)
    height: Range = setting(0, 1, unit="share of the height", still=0)
    fill: Range = setting(0, 255, unit="level of every channel", still=0, default=(0.0, 0.0))

    def drawn(self) -> tuple[Drawn, ...]:
        """Return the rectangle's sides, its place, and what it is filled with."""
        sides = (Drawn("width", *self.width, still=0), Drawn("height", *self.height, still=0))
        return (*sides, Drawn("x", 0, 1), Drawn("y", 0, 1), Drawn("fill", *self.fill))

    def apply(self, picture: Picture, values: Mapping[str, float]) -> Picture:
        """Paint the rectangle."""
        height, width = picture.shape[:2]
        columns, across = _strip(width, values["width"], values["x"])
        rows, down = _strip(height, values["height"], 1 - values["y"])
        out = picture.copy()
        part = out[rows, columns].astype(np.float64)
        hidden = (down[:, None] * across[None, :])[:, :, None]
        out[rows, columns] = np.rint(part + hidden * (values["fill"] - part)).astype(np.uint8)
        return out

    def effects(self, aspect: Interval) -> Reach:
        """Cover at most the largest rectangle."""
        return Reach(covered=Interval(0, self.width[1] * self.height[1]))


def _strip(pixels: int, share: float, place: float) -> tuple[slice, NDArray[np.float64]]:
    """Return the pixels along one side that a strip touches, and the share of each that it hides."""
    start = place * (1 - share) * pixels
    stop = min(start + share * pixels, pixels)
    first, last = math.floor(start), math.ceil(stop)
    left = np.arange(first, last, dtype=np.float64)
    return slice(first, last), np.clip(np.minimum(left + 1, stop) - np.maximum(left, start), 0, 1)

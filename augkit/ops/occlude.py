"""Ops that hide a part of the picture.

What is hidden has its edges between pixels where they fall there: a pixel that is half hidden is half painted
over, so that the share covered is the same at every size of picture.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping

import cv2
import numpy as np
from numpy.typing import NDArray

from augkit import keys
from augkit.intervals import Interval
from augkit.ops.op import Drawn, Kernel, field, spread
from augkit.ops.setting import Range, setting
from augkit.reach import Reach

Picture = NDArray[np.uint8]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Erase(Kernel):
    """Paint over a rectangle somewhere in the picture; give the step again for a second one.

    Draws:   width and height, even over their ranges; the rectangle's place x and y, even over [0, 1]: 0 is
             left and bottom, 1 right and top; fill, even over its range
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
        out = picture.copy()
        wide, high = values["width"] * width, values["height"] * height
        left, top = values["x"] * (width - wide), (1 - values["y"]) * (height - high)
        _paint(out, (left, left + wide), (top, top + high), values["fill"])
        return out

    def effects(self, aspect: Interval) -> Reach:
        """Cover at most the largest rectangle."""
        return Reach(covered=Interval(0, self.width[1] * self.height[1]))


@dataclasses.dataclass(frozen=True, kw_only=True)
class Cutout(Kernel):
    """Paint over squares, each with its centre anywhere in the picture; the frame may cut them.

    Draws:   holes, how many, evenly among the whole numbers of the range; side, the same for all of them,
             and fill, even over their ranges; field, the address of the places, each even over the picture
    Source:  DeVries & Taylor 2017, arXiv:1708.04552: one square of 16 pixels of 32, a share of 0.5
    """

    holes: Range = setting(0, 100, unit="squares", still=0, default=(1.0, 1.0))
    side: Range = setting(0, 1, unit="share of the side", still=0)
    fill: Range = setting(0, 255, unit="level of every channel", still=0, default=(0.0, 0.0))

    def drawn(self) -> tuple[Drawn, ...]:
        """Return how many holes, their side and fill, and the field of their places."""
        sides = (_whole("holes", self.holes), Drawn("side", *self.side, still=0))
        return (*sides, Drawn("fill", *self.fill), field())

    def apply(self, picture: Picture, values: Mapping[str, float]) -> Picture:
        """Paint the squares."""
        height, width = picture.shape[:2]
        holes, half = _round(values["holes"]), values["side"] * math.sqrt(width * height) / 2
        out = picture.copy()
        places = keys.uniform(spread(values["field"], "cutout", 2 * holes)).reshape(-1, 2)
        for x, y in (places * (width, height)).tolist():
            _paint(out, (x - half, x + half), (y - half, y + half), values["fill"])
        return out

    def effects(self, aspect: Interval) -> Reach:
        """Cover at most all the squares, apart and uncut but where they are longer than the picture."""
        side = self.side[1]
        squarest = min(max(1.0, aspect.low), aspect.high)
        shorter = min(math.sqrt(squarest), 1 / math.sqrt(squarest))
        return Reach(covered=Interval(0, min(1.0, _round(self.holes[1]) * side * min(side, shorter))))


@dataclasses.dataclass(frozen=True, kw_only=True)
class GridMask(Kernel):
    """Paint over a grid of holes, one in each cell.

    The picture has a whole number of cells, and the grid wraps around: as much is hidden wherever it lies.

    Draws:   cells along the side, evenly among the whole numbers of the range (in a picture that is not
             square as many each way as make the cells squarest); ratio, a hole's side to its cell's, and
             fill, even over their ranges; the grid's place x and y, even over a cell
    Source:  Chen et al. 2020, arXiv:2001.04086 (GridMask), whose cells need not fit, so that up to twice as
             much is hidden in one place of the grid as in another
    """

    cells: Range = setting(1, 64, unit="cells along the side", still=1, default=(2.0, 8.0))
    ratio: Range = setting(0, 1, unit="share of a cell's side", still=0)
    fill: Range = setting(0, 255, unit="level of every channel", still=0, default=(0.0, 0.0))

    def drawn(self) -> tuple[Drawn, ...]:
        """Return the cells, the ratio, the fill and the grid's place."""
        holes = (_whole("cells", self.cells), Drawn("ratio", *self.ratio, still=0))
        return (*holes, Drawn("fill", *self.fill), Drawn("x", 0, 1), Drawn("y", 0, 1))

    def apply(self, picture: Picture, values: Mapping[str, float]) -> Picture:
        """Paint all holes at once."""
        height, width = picture.shape[:2]
        aspect, cells, ratio = math.sqrt(width / height), _round(values["cells"]), values["ratio"]
        across = _stripes(width, max(1, _round(cells * aspect)), ratio, values["x"])
        down = _stripes(height, max(1, _round(cells / aspect)), ratio, 1 - values["y"])
        return _hidden(picture, np.outer(down, across), values["fill"])

    def effects(self, aspect: Interval) -> Reach:
        """Cover the square of the ratio, at every number of cells and in every place."""
        return Reach(covered=Interval(0, self.ratio[1] ** 2))


def _round(value: float) -> int:
    return math.floor(value + 0.5)


def _whole(name: str, ends: Range) -> Drawn:
    """Draw evenly among the whole numbers of a range, its ends rounded."""
    low, high = (_round(end) for end in ends)
    return Drawn(name, low, high, None, tuple(float(number) for number in range(low, high + 1)))


def _paint(out: Picture, across: tuple[float, float], down: tuple[float, float], fill: float) -> None:
    """Paint over a rectangle, given by where it begins and ends in pixels; what is out of frame is cut."""
    columns, wide = _strip(*across, out.shape[1])
    rows, high = _strip(*down, out.shape[0])
    if wide.size and high.size:
        part = out[rows, columns]
        part[...] = _hidden(part, np.outer(high, wide), fill)


def _hidden(picture: Picture, shares: NDArray[np.float32], fill: float) -> Picture:
    """Paint over a share of each pixel."""
    plain = np.full(picture.shape, _round(fill), dtype=np.uint8)
    out = cv2.blendLinear(picture, plain, 1 - shares, shares)
    return np.asarray(out, dtype=np.uint8).reshape(picture.shape)


def _strip(start: float, stop: float, pixels: int) -> tuple[slice, NDArray[np.float32]]:
    """Return the pixels along one side that a strip touches, and the share of each that it hides."""
    start, stop = max(start, 0.0), min(stop, float(pixels))
    first, last = math.floor(start), math.ceil(stop)
    shares = np.ones(max(0, last - first) if start < stop else 0, dtype=np.float32)
    if shares.size:
        shares[0] -= start - first
        shares[-1] -= last - stop
    return slice(first, last), shares


def _stripes(pixels: int, count: int, ratio: float, place: float) -> NDArray[np.float32]:
    """Return the share of each pixel along one side that stripes hide, one in each of `count` cells."""
    ends = np.arange(pixels + 1) * (count / pixels) - place
    cell = np.floor(ends)
    before = cell * ratio + np.minimum(ends - cell, ratio)
    shares: NDArray[np.float64] = np.clip(np.diff(before) * (pixels / count), 0, 1)
    return shares.astype(np.float32)

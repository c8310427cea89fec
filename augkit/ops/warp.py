"""Ops that bend the picture: every part moves in its own way."""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Mapping

import cv2
import numpy as np
from numpy.typing import NDArray

from augkit import keys
from augkit.intervals import Interval
from augkit.ops.op import Drawn, Kernel, field, spread
from augkit.ops.setting import Range, number, setting
from augkit.reach import Reach

Picture = NDArray[np.uint8]
Floats = NDArray[np.float64]

_NODES = 65
_STEEPEST = 0.5


@dataclasses.dataclass(frozen=True, kw_only=True)
class Elastic(Kernel):
    """Bend the picture smoothly inside its frame.

    What is left to bending is bending: the field has no turn, stretch, zoom or shift of the whole picture in
    it (its least-squares affine part is taken out), it comes to rest at the frame, so that nothing leaves
    it, and nowhere does the picture fold, grow more than twice or shrink below two thirds; a displacement
    too large for its smoothness is made smaller.  The field depends on the picture's shape, not on its size.

    Draws:   displacement, the largest of any point, even over the range; smoothness, the distance between
             control points, even over its range; field, the address of the control points
    Source:  Simard et al. 2003, ICDAR, section 2; cubic B-splines as in Rueckert et al. 1999, IEEE TMI 18(8),
             in place of a blurred field of pixels
    """

    displacement: Range = setting(0, 0.2, unit="share of the side", still=0)
    smoothness: Range = setting(0.05, 0.5, unit="share of the side", still=0.5, default=(0.2, 0.2))

    def drawn(self) -> tuple[Drawn, ...]:
        """Return the largest displacement, the smoothness and the field."""
        size = Drawn("displacement", *self.displacement, still=0)
        return (size, Drawn("smoothness", *self.smoothness), field())

    def apply(self, picture: Picture, values: Mapping[str, float]) -> Picture:
        """Look up each pixel where the field points."""
        if values["displacement"] == 0:
            return picture
        height, width = picture.shape[:2]
        moves = bend(values["field"], values["displacement"], values["smoothness"], width / height)
        across, down = _between(width), _between(height)
        in_pixels = [math.sqrt(width * height) * (down @ move @ across.T) for move in moves]
        x = (np.arange(width) + in_pixels[0]).astype(np.float32)
        y = (np.arange(height)[:, None] + in_pixels[1]).astype(np.float32)
        return remapped(picture, x, y)

    def effects(self, aspect: Interval) -> Reach:
        """Move parts by at most the high end, and the whole not at all.

        Turn, stretch, zoom and the share kept speak of the whole picture, of which the field has none: what
        it does to parts is what the limit on `displaced` is for.  Only what comes before and after is told
        by how much parts grow and shrink.
        """
        if self.displacement[1] == 0:
            return Reach()
        parts = Interval(1 / (1 + _STEEPEST), 1 / (1 - _STEEPEST))
        return Reach(displaced=Interval(0, self.displacement[1]), local=parts)


@dataclasses.dataclass(frozen=True, kw_only=True)
class GridDistortion(Kernel):
    """Move the lines of a grid, and stretch or squeeze what is between them.

    Lines stay level or upright and the frame stays where it is, so that nothing turns and nothing is lost; a
    line moves by less than half a cell, so that nothing folds.

    Draws:   distortion, how far a line moves at most, even over the range; field, the address of the moves,
             each even up to that far either way
    Source:  albumentations' GridDistortion, which draws how wide each column and row becomes: there the moves
             of lines add up, and the middle of the picture goes farther than its parts change
    """

    distortion: Range = setting(0, 0.45, unit="share of a cell", still=0)
    cells: float = number(2, 64, unit="cells along each side", whole=True, default=5)

    def drawn(self) -> tuple[Drawn, ...]:
        """Return the distortion and the field."""
        return (Drawn("distortion", *self.distortion, still=0), field())

    def apply(self, picture: Picture, values: Mapping[str, float]) -> Picture:
        """Look up each pixel where its column and its row come from."""
        if values["distortion"] == 0:
            return picture
        height, width = picture.shape[:2]
        cells = int(self.cells)
        even = keys.uniform(spread(values["field"], "grid_distortion", 2 * (cells - 1))).reshape(2, -1)
        lines = np.tile(np.arange(cells + 1) / cells, (2, 1))
        lines[:, 1:-1] += (2 * even - 1) * (values["distortion"] / cells)
        columns, rows = (
            _moved(line, pixels).astype(np.float32)
            for line, pixels in zip(lines, (width, height), strict=True)
        )
        x, y = np.broadcast_to(columns, (height, width)), np.broadcast_to(rows[:, None], (height, width))
        return remapped(picture, x, y)

    def effects(self, aspect: Interval) -> Reach:
        """Widen or narrow a cell by twice what a line moves (once where every cell has a side of the frame),
        in either direction on its own; move points as far as two lines that cross.
        """
        moved = self.distortion[1]
        change = moved if self.cells == 2 else 2 * moved
        longest = max(math.hypot(math.sqrt(a), 1 / math.sqrt(a)) for a in (aspect.low, aspect.high))
        return Reach(
            stretch=Interval(1, (1 + change) / (1 - change)),
            zoom=Interval(1 - change, 1 + change),
            displaced=Interval(0, moved * longest / self.cells),
        )


def _moved(lines: Floats, pixels: int) -> Floats:
    """Return where pixel centres along one side come from, in pixels, given where evenly spaced lines go."""
    before = np.linspace(0, 1, len(lines))
    return np.interp((np.arange(pixels) + 0.5) / pixels, lines, before) * pixels - 0.5


def remapped(picture: Picture, x: NDArray[np.float32], y: NDArray[np.float32]) -> Picture:
    """Look up each pixel at a place in pixels, linear between centres, edges continued outwards."""
    out = cv2.remap(picture, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(out, dtype=np.uint8).reshape(picture.shape)


def bend(address: float, displacement: float, smoothness: float, aspect: float) -> Floats:
    """Make a field of displacements on a lattice over the frame, edges included.

    Args:
        address:      address of the control points.
        displacement: the largest length, in sides of the square as large as the picture.
        smoothness:   distance between control points, in the same unit.
        aspect:       width over height of the picture.

    Returns:
        float64 (2, 65, 65), x and y in the same unit: from a point of the picture after to the one before.
    """
    wide, high = math.sqrt(aspect), 1 / math.sqrt(aspect)
    across, down = _splines(wide, smoothness), _splines(high, smoothness)
    count = across.shape[1] * down.shape[1]
    even = keys.uniform(spread(address, "elastic", 2 * count))
    control = (2 * even - 1).reshape(2, down.shape[1], across.shape[1])
    free = down @ control @ across.T
    moves = _without_affine(free, *_at_rest(wide, high, smoothness))
    longest = float(np.hypot(*moves).max())
    if longest == 0:
        return moves
    steep = _steepness(moves, wide / (_NODES - 1), high / (_NODES - 1))
    return moves * min(displacement / longest, _STEEPEST / steep)


# What follows from the shape of pictures and the smoothness alone is the same for many pictures.
_kept = functools.lru_cache(maxsize=32)


@_kept
def _splines(side: float, spacing: float) -> Floats:
    """Return the weight of each control point at each lattice node of one side, float64 (65, points)."""
    at = np.linspace(0, side, _NODES) / spacing
    first = np.floor(at).astype(int)
    t = at - first
    weights = (1 - t) ** 3, 3 * t**3 - 6 * t**2 + 4, -3 * t**3 + 3 * t**2 + 3 * t + 1, t**3
    out = np.zeros((_NODES, int(first.max()) + 4))
    for offset, weight in enumerate(weights):
        out[np.arange(_NODES), first + offset] = weight / 6
    return out


def _ramp(side: float, smoothness: float) -> Floats:
    """Return how free each lattice node of one side is: 0 at the frame, 1 two control points inside it."""
    at = np.linspace(0, side, _NODES)
    t = np.clip(np.minimum(at, side - at) / min(2 * smoothness, side / 2), 0, 1)
    return t * t * (3 - 2 * t)


@_kept
def _at_rest(wide: float, high: float, smoothness: float) -> tuple[Floats, Floats, Floats, Floats]:
    """Return how free each lattice node is, (65, 65), the affine fields (3, 65 · 65), these at rest at the
    frame, and the products of both, (3, 3).
    """
    ramp = np.outer(_ramp(high, smoothness), _ramp(wide, smoothness))
    rows, columns = np.mgrid[-1 : 1 : _NODES * 1j, -1 : 1 : _NODES * 1j]
    plain = np.stack([np.ones_like(ramp), columns, rows]).reshape(3, -1)
    held = plain * ramp.ravel()
    return ramp, plain, held, held @ plain.T


def _without_affine(free: Floats, ramp: Floats, plain: Floats, held: Floats, products: Floats) -> Floats:
    """Bring a field to rest at the frame, with nothing left that an affine map does as well."""
    moves = (free * ramp).reshape(2, -1)
    share = np.linalg.solve(products, plain @ moves.T)
    out: Floats = (moves - share.T @ held).reshape(free.shape)
    return out


def _steepness(moves: Floats, step_x: float, step_y: float) -> float:
    """Return the largest singular value of the field's slopes anywhere: 1 would fold the picture over.

    Between lattice nodes each column of the slopes lies between those of two edges, and the norm is convex:
    its largest value is at one of the four pairs.
    """
    along, down = np.diff(moves, axis=2) / step_x, np.diff(moves, axis=1) / step_y
    return max(
        _norm(along[:, i : i + _NODES - 1], down[:, :, j : j + _NODES - 1]) for i in (0, 1) for j in (0, 1)
    )


def _norm(first: Floats, second: Floats) -> float:
    """Return the largest singular value of the 2×2 matrices whose columns these are."""
    (a, c), (b, d) = first, second
    return float((np.sqrt((a + d) ** 2 + (c - b) ** 2) + np.sqrt((a - d) ** 2 + (b + c) ** 2)).max() / 2)


@_kept
def _between(pixels: int) -> Floats:
    """Return the weights of the lattice nodes at pixel centres along one side, float64 (pixels, 65)."""
    at = (np.arange(pixels) + 0.5) / pixels * (_NODES - 1)
    first = np.minimum(at.astype(int), _NODES - 2)
    out = np.zeros((pixels, _NODES))
    out[np.arange(pixels), first] = 1 - (at - first)
    out[np.arange(pixels), first + 1] = at - first
    return out

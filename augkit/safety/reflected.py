"""What a border that reflects shows beside the picture: its mirror images, upright and upside down.

Across the left and right edge of a frame stands the picture mirrored left to right, across its upper and
lower edge mirrored up to down, across its corners turned by 180 degrees; so for the source, and for each
window that a crop left.  No measure of a draw speaks of it: where steps may bring any of it in, the reach
holds all of it, and a draw is a witness where one of the images fills more than `SHOWN` of what comes out.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from augkit import affine
from augkit.affine import IDENTITY, Map
from augkit.draw import Draws
from augkit.intervals import Interval
from augkit.ops import Geometric, Op, Projective
from augkit.reach import GEOMETRY, Limits, Reach
from augkit.span import Span

Floats = NDArray[np.float64]

SHOWN = 0.05
"""An image that fills no more than this share of what comes out is too little for a witness."""

_THIN = 1e-3
"""A strip thinner than this share of half a side is lost between the pixels."""

_MAX_BOXES = 4096
_GRID = 48
_TRIES = 16
_MARGIN = 1e-6


@functools.lru_cache(maxsize=1024)
def brings_in(op: Op, aspect: Interval) -> bool:
    """Tell whether an op may show what lies outside the frame it is given; in doubt it does."""
    if isinstance(op, Projective):
        return any(op.effects(aspect).on(axis) != Reach().on(axis) for axis in GEOMETRY)
    if not isinstance(op, Geometric):
        return False
    shapes = np.unique(np.geomspace(aspect.low, aspect.high, 5))
    return any(_brings_in(op, float(shape)) for shape in shapes)


def _brings_in(op: Geometric, aspect: float) -> bool:
    """Tell it for one shape of the picture."""
    return any(_leaves(op, aspect, which) for which in range(8))


def _leaves(op: Geometric, aspect: float, which: int) -> bool:
    """Tell whether one coordinate of a corner may lie outside, by interval arithmetic on shrinking boxes."""
    low, high = _box(op)
    while low.shape[1] <= _MAX_BOXES:
        middle, radii = (low + high) / 2, (high - low) / 2
        centre = _corners(op, list(middle), aspect)[which]
        if (np.abs(centre) > 1 + _THIN).any():
            return True
        span = _corners(op, Span.boxes(low, high), aspect)[which]
        bounded = span.narrowed(centre, radii)
        open_ = ~((bounded.high <= 1 + _THIN) & (bounded.low >= -1 - _THIN))
        if not open_.any():
            return False
        steep = np.maximum(np.abs(span.slope_low), np.abs(span.slope_high)) * radii
        low, high = _halved(low[:, open_], high[:, open_], steep[:, open_])
    return True


def _box(op: Op) -> tuple[Floats, Floats]:
    """Return the box of an op's numbers and an idle one, once for each option; float64 (P, B) twice."""
    low = np.array([[n.low] for n in op.drawn()] + [[0.0]])
    high = np.array([[n.high] for n in op.drawn()] + [[0.0]])
    for row, number in enumerate(op.drawn()):
        if number.options:
            count = low.shape[1]
            low, high = (np.tile(end, len(number.options)) for end in (low, high))
            low[row] = high[row] = np.repeat(number.options, count)
    return low, high


def _corners(op: Geometric, numbers: list[Any], aspect: float) -> list[Any]:
    """Return where the corners of what comes out lie in what goes in: eight coordinates in half-sides."""
    zero = numbers[-1] * 0.0
    values = dict(zip([n.name for n in op.drawn()], numbers, strict=False))
    through = affine.in_half_sides(op.matrix(values, aspect), aspect, op.aspect_after)
    a, b, tx, c, d, ty = affine.inverse(_lifted(through, zero))
    ends = [(right, up) for right in (1.0, -1.0) for up in (1.0, -1.0)]
    return [x * right + y * up + shift for x, y, shift in ((a, b, tx), (c, d, ty)) for right, up in ends]


def _lifted(through: Map, zero: Any) -> Map:
    a, b, tx, c, d, ty = (zero + entry for entry in through)
    return (a, b, tx, c, d, ty)


def _halved(low: Floats, high: Floats, steep: Floats) -> tuple[Floats, Floats]:
    along = np.argmax(np.nan_to_num(steep, nan=1e9, posinf=1e9) + 1e-12 * (high - low), axis=0)
    at = np.arange(low.shape[1])
    first, second = high.copy(), low.copy()
    first[along, at] = second[along, at] = (low[along, at] + high[along, at]) / 2
    return np.concatenate([low, second], 1), np.concatenate([first, high], 1)


@dataclasses.dataclass(frozen=True)
class Image:
    """Say which image of the picture a draw shows: mirrored or not, its turn in degrees, and the share of
    what comes out that it fills.
    """

    mirrored: bool
    turn: float
    share: float


def images(draw: Draws) -> list[Image]:
    """Return the images, other than the picture itself, that one draw (N = 1) shows; by a grid of points."""
    whole = draw.whole
    frames: list[tuple[Map, float]] = [(IDENTITY, float(draw.aspects[0]))]
    frames += [(_first(w.through), float(w.aspect[0])) for w in whole.windows if w.done[0]]
    side = (np.arange(_GRID) + 0.5) / _GRID * 2 - 1
    half_width, half_height = affine.half_sides(float(whole.after[0]))
    x, y = (grid.ravel() for grid in np.meshgrid(side * half_width, side * half_height))
    later, last = _first(whole.through), np.zeros((len(x), 0), dtype=np.int64)
    moves: list[Map] = []
    for through, aspect in reversed(frames):
        move = affine.compose(later, affine.inverse(through))
        a, b, tx, c, d, ty = affine.inverse(move)
        x, y = a * x + b * y + tx, c * x + d * y + ty
        half_width, half_height = affine.half_sides(aspect)
        x, across = _folded(x, half_width)
        y, upwards = _folded(y, half_height)
        last = np.column_stack([last, across, upwards])
        moves.append(move)
        later = through
    found = []
    for flips, count in zip(*np.unique(last, axis=0, return_counts=True), strict=True):
        if (flips == 0).all():
            continue
        seen: Map = IDENTITY
        for move, across, upwards in zip(moves[::-1], flips[-2::-2], flips[::-2], strict=True):
            flip: Map = (1.0 - 2.0 * across, 0.0, 0.0, 0.0, 1.0 - 2.0 * upwards, 0.0)
            seen = affine.compose(move, affine.compose(flip, seen))
        mirrored, turn, _, _ = affine.pose(seen)
        found.append(Image(bool(mirrored), float(turn), float(count / len(last))))
    return found


def _folded(x: Floats, half: float) -> tuple[Floats, NDArray[np.int64]]:
    """Bring places along one side into a frame by mirroring, and tell which were mirrored (1) or not (0)."""
    cell = np.floor((x + half) / (2 * half))
    flipped = (cell % 2).astype(np.int64)
    inside = x - 2 * half * cell
    return np.where(flipped == 1, -inside, inside), flipped


def _first(through: tuple[Any, ...]) -> Map:
    a, b, tx, c, d, ty = (float(entry[0]) for entry in through[:6])
    return (a, b, tx, c, d, ty)


def showing(draws: Draws) -> Iterator[Draws]:
    """Yield the draws (N = 1) of a few, those that show most of what is outside first."""
    outside = 1 - draws.kept * draws.pose[2] ** 2
    for i in np.argsort(-outside, kind="stable")[:_TRIES]:
        if outside[i] > SHOWN:
            yield draws.take(np.array([i]))


def worst(draw: Draws, axis: str, limit: Limits) -> Image | None:
    """Return the largest image that one draw (N = 1) shows outside a limit on turns or mirrors, if any is
    large enough.
    """
    outside = [
        image
        for image in images(draw)
        if image.mirrored == (axis == "mirrored")
        and image.share > SHOWN
        and limit.excess(np.array([image.turn]))[0] > _MARGIN
    ]
    return max(outside, key=lambda image: image.share, default=None)

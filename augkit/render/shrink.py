"""Shrink: what is done to a source before a map that makes it smaller looks single points of it up."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from augkit.render.pixels import Size, singular

Picture = NDArray[np.uint8]
Floats = NDArray[np.float64]

_SOFTENING = 0.1
"""How much of a pixel goes to its two neighbours, over shrink²: what leaves photographs as sharp as their
average over each pixel, and nearest to it."""

_COARSE = 3.0
"""A picture that shrinks less than this is not made smaller beforehand."""

_LEFT = 1.5
"""By how much at least a picture that is made smaller beforehand is left to shrink by the map itself, which
then rounds off what the whole pixels of the smaller one have lost."""

_MARGIN = 3


def only(picture: Picture, matrix: Floats, after: Size) -> bool:
    """Tell whether a map does nothing but give the whole picture fewer pixels along both sides."""
    (height, width), (wide, high) = picture.shape[:2], after
    kx, ky = wide / width, high / height
    plain = np.array([[kx, 0, (kx - 1) / 2], [0, ky, (ky - 1) / 2], [0, 0, 1]])
    return kx <= 1 and ky <= 1 and bool(np.abs(matrix - plain).max() < 1e-9)


def averaged(picture: Picture, matrix: Floats, linear: tuple[Any, ...]) -> tuple[Picture, Floats]:
    """Make a picture that shrinks much in all directions smaller by a whole factor, and leave a rest to do.

    Args:
        picture: uint8 H×W×C.
        matrix:  3×3, from its pixels to the output's.
        linear:  the linear part of the matrix near the middle, as the first of six entries.

    Returns:
        The picture, and the matrix that does the rest; both unchanged where it shrinks less than threefold.
    """
    height, width = picture.shape[:2]
    least = 1 / max(float(singular(linear)[0]), 1e-9)
    whole = min(int(least / _LEFT), width, height)
    if least < _COARSE or whole < 2:
        return picture, matrix
    small = max(1, round(width / whole)), max(1, round(height / whole))
    out = cv2.resize(picture, small, interpolation=cv2.INTER_AREA)
    kx, ky = width / small[0], height / small[1]
    back = np.array([[kx, 0, (kx - 1) / 2], [0, ky, (ky - 1) / 2], [0, 0, 1]])
    return np.asarray(out, dtype=np.uint8).reshape(small[1], small[0], -1), matrix @ back


def softened(
    picture: Picture, matrix: Floats, linear: tuple[Any, ...], after: Size, border: str
) -> tuple[Picture, Floats]:
    """Spread each pixel over its neighbours, as far as the map shrinks along each side.

    Only the part of the source that the output shows is worked on, and returned.  Arguments as of `averaged`;
    `after` is the output's size and `border` what lies outside the picture.
    """
    a, b, _, c, d = linear[:5]
    inverse = np.linalg.inv(np.array([[a, b], [c, d]]))
    part, corner = _shown(picture, matrix, after) if border != "reflect" else (picture, (0, 0))
    if not part.size:
        return picture, matrix
    spread = np.clip(_SOFTENING * (inverse**2).sum(axis=1), 0, 0.5)
    across, down = (np.array([share / 2, 1 - share, share / 2], np.float32) for share in spread)
    soft = cv2.sepFilter2D(part, -1, across, down, borderType=cv2.BORDER_REPLICATE)
    moved = matrix @ np.array([[1, 0, corner[0]], [0, 1, corner[1]], [0, 0, 1.0]])
    return np.asarray(soft, dtype=np.uint8).reshape(part.shape), moved


def _shown(picture: Picture, matrix: Floats, after: Size) -> tuple[Picture, tuple[int, int]]:
    """Return the part of a picture that the output shows, and where its corner is."""
    height, width = picture.shape[:2]
    corners = np.array([[-1, after[0], -1, after[0]], [-1, -1, after[1], after[1]], [1, 1, 1, 1]])
    x, y, w = np.linalg.inv(matrix) @ corners
    if (w <= 0).any():
        return picture, (0, 0)
    x, y = x / w, y / w
    left, right = max(int(x.min()) - _MARGIN, 0), min(int(x.max()) + _MARGIN + 1, width)
    top, bottom = max(int(y.min()) - _MARGIN, 0), min(int(y.max()) + _MARGIN + 1, height)
    return picture[top:bottom, left:right], (left, top)

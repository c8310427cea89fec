"""Shrink: what is done to a source before a map that makes it smaller looks single points of it up."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from augkit.render.pixels import Entries, Size, scaled, singular_of

Picture = NDArray[np.uint8]

_SOFTENING = 0.1
"""How much of a pixel goes to its two neighbours, over shrink²: what leaves photographs as sharp as their
average over each pixel, and nearest to it."""

_COARSE = 3.0
"""A picture that shrinks less than this is not made smaller beforehand."""

_LEFT = 1.5
"""By how much at least a picture that is made smaller beforehand is left to shrink by the map itself, which
then rounds off what the whole pixels of the smaller one have lost."""

_MARGIN = 3


def only(picture: Picture, entries: Entries, after: Size) -> bool:
    """Tell whether a map does nothing but give the whole picture fewer pixels along both sides."""
    (height, width), (wide, high) = picture.shape[:2], after
    kx, ky = wide / width, high / height
    if kx > 1 or ky > 1 or abs(entries[0] - kx) > 1e-9:
        return False
    plain = (kx, 0.0, (kx - 1) / 2, 0.0, ky, (ky - 1) / 2, 0.0, 0.0, 1.0)
    return all(abs(entry - one) < 1e-9 for entry, one in zip(entries, plain, strict=True))


def averaged(picture: Picture, entries: Entries, linear: Entries) -> tuple[Picture, Entries]:
    """Make a picture that shrinks much in all directions smaller by a whole factor, and leave a rest to do.

    Args:
        picture: uint8 H×W×C.
        entries: the map from its pixels to the output's.
        linear:  the map near the middle.

    Returns:
        The picture, and the map that does the rest; both unchanged where it shrinks less than threefold.
    """
    height, width = picture.shape[:2]
    least = 1 / max(singular_of(linear)[0], 1e-9)
    whole = min(int(least / _LEFT), width, height)
    if least < _COARSE or whole < 2:
        return picture, entries
    small = max(1, round(width / whole)), max(1, round(height / whole))
    out = cv2.resize(picture, small, interpolation=cv2.INTER_AREA)
    kx, ky = width / small[0], height / small[1]
    rest = scaled(entries, kx, ky, (kx - 1) / 2, (ky - 1) / 2)
    return np.asarray(out, dtype=np.uint8).reshape(small[1], small[0], -1), rest


def softened(
    picture: Picture, entries: Entries, linear: Entries, after: Size, border: str
) -> tuple[Picture, Entries]:
    """Spread each pixel over its neighbours, as far as the map shrinks along each side.

    Only the part of the source that the output shows is worked on, and returned.  Arguments as of `averaged`;
    `after` is the output's size and `border` what lies outside the picture.
    """
    a, b, _, c, d = linear[:5]
    det = max(abs(a * d - b * c), 1e-12)
    part, (left, top) = _shown(picture, entries, after) if border != "reflect" else (picture, (0, 0))
    if not part.size:
        return picture, entries
    across, down = _sigma((b * b + d * d) / det**2), _sigma((a * a + c * c) / det**2)
    soft = cv2.GaussianBlur(part, (3, 3), across, sigmaY=down, borderType=cv2.BORDER_REPLICATE)
    return np.asarray(soft, dtype=np.uint8).reshape(part.shape), scaled(entries, 1.0, 1.0, left, top)


def _sigma(squared: float) -> float:
    """Return the width of the bell of three pixels that spreads a pixel along a side as far as it should,
    given the square of the shrink.
    """
    spread = min(max(_SOFTENING * squared, 1e-6), 0.5)
    return math.sqrt(-0.5 / math.log(spread / 2 / (1 - spread)))


def _shown(picture: Picture, entries: Entries, after: Size) -> tuple[Picture, tuple[int, int]]:
    """Return the part of a picture that the output shows, and where its corner is."""
    height, width = picture.shape[:2]
    if entries[6] == entries[7] == 0:
        left, right, top, bottom = _reach(entries, after)
    else:
        ends = _corners(entries, after)
        if ends is None:
            return picture, (0, 0)
        left, right, top, bottom = ends
    first, above = max(int(left) - _MARGIN, 0), max(int(top) - _MARGIN, 0)
    last, below = min(int(right) + _MARGIN + 1, width), min(int(bottom) + _MARGIN + 1, height)
    return picture[above:below, first:last], (first, above)


def _reach(entries: Entries, after: Size) -> tuple[float, float, float, float]:
    """Return the left, right, top and bottom end of what an affine map shows: its middle, and half as far
    again as the frame's sides reach together.
    """
    a, b, tx, c, d, ty, _, _, r = entries
    det = a * d - b * c
    u, v = (after[0] - 1) / 2 * r - tx, (after[1] - 1) / 2 * r - ty
    half, high = (after[0] + 1) / 2, (after[1] + 1) / 2
    x, y = (d * u - b * v) / det, (a * v - c * u) / det
    across = (abs(d) * half + abs(b) * high) * abs(r / det)
    down = (abs(c) * half + abs(a) * high) * abs(r / det)
    return x - across, x + across, y - down, y + down


def _corners(entries: Entries, after: Size) -> tuple[float, float, float, float] | None:
    """Return the ends of what a homography shows, as `_reach` does; None where a corner is never seen."""
    a, b, tx, c, d, ty, p, q, r = entries
    corners = [(u, v) for u in (-1.0, after[0]) for v in (-1.0, after[1])]
    # The inverse, up to a factor whose sign is that of the determinant.
    det = a * (d * r - ty * q) - b * (c * r - ty * p) + tx * (c * q - d * p)
    xs, ys = [], []
    for u, v in corners:
        w = ((c * q - d * p) * u + (b * p - a * q) * v + (a * d - b * c)) / det
        if w <= 0:
            return None
        xs.append(((d * r - ty * q) * u + (tx * q - b * r) * v + (b * ty - tx * d)) / det / w)
        ys.append(((ty * p - c * r) * u + (a * r - tx * p) * v + (tx * c - a * ty)) / det / w)
    return min(xs), max(xs), min(ys), max(ys)

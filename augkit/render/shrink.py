"""Shrink: what is done to a source before a map that makes it smaller looks single points of it up."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from augkit.render.pixels import Entries, Size, scaled, singular_of

Picture = NDArray[np.uint8]

_SOFTENING = 0.1
"""How far a pixel is spread over its neighbours, as a variance over shrink²: what leaves photographs as sharp
as their average over each pixel, and nearest to it."""

_SPREAD = 0.15
"""How far the pixels of a picture that was made smaller beforehand are spread already."""

_THREE = 0.6
"""Up to this variance a bell of three pixels is nearest, though it holds no more than a half."""

_WIDEST = 8.0
"""Pixels; a picture that is squeezed more than 25-fold along one side alone is not worth the time."""

LEFT = 2.0
"""By how much at least a picture that is made smaller beforehand, here or by its decoder, is left to shrink
by the map itself.  Photographs of much detail then come within 6 dB of what they would be otherwise,
and as sharp; where less is left they lose 10 dB, and look blurred."""

_MARGIN = 3


def only(picture: Picture, entries: Entries, after: Size) -> bool:
    """Tell whether a map does nothing but give the whole picture fewer pixels along both sides."""
    (height, width), (wide, high) = picture.shape[:2], after
    kx, ky = wide / width, high / height
    if kx > 1 or ky > 1 or abs(entries[0] - kx) > 1e-9:
        return False
    plain = (kx, 0.0, (kx - 1) / 2, 0.0, ky, (ky - 1) / 2, 0.0, 0.0, 1.0)
    return all(abs(entry - one) < 1e-9 for entry, one in zip(entries, plain, strict=True))


def averaged(
    picture: Picture, entries: Entries, linear: Entries, after: Size, border: str
) -> tuple[Picture, Entries]:
    """Make a picture that shrinks much in all directions smaller by a whole factor, and leave a rest to do.

    Only the part of the source that the output shows is worked on, and returned.  Blocks count from the
    picture's corner; in those that reach beyond its edge its last pixels go on, as with a JPEG decoder.

    Args:
        picture: uint8 H×W×C.
        entries: the map from its pixels to the output's.
        linear:  the map near the middle.
        after:   width and height in pixels of the output.
        border:  what lies outside the picture: "constant", "edge" or "reflect".

    Returns:
        The picture, and the map that does the rest; both unchanged where it shrinks too little.
    """
    height, width = picture.shape[:2]
    least = 1 / max(singular_of(linear)[0], 1e-9)
    whole = min(int(least / LEFT), width, height)
    if whole < 2:
        return picture, entries
    left, top, right, bottom = 0, 0, width, height
    if border != "reflect":
        left, top, right, bottom = _shown(picture, entries, after)
        left, top = left - left % whole, top - top % whole
    if left >= right or top >= bottom:
        return picture, entries
    wide, high = -(-(right - left) // whole), -(-(bottom - top) // whole)
    part = picture[top : top + high * whole, left : left + wide * whole]
    below, beside = high * whole - part.shape[0], wide * whole - part.shape[1]
    if below or beside:
        part = cv2.copyMakeBorder(part, 0, below, 0, beside, cv2.BORDER_REPLICATE)  # type: ignore[assignment]
    out = cv2.resize(part, (wide, high), interpolation=cv2.INTER_AREA)
    rest = scaled(entries, whole, whole, left + (whole - 1) / 2, top + (whole - 1) / 2)
    return np.asarray(out, dtype=np.uint8).reshape(high, wide, -1), rest


def softened(
    picture: Picture, entries: Entries, linear: Entries, after: Size, border: str, *, smaller: bool
) -> tuple[Picture, Entries]:
    """Spread each pixel over its neighbours, as far as the map shrinks along each side.

    Only the part of the source that the output shows is worked on, and returned.  What lies outside the
    picture stays out of it: mixed in, it would darken the edges of a picture that only gets fewer pixels.

    Args:
        picture, entries, linear, after, border: as of `averaged`.
        smaller: whether the picture was made smaller beforehand, and its pixels are averages.
    """
    a, b, _, c, d = linear[:5]
    det = max(abs(a * d - b * c), 1e-12)
    left, top, right, bottom = 0, 0, picture.shape[1], picture.shape[0]
    if border != "reflect":
        left, top, right, bottom = _shown(picture, entries, after)
    if left >= right or top >= bottom:
        return picture, entries
    already = _SPREAD if smaller else 0.0
    columns, across = _bell(_SOFTENING * (b * b + d * d) / det**2 - already)
    rows, down = _bell(_SOFTENING * (a * a + c * c) / det**2 - already)
    part = picture[top:bottom, left:right]
    soft = cv2.GaussianBlur(part, (columns, rows), across, sigmaY=down, borderType=cv2.BORDER_REPLICATE)
    return np.asarray(soft, dtype=np.uint8).reshape(part.shape), scaled(entries, 1.0, 1.0, left, top)


def _bell(spread: float) -> tuple[int, float]:
    """Return over how many pixels along a side a bell of this variance reaches, and its width."""
    if spread <= _THREE:  # which is the share of the outer two of three
        spread = min(max(spread, 1e-6), 0.5)
        return 3, math.sqrt(-0.5 / math.log(spread / 2 / (1 - spread)))
    width = min(math.sqrt(spread), _WIDEST)
    return 2 * math.ceil(2 * width) + 1, width


def _shown(picture: Picture, entries: Entries, after: Size) -> tuple[int, int, int, int]:
    """Return the left, top, right and bottom end of the part of a picture that the output shows."""
    height, width = picture.shape[:2]
    if entries[6] == entries[7] == 0:
        left, right, top, bottom = _reach(entries, after)
    else:
        ends = _corners(entries, after)
        if ends is None:
            return 0, 0, width, height
        left, right, top, bottom = ends
    first, above = max(int(left) - _MARGIN, 0), max(int(top) - _MARGIN, 0)
    last, below = min(int(right) + _MARGIN + 1, width), min(int(bottom) + _MARGIN + 1, height)
    return first, above, last, below


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

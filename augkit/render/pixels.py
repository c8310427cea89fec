"""Pixels: where the points of a frame lie in a picture.

Pixel centres lie on whole numbers and half numbers are pixel edges: a picture of W pixels reaches from -½ to
W - ½, and a frame's edge is a picture's edge, whatever its size in pixels.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from augkit.draw.planes import Plane

Size = tuple[int, int]
"""Width and height in pixels."""

Entries = tuple[float, ...]
"""The nine entries of one homography in pixels, row by row."""


def in_pixels(
    through: Plane, aspects: tuple[Any, Any], before: tuple[Any, Any], after: tuple[Any, Any], sqrt: Any
) -> tuple[Any, ...]:
    """Return a homography of frames in pixel coordinates, y down, as nine entries: floats or float64 (N,).

    Args:
        through: nine entries, from the frame before to the frame after, y up.
        aspects: width over height of the two frames.
        before:  width and height in pixels of the picture before, numbers or arrays; not whole where it was
                 rounded up.
        after:   of the picture after.
        sqrt:    the square root for these entries, `math.sqrt` or `numpy.sqrt`.
    """
    a, b, tx, c, d, ty, g, h, _ = through
    (wide, high), (width, height) = before, after
    old, new = aspects
    across, down = sqrt(old / new), sqrt(new / old)
    mixed = sqrt(old * new)
    # From the frame, each axis running from -½ to ½, to the frame; y still up.
    entries = (
        a * across, b / mixed, tx / sqrt(new),
        c * mixed, d * down, ty * sqrt(new),
        g * sqrt(old), h / sqrt(old),
    )  # fmt: skip
    u, v, w, x, y, z, p, q = entries
    # Columns: a pixel's place along the source, and rows: along the output.
    kx, ky = width / wide, height / high
    a, b, c, d = u * kx, -(v * (width / high)), -(x * (height / wide)), y * ky
    left, top = (wide - 1) / 2, (high - 1) / 2
    p, q = p / wide, -q / high
    r = 1 - p * left - q * top
    tx, ty = w * width - a * left - b * top, -(z * height) - c * left - d * top
    cx, cy = (width - 1) / 2, (height - 1) / 2
    return (a + cx * p, b + cx * q, tx + cx * r, c + cy * p, d + cy * q, ty + cy * r, p, q, r)


def singular(entries: Any) -> tuple[Any, Any]:
    """Return the larger and the smaller singular value of the linear part: output pixels a source pixel."""
    a, b, _, c, d = entries[:5]
    long, short = np.hypot(a + d, c - b), np.hypot(a - d, b + c)
    return (long + short) / 2, np.abs(long - short) / 2


def singular_of(entries: Entries) -> tuple[float, float]:
    """Return what `singular` does for one map, without arrays: a tenth of the time."""
    a, b, _, c, d = entries[:5]
    long, short = math.hypot(a + d, c - b), math.hypot(a - d, b + c)
    return (long + short) / 2, abs(long - short) / 2


def scaled(entries: Entries, kx: float, ky: float, dx: float, dy: float) -> Entries:
    """Return the map that first scales along both sides and moves a picture, and then does `entries`."""
    a, b, tx, c, d, ty, p, q, r = entries
    return (
        a * kx, b * ky, a * dx + b * dy + tx,
        c * kx, d * ky, c * dx + d * dy + ty,
        p * kx, q * ky, p * dx + q * dy + r,
    )  # fmt: skip


def at_centre(entries: Entries, after: Size) -> Entries:
    """Return the affine map that is nearest to a homography in the middle of the output."""
    a, b, tx, c, d, ty, p, q, r = entries
    if p == q == 0:
        return (a / r, b / r, tx / r, c / r, d / r, ty / r, 0.0, 0.0, 1.0)
    u, v = (after[0] - 1) / 2, (after[1] - 1) / 2
    x, y, w = np.linalg.solve(np.array(entries).reshape(3, 3), [u, v, 1.0]).tolist()
    a, b, c, d = (a - u * p) * w, (b - u * q) * w, (c - v * p) * w, (d - v * q) * w
    x, y = x / w, y / w
    return (a, b, u - a * x - b * y, c, d, v - c * x - d * y, 0.0, 0.0, 1.0)

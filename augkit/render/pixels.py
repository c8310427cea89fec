"""Pixels: where the points of a frame lie in a picture.

Pixel centres lie on whole numbers and half numbers are pixel edges: a picture of W pixels reaches from -½ to
W - ½, and a frame's edge is a picture's edge, whatever its size in pixels.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from augkit.draw.runs import Plane

Size = tuple[int, int]
"""Width and height in pixels."""


def in_pixels(
    through: Plane, aspects: tuple[Any, Any], before: tuple[float, float], after: Size, sqrt: Any
) -> tuple[Any, ...]:
    """Return a homography of frames in pixel coordinates, y down, as nine entries: floats or float64 (N,).

    Args:
        through: nine entries, from the frame before to the frame after, y up.
        aspects: width over height of the two frames.
        before:  width and height in pixels of the picture before; not whole where it was rounded up.
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

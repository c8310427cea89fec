"""Stack: many small pictures resampled in one call, as one tall picture.

For a digit of 28×28 the call costs more than the pixels.  Each picture gets a margin of one pixel, which
holds what is outside it, and no place that is looked up lies beyond its margin.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from augkit.render.pixels import Size

Picture = NDArray[np.uint8]
Floats = NDArray[np.float64]

_SMALL = 64 * 64
_AT_ONCE = 96 * 1024
"""So many pixels are looked up at once, that their places stay in the processor's cache."""

SHARP = 1.3
"""A small picture that shrinks less than this is interpolated as it is."""

_TALLEST = 32_000
"""OpenCV counts rows in 16 bits."""

_FINE = 256.0
"""Rows are looked up in 256ths, which 32-bit floats hold exactly at any height of the stack: a picture is the
same wherever in a stack it stands."""


def fits(size: Size, after: Size, border: str, filter_: str) -> bool:
    """Tell whether pictures of this size are so small that stacking them pays."""
    small = max(size[0] * size[1], after[0] * after[1]) <= _SMALL
    return small and border != "reflect" and filter_ == "linear"


def resampled(
    pictures: Picture, entries: tuple[Any, ...], after: Size, sheets: Picture, border: str
) -> Picture:
    """Resample N small pictures, linearly.

    Args:
        pictures: uint8 N×H×W×C.
        entries:  the first six entries of the maps in pixels, each float64 (N,).
        after:    width and height in pixels of what comes out.
        sheets:   uint8 N×1×1×C, the colour outside each picture where the border is constant.
        border:   "constant" or "edge".
    """
    count, height, width, channels = pictures.shape
    out = np.empty((count, after[1], after[0], channels), np.uint8)
    along_x, along_y = _places(entries, after)
    some = max(1, min(_AT_ONCE // (after[0] * after[1]), _TALLEST // max(height + 2, after[1]), count))
    tall = np.empty((some, height + 2, width + 2, channels), np.uint8)
    top = (np.arange(some, dtype=np.float32) * (height + 2))[:, None, None]
    x, y = np.empty((2, some, after[1], after[0]), np.float32)
    for start in range(0, count, some):
        part = slice(start, min(start + some, count))
        n = part.stop - part.start
        _laid_out(tall[:n], pictures[part], sheets[part], border)
        for places, (columns, rows), pixels in ((x[:n], along_x, width), (y[:n], along_y, height)):
            np.add(columns[part, None, :], rows[part, :, None], out=places)
            np.clip(places, 0, pixels + 1, out=places)
        y[:n] += top[:n]
        cv2.remap(
            tall[:n].reshape(n * (height + 2), width + 2, channels),
            x[:n].reshape(-1, after[0]),
            y[:n].reshape(-1, after[0]),
            cv2.INTER_LINEAR,
            dst=out[part].reshape((-1, after[0]) if channels == 1 else (-1, after[0], channels)),
        )
    return out


def _places(entries: tuple[Any, ...], after: Size) -> tuple[tuple[Any, Any], tuple[Any, Any]]:
    """Return where output columns and rows look, as parts to be added: for x and for y, each float32 (N, …).

    Places count from the corner of the margin.
    """
    a, b, tx, c, d, ty = (np.asarray(entry, dtype=np.float64)[:, None] for entry in entries)
    det = a * d - b * c
    columns, rows = np.arange(after[0]), np.arange(after[1])
    x = (d * columns - (d * tx - b * ty)) / det + 1, -b * rows / det
    y = (-c * columns + (c * tx - a * ty)) / det + 1, a * rows / det
    y = np.rint(y[0] * _FINE) / _FINE, np.rint(y[1] * _FINE) / _FINE
    (x0, x1), (y0, y1) = ((one.astype(np.float32), other.astype(np.float32)) for one, other in (x, y))
    return (x0, x1), (y0, y1)


def _laid_out(tall: Picture, pictures: Picture, sheets: Picture, border: str) -> None:
    """Put pictures into their margins."""
    tall[:, 1:-1, 1:-1] = pictures
    if border == "constant":
        tall[:, :1] = tall[:, -1:] = tall[:, :, :1] = tall[:, :, -1:] = sheets
        return
    tall[:, 0, 1:-1], tall[:, -1, 1:-1] = pictures[:, 0], pictures[:, -1]
    tall[:, :, 0], tall[:, :, -1] = tall[:, :, 1], tall[:, :, -2]

"""Colours: what a run does to pixels whatever is beside them: one line or one matrix, and one table."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import stringzilla
from numpy.typing import NDArray

from augkit.draw import Run

Picture = NDArray[np.uint8]

_TO_LEVELS = np.array([1.0, 1.0, 1.0, 255.0])
"""What turns a colour matrix for colours on [0, 1] into one for levels: its last column counts levels."""

_AT_ONCE = 64 * 1024
"""So many pixels are worked on at once, that they stay in the processor's cache."""


def coloured(picture: Picture, run: Run, i: int, *, own: bool = False) -> Picture:
    """Mix the colours and look up the tones of one picture, uint8 H×W×C, as draw `i` of a run says.

    Returns:
        uint8 H×W×C; `picture` itself where nothing changes, or where it is our `own` to work on.
    """
    out: Any = picture
    if run.mixes is not None and picture.shape[2] == 3:
        out, own = cv2.transform(out, run.mixes[i] * _TO_LEVELS).reshape(picture.shape), True
    elif run.line_tables is not None:
        out, own = _looked_up(out, run.line_tables[i], own=own), True
    if run.tables is not None:
        out = _looked_up(out, run.tables[i], own=own)
    return np.asarray(out, dtype=np.uint8)


def _looked_up(picture: Picture, table: NDArray[np.uint8], *, own: bool) -> Picture:
    """Look each value of a picture up in a table of 256, in place if it is our `own`.

    It takes a third of the time of OpenCV's `LUT`.
    """
    out = picture if own and picture.flags.c_contiguous else picture.copy(order="C")
    stringzilla.translate(out.reshape(-1).data, table.data, inplace=True)
    return out


def coloured_batch(pictures: Picture, run: Run, *, own: bool) -> Picture:
    """Mix the colours and look up the tones of N pictures, uint8 N×H×W×C; in place if they are our `own`.

    Returns:
        uint8 N×H×W×C; `pictures` itself where nothing changes, or where they are our own.
    """
    mixes = run.mixes if pictures.shape[3] == 3 else None
    if mixes is None and run.levels is None and run.tables is None:
        return pictures
    out = pictures if own else np.empty_like(pictures)
    done = pictures
    if mixes is not None:
        for i, mix in enumerate(mixes * _TO_LEVELS):
            cv2.transform(done[i], mix, dst=out[i])
        done = out
    elif run.levels is not None:
        _on_lines(done, *run.levels, out)
        done = out
    if run.tables is not None:
        flat, into = done.reshape(*done.shape[:2], -1), out.reshape(*out.shape[:2], -1)
        for i, table in enumerate(run.tables):
            cv2.LUT(flat[i], table, dst=into[i])
    return out


def _on_lines(
    pictures: Picture, slopes: NDArray[np.float32], levels: NDArray[np.float32], out: Picture
) -> None:
    """Put each picture's levels on its own line, some pictures at once."""
    count, size = len(pictures), pictures[0].size
    flat, into = pictures.reshape(count, size), out.reshape(count, size)
    some = max(1, _AT_ONCE // size)
    values = np.empty((min(some, count), size), np.float32)
    for start in range(0, count, some):
        part = slice(start, start + some)
        now = values[: len(flat[part])]
        np.multiply(flat[part], slopes[part, None], out=now)
        np.add(now, levels[part, None], out=now)
        np.clip(now, 0, 255, out=now)
        into[part] = np.rint(now, out=now)

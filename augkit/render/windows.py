"""Windows: what a crop leaves of a picture, when later steps of the same run show more than its window."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from augkit.draw import Run
from augkit.draw.planes import Plane
from augkit.draw.runs import Window
from augkit.render.pixels import Size, in_pixels

Picture = NDArray[np.uint8]
Floats = NDArray[np.float64]


def laid_over(picture: Picture, window: Window, run: Run, i: int, sheet: Picture) -> Picture:
    """Lay the sheet over what a window leaves out of the output of draw `i`."""
    height, width = picture.shape[:2]
    size = (width, height)
    through = (_stacked(run.through, i) @ np.linalg.inv(_stacked(window.through, i))).ravel().tolist()
    aspects = float(window.aspect[i]), float(run.after[i])
    matrix = np.array(in_pixels(tuple(through), aspects, size, size, math.sqrt)).reshape(3, 3)
    window_ = np.full((height, width), 255, np.uint8)
    mask = cv2.warpPerspective(window_, matrix, size, flags=cv2.INTER_LINEAR)
    share = (mask.astype(np.float32) / 255)[:, :, None]
    under = sheet.astype(np.float32)
    return np.rint(under + share * (picture - under)).astype(np.uint8)


def folded(
    run: Run, i: int, before: tuple[float, float], after: Size, border: str
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return where in the source each output pixel looks, with the edges of windows drawn out or mirrored.

    Seen from the output backwards, a point outside a window moves to the pixel inside it that stands there.
    """
    width, height = after
    x, y = np.meshgrid((np.arange(width) + 0.5) / width - 0.5, 0.5 - (np.arange(height) + 0.5) / height)
    aspect = float(run.after[i])
    x, y = x * math.sqrt(aspect), y / math.sqrt(aspect)
    later = _stacked(run.through, i)
    frames = [w for w in run.windows if w.done[i]][::-1]
    for window in [*frames, None]:
        through = np.eye(3) if window is None else _stacked(window.through, i)
        aspect = float(run.before[i] if window is None else window.aspect[i])
        back = through @ np.linalg.inv(later)
        x, y, w = np.tensordot(back, np.stack([x, y, np.ones_like(x)]), axes=1)
        x, y = x / w, y / w
        size = before if window is None else after
        x = _brought_in(x, math.sqrt(aspect) / 2, size[0], border)
        y = _brought_in(y, 0.5 / math.sqrt(aspect), size[1], border)
        later = through
    columns = (x / math.sqrt(aspect) + 0.5) * before[0] - 0.5
    rows = (0.5 - y * math.sqrt(aspect)) * before[1] - 0.5
    return columns.astype(np.float32), rows.astype(np.float32)


def _brought_in(x: Floats, half: float, pixels: float, border: str) -> Floats:
    """Move places along one side of a frame into it: to the outermost pixel's centre, or mirrored."""
    if border == "edge":
        out: Floats = np.clip(x, -half * (1 - 1 / pixels), half * (1 - 1 / pixels))
        return out
    return np.abs((x - half) % (4 * half) - 2 * half) - half


def _stacked(through: Plane, i: int) -> Floats:
    entries = [float(entry[i]) for entry in through]
    return np.array(entries if len(entries) == 9 else [*entries, 0.0, 0.0, 1.0]).reshape(3, 3)

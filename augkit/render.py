"""Render: pictures and draws in, pictures out.  Pure; knows no policy file, task or verdict.

The picture lies on an endless sheet of the policy's fill colour (or of its own edge pixels); every step
changes the picture and the sheet alike, so that a change of tone before a turn colours the corners too.
All steps together are one resampling and one table: linear interpolation between pixel centres, then the
composed tone line, clipped once at the end.  What a crop left outside its window is sheet again.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from augkit import affine
from augkit.affine import IDENTITY, Map
from augkit.draw import Draws, Run, Use
from augkit.errors import UsageError

Picture = NDArray[np.uint8]
_BORDERS = {"constant": cv2.BORDER_CONSTANT, "edge": cv2.BORDER_REPLICATE}


def render(picture: Picture, draws: Draws, i: int) -> Picture:
    """Make the picture of draw `i`.

    Args:
        picture: uint8, H×W×1 or H×W×3, whose W/H is `draws.aspects[i]`; it is not changed.
        draws:   the draws.
        i:       which of them.

    Returns:
        uint8, the shape of `picture`, a new array.

    Raises:
        UsageError: `picture` is not uint8 H×W×1 or H×W×3.
    """
    _check(picture)
    out = picture
    for part in draws.runs:
        if isinstance(part, Use):
            if part.done[i]:
                out = part.kernel.apply(
                    out, {name: float(numbers[i]) for name, numbers in part.values.items()}
                )
        else:
            out = _fused(out, part, draws, i)
    return out.copy() if out is picture else out


def _fused(picture: Picture, run: Run, draws: Draws, i: int) -> Picture:
    whole = _at(run.through, i)
    out = _warp(picture, whole, draws)
    for done, through in run.windows:
        if done[i]:
            out = _clip(out, affine.compose(whole, _inverse(_at(through, i))), draws)
    if run.tables is not None:
        out = cv2.LUT(out, run.tables[i])
    return out if out is picture else np.asarray(out, dtype=np.uint8).reshape(picture.shape)


def render_batch(pictures: Picture, draws: Draws) -> Picture:
    """Make the pictures of all N draws from N pictures of one size, uint8 N×H×W×1 or N×H×W×3; a new array.

    The same as `render` one by one, with the work that is not pixels done for all of them at once.
    """
    if pictures.ndim != 4 or len(pictures) != len(draws):
        shape = "×".join(map(str, pictures.shape))
        raise UsageError(f"got pictures of shape {shape} and {len(draws)} draws, want N×H×W×C and N draws")
    out = pictures
    if len(pictures):
        _check(pictures[0])
    for part in draws.runs if len(pictures) else []:
        out = _used_batch(out, part) if isinstance(part, Use) else _fused_batch(out, part, draws)
    return out.copy() if out is pictures else out


def _used_batch(pictures: Picture, use: Use) -> Picture:
    out = pictures.copy()
    for i in np.flatnonzero(use.done):
        values = {name: float(numbers[i]) for name, numbers in use.values.items()}
        out[i] = use.kernel.apply(pictures[i], values)
    return out


def _fused_batch(pictures: Picture, run: Run, draws: Draws) -> Picture:
    count, height, width, channels = pictures.shape
    flat = pictures.reshape((count, height, width) if channels == 1 else pictures.shape)
    out = np.empty_like(flat)
    matrices = np.ascontiguousarray(np.moveaxis(_pixels(run.through, width, height), 2, 0))
    options = {"flags": cv2.INTER_LINEAR, "borderMode": _BORDERS[draws.policy.border]}
    fill, size, tables = _fill(draws, channels), (width, height), run.tables
    still = np.all([entry == same for entry, same in zip(run.through, IDENTITY, strict=True)], axis=0)
    for i in range(count):
        if still[i]:
            out[i] = flat[i]
        else:
            cv2.warpAffine(flat[i], matrices[i], size, dst=out[i], borderValue=fill, **options)
        for done, through in run.windows:
            if done[i]:
                from_window = affine.compose(_at(run.through, i), _inverse(_at(through, i)))
                out[i] = _clip(out[i], from_window, draws).reshape(out[i].shape)
        if tables is not None:
            cv2.LUT(out[i], tables[i], dst=out[i])
    return out.reshape(pictures.shape)


def _check(picture: Picture) -> None:
    shape: tuple[int, ...] = getattr(picture, "shape", ())
    if getattr(picture, "dtype", None) != np.uint8 or len(shape) != 3 or shape[2] not in (1, 3) or 0 in shape:
        kind = getattr(picture, "dtype", type(picture).__name__)
        raise UsageError(
            f"got a picture of {kind} {'×'.join(map(str, shape))}, want uint8 H×W×1 or H×W×3",
            fix="scale floats by 255 and round; give grey pictures a last axis of 1",
        )


def _at(through: Map, i: int) -> Map:
    a, b, tx, c, d, ty = (float(entry[i]) for entry in through)
    return (a, b, tx, c, d, ty)


def _inverse(through: Map) -> Map:
    a, b, tx, c, d, ty = through
    det = a * d - b * c
    e, f, g, h = d / det, -b / det, -c / det, a / det
    return (e, f, -(e * tx + f * ty), g, h, -(g * tx + h * ty))


def _pixels(through: Map, width: int, height: int) -> NDArray[np.float64]:
    """Return the map in pixel coordinates: centres on whole numbers, y down; float64 2×3, or 2×3×N."""
    a, b, tx, c, d, ty = through
    scale = (width * height) ** 0.5
    cx, cy = (width - 1) / 2, (height - 1) / 2
    rows = [[a, -b, cx - a * cx + b * cy + scale * tx], [-c, d, cy + c * cx - d * cy - scale * ty]]
    return np.array(rows, dtype=np.float64)


def _fill(draws: Draws, channels: int) -> tuple[int, ...]:
    fill = draws.policy.fill
    if channels == 1:
        return (round(sum(fill) / len(fill)),)
    return fill if len(fill) == channels else fill * channels


def _warp(picture: Picture, through: Map, draws: Draws) -> Any:
    if through == IDENTITY:
        return picture
    height, width, channels = picture.shape
    return cv2.warpAffine(
        picture,
        _pixels(through, width, height),
        (width, height),
        flags=cv2.INTER_LINEAR,
        borderMode=_BORDERS[draws.policy.border],
        borderValue=_fill(draws, channels),
    )


def _clip(picture: Any, from_window: Map, draws: Draws) -> Any:
    """Lay the sheet over what is outside a window.

    `from_window` carries the window's frame onto the output's.
    """
    height, width = picture.shape[:2]
    half_width, half_height = affine.half_sides(width / height)
    back = _inverse(from_window)
    corners = [(x * half_width, y * half_height) for x in (-1, 1) for y in (-1, 1)]
    inside = (
        abs(back[0] * x + back[1] * y + back[2]) <= half_width * (1 + 1e-9)
        and abs(back[3] * x + back[4] * y + back[5]) <= half_height * (1 + 1e-9)
        for x, y in corners
    )
    if all(inside):
        return picture
    window = np.full((height, width), 255, np.uint8)
    mask = cv2.warpAffine(
        window, _pixels(from_window, width, height), (width, height), flags=cv2.INTER_LINEAR
    )
    picture = picture.reshape(height, width, -1)
    share = (mask.astype(np.float32) / 255)[:, :, None]
    sheet = np.array(_fill(draws, picture.shape[2]), dtype=np.float32)
    return np.rint(sheet + share * (picture - sheet)).astype(np.uint8)

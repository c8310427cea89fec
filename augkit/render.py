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
    height, width = picture.shape[:2]
    out = picture if whole == IDENTITY else _warped(picture, _pixels(whole, width, height), draws)
    out = _windowed(out, picture, run, draws, i)
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
    out = np.empty(flat.shape, np.uint8)
    matrices = np.ascontiguousarray(np.moveaxis(_pixels(run.through, width, height), 2, 0))
    options = {"flags": cv2.INTER_LINEAR, "borderMode": _BORDERS[draws.policy.border]}
    fill, size, tables = _fill(draws, channels), (width, height), run.tables
    still = np.all([entry == same for entry, same in zip(run.through, IDENTITY, strict=True)], axis=0)
    for i in range(count):
        if still[i]:
            out[i] = flat[i]
        else:
            cv2.warpAffine(flat[i], matrices[i], size, dst=out[i], borderValue=fill, **options)
        if run.windows:
            out[i] = _windowed(out[i], pictures[i], run, draws, i).reshape(out[i].shape)
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


def _warped(picture: Picture, matrix: NDArray[np.float64], draws: Draws) -> Any:
    height, width, channels = picture.shape
    return cv2.warpAffine(
        picture,
        matrix,
        (width, height),
        flags=cv2.INTER_LINEAR,
        borderMode=_BORDERS[draws.policy.border],
        borderValue=_fill(draws, channels),
    )


def _windowed(out: Any, picture: Picture, run: Run, draws: Draws, i: int) -> Any:
    """Return `out`, the warped `picture`, with what is outside the windows of its crops made sheet again."""
    whole = _at(run.through, i)
    windows = [_at(through, i) for done, through in run.windows if done[i]]
    open_ = [
        at for at in windows if not _covers(affine.compose(whole, _inverse(at)), float(draws.aspects[i]))
    ]
    if not open_:
        return out
    if draws.policy.border == "edge":
        return _drawn_out(picture, [*windows, whole])
    for at in open_:
        out = _laid_over(out, affine.compose(whole, _inverse(at)), _fill(draws, picture.shape[2]))
    return out


def _covers(from_window: Map, aspect: float) -> bool:
    """Tell whether a window, carried onto the output by `from_window`, covers all of it."""
    half_width, half_height = affine.half_sides(aspect)
    back = _inverse(from_window)
    return all(
        abs(back[0] * x + back[1] * y + back[2]) <= half_width * (1 + 1e-9)
        and abs(back[3] * x + back[4] * y + back[5]) <= half_height * (1 + 1e-9)
        for x in (-half_width, half_width)
        for y in (-half_height, half_height)
    )


def _laid_over(picture: Any, from_window: Map, fill: tuple[int, ...]) -> Any:
    """Lay a sheet of one colour over what is outside a window."""
    height, width = picture.shape[:2]
    window = np.full((height, width), 255, np.uint8)
    matrix = _pixels(from_window, width, height)
    mask = cv2.warpAffine(window, matrix, (width, height), flags=cv2.INTER_LINEAR)
    picture = picture.reshape(height, width, -1)
    share = (mask.astype(np.float32) / 255)[:, :, None]
    sheet = np.array(fill, dtype=np.float32)
    return np.rint(sheet + share * (picture - sheet)).astype(np.uint8)


def _drawn_out(picture: Picture, maps: list[Map]) -> Any:
    """Resample once, drawing out the edges of every window; `maps` lead to each window, then to the output.

    Seen from the output backwards, a point outside a window is moved to the nearest pixel centre inside it.
    """
    height, width = picture.shape[:2]
    half_width, half_height = (float(side) for side in affine.half_sides(width / height))
    x, y = np.meshgrid(
        (np.arange(width) + 0.5 - width / 2) * (2 * half_width / width),
        (height / 2 - np.arange(height) - 0.5) * (2 * half_height / height),
    )
    for later, earlier in zip(maps[::-1], [*maps[-2::-1], IDENTITY], strict=True):
        back = affine.compose(earlier, _inverse(later))
        x, y = back[0] * x + back[1] * y + back[2], back[3] * x + back[4] * y + back[5]
        x = np.clip(x, -half_width * (1 - 1 / width), half_width * (1 - 1 / width))
        y = np.clip(y, -half_height * (1 - 1 / height), half_height * (1 - 1 / height))
    columns = x / (2 * half_width / width) + (width - 1) / 2
    rows = (height - 1) / 2 - y / (2 * half_height / height)
    return cv2.remap(
        picture,
        columns.astype(np.float32),
        rows.astype(np.float32),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )

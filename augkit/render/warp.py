"""Warp: one resampling of a picture by a composed map, straight to the size asked for.

Between pixels the colour is interpolated (linearly, unless the run names another filter).  Where the map
shrinks, it is averaged over what falls into a pixel, so that little aliases: first by whole factors
(`shrink`), then by softening the source beforehand (`linear`) or, three times as dear and nearer to the
truth, by looking up several points in each pixel (`area` and the others).
"""

from __future__ import annotations

import math
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from augkit.draw import Run
from augkit.render import shrink, stack, windows
from augkit.render.pixels import Entries, Size, at_centre, in_pixels, singular, singular_of

Picture = NDArray[np.uint8]
Floats = NDArray[np.float64]

BORDERS = {"constant": cv2.BORDER_CONSTANT, "edge": cv2.BORDER_REPLICATE, "reflect": cv2.BORDER_REFLECT}
FILTERS = {
    "linear": cv2.INTER_LINEAR,
    "area": cv2.INTER_LINEAR,
    "cubic": cv2.INTER_CUBIC,
    "lanczos": cv2.INTER_LANCZOS4,
    "nearest": cv2.INTER_NEAREST,
}
_SHARP = 1.1
"""A picture that shrinks less than this is interpolated; beyond it, averaged."""

_MOST_POINTS = 4


def warped(
    picture: Picture,
    run: Run,
    i: int,
    sheet: Picture,
    border: str,
    size: Size | None = None,
    by: int = 1,
) -> Picture:
    """Resample one picture as draw `i` of a run says.

    Args:
        picture: uint8, H×W×C.
        run:     the run.
        i:       which draw.
        sheet:   uint8 1×1×C, the colour outside the picture where the border is constant.
        border:  a key of `BORDERS`.
        size:    the source's true width and height in pixels, where a decoder has made it smaller.
        by:      how many times smaller: 1, 2, 4, 8; rounded up to whole pixels.

    Returns:
        uint8, H'×W'×C; `picture` itself where nothing moves.
    """
    if run.still[i]:
        return picture
    height, width, channels = picture.shape
    width, height = size or (width, height)
    after = run.size_after(width, height)
    *through, old, new = run.each[i]
    entries = in_pixels(tuple(through), (old, new), (width / by, height / by), after, math.sqrt)
    if (
        by == 1
        and stack.fits((width, height), after, border, run.filter)
        and not _needs_care(entries, run, stack.SHARP, i)
    ):
        columns = tuple(np.array([entry]) for entry in entries[:6])
        made = stack.resampled(picture[None], columns, after, sheet[None], border)
        return made.reshape(after[1], after[0], channels)
    open_ = [window for window, shows in zip(run.windows, run.open, strict=True) if shows[i]]
    if open_ and border != "constant":
        maps = windows.folded(run, i, (width / by, height / by), after, border)
        folded = cv2.remap(picture, *maps, FILTERS[run.filter], borderMode=BORDERS[border])
        return np.asarray(folded, dtype=np.uint8).reshape(after[1], after[0], channels)
    out = _resampled(picture, entries, after, sheet, border, run.filter, by)
    for window in open_:
        out = windows.laid_over(out, window, run, i, sheet)
    return out


def warped_batch(pictures: Picture, run: Run, sheets: Picture, border: str) -> Picture:
    """Resample N pictures of one size as the N draws of a run say.

    Args:
        pictures: uint8, N×H×W×C.
        run:      the run.
        sheets:   uint8 N×1×1×C, the colours outside the pictures where the border is constant.
        border:   a key of `BORDERS`.

    Returns:
        uint8, N×H'×W'×C; `pictures` itself where nothing moves.
    """
    if not run.moves:
        return pictures
    height, width = pictures.shape[1:3]
    after = run.size_after(width, height)
    matrices = in_pixels(run.through, (run.before, run.after), (width, height), after, np.sqrt)
    small = stack.fits((width, height), after, border, run.filter)
    care = _needs_care(matrices, run, stack.SHARP if small else _SHARP)
    if small:
        out = stack.resampled(pictures, np.broadcast_arrays(*matrices[:6]), after, sheets, border)
    else:
        plain = np.flatnonzero(~care & ~run.still).tolist()
        out = _one_by_one(pictures, plain, matrices, after, sheets, border, FILTERS[run.filter])
    if run.still.any():
        out[run.still] = pictures[run.still]
    for i in np.flatnonzero(care).tolist():
        out[i] = warped(pictures[i], run, i, sheets[i], border)
    return out


def _one_by_one(
    pictures: Picture,
    which: list[int],
    matrices: tuple[Any, ...],
    after: Size,
    sheets: Picture,
    border: str,
    filter_: int,
) -> Picture:
    """Resample some pictures by affine maps, without averaging; the others are left blank."""
    count, height, width, channels = pictures.shape
    flat = pictures.reshape((count, height, width) if channels == 1 else pictures.shape)
    out = np.empty((count, after[1], after[0], *flat.shape[3:]), np.uint8)
    affine = np.ascontiguousarray(np.stack(np.broadcast_arrays(*matrices[:6]), axis=-1)).reshape(-1, 2, 3)
    mode, fills, warp = BORDERS[border], sheets.reshape(count, channels).tolist(), cv2.warpAffine
    for i in which:
        warp(flat[i], affine[i], after, out[i], filter_, mode, fills[i])
    return out.reshape(count, after[1], after[0], channels)


def shrinks(run: Run, sizes: NDArray[np.int64]) -> Floats:
    """Return how many source pixels lie beside each other in an output pixel, in the direction of fewest.

    Args:
        run:   the run.
        sizes: int64 (N, 2), width and height of each draw's source.

    Returns:
        float64 (N,); 1 for a homography that is no affine map.
    """
    known = {
        (width, height): run.size_after(width, height) for width, height in set(map(tuple, sizes.tolist()))
    }
    after = np.array([known[width, height] for width, height in sizes.tolist()]).reshape(-1, 2)
    before, made = (sizes[:, 0], sizes[:, 1]), (after[:, 0], after[:, 1])
    entries = in_pixels(run.through, (run.before, run.after), before, made, np.sqrt)
    plain = (entries[6] == 0) & (entries[7] == 0)
    return np.where(plain, 1 / np.maximum(singular(entries)[0], 1e-12), 1.0)


def _needs_care(entries: tuple[Any, ...], run: Run, sharp: float, i: int | None = None) -> Any:
    """Tell which draws are more than one plain affine resampling, bool (N,); or whether draw `i` is."""
    at = slice(None) if i is None else i
    care = (entries[6] != 0) | (entries[7] != 0)
    if run.filter != "nearest":
        care = care | ((singular(entries) if i is None else singular_of(entries))[1] * sharp < 1)
    for shows in run.open:
        care = care | shows[at]
    return care & ~run.still[at]


def _resampled(
    picture: Picture, entries: Entries, after: Size, sheet: Picture, border: str, filter_: str, by: int
) -> Picture:
    """Resample a picture by a map of pixels to pixels, averaging where it shrinks."""
    if filter_ in ("linear", "area") and shrink.only(picture, entries, after):
        out = cv2.resize(picture, after, interpolation=cv2.INTER_AREA)
        return np.asarray(out, dtype=np.uint8).reshape(after[1], after[0], picture.shape[2])
    points = 1
    if filter_ != "nearest":
        linear, whole = at_centre(entries, after), picture
        picture, entries = shrink.averaged(picture, entries, linear, after, border)
        smaller = by > 1 or picture is not whole
        linear = at_centre(entries, after)
        most = 1 / max(singular_of(linear)[1], 1e-9)
        if most > _SHARP and filter_ == "linear":
            picture, entries = shrink.softened(picture, entries, linear, after, border, smaller=smaller)
        elif most > _SHARP:
            points = min(_MOST_POINTS, math.ceil(most))
    size = after[0] * points, after[1] * points
    matrix = np.array(entries).reshape(3, 3)
    if points > 1:
        matrix = np.array([[points, 0, (points - 1) / 2], [0, points, (points - 1) / 2], [0, 0, 1]]) @ matrix
    flags, mode, fill = FILTERS[filter_], BORDERS[border], sheet.ravel().tolist()
    if entries[6] == entries[7] == 0:
        flat = matrix[:2] if entries[8] == 1 else matrix[:2] / entries[8]
        out = cv2.warpAffine(picture, flat, size, flags=flags, borderMode=mode, borderValue=fill)
    else:
        out = cv2.warpPerspective(picture, matrix, size, flags=flags, borderMode=mode, borderValue=fill)
    out = cv2.resize(out, after, interpolation=cv2.INTER_AREA) if points > 1 else out
    return np.asarray(out, dtype=np.uint8).reshape(after[1], after[0], picture.shape[2])

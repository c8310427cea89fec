"""Render: pictures and draws in, pictures out.  Pure; knows no policy file, task or verdict.

The picture lies on an endless sheet of the policy's fill colour (or of its own edge pixels, drawn out or
mirrored); every step changes the picture and the sheet alike, so that a change of tone before a turn colours
the corners too.  A run of steps is one resampling straight to the size asked for (`warp`), one colour
matrix and one table, clipped once at the end.  What a crop left outside its window is sheet again.
"""

from __future__ import annotations

import functools

import numpy as np
from numpy.typing import NDArray

from augkit.draw import Draws, Run, Use
from augkit.draw.runs import Group
from augkit.errors import UsageError
from augkit.render import bounds, warp
from augkit.render.colours import coloured, coloured_batch
from augkit.render.shrink import LEFT

Picture = NDArray[np.uint8]

_UINT8 = np.dtype(np.uint8)


def render(
    picture: Picture, draws: Draws, i: int, *, size: tuple[int, int] | None = None, by: int = 1
) -> Picture:
    """Make the picture of draw `i`.

    Args:
        picture: uint8, H×W×1 or H×W×3, whose W/H is `draws.aspects[i]`; it is not changed.
        draws:   the draws.
        i:       which of them.
        size:    the source's true width and height, where a decoder has made it smaller.
        by:      how many times smaller, as `reduction` allows.

    Returns:
        uint8, a new array; of the shape of `picture` unless a step changes the size.

    Raises:
        UsageError:   `picture` is not uint8 H×W×1 or H×W×3.
        PictureError: what is made would have more than `codec.MAX_PIXELS` pixels.
    """
    _check(picture)
    out = picture
    sheet = _fill(draws.policy.fill, picture.shape[2])
    parts, j = draws.parts(i)
    bounds.check_parts(parts, size or (picture.shape[1], picture.shape[0]))
    for number, part in enumerate(parts):
        last = number + 1 == len(parts)
        if isinstance(part, Run):
            reduced = (size, by) if number == 0 else (None, 1)
            moved = warp.warped(out, part, j, sheet, draws.policy.border, *reduced)
            out = coloured(moved, part, j, own=not np.may_share_memory(moved, picture))
            sheet = sheet if last else coloured(sheet, part, j)
        else:
            values = _values(part, j)
            out = part.kernel.apply(out, values)
            sheet = part.kernel.apply(sheet, values) if part.kernel.pointwise and not last else sheet
    return out.copy() if out is picture else out


def render_batch(pictures: Picture, draws: Draws) -> Picture:
    """Make the pictures of all N draws from N pictures of one size, uint8 N×H×W×1 or N×H×W×3; a new array.

    The same as `render` one by one, with the work that is not pixels done for all of them at once.

    Raises:
        UsageError:   there are not N pictures, or they are not uint8 N×H×W×1 or N×H×W×3.
        PictureError: one would have more than `codec.MAX_PIXELS` pixels.
    """
    if pictures.ndim != 4 or len(pictures) != len(draws):
        shape = "×".join(map(str, pictures.shape))
        raise UsageError(f"got pictures of shape {shape} and {len(draws)} draws, want N×H×W×C and N draws")
    if not len(pictures):
        return pictures.copy()
    _check(pictures[0])
    for group in draws.groups:
        bounds.check_parts(group.parts, (pictures.shape[2], pictures.shape[1]))
    fill = _fill(draws.policy.fill, pictures.shape[3])
    if len(draws.groups) == 1:
        out = _group(pictures, draws.groups[0], fill, draws.policy.border)
        return out.copy() if out is pictures else out
    made = [_group(pictures[group.which], group, fill, draws.policy.border) for group in draws.groups]
    out = np.empty((len(draws), *made[0].shape[1:]), np.uint8)
    for group, some in zip(draws.groups, made, strict=True):
        out[group.which] = some
    return out


def _group(pictures: Picture, group: Group, fill: Picture, border: str) -> Picture:
    """Make the pictures of one group; `pictures` itself where nothing is done to them."""
    out = pictures
    sheets = np.repeat(fill[None], len(pictures), axis=0)
    for number, part in enumerate(group.parts):
        last = number + 1 == len(group.parts)
        if isinstance(part, Use):
            out, sheets = _used_batch(out, sheets, part, last=last)
            continue
        moved = warp.warped_batch(out, part, sheets, border)
        changed = coloured_batch(moved, part, own=moved is not pictures)
        sheets = sheets if last else coloured_batch(sheets, part, own=False)
        out = changed
    return out


def reductions(draws: Draws, sizes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return how much smaller a decoder may make the source picture of each draw: 1, 2, 4 or 8, int64 (N,).

    The first thing that a draw does is to shrink it by at least twice as much in every direction, so that
    what the decoder leaves out is not missed (`shrink.LEFT`).

    Args:
        draws: the draws.
        sizes: int64 (N, 2), width and height in pixels of each draw's source.
    """
    out = np.ones(len(draws), dtype=np.int64)
    if draws.policy.border != "constant":
        return out
    for which, parts in draws.groups:
        first = parts[0] if parts else None
        if isinstance(first, Run) and first.filter != "nearest":
            fewest = warp.shrinks(first, sizes[which])
            out[which] = np.select([fewest >= by * LEFT for by in (8, 4, 2)], [8, 4, 2], 1)
    return out


def _values(use: Use, i: int) -> dict[str, float]:
    return {name: float(numbers[i]) for name, numbers in use.values.items()}


def _used_batch(pictures: Picture, sheets: Picture, use: Use, *, last: bool) -> tuple[Picture, Picture]:
    out, sheets = np.empty_like(pictures), sheets.copy()
    for i in range(len(pictures)):
        values = _values(use, i)
        out[i] = use.kernel.apply(pictures[i], values)
        if use.kernel.pointwise and not last:
            sheets[i] = use.kernel.apply(sheets[i], values)
    return out, sheets


def _check(picture: Picture) -> None:
    shape: tuple[int, ...] = getattr(picture, "shape", ())
    if len(shape) != 3 or getattr(picture, "dtype", None) != _UINT8 or shape[2] not in (1, 3) or 0 in shape:
        kind = getattr(picture, "dtype", type(picture).__name__)
        raise UsageError(
            f"got a picture of {kind} {'×'.join(map(str, shape))}, want uint8 H×W×1 or H×W×3",
            fix="scale floats by 255 and round; give grey pictures a last axis of 1",
        )


@functools.lru_cache(maxsize=64)
def _fill(fill: tuple[int, ...], channels: int) -> Picture:
    """Return the sheet's colour, uint8 1×1×C, which nobody may change."""
    levels = (round(sum(fill) / len(fill)),) if channels == 1 else fill if len(fill) == channels else fill * 3
    sheet = np.array(levels, dtype=np.uint8).reshape(1, 1, channels)
    sheet.flags.writeable = False
    return sheet

"""Affine maps of the picture plane, as six numbers of any kind: floats, arrays of draws, spans over boxes.

The frame.  A picture of W by H pixels is scaled to unit area with square pixels: x runs to the right from
-√(W/H)/2 to √(W/H)/2, y runs *up* from -√(H/W)/2 to √(H/W)/2, and the origin is the centre.  Positive
degrees turn counter-clockwise as seen.

Every linear part is, uniquely, zoom · turn · stretch · mirror (the polar decomposition): A = c · R(θ) ·
P(s) · F^m with F the left-right mirror; here `stretch` is the ratio of the axes of P, 1 and up.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Map = tuple[Any, Any, Any, Any, Any, Any]
"""(a, b, tx, c, d, ty): x' = a x + b y + tx, y' = c x + d y + ty."""

HalfPlane = tuple[Any, Any, Any]
"""(nx, ny, h): the points with nx x + ny y <= h."""

_SAME = 1e-8
"""Two lines nearer than this count as one: where they cross is lost to rounding."""

IDENTITY: Map = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)


def compose(second: Map, first: Map) -> Map:
    """Return the map that does `first` and then `second`."""
    a, b, tx, c, d, ty = second
    e, f, ux, g, h, uy = first
    return (
        a * e + b * g,
        a * f + b * h,
        a * ux + b * uy + tx,
        c * e + d * g,
        c * f + d * h,
        c * ux + d * uy + ty,
    )


def inverse(through: Map) -> Map:
    """Return the map that undoes `through`, which must not be flat."""
    a, b, tx, c, d, ty = through
    if _nothing(b) and _nothing(c):  # over boxes a / (a * d) is wider than 1 / d
        return (1.0 / a, b, -tx / a, c, 1.0 / d, -ty / d)
    det = a * d - b * c
    e, f, g, h = d / det, -b / det, -c / det, a / det
    return (e, f, -(e * tx + f * ty), g, h, -(g * tx + h * ty))


def _nothing(entry: Any) -> bool:
    """Tell whether an entry is nothing but zeros, slopes included."""
    parts = [
        getattr(entry, part) for part in ("low", "high", "slope_low", "slope_high") if hasattr(entry, part)
    ]
    return not any(np.any(part) for part in parts or [entry])


def half_sides(aspect: Any) -> tuple[Any, Any]:
    """Return half the width and half the height of a frame whose width is `aspect` times its height."""
    root = np.sqrt(aspect)
    return root / 2, 0.5 / root


def pose(linear: Map) -> tuple[NDArray[np.bool_], Floats, Floats, Floats]:
    """Take the linear part of concrete maps apart.

    Returns:
        mirrored (bool), turn in degrees in (-180, 180], zoom (factor), stretch (ratio of the axes, 1 and
        up); shapes as the entries'.
    """
    a, b, _, c, d, _ = (np.asarray(entry, dtype=np.float64) for entry in linear)
    det = a * d - b * c
    mirrored = det < 0
    a, c = np.where(mirrored, -a, a), np.where(mirrored, -c, c)
    turn = np.degrees(np.arctan2(c - b, a + d))
    long = np.hypot(a + d, c - b)
    short = np.hypot(a - d, b + c)
    with np.errstate(divide="ignore"):
        stretch = np.where(
            long - short > 1e-15 * long, (long + short) / np.maximum(long - short, 1e-300), np.inf
        )
    return mirrored, turn, np.sqrt(np.abs(det)), np.maximum(stretch, 1.0)


def pull_back(planes: Sequence[HalfPlane], through: Map) -> list[HalfPlane]:
    """Return the half-planes of the points that `through` sends into `planes`."""
    a, b, tx, c, d, ty = through
    return [(a * nx + c * ny, b * nx + d * ny, h - tx * nx - ty * ny) for nx, ny, h in planes]


def area(planes: Sequence[HalfPlane]) -> Floats:
    """Return the area of the intersection of half-planes, together bounded; float64 of the entries' shape.

    Each line gives half its distance from the origin times the length of the part of it that lies in all
    others (Green's theorem); of two equal half-planes only the first counts.
    """
    whole = np.broadcast_arrays(*(np.asarray(n, dtype=np.float64) for plane in planes for n in plane))
    nx, ny, h = (np.stack(whole[part::3]) for part in range(3))
    length = np.hypot(nx, ny)
    flat = length < 1e-300
    safe = np.where(flat, 1.0, length)
    nx, ny, h = np.where(flat, 0, nx / safe), np.where(flat, 0, ny / safe), h / safe
    total = np.zeros_like(h[0])
    for k in range(len(planes)):
        along = ny[k] * nx - nx[k] * ny  # the line runs along (ny, -nx)
        facing = nx[k] * nx + ny[k] * ny
        room = h - h[k] * facing
        parallel = np.abs(along) < _SAME
        with np.errstate(over="ignore"):
            cut = room / np.where(parallel, 1.0, along)
        high = np.where(~parallel & (along > 0), cut, np.inf).min(axis=0)
        low = np.where(~parallel & (along < 0), cut, -np.inf).max(axis=0)
        shut = room < -_SAME
        shut[:k] |= (np.abs(room[:k]) <= _SAME) & (facing[:k] > 0)
        shut &= parallel & ~flat
        shut[k] = flat[k]
        total += np.where((high > low) & ~shut.any(axis=0), h[k] * np.maximum(high - low, 0) / 2, 0.0)
    nothing = (flat & (h < 0)).any(axis=0)
    area: Floats = np.where(nothing, 0.0, np.maximum(total, 0.0))
    return area


def in_half_sides(through: Map, aspect: Any, after: Any = None) -> Map:
    """Return `through` in coordinates that run from -1 to 1 across the frame, for a picture of this aspect
    before and, unless it stays, of the aspect `after`.
    """
    a, b, tx, c, d, ty = through
    if after is None:
        half_width, half_height = half_sides(aspect)
        return (a, b / aspect, tx / half_width, c * aspect, d, ty / half_height)
    half_width, half_height = half_sides(after)
    wide, high = np.sqrt(aspect / after), np.sqrt(after / aspect)
    across = np.sqrt(aspect * after)
    return (a * wide, b / across, tx / half_width, c * across, d * high, ty / half_height)


def is_symmetry(through: Map) -> bool:
    """Tell whether one concrete map, in half-sides, carries the frame onto itself."""
    a, b, tx, c, d, ty = (float(np.squeeze(entry)) for entry in through)
    linear = np.abs([[a, b], [c, d]])
    whole = np.abs([linear - np.eye(2), linear - np.eye(2)[::-1]]).max(axis=(1, 2)).min()
    return bool(max(whole, abs(tx), abs(ty)) < 1e-12)


_SQUARE: tuple[HalfPlane, ...] = ((1.0, 0.0, 1.0), (-1.0, 0.0, 1.0), (0.0, 1.0, 1.0), (0.0, -1.0, 1.0))


def kept(maps: Sequence[Map]) -> Floats:
    """Return the share of the source picture that every one of `maps`, in half-sides, leaves in its frame.

    Concrete numbers.
    """
    planes = list(_SQUARE)
    for through in maps:
        planes += pull_back(_SQUARE, through)
    return area(planes) / 4


def kept_at_least(maps: Sequence[Map]) -> Floats:
    """Return a lower bound of `kept` over boxes: `maps` in half-sides, their entries spans; float64 (B,).

    In one quadrant of the source the farthest that an interval matrix carries a point is linear in the
    point, so what is kept for certain is again an intersection of half-planes.
    """
    right = np.array([[1.0], [1.0], [-1.0], [-1.0]])
    upper = np.array([[1.0], [-1.0], [1.0], [-1.0]])
    planes: list[HalfPlane] = [
        (right, 0.0, 1.0),
        (-right, 0.0, 0.0),
        (0.0, upper, 1.0),
        (0.0, -upper, 0.0),
    ]
    for through in maps:
        for x, y, shift in (through[:3], through[3:]):
            planes.append((_end(x, right), _end(y, upper), 1.0 - shift.high))
            planes.append((-_end(x, -right), -_end(y, -upper), 1.0 + shift.low))
    total = area(planes).sum(axis=0)
    share: Floats = np.minimum(np.nan_to_num(total / 4, nan=0.0), 1.0)
    return share


def _end(entry: Any, sign: Floats) -> Floats:
    end: Floats = np.clip(np.where(sign > 0, entry.high, entry.low), -1e12, 1e12)
    return end

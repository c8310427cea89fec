"""Affine maps of the picture plane, as six numbers of any kind: floats, arrays of draws, spans over boxes.

The frame.  A picture of W by H pixels is scaled to unit area with square pixels: x runs to the right from
-√(W/H)/2 to √(W/H)/2, y runs *up* from -√(H/W)/2 to √(H/W)/2, and the origin is the centre.  Positive
degrees turn counter-clockwise as seen.

Every linear part is, uniquely, zoom · turn · stretch · mirror (the polar decomposition): A = c · R(θ) ·
P(s) · F^m with F the left-right mirror; here `stretch` is the ratio of the axes of P, 1 and up.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Map = tuple[Any, Any, Any, Any, Any, Any]
"""(a, b, tx, c, d, ty): x' = a x + b y + tx, y' = c x + d y + ty."""

HalfPlane = tuple[Any, Any, Any]
"""(nx, ny, h): the points with nx x + ny y <= h."""

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
    normals = [(whole[3 * k], whole[3 * k + 1], whole[3 * k + 2]) for k in range(len(planes))]
    unit = []
    for nx, ny, h in normals:
        length = np.hypot(nx, ny)
        flat = length < 1e-300
        safe = np.where(flat, 1.0, length)
        unit.append((np.where(flat, 0, nx / safe), np.where(flat, 0, ny / safe), h / safe, flat))
    total = np.zeros_like(unit[0][2])
    nothing = np.zeros_like(total, dtype=bool)
    for k, (nx, ny, h, flat) in enumerate(unit):
        nothing |= flat & (h < 0)
        low, high = np.full_like(total, -np.inf), np.full_like(total, np.inf)
        for j, (mx, my, g, other_flat) in enumerate(unit):
            if j == k:
                continue
            along = ny * mx - nx * my  # the line runs along (ny, -nx)
            room = g - h * (nx * mx + ny * my)
            parallel = np.abs(along) < 1e-12
            with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
                cut = room / along
            high = np.where(~parallel & (along > 0), np.minimum(high, cut), high)
            low = np.where(~parallel & (along < 0), np.maximum(low, cut), low)
            shut = (
                parallel
                & ~other_flat
                & ((room < -1e-12) | ((j < k) & (np.abs(room) <= 1e-12) & (nx * mx + ny * my > 0)))
            )
            high = np.where(shut, -np.inf, high)
        total += np.where(~flat & (high > low), h * np.maximum(high - low, 0) / 2, 0.0)
    return np.where(nothing, 0.0, np.maximum(total, 0.0))


def in_half_sides(through: Map, aspect: Any) -> Map:
    """Return `through` in coordinates that run from -1 to 1 across the frame, for a picture of this aspect
    before and after.
    """
    a, b, tx, c, d, ty = through
    half_width, half_height = half_sides(aspect)
    return (a, b / aspect, tx / half_width, c * aspect, d, ty / half_height)


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
    total: Any = 0.0
    for right in (1.0, -1.0):
        for upper in (1.0, -1.0):
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
            total = total + area(planes)
    share: Floats = np.minimum(np.nan_to_num(total / 4, nan=0.0), 1.0)
    return share


def _end(entry: Any, sign: float) -> Floats:
    end: Floats = np.clip(entry.high if sign > 0 else entry.low, -1e12, 1e12)
    return end


def turned_stretched(turn_degrees: float, stretch: float) -> Map:
    """Return the map that stretches along x by √stretch, along y by 1/√stretch, and then turns.

    For tests and witnesses.
    """
    angle, root = math.radians(turn_degrees), math.sqrt(stretch)
    return (
        math.cos(angle) * root, -math.sin(angle) / root, 0.0,
        math.sin(angle) * root, math.cos(angle) / root, 0.0,
    )  # fmt: skip

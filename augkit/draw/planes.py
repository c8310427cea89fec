"""Homographies of the plane, and maps as such, for many draws at once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from augkit.affine import compose

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Plane = tuple[Any, ...]
"""A homography of the plane as nine entries, row by row, each float64 (N,)."""


def composed(second: Plane, first: Plane) -> Plane:
    """Return the map that does `first` and then `second`; maps of six entries stay such."""
    if len(first) == len(second) == 6:
        return compose(second, first)
    one, two = (nine(entries) for entries in (first, second))
    cells = [(row, column) for row in range(3) for column in range(3)]
    return tuple(sum(two[3 * row + k] * one[3 * k + column] for k in range(3)) for row, column in cells)


def nine(entries: Plane) -> Plane:
    """Return the entries of a map as those of a homography."""
    return entries if len(entries) == 9 else (*entries, 0.0, 0.0, 1.0)


def square(entries: Plane) -> Floats:
    """Return the matrices, float64 (N, 3, 3)."""
    return np.stack(np.broadcast_arrays(*nine(entries)), axis=-1).reshape(-1, 3, 3)


def chosen(done: Bools, one: Plane, other: Plane) -> Plane:
    """Return `one` where `done`, and `other` elsewhere."""
    if done.all():
        return one
    if len(one) != len(other):
        one, other = nine(one), nine(other)
    return tuple(np.where(done, x, y) for x, y in zip(one, other, strict=True))


def filled(entries: Iterable[Any], count: int) -> Plane:
    """Return the entries as float64 (N,) each."""
    return tuple(np.broadcast_to(np.asarray(entry, dtype=np.float64), (count,)) for entry in entries)

"""Runs: what there is to render, in order: consecutive steps as one resampling, one matrix, one table."""

from __future__ import annotations

import dataclasses
import functools
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from augkit.draw.planes import Plane, square
from augkit.ops import Geometric, Kernel

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

_LEVELS = np.arange(256, dtype=np.float32)
_AT_ONCE = 256
"""So many tables are made at once, that they stay in the processor's cache."""


class Window(NamedTuple):
    """Hold a frame on the way: in which draws it is one, the map up to it, and its width over height."""

    done: Bools
    through: Plane
    aspect: Floats


@dataclasses.dataclass(frozen=True, eq=False)
class Run:
    """Hold consecutive steps that are rendered as one resampling, one matrix and one table.

    Attributes:
        through: the composed map of each draw, from the frame before to the frame after.
        before, after: float64 (N,), width over height of the two frames.
        windows: the cropping steps.
        reshaping: the ops that change the picture's size, in order.
        line:    contrast (the slope, negative when inverted) and brightness of each draw, float64 (N,).
        mixes:   float64 (N, 3, 4), the colour matrices, the line in them; None where no colours are mixed.
        heights: float64 (N, 256), the curve that follows, unclipped; None where there is none.
    """

    through: Plane
    before: Floats
    after: Floats
    windows: tuple[Window, ...]
    reshaping: tuple[Geometric, ...]
    line: tuple[Floats, Floats]
    mixes: Floats | None
    heights: Floats | None

    @functools.cached_property
    def each(self) -> list[list[float]]:
        """Return for each draw the nine entries of its map and its `before` and `after`: numbers of Python's
        own, as one picture at a time wants them.
        """
        listed: list[list[float]] = np.stack([*self.through, self.before, self.after], axis=1).tolist()
        return listed

    @functools.cached_property
    def filter(self) -> str:
        """Return the name of the interpolation between pixels: that of the last op that asks for one."""
        return next((op.filter for op in reversed(self.reshaping) if hasattr(op, "filter")), "linear")

    @functools.cached_property
    def still(self) -> Bools:
        """Tell which draws leave all pixels where they are, bool (N,)."""
        same = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)
        if self.reshaping:
            return np.zeros(len(self.before), dtype=np.bool_)
        at_rest = [entry == one for entry, one in zip(self.through, same, strict=True)]
        return np.asarray(np.logical_and.reduce(at_rest), dtype=np.bool_)

    @functools.cached_property
    def moves(self) -> bool:
        """Tell whether any draw moves points."""
        return not bool(self.still.all())

    @functools.cached_property
    def open(self) -> tuple[Bools, ...]:
        """Tell for each window in which draws the output shows more than it, each bool (N,)."""
        return tuple(window.done & self._shows_more(window) for window in self.windows)

    def _shows_more(self, window: Window) -> Bools:
        back = square(window.through) @ np.linalg.inv(square(self.through))
        half = np.stack(
            [np.sqrt(self.after) / 2, 0.5 / np.sqrt(self.after), np.ones_like(self.after)], axis=1
        )
        room = np.stack([np.sqrt(window.aspect) / 2, 0.5 / np.sqrt(window.aspect)], axis=1) * (1 + 1e-9)
        out = np.zeros(len(half), dtype=np.bool_)
        for corner in ((-1, -1, 1), (-1, 1, 1), (1, -1, 1), (1, 1, 1)):
            at = (back @ (half * corner)[:, :, None])[:, :, 0]
            out |= (np.abs(at[:, :2]) > room * at[:, 2:]).any(axis=1)
        return out

    def size_after(self, width: int, height: int) -> tuple[int, int]:
        """Return the size in pixels of what comes out, given that of what goes in."""
        for op in self.reshaping:
            width, height = op.size_after(width, height)
        return width, height

    @functools.cached_property
    def levels(self) -> tuple[NDArray[np.float32], NDArray[np.float32]] | None:
        """Return the line in levels: what multiplies a level and what is added, float32 (N,) each.

        None where no draw changes tones.
        """
        slope, level = self.line
        if (slope == 1).all() and (level == 0).all():
            return None
        return slope.astype(np.float32), (255 * (level + (1 - slope) / 2)).astype(np.float32)

    @functools.cached_property
    def line_tables(self) -> NDArray[np.uint8] | None:
        """Return the 256-entry table of each draw's line, uint8 (N, 256); None where no draw changes tones.

        One picture at a time wants them; made all at once they cost a sixteenth.
        """
        if self.levels is None:
            return None
        slopes, levels = self.levels
        out = np.empty((len(slopes), 256), np.uint8)
        for start in range(0, len(slopes), _AT_ONCE):
            part = slice(start, start + _AT_ONCE)
            values = _LEVELS * slopes[part, None] + levels[part, None]
            out[part] = np.rint(np.clip(values, 0, 255, out=values), out=values)
        return out

    @functools.cached_property
    def tables(self) -> NDArray[np.uint8] | None:
        """Return the 256-entry table of each draw's curve, uint8 (N, 256); None where there is no curve."""
        if self.heights is None:
            return None
        return np.rint(np.clip(self.heights, 0, 1) * 255).astype(np.uint8)


@dataclasses.dataclass(frozen=True, eq=False)
class Use:
    """Hold one use of a kernel, and its numbers, each float64 (N,)."""

    kernel: Kernel
    values: dict[str, Floats]


class Group(NamedTuple):
    """Hold draws whose runs end at the same steps: which they are, int64 (n,), and what is rendered for
    them.
    """

    which: NDArray[np.int64]
    parts: list[Run | Use]

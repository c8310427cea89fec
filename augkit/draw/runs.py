"""Runs: what there is to render, in order.  Consecutive steps are one resampling, one matrix and one table.

Steps that move points compose to one homography.  Tone lines and colour matrices are affine and commute with
resampling, the sheet around the picture going along, so that they are done after it wherever they stood.  A
curve (gamma, solarize) commutes with nothing but tone after it: a step that moves points or mixes colours
after a curve begins the next run, and so does a kernel.  Where a run ends, what lies outside the frame or the
range of levels is gone.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple, TypeGuard

import numpy as np
from numpy.typing import NDArray

from augkit.affine import IDENTITY, compose
from augkit.ops import Blend, Colour, Curve, Geometric, Kernel, Op, Projective, Tone

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Plane = tuple[Any, ...]
"""A homography of the plane as nine entries, row by row, each float64 (N,)."""

Done = tuple[Op, Bools, dict[str, Floats]]
"""A step: its op, in which draws it is done, and its drawn numbers, each float64 (N,)."""


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
        back = _square(window.through) @ np.linalg.inv(_square(self.through))
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


def compiled(steps: Iterable[Done], aspects: Floats) -> list[Run | Use]:
    """Return what is rendered, in order.

    Args:
        steps:   the steps in order; those that no draw does are left out; runs end at the same of them for
                 all draws (see `decisive`).
        aspects: float64 (N,), width over height of the source pictures.
    """
    out: list[Run | Use] = []
    run = _Growing(aspects)
    for op, done, values in steps:
        if isinstance(op, Blend) or not done.any():
            continue
        if stands_alone(op):
            out += run.finished()
            out.append(Use(op, values))
            run = _Growing(run.aspect)
            continue
        if run.heights is not None and not isinstance(op, Tone | Curve):
            out += run.finished()
            run = _Growing(run.aspect)
        run.add(op, done, values)
    return [*out, *run.finished()]


def stands_alone(op: Op) -> TypeGuard[Kernel]:
    """Tell whether an op is rendered by its own code, between runs."""
    fuses = isinstance(op, Curve | Projective) or (isinstance(op, Colour) and op.linear)
    return isinstance(op, Kernel) and not fuses


def decisive(ops: Iterable[Op]) -> list[bool]:
    """Tell for each step whether it decides where runs end: draws that do the same of these are rendered by
    the same runs.
    """
    out = []
    curved = False
    for op in ops:
        out.append(isinstance(op, Kernel) or (curved and isinstance(op, Geometric)))
        curved |= isinstance(op, Curve)
    return out


def ends(steps: Sequence[Done]) -> list[Bools]:
    """Tell for each step in which draws a run ends before it, bool (N,) each."""
    out: list[Bools] = []
    curved: Any = False
    for op, done, _ in steps:
        if isinstance(op, Blend | Tone | Curve):
            out.append(np.zeros_like(done))
            curved = curved | done if isinstance(op, Curve) else curved
        else:
            out.append(done if stands_alone(op) else done & curved)
            curved = curved & ~done
    return out


def fused(steps: Sequence[Done], aspects: Floats) -> Run | None:
    """Return all maps and lines among some steps as one run, with a window wherever a run ends; None where
    there are none.
    """
    run = _Growing(aspects)
    for (op, done, values), end in zip(steps, ends(steps), strict=True):
        if end.any() and run.through is not IDENTITY:
            run.windows.append(Window(end, run.through, run.aspect))
        if isinstance(op, Geometric | Tone) and done.any():
            run.add(op, done, values)
    return next(run.finished(), None)


class _Growing:
    """Compose the steps of one run."""

    def __init__(self, aspect: Floats) -> None:
        self.before = self.aspect = aspect
        self.through: Plane = IDENTITY
        self.windows: list[Window] = []
        self.reshaping: list[Geometric] = []
        self.line: tuple[Any, Any] = (1.0, 0.0)
        self.mixes: Floats | None = None
        self.heights: Floats | None = None
        self.empty = True

    def add(self, op: Op, done: Bools, values: dict[str, Floats]) -> None:
        self.empty = False
        if isinstance(op, Geometric):
            self.through = chosen(done, composed(op.matrix(values, self.aspect), self.through), self.through)
            if op.aspect_after is not None:
                self.aspect = np.full_like(self.aspect, op.aspect_after)
            if op.reshapes:
                self.reshaping.append(op)
            if op.clips:
                self.windows.append(Window(done, self.through, self.aspect))
        elif isinstance(op, Projective):
            move = op.homography(values, self.aspect)
            self.through = chosen(done, composed(move, self.through), self.through)
        elif isinstance(op, Tone):
            self._toned(op.curve(values), done)
        elif isinstance(op, Curve):
            self._curved(op, done, values)
        elif isinstance(op, Colour):
            self._mixed(op.mix(values), done)

    def _toned(self, curve: tuple[Any, Any], done: Bools) -> None:
        gain, shift = curve
        if self.heights is not None:
            higher = _on_line((gain, shift), self.heights)
            self.heights = np.where(done[:, None], higher, self.heights)
            return
        self.line = _after(self.line, (gain, shift), done)
        if self.mixes is not None:
            even = np.zeros_like(self.mixes)
            even[:, [0, 1, 2], [0, 1, 2]] = np.broadcast_to(np.asarray(gain), done.shape)[:, None]
            even[:, :, 3] = np.broadcast_to(shift + (1 - np.asarray(gain)) / 2, done.shape)[:, None]
            self._mixed(even, done)

    def _curved(self, op: Curve, done: Bools, values: dict[str, Floats]) -> None:
        if self.heights is None:
            x = np.broadcast_to(np.arange(256)[None, :] / 255, (len(done), 256))
            if self.mixes is not None:
                self.heights = x
            else:
                self.heights, self.line = np.broadcast_to(_on_line(self.line, x), x.shape), (1.0, 0.0)
        columns = {name: numbers[:, None] for name, numbers in values.items()}
        self.heights = np.where(done[:, None], op.levels(self.heights, columns), self.heights)

    def _mixed(self, mix: Floats, done: Bools) -> None:
        if self.mixes is None:
            self.mixes = np.zeros((len(done), 3, 4))
            gain, shift = (np.broadcast_to(np.asarray(part), done.shape) for part in self.line)
            self.mixes[:, [0, 1, 2], [0, 1, 2]] = gain[:, None]
            self.mixes[:, :, 3] = (shift + (1 - gain) / 2)[:, None]
        after = mix[:, :, :3] @ self.mixes
        after[:, :, 3] += mix[:, :, 3]
        self.mixes = np.where(done[:, None, None], after, self.mixes)

    def finished(self) -> Iterator[Run]:
        """Yield the run, unless it holds no step."""
        if self.empty:
            return
        count = len(self.before)
        windows = tuple(Window(w.done, filled(w.through, count), w.aspect) for w in self.windows)
        line = filled(self.line, count)
        yield Run(
            filled(nine(self.through), count),
            self.before,
            self.aspect,
            windows,
            tuple(self.reshaping),
            (line[0], line[1]),
            self.mixes,
            self.heights,
        )


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


def _square(entries: Plane) -> Floats:
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


def _after(line: tuple[Any, Any], next_: tuple[Any, Any], done: Bools) -> tuple[Any, Any]:
    (slope, level), (gain, shift) = line, next_
    if done.all():
        return gain * slope, gain * level + shift
    return np.where(done, gain * slope, slope), np.where(done, gain * level + shift, level)


def _on_line(line: tuple[Any, Any], x: Floats) -> Floats:
    slope, level = (np.asarray(part, dtype=np.float64).reshape(-1, 1) for part in line)
    out: Floats = slope * (x - 0.5) + (level + 0.5)
    return out

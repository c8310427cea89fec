"""Fusing: which consecutive steps are one run, and what they compose to.

Steps that move points compose to one homography.  Tone lines and colour matrices are affine and commute with
resampling, the sheet around the picture going along, so that they are done after it wherever they stood.  A
curve (gamma, solarize) commutes with nothing but tone after it: a step that moves points or mixes colours
after a curve begins the next run, and so does a kernel.  Where a run ends, what lies outside the frame or the
range of levels is gone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeGuard

import numpy as np
from numpy.typing import NDArray

from augkit.affine import IDENTITY
from augkit.draw.planes import Plane, chosen, composed, filled, nine
from augkit.draw.runs import Run, Use, Window
from augkit.ops import Blend, Colour, Curve, Geometric, Kernel, Op, Projective, Tone

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

Done = tuple[Op, Bools, dict[str, Floats]]
"""A step: its op, in which draws it is done, and its drawn numbers, each float64 (N,)."""


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


def _after(line: tuple[Any, Any], next_: tuple[Any, Any], done: Bools) -> tuple[Any, Any]:
    (slope, level), (gain, shift) = line, next_
    if done.all():
        return gain * slope, gain * level + shift
    return np.where(done, gain * slope, slope), np.where(done, gain * level + shift, level)


def _on_line(line: tuple[Any, Any], x: Floats) -> Floats:
    slope, level = (np.asarray(part, dtype=np.float64).reshape(-1, 1) for part in line)
    out: Floats = slope * (x - 0.5) + (level + 0.5)
    return out

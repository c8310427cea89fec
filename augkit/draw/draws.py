"""Draws: N concrete draws of a policy, and what they do, by arithmetic alone."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from augkit import affine
from augkit.affine import IDENTITY, Map
from augkit.draw.fusing import Done, compiled, decisive, ends, fused
from augkit.draw.planes import chosen, filled
from augkit.draw.runs import Group, Run, Use, Window
from augkit.draw.tilts import Tilt, tilt
from augkit.draw.tones import bends, tones
from augkit.ops import Colour, Curve, Drawn, Geometric, Projective, Tone
from augkit.policy import Policy
from augkit.reach import AXES, TONE, Limits
from augkit.steps import Step

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclasses.dataclass(frozen=True, eq=False)
class Whole:
    """Hold all steps of each draw as if only maps and lines were there: what most effects are measured on.

    Attributes:
        through: the composed map of each draw, from the source's frame to the output's.
        windows: the frames that points may have left: of each cropping step, and wherever a run ends.
        line:    contrast (the slope, negative when inverted) and brightness of each draw, float64 (N,).
        after:   float64 (N,), width over height of the output's frame.
    """

    through: Map
    windows: tuple[Window, ...]
    line: tuple[Floats, Floats]
    after: Floats


@dataclasses.dataclass(frozen=True, eq=False)
class Draws:
    """Hold N concrete draws of a policy.

    Attributes:
        policy:  whose draws these are.
        aspects: float64 (N,), width over height of each source picture.
        active:  bool (L, N), whether each step is done.
        numbers: float64 (K, N), the drawn numbers in the order of `numbered`; set also where the step is
                 not done.
        label_before, labels: int64 (N,), the class before and after; empty when no classes are in play.
        accepted: bool (N,), False where nothing is to be made of the draw.
    """

    policy: Policy
    aspects: Floats
    active: Bools
    numbers: Floats
    label_before: NDArray[np.int64]
    labels: NDArray[np.int64]
    accepted: Bools

    def __len__(self) -> int:
        return len(self.aspects)

    def take(self, which: NDArray[np.int64] | NDArray[np.bool_]) -> Draws:
        """Return some of the draws."""
        labels = (
            (self.label_before[which], self.labels[which])
            if len(self.labels)
            else (self.label_before, self.labels)
        )
        return Draws(
            self.policy,
            self.aspects[which],
            self.active[:, which],
            self.numbers[:, which],
            *labels,
            self.accepted[which],
        )

    @functools.cached_property
    def values(self) -> dict[str, Floats]:
        """Return the drawn numbers by column, such as "rotate.degrees"; NaN where the step was not done.

        A step without numbers has one column of ones under its own name; numbers that are fixed where they
        do nothing are left out.
        """
        out: dict[str, Floats] = {}
        row = 0
        for step, done in zip(self.policy.leaves(), self.active, strict=True):
            drawn = step.drawn
            if not drawn:
                out[step.name] = np.where(done, 1.0, np.nan)
            for number in drawn:
                if not number.low == number.high == number.still:
                    out[f"{step.name}.{number.name}"] = np.where(done, self.numbers[row], np.nan)
                row += 1
        return out

    @functools.cached_property
    def whole(self) -> Whole:
        """Return all steps composed, kernels left out."""
        others = any(done.any() for op, done, _ in self.done if not isinstance(op, Geometric | Tone))
        run = fused(self.done, self.aspects) if others else next(iter(self._compiled), None)
        if not isinstance(run, Run):
            a, b, tx, c, d, ty = filled(IDENTITY, len(self))
            return Whole((a, b, tx, c, d, ty), (), (a, b), self.aspects)
        a, b, tx, c, d, ty = run.through[:6]
        return Whole((a, b, tx, c, d, ty), run.windows, run.line, run.after)

    @functools.cached_property
    def groups(self) -> list[Group]:
        """Return the draws whose runs end at the same steps, and what is rendered for them.

        What is fused depends on what stands between maps: in groups, no picture depends on what is done to
        the others of its batch.
        """
        which = decisive(step.op for step in self.policy.leaves())
        patterns, place = np.unique(self.active[which], axis=1, return_inverse=True)
        if patterns.shape[1] <= 1:
            return [Group(np.arange(len(self)), self._compiled)]
        members = [np.flatnonzero(place == number) for number in range(patterns.shape[1])]
        return [Group(mine, self.take(mine)._compiled) for mine in members]

    def parts(self, i: int) -> tuple[list[Run | Use], int]:
        """Return what is rendered for draw `i`, in order (runs of fused steps, and kernels between them), and
        its number in them.
        """
        group, number = self._places[:, i].tolist()
        return self.groups[group].parts, number

    @functools.cached_property
    def _places(self) -> NDArray[np.int64]:
        """Return the group of each draw and its number there, int64 (2, N)."""
        out = np.empty((2, len(self)), np.int64)
        for number, group in enumerate(self.groups):
            out[:, group.which] = np.full(len(group.which), number), np.arange(len(group.which))
        return out

    @functools.cached_property
    def effects(self) -> Mapping[str, Floats]:
        """Measure each draw on the axes of geometry and tone, float64 (N,), each axis when it is asked for.

        NaN where the axis does not speak of it; of several that a draw reaches, the one farthest from doing
        nothing.
        """
        return _Effects(self)

    def reached(self, axis: str) -> Floats:
        """Return all that each draw reaches on a measured axis, float64 (P, N).

        Where a curve bends tones these are the least and the greatest slope, and where a homography moves
        points those of many places; where runs end, what the picture was there counts, too, as far as later
        steps do not bring it back (`on_the_way`).  NaN where the axis does not speak of it.
        """
        last = self.at_last(axis)
        if axis not in ON_THE_WAY or not self._stages:
            return last
        before = [on_the_way(axis, stage.at_last, last) for _, stage in self._stages]
        shown = [np.where(end, values, np.nan) for (end, _), values in zip(self._stages, before, strict=True)]
        return np.concatenate([last, *shown])

    def at_last(self, axis: str) -> Floats:
        """Return what the finished picture is on a measured axis, float64 (P, N)."""
        if axis in TONE and self._tones is not None:
            return self._tones[axis]
        if axis not in TONE and self._tilt is not None:
            return self._tilt.kept()[None] if axis == "kept" else self._poses[axis]
        return _PLAIN[axis](self)[None]

    @functools.cached_property
    def _stages(self) -> list[tuple[Bools, Draws]]:
        """Return for each step before which a run ends in which draws it does, and the draws up to there."""
        out = []
        moved = np.zeros(len(self), dtype=np.bool_)
        for place, ((op, done, _), end) in enumerate(zip(self.done, ends(self.done), strict=True)):
            if (end & moved).any():
                active = self.active.copy()
                active[place:] = False
                out.append((end & moved, dataclasses.replace(self, active=active)))
            moved = moved | done if isinstance(op, _MEASURED) else moved
        return out

    def outside(self, axis: str, limit: Limits) -> Floats:
        """Return how far each draw lies outside a limit on a measured axis, 0 or less inside.

        float64 (N,).
        """
        over: Floats = limit.excess(self.reached(axis)).max(axis=0)
        return over

    def farthest(self, axis: str, limit: Limits) -> Floats:
        """Return of all that each draw reaches on a measured axis the farthest outside, float64 (N,)."""
        reached = self.reached(axis)
        worst = limit.excess(reached).argmax(axis=0) if len(reached) > 1 else np.zeros(len(self), np.int64)
        farthest: Floats = np.take_along_axis(reached, worst[None], axis=0)[0]
        return farthest

    @functools.cached_property
    def _tones(self) -> Mapping[str, Floats] | None:
        """Measure tones where more than lines change them; None where nothing else does."""
        if not any(bends(op) and done.any() for op, done, _ in self.done):
            return None
        return tones(self.done, len(self))

    @functools.cached_property
    def _tilt(self) -> Tilt | None:
        return tilt(self.done, self.aspects)

    @functools.cached_property
    def _poses(self) -> Mapping[str, Floats]:
        assert self._tilt is not None
        return self._tilt.poses()

    @functools.cached_property
    def pose(self) -> tuple[Bools, Floats, Floats, Floats]:
        """Return for each draw whether it is mirrored, its turn in degrees, its zoom and its stretch."""
        return affine.pose(self.whole.through)

    @functools.cached_property
    def kept(self) -> Floats:
        """Return the share of the source picture that each draw leaves in frame."""
        whole = self.whole
        maps = [affine.in_half_sides(whole.through, self.aspects, whole.after)]
        for done, through, aspect in whole.windows:
            a, b, tx, c, d, ty = chosen(done, through[:6], whole.through)
            after = np.where(done, aspect, whole.after)
            maps.append(affine.in_half_sides((a, b, tx, c, d, ty), self.aspects, after))
        return affine.kept(maps)

    @functools.cached_property
    def done(self) -> list[Done]:
        """Return each step's op, in which draws it is done, and its numbers by name, each float64 (N,)."""
        out: list[Done] = []
        row = 0
        for step, active in zip(self.policy.leaves(), self.active, strict=True):
            numbers = {number.name: self.numbers[row + i] for i, number in enumerate(step.drawn)}
            out.append((step.op, active, numbers))
            row += len(step.drawn)
        return out

    @functools.cached_property
    def _compiled(self) -> list[Run | Use]:
        """Return what is rendered where all draws do the same kernels."""
        return compiled(self.done, self.aspects)


_MEASURED = (Geometric, Tone, Projective, Curve, Colour)
"""The kinds of steps that a draw's measures speak of."""

ON_THE_WAY = ("stretch", "zoom", "contrast", "brightness")
"""The axes on which a picture counts that is made on the way, and not the finished one alone."""


def on_the_way(axis: str, reached: Callable[[str], Floats], last: Floats) -> Floats:
    """Return what a picture made on the way lost on one of these axes, float64 (P, N): tones of it may have
    been clipped, and details of what was shrunk are gone.  What was enlarged has lost none of them, and of
    what was inverted, the slope counts.

    Args:
        axis:    one of `ON_THE_WAY`.
        reached: returns what the picture on the way is on an axis.
        last:    what the finished picture is on this one.
    """
    if axis == "zoom":
        return np.minimum(reached(axis), np.fmin.reduce(last, axis=0))
    if axis == "contrast":
        return np.concatenate([reached("contrast"), reached("inverted")])
    return reached(axis)


_PLAIN: Mapping[str, Callable[[Draws], Floats]] = {
    "turn": lambda draws: np.where(draws.pose[0], np.nan, draws.pose[1]),
    "mirrored": lambda draws: np.where(draws.pose[0], draws.pose[1], np.nan),
    "stretch": lambda draws: draws.pose[3],
    "zoom": lambda draws: draws.pose[2],
    "kept": lambda draws: draws.kept,
    # Minus zero is grey that was inverted.
    "contrast": lambda draws: np.where(np.signbit(draws.whole.line[0]), np.nan, draws.whole.line[0]),
    "inverted": lambda draws: np.where(np.signbit(draws.whole.line[0]), -draws.whole.line[0], np.nan),
    "brightness": lambda draws: draws.whole.line[1],
}
"""Measures of draws that are maps and lines."""


class _Effects(Mapping[str, Floats]):
    """Measure draws on one axis at a time: the share kept costs more than all others together."""

    def __init__(self, draws: Draws) -> None:
        self._draws = draws

    def __getitem__(self, axis: str) -> Floats:
        return self._draws.farthest(axis, AXES[axis].still)

    def __contains__(self, axis: object) -> bool:
        return axis in _PLAIN  # that of a Mapping would measure it

    def __iter__(self) -> Iterator[str]:
        return iter(_PLAIN)

    def __len__(self) -> int:
        return len(_PLAIN)


def numbered(policy: Policy) -> list[tuple[Step, Drawn]]:
    """Return the K drawn numbers of a policy, with the step that each belongs to."""
    return [(step, number) for step in policy.leaves() for number in step.drawn]

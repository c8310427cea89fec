"""Draws: every random decision of a batch, made as arrays before any pixel is touched.
 `draw` turns a policy and addresses into drawn numbers; everything else here is arithmetic on them:
composed maps, tone lines, and the measured effect of each draw on each axis of `augkit.reach`, with which
guards and witnesses work.

Fixed letters: N draws, L steps (choices opened), K drawn numbers.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from augkit import affine, keys
from augkit.affine import IDENTITY, Map
from augkit.ops import Drawn, Geometric, Kernel, Tone
from augkit.policy import Policy
from augkit.steps import Choice, Node, Step

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclasses.dataclass(frozen=True, eq=False)
class Run:
    """Hold consecutive steps that are rendered as one resampling and one table.

    Attributes:
        through: the composed map of each draw.
        windows: for each cropping step, where it was done and the map up to it.
        line:    contrast (the slope, negative when inverted) and brightness of each draw, float64 (N,).
    """

    through: Map
    windows: list[tuple[Bools, Map]]
    line: tuple[Floats, Floats]

    @functools.cached_property
    def tables(self) -> NDArray[np.uint8] | None:
        """Return the 256-entry tone table of each draw, uint8 (N, 256), or None if no draw changes tones."""
        slope, level = self.line
        if (slope == 1).all() and (level == 0).all():
            return None
        x = np.arange(256) / 255 - 0.5
        curve = slope[:, None] * x + (level + 0.5)[:, None]
        return np.rint(np.clip(curve, 0, 1) * 255).astype(np.uint8)


@dataclasses.dataclass(frozen=True, eq=False)
class Use:
    """Hold one use of a kernel: where it is done, and with which numbers, each float64 (N,)."""

    kernel: Kernel
    done: Bools
    values: dict[str, Floats]


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
            drawn = step.op.drawn()
            if not drawn:
                out[step.name] = np.where(done, 1.0, np.nan)
            for number in drawn:
                if not number.low == number.high == number.still:
                    out[f"{step.name}.{number.name}"] = np.where(done, self.numbers[row], np.nan)
                row += 1
        return out

    @functools.cached_property
    def whole(self) -> Run:
        """Return all steps composed as if only maps and lines were there: what effects are measured on."""
        steps = [
            (step, done, values) for step, done, values in self._steps() if not isinstance(step.op, Kernel)
        ]
        return self._run(steps)

    @functools.cached_property
    def runs(self) -> list[Run | Use]:
        """Return what is rendered, in order: runs of fused steps, and kernels between them."""
        out: list[Run | Use] = []
        run: list[tuple[Step, Bools, dict[str, Floats]]] = []
        for step, done, values in self._steps():
            if not isinstance(step.op, Kernel):
                run.append((step, done, values))
            elif done.any():
                out += [self._run(run)] if run else []
                out.append(Use(step.op, done, values))
                run = []
        if not out:
            return [self.whole]
        return out + ([self._run(run)] if run else [])

    def _run(self, steps: list[tuple[Step, Bools, dict[str, Floats]]]) -> Run:
        whole: Map = IDENTITY
        windows: list[tuple[Bools, Map]] = []
        slope, level = np.ones(len(self)), np.zeros(len(self))
        for step, done, values in steps:
            if not done.any():
                continue
            if isinstance(step.op, Geometric):
                whole = _where(done, affine.compose(step.op.matrix(values, self.aspects), whole), whole)
                if step.op.clips:
                    windows.append((done, whole))
            elif isinstance(step.op, Tone):
                gain, shift = step.op.curve(values)
                slope, level = (
                    np.where(done, gain * slope, slope),
                    np.where(done, gain * level + shift, level),
                )
        count = len(self)
        return Run(
            _filled(whole, count), [(done, _filled(at, count)) for done, at in windows], (slope, level)
        )

    @functools.cached_property
    def effects(self) -> Mapping[str, Floats]:
        """Measure each draw on the axes of geometry and tone, float64 (N,), each axis when it is asked for.

        NaN where the axis does not speak of it.
        """
        return _Effects(self)

    @functools.cached_property
    def pose(self) -> tuple[Bools, Floats, Floats, Floats]:
        """Return for each draw whether it is mirrored, its turn in degrees, its zoom and its stretch."""
        return affine.pose(self.whole.through)

    @functools.cached_property
    def kept(self) -> Floats:
        """Return the share of the source picture that each draw leaves in frame."""
        whole, windows = self.whole.through, self.whole.windows
        maps = [affine.in_half_sides(whole, self.aspects)]
        maps += [
            affine.in_half_sides(_where(done, through, whole), self.aspects) for done, through in windows
        ]
        return affine.kept(maps)

    def _steps(self) -> Iterator[tuple[Step, Bools, dict[str, Floats]]]:
        row = 0
        for step, done in zip(self.policy.leaves(), self.active, strict=True):
            drawn = step.op.drawn()
            yield step, done, {number.name: self.numbers[row + i] for i, number in enumerate(drawn)}
            row += len(drawn)


class _Effects(Mapping[str, Floats]):
    """Measure draws on one axis at a time: the share kept costs more than all others together."""

    _AXES: Mapping[str, Callable[[Draws], Floats]] = {
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

    def __init__(self, draws: Draws) -> None:
        self._draws = draws

    def __getitem__(self, axis: str) -> Floats:
        return self._AXES[axis](self._draws)

    def __iter__(self) -> Iterator[str]:
        return iter(self._AXES)

    def __len__(self) -> int:
        return len(self._AXES)


def numbered(policy: Policy) -> list[tuple[Step, Drawn]]:
    """Return the K drawn numbers of a policy, with the step that each belongs to."""
    return [(step, number) for step in policy.leaves() for number in step.op.drawn()]


def draw(
    policy: Policy,
    sources: Sequence[str] | keys.Words,
    copies: Sequence[int] | NDArray[np.int64],
    *,
    seed: int,
    aspects: Floats,
    labels: NDArray[np.int64] | None = None,
    attempt: int = 0,
) -> Draws:
    """Make the random decisions for N pictures.

    Args:
        policy:  what is drawn from.
        sources: N source keys, or their words as uint64 (N,).
        copies:  N numbers of copies.
        seed:    the run's seed.
        aspects: float64 (N,), width over height.
        labels:  int64 (N,), the classes, if any are in play.
        attempt: number of the attempt; another attempt draws other numbers.
    """
    words = sources if isinstance(sources, np.ndarray) else keys.words(sources)
    stream = _Stream(seed, words, np.asarray(copies).astype(np.uint64), attempt)
    active: list[Bools] = []
    numbers: list[Floats] = []
    _open(policy.steps, np.ones(len(words), dtype=np.bool_), stream, active, numbers)
    count = len(words)
    label = np.empty(0, np.int64) if labels is None else np.asarray(labels, dtype=np.int64)
    return Draws(
        policy,
        np.broadcast_to(np.asarray(aspects, dtype=np.float64), (count,)),
        np.array(active, dtype=np.bool_).reshape(len(active), count),
        np.array(numbers, dtype=np.float64).reshape(len(numbers), count),
        label,
        label,
        np.ones(count, dtype=np.bool_),
    )


@dataclasses.dataclass(frozen=True)
class _Stream:
    """Hand out raw words by the name of a step or choice."""

    seed: int
    sources: keys.Words
    copies: keys.Words
    attempt: int

    def raw(self, name: str, count: int) -> keys.Words:
        return keys.raw(self.seed, keys.word(name) + self.attempt, self.copies, self.sources, count)


def _open(
    nodes: tuple[Node, ...], on: Bools, stream: _Stream, active: list[Bools], numbers: list[Floats]
) -> None:
    for node in nodes:
        if isinstance(node, Step):
            drawn = node.op.drawn()
            raws = stream.raw(node.name, 1 + len(drawn))
            active.append(on & (keys.uniform(raws[:, 0]) < node.p))
            numbers.extend(_value(number, raws[:, 1 + i]) for i, number in enumerate(drawn))
        else:
            raws = stream.raw(node.name, 2 + len(node.branches))
            done = on & (keys.uniform(raws[:, 0]) < node.p)
            for branch, picked in zip(node.branches, _picked(node, raws), strict=True):
                _open(branch, done & picked, stream, active, numbers)


def _picked(node: Choice, raws: keys.Words) -> Bools:
    """Pick branches: a count, evenly from least to most, and the branches whose words are the smallest.

    bool (branches, N).
    """
    count = node.least + keys.choice(raws[:, 1], [1.0] * (node.most - node.least + 1))
    ranks = np.argsort(np.argsort(raws[:, 2:], axis=1, kind="stable"), axis=1, kind="stable")
    picked: Bools = (ranks < count[:, None]).T
    return picked


def _value(number: Drawn, raws: keys.Words) -> Floats:
    if number.options:
        return np.asarray(number.options)[keys.choice(raws, [1.0] * len(number.options))]
    return number.low + keys.uniform(raws) * (number.high - number.low)


def _where(done: Bools, one: Map, other: Map) -> Map:
    a, b, tx, c, d, ty = (np.where(done, x, y) for x, y in zip(one, other, strict=True))
    return (a, b, tx, c, d, ty)


def _filled(through: Map, count: int) -> Map:
    a, b, tx, c, d, ty = (np.broadcast_to(np.asarray(entry, dtype=np.float64), (count,)) for entry in through)
    return (a, b, tx, c, d, ty)

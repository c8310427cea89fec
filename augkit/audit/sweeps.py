"""Sweeps: which changes an audit tries, and how far.  `SWEEPS` is the one table.

A sweep changes pictures along one axis of `augkit.reach`, by one strength at a time; a cell of the audit is a
class × a sweep × a strength.  What is done is written as steps of a policy and made by `draw` and `render`,
which know no verdict.  Over its whole range at once a sweep is a part of what the taught learner is trained
with.

To add one, write its line.
"""

from __future__ import annotations

import dataclasses
import functools
import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from augkit import keys, policy
from augkit.draw import draw
from augkit.policy import Policy
from augkit.reach import AXES
from augkit.render import render_batch

Picture = NDArray[np.uint8]
Steps = Callable[[float, float], str]

_TRYING = keys.word("audit") & 0xFFFF_FFFF
_CHUNK = 512


@dataclasses.dataclass(frozen=True)
class Sweep:
    """Try one kind of change at several strengths.

    Attributes:
        name:      what it is called.
        axis:      the axis of `augkit.reach.AXES` that it goes along.
        unit:      what strengths count, as it is written behind them.
        strengths: in order; the upright picture is none of them.
        steps:     the steps of a policy, in YAML's brackets, that change pictures by a strength drawn evenly
            from [low, high]; the same number twice is that strength.
        on_axis:   turns a strength into the number on the axis.
        colour:    whether grey pictures stay as they are.
    """

    name: str
    axis: str
    unit: str
    strengths: tuple[float, ...]
    steps: Steps
    on_axis: Callable[[float], float] = float
    colour: bool = False

    def at(self, strength: float) -> Policy:
        """Return the policy that changes every picture by one strength."""
        return _policy(f"[{self.steps(strength, strength)}]")

    def said(self, strength: float) -> str:
        """Return a strength with its unit, such as "20°"."""
        return f"{strength:g}{self.unit}"


def _ways(*steps: str) -> str:
    """Write steps of which one is done, each as often as the others."""
    return f"one_of: [{', '.join(f'{{{step}}}' for step in steps)}]"


def _turned(low: float, high: float) -> str:
    return f"rotate: {{degrees: [{low}, {high}]}}"


def _mirrored(low: float, high: float) -> str:
    return f"flip_horizontal, {_turned(low, high)}"


def _stretched(low: float, high: float) -> str:
    more, less = f"[{low**0.5}, {high**0.5}]", f"[{high**-0.5}, {low**-0.5}]"
    return _ways(f"zoom: {{x: {more}, y: {less}}}", f"zoom: {{x: {less}, y: {more}}}")


def _sheared(low: float, high: float) -> str:
    return _ways(f"shear: {{x_degrees: [{low}, {high}]}}", f"shear: {{x_degrees: [{-high}, {-low}]}}")


def _shifted(low: float, high: float) -> str:
    there, back = f"[{1 - high}, {1 - low}]", f"[{low - 1}, {high - 1}]"
    return _ways(*(f"shift: {{{side}: {by}}}" for side in "xy" for by in (there, back)))


def _levels(low: float, high: float) -> str:
    return f"posterize: {{bits: [{math.log2(low)}, {math.log2(high)}]}}"


def _shear_stretches(degrees: float) -> float:
    half = math.tan(math.radians(degrees)) / 2
    return (half + math.hypot(half, 1)) ** 2


_ROUND = tuple(float(angle) for angle in (*range(-165, -45, 15), -45, -30, -25, -20, -15, -10, -5))
_TURNS = (*_ROUND, *(-angle for angle in reversed(_ROUND)), 180.0)
_MIRRORS = (-165.0, -135.0, -90.0, -45.0, -20.0, -10.0, 0.0, 10.0, 20.0, 45.0, 90.0, 135.0, 165.0, 180.0)

SWEEPS: dict[str, Sweep] = {sweep.name: sweep for sweep in (
    Sweep("turn", "turn", "°", _TURNS, _turned),
    Sweep("mirrored", "mirrored", "°", _MIRRORS, _mirrored),
    Sweep("stretch", "stretch", "×", (1.25, 1.5, 1.75, 2, 2.5, 3), _stretched),
    Sweep("shear", "stretch", "°", (10, 20, 30, 40, 50), _sheared, on_axis=_shear_stretches),
    Sweep("zoom", "zoom", "×", (0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.1, 1.25, 1.5, 1.75, 2, 2.5),
          lambda low, high: f"zoom: {{factor: [{low}, {high}]}}"),
    Sweep("shift", "kept", " kept", (0.5, 0.6, 0.7, 0.8, 0.9, 0.95), _shifted),
    Sweep("crop", "kept", " kept", (0.4, 0.5, 0.6, 0.7, 0.8, 0.9),
          lambda low, high: f"crop: {{side: [{low**0.5}, {high**0.5}]}}"),
    Sweep("covered", "covered", " covered", (0.05, 0.1, 0.2, 0.3, 0.4),
          lambda low, high: "erase: {{width: [{0}, {1}], height: [{0}, {1}], fill: [0, 255]}}".format(
              low**0.5, high**0.5)),
    Sweep("contrast", "contrast", "×", (0.1, 0.2, 0.4, 0.7, 1.5, 2, 2.5),
          lambda low, high: f"contrast: {{gain: [{low}, {high}]}}"),
    Sweep("inverted", "inverted", "×", (0.4, 1, 2.5),
          lambda low, high: f"invert, contrast: {{gain: [{low}, {high}]}}"),
    Sweep("brightness", "brightness", "", (-0.6, -0.4, -0.2, 0.2, 0.4, 0.6),
          lambda low, high: f"brightness: {{shift: [{low}, {high}]}}"),
    Sweep("hue", "hue", "°", (30, 60, 90, 120, 150, 180), colour=True, steps=lambda low, high: _ways(
        f"hue: {{degrees: [{low}, {high}]}}", f"hue: {{degrees: [{-high}, {-low}]}}")),
    Sweep("saturation", "saturation", "×", (0, 0.5, 1.5, 2, 3), colour=True,
          steps=lambda low, high: f"saturation: {{factor: [{low}, {high}]}}"),
    Sweep("channels", "channels", "", (1,), lambda low, high: "channel_shuffle", colour=True),
    Sweep("blur", "blur", " of the side", (0.01, 0.02, 0.04, 0.06, 0.08, 0.12),
          lambda low, high: f"blur: {{sigma: [{low}, {high}]}}"),
    Sweep("noise", "noise", " of full range", (0.05, 0.1, 0.2, 0.3, 0.4, 0.6),
          lambda low, high: f"noise: {{sigma: [{low}, {high}]}}"),
    Sweep("pixels", "pixels", " pixels", (3, 4, 6, 8, 12),
          lambda low, high: f"downscale: {{to: [{low}, {high}]}}"),
    Sweep("levels", "levels", " levels", (2, 3, 4, 8, 16), _levels),
    Sweep("quality", "quality", " of 100", (1, 5, 10, 25, 50),
          lambda low, high: f"jpeg: {{quality: [{low}, {high}]}}"),
    Sweep("displaced", "displaced", " of the side", (0.03, 0.06, 0.09, 0.12),
          lambda low, high: f"elastic: {{displacement: [{low}, {high}]}}"),
)}  # fmt: skip
"""Axes that several sweeps go along are judged by all of them."""


@dataclasses.dataclass(frozen=True)
class Trial:
    """Hold one column of an audit: a sweep at one strength."""

    sweep: Sweep
    strength: float

    @property
    def value(self) -> float:
        """Return the number on the axis."""
        return self.sweep.on_axis(self.strength)

    def changed(self, pictures: Picture, names: Sequence[str], seed: int, fill: tuple[int, ...]) -> Picture:
        """Change N pictures, uint8 N×H×W×C, into a new array; what is drawn hangs on their names alone."""
        return _made(dataclasses.replace(self.sweep.at(self.strength), fill=fill), pictures, names, seed, 1)


def trials(
    names: Sequence[str],
    side: int,
    channels: int,
    *,
    at: Mapping[str, Sequence[float]] = MappingProxyType({}),
) -> tuple[Trial, ...]:
    """Return the columns of some sweeps for pictures of so many pixels across and channels.

    `at` has other strengths than the table's, by sweep.
    """
    found = []
    for name in names:
        sweep = SWEEPS[name]
        if sweep.colour and channels == 1:
            continue
        strengths = at.get(name, sweep.strengths)
        found += [Trial(sweep, v) for v in strengths if sweep.axis != "pixels" or v < side]
    return tuple(found)


@dataclasses.dataclass(frozen=True)
class Lesson:
    """Hold what one taught network is trained with: a policy, the names of the sweeps it does, and whether
    these turn and mirror.
    """

    sweeps: tuple[str, ...]
    policy: Policy
    turns: bool


def lessons(names: Sequence[str], channels: int) -> tuple[Lesson, ...]:
    """Return what is taught: turns and mirrors by any angle, and all other sweeps over their whole range.

    They are two lessons, for two networks, because orientation wants pictures of which no way up is much more
    common than another (only then does a network have to tell a 7 upside down from a 6 by its shape), and all
    else wants them upright.  In nine pictures of ten something is changed, along each sweep as often as along
    any other, and between each strength and the next as often as between any others.
    """
    whole = [sweep for name in names if not ((sweep := SWEEPS[name]).colour and channels == 1)]
    turning = [sweep for sweep in whole if _goes_round(sweep)]
    parts = {True: turning, False: [sweep for sweep in whole if not _goes_round(sweep)]}
    return tuple(
        Lesson(
            tuple(sweep.name for sweep in some),
            _policy(f"[one_of: {{p: 0.9, steps: [{', '.join(f'[{_taught(sweep)}]' for sweep in some)}]}}]"),
            turns,
        )
        for turns, some in parts.items()
        if some
    )


def lesson(lessons: Sequence[Lesson], trial: Trial) -> int:
    """Return which lesson teaches what is tried."""
    return next(at for at, lesson in enumerate(lessons) if trial.sweep.name in lesson.sweeps)


def _goes_round(sweep: Sweep) -> bool:
    return AXES[sweep.axis].kind == "arcs"


def _taught(sweep: Sweep) -> str:
    """Write the steps that change pictures along a sweep by any of its strengths, or between two of them."""
    if _goes_round(sweep):
        return sweep.steps(-180.0, 180.0)
    ends = sorted(sweep.strengths)
    parts = [sweep.steps(*pair) for pair in itertools.pairwise(ends)] or [sweep.steps(*ends, *ends)]
    return f"one_of: [{', '.join(f'[{part}]' for part in parts)}]"


def trained_with(
    chosen: Policy, pictures: Picture, names: Sequence[str], seed: int, epoch: int, fill: tuple[int, ...]
) -> Picture:
    """Change N training pictures, uint8 N×H×W×C, as the policy draws for one epoch."""
    return _made(dataclasses.replace(chosen, fill=fill), pictures, names, seed, epoch + 2)


def _made(chosen: Policy, pictures: Picture, names: Sequence[str], seed: int, copy: int) -> Picture:
    words, aspect = keys.words(names), pictures.shape[2] / pictures.shape[1]
    parts = []
    for start in range(0, len(pictures), _CHUNK):
        some = slice(start, start + _CHUNK)
        count = len(words[some])
        drawn = draw(
            chosen, words[some], np.full(count, copy), seed=seed ^ _TRYING, aspects=np.full(count, aspect)
        )
        parts.append(render_batch(pictures[some], drawn))
    return np.concatenate(parts) if parts else pictures.copy()


@functools.lru_cache(maxsize=1024)
def _policy(steps: str) -> Policy:
    return policy.parse(f"version: 1\ntask: none\nsteps: {steps}\n", "audit")

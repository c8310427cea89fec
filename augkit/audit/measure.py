"""Measuring: one fold of an audit, from training to what the networks read.

A fold is a pure function of its job and of the pictures, so that it is done by any process, in any order, and
done again only where what it found is not yet written down.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from augkit.audit import network, sweeps
from augkit.audit.network import Advance, Labels, Picture, Reader
from augkit.audit.pictures import Pictures
from augkit.audit.sweeps import Lesson
from augkit.audit.work import Found

HELD = 10  # every so many of the pictures that a fold may train with, its groups whole, is kept to calibrate

Trained = Callable[..., Reader]
"""`network.trained`, or what stands in for it in a test."""


@dataclasses.dataclass(frozen=True)
class Effort:
    """Say how long networks are trained: how many pictures the clean one is shown, the one that is taught
    turns and mirrors, which are harder to learn, and the one that is taught all else.

    A fold's pictures are shown again and again until they are so many: twice at least, and 200 times at most.
    """

    clean: int = 30_000
    turned: int = 120_000
    taught: int = 55_000

    def of(self, lesson: Lesson) -> int:
        """Return how many pictures the network of a lesson is shown."""
        return self.turned if lesson.turns else self.taught


def epochs(shown: int, pictures: int) -> int:
    """Return how often pictures are shown for so many to be shown."""
    return min(max(2, round(shown / max(1, pictures))), 200)


@dataclasses.dataclass(frozen=True, eq=False)
class Fold(Found):
    """Hold what the networks read in the pictures of one fold that they were not trained with.

    Attributes:
        rows:       int64 (N,), which pictures of the audit these are.
        clean:      uint16 (1 + T, N), the class that the clean network reads: upright, and after each trial.
        taught:     uint16 (T, N), what that of the taught networks reads that was taught the trial's sweep.
        before:     uint16 (L, N), what the taught network of each lesson reads upright.
        confidence: float16 (1 + T, N), the clean network's calibrated probability of what it reads.
        moved:      float64 (T,), the share of pictures that a trial changes at all.
        sure:       float32 (2, N, K), calibrated probabilities of each class, upright: of the clean network,
            and of that of the last lesson, which knows upright pictures best.
    """

    rows: Labels
    clean: NDArray[np.integer[Any]]
    taught: NDArray[np.integer[Any]]
    before: NDArray[np.integer[Any]]
    confidence: NDArray[np.float16]
    moved: NDArray[np.float64]
    sure: NDArray[np.float32]


def fold(
    pictures: Pictures,
    place: Labels,
    number: int,
    names: tuple[str, ...],
    effort: Effort,
    seed: int,
    *,
    at: Mapping[str, tuple[float, ...]] = MappingProxyType({}),
    oracle: Reader | None = None,
    train: Trained = network.trained,
    advance: Advance = lambda done: None,
) -> Fold:
    """Train networks on the other folds, and let them read this one, upright and after each trial.

    Args:
        pictures: all of the audit.
        place:    int64 (N,), the fold of each.
        number:   which fold this is.
        names:    the sweeps.
        effort:   how long is trained.
        seed:     of everything.
        at:       strengths to try in place of the table's, by sweep.
        oracle:   reads in place of the clean network, if given.
        train:    trains a network.
        advance:  told how many pictures were trained with or read.
    """
    rows = np.flatnonzero(place == number)
    some = pictures.take(rows)
    side, channels = some.images.shape[2:]
    told = sweeps.lessons(names, channels)
    clean, *taught = learners(pictures, place != number, told, effort, seed, number, oracle, train, advance)
    upright = [reader.read(some.images) for reader in (clean, *taught)]
    read = [(upright[0].argmax(axis=1), upright[0].max(axis=1))]
    again, moved = [], []
    for trial in sweeps.trials(names, side, channels, at=at):
        shown = trial.changed(some.images, some.keys, seed, some.fill)
        moved.append((shown != some.images).any(axis=(1, 2, 3)).mean())
        likely = clean.read(shown)
        read.append((likely.argmax(axis=1), likely.max(axis=1)))
        again.append(taught[sweeps.lesson(told, trial)].read(shown).argmax(axis=1))
        advance(len(rows))
    return Fold(
        rows,
        clean=np.array([labels for labels, _ in read], np.uint16),
        taught=np.array(again, np.uint16).reshape(-1, len(rows)),
        before=np.array([likely.argmax(axis=1) for likely in upright[1:]], np.uint16),
        confidence=np.array([sure for _, sure in read], np.float16),
        moved=np.array(moved),
        sure=np.stack([upright[0], upright[-1]]),
    )


def work(pictures: int, folds: int, lessons: Sequence[Lesson], trials: int, effort: Effort) -> int:
    """Return how many pictures a fold tells `advance` of, about."""
    seen = pictures - pictures // folds
    shown = sum(epochs(count, seen) for count in (effort.clean, *map(effort.of, lessons)))
    return seen * shown + pictures // folds * trials


def learners(
    pictures: Pictures,
    these: NDArray[np.bool_],
    lessons: Sequence[Lesson],
    effort: Effort,
    seed: int,
    number: int,
    oracle: Reader | None,
    train: Trained,
    advance: Advance,
) -> tuple[Reader, ...]:
    """Train the clean network, and one for each lesson, on some of the pictures."""
    others = pictures.take(np.flatnonzero(these))
    held = holdout(others)
    keys = {True: _keys(others, held), False: _keys(others, ~held)}

    def changed(lesson: Lesson) -> network.Changed:
        def change(shown: Picture, labels: Labels, epoch: int) -> tuple[Picture, Labels]:
            named = keys[epoch < 0]
            return sweeps.trained_with(lesson.policy, shown, named, seed, epoch, others.fill), labels

        return change

    def trained(shown: int, after: int, change: network.Changed | None = None) -> Reader:
        return train(
            others.images,
            others.labels,
            len(others.classes),
            held,
            epochs=epochs(shown, len(others)),
            seed=seed * 1000 + number * 4 + after,
            changed=change,
            quick=change is not None,
            advance=advance,
        )

    clean = oracle or trained(effort.clean, 0)
    return clean, *(trained(effort.of(lesson), 1 + at, changed(lesson)) for at, lesson in enumerate(lessons))


def holdout(pictures: Pictures) -> NDArray[np.bool_]:
    """Choose the pictures that calibrate, bool (N,): one group in HELD, spread over the classes."""
    leaders, group = np.unique(pictures.groups, return_index=True, return_inverse=True)[1:]
    rank = np.empty(len(leaders), np.int64)
    for label in np.unique(pictures.labels):
        mine = np.flatnonzero(pictures.labels[leaders] == label)
        rank[mine] = np.arange(len(mine))
    held: NDArray[np.bool_] = (rank % HELD == HELD - 1)[group]
    return held


def _keys(pictures: Pictures, which: NDArray[np.bool_]) -> list[str]:
    return [key for key, wanted in zip(pictures.keys, which.tolist(), strict=True) if wanted]

"""Measuring: one fold of an audit, from training to what the networks read.

A fold is a pure function of its job and of the pictures, so that it is done by any process, in any order, and
done again only where what it found is not yet written down.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from augkit.audit import network, sweeps
from augkit.audit.network import Advance, Labels, Reader
from augkit.audit.pictures import Pictures
from augkit.audit.sweeps import Trial

HELD = 10  # every so many of the pictures that a fold may train with, its groups whole, is kept to calibrate

Trained = Callable[..., Reader]
"""`network.trained`, or what stands in for it in a test."""


@dataclasses.dataclass(frozen=True)
class Effort:
    """Say how long networks are trained: epochs of the clean one, and of the one taught all changes."""

    clean: int = 8
    taught: int = 24


@dataclasses.dataclass(frozen=True, eq=False)
class Fold:
    """Hold what two networks read in the pictures of one fold that they were not trained with.

    Attributes:
        rows:       int64 (N,), which pictures of the audit these are.
        clean:      uint16 (1 + T, N), the class that the clean network reads: upright, and after each trial.
        taught:     the same of the network that was taught all changes.
        confidence: float16 (1 + T, N), the clean network's calibrated probability of what it reads.
        moved:      float64 (T,), the share of pictures that a trial changes at all.
        sure:       float32 (2, N, K), both networks' calibrated probabilities of each class, upright.
    """

    rows: Labels
    clean: NDArray[np.uint16]
    taught: NDArray[np.uint16]
    confidence: NDArray[np.float16]
    moved: NDArray[np.float64]
    sure: NDArray[np.float32]

    def save(self, path: Path) -> None:
        """Write it down, whole or not at all."""
        write(path, {field.name: getattr(self, field.name) for field in dataclasses.fields(self)})

    @classmethod
    def load(cls, path: Path) -> Fold:
        """Read what `save` wrote."""
        with np.load(path) as kept:
            return cls(**{field.name: kept[field.name] for field in dataclasses.fields(cls)})


def write(path: Path, arrays: dict[str, NDArray[Any]]) -> None:
    """Write arrays to an .npz file, whole or not at all."""
    beside = path.with_name(f".{os.getpid()}-{path.name}")
    with beside.open("wb") as file:
        np.savez_compressed(file, **arrays)  # type: ignore[arg-type] # its keyword is a bool in the stubs
    beside.replace(path)


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
    """Train two networks on the other folds, and let them read this one, upright and after each trial.

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
    clean, taught = learners(pictures, place, number, names, effort, seed, oracle, train, advance)
    rows = np.flatnonzero(place == number)
    some = pictures.take(rows)
    tried = sweeps.trials(names, *some.images.shape[2:], at=at)
    read = [np.empty((1 + len(tried), len(rows)), np.uint16) for _ in range(2)]
    confidence = np.empty((1 + len(tried), len(rows)), np.float16)
    moved = np.zeros(len(tried))
    sure = np.empty((2, len(rows), len(pictures.classes)), np.float32)
    for row, trial in enumerate((None, *tried)):
        shown = some.images if trial is None else _changed(trial, some, seed)
        if trial is not None:
            moved[row - 1] = (shown != some.images).any(axis=(1, 2, 3)).mean()
        likely = [reader.read(shown) for reader in (clean, taught)]
        read[0][row], read[1][row] = (said.argmax(axis=1) for said in likely)
        confidence[row] = likely[0].max(axis=1)
        if trial is None:
            sure[:] = likely
        advance(len(rows))
    return Fold(rows, read[0], read[1], confidence, moved, sure)


def work(pictures: int, folds: int, trials: int, effort: Effort) -> int:
    """Return how many pictures a fold tells `advance` of, at most."""
    seen = pictures - pictures // folds
    return seen * (effort.clean + effort.taught) + (pictures // folds + 1) * (1 + trials)


def learners(
    pictures: Pictures,
    place: Labels,
    number: int,
    names: tuple[str, ...],
    effort: Effort,
    seed: int,
    oracle: Reader | None,
    train: Trained,
    advance: Advance,
) -> tuple[Reader, Reader]:
    """Train the clean network and the one that is taught all changes, on every fold but one."""
    others = pictures.take(np.flatnonzero(place != number))
    held = holdout(others)
    everything = sweeps.everything(names, others.images.shape[3])
    parts = {True: _keys(others, held), False: _keys(others, ~held)}

    def taught(shown: sweeps.Picture, labels: Labels, epoch: int) -> tuple[sweeps.Picture, Labels]:
        keys = parts[epoch < 0]
        return sweeps.trained_with(everything, shown, keys, seed, epoch, others.fill), labels

    classes = len(others.classes)
    first = seed * 1000 + number * 2
    clean = oracle or train(
        others.images, others.labels, classes, held, epochs=effort.clean, seed=first, advance=advance
    )
    second = train(
        others.images,
        others.labels,
        classes,
        held,
        epochs=effort.taught,
        seed=first + 1,
        changed=taught,
        advance=advance,
    )
    return clean, second


def holdout(pictures: Pictures) -> NDArray[np.bool_]:
    """Choose the pictures that calibrate, bool (N,): one group in HELD, spread over the classes."""
    leaders, group = np.unique(pictures.groups, return_index=True, return_inverse=True)[1:]
    rank = np.empty(len(leaders), np.int64)
    for label in np.unique(pictures.labels):
        mine = np.flatnonzero(pictures.labels[leaders] == label)
        rank[mine] = np.arange(len(mine))
    held: NDArray[np.bool_] = (rank % HELD == HELD - 1)[group]
    return held


def _changed(trial: Trial, some: Pictures, seed: int) -> sweeps.Picture:
    return trial.changed(some.images, some.keys, seed, some.fill)


def _keys(pictures: Pictures, which: NDArray[np.bool_]) -> list[str]:
    return [key for key, wanted in zip(pictures.keys, which.tolist(), strict=True) if wanted]

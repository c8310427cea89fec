"""The audit of what was made: labels that networks confidently dispute, and pictures that are there twice.

Every picture is read by networks that saw none of its source's pictures: one trained with originals alone,
and one trained with everything, copies and their labels included.  What both dispute is disputed in spite of
all the policy did; what the first one alone disputes is strange to it, and no more.
"""

from __future__ import annotations

import dataclasses
import functools
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from augkit import sources
from augkit.audit import files, measure, network, work
from augkit.audit import pictures as reading
from augkit.audit.disputes import FILE, Disputed, Made, Twice
from augkit.audit.network import Advance, Labels
from augkit.audit.pictures import Pictures
from augkit.errors import SourceError

_PRESENTED = 200_000  # pictures shown to a network in training, originals and copies alike, at least once
_SURE, _DOUBTED = 0.9, 0.1
_FIXED = {"file", "split", "source", "copy", "label", "label_after"}
_TAIL = {"sha256", "width", "height", "bytes", "source_sha256", "name", "place"}


@dataclasses.dataclass(frozen=True, eq=False)
class Fold(work.Found):
    """Hold what two networks read in one fold.

    Attributes:
        rows: int64 (N,), which pictures these are.
        sure: float32 (2, N, K), how likely each class is to either.
    """

    rows: Labels
    sure: NDArray[np.float32]


def is_made(source: str) -> bool:
    """Tell whether a source is a data set that augkit made with copies."""
    root = Path(source.removeprefix("folder:")).expanduser()
    return (root / "augkit.json").is_file() and any(_table(root).column("copy").to_numpy() > 0)


def audit(
    source: str,
    out: Path,
    *,
    folds: int = 3,
    seed: int = 0,
    workers: int = 1,
    oracle: str = "",
    train: measure.Trained = network.trained,
) -> Made:
    """Audit a data set that augkit made, and write `made.json` into a folder.

    Args:
        source:  the data set.
        out:     the folder; what is done so far stands there, too.
        folds:   parts, sources whole; each is read by networks trained with the others.
        seed:    of everything.
        workers: processes, one for each fold at most.
        oracle:  a Keras network that reads in place of both, "" for none.
        train:   trains a network.

    Raises:
        SourceError: it is not finished, or its pictures are too few.
    """
    root = Path(source.removeprefix("folder:")).expanduser()
    rows = _table(root).to_pylist()
    side, channels = network.oracle_size(Path(oracle)) if oracle else (0, 0)
    pictures = reading.read(sources.load(root), most=0, side=side, channels=channels)
    named = {_key(row, len({r["split"] for r in rows}) > 1): row for row in rows}
    mine = [named[key] for key in pictures.keys]
    alone = dataclasses.replace(pictures, groups=_families(pictures.groups, mine))
    original = np.array([row["copy"] == 0 for row in mine])
    reader = network.digest(Path(oracle)) if oracle else ""
    state = out / "state" / work.digest("made", 2, alone.digest, original.tolist(), folds, seed, reader)
    kept = reading.put(alone, state)
    paths = work.done(
        state,
        folds,
        functools.partial(
            _fold, kept=kept, original=original, folds=folds, seed=seed, oracle=oracle, train=train
        ),
        each=2 * _PRESENTED,
        workers=workers if train is network.trained else 1,
        word="training and reading",
    )
    found = _combined(str(root), alone, pictures.groups, mine, paths)
    files.plain(out / FILE, found.canonical())
    return found


def _table(root: Path) -> Any:
    import pyarrow.parquet as pq

    try:
        return pq.read_table(root / ".augkit" / "manifest.parquet")
    except (OSError, ValueError) as error:
        raise SourceError(
            f"its manifest cannot be read ({error})", where=str(root), fix="augkit verify"
        ) from error


def _key(row: dict[str, Any], several: bool) -> str:
    key = row["source"] if row["copy"] == 0 else f"{row['source']}#{row['copy']}"
    return f"{row['split']}/{key}" if several else key


def _families(groups: Labels, rows: list[dict[str, Any]]) -> Labels:
    """Join the pictures of one source, and those that are alike; the least number stands for a group."""
    above = {number: number for number in range(len(rows))}

    def root(number: int) -> int:
        while above[number] != number:
            above[number] = above[above[number]]
            number = above[number]
        return number

    first: dict[Any, int] = {}
    for number, row in enumerate(rows):
        for name in (("source", row["split"], row["source"]), ("alike", int(groups[number]))):
            other = root(first.setdefault(name, number))
            above[max(other, root(number))] = min(other, root(number))
    return np.array([root(number) for number in range(len(rows))], np.int64)


def _fold(
    number: int,
    advance: Advance,
    path: Path,
    *,
    kept: Path,
    original: NDArray[np.bool_],
    folds: int,
    seed: int,
    oracle: str,
    train: measure.Trained,
) -> None:
    """Let two networks read one fold, and write down how likely each class is to them."""
    pictures = reading.load(kept)
    place = reading.folds(pictures, folds, seed)
    classes = len(pictures.classes)
    rows = np.flatnonzero(place == number)
    some = pictures.take(rows)
    sure = np.empty((2, len(rows), classes), np.float32)
    for at, part in enumerate((original if original.any() else np.ones_like(original), None)):
        if oracle and at == 0:
            theirs = network.oracle(Path(oracle), pictures.images, pictures.labels, classes)
            sure[:] = theirs.read(some.images)
            break
        wanted = (place != number) if part is None else (place != number) & part
        others = pictures.take(np.flatnonzero(wanted))
        reader = train(
            others.images,
            others.labels,
            classes,
            measure.holdout(others),
            epochs=max(2, min(30, round(_PRESENTED / folds / len(others)))),
            seed=seed * 1000 + 900 + 2 * number + at,
            advance=advance,
        )
        sure[at] = reader.read(some.images)
    Fold(rows, sure).save(path)


def _combined(
    out: str, pictures: Pictures, alike: Labels, rows: list[dict[str, Any]], paths: list[Path]
) -> Made:
    sure = np.empty((2, len(pictures), len(pictures.classes)), np.float32)
    for path in paths:
        fold = Fold.load(path)
        sure[:, fold.rows] = fold.sure
    disputed = tuple(_disputed(pictures, rows, sure))
    pairs = Counter(f"{one.label_after} reads {one.reads}" for one in disputed)
    return Made(out, len(pictures), disputed, pairs, tuple(_twice(alike, rows)))


def _disputed(pictures: Pictures, rows: list[dict[str, Any]], sure: NDArray[np.float32]) -> list[Disputed]:
    """Return the pictures whose label is disputed: by both networks first, the surest of them first."""
    own = sure[:, np.arange(len(pictures)), pictures.labels]
    both = sure.min(axis=0)
    found = []
    for i in range(len(pictures)):
        read, by_both = int(both[i].argmax()), True
        if both[i].max() < _SURE or own[:, i].max() > _DOUBTED:
            read, by_both = int(sure[0, i].argmax()), False
            if sure[0, i].max() < _SURE or own[0, i] > _DOUBTED:
                continue
        probability = both[i, read] if by_both else sure[0, i, read]
        if read == pictures.labels[i]:
            continue
        row = rows[i]
        drawn = {
            name: round(value, 6)
            for name, value in row.items()
            if name not in _FIXED | _TAIL and isinstance(value, float) and value == value
        }
        told = (row["file"], row["split"], row["source"], row["copy"], row["label"], row["label_after"])
        found.append(Disputed(*told, pictures.classes[read], round(float(probability), 4), by_both, drawn))
    return sorted(found, key=lambda one: (not one.both, -one.probability))


def _twice(alike: Labels, rows: list[dict[str, Any]]) -> list[Twice]:
    """Return groups of pictures that are alike and come of several sources, those in several splits first."""
    groups: dict[int, list[int]] = {}
    for number, group in enumerate(alike.tolist()):
        groups.setdefault(group, []).append(number)
    found = []
    for members in groups.values():
        some = [rows[number] for number in members]
        if len({(row["split"], row["source"]) for row in some}) < 2:
            continue
        found.append(
            Twice(
                tuple(row["file"] for row in some),
                len({row["sha256"] for row in some}) == 1,
                tuple(sorted({row["split"] for row in some})),
                tuple(sorted({row["label_after"] for row in some})),
            )
        )
    return sorted(found, key=lambda two: (not two.leaks, len(two.labels) < 2))

"""Work: the folds of an audit, done by several processes, written down one by one, and done once."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import hashlib
import json
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np

from augkit import engines
from augkit.audit import files
from augkit.audit.network import Advance
from augkit.sources.progress import bar

Fold = Callable[[int, Advance, Path], None]
"""Do one fold: its number, whom to tell how many pictures were dealt with, where to write it down."""


@dataclasses.dataclass(frozen=True, eq=False)
class Found:
    """Hold what one fold found: a class of this kind has arrays alone."""

    def save(self, path: Path) -> None:
        """Write the arrays to an .npz file, whole or not at all."""
        files.arrays(path, {field.name: getattr(self, field.name) for field in dataclasses.fields(self)})

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read what `save` wrote."""
        with np.load(path) as saved:
            return cls(**{field.name: saved[field.name] for field in dataclasses.fields(cls)})


_LOOK = 0.5  # seconds between looks at how far the folds are


def digest(*asked: Any) -> str:
    """Return what names the state of a request: 12 hex digits of everything that decides what is found."""
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()[:12]


def done(state: Path, count: int, fold: Fold, *, each: int, workers: int, word: str) -> list[Path]:
    """Do the folds that are not written down in a folder, and return where all of them are.

    Args:
        state:   the folder; what is there from a killed run is not done again, unless it is damaged.
        count:   how many folds.
        fold:    does one; has to be picklable for more than one worker.
        each:    how many pictures a fold deals with, for the bar.
        workers: processes; one does everything in this process.
        word:    what the bar says.
    """
    state.mkdir(parents=True, exist_ok=True)
    paths = [state / f"fold-{number}.npz" for number in range(count)]
    missing = [number for number, path in enumerate(paths) if not files.readable(path)]
    workers = min(workers, max(1, len(missing)))
    one = functools.partial(_one, state=state, fold=fold)
    with _threads(workers), _watched(state, missing, each, word):
        for _ in engines.run(missing, one, workers):
            pass
    return paths


def _one(number: int, attempt: int, *, state: Path, fold: Fold) -> None:
    """Do one fold, and leave word of how far it is."""
    progress = state / f"fold-{number}.progress"
    seen = 0

    def advance(count: int) -> None:
        nonlocal seen
        seen += count
        progress.write_text(str(seen), "ascii")

    fold(number, advance, state / f"fold-{number}.npz")
    progress.unlink(missing_ok=True)


@contextlib.contextmanager
def _threads(workers: int) -> Iterator[None]:
    """Give each of several worker processes its share of the processor; they read these when they start."""
    names = ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")
    mine = {name for name in names if name not in os.environ} if workers > 1 else set()
    os.environ.update(dict.fromkeys(mine, str(max(1, (os.cpu_count() or 1) // workers))))
    try:
        yield
    finally:
        for name in mine:
            del os.environ[name]


@contextlib.contextmanager
def _watched(state: Path, missing: Sequence[int], each: int, word: str) -> Iterator[None]:
    """Show how far the folds are, where that is a terminal."""
    over = threading.Event()
    with bar(word, each * max(1, len(missing))) as advance:

        def look() -> None:
            told = 0
            most = dict.fromkeys(missing, 0)
            while not over.wait(_LOOK):
                for number in missing:
                    with contextlib.suppress(OSError, ValueError):
                        most[number] = int((state / f"fold-{number}.progress").read_text("ascii"))
                    if (state / f"fold-{number}.npz").exists():
                        most[number] = each
                advance(sum(most.values()) - told)
                told = sum(most.values())

        watcher = threading.Thread(target=look, daemon=True)
        watcher.start()
        try:
            yield
        finally:
            over.set()
            watcher.join()

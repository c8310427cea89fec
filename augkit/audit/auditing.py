"""Auditing: from a data set to a result, fold by fold, carrying on where it was killed."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import hashlib
import json
import os
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

import augkit
from augkit import engines
from augkit.audit import measure, network, sweeps
from augkit.audit import pictures as reading
from augkit.audit.cells import Readings, Terms, judged
from augkit.audit.measure import Effort, Fold, Trained
from augkit.audit.pictures import Pictures
from augkit.audit.proportions import share
from augkit.audit.result import Audit, Column, Dispute
from augkit.errors import UsageError, did_you_mean
from augkit.sources.progress import bar

if TYPE_CHECKING:
    from datasets import DatasetDict

KEPT, EXCESS = 0.8, 0.03
_FORMAT = 1  # of the state: another one is another audit
_SURE, _DOUBTED = 0.9, 0.1  # the probability of another class, and of its own, with which a label is disputed
_ALARMED = 0.1  # share of a class's labels in dispute
_LOOK = 0.5  # seconds between looks at how far the folds are


@dataclasses.dataclass(frozen=True)
class Request:
    """Say what is asked of an audit.

    Attributes:
        source:   what the data are called.
        sweeps:   names of `sweeps.SWEEPS`; all of them if empty.
        pictures: about how many of each class, where there are as many.
        folds:    parts that the pictures are dealt into; each is read by networks trained with the others.
        seed:     of everything.
        effort:   how long networks are trained.
        kept, excess: see `cells.Terms`.
        workers:  processes, one for each fold at most.
        oracle:   a Keras network that reads in place of the clean one, "" for none.
    """

    source: str = "data"
    sweeps: tuple[str, ...] = ()
    pictures: int = 500
    folds: int = 3
    seed: int = 0
    effort: Effort = dataclasses.field(default_factory=Effort)
    kept: float = KEPT
    excess: float = EXCESS
    workers: int = 1
    oracle: str = ""

    def __post_init__(self) -> None:
        """Check the names and the numbers."""
        for name in self.sweeps:
            if name not in sweeps.SWEEPS:
                raise UsageError(
                    f"no sweep {name!r}; they are {', '.join(sweeps.SWEEPS)}",
                    fix=did_you_mean(name, sweeps.SWEEPS),
                )
        if self.folds < 2:
            raise UsageError(f"got {self.folds} folds, want 2 or more: no picture is read by what it trained")
        if self.pictures < 1 or self.workers < 1:
            raise UsageError(f"got {self.pictures} pictures and {self.workers} workers, want 1 or more")
        if not (0.5 < self.kept < 1 and 0 < self.excess < 1):
            raise UsageError(f"got kept {self.kept:g} and excess {self.excess:g}, want 0.5 to 1 and 0 to 1")

    @property
    def names(self) -> tuple[str, ...]:
        """Return the sweeps."""
        return self.sweeps or tuple(sweeps.SWEEPS)


def audit(data: DatasetDict, request: Request, out: Path, *, train: Trained = network.trained) -> Audit:
    """Measure what labels survive, and write `result.json` into a folder.

    The folder also holds what is done so far; the same call carries on there.

    Args:
        data:    a data set as `sources.load` returns it.
        request: what is asked.
        out:     the folder.
        train:   trains a network; what stands in for it in a test does everything in this process.

    Raises:
        SourceError: the data are too few.
        UsageError:  the oracle does not fit them.
    """
    side, channels = network.oracle_size(Path(request.oracle)) if request.oracle else (0, 0)
    pictures = reading.read(data, most=request.pictures, seed=request.seed, side=side, channels=channels)
    state = out / "state" / _digest(pictures, request)
    state.mkdir(parents=True, exist_ok=True)
    if not (state / "pictures.npz").exists():
        reading.save(pictures, state / "pictures.npz")
    done = _folds(pictures, request, state, train)
    result = combined(pictures, done, request)
    result.save(out)
    return result


def combined(pictures: Pictures, done: Sequence[Fold], request: Request) -> Audit:
    """Judge every cell from what the networks of all folds read."""
    rows = np.concatenate([fold.rows for fold in done])
    order = np.argsort(rows, kind="stable")
    clean = np.concatenate([fold.clean for fold in done], axis=1)[:, order].astype(np.int64)
    taught = np.concatenate([fold.taught for fold in done], axis=1)[:, order].astype(np.int64)
    confidence = np.concatenate([fold.confidence for fold in done], axis=1)[:, order].astype(np.float64)
    sure = np.concatenate([fold.sure for fold in done], axis=1)[:, order]
    moved = np.average([fold.moved for fold in done], axis=0, weights=[len(fold.rows) for fold in done])
    tried = sweeps.trials(request.names, *pictures.images.shape[2:])
    names = pictures.classes
    terms = Terms(request.kept, request.excess, len(names) * len(tried))
    columns = tuple(
        Column(t.sweep.name, t.sweep.axis, t.sweep.unit, t.strength, t.value, round(float(m), 5))
        for t, m in zip(tried, moved, strict=True)
    )
    mine = [np.flatnonzero(pictures.labels == label) for label in range(len(names))]
    cells = tuple(
        judged(
            label,
            names,
            Readings(clean[at][of], taught[at][of], clean[0][of], taught[0][of], confidence[at][of]),
            terms,
            (column.sweep, column.strength, column.value),
        )
        for at, column in enumerate(columns, 1)
        for label, of in enumerate(mine)
    )
    upright = {
        name: tuple(
            share(int((read[0][of] == label).sum()), len(of), terms.alpha) for read in (clean, taught)
        )
        for label, (name, of) in enumerate(zip(names, mine, strict=True))
    }
    disputes = _disputes(pictures, sure)
    return Audit(
        source=request.source,
        classes=names,
        pictures=tuple(len(of) for of in mine),
        reader=request.oracle or "reference",
        terms=terms,
        folds=request.folds,
        seed=request.seed,
        effort=dataclasses.asdict(request.effort),
        size=pictures.images.shape[1:],
        version=augkit.__version__,
        upright=upright,  # type: ignore[arg-type] # a pair, of two networks
        columns=columns,
        cells=cells,
        disputes=disputes,
        alarms=tuple(_alarms(pictures, disputes, terms)),
    )


def _disputes(pictures: Pictures, sure: NDArray[np.float32]) -> tuple[Dispute, ...]:
    """Return the pictures whose label both networks confidently dispute, and for the same class."""
    own = sure[:, np.arange(len(pictures)), pictures.labels].max(axis=0)
    both = sure.min(axis=0)
    read = both.argmax(axis=1)
    probability = both.max(axis=1)
    at = np.flatnonzero((probability >= _SURE) & (own <= _DOUBTED) & (read != pictures.labels))
    at = at[np.argsort(-probability[at], kind="stable")]
    names = pictures.classes
    return tuple(
        Dispute(
            pictures.keys[i],
            names[pictures.labels[i]],
            names[read[i]],
            round(float(probability[i]), 4),
            round(float(own[i]), 4),
        )
        for i in at.tolist()
    )


def _alarms(pictures: Pictures, disputes: tuple[Dispute, ...], terms: Terms) -> Iterator[str]:
    """Say which classes have more labels in dispute than any honest class has."""
    alpha = 0.05 / len(pictures.classes)
    for label, name in enumerate(pictures.classes):
        of = int((pictures.labels == label).sum())
        disputed = share(sum(dispute.label == name for dispute in disputes), of, alpha)
        if disputed.low > _ALARMED:
            yield (
                f"{disputed.hits} of {of} labels {name!r} are disputed by both networks: "
                "look at them before believing anything about this class"
            )


def _digest(pictures: Pictures, request: Request) -> str:
    """Return what names the state: everything that decides what the networks read."""
    asked = [_FORMAT, pictures.digest, request.names, request.folds, request.seed, request.oracle]
    asked += [dataclasses.asdict(request.effort), {n: sweeps.SWEEPS[n].strengths for n in request.names}]
    return hashlib.sha256(json.dumps(asked).encode()).hexdigest()[:12]


def _folds(pictures: Pictures, request: Request, state: Path, train: Trained) -> list[Fold]:
    """Do the folds that are not done yet, and return all of them."""
    paths = [state / f"fold-{number}.npz" for number in range(request.folds)]
    missing = [number for number, path in enumerate(paths) if not path.exists()]
    columns = len(sweeps.trials(request.names, *pictures.images.shape[2:]))
    each = measure.work(len(pictures), request.folds, columns, request.effort)
    workers = 1 if train is not network.trained else min(request.workers, max(1, len(missing)))
    work = functools.partial(_fold, state=state, request=request, train=train)
    with _threads(workers), _watched(state, missing, each):
        for _ in engines.run(missing, work, workers):
            pass
    return [Fold.load(path) for path in paths]


def _fold(number: int, attempt: int, *, state: Path, request: Request, train: Trained) -> None:
    """Do one fold and write down what it found."""
    pictures = reading.load(state / "pictures.npz")
    place = reading.folds(pictures, request.folds, request.seed)
    oracle = None
    if request.oracle:
        oracle = network.oracle(Path(request.oracle), pictures.images, pictures.labels, len(pictures.classes))
    progress = state / f"fold-{number}.progress"
    seen = 0

    def advance(done: int) -> None:
        nonlocal seen
        seen += done
        progress.write_text(str(seen), "ascii")

    found = measure.fold(
        pictures,
        place,
        number,
        request.names,
        request.effort,
        request.seed,
        oracle=oracle,
        train=train,
        advance=advance,
    )
    found.save(state / f"fold-{number}.npz")
    progress.unlink(missing_ok=True)


@contextlib.contextmanager
def _threads(workers: int) -> Iterator[None]:
    """Give each of several worker processes its share of the processor; they read these when they start."""
    share_of = str(max(1, (os.cpu_count() or 1) // workers))
    wanted = dict.fromkeys(("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"), share_of)
    before = {name: os.environ.get(name) for name in wanted}
    if workers > 1:
        os.environ.update({name: value for name, value in wanted.items() if before[name] is None})
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)


@contextlib.contextmanager
def _watched(state: Path, missing: Sequence[int], each: int) -> Iterator[None]:
    """Show how far the folds are, where that is a terminal."""
    over = threading.Event()
    with bar("training and reading", each * len(missing)) as advance:

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

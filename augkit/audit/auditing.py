"""Auditing: from a data set to a result, fold by fold, carrying on where it was killed."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

import augkit
from augkit.audit import measure, network, sweeps, work
from augkit.audit import pictures as reading
from augkit.audit.cells import ALPHA, Cell, Labels, Readings, Terms, judged
from augkit.audit.measure import Effort, Fold, Trained
from augkit.audit.network import Advance
from augkit.audit.pictures import Pictures
from augkit.audit.proportions import Share, share
from augkit.audit.result import Audit, Column, Dispute
from augkit.audit.sweeps import Trial
from augkit.errors import UsageError, did_you_mean

if TYPE_CHECKING:
    from datasets import DatasetDict

KEPT = 0.8
_FORMAT = 3  # of the state: another one is another audit
_SURE, _DOUBTED = 0.9, 0.1  # the probability of another class, and of its own, with which a label is disputed
_ALARMED = 0.1  # share of a class's labels in dispute
_MOSTLY = 0.5  # of a class's pictures, upright


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
        kept:     see `cells.Terms`.
        workers:  processes, one for each fold at most.
        at:       strengths of sweeps, by name; those of the table where it is silent, none of other sweeps
            where it is not empty.
        oracle:   a Keras network that reads in place of the clean one, "" for none.
    """

    source: str = "data"
    sweeps: tuple[str, ...] = ()
    pictures: int = 500
    folds: int = 4
    seed: int = 0
    effort: Effort = dataclasses.field(default_factory=Effort)
    kept: float = KEPT
    workers: int = 1
    oracle: str = ""
    at: Mapping[str, tuple[float, ...]] = dataclasses.field(default_factory=dict)

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
        if not 0.5 < self.kept < 1:
            raise UsageError(f"got kept {self.kept:g}, want more than 0.5 and less than 1")

    @property
    def names(self) -> tuple[str, ...]:
        """Return the sweeps."""
        return self.sweeps or tuple(name for name in sweeps.SWEEPS if not self.at or name in self.at)


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
    tried = {name: request.at.get(name, sweeps.SWEEPS[name].strengths) for name in request.names}
    effort = dataclasses.asdict(request.effort)
    reader = network.digest(Path(request.oracle)) if request.oracle else ""
    named = work.digest(_FORMAT, pictures.digest, tried, request.folds, request.seed, reader, effort)
    columns = len(sweeps.trials(request.names, *pictures.images.shape[2:], at=request.at))
    if not columns:
        raise UsageError(f"nothing to try: {', '.join(request.names)} would change no picture of this kind")
    state = out / "state" / named
    kept = reading.put(pictures, state)
    lessons = sweeps.lessons(request.names, pictures.images.shape[3])
    paths = work.done(
        state,
        request.folds,
        functools.partial(_fold, kept=kept, request=request, train=train),
        each=measure.work(len(pictures), request.folds, lessons, columns, request.effort),
        workers=request.workers if train is network.trained else 1,
        word="training and reading",
    )
    result = combined(pictures, [Fold.load(path) for path in paths], request)
    result.save(out)
    return result


def combined(pictures: Pictures, done: Sequence[Fold], request: Request) -> Audit:
    """Judge every cell from what the networks of all folds read."""
    tried = sweeps.trials(request.names, *pictures.images.shape[2:], at=request.at)
    told = sweeps.lessons(request.names, pictures.images.shape[3])
    whole = _joined(done)
    terms = Terms(request.kept, len(pictures.classes) * len(tried))
    disputes = _disputes(pictures, whole.sure)
    return Audit(
        source=request.source,
        classes=pictures.classes,
        pictures=tuple(np.bincount(pictures.labels, minlength=len(pictures.classes)).tolist()),
        reader=request.oracle or "reference",
        terms=terms,
        folds=request.folds,
        seed=request.seed,
        effort=dataclasses.asdict(request.effort),
        size=pictures.images.shape[1:],
        version=augkit.__version__,
        upright=dict(_upright(pictures, whole, terms.alpha)),
        columns=tuple(
            Column(t.sweep.name, t.sweep.axis, t.sweep.unit, t.strength, t.value, round(float(m), 5))
            for t, m in zip(tried, whole.moved, strict=True)
        ),
        cells=tuple(
            cell
            for at, trial in enumerate(tried)
            for cell in _column(pictures, whole, at, trial, sweeps.lesson(told, trial), terms)
        ),
        disputes=disputes,
        alarms=tuple(_alarms(pictures, disputes, whole.clean[0], whole.before[-1])),
    )


def _column(
    pictures: Pictures, whole: Fold, at: int, trial: Trial, lesson: int, terms: Terms
) -> Iterator[Cell]:
    """Judge one column, class by class."""
    where = (trial.sweep.name, trial.strength, trial.value)
    for label in range(len(pictures.classes)):
        of = pictures.labels == label
        clean, upright = whole.clean[1 + at][of], whole.clean[0][of]
        taught, before = whole.taught[at][of], whole.before[lesson][of]
        sure = whole.confidence[1 + at][of].astype(np.float64)
        yield judged(label, pictures.classes, Readings(clean, taught, upright, before, sure), terms, where)


def _upright(pictures: Pictures, whole: Fold, alpha: float) -> Iterator[tuple[str, tuple[Share, Share]]]:
    """Yield each class, and how well both networks read it before any change."""
    for label, name in enumerate(pictures.classes):
        of = pictures.labels == label
        clean, taught = (int((read[of] == label).sum()) for read in (whole.clean[0], whole.before[-1]))
        yield name, (share(clean, int(of.sum()), alpha), share(taught, int(of.sum()), alpha))


def _joined(done: Sequence[Fold]) -> Fold:
    """Put folds together, their pictures in order."""
    order = np.argsort(np.concatenate([fold.rows for fold in done]), kind="stable")

    def joined(name: str) -> NDArray[Any]:
        return np.concatenate([getattr(fold, name) for fold in done], axis=1)[:, order]

    moved = np.average([fold.moved for fold in done], axis=0, weights=[len(fold.rows) for fold in done])
    clean, taught, before = (joined(name).astype(np.int64) for name in ("clean", "taught", "before"))
    return Fold(np.arange(len(order)), clean, taught, before, joined("confidence"), moved, joined("sure"))


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


def _alarms(
    pictures: Pictures, disputes: tuple[Dispute, ...], clean: Labels, taught: Labels
) -> Iterator[str]:
    """Say which classes are read wrongly more often than not, or have more labels in dispute than any honest
    class has.
    """
    alpha = ALPHA / len(pictures.classes)
    for label, name in enumerate(pictures.classes):
        mine = pictures.labels == label
        of = int(mine.sum())
        right = share(int(((clean == label) | (taught == label))[mine].sum()), of, alpha)
        if right.high < _MOSTLY:
            yield (
                f"{of - right.hits} of {of} pictures labelled {name!r} are read as others by both networks, "
                "before any change: its labels say little about what is in its pictures"
            )
            continue
        disputed = share(sum(dispute.label == name for dispute in disputes), of, alpha)
        if disputed.low > _ALARMED:
            yield (
                f"{disputed.hits} of {of} labels {name!r} are disputed by both networks: "
                "look at them before believing anything about this class"
            )


def _fold(number: int, advance: Advance, path: Path, *, kept: Path, request: Request, train: Trained) -> None:
    """Do one fold and write down what it found."""
    pictures = reading.load(kept)
    oracle = None
    if request.oracle:
        oracle = network.oracle(Path(request.oracle), pictures.images, pictures.labels, len(pictures.classes))
    found = measure.fold(
        pictures,
        reading.folds(pictures, request.folds, request.seed),
        number,
        request.names,
        request.effort,
        request.seed,
        at=request.at,
        oracle=oracle,
        train=train,
        advance=advance,
    )
    found.save(path)

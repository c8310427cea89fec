"""The one training loop. Every recipe calls `fit`; none has a loop of its own.

A run lives in a folder (`recipes/runs/folder.py`): the same call finds a finished run and returns its result,
goes on with a broken one, or refuses a folder that holds something else.

The same settings give the same history, whether or not the run was killed on the way: the order of
pictures and the numbers that dropout draws are keyed by (seed, epoch) and set anew when an epoch starts,
and a broken epoch is made again. (Keras's own `BackupAndRestore` forgets both, on all backends.)
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import math
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from augkit import backend
from augkit.errors import AugkitError
from recipes import runs
from recipes.reading import Pictures, confusion, score, some
from recipes.runs import Result, Row, events, report
from recipes.workers import ALONE, Workers

if TYPE_CHECKING:
    from augkit.feed import Feed

WATCHED = 1000  # test pictures that are read after every epoch, where no others are given to watch


class TrainingError(AugkitError):
    """Say that a training run cannot go on."""

    exit_code = 1


@dataclasses.dataclass(frozen=True, kw_only=True)
class Training:
    """Say what a run is.

    Attributes:
        title:    what reports call it.
        classes:  names, in the order of the labels.
        epochs:   how often the network is tested and kept.
        steps:    batches in an epoch, whatever the number of pictures.
        seed:     of the order, of dropout, and of what the recipe makes of it.
        settings: everything else that decides the result, as JSON.
    """

    title: str
    classes: tuple[str, ...]
    epochs: int
    steps: int
    seed: int
    settings: Mapping[str, Any]

    def describe(self) -> dict[str, Any]:
        """Return all that decides the result, as JSON, with the backend it runs on."""
        own = {"epochs": self.epochs, "steps": self.steps, "seed": self.seed, "backend": backend.choose()}
        return {**self.settings, **own}


def fit(
    training: Training,
    build: Callable[[], Any],
    feed: Callable[[int], Mapping[str, Any]],
    test: Pictures,
    run: Path,
    *,
    watch: Pictures | None = None,
    rate: Callable[[Sequence[Row]], float] | None = None,
    stop: Callable[[Sequence[Row]], bool] | None = None,
    saved: Callable[[Any], Any] = lambda model: model,
    workers: Workers = ALONE,
) -> Result:
    """Train a network, test it, report it in the folder `run`, and return what its `result.json` holds.

    `build()` makes the compiled network: it takes what `feed` and `test` give, answers with logits or
    probabilities, and counts "accuracy". `feed(epoch)`, counted from 0, gives what `keras.Model.fit`
    takes for that epoch; `fed` makes one of an `augkit.feed.Feed`.

    `test` is what the result counts. `watch` is read after every epoch, as val_loss and val_accuracy;
    without it a part of the test pictures is. `rate(history)` gives the learning rate of the next epoch, and
    the network's optimiser then has no schedule of its own: `plateau.falling`. `stop(history)` says after
    each epoch whether training ends there: `plateau.stalled`. Both follow from the history alone, so that
    a run that goes on after a kill goes the same way.

    The result is the last epoch's. `best.keras` holds the epoch that read most of the watched pictures: where
    those are test pictures it is to use, not to compare by, because an epoch chosen by the test set flatters
    itself. `saved(model)` gives the network to keep in files, where that is a part of what is trained.

    Of several `workers` each calls this; `feed`, `test` and `watch` then give its own part, which together
    are what one alone would see. The first of them writes.

    Raises UsageError for a folder that holds something else, TrainingError when the loss is no longer a
    number.
    """
    settings = training.describe()
    result = workers.agree(runs.begin(run, settings) if workers.first else None)
    if result is None:
        watched = some(test, WATCHED) if watch is None else watch
        model, history = _train(training, build, feed, watched, run, rate, stop, saved, workers)
        seen = "test pictures" if watch is None or watch is test else "pictures kept for it"
        found = _judge(model, saved(model), test, training, workers)
        result = {**found, "history": history, "settings": settings, "watched": seen}
        if workers.first:
            _save(saved(model), run / "last.keras")
            runs.finish(run, result)
    if workers.first and not report.is_complete(run):
        report.write(result, run)
    return result


def fed(feed: Feed) -> Callable[[int], dict[str, Any]]:
    """Make a feed of one that augments while the network trains; an epoch has the steps that it has.

    Its pictures are uint8 from 0 to 255: the network scales them, and `test` is on that scale too.
    """
    return lambda epoch: {"x": feed.at(epoch), "shuffle": False}


def _train(
    training: Training,
    build: Callable[[], Any],
    feed: Callable[[int], Mapping[str, Any]],
    watched: Pictures,
    run: Path,
    rate: Callable[[Sequence[Row]], float] | None,
    stop: Callable[[Sequence[Row]], bool] | None,
    saved: Callable[[Any], Any],
    workers: Workers,
) -> tuple[Any, list[Row]]:
    """Train from where the folder stands to the last epoch; return the network and its history."""
    keras = backend.load()
    keras.utils.set_random_seed(training.seed)
    model = build()
    model.optimizer.build(model.trainable_variables)
    held = [*model.variables, *model.optimizer.variables]
    arrays, history = workers.agree(runs.kept(run) if workers.first else ([], []))
    for variable, array in zip(held if arrays else (), arrays, strict=True):
        variable.assign(array)
    workers.share(model)
    if workers.first:
        runs.mark(run, training.describe())
    with (
        _bar(training.title, training.epochs * training.steps, shown=workers.first) as advance,
        events.writer(run / "tensorboard") if workers.first else contextlib.nullcontext(_nothing) as write,
    ):
        advance(len(history) * training.steps, "")
        while len(history) < training.epochs and not (stop and history and stop(history)):
            epoch = len(history)
            rated = {} if rate is None else {"rate": rate(history)}
            if rate is not None:
                model.optimizer.learning_rate = rated["rate"]
            row = _epoch(keras, model, training.seed, epoch, feed(epoch), watched, advance, workers)
            if not math.isfinite(row["loss"]):
                raise TrainingError(
                    f"the loss is {row['loss']} in epoch {epoch + 1}",
                    where=str(run),
                    fix="lower the learning rate, and name another folder",
                )
            history.append(row | rated)
            if not workers.first:
                continue
            if row["val_accuracy"] >= max(past["val_accuracy"] for past in history):
                _save(saved(model), run / "best.keras")
            runs.keep(run, [keras.ops.convert_to_numpy(variable) for variable in held], history)
            write(history[-1])
    return model, history


def _epoch(
    keras: Any,
    model: Any,
    seed: int,
    epoch: int,
    data: Mapping[str, Any],
    watched: Pictures,
    advance: Callable[[int, str], None],
    workers: Workers,
) -> Row:
    """Train for one epoch, stop at the first loss that is not a number, and test."""

    def after_step(_: int, logs: Mapping[str, float]) -> None:
        if not math.isfinite(logs["loss"]):
            raise _LossIsNoNumber
        advance(1, f"epoch {epoch + 1}, loss {logs['loss']:.3f}")

    def before(*_: object) -> None:
        # Not before `fit`: where it builds the network first, it draws from the same sources.
        _reseed(keras, model, seed, epoch, workers.rank)

    begun = time.perf_counter()
    try:
        watch = keras.callbacks.LambdaCallback(on_epoch_begin=before, on_train_batch_end=after_step)
        logs = model.fit(**data, verbose=0, callbacks=[watch]).history
    except _LossIsNoNumber:
        return {"loss": math.nan}
    seconds = time.perf_counter() - begun
    workers.settle(model)
    loss, accuracy = score(model, watched, workers)
    trained = workers.mean({name: logs[name][0] for name in ("loss", "accuracy")})
    found = {"val_loss": loss, "val_accuracy": accuracy, "seconds": round(seconds, 3)}
    return {"epoch": epoch + 1, **trained, **found}


class _LossIsNoNumber(Exception):
    """Leaves Keras's loop at once."""


def _reseed(keras: Any, model: Any, seed: int, epoch: int, rank: int = 0) -> None:
    """Give every source of randomness in the network a state that only (seed, epoch, rank) decide."""
    who = f" {rank}" if rank else ""

    def number(what: str) -> int:
        return int.from_bytes(hashlib.sha256(f"{seed} {epoch} {what}{who}".encode()).digest()[:4]) >> 1

    # PyTorch's dropout draws from the global generator where a layer has no seed of its own.
    keras.utils.set_random_seed(number("global"))
    # By place, because Keras counts the names it gives on and on.
    for place, layer in enumerate(_layers(model)):
        generator = getattr(layer, "seed_generator", None)
        if generator is not None:
            generator.state.assign(np.array([number(f"layer {place}"), 0], dtype=np.int64))


def _layers(model: Any) -> Iterator[Any]:
    """Yield every layer of a network, those of networks inside it too."""
    for layer in model.layers:
        yield from _layers(layer) if hasattr(layer, "layers") else (layer,)


def _judge(model: Any, network: Any, test: Pictures, training: Training, workers: Workers) -> Result:
    """Count what the network reads: rows of the confusion are what is, columns what is read."""
    counts = confusion(model, test, len(training.classes), workers)
    return {
        "title": training.title,
        "accuracy": float(np.trace(counts) / counts.sum()),
        "classes": list(training.classes),
        "confusion": counts.tolist(),
        "parameters": int(network.count_params()),
    }


def _nothing(row: Row) -> None:
    """Write nothing, where another worker writes."""


def _save(model: Any, path: Path) -> None:
    beside = path.with_name(f"{path.stem}.tmp.keras")
    model.save(beside)
    beside.replace(path)


@contextlib.contextmanager
def _bar(title: str, total: int, *, shown: bool = True) -> Iterator[Callable[[int, str], None]]:
    """Show on standard error how far a run is, where that is a terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("training {task.description}"),
        BarColumn(),
        TextColumn("{task.fields[now]}"),
        TimeRemainingColumn(),
    )
    console = Console(stderr=True)
    hidden = not (shown and sys.stderr.isatty())
    with Progress(*columns, console=console, disable=hidden, transient=True) as progress:
        task = progress.add_task(title, total=total, now="")
        yield lambda steps, now: progress.update(task, advance=steps, now=now)

"""Question: how well does an AlexNet read photographs, trained as its paper has it, or as one would today?

Data:     ImageNet, from the folder of its archives or a tree; or any source of augkit with a split to train
          on and one to test on: folders of classes, parquet:PATH, hub:OWNER/NAME. A source without the second
          is divided: --set data.split=90/10.
Policy:   recipes/policies/alexnet-2012.yaml: 224 of the middle 256 pixels anywhere, mirrored at even odds,
          and the colour of PCA. Its task judges it for the shapes of these pictures: of one far from square
          more is lost than photographs survive; --set task=none trains on that too, as the paper did.
Training: recipes/imagenet.yaml is the paper's, sections 2 to 5: the mean picture subtracted where each crop
          was cut, batches of 128, momentum 0.9, decay 0.0005 inside it, a rate of 0.01 divided by ten when
          the error stalls, three times. recipes/imagenet-modern.yaml has the preset `batchnorm`, a rate that
          falls along a cosine, and bfloat16. Tested by the middle crop after every epoch, by ten at the end:
          the pictures tested on are those watched, whose error says when the rate falls and training ends.
Result:   not measured yet on ImageNet. The paper has 40.7 % top-1 and 18.2 % top-5 error (ILSVRC-2012
          validation, one network, ten crops). The paper's first weights learn late: on 4,000 made pictures of
          ten textures `paper` stood at chance after 20 epochs, 620 steps.
Cost:     an H100 eats 7,400 pictures a second (`paper`, float32, JAX) and 3,600 on PyTorch, whose own network
          eats 6,500; sixteen threads gave it 1,350: train.processes=true has not been timed there yet
          (tests/benchmarks/GPU.md). `make bench ARGS=training` times steps and the feed on what there is.
Command:  python -m recipes.imagenet --set data.source=imagenet:/data/ilsvrc2012 --out out/imagenet
          python -m recipes.imagenet --settings recipes/imagenet-modern.yaml --set data.source=imagenet:/data
          KERAS_BACKEND=torch torchrun --nproc-per-node 4 -m recipes.imagenet --set data.source=imagenet:/data

On JAX all devices of the machine train together, on PyTorch all processes that torchrun starts, as
recipes/workers.py says. The same command goes on with a run that was killed, with any number of workers.
For pictures of another size take another policy, whose last step says what the network sees, and `canvas`;
the preset caffenet is made for those of alexnet-2012-227.yaml.
"""

from __future__ import annotations

import dataclasses
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np

from augkit import backend, policy, safety, sources, tasks
from augkit.errors import UsageError
from augkit.feed import Feed
from augkit.plan import Plan
from augkit.sources import records
from models.presets import PRESETS
from recipes import behind_mean, evaluate, measured, pictures, plateau, runs
from recipes import workers as work
from recipes.fit import Training, fed, fit
from recipes.mean import middle
from recipes.measured import Mean
from recipes.rates import Rate
from recipes.runs import Result, command
from recipes.runs.settings import ASIDE, Count, OneOf, PartShare, Seed, Within, decisive
from recipes.workers import Workers

if TYPE_CHECKING:
    from datasets import DatasetDict

NotNegative = Annotated[float, Within(0)]


@dataclasses.dataclass(frozen=True)
class Data:
    """Say which pictures: a source, its two splits, and shares where it has to be divided first.

    `test` None takes the split validation, or where there is none, test.
    """

    source: str
    split: str | None
    train: str
    test: str | None
    limit: Count | None


@dataclasses.dataclass(frozen=True)
class Network:
    """Say which AlexNet, its dropout where it is not the preset's, and its precision."""

    preset: Annotated[str, OneOf(tuple(PRESETS))]
    dropout: PartShare | None
    precision: Literal["float32", "mixed_bfloat16"]


@dataclasses.dataclass(frozen=True)
class Train:
    """Say how it is trained: `batch` is that of all workers together, `threads` are each one's own, which
    are processes where `processes` says so.
    """

    epochs: Count
    batch: Count
    momentum: PartShare
    decay: NotNegative
    rate: Rate
    threads: Count | None = dataclasses.field(metadata=ASIDE)
    processes: bool = dataclasses.field(metadata=ASIDE)


@dataclasses.dataclass(frozen=True)
class Settings:
    """Hold what recipes/imagenet.yaml says."""

    data: Data
    policy: str
    task: str | None
    canvas: Count
    mean: Mean
    network: Network
    train: Train
    ten_crops: bool = dataclasses.field(metadata=ASIDE)
    seed: Seed


def run(settings: Settings, out: Path) -> str:
    """Train one network with all workers there are, test it, and return what was found."""
    keras = backend.load()
    before = keras.config.dtype_policy()
    with work.started() as workers:
        keras.config.set_dtype_policy(settings.network.precision)
        try:
            return _run(settings, out, workers)
        finally:
            keras.config.set_dtype_policy(before)


def _run(settings: Settings, out: Path, workers: Workers) -> str:
    batch, threads = settings.train.batch, settings.train.threads or _threads()
    workers.check(batch)
    data = _data(settings)
    train, test, classes = data["train"], data["test"], records.class_names(data)
    if len(train) < batch:
        raise UsageError(f"got {len(train)} pictures to train on, want a batch of {batch} at least")
    plan = Plan(_judged(settings, data, out, workers), classes, settings.seed)
    mean = measured.mean(settings.mean, data, settings.canvas, out, threads=threads, workers=workers)
    windows, soft = settings.mean == "pixel", bool(plan.blends)
    feed = Feed(
        plan,
        train,
        batch_size=batch,
        steps=len(train) // batch,
        workers=threads,
        processes=settings.train.processes,
        channels=3,
        part=workers.part,
        windows=windows,
        one_hot=soft,
    )
    shape = feed.shape
    if shape[0] != shape[1] or shape[0] > settings.canvas:
        fix = "end the policy with a step 'resize: {width: 224, height: 224}', or set canvas"
        raise UsageError(
            f"the policy makes pictures of {shape[1]} x {shape[0]}, want a square "
            f"of at most {settings.canvas}",
            where=settings.policy,
            fix=fix,
        )
    if workers.first:
        _as_the_preset_has_it(settings, shape[0])
    if windows:
        _upright(feed, settings)
    mine = test.select(range(workers.rank, len(test), workers.count))
    how: dict[str, Any] = {"batch": batch, "threads": threads, "windows": windows, "one_hot": soft}
    seen = middle(mine, settings.canvas, shape[0], **how)
    training = Training(
        title=settings.network.preset,
        classes=classes,
        epochs=settings.train.epochs,
        steps=len(feed),
        seed=settings.seed,
        settings=_decisive(settings, plan, data),
    )
    stalls = settings.train.rate.plateau()
    result = fit(
        training,
        lambda: _network(settings, shape, len(classes), mean, len(feed), soft),
        fed(feed),
        seen,
        out,
        watch=seen,
        rate=plateau.falling(stalls) if stalls else None,
        stop=plateau.stalled(stalls) if stalls else None,
        saved=behind_mean.kept,
        workers=workers,
    )
    return _told(settings, out, result, test, classes, mean) if workers.first else ""


def _network(
    settings: Settings,
    shape: tuple[int, int, int],
    classes: int,
    mean: np.ndarray | None,
    steps: int,
    soft: bool,
) -> Any:
    """Build and compile the network, with the paper's optimiser."""
    keras = backend.load()
    from models.sgd import PaperSGD

    net = settings.network
    how: dict[str, Any] = {"windows": settings.mean == "pixel", "dropout": net.dropout}
    try:
        model = behind_mean.network(net.preset, shape, classes, mean, seed=settings.seed, **how)
    except ValueError as error:  # of pictures that the preset does not take
        raise UsageError(str(error), fix="take another network.preset, or another policy") from error
    kind = keras.losses.CategoricalCrossentropy if soft else keras.losses.SparseCategoricalCrossentropy
    train = settings.train
    rule = PaperSGD(train.rate.schedule(train.epochs * steps), train.momentum, train.decay)
    model.compile(rule, kind(from_logits=True), metrics=["accuracy"])
    return model


def _as_the_preset_has_it(settings: Settings, side: int) -> None:
    """Warn of pictures that make another network of a preset: its dense layers follow their size."""
    own = PRESETS[settings.network.preset].input_shape[0]
    if side != own:
        fix = f"end the policy with 'resize: {{width: {own}, height: {own}}}'"
        fix += ", as alexnet-2012-227.yaml does" if own == 227 else ""
        print(
            f"{settings.policy}: the policy makes pictures of {side} x {side}, and the preset "
            f"{settings.network.preset!r} is made for {own} x {own}: its dense layers become others\n"
            f"  fix: for the preset's own network {fix}",
            file=sys.stderr,
        )


def _upright(feed: Feed, settings: Settings) -> None:
    """Refuse a policy under which pictures have no place in the mean picture, before anything is trained."""
    try:
        feed[0]
    except UsageError as error:
        fix = "subtract each colour's mean: --set mean=channel"
        raise UsageError(error.problem, where=settings.policy, fix=fix) from error


def _data(settings: Settings) -> DatasetDict:
    """Read the source, and call its two splits train and test."""
    given = settings.data
    data = sources.load(
        given.source,
        split=given.split,
        stratify=bool(given.split),
        seed=settings.seed,
        limit=given.limit,
        say=lambda text: print(text, file=sys.stderr),
    )
    test = given.test or ("validation" if "validation" in data else "test")
    for name, split in (("train", given.train), ("test", test)):
        if split not in data:
            divided = ", or divide the source: --set data.split=90/10 --set data.test=null"
            raise UsageError(
                f"the source has no split {split!r}, only {', '.join(data)}",
                where=given.source,
                fix=f"name another: --set data.{name}=NAME" + ("" if given.split else divided),
            )
    return type(data)(train=data[given.train], test=data[test])


def _judged(settings: Settings, data: DatasetDict, out: Path, workers: Workers) -> safety.SafePolicy:
    """Judge the policy for the shapes of the pictures."""
    path = pictures.policy_file(settings.policy)
    read = policy.load(path)
    task = tasks.load(settings.task or read.task, beside=None if settings.task else path)
    shapes = measured.shapes(data, out, workers)
    return safety.judge(read, task, classes=records.class_names(data), aspect=shapes).safe_policy()


def _told(
    settings: Settings,
    out: Path,
    result: Result,
    test: Any,
    classes: Sequence[str],
    mean: np.ndarray | None,
) -> str:
    """Test the finished network by ten crops too, where that is wanted, and say what was found."""
    lines = [f"{100 * result['accuracy']:.2f} % of {len(test):,} pictures read correctly, by the middle crop"]
    where = out / "ten-crops"
    if settings.ten_crops:
        if not (where / "evaluation.json").exists():
            net = evaluate.read_network(out / "last.keras")
            squares = evaluate.squares(test, classes, settings.canvas)
            scale = evaluate.Scale(0.0 if mean is None else mean)
            tallies = evaluate.evaluate(net, squares, classes, scale)
            evaluate.write(tallies, where, {"network": "last.keras", "canvas": settings.canvas})
        scored = runs.read_json(where / "evaluation.json")
        lines += [
            f"{said:<9} top-1 error {100 - 100 * scored[key]['top1']:.2f} %, "
            f"top-5 error {100 - 100 * scored[key]['top5']:.2f} %"
            for key, said in (("one", "one crop"), ("ten", "ten crops"))
        ]
    return "\n".join([*lines, f"written: {out / 'report.md'}, and more beside it"])


def _decisive(settings: Settings, plan: Plan, data: DatasetDict) -> dict[str, Any]:
    """Return what decides the result, as JSON: not who makes the batches."""
    held = decisive(settings)
    # How often it is tested is in `Training` already.
    held["train"].pop("epochs")
    held.pop("seed")
    # Pictures are told by name and place, because to read a million of them takes an hour.
    seen = {split: {"pictures": len(part), "listing": pictures.listing(part)} for split, part in data.items()}
    return {"recipe": "imagenet", **held, "classes": list(plan.classes), "plan": plan.digest, "seen": seen}


def _threads() -> int:
    """Return how many threads make batches: the cores that each of torchrun's processes has to itself."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, cores // int(os.environ.get("LOCAL_WORLD_SIZE", 1)))


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse, run, print; return the exit code."""
    return command.main("imagenet", __doc__, Settings, run, arguments)


if __name__ == "__main__":
    sys.exit(main())

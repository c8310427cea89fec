"""Training: a step of every AlexNet on every Keras backend, against plain PyTorch; and the feed beside it."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import itertools
import math
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from augkit import backend, policy, safety, sources, tasks
from augkit.feed import Feed
from augkit.plan import Plan
from models.presets import PRESETS
from tests.benchmarks import machine, pictures, policies
from tests.benchmarks.on_disk import scratch
from tests.benchmarks.report import Section, number, times
from tests.benchmarks.rounds import Effort, Entry, interleaved

PLAIN = "plain PyTorch"
ON_GPU = "its batch on the GPU"
PAPER = Path(__file__).parents[2] / "recipes/policies/alexnet-2012.yaml"
LARGE = tuple(name for name, spec in PRESETS.items() if spec.input_shape[0] > 64)
BATCH, STEPS, SECONDS = {"cpu": 32, "gpu": 256}, {"cpu": 1, "gpu": 20}, {"cpu": 20, "gpu": 12}
"""Pictures in a step, steps in one timing, and seconds after which a preset's timings begin no new round."""
FED = {"cpu": 1, "gpu": 60}
"""Steps in one timing through the feed: many, where the feed may be what the network waits for."""
ON_A_CPU = {"paper": tuple(backend.BACKENDS), "one-weird-trick": ("torch",)}
"""What is timed where a step takes a second: these presets, on these backends. A GPU times all on all."""


def training(effort: Effort) -> Section:
    """Time steps of every preset: Keras on each backend, and plain PyTorch, in turn."""
    kind = "gpu" if _has_gpu() else "cpu"
    names = {name: f"Keras on {name}" for name in backend.installed()}
    found = Section(
        "training",
        "Training AlexNet",
        _ABOUT.format(batch=BATCH[kind]),
        ["pictures a second", PLAIN, *names.values(), f"torch against {PLAIN}, time", *_fed_by(kind)],
    )
    effort = dataclasses.replace(effort, seconds=min(effort.seconds, SECONDS[kind]))
    with scratch() as root:
        folder = pictures.folder(root / "photos", pictures.photos(64), 16)
        for preset in _presets(kind) if effort.share == 1 else LARGE[:1]:
            for half in (False, True) if kind == "gpu" else (False,):
                _row(found, preset, half, kind, folder, effort)
        _feed(found, folder, BATCH[kind], effort)
    if kind == "cpu":
        left = ", ".join(preset for preset in LARGE if preset not in ON_A_CPU)
        found.remarks.append(f"No GPU here: {left} and half precision, which are timed on one, are not.")
    missing = [name for name in backend.BACKENDS if name not in names]
    found.remarks.extend(f"Keras on {name}: skipped, not installed." for name in missing)
    return found


def _presets(kind: str) -> tuple[str, ...]:
    """Return what is timed: all presets on a GPU, on a CPU those whose backends are here."""
    here = set(backend.installed())
    return LARGE if kind == "gpu" else tuple(one for one, on in ON_A_CPU.items() if here & set(on))


def _row(found: Section, preset: str, half: bool, kind: str, folder: Path, effort: Effort) -> None:
    """Time one preset on every engine that is there, and the first Keras through the feed too."""
    name = preset + ", bfloat16" * half
    installed = backend.installed()
    keras = [one for one in installed if kind == "gpu" or one in ON_A_CPU[preset]]
    engines = [PLAIN] * ("torch" in keras) + keras
    with contextlib.ExitStack() as stack:
        ask = {e: stack.enter_context(_engine(e, preset, BATCH[kind], half, folder)) for e in engines}
        for engine in engines:  # all start at once, and are waited for here
            ask[engine]("ready 0")
        train, seen = f"train {STEPS[kind]}", STEPS[kind] * BATCH[kind]
        entries = [Entry(e, _asking(ask[e], train), seen) for e in engines]
        for e in keras if kind == "gpu" else keras[:1]:
            drain, eat = _asking(ask[e], "drain 0"), _asking(ask[e], f"feed {FED[kind]}")
            entries.append(Entry(f"{e}, fed", eat, FED[kind] * BATCH[kind], drain))
        if kind == "gpu" and PLAIN in engines:
            entries.append(Entry(ON_GPU, _asking(ask[PLAIN], f"stay {STEPS[kind]}"), seen))
        timed = interleaved(entries, effort)
    cells = [number(timed.rate(e)) if e in timed else "–" for e in (PLAIN, *installed)]
    found.numbers |= {f"{name}: {e}": timed.rate(e) for e in engines}
    against = "–"
    if PLAIN in timed:
        against = times(timed.ratios(PLAIN, "torch"))
        found.numbers[f"{name}: torch against plain"] = timed.ratio(PLAIN, "torch")
    fed = {e: timed.ratio(f"{e}, fed", e) for e in keras if f"{e}, fed" in timed}
    found.numbers |= {f"{name}: {e} through the feed": share for e, share in fed.items()}
    told = [" ".join(f"{share:.2f}× of {e}" for e, share in fed.items())]
    if kind == "gpu":
        found.numbers[f"{name}: {ON_GPU}"] = most = timed.rate(ON_GPU) if ON_GPU in timed else math.nan
        told += [" ".join(number(timed.rate(f"{e}, fed")) for e in fed), number(most)]
    found.rows.append([name, *cells, against, *told])


def _fed_by(kind: str) -> list[str]:
    """Return the heads of what is told of the feed."""
    on_gpu = ["pictures a second through it", f"{PLAIN}, {ON_GPU}"]
    return ["through the feed", *(on_gpu if kind == "gpu" else [])]


def _feed(found: Section, folder: Path, batch: int, effort: Effort) -> None:
    """Time the feed with nobody beside it, and set it against the hungriest network."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    ways = [(1, False), *([(cores, False)] if cores > 1 else []), (cores, True)]
    names = {way: f"the feed alone, {'processes' if way[1] else 'threads'}: {way[0]}" for way in ways}
    entries = []
    for (workers, processes), name in names.items():
        # Each makes three in a row, so that the first ones, which all end at once, count little.
        some = 3 * max(workers, 512 // batch)
        batches = endless(paper_feed(folder, batch, "paper", workers, processes))
        drain = functools.partial(_take, batches, ahead(workers))
        entries.append(Entry(name, functools.partial(_take, batches, some), some * batch, drain))
    timed = interleaved(entries, effort)
    for name in names.values():
        found.numbers[name] = timed.rate(name)
        found.rows.append([name, number(timed.rate(name)), *["–"] * (len(found.head) - 2)])
    asking = tuple(f": {name}" for name in backend.installed())
    hungry = {key: rate for key, rate in found.numbers.items() if key.endswith(asking)}
    most = max(hungry, key=lambda key: hungry[key])
    fastest = max(timed.rate(name) for name in names.values())
    over = fastest / hungry[most]
    found.numbers["feed against appetite"] = over
    found.remarks.append(
        f"The feed gives {number(fastest)} pictures a second at the most; the "
        f"hungriest network ({most}) eats {number(hungry[most])}: {number(over)} times as many as it needs."
    )


def ahead(threads: int) -> int:
    """Return how many batches a feed may have ready: they are taken before the clock runs."""
    return 2 * threads + 1


def paper_feed(folder: Path, batch: int, preset: str, workers: int, processes: bool = False) -> Feed:
    """Return a feed of the photos in a folder: the paper's augmentation, at a preset's size."""
    side = PRESETS[preset].input_shape[0]
    text = PAPER.read_text("utf-8").replace("{width: 224, height: 224}", f"{{width: {side}, height: {side}}}")
    judged = safety.judge(policy.parse(text, PAPER.name), tasks.load("natural"), aspect=policies.SHAPES)
    plan = Plan(judged.safe_policy(), pictures.CLASSES)
    return Feed(plan, sources.load(folder), batch_size=batch, workers=workers, processes=processes)


def endless(feed: Feed) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield a feed's batches, epoch after epoch."""
    for epoch in itertools.count():
        yield from feed.at(epoch)


def _take(batches: Iterator[object], count: int) -> None:
    for _ in itertools.islice(batches, count):
        pass


def _asking(ask: Callable[[str], None], what: str) -> Callable[[], None]:
    return lambda: ask(what)


@contextlib.contextmanager
def _engine(name: str, preset: str, batch: int, half: bool, folder: Path) -> Iterator[Callable[[str], None]]:
    """Start a process that makes steps when it is asked to; it answers when it is ready."""
    call = [sys.executable, "-m", "tests.benchmarks.steps", name, preset, str(batch), str(int(half)), folder]
    # Libraries run as they do by themselves: what quietens TensorFlow also takes fast kernels from it.
    variables = machine.environment(one_thread=False) | {"TF_ENABLE_ONEDNN_OPTS": "1"}
    variables |= {"XLA_PYTHON_CLIENT_PREALLOCATE": "false"}  # several share a GPU
    if name != PLAIN:
        variables["KERAS_BACKEND"] = name
    with subprocess.Popen(
        call, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=variables
    ) as process:
        talk, hear = process.stdin, process.stdout
        assert talk is not None and hear is not None

        def ask(what: str) -> None:
            print(what, file=talk, flush=True)
            if not hear.readline():
                raise RuntimeError(f"{name}, {preset}: its process ended, see above")

        yield ask
        talk.close()


def _has_gpu() -> bool:
    """Tell whether an engine would find a GPU, by asking the one that answers fastest."""
    with contextlib.suppress(OSError):
        call = ["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"]
        return bool(subprocess.run(call, capture_output=True, check=False).stdout.strip())
    return False


_ABOUT = (
    "SGD with the paper's rule, momentum and decay, batches of {batch}, all cores; each network in a process "
    "of its own, and they take turns. What is compared gets one batch of uint8 pictures from memory and "
    "subtracts the mean itself, as recipes train it; 'through the feed' is the same network on JPEG photos, "
    "decoded and augmented as recipes/policies/alexnet-2012.yaml says while it trains: 1 is a feed that "
    "costs nothing. PyTorch's networks are written from the same table in its own layers. Keras on torch has "
    "channels first, the others last."
)

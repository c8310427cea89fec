"""Training: a step of every AlexNet on every Keras backend, against plain PyTorch; and the feed beside it."""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from augkit import backend, policy, safety, sources, tasks
from augkit.feed import Feed
from augkit.plan import Plan
from models.presets import PRESETS
from tests.benchmarks import machine, pictures, policies
from tests.benchmarks.on_disk import scratch
from tests.benchmarks.report import Section, number, times
from tests.benchmarks.rounds import Effort, Entry, interleaved

PLAIN = "plain PyTorch"
PAPER = Path(__file__).parents[2] / "recipes/policies/alexnet-2012.yaml"
LARGE = tuple(name for name, spec in PRESETS.items() if spec.input_shape[0] > 64)
BATCH, STEPS, SECONDS = {"cpu": 32, "gpu": 256}, {"cpu": 1, "gpu": 20}, {"cpu": 20, "gpu": 70}
"""Pictures in a step, steps in one timing, and seconds after which a preset's timings begin no new round."""
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
        ["pictures a second", PLAIN, *names.values(), f"torch against {PLAIN}, time", "through the feed"],
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
            ask[engine]("0")
        asked = [(e, f"{STEPS[kind]}", e) for e in engines] + [("feed", f"feed {STEPS[kind]}", keras[0])]
        entries = [Entry(n, _asking(ask[e], what), STEPS[kind] * BATCH[kind]) for n, what, e in asked]
        timed = interleaved(entries, effort)
    cells = [number(timed.rate(e)) if e in timed else "–" for e in (PLAIN, *installed)]
    found.numbers |= {f"{name}: {e}": timed.rate(e) for e in engines}
    against = "–"
    if PLAIN in timed:
        against = times(timed.ratios(PLAIN, "torch"))
        found.numbers[f"{name}: torch against plain"] = timed.ratio(PLAIN, "torch")
    fed = timed.ratio("feed", keras[0])
    found.numbers[f"{name}: through the feed"] = fed
    found.rows.append([name, *cells, against, f"{fed:.2f}× of {keras[0]}"])


def _feed(found: Section, folder: Path, batch: int, effort: Effort) -> None:
    """Time the feed with nobody beside it, and set it against the hungriest network."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    names = {threads: f"the feed alone, threads: {threads}" for threads in sorted({1, cores})}
    entries = [
        Entry(name, _taking(paper_feed(folder, batch, "paper", threads), 512 // batch), 512 // batch * batch)
        for threads, name in names.items()
    ]
    timed = interleaved(entries, effort)
    for name in names.values():
        found.numbers[name] = timed.rate(name)
        found.rows.append([name, number(timed.rate(name)), *["–"] * (len(found.head) - 2)])
    hungry = {key: rate for key, rate in found.numbers.items() if key.endswith(backend.installed())}
    most = max(hungry, key=lambda key: hungry[key])
    over = timed.rate(names[cores]) / hungry[most]
    found.numbers["feed against appetite"] = over
    found.remarks.append(
        f"The feed gives {number(timed.rate(names[cores]))} pictures a second on {cores} threads; the "
        f"hungriest network ({most}) eats {number(hungry[most])}: {number(over)} times as many as it needs."
    )


def paper_feed(folder: Path, batch: int, preset: str, workers: int) -> Feed:
    """Return a feed of the photos in a folder: the paper's augmentation, at a preset's size."""
    side = PRESETS[preset].input_shape[0]
    text = PAPER.read_text("utf-8").replace("{width: 224, height: 224}", f"{{width: {side}, height: {side}}}")
    judged = safety.judge(policy.parse(text, PAPER.name), tasks.load("natural"), aspect=policies.SHAPES)
    return Feed(
        Plan(judged.safe_policy(), pictures.CLASSES), sources.load(folder), batch_size=batch, workers=workers
    )


def _taking(feed: Feed, batches: int) -> Callable[[], None]:
    numbers = itertools.count()

    def take() -> None:
        for _ in range(batches):
            epoch, index = divmod(next(numbers), len(feed))
            feed.at(epoch)[index]

    return take


def _asking(ask: Callable[[str], None], what: str) -> Callable[[], None]:
    return lambda: ask(what)


@contextlib.contextmanager
def _engine(name: str, preset: str, batch: int, half: bool, folder: Path) -> Iterator[Callable[[str], None]]:
    """Start a process that makes steps when it is asked to; it answers when it is ready."""
    call = [sys.executable, "-m", "tests.benchmarks.steps", name, preset, str(batch), str(int(half)), folder]
    # Libraries run as they do by themselves: what quietens TensorFlow also takes fast kernels from it.
    variables = machine.environment(one_thread=False) | {"TF_ENABLE_ONEDNN_OPTS": "1"}
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
    "of its own, and they take turns. What is compared gets one batch from memory; 'through the feed' is the "
    "same network on JPEG photos, decoded and augmented as recipes/policies/alexnet-2012.yaml says while it "
    "trains: 1 is a feed that costs nothing. PyTorch's networks are written from the same table in its own "
    "layers. Keras on torch has channels first, the others last."
)

"""One network on one engine, in a process of its own, that makes training steps when it is told to.

`training.py` starts it.  A line on its standard input asks for a number of steps of SGD on one batch that
stays in memory, or, as in "feed 3", on batches of the feed; "drain 0" takes what the feed has made ahead, and
"stay 3" makes plain PyTorch keep its batch on the GPU.  A line on its standard output says that the last step
is done.  The plain network is written in PyTorch's own layers, as who has no Keras would write it; Keras's is
what recipes train.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from models.presets import PRESETS
from tests.benchmarks import training

RATE, MOMENTUM, DECAY, MEAN = 0.001, 0.9, 5e-4, 117

THREADS = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 2

Batch = tuple[np.ndarray, np.ndarray]
"""Pictures, uint8 N×H×W×C, and labels, int64 (N,)."""
Batches = Iterator[Batch]
Step = Callable[[Batches, int, bool], None]
"""Trains on the next so many batches, or so often on the one that stays where the network is."""


def main() -> None:
    """Build a network, and make the steps that are asked for."""
    engine, preset, batch, half, folder = sys.argv[1:]
    # What libraries print goes to standard error: standard output is the conversation.
    said = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    step = (_plain if engine == training.PLAIN else _keras)(preset, half == "1")
    memory: Batches = itertools.repeat(_noise(preset, int(batch)))
    fed: Batches | None = None
    on_gpu = (
        int(batch) == training.BATCH["gpu"]
    )  # then no network wants the cores, and processes share no lock
    for line in sys.stdin:
        what, count = line.split()
        if what in ("feed", "drain") and fed is None:
            fed = training.endless(training.paper_feed(Path(folder), int(batch), preset, THREADS, on_gpu))
        if what == "drain" and fed is not None:
            list(itertools.islice(fed, training.ahead(THREADS)))
        elif int(count):
            step(fed if what == "feed" and fed is not None else memory, int(count), what == "stay")
        print("done", file=said, flush=True)


def _noise(preset: str, batch: int) -> tuple[np.ndarray, np.ndarray]:
    """Return a batch of noise."""
    chance, spec = np.random.default_rng(0), PRESETS[preset]
    x = chance.integers(0, 256, (batch, *spec.input_shape), np.uint8)
    return x, chance.integers(0, spec.top.units, batch)


def _keras(preset: str, half: bool) -> Step:
    from augkit import backend

    keras = backend.load()
    from models.sgd import PaperSGD
    from recipes import behind_mean

    if half:
        keras.config.set_dtype_policy("mixed_bfloat16")
    spec = PRESETS[preset]
    model = behind_mean.network(preset, spec.input_shape, spec.top.units, np.full((1, 1, 3), MEAN), seed=0)
    model.compile(
        PaperSGD(RATE, MOMENTUM, DECAY),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )

    class Next(keras.utils.PyDataset):  # type: ignore[misc]
        """The next few batches, as an epoch of them."""

        def __init__(self, batches: Batches, count: int) -> None:
            super().__init__()
            self.batches, self.count = batches, count

        def __len__(self) -> int:
            return self.count

        def __getitem__(self, index: int) -> Batch:
            return next(self.batches)

    def step(batches: Batches, count: int, stay: bool) -> None:
        model.fit(Next(batches, count), shuffle=False, verbose=0)

    return step


def _plain(preset: str, half: bool) -> Step:
    import torch
    from torch import nn

    device = "cuda" if torch.cuda.is_available() else "cpu"
    torch.manual_seed(0)
    model = plain(preset).to(device)
    optimiser = torch.optim.SGD(model.parameters(), RATE, momentum=MOMENTUM, weight_decay=DECAY)
    kept: list[tuple[Any, Any]] = []

    def step(batches: Batches, count: int, stay: bool) -> None:
        total = torch.zeros((), device=device)
        for x, y in itertools.islice(batches, count):
            there = kept[0] if stay and kept else tuple(torch.from_numpy(one).to(device) for one in (x, y))
            kept[:] = [there]
            pictures = there[0].permute(0, 3, 1, 2).float() - MEAN
            halved = torch.autocast(device, torch.bfloat16) if half else contextlib.nullcontext()
            optimiser.zero_grad()
            with halved:
                loss = nn.functional.cross_entropy(model(pictures.contiguous()), there[1])
            loss.backward()
            optimiser.step()
            total += loss.detach()
        float(total)  # waits for the last step

    return step


def plain(preset: str) -> Any:
    """Write a preset in PyTorch's own layers, C×H×W in, logits out."""
    from torch import nn

    spec = PRESETS[preset]
    height, width, channels = spec.input_shape
    layers: list[Any] = []

    def then(names: tuple[str, ...], features: int, flat: bool) -> None:
        nonlocal height, width
        for name in names:
            if name == "relu":
                layers.append(nn.ReLU(inplace=True))
            elif name == "pool":
                layers.append(nn.MaxPool2d(3, 2))
                height, width = (height - 3) // 2 + 1, (width - 3) // 2 + 1
            elif name == "lrn" and spec.lrn:
                lrn = spec.lrn  # PyTorch divides alpha by n
                layers.append(nn.LocalResponseNorm(lrn.n, alpha=lrn.alpha * lrn.n, beta=0.75, k=lrn.k))
            elif name == "batchnorm":
                layers.append((nn.BatchNorm1d if flat else nn.BatchNorm2d)(features))
            elif name == "dropout":
                layers.append(nn.Dropout(spec.dropout))

    then(spec.before, channels, False)
    for conv in spec.convs:
        bias = conv.bias is not None
        layers.append(
            nn.Conv2d(
                channels, conv.filters, conv.kernel, conv.stride, conv.pad, groups=conv.groups, bias=bias
            )
        )
        channels = conv.filters
        height, width = ((side + 2 * conv.pad - conv.kernel) // conv.stride + 1 for side in (height, width))
        then(conv.then, channels, False)
    layers.append(nn.Flatten())
    inputs = channels * height * width
    for dense in (*spec.dense, spec.top):
        layers.append(nn.Linear(inputs, dense.units, bias=dense.bias is not None))
        inputs = dense.units
        then(dense.then, inputs, True)
    return nn.Sequential(*layers)


if __name__ == "__main__":
    main()

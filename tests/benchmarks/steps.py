"""One network on one engine, in a process of its own, that makes training steps when it is told to.

`training.py` starts it.  A line on its standard input asks for a number of steps of SGD on one batch that
stays in memory, or, as in "feed 3", on batches of the feed; a line on its standard output says that the last
one is done.  The plain network is written in PyTorch's own layers, as who has no Keras would write it.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from models.presets import PRESETS
from tests.benchmarks import training

RATE, MOMENTUM, DECAY, MEAN = 0.001, 0.9, 5e-4, 117

Batches = Iterable[tuple[np.ndarray, np.ndarray]]
"""Pictures, float32 or uint8 N×H×W×C, and labels, int64 (N,)."""


def main() -> None:
    """Build a network, and make the steps that are asked for."""
    engine, preset, batch, half, folder = sys.argv[1:]
    # What libraries print goes to standard error: standard output is the conversation.
    said = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    make = _plain if engine == training.PLAIN else _keras
    step = make(preset, half == "1")
    memory, feed = itertools.repeat(_noise(preset, int(batch))), None
    for line in sys.stdin:
        count = int(line.split()[-1])
        if line.startswith("feed") and feed is None:
            feed = _fed(preset, int(batch), Path(folder))
        batches = feed if line.startswith("feed") and feed is not None else memory
        if count:
            step(batches, count)
        print("done", file=said, flush=True)


def _noise(preset: str, batch: int) -> tuple[np.ndarray, np.ndarray]:
    """Return a batch of noise, as loud as pictures less their mean."""
    chance, spec = np.random.default_rng(0), PRESETS[preset]
    x = chance.uniform(-MEAN, 255 - MEAN, (batch, *spec.input_shape)).astype(np.float32)
    return x, chance.integers(0, spec.top.units, batch)


def _fed(preset: str, batch: int, folder: Path) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield what the feed makes, less a mean, without end."""
    threads = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 2
    feed = training.paper_feed(folder, batch, preset, threads)
    for number in itertools.count():
        epoch, index = divmod(number, len(feed))
        x, y = feed.at(epoch)[index]
        yield x.astype(np.float32) - MEAN, y


def _keras(preset: str, half: bool) -> Callable[[Batches, int], None]:
    from augkit import backend

    keras = backend.load()
    from models.alexnet import alexnet
    from models.sgd import PaperSGD

    if half:
        keras.config.set_dtype_policy("mixed_bfloat16")
    # PyTorch's kernels want channels first, on a CPU at least; the others want them last.
    first = backend.choose() == "torch"
    model = alexnet(
        preset,
        classifier_activation=None,
        data_format="channels_first" if first else "channels_last",
        seed=0,
    )
    model.compile(
        PaperSGD(RATE, MOMENTUM, DECAY),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )

    def step(batches: Batches, count: int) -> None:
        turned = ((x.transpose(0, 3, 1, 2) if first else x, y) for x, y in itertools.islice(batches, count))
        model.fit(turned, steps_per_epoch=count, shuffle=False, verbose=0)

    return step


def _plain(preset: str, half: bool) -> Callable[[Batches, int], None]:
    import torch
    from torch import nn

    device = "cuda" if torch.cuda.is_available() else "cpu"
    torch.manual_seed(0)
    model = plain(preset).to(device)
    optimiser = torch.optim.SGD(model.parameters(), RATE, momentum=MOMENTUM, weight_decay=DECAY)

    def step(batches: Batches, count: int) -> None:
        total = torch.zeros((), device=device)
        for x, y in itertools.islice(batches, count):
            pictures = torch.from_numpy(x.transpose(0, 3, 1, 2)).to(device).contiguous()
            halved = torch.autocast(device, torch.bfloat16) if half else contextlib.nullcontext()
            optimiser.zero_grad()
            with halved:
                loss = nn.functional.cross_entropy(model(pictures), torch.from_numpy(y).to(device))
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

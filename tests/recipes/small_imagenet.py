"""A made set of photographs, small, and recipes/imagenet.py on it with 64 units where AlexNet has 4,096.

python -m tests.recipes.small_imagenet ROOT OUT [KILL-IN-EPOCH] [A.B=VALUE ...]
"""

from __future__ import annotations

import dataclasses
import os
import signal
import sys
from pathlib import Path
from typing import Any

import numpy as np

from augkit import codec
from models.presets import PRESETS
from recipes import fit, imagenet

CLASSES = ("n01440764", "n01443537", "n01484850")
POLICY = """
version: 1
task: natural
steps:
  - resize: {shorter: 72}
  - centre_crop: {aspect: 1}
  - crop: {side: [0.8888888888888888, 0.8888888888888888]}    # 64 of 72, whose middle lies at whole pixels
  - flip_horizontal: {p: 0.5}
  - pca_colour: {sigma: [0.1, 0.1]}
  - resize: {width: 64, height: 64}
"""
SMALL = (
    "canvas=72", "train.batch=8", "train.epochs=3", "network.dropout=0.0",
    "train.rate.first=0.002", "train.threads=1",
)  # fmt: skip


def photograph(label: int, number: int) -> np.ndarray:
    """Draw stripes that run across, down or aslant, in any colour, uint8 of about 100 x 75 x 3."""
    chance = np.random.default_rng(1000 * label + number)
    width, height = chance.integers(80, 110), chance.integers(70, 90)
    x, y = np.meshgrid(np.arange(width), np.arange(height))
    along = (y, x, x + y)[label] * chance.uniform(0.35, 0.5) + chance.uniform(0, 6)
    colour = chance.uniform(60, 200, 3)
    levels = colour + 50 * np.sin(along)[:, :, None] + chance.normal(0, 8, (height, width, 3))
    return np.clip(levels, 0, 255).astype(np.uint8)


def make(root: Path, train: int = 10, test: int = 5) -> Path:
    """Write root/train and root/val, so many JPEG files of each class, and the policy; return root."""
    for split, count, first in (("train", train, 0), ("val", test, 500)):
        for label, name in enumerate(CLASSES):
            folder = root / split / name
            folder.mkdir(parents=True)
            for number in range(first, first + count):
                data = codec.encode(photograph(label, number), "jpeg")
                (folder / f"{name}_{number}.jpg").write_bytes(data)
    (root / "policy.yaml").write_text(POLICY, encoding="utf-8")
    return root


def arguments(root: Path, out: Path, *changes: str) -> list[str]:
    """Return the command line of a short run."""
    given = (f"data.source=folder:{root}", f"policy={root / 'policy.yaml'}", *SMALL, *changes)
    return ["--out", str(out), *(word for change in given for word in ("--set", change))]


def slim() -> None:
    """Give the presets 64 units where they have 4,096, which are nine tenths of the time."""
    for name, spec in list(PRESETS.items()):
        dense = tuple(dataclasses.replace(one, units=64) for one in spec.dense)
        PRESETS[name] = dataclasses.replace(spec, dense=dense)


def _killed_in(epoch: int) -> None:
    """Have SIGKILL end this process in the middle of an epoch."""
    epochs = fit._epoch

    def broken(keras: Any, model: Any, seed: int, number: int, data: Any, *rest: Any) -> Any:
        if number == epoch:
            cut = keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: batch and _kill())
            model.fit(**data, verbose=0, callbacks=[cut])
        return epochs(keras, model, seed, number, data, *rest)

    fit._epoch = broken


def _kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def main() -> int:
    """Run the recipe."""
    root, out, *rest = sys.argv[1:]
    slim()
    if rest and rest[0].isdecimal():
        _killed_in(int(rest.pop(0)))
    return imagenet.main(arguments(Path(root), Path(out), *rest))


if __name__ == "__main__":
    sys.exit(main())

"""What is measured of pictures once, before a run begins, and kept in its folder: their shapes, their mean.

The first of several workers reads what is kept there, and tells the others.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from augkit.intervals import Interval
from augkit.sources.aspects import aspects
from recipes import runs
from recipes.mean import mean_picture
from recipes.workers import Workers

if TYPE_CHECKING:
    from datasets import DatasetDict

Mean = Literal["pixel", "channel", "none"]


def shapes(data: DatasetDict, out: Path, workers: Workers) -> Interval:
    """Return the least and the largest width over height of the pictures to train on."""
    path = out / "aspects.json"
    if workers.first and not path.exists():
        found = aspects(data, ("train",))
        runs.write_json(path, [found.low, found.high])
    low, high = workers.agree(runs.read_json(path) if workers.first else [1, 1])
    return Interval(low, high)


def mean(
    kind: Mean, data: DatasetDict, canvas: int, out: Path, *, threads: int, workers: Workers
) -> np.ndarray | None:
    """Return what is subtracted from pictures to train on: each pixel's mean, each colour's, or None.

    It is float32, `canvas` x `canvas` x 3 or 1 x 1 x 3, of 0 to 255.
    """
    if kind == "none":
        return None
    path = out / "mean.npy"
    found = workers.agree(np.load(path) if workers.first and path.exists() else None)
    if found is None:
        found = mean_picture(data["train"], canvas, threads=threads, workers=workers)
        found = found.mean(axis=(0, 1), keepdims=True) if kind == "channel" else found
        if workers.first:
            runs.replace(path, lambda file: np.save(file, found))
    return found

"""What a network reads in pictures: arrays or batches, by one worker or by several."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from augkit import backend
from recipes.workers import ALONE, Workers

READ_AT_ONCE = 500

Pictures = Any
"""Arrays (pictures, labels), or batches: a `PyDataset`, or what else has a length and gives (x, y)."""


def score(model: Any, pictures: Pictures, workers: Workers = ALONE) -> tuple[float, float]:
    """Return the loss and the share that is read correctly of all workers' pictures."""
    keras = backend.load()
    losses, sums = keras.losses.get(model.loss), np.zeros(3)
    for answers, labels in _read(model, pictures, workers):
        loss = float(np.mean(keras.ops.convert_to_numpy(losses(labels, answers))))
        right = float((answers.argmax(axis=1) == _classes(labels)).sum())
        sums += (loss * len(labels), right, len(labels))
    loss, right, count = workers.total(sums).tolist()
    return loss / count, right / count


def confusion(model: Any, pictures: Pictures, classes: int, workers: Workers = ALONE) -> np.ndarray:
    """Count what is read, int64 K x K: rows are what is, columns what is read."""
    counts = np.zeros((classes, classes), dtype=np.int64)
    for answers, labels in _read(model, pictures, workers):
        np.add.at(counts, (_classes(labels), answers.argmax(axis=1)), 1)
    return workers.total(counts)


def some(pictures: Pictures, most: int) -> tuple[np.ndarray, np.ndarray]:
    """Return some of the pictures as arrays, about `most`, spread over all of them."""
    if isinstance(pictures, tuple):
        every = math.ceil(len(pictures[1]) / most)
        return pictures[0][::every], pictures[1][::every]
    many = max(1, most // len(pictures[0][1]))
    every = math.ceil(len(pictures) / many)
    found = [pictures[i] for i in range(0, len(pictures), every)]
    return np.concatenate([x for x, _ in found]), np.concatenate([y for _, y in found])


def _read(model: Any, pictures: Pictures, workers: Workers) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield the network's answers N x K to every batch, and its labels."""
    tree = backend.load().tree
    for x, labels in _batches(pictures):
        # Devices share a batch evenly: the last one is filled up, and what was filled is cut off again.
        rows = np.minimum(np.arange(len(labels) + -len(labels) % workers.devices), len(labels) - 1)
        x = tree.map_structure(lambda array, rows=rows: workers.spread(array[rows]), x)
        yield np.asarray(model.predict_on_batch(x))[: len(labels)], labels


def _batches(pictures: Pictures) -> Iterator[tuple[Any, np.ndarray]]:
    if isinstance(pictures, tuple):
        x, y = pictures
        starts = range(0, len(y), READ_AT_ONCE)
        yield from ((x[i : i + READ_AT_ONCE], y[i : i + READ_AT_ONCE]) for i in starts)
    else:
        yield from (pictures[i] for i in range(len(pictures)))


def _classes(labels: np.ndarray) -> np.ndarray:
    found: np.ndarray = labels if labels.ndim == 1 else labels.argmax(axis=1)
    return found

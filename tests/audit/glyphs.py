"""Drawn letters whose symmetries are known, and a learner of nearest neighbours: audits without training."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from datasets import DatasetDict
from numpy.typing import NDArray

from augkit import codec
from augkit.audit import Effort, Request
from augkit.audit.network import Reader
from augkit.sources import records

SIDE = 12

# L and J are each other's mirror images, + is its own under everything, T under the left-right mirror.
SHAPES = {
    "L": ("#....", "#....", "#....", "#....", "#####"),
    "J": ("....#", "....#", "....#", "....#", "#####"),
    "+": ("..#..", "..#..", "#####", "..#..", "..#.."),
    "T": ("#####", "..#..", "..#..", "..#..", "..#.."),
}

QUICK = Effort(clean=1, turned=2500, taught=2500)


def glyphs(
    each: int = 120, seed: int = 0, shapes: Mapping[str, tuple[str, ...]] = SHAPES
) -> tuple[NDArray[np.uint8], NDArray[np.int64], tuple[str, ...]]:
    """Draw `each` pictures of every shape, slightly moved, of different ink, with noise."""
    random = np.random.default_rng(seed)
    pictures, labels = [], []
    for label, rows in enumerate(shapes.values()):
        shape = np.array([[cell == "#" for cell in row] for row in rows], np.float64)
        for _ in range(each):
            picture = random.normal(20, 12, (SIDE, SIDE))
            y, x = 3 + random.integers(0, 2, 2)
            picture[y : y + 5, x : x + 5] += shape * random.uniform(130, 220)
            pictures.append(np.clip(picture, 0, 255).astype(np.uint8)[:, :, None])
            labels.append(label)
    return np.stack(pictures), np.array(labels), tuple(shapes)


def data(pictures: NDArray[np.uint8], labels: NDArray[np.int64], classes: tuple[str, ...]) -> DatasetDict:
    """Make a data set of one split."""
    keys = [f"{classes[label]}-{number}" for number, label in enumerate(labels.tolist())]
    cells = [codec.encode(picture) for picture in pictures]
    return DatasetDict({"train": records.dataset(keys, cells, labels.tolist(), classes)})


class Neighbours:
    """Read a picture as its five nearest neighbours of those that were learned."""

    def __init__(self, pictures: NDArray[np.uint8], labels: NDArray[np.int64], classes: int) -> None:
        self.known = self._flat(pictures)
        self.labels = np.eye(classes)[labels]

    def predict_on_batch(self, pictures: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Return logits: votes, a little smoothed."""
        flat = self._flat(pictures)
        near = np.argpartition(-(flat @ self.known.T), 5, axis=1)[:, :5]
        return np.log(self.labels[near].mean(axis=1) + 0.02)

    @staticmethod
    def _flat(pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
        flat = pictures.reshape(len(pictures), -1).astype(np.float32)
        flat -= flat.mean(axis=1, keepdims=True)
        return flat / np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-6)


@dataclasses.dataclass
class Learner:
    """Stand in for `network.trained`, and remember what it was trained with."""

    trained: list[set[bytes]] = dataclasses.field(default_factory=list)

    def __call__(
        self,
        pictures: NDArray[np.uint8],
        labels: NDArray[np.int64],
        classes: int,
        held: NDArray[np.bool_],
        *,
        epochs: int,
        seed: int,
        changed: Callable[..., Any] | None = None,
        quick: bool = False,
        advance: Callable[[int], None] = lambda done: None,
    ) -> Reader:
        self.trained.append({picture.tobytes() for picture in pictures})
        shown, truth = pictures[~held], labels[~held]
        rounds = [(shown, truth) if changed is None else changed(shown, truth, at) for at in range(epochs)]
        advance(len(shown) * epochs)
        seen, named = (np.concatenate(part) for part in zip(*rounds, strict=True))
        return Reader(Neighbours(seen, named, classes))


def request(**more: Any) -> Request:
    """Ask for turns and mirrors alone, quickly."""
    asked: dict[str, Any] = {"source": "glyphs", "sweeps": ("turn", "mirrored"), "effort": QUICK, "folds": 2}
    return Request(**{**asked, **more})

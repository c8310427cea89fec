"""A feed for the training loop, of arrays in memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np


def shuffled(
    pictures: np.ndarray, labels: np.ndarray, *, batch: int, steps: int, seed: int
) -> Callable[[int], dict[str, Any]]:
    """Make a feed of pictures, scaled to 0..1, in an order that seed and epoch decide alone."""

    def feed(epoch: int) -> dict[str, Any]:
        chosen = np.random.default_rng([seed, epoch]).integers(0, len(pictures), batch * steps)
        x = pictures[chosen].astype(np.float32) / 255
        return {"x": x, "y": labels[chosen], "batch_size": batch, "shuffle": False}

    return feed

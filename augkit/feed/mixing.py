"""Mixing: pictures of one batch into each other, and their labels alike."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from augkit import keys
from augkit.draw import Draws
from augkit.ops import Blend

Pictures = NDArray[np.uint8]
Shares = NDArray[np.float64]


def one_hot(labels: NDArray[np.int64], classes: int) -> Shares:
    """Return labels (N,) as the share of each class, float64 (N, classes)."""
    return np.eye(classes)[labels]


def mixed(
    pictures: Pictures, labels: Shares, draws: Draws, words: keys.Words, copies: NDArray[np.int64], seed: int
) -> tuple[Pictures, Shares]:
    """Do the blends of a policy, one after the other.

    The partners of a step are drawn for the whole batch, as one circle through all of its pictures: each is
    the partner of one other, and none its own unless it is alone.  Who follows whom is decided by seed, keys
    and copies; it is the same wherever the batch is made.

    Args:
        pictures: uint8 (N, H, W, C), rendered.
        labels:   float64 (N, classes), rows of sum 1.
        draws:    the N draws.
        words:    uint64 (N,), the words of the source keys.
        copies:   int64 (N,), the numbers of the copies.
        seed:     the run's seed.

    Returns:
        New arrays of the same shapes, or the same arrays where no picture is mixed.
    """
    for step, (op, done, values) in zip(draws.policy.leaves(), draws.done, strict=True):
        if not isinstance(op, Blend) or not done.any():
            continue
        at = np.flatnonzero(done)
        drawn = keys.raw(seed, keys.word(f"{step.name}: partner"), copies.astype(np.uint64), words, 1)
        others = partners(drawn[:, 0])[at]
        made, kept = op.blend(pictures[at], pictures[others], {name: v[at] for name, v in values.items()})
        shares = kept[:, None] * labels[at] + (1 - kept)[:, None] * labels[others]
        pictures, labels = pictures.copy(), labels.copy()
        pictures[at], labels[at] = made, shares
    return pictures, labels


def partners(words: keys.Words) -> NDArray[np.int64]:
    """Return for each of N random words the next larger one, for the largest the smallest; int64 (N,)."""
    circle = np.argsort(words, kind="stable")
    out = np.empty(len(words), dtype=np.int64)
    out[circle] = np.roll(circle, -1)
    return out

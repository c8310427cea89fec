"""Sampling: from a policy and addresses to drawn numbers, as arrays."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from augkit import keys
from augkit.draw.draws import Draws
from augkit.ops import Drawn
from augkit.policy import Policy
from augkit.steps import Choice, Node, Step

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


def draw(
    policy: Policy,
    sources: Sequence[str] | keys.Words,
    copies: Sequence[int] | NDArray[np.int64],
    *,
    seed: int,
    aspects: Floats,
    labels: NDArray[np.int64] | None = None,
    attempt: int = 0,
) -> Draws:
    """Make the random decisions for N pictures.

    Args:
        policy:  what is drawn from.
        sources: N source keys, or their words as uint64 (N,).
        copies:  N numbers of copies.
        seed:    the run's seed.
        aspects: float64 (N,), width over height.
        labels:  int64 (N,), the classes, if any are in play.
        attempt: number of the attempt; another attempt draws other numbers.
    """
    words = sources if isinstance(sources, np.ndarray) else keys.words(sources)
    names, counts = zip(*_addresses(policy.steps), strict=True) if policy.steps else ((), ())
    steps = [keys.word(name) + attempt for name in names]
    raws = keys.raws(seed, steps, counts, np.asarray(copies).astype(np.uint64), words)
    active: list[Bools] = []
    numbers: list[Floats] = []
    _open(policy.steps, np.ones(len(words), dtype=np.bool_), iter(raws), active, numbers)
    count = len(words)
    label = np.empty(0, np.int64) if labels is None else np.asarray(labels, dtype=np.int64)
    return Draws(
        policy,
        np.broadcast_to(np.asarray(aspects, dtype=np.float64), (count,)),
        np.array(active, dtype=np.bool_).reshape(len(active), count),
        np.array(numbers, dtype=np.float64).reshape(len(numbers), count),
        label,
        label,
        np.ones(count, dtype=np.bool_),
    )


def _addresses(nodes: tuple[Node, ...]) -> Iterator[tuple[str, int]]:
    """Yield the name of each step and choice, in the order of `_open`, and how many words it needs."""
    for node in nodes:
        if isinstance(node, Step):
            yield node.name, 1 + len(node.drawn)
        else:
            yield node.name, 2 + len(node.branches)
            for branch in node.branches:
                yield from _addresses(branch)


def _open(
    nodes: tuple[Node, ...],
    on: Bools,
    stream: Iterator[keys.Words],
    active: list[Bools],
    numbers: list[Floats],
) -> None:
    """Turn raw words, uint64 (words, N) for each node, into decisions and numbers."""
    for node in nodes:
        raws = next(stream)
        done = on & (keys.uniform(raws[0]) < node.p)
        if isinstance(node, Step):
            active.append(done)
            numbers.extend(_value(n, words) for n, words in zip(node.drawn, raws[1:], strict=True))
        else:
            for branch, picked in zip(node.branches, _picked(node, raws), strict=True):
                _open(branch, done & picked, stream, active, numbers)


def _picked(node: Choice, raws: keys.Words) -> Bools:
    """Pick branches: a count, evenly from least to most, and the branches whose words are the smallest.

    bool (branches, N).
    """
    count = node.least + keys.choice(raws[1], [1.0] * (node.most - node.least + 1))
    ranks = np.argsort(np.argsort(raws[2:], axis=0, kind="stable"), axis=0, kind="stable")
    picked: Bools = ranks < count
    return picked


def _value(number: Drawn, raws: keys.Words) -> Floats:
    if number.options:
        return np.asarray(number.options)[keys.choice(raws, [1.0] * len(number.options))]
    return number.low + keys.uniform(raws) * (number.high - number.low)

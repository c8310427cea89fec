"""Sampling: from a policy and addresses to drawn numbers, as arrays."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

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
    stream = _Stream(seed, words, np.asarray(copies).astype(np.uint64), attempt)
    active: list[Bools] = []
    numbers: list[Floats] = []
    _open(policy.steps, np.ones(len(words), dtype=np.bool_), stream, active, numbers)
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


@dataclasses.dataclass(frozen=True)
class _Stream:
    """Hand out raw words by the name of a step or choice."""

    seed: int
    sources: keys.Words
    copies: keys.Words
    attempt: int

    def raw(self, name: str, count: int) -> keys.Words:
        return keys.raw(self.seed, keys.word(name) + self.attempt, self.copies, self.sources, count)


def _open(
    nodes: tuple[Node, ...], on: Bools, stream: _Stream, active: list[Bools], numbers: list[Floats]
) -> None:
    for node in nodes:
        if isinstance(node, Step):
            drawn = node.op.drawn()
            raws = stream.raw(node.name, 1 + len(drawn))
            active.append(on & (keys.uniform(raws[:, 0]) < node.p))
            numbers.extend(_value(number, raws[:, 1 + i]) for i, number in enumerate(drawn))
        else:
            raws = stream.raw(node.name, 2 + len(node.branches))
            done = on & (keys.uniform(raws[:, 0]) < node.p)
            for branch, picked in zip(node.branches, _picked(node, raws), strict=True):
                _open(branch, done & picked, stream, active, numbers)


def _picked(node: Choice, raws: keys.Words) -> Bools:
    """Pick branches: a count, evenly from least to most, and the branches whose words are the smallest.

    bool (branches, N).
    """
    count = node.least + keys.choice(raws[:, 1], [1.0] * (node.most - node.least + 1))
    ranks = np.argsort(np.argsort(raws[:, 2:], axis=1, kind="stable"), axis=1, kind="stable")
    picked: Bools = (ranks < count[:, None]).T
    return picked


def _value(number: Drawn, raws: keys.Words) -> Floats:
    if number.options:
        return np.asarray(number.options)[keys.choice(raws, [1.0] * len(number.options))]
    return number.low + keys.uniform(raws) * (number.high - number.low)

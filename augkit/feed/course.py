"""The course of training: which source is shown when, and as which of its copies.

The sources are gone through round after round, each round in another order.  A round's order and a picture's
copy follow from the seed and the number of the round alone, so that training can begin anywhere.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from augkit import keys

T = TypeVar("T")
Rows = NDArray[np.int64]

_ORDER = keys.word("feed: order")


class Recent(Generic[T]):
    """Keep the last few things made, by number, for several threads."""

    def __init__(self, make: Callable[[int], T], most: int) -> None:
        self._make, self._most = make, most
        self._made: dict[int, T] = {}
        self._lock = threading.Lock()

    def __getitem__(self, number: int) -> T:
        with self._lock:
            if number not in self._made:
                while len(self._made) >= self._most:
                    del self._made[next(iter(self._made))]
                self._made[number] = self._make(number)
            return self._made[number]


class Course:
    """Say which sources are in which batch.

    Args:
        words:   uint64 (N,), the words of the source keys.
        seed:    the run's seed.
        batch:   pictures in a batch; the last one of an epoch may have fewer.
        steps:   batches in an epoch; None for as many as one round takes.
        shuffle: whether each round has its own order; else it is that of the data.
    """

    def __init__(self, words: keys.Words, seed: int, batch: int, steps: int | None, shuffle: bool) -> None:
        self.words, self.seed, self.batch, self.steps, self.shuffle = words, seed, batch, steps, shuffle
        self._orders = Recent(self.order, 2)  # a batch may stand between two rounds

    def __reduce__(self) -> tuple[object, ...]:
        return Course, (self.words, self.seed, self.batch, self.steps, self.shuffle)

    def __len__(self) -> int:
        return self.steps or -(-len(self.words) // self.batch)

    @property
    def pictures(self) -> int:
        """Return how many pictures an epoch shows."""
        return self.steps * self.batch if self.steps else len(self.words)

    def count(self, index: int) -> int:
        """Return how many pictures a batch of an epoch has."""
        return min(self.batch, self.pictures - index * self.batch)

    def between(self, epoch: int, first: int, last: int) -> tuple[Rows, Rows]:
        """Return the rows of the sources in some batches of an epoch, and the number of the copy of each.

        Args:
            epoch: 0 and up.
            first: the first of the batches.
            last:  the batch after the last of them.

        Returns:
            int64 (n,) twice.
        """
        count = len(self.words)
        begin = epoch * self.pictures
        at = np.arange(begin + first * self.batch, begin + min(last * self.batch, self.pictures))
        rounds, places = np.divmod(at, count)
        rows = places
        if self.shuffle:
            rows = np.empty(len(at), dtype=np.int64)
            for number in np.unique(rounds).tolist():
                here = rounds == number
                rows[here] = self._orders[number][places[here]]
        return rows, rounds + 1

    def order(self, number: int) -> Rows:
        """Return the order of a round, int64 (N,).

        It sorts the sources by a random word of each: another source takes its place among them, and moves
        none of them past another.
        """
        copies = np.full(len(self.words), number + 1, dtype=np.uint64)
        return np.argsort(keys.raw(self.seed, _ORDER, copies, self.words, 1)[:, 0], kind="stable")

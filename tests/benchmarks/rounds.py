"""Rounds: everything that is compared takes turns, so that a slow moment of the machine slows all alike.

Machines drift by half within minutes.  A ratio is therefore taken inside each round, between neighbours in
time, and the median of the rounds is what counts.  pytest-benchmark measures one function to its end before
it begins the next, and so compares moments that are minutes apart: it cannot give such ratios, and a second
clock beside this one would only raise the question which of the two to believe.  It is left out.
"""

from __future__ import annotations

import dataclasses
import gc
import math
import statistics
import time
from collections.abc import Callable, Sequence

_PATIENCE = 1.5  # seconds that one entry may take in a round; slower ones sit rounds out
_FEWEST = 2


@dataclasses.dataclass(frozen=True)
class Effort:
    """Say how much is measured: so many rounds, this share of the pictures, and no round that would begin
    after so many seconds, unless it is the second: on a busy machine there are fewer rounds, not longer ones.
    """

    rounds: int = 7
    share: float = 1.0
    seconds: float = 70.0

    def count(self, pictures: int, least: int = 2) -> int:
        """Return how many of so many pictures are used."""
        return max(least, round(pictures * self.share))


@dataclasses.dataclass(frozen=True)
class Entry:
    """Hold something to be timed: its name, what it does, how many pictures that makes, and what is done
    before, off the clock.
    """

    name: str
    work: Callable[[], object]
    pictures: int
    before: Callable[[], object] | None = None


class Timed:
    """Hold seconds a picture, by entry and round; None where an entry sat a round out."""

    def __init__(self, seconds: dict[str, list[float | None]]) -> None:
        self.seconds = seconds

    def __contains__(self, name: str) -> bool:
        return name in self.seconds

    def median(self, name: str) -> float:
        """Return the median of the rounds, in seconds a picture."""
        return statistics.median(one for one in self.seconds[name] if one is not None)

    def rate(self, name: str) -> float:
        """Return pictures a second."""
        return 1 / self.median(name)

    def ratios(self, name: str, other: str) -> list[float]:
        """Return how many times as fast as `other` an entry was, in each round that had both, in order."""
        pairs = zip(self.seconds[name], self.seconds[other], strict=True)
        return sorted(theirs / ours for ours, theirs in pairs if ours is not None and theirs is not None)

    def ratio(self, name: str, other: str) -> float:
        """Return the median of `ratios`."""
        return statistics.median(self.ratios(name, other))


def interleaved(entries: Sequence[Entry], effort: Effort) -> Timed:
    """Time entries in turn, each round beginning with another one.

    A first round warms up and tells how slow each is: one that takes longer than a moment joins only every
    other round, or every third, and at least two.
    """
    every = {entry.name: _every(_seconds(entry) * entry.pictures, effort) for entry in entries}
    seconds: dict[str, list[float | None]] = {entry.name: [] for entry in entries}
    begun = time.perf_counter()
    for number in range(effort.rounds):
        if number >= _FEWEST and time.perf_counter() - begun > effort.seconds:
            break
        first = number % len(entries)
        for entry in (*entries[first:], *entries[:first]):
            joins = number % every[entry.name] == 0
            seconds[entry.name].append(_seconds(entry) if joins else None)
    return Timed(seconds)


def _every(seconds: float, effort: Effort) -> int:
    return max(1, min(math.ceil(seconds / _PATIENCE), effort.rounds - 1))


def _seconds(entry: Entry) -> float:
    if entry.before is not None:
        entry.before()
    gc.collect()
    begun = time.perf_counter()
    entry.work()
    return (time.perf_counter() - begun) / entry.pictures

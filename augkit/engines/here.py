"""The engine that does everything in this process, one task after another."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from typing import TypeVar

from augkit.engines import heap

T = TypeVar("T")
R = TypeVar("R")


def run(tasks: Iterable[T], work: Callable[[T, int], R]) -> Generator[R]:
    """Yield `work(task, 1)` of each task, in order."""
    heap.keep()
    for task in tasks:
        yield work(task, 1)

"""Batches made ahead by threads, while the network is at an earlier one."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, TypeVar

T = TypeVar("T")


class Ahead(Generic[T]):
    """Make things by number, the next few ahead of being asked for.

    Args:
        make:    makes one; a pure function of its number, which several threads may call at once.
        threads: how many threads; 0 to make each when it is asked for.
    """

    def __init__(self, make: Callable[[int], T], threads: int) -> None:
        self._make, self._threads = make, threads
        self._pool: ThreadPoolExecutor | None = None
        self._begun: dict[int, Future[T]] = {}
        self._lock = threading.Lock()

    def __reduce__(self) -> tuple[object, ...]:
        return Ahead, (self._make, self._threads)

    def __getitem__(self, number: int) -> T:
        if not self._threads:
            return self._make(number)
        with self._lock:
            if self._pool is None:
                self._pool = ThreadPoolExecutor(self._threads, thread_name_prefix="augkit-feed")
            wanted = range(number, number + 1 + 2 * self._threads)
            for other in [other for other in self._begun if other not in wanted]:
                self._begun.pop(other).cancel()
            for each in wanted:
                if each not in self._begun:
                    self._begun[each] = self._pool.submit(self._make, each)
            asked = self._begun.pop(number)
        return asked.result()

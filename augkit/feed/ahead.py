"""Batches made ahead by threads or processes, while the network is at an earlier one."""

from __future__ import annotations

import multiprocessing
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any, Generic, TypeVar

from augkit.engines import heap, pool
from augkit.errors import UsageError

T = TypeVar("T")

_TRIES = 2
"""How often a batch is begun whose worker process dies."""


class Ahead(Generic[T]):
    """Make things by number, the next few ahead of being asked for.

    Args:
        make:      makes one; a pure function of its number, which several threads may call at once.
        workers:   how many make them; 0 to make each when it is asked for.
        processes: whether workers are processes; `make` is then pickled.

    Raises UsageError where a worker process dies, and another one at the same thing.
    """

    def __init__(self, make: Callable[[int], T], workers: int, processes: bool = False) -> None:
        self._make, self._workers, self._processes = make, workers, processes
        self._pool: Executor | None = None
        self._begun: dict[int, Future[T]] = {}
        self._lock = threading.Lock()

    def __reduce__(self) -> tuple[object, ...]:
        return Ahead, (self._make, self._workers, self._processes)

    def __getitem__(self, number: int) -> T:
        if not self._workers:
            return self._make(number)
        for tried in range(1, _TRIES + 1):
            try:
                return self._asked(number).result()
            except BrokenProcessPool as error:
                self._begin_again()
                if tried == _TRIES:
                    fix = "make fewer of them, in case it was memory, or threads: processes=False"
                    raise UsageError("a worker process of the feed died twice at a batch", fix=fix) from error
                print("a worker process of the feed died; starting all of them again", file=sys.stderr)
        raise AssertionError("unreachable")

    def _asked(self, number: int) -> Future[T]:
        """Begin what is not begun of this one and the next few; return this one."""
        with self._lock:
            if self._pool is None:
                self._pool = self._started()
            wanted = range(number, number + 1 + 2 * self._workers)
            for other in [other for other in self._begun if other not in wanted]:
                self._begun.pop(other).cancel()
            make = _made if self._processes else self._make
            for each in wanted:
                if each not in self._begun:
                    self._begun[each] = self._pool.submit(make, each)
            return self._begun.pop(number)

    def _started(self) -> Executor:
        if not self._processes:
            heap.keep()
            return ThreadPoolExecutor(self._workers, thread_name_prefix="augkit-feed")
        spawn = multiprocessing.get_context("spawn")
        return ProcessPoolExecutor(self._workers, spawn, initializer=_enter, initargs=(self._make,))

    def _begin_again(self) -> None:
        with self._lock:
            self._begun.clear()
            if self._pool is not None:
                self._pool.shutdown(wait=False, cancel_futures=True)
                self._pool = None


_makes: list[Callable[[int], Any]] = []
"""In a worker process, what makes things."""


def _enter(make: Callable[[int], Any]) -> None:
    pool.settle()
    _makes[:] = [make]


def _made(number: int) -> Any:
    return _makes[0](number)

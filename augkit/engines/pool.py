"""The engine of several processes.

Each worker has its own pipe, so that a worker's death says which task it was at: that task, and no other,
is done again in a new process. (With shared queues, `multiprocessing.Pool` hangs on a death and
`concurrent.futures` loses what is in flight.)
"""

from __future__ import annotations

import collections
import contextlib
import ctypes
import dataclasses
import importlib
import multiprocessing
import os
import signal
import sys
import traceback
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from multiprocessing.connection import Connection, wait
from typing import Any, TypeVar

from augkit.engines import heap
from augkit.errors import AugkitError, StoreError

T = TypeVar("T")
R = TypeVar("R")

ATTEMPTS = 8  # for one task, each ended by the death of a process

_SIGNALS = {int(each): each.name for each in signal.Signals}
_NO_MEMORY = 12  # as ENOMEM: the exit status of a worker that has too little
_SET_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of prctl(2)

serving = False  # whether this process is a worker


@dataclasses.dataclass
class _Worker:
    """Hold one process, our end of its pipe, what it is at, and the work that it knows."""

    process: Any
    pipe: Connection
    task: Any = None
    attempt: int = 0
    work: Any = None


class Crew:
    """Hold workers that stay from one run to the next, until the crew is closed.

    Args:
        workers: how many at most.
        modules: what each imports when it starts, before it is given anything to do.
    """

    def __init__(self, workers: int, modules: Sequence[str] = ()) -> None:
        self._most, self._modules = workers, tuple(modules)
        self._idle: list[_Worker] = []

    def call(self, workers: int) -> None:
        """Start so many workers ahead of their tasks, so that they load side by side."""
        while len(self._idle) < min(workers, self._most):
            self._idle.append(_start(self._modules))

    def run(self, tasks: Iterable[T], work: Callable[[T, int], R]) -> Generator[R]:
        """Yield the result of each task as it finishes; one task is in flight for each worker."""
        waiting = iter(tasks)
        again: collections.deque[tuple[T, int]] = collections.deque()
        busy: list[_Worker] = []
        try:
            while len(busy) < self._most and (given := next_of(waiting, again)):
                busy.append(self._given(work, *given))
            while busy:
                for pipe in wait([worker.pipe for worker in busy]):
                    worker = next(worker for worker in busy if worker.pipe is pipe)
                    answer = _answer(worker)
                    busy.remove(worker)
                    if answer is None:
                        again.append(_bury(worker))
                    else:
                        self._idle.append(worker)
                    if given := next_of(waiting, again):
                        busy.append(self._given(work, *given))
                    if answer is not None:
                        yield answer[0]
        finally:
            _end(busy)

    def close(self) -> None:
        """End all workers: what one had in hand is done, or was never begun."""
        _end(self._idle)

    def _given(self, work: Callable[[Any, int], Any], task: Any, attempt: int) -> _Worker:
        """Give a task to a worker that has nothing to do, or to a new one."""
        worker = self._idle.pop(0) if self._idle else _start(self._modules)
        worker.task, worker.attempt = task, attempt
        with contextlib.suppress(ConnectionError):  # it died between tasks: the next read says so
            worker.pipe.send((None if worker.work is work else work, task, attempt))
        worker.work = work
        return worker


def run(tasks: Iterable[T], work: Callable[[T, int], R], workers: int) -> Generator[R]:
    """Yield the result of each task as it finishes, by workers that are there for this run alone."""
    with contextlib.closing(Crew(workers)) as crew:
        yield from crew.run(tasks, work)


def next_of(waiting: Iterator[T], again: collections.deque[tuple[T, int]]) -> tuple[T, int] | None:
    """Return the task to give out now, with the number of its attempt; None where none is left."""
    if again:
        return again.popleft()
    for task in waiting:
        return task, 1
    return None


def _start(modules: tuple[str, ...]) -> _Worker:
    """Start a fresh interpreter: a forked one would inherit OpenCV's and Arrow's threads half-alive."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs, modules), daemon=True)
    process.start()
    theirs.close()
    return _Worker(process, ours)


def _answer(worker: _Worker) -> tuple[Any] | None:
    """Return what a worker made, in a tuple; None when it died; raise what its task raised."""
    try:
        fine, result = worker.pipe.recv()
    except (EOFError, OSError):
        return None
    if not fine:
        raise result
    return (result,)


def _bury(worker: _Worker) -> tuple[Any, int]:
    """Clear up after a worker that died and return its task, to be done again."""
    worker.process.join()
    worker.pipe.close()
    code = worker.process.exitcode
    how = f"signal {-code} ({_SIGNALS.get(-code, 'unknown')})" if code < 0 else f"exit status {code}"
    if worker.attempt >= ATTEMPTS:
        problem = f"{worker.task} ended {worker.attempt} processes, the last with {how}"
        raise StoreError(problem, fix="run with one worker to see what happens, or free some memory")
    print(f"a worker process died with {how} at {worker.task}; doing that again", file=sys.stderr)
    return worker.task, worker.attempt + 1


def _end(workers: list[_Worker]) -> None:
    for worker in workers:
        worker.process.kill()
    while workers:
        worker = workers.pop()
        worker.process.join()
        worker.pipe.close()


def _serve(pipe: Connection, modules: tuple[str, ...]) -> None:
    """Be a worker: do tasks from the pipe until it closes."""
    global serving
    serving = True
    settle()
    for module in modules:
        importlib.import_module(module)
    known: Any = None
    while True:
        try:
            work, task, attempt = pipe.recv()
        except (EOFError, OSError):
            return
        known = known if work is None else work
        try:
            answer = (True, known(task, attempt))
        except AugkitError as error:
            answer = (False, error)
        except MemoryError:  # in a new process, with nothing else in it, there may be enough
            os._exit(_NO_MEMORY)
        except Exception as error:
            trace = "".join(traceback.format_exception(error))
            answer = (False, RuntimeError(f"a worker failed at {task}:\n{trace}"))
        pipe.send(answer)


def settle() -> None:
    """Make this process a worker: it ends with its parent, and has one thread and its heap to itself."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal sends it to all; the parent decides
    _die_with_parent()
    heap.keep()
    import cv2

    cv2.setNumThreads(1)


def _die_with_parent() -> None:
    """Ask Linux to kill this process when its parent is killed, so that no orphan goes on writing."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_SET_DEATH_SIGNAL, signal.SIGKILL)
        parent = multiprocessing.parent_process()
        if parent is None or not parent.is_alive():  # killed before the request was made
            sys.exit(1)

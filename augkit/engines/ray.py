"""The engine of a Ray cluster: one that is there already, or one of this machine alone.

What a task reads and writes is its own affair, so that tasks go out small and come back smaller.  Ray is told
to try nothing again by itself: a task whose process or machine was lost is given out anew from here, with
the number of its attempt, as every engine does.
"""

from __future__ import annotations

import collections
import contextlib
import importlib.util
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Generator, Iterable, Iterator
from typing import Any, TypeVar

from augkit.engines import heap, pool
from augkit.errors import AugkitError, StoreError, UsageError

T = TypeVar("T")
R = TypeVar("R")

_FAREWELL = 10.0  # seconds that cancelled tasks have to end
_SEEN = 1.0  # seconds after which a wait looks up, so that Ctrl-C is heard


def run(tasks: Iterable[T], work: Callable[[T, int], R], workers: int, address: str = "") -> Generator[R]:
    """Yield the result of each task as it finishes; at most `workers` are in flight.

    Args:
        tasks:   what is to be done; read lazily.
        work:    does one task; picklable, and importable wherever the cluster runs it.
        workers: how many tasks at once, each on one processor of the cluster.
        address: "auto" or "HOST:PORT" of a cluster to join; where it is empty, what RAY_ADDRESS names, or
            else a cluster of this machine that ends with the run.

    Raises:
        UsageError: Ray is not installed, or there is no cluster at the address.
        StoreError: a task lost its process time and again.
    """
    ray = _ray()
    started = _join(ray, address, workers)
    again: collections.deque[tuple[T, int]] = collections.deque()
    flying: dict[Any, tuple[T, int]] = {}
    try:
        shared = ray.put(work)
        do = ray.remote(num_cpus=1, max_retries=0)(_serve)
        waiting = iter(tasks)
        while True:
            while len(flying) < workers and (given := pool.next_of(waiting, again)):
                flying[do.remote(shared, *given)] = given
            if not flying:
                return
            ready, _ = ray.wait(list(flying), timeout=_SEEN)
            for done in ready:
                task, attempt = flying.pop(done)
                answer = _answer(ray, done, task, attempt)
                if answer is None:
                    again.append((task, attempt + 1))
                else:
                    yield answer[0]
    finally:
        _leave(ray, list(flying), started)


def _answer(ray: Any, done: Any, task: Any, attempt: int) -> tuple[Any] | None:
    """Return what a task made, in a tuple; None when what did it was lost; raise what it raised."""
    try:
        fine, result = ray.get(done)
    except ray.exceptions.RayError as lost:
        why = type(lost).__name__
        if attempt >= pool.ATTEMPTS:
            problem = f"{task} was lost {attempt} times, the last by {why}"
            raise StoreError(problem, fix="run with one worker to see what happens") from lost
        print(f"a worker of the cluster was lost ({why}) at {task}; doing that again", file=sys.stderr)
        return None
    if not fine:
        raise result
    return (result,)


def _serve(work: Callable[[Any, int], Any], task: Any, attempt: int) -> tuple[bool, Any]:
    """Do one task in a process of the cluster, and return what came of it, or what it raised."""
    pool.serving = True
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    heap.keep()
    import cv2

    cv2.setNumThreads(1)
    try:
        return True, work(task, attempt)
    except AugkitError as error:
        return False, error
    except Exception as error:
        trace = "".join(traceback.format_exception(error))
        return False, RuntimeError(f"a worker failed at {task}:\n{trace}")


def check() -> None:
    """Raise UsageError where Ray is not installed."""
    if importlib.util.find_spec("ray") is None:
        raise UsageError("Ray is not installed", fix="pip install 'augkit[ray]', or leave out --engine ray")


def _ray() -> Any:
    check()
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # it would call home
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    import ray

    return ray


def _join(ray: Any, address: str, workers: int) -> bool:
    """Join a cluster, and tell whether it was started here and has to be ended here."""
    if ray.is_initialized():
        return False
    address = address or os.environ.get("RAY_ADDRESS", "")
    settings: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR"}
    if not address or address.startswith("127."):  # else Ray tells the others this machine's outer address
        settings["_node_ip_address"] = address.partition(":")[0] or "127.0.0.1"
    with _kept(signal.SIGTERM):
        if not address:
            ray.init("local", num_cpus=workers, include_dashboard=False, **settings)
            return True
        try:
            ray.init(address, **settings)
        except (ConnectionError, ValueError, RuntimeError) as error:
            problem = f"no Ray cluster answers: {str(error).splitlines()[0]}"
            fix = "start one with 'ray start --head', or write --engine ray for one of this machine alone"
            raise UsageError(problem, where=address, fix=fix) from error
    return True


@contextlib.contextmanager
def _kept(number: signal.Signals) -> Iterator[None]:
    """Leave it to the caller what a signal does: Ray takes SIGTERM for itself."""
    before = signal.getsignal(number)
    try:
        yield
    finally:
        if threading.current_thread() is threading.main_thread():
            signal.signal(number, before)


def _leave(ray: Any, flying: list[Any], started: bool) -> None:
    """End what is in flight and wait for its end, so that nothing writes when the caller lets go."""
    for one in flying:
        ray.cancel(one, force=True)
    if flying:
        ray.wait(flying, num_returns=len(flying), timeout=_FAREWELL)
    if started:
        ray.shutdown()

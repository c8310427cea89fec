"""Who does the work: this process (`here`), several (`pool`), or a cluster (`ray`).  None knows of pictures.

Every engine takes tasks in order, keeps few in flight, and yields results as they finish; since each task's
result depends on the task alone, it does not matter which engine did it.  `work(task, attempt)` is called
with the attempt's number: 1, and more after it killed its process.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from typing import Any, TypeVar

from augkit.engines import here, pool, ray
from augkit.errors import UsageError, did_you_mean

__all__ = ["ENGINES", "Do", "check", "hired", "replaceable", "run"]

ENGINES = ("local", "ray")

T = TypeVar("T")
R = TypeVar("R")

Do = Callable[[Iterable[Any], Callable[[Any, int], Any]], Generator[Any]]
"""What does tasks, and yields their results as they finish."""


def check(workers: int, engine: str) -> None:
    """Refuse a request that no engine takes, with the errors of `run`, before anything is done for it."""
    if workers < 1:
        raise UsageError(f"got {workers} workers, want 1 or more")
    name = engine.partition(":")[0]
    if name == "ray":
        ray.check()
    elif engine != "local":
        fix = did_you_mean(name, ENGINES) or "write --engine local or --engine ray"
        raise UsageError(f"got the engine '{engine}', want one of {', '.join(ENGINES)}, ray:ADDRESS", fix=fix)


def run(
    tasks: Iterable[T], work: Callable[[T, int], R], workers: int = 1, engine: str = "local"
) -> Generator[R]:
    """Do every task and yield the results as they finish; closing the generator ends the workers.

    Args:
        tasks:   what is to be done; read lazily, a few ahead.
        work:    does one task; has to be picklable for more than one worker.
        workers: 1 for this process, more for as many others; on a cluster, how many tasks at once.
        engine:  "local", "ray", or "ray:ADDRESS" to join a cluster.

    Raises:
        UsageError:   fewer than one worker, no such engine, or one that is not installed.
        StoreError:   a task killed its process time and again.
        AugkitError:  whatever `work` raises; the other tasks are abandoned.
    """
    check(workers, engine)
    name, _, address = engine.partition(":")
    if name == "ray":
        return ray.run(tasks, work, workers, address)
    return here.run(tasks, work) if workers == 1 else pool.run(tasks, work, workers)


@contextlib.contextmanager
def hired(
    workers: int, engine: str = "local", *, ahead: int = 0, modules: Sequence[str] = ()
) -> Iterator[Do]:
    """Yield what does tasks as `run` does, call after call, by workers that stay in between.

    Args:
        workers, engine: as of `run`; a cluster keeps its own.
        ahead:           how many processes start at once, side by side, before there is a task for them.
        modules:         what each process imports before its first task.
    """
    if engine != "local" or workers < 2:
        yield lambda tasks, work: run(tasks, work, workers, engine)
        return
    with contextlib.closing(pool.Crew(workers, modules)) as crew:
        crew.call(ahead)
        yield crew.run


def replaceable() -> bool:
    """Tell whether the death of this process costs one task another attempt, and nothing else."""
    return pool.serving

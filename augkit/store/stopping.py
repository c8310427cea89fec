"""What is seen and done while a data set is made: the bar, and the ways to stop it."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from augkit.errors import AugkitError

_SHOWN_AFTER = 2.0  # seconds


class Interrupted(AugkitError):
    """Say that the run was stopped, and that the same command carries on."""

    exit_code = 130


class _Terminated(KeyboardInterrupt):
    """Stand for SIGTERM, so that both ways of stopping take the same path out."""


@contextlib.contextmanager
def stoppable(out: Path | str) -> Iterator[None]:
    """Let Ctrl-C (exit code 130) and SIGTERM (143) end what is inside with `Interrupted`."""

    def stop(number: int, frame: object) -> None:
        raise _Terminated

    main = threading.current_thread() is threading.main_thread()
    before = signal.signal(signal.SIGTERM, stop) if main else None
    try:
        yield
    except KeyboardInterrupt as stopped:
        fix = "run the same command again: it carries on"
        interrupted = Interrupted("stopped; what is finished is kept", where=str(out), fix=fix)
        if isinstance(stopped, _Terminated):
            interrupted.exit_code = 143
        raise interrupted from None
    finally:
        if main:
            signal.signal(signal.SIGTERM, before)


@contextlib.contextmanager
def bar(total: int, done: int, *, shown: bool) -> Iterator[Callable[[int], None]]:
    """Show a bar on the error stream, where that is a terminal and the work takes longer than two seconds.

    Yields a function to call with how many pictures were made.
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    if not (shown and console.is_terminal):
        yield lambda pictures: None
        return
    columns = (TextColumn("pictures"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    progress = Progress(*columns, console=console, transient=True)
    task = progress.add_task("pictures", total=total, completed=done)
    timer = threading.Timer(_SHOWN_AFTER, progress.start)
    timer.daemon = True
    timer.start()
    try:
        yield lambda pictures: progress.advance(task, pictures)
    finally:
        timer.cancel()
        timer.join()
        progress.stop()

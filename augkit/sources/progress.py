"""A bar for what takes longer than two seconds, where somebody is looking."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator

_SHOWN_AFTER = 2.0  # seconds


@contextlib.contextmanager
def bar(word: str, total: int) -> Iterator[Callable[[int], None]]:
    """Show a bar on the error stream, where that is a terminal; yields a function to tell what was done."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda done: None
        return
    columns = (TextColumn(word), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    progress = Progress(*columns, console=console, transient=True)
    task = progress.add_task(word, total=total)
    timer = threading.Timer(_SHOWN_AFTER, progress.start)
    timer.daemon = True
    timer.start()
    try:
        yield lambda done: progress.advance(task, done)
    finally:
        timer.cancel()
        timer.join()
        progress.stop()

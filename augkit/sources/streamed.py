"""Rows that are made one by one and kept in the cache of `datasets`: flat memory, and made once."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from augkit import __version__
from augkit.errors import AugkitError

if TYPE_CHECKING:
    from datasets import Dataset, Features

_FORMAT = 1  # raised when the rows that a loader makes of the same files change


def rows(
    make: Callable[..., Iterator[dict[str, Any]]], columns: Features, files: Iterable[Path], **given: Any
) -> Dataset:
    """Collect the rows that `make(**given, stamp=…)` yields, or take them from the cache.

    Args:
        make:    a function of a module; it yields dictionaries.
        columns: what they hold.
        files:   what the rows are made of: their sizes and times tell whether the cache still holds.
        given:   plain values but no lists, part of what the cache goes by.

    Raises:
        AugkitError: what `make` raised.
        OSError:     a file cannot be read, or the cache cannot be written.
    """
    from datasets import Dataset
    from datasets.exceptions import DatasetGenerationError

    stats = [(str(path), path.stat()) for path in files]
    made_of = [f"{name} {stat.st_size} {stat.st_mtime_ns}" for name, stat in stats]
    stamp = "\n".join([f"{_FORMAT} {__version__}", *made_of])  # a list would be taken for shards
    try:
        with bars_off():
            return Dataset.from_generator(make, features=columns, gen_kwargs={**given, "stamp": stamp})
    except DatasetGenerationError as error:
        cause: BaseException | None = error
        while cause is not None and not isinstance(cause, AugkitError | OSError):
            cause = cause.__cause__
        raise (cause or error) from None


@contextlib.contextmanager
def bars_off() -> Iterator[None]:
    """Keep the bars of `datasets` off the error stream, and leave them as they were."""
    import datasets

    were = datasets.are_progress_bars_disabled()
    datasets.disable_progress_bars()
    try:
        yield
    finally:
        if not were:
            datasets.enable_progress_bars()

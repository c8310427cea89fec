"""Rows that are made one by one and kept in the cache of `datasets`: flat memory, and made once.

So are the rows of Parquet and Arrow files at URLs: `datasets` itself reads no URL where HF_HUB_OFFLINE keeps
it from the Hub, and asks but once for what a network did not give.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from augkit import __version__
from augkit.errors import AugkitError, SourceError
from augkit.sources import urls

if TYPE_CHECKING:
    from datasets import Dataset, Features

_FORMAT = 1  # raised when the rows that a loader makes of the same files change
_AT_ONCE = 100  # rows


def rows(
    make: Callable[..., Iterator[dict[str, Any]]],
    columns: Features,
    files: Iterable[str | Path],
    **given: Any,
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

    names = [str(path) for path in files]
    stamps = urls.ahead(urls.stamp, names) if any(map(urls.is_url, names)) else map(urls.stamp, names)
    made_of = [f"{name} {stamp}" for name, stamp in zip(names, stamps, strict=True)]
    stamp = "\n".join([f"{_FORMAT} {__version__}", *made_of])  # a list would be taken for shards
    try:
        with bars_off():
            return Dataset.from_generator(make, features=columns, gen_kwargs={**given, "stamp": stamp})
    except DatasetGenerationError as error:
        cause: BaseException | None = error
        while cause is not None and not isinstance(cause, AugkitError | OSError):
            cause = cause.__cause__
        raise (cause or error) from None


def tables(files: Sequence[str], only: Sequence[str] = ()) -> Dataset:
    """Collect the rows of Parquet files, or of Arrow streams whose names end in .arrow, at URLs.

    Args:
        files: all with the columns of the first.
        only:  these columns, or all.

    Raises:
        SourceError: a file is damaged, or cannot be read now.
        OSError:     the cache cannot be written.
    """
    from datasets import Features

    with _opened(files[0]) as (schema, _):
        columns = Features.from_arrow_schema(schema)
    columns = Features({name: columns[name] for name in only or columns})
    return rows(_rows, columns, files, places=tuple(files), names=tuple(columns))


def _rows(places: tuple[str, ...], names: tuple[str, ...], stamp: str) -> Iterator[dict[str, Any]]:
    for place in places:
        with _opened(place, names) as (_, batches):
            for batch in batches:
                yield from batch.select(list(names)).to_pylist()


@contextlib.contextmanager
def _opened(place: str, names: Sequence[str] = ()) -> Iterator[tuple[Any, Iterator[Any]]]:
    """Give the schema of a file and its rows, in batches; of a Parquet file these columns alone."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with contextlib.closing(urls.opened(place)) as file:
            if place.endswith(".arrow"):
                with pa.ipc.open_stream(file) as stream:
                    yield stream.schema, iter(stream)
            else:
                with pq.ParquetFile(file) as rows_of:
                    yield rows_of.schema_arrow, rows_of.iter_batches(_AT_ONCE, columns=list(names) or None)
    except (ValueError, KeyError) as error:  # Arrow's own errors are among these
        kind = "Arrow" if place.endswith(".arrow") else "Parquet"
        said = (str(error).strip().splitlines() or ["damaged"])[0][:200]
        problem = f"cannot be read as {kind} ({said})"
        raise SourceError(problem, where=place, fix="make it again") from error


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

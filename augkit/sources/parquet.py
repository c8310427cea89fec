"""Parquet files with a column of images and one of labels: one file, or a folder of them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from augkit.errors import SourceError
from augkit.sources import columns, streamed
from augkit.sources.folder import SPLITS
from augkit.sources.request import Request

if TYPE_CHECKING:
    from datasets import DatasetDict

_ORDER = ("train", "validation", "test")


def read(request: Request) -> DatasetDict:
    """Read a Parquet file, or all below a folder; splits stand in their names, as in train-00000-of-00008.

    Raises:
        SourceError: there are none, one cannot be read, or they have no columns of images and labels.
    """
    import datasets

    files = grouped(request.path("a Parquet file or a folder of them"), ".parquet")
    try:
        with streamed.bars_off():
            given = {split: [str(path) for path in paths] for split, paths in files.items()}
            data = datasets.load_dataset("parquet", data_files=given)
    except (datasets.exceptions.DatasetGenerationError, ValueError) as error:  # Arrow's own are ValueErrors
        said = (str(error.__cause__ or error).strip().splitlines() or ["damaged"])[0][:200]
        raise SourceError(
            f"cannot be read as Parquet ({said})", where=str(request), fix="make it again"
        ) from error
    return columns.made(data, request)


def grouped(path: Path, suffix: str) -> dict[str, list[Path]]:
    """Return split → files, for one file or all of a suffix below a folder, sorted; hidden ones passed over.

    A split is a word of a file's name, or of the folders it lies in; without any it is train.
    """
    if path.is_file():
        return {_split(Path(path.name)): [path]}
    inside = sorted(found for found in path.rglob(f"*{suffix}") if found.is_file())
    shown = [
        found for found in inside if not any(part.startswith(".") for part in found.relative_to(path).parts)
    ]
    if not shown:
        raise SourceError(f"found no {suffix} files", where=str(path))
    files: dict[str, list[Path]] = {}
    for found in shown:
        files.setdefault(_split(found.relative_to(path)), []).append(found)
    ordered = [split for split in _ORDER if split in files] + sorted(set(files) - set(_ORDER))
    return {split: files[split] for split in ordered}


def _split(path: Path) -> str:
    for part in reversed(path.with_suffix("").parts):
        for word in re.split(r"[^a-z]+", part.lower()):
            if word in SPLITS:
                return SPLITS[word]
    return "train"

"""USPS: handwritten digits from envelopes, 16×16, 7,291 and 2,007 of them, as published in LIBSVM's format.

Each line of usps.bz2 (train) and usps.t.bz2 (test) is a label from 1 to 10, which is the digit plus one, and
256 entries index:value from -1 to 1, row by row; an entry left out is 0.

Source: Hull 1994; LIBSVM data, https://www.csie.ntu.edu.tw/~cjlin/libsvmtools/datasets/multiclass.html#usps
"""

from __future__ import annotations

import bz2
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from augkit import codec
from augkit.errors import SourceError
from augkit.sources import checksums, hub, records
from augkit.sources.request import Request

if TYPE_CHECKING:
    from datasets import Dataset, DatasetDict

CLASSES = tuple("0123456789")
HUB = "flwrlabs/usps"
_FILES = {"train": "usps", "test": "usps.t"}
_SIDE = 16


def read(request: Request) -> DatasetDict:
    """Read train and test from a folder with usps.bz2 and usps.t.bz2, or these unpacked, or from the hub.

    Values are scaled to 0 to 255 and rounded: -1 is black, 1 is ink.  Keys are as usps-train-0000.

    Raises:
        SourceError: a file is missing, torn or not of this format; or the hub cannot be asked.
    """
    from datasets import DatasetDict

    if not request.where:
        return hub.published(request, HUB, classes=CLASSES)
    folder = request.folder("a folder with usps.bz2 and usps.t.bz2")
    files = {split: _found(folder, name) for split, name in _FILES.items()}
    checksums.check(request, files.values())
    return DatasetDict({split: _dataset(path, split) for split, path in files.items()})


def _found(folder: Path, name: str) -> Path:
    for path in (folder / f"{name}.bz2", folder / name):
        if path.is_file():
            return path
    raise SourceError(
        f"there is no {name}.bz2", where=str(folder), fix="fetch it from LIBSVM's page of data sets"
    )


def _dataset(path: Path, split: str) -> Dataset:
    pictures, labels = [], []
    try:
        with (
            bz2.open(path, "rt", encoding="ascii")
            if path.suffix == ".bz2"
            else path.open(encoding="ascii") as lines
        ):
            for number, line in enumerate(lines, 1):
                pixels, label = _parsed(line, f"{path}:{number}")
                pictures.append(codec.encode(pixels))
                labels.append(label)
    except (EOFError, UnicodeDecodeError) as error:
        raise SourceError(f"torn ({error})", where=str(path), fix="fetch it again") from error
    except OSError as error:
        if error.errno is not None:
            raise
        raise SourceError(f"no bzip2 file ({error})", where=str(path), fix="fetch it again") from error
    if not labels:
        raise SourceError("it is empty", where=str(path), fix="fetch it again")
    return records.dataset(
        [f"usps-{split}-{number:04d}" for number in range(len(labels))], pictures, labels, CLASSES
    )


def _parsed(line: str, where: str) -> tuple[NDArray[np.uint8], int]:
    values = np.zeros(_SIDE * _SIDE)
    try:
        label, *entries = line.split()
        for entry in entries:
            index, _, value = entry.partition(":")
            values[_checked(int(index) - 1, _SIDE * _SIDE)] = float(value)
        digit = _checked(int(float(label)) - 1, 10)
    except ValueError as error:
        fix = "want a label from 1 to 10 and entries index:value, index from 1 to 256, value from -1 to 1"
        raise SourceError(f"no line of USPS in LIBSVM's format ({error})", where=where, fix=fix) from error
    if not np.all(np.abs(values) <= 1):
        raise SourceError(
            "a value outside -1 to 1", where=where, fix="want the file as published, not rescaled"
        )
    return np.rint((values + 1) * 127.5).astype(np.uint8).reshape(_SIDE, _SIDE, 1), digit


def _checked(value: int, count: int) -> int:
    if not 0 <= value < count:
        raise ValueError(f"got {value + 1}, want 1 to {count}")
    return value

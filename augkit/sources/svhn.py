"""SVHN: digits cut out of photographs of house numbers, 32×32 in colour, from its .mat files or the hub.

The files write 10 for the digit 0.

Source: Netzer et al. 2011, "Reading Digits in Natural Images with Unsupervised Feature Learning", format 2.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from augkit import codec
from augkit.errors import SourceError
from augkit.sources import checksums, hub, mat, records, streamed
from augkit.sources.progress import bar
from augkit.sources.request import Request

if TYPE_CHECKING:
    from datasets import DatasetDict

CLASSES = tuple("0123456789")
HUB = ("ufldl-stanford/svhn", "cropped_digits")
_FILES = {"train": "train_32x32.mat", "test": "test_32x32.mat", "extra": "extra_32x32.mat"}
_PIECE = 1000  # pictures


def read(request: Request) -> DatasetDict:
    """Read what there is of train_32x32.mat, test_32x32.mat and extra_32x32.mat in a folder, or the hub.

    Keys are as svhn-train-00000, in the order of the files.

    Raises:
        SourceError: there is no such file, or one is torn or another; or the hub cannot be asked.
    """
    from datasets import DatasetDict

    if not request.where:
        return hub.published(request, *HUB, classes=CLASSES)
    folder = request.folder("a folder with train_32x32.mat and the others")
    files = {split: folder / name for split, name in _FILES.items() if (folder / name).is_file()}
    if not files:
        fix = "want the files of cropped digits (format 2)"
        raise SourceError(f"there is no {', no '.join(_FILES.values())}", where=str(folder), fix=fix)
    checksums.check(request, files.values())
    columns = records.features(CLASSES)
    return DatasetDict(
        {
            split: streamed.rows(_rows, columns, (path,), path=str(path), keys=f"svhn-{split}-")
            for split, path in files.items()
        }
    )


def _rows(path: str, keys: str, stamp: str) -> Iterator[dict[str, Any]]:
    labels = _labels(Path(path))
    with mat.opened(Path(path), "X") as pictures:
        height, width, channels, count = _shape(pictures, len(labels), path)
        with bar(f"reading {Path(path).name}", count) as advance:
            for start in range(0, count, _PIECE):
                many = min(_PIECE, count - start)
                pixels = pictures.take(many * height * width * channels)
                pixels = pixels.reshape(many, channels, width, height).transpose(0, 3, 2, 1)
                for number, picture in enumerate(pixels, start):
                    cell = {"bytes": codec.encode(np.ascontiguousarray(picture, np.uint8)), "path": None}
                    yield {"key": f"{keys}{number:05d}", "image": cell, "label": labels[number]}
                advance(many)


def _shape(pictures: mat.Array, labels: int, path: str) -> tuple[int, ...]:
    shape = pictures.shape
    if len(shape) != 4 or shape[2] != 3 or pictures.dtype != np.uint8 or min(shape) < 1:
        problem = f"X has the shape {shape} of {pictures.dtype}, want H×W×3×N of uint8"
        raise SourceError(problem, where=path, fix="want the files of cropped digits (format 2)")
    if shape[0] * shape[1] > codec.MAX_PIXELS:
        raise SourceError(f"pictures of {shape[1]}×{shape[0]}", where=path)
    if shape[3] != labels:
        raise SourceError(
            f"{shape[3]:,} pictures, but {labels:,} labels", where=path, fix="fetch the file again"
        )
    return shape


def _labels(path: Path) -> list[int]:
    with mat.opened(path, "y") as array:
        values = array.all().astype(np.int64).reshape(-1)
    wrong = (values < 1) | (values > 10)
    if wrong.any():
        at = int(wrong.argmax())
        raise SourceError(f"label {at:,} is {values[at]}, want 1 to 10", where=str(path))
    return [int(value) % 10 for value in values]

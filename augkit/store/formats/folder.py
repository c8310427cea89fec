"""A file for each picture: OUT/<split>/<class>/<name>-<copy>.png."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from typing import Any, BinaryIO

from augkit.store import disk
from augkit.store.formats.shard import Batch, Place, Shape

KIND = ("", "image/*")  # suffix of a shard's file, and what files are


class Writer:
    """Write files aside under numbers, then move all of them to their names."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._names: list[str] = []

    def write(self, batch: Batch) -> Sequence[int]:
        """Write each picture; its place is 0, for the file is the picture."""
        for name, data in zip(batch.names, batch.data, strict=True):
            disk.put(f"{self._place.tmp}/{len(self._names)}", data)
            self._names.append(f"{self._place.split}/{name}")
        return [0] * len(batch.names)

    def close(self, *, again: bool) -> dict[str, tuple[str, int]]:
        """Move the files into place."""
        for number, name in enumerate(self._names):
            final = f"{self._place.out}/{name}"
            if again:  # ext4 flushes a file that replaces another: fifty times the cost of a fresh name
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(final)  # noqa: PTH108 - hot
            os.replace(f"{self._place.tmp}/{number}", final)  # noqa: PTH105 - hot
        disk.settle(self._place.out)
        return {}

    def abandon(self) -> None:
        """Do nothing: no file stays open."""


def read(file: BinaryIO, place: int, size: int) -> bytes:
    """Return the bytes of a picture."""
    return file.read()


def front(shape: Shape) -> dict[str, Any]:
    """Return the front matter, which makes `datasets` read the folder rightly.

    Data files are named for each split, so that a class called "test" makes no split; labels are kept even
    where there is one class; and features stand in the config (under `dataset_info` they are not heeded),
    so that a class without pictures keeps its number, and each has its own name (see `names.folders`).
    """
    config = {
        "config_name": "default",
        "drop_labels": False,
        "features": [
            {"name": "image", "dtype": "image"},
            {"name": "label", "dtype": {"class_label": {"names": shape.labels}}},
        ],
        "data_files": [{"split": split, "path": f"{split}/**"} for split in shape.splits],
    }
    return {"configs": [config]}

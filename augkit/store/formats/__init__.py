"""How pictures are kept: FORMATS, the one table.

Where pictures are files, a shard is many files; in the other formats it is one file.  Either way what is
written lies aside until the shard is whole, and is then moved into place.

To add one: write a module with a `Writer`, a `read` and a `front`, and add its line to FORMATS.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any, BinaryIO, Protocol

from augkit.errors import UsageError, did_you_mean
from augkit.store.formats import arrow, folder, parquet, webdataset
from augkit.store.formats.shard import Batch, Place, Shape

__all__ = ["FORMATS", "Batch", "Format", "Place", "Shape", "Writer", "named"]

_DATA = "data"


class Writer(Protocol):
    """Write one shard aside; nothing stands under its final name before `close`."""

    def write(self, batch: Batch) -> Sequence[int]:
        """Take some pictures and return the place of each: what `read` finds it by within its file."""

    def close(self, *, again: bool) -> dict[str, tuple[str, int]]:
        """Bring all to the disk and into place; return path → (SHA-256, bytes) of files that hold
        several pictures.

        `again` says that an earlier attempt's files may have the names already.
        """

    def abandon(self) -> None:
        """Let go of what is open; what lies aside is swept away later.  Does nothing after `close`."""


@dataclasses.dataclass(frozen=True)
class Format:
    """Hold one line of FORMATS.

    Attributes:
        writer: starts a shard.
        read:   returns a picture's bytes from its open file, its place there and its size in bytes.
        front:  returns what the card's front matter says, so that `datasets` reads labels and splits rightly.
        suffix: of a shard's file; empty where each picture is a file.
        mime:   what its files are.
    """

    writer: Callable[[Place], Writer]
    read: Callable[[BinaryIO, int, int], bytes]
    front: Callable[[Shape], dict[str, Any]]
    suffix: str
    mime: str

    def file(self, split: str, number: int, of: int, name: str) -> str:
        """Return the path of the file that a picture lies in; `number` is its shard's within the split."""
        return f"{_DATA}/{split}-{number:05d}-of-{of:05d}{self.suffix}" if self.suffix else f"{split}/{name}"

    def folders(self, splits: Iterable[str], classes: Sequence[str]) -> set[str]:
        """Return the folders that hold the data, given the folders of the classes."""
        if self.suffix:
            return {_DATA}
        return {path for split in splits for path in (split, *(f"{split}/{name}" for name in classes))}

    def ours(self, path: str) -> bool:
        """Tell whether a path is called like what this format writes."""
        if self.suffix:
            shard = rf"{_DATA}/\w+-\d{{5,}}-of-\d{{5,}}{re.escape(self.suffix)}"
            return re.fullmatch(shard, path) is not None
        if not {".", ".."}.isdisjoint(path.split("/")):
            return False
        return re.fullmatch(r"[^/]+/[^/]+/[^/]+-\d+\.(png|jpg|webp)", path) is not None


FORMATS: dict[str, Format] = {
    "folder": Format(folder.Writer, folder.read, folder.front, *folder.KIND),
    "parquet": Format(parquet.Writer, parquet.read, parquet.front, *parquet.KIND),
    "webdataset": Format(webdataset.Writer, webdataset.read, webdataset.front, *webdataset.KIND),
    "arrow": Format(arrow.Writer, arrow.read, arrow.front, *arrow.KIND),
}


def named(name: str) -> Format:
    """Return a format by its name; raise UsageError where there is none."""
    if name not in FORMATS:
        raise UsageError(
            f"got format {name!r}, want one of {', '.join(FORMATS)}", fix=did_you_mean(name, FORMATS)
        )
    return FORMATS[name]

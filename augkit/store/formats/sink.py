"""A file that is written aside, hashed on its way, and moved into place when it is whole."""

from __future__ import annotations

import hashlib
import io
import os
from pathlib import Path
from typing import Any

from augkit.store import disk
from augkit.store.formats.shard import Place


class Sink(io.RawIOBase):
    """Take the bytes of a shard's one file, in order."""

    def __init__(self, place: Place) -> None:
        super().__init__()
        self._final = Path(place.out, place.file)
        self._name = place.file
        self._aside = Path(place.tmp, "shard")
        self._hash = hashlib.sha256()
        self._size = 0
        self._handle = os.open(self._aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)

    def writable(self) -> bool:
        """Say yes."""
        return True

    def tell(self) -> int:
        """Return how many bytes were written."""
        return self._size

    def write(self, data: Any) -> int:
        """Write all of the bytes, or raise OSError; an abandoned sink swallows what libraries still say."""
        rest = memoryview(data).cast("B")
        size = len(rest)
        if self._handle >= 0:
            self._hash.update(rest)
            self._size += size
            while rest:
                rest = rest[os.write(self._handle, rest) :]
        return size

    def settle(self) -> dict[str, tuple[str, int]]:
        """Bring the file to the disk and give it its name; return its path, SHA-256 and size in bytes."""
        os.fsync(self._handle)
        self.abandon()
        self._aside.replace(self._final)
        disk.sync(self._final.parent)
        return {self._name: (self._hash.hexdigest(), self._size)}

    def abandon(self) -> None:
        """Close the file; what lies aside stays there."""
        handle, self._handle = self._handle, -1
        if handle >= 0:
            os.close(handle)

"""What an earlier `verify --incremental` hashed and found right, so that the next need not hash it again.

OUT/.augkit/run/verified begins with the hash of the marker that it belongs to, and holds three numbers for
each file, in the order in which they are checked: its size in bytes, and the times in nanoseconds at which
its content and its entry were last changed; zeros for one that was not found right yet.  A number counts as
soon as it is written, so that a check that was stopped carries on.
"""

from __future__ import annotations

import hashlib
import os
import time
from pathlib import Path

import numpy as np

from augkit.errors import StoreError
from augkit.store import disk

FILE = f"{disk.RUN}/verified"
_HEAD, _ROW = 32, 24  # bytes
_AGE = 2_000_000_000  # nanoseconds; a file changed again within the clock's tick would look the same

Stamp = tuple[int, int, int]


class Trusted:
    """Remember which files were found right, and what they were known by.

    Args:
        root:  the data set.
        count: how many files it has, at most.

    Attributes:
        hits: how many files were trusted.

    Raises:
        StoreError: it cannot be written down.
    """

    def __init__(self, root: Path, count: int) -> None:
        self.hits = 0
        path, head = root / FILE, hashlib.sha256((root / disk.MARKER).read_bytes()).digest()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if _head(path) != head or path.stat().st_size != _HEAD + count * _ROW:
                path.unlink(missing_ok=True)
                disk.put(str(path), head)
                os.truncate(path, _HEAD + count * _ROW)
            self._seen = np.memmap(path, np.int64, "r+", _HEAD, (count, 3))
        except OSError as error:
            fix = "verify without --incremental"
            raise StoreError(
                f"what was verified cannot be written down ({error.strerror})", where=str(path), fix=fix
            ) from error

    def holds(self, number: int, stamp: Stamp) -> bool:
        """Tell whether a file was found right when it was known by this stamp, and count it if so."""
        held = any(stamp) and tuple(self._seen[number].tolist()) == stamp
        self.hits += held
        return held

    def add(self, number: int, stamp: Stamp) -> None:
        """Note that a file was found right; the stamp has to be older than its hash."""
        if max(stamp[1:]) < time.time_ns() - _AGE:
            self._seen[number] = stamp


def stamped(path: Path) -> Stamp:
    """Return what a file is known by: its size and its times; zeros where there is none."""
    try:
        said = path.lstat()
    except OSError:
        return 0, 0, 0
    return said.st_size, said.st_mtime_ns, said.st_ctime_ns


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_HEAD)
    except FileNotFoundError:
        return b""

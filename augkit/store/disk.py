"""Writing and hashing files so that a name never stands for half a file."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from augkit.errors import StoreError

PRIVATE = ".augkit"
RUN = ".augkit/run"
MARKER = "augkit.json"

_TRIES = 3


def put(path: str, data: bytes) -> None:
    """Write a new file, whole or with an OSError; nothing is synced (see `settle`)."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
    try:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(handle, rest) :]
    finally:
        os.close(handle)


def get(path: str) -> bytes:
    """Read a whole file; an I/O error that may pass is tried again, three times in all."""
    for attempt in range(_TRIES):
        try:
            with open(path, "rb") as file:  # noqa: PTH123 - a Path costs more than a small picture's reading
                return file.read()
        except OSError as error:
            if error.errno not in (errno.EIO, errno.EAGAIN, errno.ESTALE) or attempt == _TRIES - 1:
                raise
            time.sleep(0.05 * 4**attempt)
    raise AssertionError("unreachable")


def replace(path: Path, data: bytes) -> None:
    """Write a file under its final name: whole and on the disk, or not at all."""
    new = path.with_name(f".{path.name}.new")
    new.unlink(missing_ok=True)
    put(str(new), data)
    sync(new)
    new.replace(path)
    sync(path.parent)


def replace_json(path: Path, value: Any) -> None:
    """Write plain data as JSON, as `replace` does."""
    replace(path, (json.dumps(value, indent=2, ensure_ascii=False) + "\n").encode("utf-8", "surrogateescape"))


def sync(path: Path) -> None:
    """Bring one file, or the entries of one folder, to the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def settle() -> None:
    """Bring all that was written to the disk; for a shard's many files one call costs what one fsync does."""
    if hasattr(os, "sync"):
        os.sync()


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file as hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def files(root: Path) -> Iterator[str]:
    """Yield the path of every file below `root`, relative and with "/", except what `.augkit/run` holds.

    Unsorted.
    """
    waiting = [""]
    while waiting:
        folder = waiting.pop()
        with os.scandir(root / folder) as entries:
            for entry in entries:
                path = f"{folder}{entry.name}"
                if entry.is_dir(follow_symlinks=False):
                    if path != RUN:
                        waiting.append(f"{path}/")
                else:
                    yield path


def clear(root: Path, keep: str) -> None:
    """Remove everything below a folder that augkit made, except the file `keep` and the folders that hold it.

    The completion marker goes first: a tree that is half removed does not call itself complete.
    """
    (root / MARKER).unlink(missing_ok=True)
    for path in root.iterdir():
        relative = path.relative_to(root).as_posix()
        if keep == relative:
            continue
        if path.is_dir() and not path.is_symlink():
            inner = keep.removeprefix(f"{relative}/")
            if inner != keep:
                clear(path, inner)
            else:
                shutil.rmtree(path)
        else:
            path.unlink()


def explained(error: OSError, out: Path) -> StoreError:
    """Turn an operating system's refusal into an error with a fix."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        free = shutil.disk_usage(out).free
        problem = f"the disk is full ({free / 1e6:,.0f} MB free): {error.strerror}"
        return StoreError(
            problem, where=str(out), fix="make room and run the same command again: it carries on"
        )
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return StoreError(
            f"cannot be written to ({error.strerror})", where=str(out), fix="choose another folder"
        )
    where = str(error.filename or out)
    return StoreError(
        f"{error.strerror or error}", where=where, fix="run the same command again: it carries on"
    )

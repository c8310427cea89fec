"""Writing and hashing files so that a name never stands for half a file."""

from __future__ import annotations

import ctypes
import errno
import hashlib
import json
import os
import secrets
import shutil
import stat
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from augkit.errors import StoreError

PRIVATE = ".augkit"
RUN = ".augkit/run"
TMP = ".augkit/run/tmp"  # emptied by each run; on the file system of the output
MARKER = "augkit.json"
PLAN = ".augkit/plan.json"

_TRIES = 3
_PASSING = (errno.EIO, errno.EAGAIN, errno.ESTALE)
_syncfs = getattr(ctypes.CDLL(None, use_errno=True), "syncfs", None) if sys.platform == "linux" else None
R = TypeVar("R")
LITTER = (".DS_Store", "Thumbs.db", "desktop.ini")
"""What file browsers leave behind: nobody's data."""


def put(path: str, data: bytes) -> None:
    """Write a new file, whole or with an OSError; nothing is synced (see `settle`)."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
    try:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(handle, rest) :]
    finally:
        os.close(handle)


def patiently(do: Callable[[], R]) -> R:
    """Do something; after an I/O error that may pass, do all of it again, three times in all.

    What is written has to be written anew each time: after a failed `fsync` nobody knows what is on the disk.
    """
    for attempt in range(1, _TRIES):
        try:
            return do()
        except OSError as error:
            if error.errno not in _PASSING:
                raise
            time.sleep(0.05 * 4**attempt)
    return do()


def replace(root: Path, name: str, data: bytes) -> None:
    """Write a file of the output at `root` under its final name, patiently: whole and on the disk, or not
    at all.
    """

    def write() -> None:
        new = aside(root, name)
        put(str(new), data)
        commit(root, new, name)

    patiently(write)


def replace_json(root: Path, name: str, value: Any) -> None:
    """Write plain data as JSON, as `replace` does."""
    text = json.dumps(value, indent=2, ensure_ascii=False) + "\n"
    replace(root, name, text.encode("utf-8", "surrogateescape"))


def aside(root: Path, name: str) -> Path:
    """Return where a file is written before it gets its name: a place that no other process takes."""
    return root / TMP / f"{secrets.token_hex(8)}-{name.replace('/', '-')}"


def commit(root: Path, new: Path, name: str) -> None:
    """Bring a written file to the disk, give it its name, and bring that to the disk."""
    sync(new)
    new.replace(root / name)
    sync((root / name).parent)


def sync(path: Path) -> None:
    """Bring one file, or the entries of one folder, to the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def settle(root: str | Path) -> None:
    """Bring all that was written to the file system of a folder to the disk.

    For a shard's many files one call costs what one fsync does.  Linux tells by it of a disk that failed;
    elsewhere all file systems are asked, and none of them tells.
    """
    if _syncfs is not None:
        handle = os.open(root, os.O_RDONLY)
        try:
            failed = _syncfs(handle)
        finally:
            os.close(handle)
        number = ctypes.get_errno()
        if failed and number != errno.ENOSYS:
            raise OSError(number, os.strerror(number), str(root))
        if not failed:
            return
    if hasattr(os, "sync"):
        os.sync()


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file as hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def regular(path: Path) -> bool:
    """Tell whether a path is a file itself: no link, folder, pipe or device."""
    return stat.S_ISREG(path.lstat().st_mode)


def files(root: Path) -> Iterator[str]:
    """Yield the path of every file below `root`, relative and with "/", unsorted.

    What `.augkit/run` holds and what file browsers leave behind is passed over; a link counts as a file.
    """
    return (path for path, folder in _walk(root) if not folder)


def folders(root: Path) -> Iterator[str]:
    """Yield the path of every folder below `root`, as `files` does."""
    return (path for path, folder in _walk(root) if folder)


def _walk(root: Path) -> Iterator[tuple[str, bool]]:
    waiting = [""]
    while waiting:
        folder = waiting.pop()
        with os.scandir(root / folder) as entries:
            for entry in entries:
                path = f"{folder}{entry.name}"
                if entry.is_dir(follow_symlinks=False):
                    if path != RUN:
                        waiting.append(f"{path}/")
                        yield path, True
                elif entry.name not in LITTER:
                    yield path, False


def clear(root: Path) -> None:
    """Remove a data set, all but the folder `.augkit/run` with its lock and log.

    The marker goes first and the plan last: what is half removed neither calls itself complete nor loses
    the sign by which another attempt may remove the rest.
    """
    (root / MARKER).unlink(missing_ok=True)
    for name in ("shards", "tmp"):
        shutil.rmtree(root / RUN / name, ignore_errors=True)
    for path in [*root.iterdir(), *(root / PRIVATE).iterdir()]:
        if path in (root / PRIVATE, root / RUN, root / PLAN):
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
    (root / PLAN).unlink(missing_ok=True)


def explained(error: OSError, out: Path) -> StoreError:
    """Turn an operating system's refusal into an error with a fix."""
    again = "run the same command again: it carries on"
    said = error.strerror or str(error)
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        problem = f"the disk is full ({_free(out):,} bytes free): {said}"
        return StoreError(problem, where=str(out), fix=f"make room and {again}")
    where = os.fsdecode(error.filename) if isinstance(error.filename, str | bytes) else str(out)
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return StoreError(f"cannot be written to ({said})", where=where, fix="choose another folder")
    return StoreError(said, where=where, fix=again)


def _free(out: Path) -> int:
    """Return how many bytes are free where a folder is or is to be."""
    there = next((path for path in (out, *out.absolute().parents) if path.exists()), Path("/"))
    return shutil.disk_usage(there).free

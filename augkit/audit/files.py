"""What an audit keeps in its folder: files that are whole and on the disk under their names, or not there."""

from __future__ import annotations

import json
import secrets
import struct
import zipfile
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from augkit.store import disk

_DAMAGE = (OSError, EOFError, ValueError, RuntimeError, struct.error, zipfile.BadZipFile, zlib.error)


def arrays(path: Path, values: Mapping[str, NDArray[Any]], *, compressed: bool = True) -> None:
    """Write arrays to an .npz file."""

    def write(file: BinaryIO) -> None:
        save = np.savez_compressed if compressed else np.savez
        save(file, **values)  # type: ignore[arg-type] # its stubs want a bool of every keyword

    _written(path, write)


def plain(path: Path, value: Any) -> None:
    """Write plain data as one line of JSON."""
    text = json.dumps(value, ensure_ascii=False) + "\n"
    _written(path, lambda file: file.write(text.encode("utf-8")))


def readable(path: Path) -> bool:
    """Tell whether an .npz file is there and whole; one that is not whole, as a power cut or a disk may leave
    it, is removed.
    """
    try:
        with zipfile.ZipFile(path) as file:
            whole = file.testzip() is None
    except FileNotFoundError:
        return False
    except _DAMAGE:
        whole = False
    if not whole:
        path.unlink(missing_ok=True)
    return whole


def _written(path: Path, write: Callable[[BinaryIO], object]) -> None:
    beside = path.with_name(f".{secrets.token_hex(8)}-{path.name}")
    try:
        with beside.open("xb") as file:
            write(file)
        disk.commit(path.parent, beside, path.name)
    finally:
        beside.unlink(missing_ok=True)

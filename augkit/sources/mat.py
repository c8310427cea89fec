"""MATLAB's MAT files, version 5, read as a stream: plain numeric arrays of any size in little memory.

Source: "MAT-File Format", The MathWorks, chapter 1 (level 5).
"""

from __future__ import annotations

import contextlib
import math
import struct
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from augkit.errors import SourceError

_HEADER, _PIECE = 128, 1 << 16
_MATRIX, _COMPRESSED = 14, 15
_TYPES = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}
_AGAIN = "fetch the file again"

Read = Callable[[int], bytes]


class Array:
    """Hold one array of a file while it is read: its name, shape, and its values in the file's order.

    The first index runs fastest (Fortran's order): the last one numbers pieces that lie together.
    """

    def __init__(self, name: str, shape: tuple[int, ...], dtype: str, read: Read) -> None:
        self.name, self.shape, self.dtype, self._read = name, shape, np.dtype(dtype), read

    def take(self, count: int) -> NDArray[np.generic]:
        """Return the next so many values."""
        return np.frombuffer(self._read(count * self.dtype.itemsize), self.dtype)

    def all(self) -> NDArray[np.generic]:
        """Return all values, where none has been taken."""
        return self.take(math.prod(self.shape)).reshape(self.shape, order="F")


@contextlib.contextmanager
def opened(path: Path, name: str) -> Iterator[Array]:
    """Open one array of a file by its name, to be read from its beginning.

    Raises:
        SourceError: the file is no MAT file of version 5, has no such array, or is torn.
    """
    with path.open("rb") as file:
        try:
            order = _order(file, path)
            while tag := file.read(8):
                kind, size = _unpacked(f"{order}II", tag)
                after = file.tell() + size
                array = _array(_inflating(file, size) if kind == _COMPRESSED else _exactly(file), kind, order)
                if array is not None and array.name == name:
                    yield array
                    return
                file.seek(after)
        except (EOFError, zlib.error, struct.error) as error:
            raise SourceError(
                f"torn: it ends inside an array ({error})", where=str(path), fix=_AGAIN
            ) from error
    raise SourceError(f"it has no numeric array {name!r}", where=str(path), fix="is it another file?")


def _order(file: BinaryIO, path: Path) -> str:
    header = file.read(_HEADER)
    if header.startswith(b"MATLAB 7.3") or header.startswith(b"\x89HDF"):
        fix = "save it again with '-v7', or give the files of 32×32 pictures"
        raise SourceError("a MAT file of version 7.3 (HDF5), want version 5", where=str(path), fix=fix)
    mark = header[126:128]
    if len(header) < _HEADER or mark not in (b"IM", b"MI"):
        raise SourceError("no MAT file", where=str(path), fix=_AGAIN)
    return "<" if mark == b"IM" else ">"


def _array(read: Read, kind: int, order: str) -> Array | None:
    """Read the head of an array; None where it is not one of plain numbers."""
    if kind == _COMPRESSED:
        kind, _ = _unpacked(f"{order}II", read(8))
    if kind != _MATRIX:
        return None
    flags = _element(read, order)[1]
    if not 6 <= flags[0 if order == "<" else 3] <= 15:  # cells, structs, text and the like
        return None
    dims = _element(read, order)[1]
    shape = _unpacked(f"{order}{len(dims) // 4}i", dims)
    name = _element(read, order)[1].decode("ascii", "replace")
    stored, size, small = _tag(read, order)
    if stored not in _TYPES:
        return None
    dtype = order + _TYPES[stored]
    if math.prod(shape) * np.dtype(dtype).itemsize != size:
        raise EOFError(f"{name} has {size} bytes for {shape}")
    if small is not None:
        return Array(name, shape, dtype, lambda count: small[:count])
    return Array(name, shape, dtype, read)


def _element(read: Read, order: str) -> tuple[int, bytes]:
    kind, size, small = _tag(read, order)
    if small is not None:
        return kind, small[:size]
    if size > _PIECE:
        raise EOFError("a header of absurd length")
    data = read(size)
    read(-size % 8)
    return kind, data


def _tag(read: Read, order: str) -> tuple[int, int, bytes | None]:
    """Return type, size in bytes and, where up to four bytes stand in the tag itself, those."""
    raw = read(8)
    (word,) = _unpacked(f"{order}I", raw[:4])
    if word >> 16:
        return word & 0xFFFF, word >> 16, raw[4:]
    return word, _unpacked(f"{order}I", raw[4:])[0], None


def _unpacked(form: str, data: bytes) -> tuple[int, ...]:
    return struct.unpack(form, data)


def _exactly(file: BinaryIO) -> Read:
    def read(count: int) -> bytes:
        data = file.read(count)
        if len(data) < count:
            raise EOFError(f"{count - len(data):,} bytes are missing")
        return data

    return read


def _inflating(file: BinaryIO, size: int) -> Read:
    """Read a compressed element of `size` bytes, piece by piece."""
    inflater = zlib.decompressobj()
    left = size

    def read(count: int) -> bytes:
        nonlocal left
        pieces, have = [], 0
        while have < count:
            waiting = inflater.unconsumed_tail
            if not waiting:
                waiting = file.read(min(_PIECE, left))
                left -= len(waiting)
            piece = inflater.decompress(waiting, count - have)
            if not piece and not waiting:
                raise EOFError(f"{count - have:,} bytes are missing")
            pieces.append(piece)
            have += len(piece)
        return b"".join(pieces)

    return read

"""What a tar archive holds, and where: read as a list, never unpacked.

Archives come from strangers.  Only regular files with harmless names are listed; a link, a device or a name
that leads elsewhere refuses the whole archive, as does damage that other readers take for the end.
"""

from __future__ import annotations

import dataclasses
import os
import tarfile
from collections.abc import Iterator
from typing import BinaryIO

from augkit.errors import SourceError

MOST = 1 << 28  # bytes: no picture is larger, nor is it held in memory
_BLOCK = 512
_COMPRESSED = (b"\x1f\x8b", b"BZh", b"\xfd7zX", b"\x28\xb5\x2f\xfd")  # gzip, bzip2, xz, zstd
_META = 1 << 20  # bytes of long names and other headers of one member
_AGAIN = "fetch the archive again"


@dataclasses.dataclass(frozen=True)
class Member:
    """Hold one file of an archive: its name, and where in the archive's file its bytes lie."""

    name: str
    offset: int
    size: int


def members(
    file: BinaryIO,
    where: str,
    *,
    start: int = 0,
    size: int | None = None,
    deep: bool = False,
    most: int = MOST,
) -> Iterator[Member]:
    """Yield the files of a tar archive in their order.

    Args:
        file:  an open file; the archive may stand inside it, from `start` on and `size` bytes long.
        where: what to call it in errors.
        deep:  whether names may have folders.
        most:  bytes that a file may have.

    Raises:
        SourceError: it is no tar archive or a compressed one, torn or damaged, or holds what is not listed:
            links, devices, sparse files, names that lead elsewhere, or one name twice.
    """
    end = os.fstat(file.fileno()).st_size if size is None else start + size
    file.seek(start)
    if file.read(4).startswith(_COMPRESSED):
        fix = "unpack the compression: pictures are read from where they stand"
        raise SourceError("a compressed archive", where=where, fix=fix)
    file.seek(start)
    seen: set[str] = set()
    try:
        with tarfile.open(fileobj=_Careful(file), mode="r:") as archive:  # type: ignore[call-overload]
            while (info := archive.next()) is not None:
                archive.members.clear()  # it keeps them all
                if info.isdir():
                    continue
                member = Member(_name(info, where, deep), info.offset_data, info.size)
                _check(member, where, seen, end, most)
                yield member
            _ended(file, archive.offset, start, end, where)
    except (tarfile.TarError, EOFError, ValueError, OverflowError) as error:
        raise SourceError(f"no whole tar archive ({error})", where=where, fix=_AGAIN) from error


def _check(member: Member, where: str, seen: set[str], end: int, most: int) -> None:
    if member.name in seen:
        raise SourceError(f"it holds {member.name!r} twice", where=where)
    seen.add(member.name)
    if member.offset + member.size > end:
        raise SourceError(f"it ends inside {member.name!r}: torn", where=where, fix=_AGAIN)
    if member.size > most:
        raise SourceError(f"{member.name!r} has {member.size:,} bytes: more than any picture", where=where)


def _name(info: tarfile.TarInfo, where: str, deep: bool) -> str:
    name = info.name.removeprefix("./")
    if not info.isreg() or info.issparse():
        kind = (
            "a link" if info.issym() or info.islnk() else "a sparse file" if info.issparse() else "a device"
        )
        raise SourceError(f"{name!r} is {kind}: only plain files are read", where=where)
    parts = name.split("/")
    if name.startswith("/") or "\\" in name or "\0" in name or any(part in ("", ".", "..") for part in parts):
        raise SourceError(f"{name!r} leads out of the archive", where=where)
    if len(parts) > 1 and not deep:
        raise SourceError(f"{name!r} lies in a folder, want plain names", where=where)
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def _ended(file: BinaryIO, offset: int, start: int, end: int, where: str) -> None:
    """Check that an archive ends with its mark: tarfile takes a damaged header for the end, silently."""
    file.seek(offset)
    block = file.read(min(_BLOCK, max(end - offset, 0)))
    if block == bytes(_BLOCK):
        return
    if offset == start:
        raise SourceError("no tar archive", where=where)
    problem = "it ends without its end mark: torn" if not block else f"damaged at byte {offset:,}"
    raise SourceError(problem, where=where, fix=_AGAIN)


class _Careful:
    """Read a file for tarfile, and refuse headers of absurd length, which it would take into memory."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.seek, self.tell = file.seek, file.tell

    def read(self, size: int) -> bytes:
        if size > _META:
            raise tarfile.ReadError(f"a header of {size:,} bytes")
        return self._file.read(size)

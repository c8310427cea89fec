"""Pictures that lie inside larger files: where each begins, and its bytes when they are asked for.

A row of a large archive holds no bytes but a reference, in the place of a path: the archive's path, offset,
size and repair, with NUL between them, which no real path can hold.  So nothing is unpacked, nothing stands
twice on the disk, and any row is read at any time.
"""

from __future__ import annotations

import errno
import functools
import os
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from augkit.errors import SourceError
from augkit.sources import repairs, urls

if TYPE_CHECKING:
    from datasets import Dataset, DatasetDict

_BETWEEN = "\0"
_SHOWN = 200  # characters of a path that is not followed
_TRIES = 3
_PASSING = (errno.EIO, errno.EAGAIN, errno.ESTALE)
T = TypeVar("T")


class Cell(dict[str, Any]):
    """Stand for an image {bytes, path} whose bytes are read when somebody looks at them."""

    def __missing__(self, key: str) -> bytes:
        if key != "bytes":
            raise KeyError(key)
        self["bytes"] = data = read(self["path"])
        return data


def reference(path: str, offset: int, size: int, repair: str = "") -> str:
    """Return what stands for the bytes from `offset` on in a file; `repair` is a name in `repairs.REPAIRS`.

    Raises:
        SourceError: the path is not text.
    """
    try:
        path.encode()
    except UnicodeEncodeError:
        raise SourceError("this path is not text", where=repr(path), fix="rename it") from None
    return _BETWEEN.join((path, str(offset), str(size), repair))


def is_reference(path: str) -> bool:
    """Tell a reference from the path of a file."""
    return _BETWEEN in path


def foreign(path: str) -> str:
    """Return the reference that stands for a picture whose data set names a file that is not its own.

    It leads nowhere: whoever reads it gets a PermissionError that says why.
    """
    return _BETWEEN.join(("", "0", "0", path.replace(_BETWEEN, "␀")[:_SHOWN]))


def file(path: str) -> str:
    """Return the file that a path or a reference leads to; nothing for a `foreign` one."""
    return path.partition(_BETWEEN)[0]


def size(path: str) -> int:
    """Return how many bytes a file or a reference has, before any repair."""
    return int(path.split(_BETWEEN)[2]) if is_reference(path) else os.stat(path).st_size  # noqa: PTH116 - hot


def read(path: str) -> bytes:
    """Return the bytes of a file or a reference, repaired; an error that may pass is tried three times.

    A reference into a file that has become shorter gives what is left: the picture is torn then.

    Raises:
        OSError:     it cannot be read, or may not be (see `foreign`).
        SourceError: it lies at a URL, and what keeps it there does not answer.
    """
    if not is_reference(path):
        return _tried(path, 0, -1)
    name, offset, count, repair = _parts(path)
    data = _tried(name, offset, count)
    return repairs.repaired(data, repair) if repair else data


def head(path: str, most: int) -> bytes:
    """Return the first bytes of a file or a reference; all of them, repaired, where it needs a repair."""
    if not is_reference(path):
        return _tried(path, 0, most)
    name, offset, count, repair = _parts(path)
    return read(path) if repair else _tried(name, offset, min(count, most))


def _parts(path: str) -> tuple[str, int, int, str]:
    name, offset, count, rest = path.split(_BETWEEN)
    if not name:
        reason = f"its data set names {urls.hidden(rest)!r}, which is not followed: it is no file of its own"
        raise PermissionError(errno.EACCES, reason)
    return name, int(offset), int(count), rest


def readable(data: DatasetDict) -> DatasetDict:
    """Let the splits that hold references, or bytes to be repaired, give the bytes themselves when looked at.

    The other splits stay as they are.
    """
    from datasets import DatasetDict

    parts = {
        name: part.with_transform(_read_when_seen) if _needs_reading(part) else part
        for name, part in data.items()
    }
    return DatasetDict(parts)


def _needs_reading(part: Dataset) -> bool:
    if "repair" in part.column_names:
        return True
    if not len(part):
        return False
    cell = part.with_format(None)[0]["image"]
    return cell["bytes"] is None and cell["path"] is not None and is_reference(cell["path"])


def _read_when_seen(batch: dict[str, list[Any]]) -> dict[str, list[Any]]:
    if "image" in batch:
        mend = "repair" in batch
        batch = {**batch, "image": [_given(cell, mend) for cell in batch["image"]]}
    return batch


def _given(cell: dict[str, Any], mend: bool) -> dict[str, Any]:
    data = cell["bytes"]
    if data is None:
        return Cell(path=cell["path"])
    return {"bytes": repairs.mended(data), "path": None} if mend else cell


def bytes_of(image: bytes | str) -> bytes:
    """Return the bytes of an image that is given by them, by a path or by a reference."""
    return image if isinstance(image, bytes) else read(image)


def each(images: Sequence[bytes | str], do: Callable[[bytes | str], T]) -> Iterator[Callable[[], T]]:
    """Yield for each image a function that gives `do(image)`, or raises what that raised.

    What lies at URLs is under way before it is asked for; all else is done when it is asked for.
    """
    if any(isinstance(image, str) and urls.is_url(image) for image in images):
        return urls.ahead(functools.partial(_done, do), images)
    return (functools.partial(do, image) for image in images)


def _done(do: Callable[[bytes | str], T], image: bytes | str) -> Callable[[], T]:
    """Do it now, and give or raise later what came of it."""
    try:
        found = do(image)
    except Exception as error:
        return functools.partial(_raised, error)
    return lambda: found


def _raised(error: Exception) -> Any:
    raise error


def _tried(path: str, offset: int, count: int) -> bytes:
    if urls.is_url(path):
        return urls.read(path, offset, count)
    for attempt in range(1, _TRIES):
        try:
            return _read(path, offset, count)
        except OSError as error:
            if error.errno not in _PASSING:
                raise
            time.sleep(0.05 * 4**attempt)
    return _read(path, offset, count)


def _read(path: str, offset: int, count: int) -> bytes:
    with open(path, "rb", buffering=0) as file:  # noqa: PTH123 - a Path costs more than a small picture's reading
        if offset:
            file.seek(offset)
        if count < 0:
            return file.readall()
        pieces, left = [], count
        while left > 0 and (piece := file.read(left)):
            pieces.append(piece)
            left -= len(piece)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)

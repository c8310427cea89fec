"""How wide the pictures of a data set are against their height, read from their headers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from augkit import codec
from augkit.errors import PictureError
from augkit.intervals import Interval
from augkit.sources import members, urls

if TYPE_CHECKING:
    from datasets import DatasetDict

_HEAD = 1 << 14
_END = b"\xff\xd9"  # of a JPEG: the codec wants one, and the head has none


def aspects(data: DatasetDict, splits: tuple[str, ...]) -> Interval:
    """Return the least and the greatest width over height of the pictures of some splits; [1, 1] without any.

    Pictures whose header cannot be read are passed over: they are quarantined when their turn comes.
    """
    low, high = float("inf"), 0.0
    for split in splits:
        if split not in data:
            continue
        cells = data[split].with_format(None)["image"]
        there = any(cell["path"] and urls.is_url(cell["path"]) for cell in cells[:1])
        for size in urls.ahead(_size, cells) if there else map(_size, cells):
            if size is not None:
                low, high = min(low, size[0] / size[1]), max(high, size[0] / size[1])
    return Interval(low, high) if high else Interval(1, 1)


def _size(cell: dict[str, bytes | str | None]) -> tuple[int, int] | None:
    """Return width and height, or None where the header cannot be read."""
    try:
        return _told(cell)
    except (PictureError, OSError):
        return None


def _told(cell: dict[str, bytes | str | None]) -> tuple[int, int]:
    data, path = cell["bytes"], cell["path"]
    if isinstance(data, bytes):
        return codec.peek_size(data)
    head = members.head(str(path), _HEAD)
    try:
        return codec.peek_size(head + _END)
    except PictureError:
        return codec.peek_size(members.read(str(path)))

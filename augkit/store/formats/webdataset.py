"""WebDataset: OUT/data/<split>-00000-of-00020.tar; of each picture key.png, key.cls and key.json.

The members of a picture follow each other, their times and owners are 0, and a key has no dot, because what
follows the first dot is the member's kind.  key.cls is the label; key.json has the class's name, the source,
the copy, the label before, and the drawn values (null where a step was not done).

Source: https://github.com/webdataset/webdataset
"""

from __future__ import annotations

import hashlib
import json
import math
import tarfile
from collections.abc import Sequence
from typing import Any, BinaryIO

from augkit.store.formats.shard import Batch, Place, Shape
from augkit.store.formats.sink import Sink

KIND = (".tar", "application/x-tar")  # suffix of a shard's file, and what files are
_BLOCK = 512
_MODE = b"0000644\0" + 2 * b"0000000\0"  # and owner and group; then come the size and
_TIME = b"\0" + 11 * b"0" + b"\0"  # then the sum of all bytes, itself as spaces, and
_REST = (b"\0 0" + bytes(100) + b"ustar\x0000").ljust(512 - 154, b"\0")
_PLAIN_SUM = sum(_MODE) + sum(_TIME) + sum(_REST) - sum(b"\0 ") + 8 * ord(" ")
_END = bytes(20 * _BLOCK)  # two empty blocks, and what fills up the last record


class Writer:
    """Write three members for each picture."""

    def __init__(self, place: Place) -> None:
        self._classes = place.classes
        self._drawn = place.drawn
        self._sink = Sink(place)

    def write(self, batch: Batch) -> Sequence[int]:
        """Write the members; a picture's place is the byte at which it begins."""
        return [self._put(batch, row) for row in range(len(batch.names))]

    def _put(self, batch: Batch, row: int) -> int:
        key, extension = _key(batch.names[row], batch.sources[row])
        parts = [
            _member(f"{key}.cls", str(batch.labels[row]).encode()),
            _member(f"{key}.json", json.dumps(self._said(batch, row), ensure_ascii=False).encode()),
            _header(f"{key}{extension}", len(batch.data[row])),
        ]
        start = self._sink.tell() + sum(map(len, parts))
        self._sink.write(b"".join([*parts, _filled(batch.data[row])]))
        return start

    def _said(self, batch: Batch, row: int) -> dict[str, Any]:
        said: dict[str, Any] = {"label": self._classes[batch.labels[row]], "source": batch.sources[row]}
        if not self._drawn:
            return said
        said |= {"copy": batch.copies[row], "label_before": self._classes[batch.labels_before[row]]}
        for name in self._drawn:
            value = float(batch.drawn[name][row]) if name in batch.drawn else math.nan
            said[name] = None if math.isnan(value) else value
        return said

    def close(self, *, again: bool) -> dict[str, tuple[str, int]]:
        """Write the end and move the file into place."""
        self._sink.write(_END[: 2 * _BLOCK + -(self._sink.tell() + 2 * _BLOCK) % len(_END)])
        return self._sink.settle()

    def abandon(self) -> None:
        """Close what is open."""
        self._sink.abandon()


def read(file: BinaryIO, place: int, size: int) -> bytes:
    """Return the bytes of the picture that begins at a byte of the archive."""
    file.seek(place)
    return file.read(size)


def front(shape: Shape) -> dict[str, Any]:
    """Return the front matter; features stand under `dataset_info`, where `datasets` heeds them for tars."""
    files = [{"split": split, "path": f"data/{split}-*"} for split in shape.splits]
    texts = ["label", "source", *(["label_before"] if shape.drawn else [])]
    said = [{"name": name, "dtype": "string"} for name in texts]
    said += [{"name": "copy", "dtype": "int32"}] if shape.drawn else []
    said += [{"name": name, "dtype": "float64"} for name in shape.drawn]
    features: list[dict[str, Any]] = [{"name": end.lstrip("."), "dtype": "image"} for end in shape.extensions]
    features += [
        {"name": "cls", "dtype": {"class_label": {"names": shape.labels}}},
        {"name": "json", "struct": said},
        {"name": "__key__", "dtype": "string"},
        {"name": "__url__", "dtype": "string"},
    ]
    return {
        "dataset_info": {"config_name": "default", "features": features},
        "configs": [{"config_name": "default", "data_files": files}],
    }


def _key(name: str, source: str) -> tuple[str, str]:
    """Cut a name into a key without dots, and its extension; a name with more dots gets its source's hash."""
    stem, _, extension = name.rpartition(".")
    if "." in stem:
        digest = hashlib.blake2b(source.encode("utf-8", "surrogateescape"), digest_size=8).hexdigest()
        stem = f"{stem.replace('.', '_')}-{digest}"
    return stem, f".{extension}"


def _member(name: str, data: bytes) -> bytes:
    return _header(name, len(data)) + _filled(data)


def _filled(data: bytes) -> bytes:
    return data + bytes(-len(data) % _BLOCK)


def _header(name: str, size: int) -> bytes:
    """Return the header of a member with times and owners 0."""
    given, length = name.encode(), b"%011o" % size
    if (
        len(given) <= 100 and name.isascii() and len(length) == 11
    ):  # ten times as fast as tarfile, and the same
        check = b"%06o" % (_PLAIN_SUM + sum(given) + sum(length))
        return b"".join((given, bytes(100 - len(given)), _MODE, length, _TIME, check, _REST))
    info = tarfile.TarInfo(name)
    info.size, info.mode = size, 0o644
    return info.tobuf(tarfile.PAX_FORMAT)

"""IDX files, the format of MNIST: magic number, sizes (big endian), then plain bytes; gzipped or not.

Source: LeCun, Cortes, Burges, "The MNIST database of handwritten digits", section "File formats".
"""

from __future__ import annotations

import contextlib
import gzip
import math
import struct
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from augkit import codec
from augkit.errors import SourceError
from augkit.sources import records, streamed
from augkit.sources.progress import bar

if TYPE_CHECKING:
    from datasets import Dataset

IMAGES, LABELS = 0x00000803, 0x00000801  # unsigned bytes in three dimensions, and in one
_PIECE = 1 << 22  # bytes held at once
_AGAIN = "fetch the file again"


def dataset(
    images: Path, labels: Path, classes: Sequence[str], *, keys: str, first: int = 0, transposed: bool = False
) -> Dataset:
    """Read one split from a file of pictures and one of labels, in pieces, into the cache.

    Args:
        images:     N pictures, magic number 0x803.
        labels:     N labels, magic number 0x801.
        classes:    the names of the labels `first`, `first` + 1 …
        keys:       what keys begin with; a number of five digits or more follows.
        first:      the least label; EMNIST's letters begin with 1.
        transposed: whether rows and columns are exchanged, as they are in EMNIST.

    Raises:
        SourceError: a magic number, a count or a label is wrong, or a file is torn.
    """
    return streamed.rows(
        _rows,
        records.features(classes),
        (images, labels),
        images=str(images),
        labels=str(labels),
        classes=len(classes),
        keys=keys,
        first=first,
        transposed=transposed,
    )


def found(folder: Path, stem: str) -> Path:
    """Return the IDX file called by `stem`, such as "train-images", in a folder or its raw/ or gzip/.

    Raises:
        SourceError: there is none.
    """
    kind = "idx3" if stem.endswith("images") else "idx1"
    names = [f"{stem}{between}{kind}-ubyte{end}" for between in "-." for end in ("", ".gz")]
    for place in (folder, folder / "raw", folder / "gzip"):
        for name in names:
            if (place / name).is_file():
                return place / name
    raise SourceError(f"there is no {names[0]}, gzipped or not", where=str(folder))


def _rows(
    images: str, labels: str, classes: int, keys: str, first: int, transposed: bool, stamp: str
) -> Iterator[dict[str, Any]]:
    names = _labels(Path(labels), first, classes)
    with _opened(Path(images)) as file:
        count, height, width = _sizes(file, Path(images), IMAGES)
        if count != len(names):
            problem = f"{count:,} pictures, but {len(names):,} labels in {Path(labels).name}"
            raise SourceError(problem, where=images, fix="give files that belong together")
        if not 0 < height * width <= codec.MAX_PIXELS:
            raise SourceError(f"pictures of {width}×{height}", where=images, fix=_AGAIN)
        with bar(f"reading {Path(images).name}", count) as advance:
            for number, picture in enumerate(_pictures(file, Path(images), count, height, width)):
                upright = np.ascontiguousarray(picture.T) if transposed else picture
                cell = {"bytes": codec.encode(upright[:, :, None]), "path": None}
                yield {"key": f"{keys}{number:05d}", "image": cell, "label": names[number]}
                advance(1)
        _nothing_follows(file, Path(images))


def _pictures(file: BinaryIO, path: Path, count: int, height: int, width: int) -> Iterator[NDArray[np.uint8]]:
    step = max(1, _PIECE // (height * width))
    for start in range(0, count, step):
        yield from _taken(file, path, (min(step, count - start), height, width))


def _labels(path: Path, first: int, classes: int) -> list[int]:
    with _opened(path) as file:
        (count,) = _sizes(file, path, LABELS)
        values = _taken(file, path, (count,))
        _nothing_follows(file, path)
    wrong = (values < first) | (values >= first + classes)
    if wrong.any():
        at = int(wrong.argmax())
        want = f"want {first} to {first + classes - 1}"
        raise SourceError(
            f"label {at:,} is {values[at]}, {want}", where=str(path), fix="is it another data set?"
        )
    return [int(value) - first for value in values]


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    """Open an IDX file, gzipped or not, whatever it is called; what tears while it is read is said kindly."""
    with path.open("rb") as raw:
        zipped = raw.read(2) == b"\x1f\x8b"
        raw.seek(0)
        try:
            if not zipped:
                yield raw
                return
            with gzip.open(raw, "rb") as file:
                yield file  # type: ignore[misc]
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise SourceError(f"a torn gzip file ({error})", where=str(path), fix=_AGAIN) from error


def _sizes(file: BinaryIO, path: Path, magic: int) -> tuple[int, ...]:
    count = magic & 0xFF
    head = file.read(4 + 4 * count)
    found = struct.unpack(">I", head[:4])[0] if len(head) >= 4 else None
    if found != magic:
        said = "nothing" if found is None else f"0x{found:08x}"
        if found == (IMAGES if magic == LABELS else LABELS):
            said += f" ({'pictures' if found == IMAGES else 'labels'})"
        kind = "pictures" if magic == IMAGES else "labels"
        raise SourceError(
            f"its magic number is {said}, want 0x{magic:08x} for {kind}", where=str(path), fix=_AGAIN
        )
    if len(head) < 4 + 4 * count:
        raise SourceError("torn: it ends inside its header", where=str(path), fix=_AGAIN)
    sizes: tuple[int, ...] = struct.unpack(f">{count}I", head[4:])
    return sizes


def _taken(file: BinaryIO, path: Path, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """Read as many bytes as a shape has; in pieces, so that a header that lies costs no memory."""
    want, pieces, have = math.prod(shape), [], 0
    while have < want and (piece := file.read(min(_PIECE, want - have))):
        pieces.append(piece)
        have += len(piece)
    if have < want:
        raise SourceError(f"torn: {want - have:,} bytes are missing", where=str(path), fix=_AGAIN)
    return np.frombuffer(b"".join(pieces), np.uint8).reshape(shape)


def _nothing_follows(file: BinaryIO, path: Path) -> None:
    if file.read(1):
        raise SourceError("it holds more than its header says", where=str(path), fix=_AGAIN)

"""The sources of a job, cut into shards.

A shard is a fixed number of sources, taken in the order of their keys: membership follows from the source
alone, so that any engine, order or retry makes the same files.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from augkit.errors import SourceError, UsageError
from augkit.sources import members, records
from augkit.store import job as jobs
from augkit.store import names
from augkit.store.job import Job, Shard

if TYPE_CHECKING:
    from datasets import Dataset, DatasetDict

_FIRST = ("train", "validation", "test")
_HASHED = 512_000_000  # bytes; larger sources are told apart by their files' sizes, not by their content


class Sources:
    """Hold the sources of a job in the order of their keys, and cut them into shards.

    Raises:
        SourceError: a key is given twice, or a label is none of the classes.
    """

    def __init__(self, data: DatasetDict, splits: Sequence[str], size: int | None = None) -> None:
        self.size = size or jobs.SHARD_SIZE
        self.classes = records.class_names(data)
        self.parts: dict[str, Dataset] = {split: _plain(data[split]) for split in splits}
        self.keys: dict[str, Any] = {}  # Arrow arrays, sorted
        self.labels: dict[str, NDArray[np.int64]] = {}
        self.order: dict[str, NDArray[np.int64]] = {}
        for split, part in self.parts.items():
            self._sort(split, part)
            self._check(split)

    def _sort(self, split: str, part: Dataset) -> None:
        """Take the keys and labels of a split, in the order of the keys as text."""
        import pyarrow.compute as pc

        table = part.select_columns(["key", "label"]).with_format("arrow")[:]
        keys = table["key"].combine_chunks()
        order = pc.sort_indices(keys)  # by UTF-8, whose order is that of the letters' numbers
        self.keys[split] = keys.take(order)
        self.order[split] = order.to_numpy(zero_copy_only=False).astype(np.int64)
        self.labels[split] = table["label"].to_numpy().astype(np.int64)[self.order[split]]

    def _check(self, split: str) -> None:
        import pyarrow.compute as pc

        keys, labels = self.keys[split], self.labels[split]
        if not len(keys):
            raise SourceError(f"split {split!r} holds no pictures")
        place = pc.index(pc.equal(keys[1:], keys[:-1]), True).as_py()
        if place >= 0:
            raise SourceError(f"two pictures of split {split!r} have the key {keys[place].as_py()!r}")
        if labels.min() < 0 or labels.max() >= len(self.classes):
            fix = "leave a split without labels out, with splits="
            raise SourceError(f"split {split!r} has labels outside its {len(self.classes)} classes", fix=fix)

    def __len__(self) -> int:
        return sum(map(self.shards_of, self.keys))

    def shards_of(self, split: str) -> int:
        """Return how many shards a split has."""
        return -(-len(self.keys[split]) // self.size)

    def every_key(self, split: str) -> Iterator[str]:
        """Yield the keys of a split in order, without holding all of them as Python's text."""
        for start in range(0, len(self.keys[split]), 10_000):
            yield from self.keys[split][start : start + 10_000].to_pylist()

    def shards(self, job: Job | None = None, skip: Collection[int] = ()) -> Iterator[Shard]:
        """Yield the shards in order, except those whose numbers are given.

        Pictures are fetched when it is their turn.  Without a job no source gets copies.
        """
        number = -1
        for split, keys in self.keys.items():
            of = self.shards_of(split)
            if all(number + 1 + place in skip for place in range(of)):
                number += of
                continue
            stems = names.Stems(self.every_key(split), self.labels[split])
            count = job.copies(self, split) if job else np.zeros(len(keys), dtype=np.int64)
            for place in range(of):
                number += 1
                if number not in skip:
                    rows = np.arange(place * self.size, min((place + 1) * self.size, len(keys)))
                    yield self._shard(number, split, place, rows, stems, count)

    def some(self, job: Job, split: str, most: int) -> Shard:
        """Return a shard of some sources, spread evenly over a split."""
        rows = _spread(len(self.keys[split]), most)
        return self._shard(0, split, 0, rows, names.Stems((), np.empty(0, np.int64)), job.copies(self, split))

    def spread(self, split: str, most: int) -> NDArray[np.int64]:
        """Return where in the source those stand that `some` takes."""
        return self.order[split][_spread(len(self.keys[split]), most)]

    def _shard(
        self,
        number: int,
        split: str,
        place: int,
        rows: NDArray[np.int64],
        stems: names.Stems,
        count: NDArray[np.int64],
    ) -> Shard:
        keys, labels = self.keys[split].take(rows).to_pylist(), self.labels[split][rows]
        called = tuple(stems.of(keys, labels.tolist()))
        of, images = self.shards_of(split), self._images(split, rows)
        return Shard(number, split, place, of, tuple(keys), called, labels, count[rows], images)

    def _images(self, split: str, rows: NDArray[np.int64]) -> tuple[bytes | str, ...]:
        """Return the images of some sources; what lies in a file is read by whoever makes the shard."""
        cells = self.parts[split][self.order[split][rows].tolist()]["image"]
        return tuple(cell["bytes"] if cell["bytes"] is not None else cell["path"] for cell in cells)

    def places(self) -> tuple[set[str], set[str]]:
        """Return the folders that source files lie in, and those that their keys are relative to."""
        import pyarrow.compute as pc

        folders, roots = set(), set()
        for part in self.parts.values():
            for rows in part.with_format("arrow").iter(1000):  # which makes no objects of the pictures
                paths = pc.struct_field(rows["image"], "path").to_pylist()
                for key, path in zip(rows["key"].to_pylist(), paths, strict=True):
                    path = members.file(path or "")
                    if path:
                        folders.add(os.path.dirname(path))  # noqa: PTH120 - hot
                        if path.endswith(f"/{key}"):
                            roots.add(path.removesuffix(f"/{key}"))
        return folders, roots

    def fingerprints(self) -> dict[str, Any]:
        """Return, for each split, how many pictures it has and a hash of keys, labels and content (or
        sizes).
        """
        return {split: self._fingerprint(split) for split in self.parts}

    def _fingerprint(self, split: str) -> dict[str, Any]:
        order, sizes = self.order[split], 0
        full, short = hashlib.sha256(), hashlib.sha256()

        def look(image: bytes | str) -> tuple[bytes, int]:
            return _read(image, _HASHED - sizes)

        for start in range(0, len(order), 1000):
            rows = np.arange(start, min(start + 1000, len(order)))
            keys = self.keys[split].take(rows).to_pylist()
            contents = members.each(self._images(split, rows), look)
            for key, label, given in zip(keys, self.labels[split][rows], contents, strict=True):
                data, size = given()
                line = f"{key}\0{self.classes[label]}\0{size}\n".encode()
                full.update(line)
                short.update(line)
                sizes += size
                if sizes <= _HASHED:
                    full.update(data)
        by = "content" if sizes <= _HASHED else "size"
        return {"pictures": len(order), "by": by, "sha256": (full if by == "content" else short).hexdigest()}


def _spread(count: int, most: int) -> NDArray[np.int64]:
    return np.unique(np.linspace(0, count - 1, most).astype(np.int64))


def _plain(part: Dataset) -> Dataset:
    """Return a split whose images are bytes or paths as they are kept, or bytes where those need a repair."""
    from datasets import Image

    if part.features["image"] != Image(decode=False):
        part = part.cast_column("image", Image(decode=False))
    return part if "repair" in part.column_names else part.with_format(None)


def _read(image: bytes | str, most: int) -> tuple[bytes, int]:
    """Return the bytes of a source where it has no more than `most`, and its size in bytes.

    One that cannot be read is without bytes, and one that is not there of size -1: its turn will come.
    """
    if isinstance(image, bytes):
        return image, len(image)
    try:
        size = members.size(image)
    except OSError:
        return b"", -1
    if size > most:
        return b"", size
    try:
        return members.read(image), size
    except OSError:
        return b"", size


def chosen(data: DatasetDict, splits: Sequence[str] | None) -> tuple[str, ...]:
    """Return the splits to write, in an order of their own: those named, or all.

    Raises:
        UsageError: one is not there, or its name cannot be a folder's.
    """
    names = tuple(splits) if splits else tuple(data)
    for split in names:
        if split not in data:
            raise UsageError(f"the source has no split {split!r}, only {', '.join(data)}")
        if not re.fullmatch(r"\w+", split, re.ASCII):
            fix = "name splits in letters and digits, such as train"
            raise UsageError(f"the split {split!r} cannot be a folder", fix=fix)
    return tuple(sorted(set(names), key=lambda split: (*(split != first for first in _FIRST), split)))

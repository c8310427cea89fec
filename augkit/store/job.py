"""What is to be made: the identity of an output, and its shards.

A shard is a fixed number of sources, taken in the order of their keys: membership follows from the source
alone, so that any engine, order or retry makes the same files.
"""

from __future__ import annotations

import dataclasses
import hashlib
import importlib.metadata
import itertools
import json
import os
import re
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from augkit import __version__
from augkit.errors import SourceError, UsageError
from augkit.sources import records
from augkit.store import names

if TYPE_CHECKING:
    from datasets import Dataset, DatasetDict

    from augkit.plan import Plan

SHARD_SIZE = 256  # sources; what a kill can cost
PATIENCE = 300  # seconds; no honest picture takes so long, and no slow machine changes what is made
_FIRST = ("train", "validation", "test")
_HASHED = 512_000_000  # bytes; larger sources are told apart by their files' sizes, not by their content


@dataclasses.dataclass(frozen=True)
class Shard:
    """Hold some sources of one split: keys, file names, labels, and encoded bytes or paths."""

    number: int
    split: str
    keys: tuple[str, ...]
    stems: tuple[str, ...]
    labels: NDArray[np.int64]
    images: tuple[bytes | str, ...]

    def __str__(self) -> str:
        return f"shard {self.number} ({self.split}, from {self.keys[0]!r} to {self.keys[-1]!r})"


@dataclasses.dataclass(frozen=True)
class Job:
    """Hold what every shard needs to know; it is pickled once for each worker.

    Attributes:
        out:       the output folder.
        tmp:       where files are written before they are moved into place, on the same file system.
        plan:      what is drawn; None to store the sources alone.
        classes:   class names in label order, and `folders`, where each class lies.
        augmented: the splits that get copies.
        format:    image format of whatever is encoded, such as "png" or "jpeg:95".
        again:     whether files of an earlier attempt may lie at their final names.
        patience:  how long one source may take in a worker, in seconds, before it is given up.
    """

    out: str
    tmp: str
    plan: Plan | None
    classes: tuple[str, ...]
    folders: tuple[str, ...]
    augmented: tuple[str, ...]
    format: str
    again: bool
    patience: int = PATIENCE

    def __post_init__(self) -> None:
        """Refuse plans that mix pictures."""
        if self.plan is not None:
            self.plan.must_not_blend("and a file has one label")

    @property
    def keep_originals(self) -> bool:
        """Tell whether augmented splits hold their sources too."""
        return self.plan is None or self.plan.keep_originals

    def copies(self, split: str) -> int:
        """Return how many copies each source of a split gets."""
        return self.plan.copies if self.plan is not None and split in self.augmented else 0

    def made_from(self, split: str, sources: int) -> int:
        """Return how many pictures come of so many sources of a split, when none is bad or dropped."""
        copies = self.copies(split)
        return sources * (copies + (1 if self.keep_originals or not copies else 0))


class Sources:
    """Hold the sources of a job in the order of their keys, and cut them into shards.

    Raises:
        SourceError: a key is given twice, or a label is none of the classes.
    """

    def __init__(self, data: DatasetDict, splits: Sequence[str], size: int | None = None) -> None:
        self.size = size or SHARD_SIZE
        self.classes = records.class_names(data)
        self.parts: dict[str, Dataset] = {split: _undecoded(data[split]) for split in splits}
        self.keys: dict[str, list[str]] = {}
        self.labels: dict[str, NDArray[np.int64]] = {}
        self.order: dict[str, NDArray[np.int64]] = {}
        for split, part in self.parts.items():
            keys, labels = records.keys(part), records.labels(part)
            order = np.array(sorted(range(len(keys)), key=keys.__getitem__), dtype=np.int64)
            self.keys[split], self.labels[split] = [keys[row] for row in order], labels[order]
            self.order[split] = order
            self._check(split)

    def _check(self, split: str) -> None:
        keys, labels = self.keys[split], self.labels[split]
        if not keys:
            raise SourceError(f"split {split!r} holds no pictures")
        for one, other in itertools.pairwise(keys):
            if one == other:
                raise SourceError(f"two pictures of split {split!r} have the key {one!r}")
        if labels.min() < 0 or labels.max() >= len(self.classes):
            fix = "leave a split without labels out, with splits="
            raise SourceError(f"split {split!r} has labels outside its {len(self.classes)} classes", fix=fix)

    def __len__(self) -> int:
        return sum(-(-len(keys) // self.size) for keys in self.keys.values())

    def shards(self, skip: Collection[int] = ()) -> Iterator[Shard]:
        """Yield the shards in order, except those whose numbers are given.

        Pictures are fetched when it is their turn.
        """
        number = -1
        for split, keys in self.keys.items():
            stems = names.stems(keys, self.labels[split].tolist())
            for start in range(0, len(keys), self.size):
                number += 1
                if number in skip:
                    continue
                rows = slice(start, start + self.size)
                cells = self.parts[split][self.order[split][rows].tolist()]["image"]
                images = tuple(cell["bytes"] if cell["bytes"] is not None else cell["path"] for cell in cells)
                yield Shard(
                    number, split, tuple(keys[rows]), tuple(stems[rows]), self.labels[split][rows], images
                )

    def places(self) -> tuple[set[str], set[str]]:
        """Return the folders that source files lie in, and those that their keys are relative to."""
        import pyarrow.compute as pc

        folders, roots = set(), set()
        for part in self.parts.values():
            for rows in part.with_format("arrow").iter(1000):  # which makes no objects of the pictures
                paths = pc.struct_field(rows["image"], "path").to_pylist()
                for key, path in zip(rows["key"].to_pylist(), paths, strict=True):
                    if path is not None:
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
        part, order = self.parts[split], self.order[split]
        sizes = 0
        full, short = hashlib.sha256(), hashlib.sha256()
        for start in range(0, len(order), 1000):
            rows = slice(start, start + 1000)
            cells = part[order[rows].tolist()]["image"]
            for key, label, cell in zip(self.keys[split][rows], self.labels[split][rows], cells, strict=True):
                size = len(cell["bytes"]) if cell["bytes"] is not None else _size(cell["path"])
                line = f"{key}\0{self.classes[label]}\0{size}\n".encode()
                full.update(line)
                short.update(line)
                sizes += size
                if sizes <= _HASHED:
                    full.update(cell["bytes"] if cell["bytes"] is not None else _content(cell["path"]))
        by = "content" if sizes <= _HASHED else "size"
        return {"pictures": len(order), "by": by, "sha256": (full if by == "content" else short).hexdigest()}


def identity(job: Job, sources: Sources) -> dict[str, Any]:
    """Describe everything that decides the bytes of an output, as plain data; `plan.json` holds it."""
    plan = job.plan
    described = {
        "version": 1,
        "augkit": __version__,
        "made_with": {name: importlib.metadata.version(name) for name in ("numpy", "pillow")}
        | {"opencv": _opencv()},
        "kind": "build" if plan is None else "generate",
        "digest": "" if plan is None else plan.digest,
        "plan": {} if plan is None else plan.describe(),
        "source": sources.fingerprints(),
        "classes": list(job.classes),
        "folders": list(job.folders),
        "image_format": job.format,
        "shard_size": sources.size,
    }
    plain: dict[str, Any] = json.loads(json.dumps(described))
    return plain


def differences(there: dict[str, Any], now: dict[str, Any], *, finished: bool) -> list[str]:
    """Name what differs between an output and a request; library versions matter only to unfinished ones."""
    minor = {"digest", "plan.verdict", "plan.waivers"} | ({"augkit", "made_with"} if finished else set())
    old, new = _flat(there), _flat(now)
    found = [key for key in [*new, *(key for key in old if key not in new)] if old.get(key) != new.get(key)]
    telling = [key for key in found if not any(key == head or key.startswith(f"{head}.") for head in minor)]
    if not telling and "digest" in found:
        telling = ["digest"]
    return [
        f"{key.removeprefix('plan.')}: {_shown(old, key)} there, {_shown(new, key)} now" for key in telling
    ]


def _flat(value: Any, at: str = "") -> dict[str, Any]:
    if isinstance(value, dict):
        return {
            k: v for key, item in value.items() for k, v in _flat(item, f"{at}.{key}" if at else key).items()
        }
    if isinstance(value, list) and any(isinstance(item, dict | list) for item in value):
        return {k: v for number, item in enumerate(value) for k, v in _flat(item, f"{at}[{number}]").items()}
    return {at: value}


def _shown(values: dict[str, Any], key: str) -> str:
    text = str(values.get(key, "nothing"))
    return text if len(text) <= 60 else f"{text[:57]}…"


def _undecoded(part: Dataset) -> Dataset:
    from datasets import Image

    return (
        part
        if part.features["image"] == Image(decode=False)
        else part.cast_column("image", Image(decode=False))
    )


def _size(path: str) -> int:
    try:
        return Path(path).stat().st_size
    except OSError:
        return -1  # it will be found unreadable when its turn comes


def _content(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError:
        return b""


def _opencv() -> str:
    import cv2

    return str(cv2.__version__)


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

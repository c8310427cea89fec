"""Where a data set stands: in a folder of this machine, or at a URL.

Either way its small files (manifest, card, plan) are in a folder, `root`; of a data set at a URL they are
copies.  The pictures are read where they are.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import tempfile
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, Protocol

import numpy as np

from augkit.sources import urls
from augkit.store import disk, manifest
from augkit.store.bucket import Bucket
from augkit.store.formats import FORMATS

ORIGIN = f"{disk.RUN}/source.json"  # beside the log: it names places of this machine
_CHUNK = 1 << 20
_STREAMS = 8  # objects that are hashed at once
_LARGE = tuple(kept.suffix for kept in FORMATS.values() if kept.suffix)


class Site(Protocol):
    """Stand for a data set wherever it is."""

    @property
    def root(self) -> Path:
        """Return the folder with its small files."""

    @property
    def out(self) -> Path | str:
        """Return its folder, or its URL."""

    @property
    def name(self) -> str:
        """Return what errors call it."""

    def files(self) -> Iterator[str]:
        """Yield the path of every file, as `disk.files` does."""

    def folders(self) -> set[str] | None:
        """Return the path of every folder; None where there are none by nature."""

    def opened(self, path: str) -> BinaryIO:
        """Open one of its files."""

    def digests(self, paths: Iterable[str]) -> Iterator[str | None]:
        """Yield the SHA-256 of each of some files, in order: "" of a link or what cannot be read, None where
        there is nothing.
        """

    def sealed(self, numbers: Collection[int] | None = None) -> dict[int, manifest.Sealed]:
        """Return the shards that are sealed and whole, as `manifest.sealed` does."""


class Folder:
    """A data set in a folder of this machine."""

    def __init__(self, root: Path) -> None:
        self.root = self.out = root
        self.name = str(root)

    def files(self) -> Iterator[str]:
        """Walk the folder."""
        return disk.files(self.root)

    def folders(self) -> set[str] | None:
        """Walk the folder."""
        return set(disk.folders(self.root))

    def opened(self, path: str) -> BinaryIO:
        """Open a file."""
        return (self.root / path).open("rb")

    def digests(self, paths: Iterable[str]) -> Iterator[str | None]:
        """Hash files one after another."""
        return (_digest(self.root / path) for path in paths)

    def sealed(self, numbers: Collection[int] | None = None) -> dict[int, manifest.Sealed]:
        """Look at the files of each shard."""
        return manifest.sealed(self.root, numbers)


class Mirror:
    """A data set at a URL, and a folder with copies of its small files."""

    def __init__(self, bucket: Bucket, root: Path) -> None:
        self.root = root
        self.out = self.name = bucket.url
        self._bucket = bucket

    def files(self) -> Iterator[str]:
        """List what is at the URL, and name what stands in the folder alone."""
        here = set(disk.files(self.root))
        for path, _ in self._bucket.names():
            here.discard(path)
            yield path
        yield from here

    def folders(self) -> set[str] | None:
        """Return None: names with slashes are no folders."""
        return None

    def opened(self, path: str) -> BinaryIO:
        """Open the copy, or the object: all of one picture at once, what holds several piece by piece."""
        here = self.root / path
        if here.exists():
            return here.open("rb")
        url = self._bucket.at(path)
        return urls.opened(url) if path.endswith(_LARGE) else io.BytesIO(urls.read(url))

    def digests(self, paths: Iterable[str]) -> Iterator[str | None]:
        """Hash several objects at once, as they come."""
        return urls.ahead(self._digest, paths, _STREAMS)

    def sealed(self, numbers: Collection[int] | None = None) -> dict[int, manifest.Sealed]:
        """Look at the seals in the folder, and list what is at the URL once; 8 bytes a name are held."""
        if not any((self.root / manifest.PIECES).glob("*.parquet")):
            return {}
        words = np.fromiter((_word(name, size) for name, size in self._bucket.names()), dtype=np.uint64)
        words.sort()

        def whole(sizes: dict[str, int]) -> bool:
            wanted = np.array([_word(name, size) for name, size in sizes.items()], dtype=np.uint64)
            places = np.searchsorted(words, wanted)
            return bool(len(words)) and bool((words[np.minimum(places, len(words) - 1)] == wanted).all())

        return manifest.sealed(self.root, numbers, whole)

    def _digest(self, path: str) -> str | None:
        whole = hashlib.sha256()
        try:
            with contextlib.closing(self.opened(path)) as file:
                while chunk := file.read(_CHUNK):
                    whole.update(chunk)
        except FileNotFoundError:
            return None
        return whole.hexdigest()


def place(out: str | Path) -> Path | str:
    """Return a folder as a path, and a URL as text.

    Raises:
        UsageError: the URL holds a password, or names no place.
    """
    given = urls.checked(str(out))
    return given if urls.is_url(given) else Path(given)


@contextlib.contextmanager
def at(out: str | Path) -> Iterator[Site]:
    """Look at a data set, in a folder or at a URL; the copies of small files are gone afterwards.

    Raises:
        StoreError: what keeps the objects refuses, or does not answer.
        UsageError: the URL holds a password, or nobody speaks its protocol.
    """
    where = place(out)
    if isinstance(where, Path):
        yield Folder(where)
        return
    bucket = Bucket(where)
    with tempfile.TemporaryDirectory(prefix="augkit-") as aside:
        bucket.fetch(small(bucket), Path(aside))
        yield Mirror(bucket, Path(aside))


def small(bucket: Bucket) -> list[str]:
    """Return the names of the small files that are at a URL."""
    names = [name for name, size in bucket.inside().items() if size is not None]
    inner = [name for name, size in bucket.inside(f"{disk.PRIVATE}/").items() if size is not None]
    return [*names, *(f"{disk.PRIVATE}/{name}" for name in inner), ORIGIN]


def _digest(path: Path) -> str | None:
    if not os.path.lexists(path):  # as `disk.files` sees it: a link is there
        return None
    try:
        return disk.sha256(path) if disk.regular(path) else ""
    except OSError:
        return ""


def _word(name: str, size: int) -> int:
    digest = hashlib.blake2b(f"{name}\0{size}".encode("utf-8", "surrogateescape"), digest_size=8).digest()
    return int.from_bytes(digest, "little")

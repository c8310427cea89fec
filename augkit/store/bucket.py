"""Objects under a URL, by the names that files of a data set have below its folder.

An object is put whole or not at all, and nothing is renamed: whoever finds a name finds all of what was put.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from augkit.errors import StoreError
from augkit.sources import urls
from augkit.store import disk

T = TypeVar("T")

_FLAT = ("s3", "s3a", "gs", "gcs", "az", "abfs", "abfss")


@dataclasses.dataclass(frozen=True)
class Bucket:
    """Hold the URL that all names stand below.

    Every method raises StoreError where what keeps the objects refuses, or does not answer time and again.
    """

    url: str

    def put(self, name: str, data: bytes) -> None:
        """Put an object, in the place of another of that name."""

        def put(fs: Any) -> None:
            self._make_room(fs, name)
            fs.pipe_file(self.at(name), data)

        self._do(put)

    def put_new(self, name: str, data: bytes) -> bool:
        """Put an object unless there is one of that name, and tell whether it was put.

        Where the store cannot do both at once, it is looked first: two may then put at the same moment.
        """

        def put(fs: Any) -> bool:
            self._make_room(fs, name)
            try:
                fs.pipe_file(self.at(name), data, mode="create")
            except FileExistsError:
                return False
            except (NotImplementedError, TypeError, ValueError):
                if fs.exists(self.at(name)):
                    return False
                fs.pipe_file(self.at(name), data)
            return True

        return self._do(put)

    def upload(self, path: Path, name: str) -> None:
        """Put a file's content under a name."""

        def put(fs: Any) -> None:
            self._make_room(fs, name)
            fs.put_file(str(path), self.at(name))

        self._do(put)

    def get(self, name: str) -> bytes | None:
        """Return an object's bytes, or None where there is none."""

        def get(fs: Any) -> bytes | None:
            with contextlib.suppress(FileNotFoundError):
                return bytes(fs.cat_file(self.at(name)))
            return None

        return self._do(get)

    def fetch(self, names: Iterable[str], root: Path) -> None:
        """Copy objects into a folder, under their names; those that are not there are passed over."""
        for _ in urls.ahead(lambda name: self._fetch_one(name, root), names):
            pass

    def _fetch_one(self, name: str, root: Path) -> None:
        to = root / name
        to.parent.mkdir(parents=True, exist_ok=True)

        def get(fs: Any) -> None:
            with contextlib.suppress(FileNotFoundError):
                fs.get_file(self.at(name), str(to))

        self._do(get)

    def inside(self, folder: str = "") -> dict[str, int | None]:
        """Return what stands directly under a name: name → size in bytes, None where more stand below it."""

        def ask(fs: Any) -> dict[str, int | None]:
            try:
                return urls.entries(self.at(folder).rstrip("/"))
            except FileNotFoundError:
                if self._flat:
                    scheme, _, rest = self.url.partition("://")
                    fs.ls(f"{scheme}://{rest.partition('/')[0]}")  # is there a bucket at all?
                return {}

        return self._do(ask)

    def names(self) -> Iterator[tuple[str, int]]:
        """Yield the name and the size in bytes of every object, but for those of `.augkit/run`."""
        level = [""]
        while level:
            below: list[str] = []
            for folder, found in zip(level, urls.ahead(self.inside, level), strict=True):
                for name, size in found.items():
                    path = f"{folder}{name}"
                    if size is not None:
                        if name not in disk.LITTER:
                            yield path, size
                    elif path != disk.RUN:
                        below.append(f"{path}/")
            level = below

    def delete(self, names: Iterable[str]) -> None:
        """Delete objects; those that are gone already are passed over."""
        for _ in urls.ahead(self._delete_one, names):
            pass

    def _delete_one(self, name: str) -> None:
        def delete(fs: Any) -> None:
            with contextlib.suppress(FileNotFoundError):
                fs.rm_file(self.at(name))

        self._do(delete)

    def at(self, name: str) -> str:
        """Return the URL of an object."""
        return f"{self.url}/{name}"

    @property
    def _flat(self) -> bool:
        """Tell a bucket, whose folders are but parts of names, from what has folders."""
        return self.url.partition("://")[0] in _FLAT

    def _make_room(self, fs: Any, name: str) -> None:
        if not self._flat:
            fs.makedirs(self.at(name).rpartition("/")[0], exist_ok=True)

    def _do(self, what: Callable[[Any], T]) -> T:
        fs = urls.system(self.url)
        try:
            return urls.patiently(lambda: what(fs))
        except OSError as error:
            problem, fix = urls.told(error, self.url)
            raise StoreError(problem, where=self.url, fix=fix) from error

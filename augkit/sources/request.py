"""What a loader is asked for."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

from augkit.errors import SourceError
from augkit.sources import urls

Say = Callable[[str], None]


def quiet(text: str) -> None:
    """Say nothing: the default of everything that has something to say to a person."""


@dataclasses.dataclass(frozen=True)
class Request:
    """Hold what a person wrote, as a loader wants it.

    Attributes:
        name:      the source's name in SOURCES, such as "mnist".
        where:     what follows the colon: a path, a hub name, or nothing.
        checksums: whether published checksums are to be compared first.
        say:       takes sentences that a person should read; they go to the error stream.
    """

    name: str
    where: str = ""
    checksums: bool = False
    say: Say = quiet

    def __str__(self) -> str:
        return f"{self.name}:{self.where}" if self.where else self.name

    def path(self, want: str) -> Path:
        """Return the path that was given, absolute; `want` says what belongs there, as in "a CSV file".

        Raises:
            SourceError: none was given, or nothing is there.
        """
        if not self.where:
            raise SourceError(f"want {want}", where=self.name, fix=f"write {self.name}:PATH")
        if urls.is_url(self.where):
            fix = "copy it here first; folders of pictures, Parquet files and tar archives are read at URLs"
            raise SourceError(f"want {want} of this machine, got a URL", where=self.where, fix=fix)
        path = Path(self.where).expanduser().absolute()
        if not path.exists():
            raise SourceError(f"nothing is there; want {want}", where=str(path))
        return path

    def folder(self, want: str) -> Path:
        """Return the folder that was given, as `path` does; SourceError for a file."""
        path = self.path(want)
        if not path.is_dir():
            raise SourceError(f"got a file, want {want}", where=str(path))
        return path

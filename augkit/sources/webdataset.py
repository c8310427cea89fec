"""WebDataset: tar archives in which files of one name belong together, a picture and its class.

The class is in name.cls (a number or a word) or in name.json, under "label", "cls" or "class".

Source: https://github.com/webdataset/webdataset
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, BinaryIO

from augkit.errors import SourceError
from augkit.sources import columns, members, streamed, tars, urls
from augkit.sources.folder import EXTENSIONS
from augkit.sources.parquet import grouped
from augkit.sources.request import Request

if TYPE_CHECKING:
    from datasets import DatasetDict

_FIELDS = ("label", "cls", "class", "class_name")
_SMALL = 1 << 20  # bytes of a .cls or .json


def read(request: Request) -> DatasetDict:
    """Read a tar archive, or all below a folder; the split of each is in its name.  Pictures stay in place.

    Keys are the names within the archives; where two archives of a split share one, with the archive's name.

    Raises:
        SourceError: an archive is torn or holds links, or a picture has no class or a class no picture.
    """
    from datasets import DatasetDict, Features, Image, Value

    files = grouped(request, ".tar", "a tar archive or a folder of them")
    kinds = Features({"key": Value("string"), "image": Image(decode=False), "label": Value("string")})
    parts = {}
    for split, paths in files.items():
        parts[split] = streamed.rows(_rows, kinds, paths, archives=tuple(paths))
    return columns.made(DatasetDict(parts), request)


def _rows(archives: tuple[str, ...], stamp: str) -> Iterator[dict[str, Any]]:
    seen: set[str] = set()
    for archive in archives:
        with contextlib.closing(urls.opened(archive)) as file:
            for name, picture, label in _samples(file, archive):
                key = name if name not in seen else f"{PurePath(archive).stem}/{name}"
                seen.add(key)
                cell = {"bytes": None, "path": members.reference(archive, picture.offset, picture.size)}
                yield {"key": key, "image": cell, "label": label}


def _samples(file: BinaryIO, archive: str) -> Iterator[tuple[str, tars.Member, str]]:
    """Yield (name, picture, class); files that belong together follow each other."""
    name, picture, label = "", None, None
    for member in tars.members(file, archive, size=file.seek(0, os.SEEK_END), deep=True):
        stem, extension = _cut(member.name)
        if stem != name:
            if name:
                yield _whole(name, picture, label, archive)
            name, picture, label = stem, None, None
        if extension in EXTENSIONS:
            picture = member
        elif extension in (".cls", ".json"):
            label = _class(file, member, archive) or label
    if name:
        yield _whole(name, picture, label, archive)


def _cut(name: str) -> tuple[str, str]:
    """Cut a name at the first dot of its last part: what stands before names the sample."""
    folder, slash, last = name.rpartition("/")
    stem, dot, extension = last.partition(".")
    return f"{folder}{slash}{stem}", f"{dot}{extension}".lower()


def _whole(
    name: str, picture: tars.Member | None, label: str | None, archive: str
) -> tuple[str, tars.Member, str]:
    if picture is None:
        raise SourceError(
            f"{name!r} has no picture", where=archive, fix=f"want one of {', '.join(EXTENSIONS)}"
        )
    if label is None:
        raise SourceError(f"{name!r} has no class", where=archive, fix="want a .cls, or a .json with a label")
    return f"{name}{_cut(picture.name)[1]}", picture, label


def _class(file: BinaryIO, member: tars.Member, archive: str) -> str | None:
    file.seek(member.offset)
    data = file.read(min(member.size, _SMALL))
    try:
        text = data.decode("utf-8").strip()
        if member.name.lower().endswith(".cls"):
            return text or None
        said = json.loads(text)
    except ValueError as error:
        raise SourceError(f"{member.name!r} cannot be read ({error})", where=archive) from error
    for field in _FIELDS:
        if isinstance(said, dict) and isinstance(said.get(field), str | int):
            return str(said[field])
    return None

"""ILSVRC2012's archives: a tar of 1,000 tars to train on, a flat tar to validate; listed, and left alone."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from augkit.errors import SourceError
from augkit.sources import devkit, members, records, repairs, streamed, tars
from augkit.sources.progress import bar

if TYPE_CHECKING:
    from datasets import Dataset, Features

TRAIN, VALIDATION = "ILSVRC2012_img_train.tar", "ILSVRC2012_img_val.tar"
WNID = re.compile(r"n\d{8}")
_INNER = 1 << 36  # bytes: the archive of one class
_TOGETHER = "give files that belong together"


def found(root: Path) -> dict[str, Path]:
    """Return split → archive, for those of the two that lie in a folder."""
    named = {"train": root / TRAIN, "validation": root / VALIDATION}
    return {split: path for split, path in named.items() if path.is_file()}


def read(archives: dict[str, Path], kit: Path | None, root: Path) -> dict[str, Dataset]:
    """List the archives: a row for each picture, with the reference to its bytes.

    Raises:
        SourceError: an archive is torn or holds something else, or the devkit is missing or does not fit.
    """
    known = devkit.read(kit) if kit is not None else None
    if "validation" in archives and known is None:
        fix = f"put {devkit.ARCHIVE} beside it, or take the archive away"
        raise SourceError("what validation pictures show is said in the devkit", where=str(root), fix=fix)
    parts, inner = {}, _classes(archives["train"]) if "train" in archives else ()
    wnids = known.wnids if known is not None else inner
    strange = sorted(set(inner) - set(wnids))
    if strange:
        problem = f"the devkit does not know the class {strange[0]} of {TRAIN}"
        raise SourceError(problem, where=str(root), fix=_TOGETHER)
    columns = row_columns(wnids)
    if "train" in archives:
        path = archives["train"]
        parts["train"] = streamed.rows(_train, columns, (path,), archive=str(path), wnids=wnids)
    if "validation" in archives and known is not None:
        path = archives["validation"]
        given = {"archive": str(path), "wnids": wnids, "truth": known.truth}
        parts["validation"] = streamed.rows(_validation, columns, (path,), **given)
    return parts


def row_columns(wnids: tuple[str, ...]) -> Features:
    """Return the columns of ImageNet: a source's, and what is repaired."""
    from datasets import Features, Value

    return Features({**records.features(wnids), "repair": Value("string")})


def row(file: int, path: str, member: tars.Member, label: int) -> dict[str, Any]:
    """Make the row of one picture; its header is read for what needs repair.

    Args:
        file:   the open file's number.
        path:   the file's path.
        member: the picture's name, and where in the file it lies.
        label:  its class.
    """
    repair = repairs.needed(lambda most: os.pread(file, most, member.offset), member.size)
    cell = {"bytes": None, "path": members.reference(path, member.offset, member.size, repair)}
    return {"key": member.name, "image": cell, "label": label, "repair": repairs.REPAIRS.get(repair, "")}


def _classes(archive: Path) -> tuple[str, ...]:
    with archive.open("rb") as file:
        return tuple(
            sorted(_wnid(member, str(archive)) for member in tars.members(file, str(archive), most=_INNER))
        )


def _wnid(member: tars.Member, archive: str) -> str:
    wnid = member.name.removesuffix(".tar")
    if not WNID.fullmatch(wnid) or not member.name.endswith(".tar"):
        problem = f"it holds {member.name!r}, want archives of classes such as n01440764.tar"
        raise SourceError(problem, where=archive, fix="fetch it again")
    return wnid


def _train(archive: str, wnids: tuple[str, ...], stamp: str) -> Iterator[dict[str, Any]]:
    place = {wnid: number for number, wnid in enumerate(wnids)}
    with (
        Path(archive).open("rb") as file,
        Path(archive).open("rb") as inside,
        bar(f"listing {TRAIN}", Path(archive).stat().st_size) as advance,
    ):
        for outer in tars.members(file, archive, most=_INNER):
            label, where = place[_wnid(outer, archive)], f"{archive}/{outer.name}"
            for member in tars.members(inside, where, start=outer.offset, size=outer.size):
                yield row(inside.fileno(), archive, member, label)
            advance(outer.size)


def _validation(
    archive: str, wnids: tuple[str, ...], truth: tuple[str, ...], stamp: str
) -> Iterator[dict[str, Any]]:
    place = {wnid: number for number, wnid in enumerate(wnids)}
    with Path(archive).open("rb") as file:
        pictures = sorted(tars.members(file, archive), key=lambda member: member.name)
        if len(pictures) != len(truth):
            problem = f"{len(pictures):,} pictures, but the devkit says what {len(truth):,} show"
            raise SourceError(problem, where=archive, fix=_TOGETHER)
        for member, wnid in zip(pictures, truth, strict=True):
            yield row(file.fileno(), archive, member, place[wnid])

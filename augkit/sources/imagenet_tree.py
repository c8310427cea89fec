"""ImageNet unpacked: train/<wnid>/, and val/<wnid>/ or val/ flat; also below Data/CLS-LOC, as on Kaggle."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from augkit.errors import SourceError
from augkit.sources import devkit, folder, streamed, tars
from augkit.sources.imagenet_archives import TRAIN, VALIDATION, WNID, row, row_columns
from augkit.sources.progress import bar

if TYPE_CHECKING:
    from datasets import Dataset

_WANT = f"want a folder with {TRAIN}, {VALIDATION} and {devkit.ARCHIVE}, or with train/ and val/"
_SPLITS = {"train": "train", "val": "validation", "validation": "validation"}

Files = tuple[tuple[str, str], ...]  # path and WordNet id of each picture


def read(root: Path, kit: Path | None) -> dict[str, Dataset]:
    """List a tree: a row for each picture.

    Raises:
        SourceError: it is no tree of ImageNet, or nobody says what its validation pictures show.
    """
    top = _top(root)
    found: dict[str, Files] = {}
    for name, split in _SPLITS.items():
        if (top / name).is_dir():
            found[split] = (*found.get(split, ()), *_files(top / name, root, kit))
    wnids = tuple(sorted({wnid for files in found.values() for _, wnid in files}))
    if not wnids:
        raise SourceError("train/ and val/ hold no pictures", where=str(top), fix=_WANT)
    columns = row_columns(wnids)
    return {
        split: streamed.rows(_rows, columns, (), pictures=files, wnids=wnids, seen=_state(files))
        for split, files in found.items()
    }


def _top(root: Path) -> Path:
    for place in (root, root / "Data" / "CLS-LOC", root / "ILSVRC" / "Data" / "CLS-LOC"):
        if any((place / name).is_dir() for name in _SPLITS):
            return place
    raise SourceError("neither the archives nor a tree of ImageNet", where=str(root), fix=_WANT)


def _files(place: Path, root: Path, kit: Path | None) -> Files:
    listing = folder.listed(str(place))
    truth = _truth(listing, root, kit) if listing.pictures else {}
    files = [(os.path.join(listing.path, name), truth[name]) for name in listing.pictures]  # noqa: PTH118
    for wnid in listing.folders:
        if not WNID.fullmatch(wnid):
            fix = "want folders called by WordNet ids, such as n01440764"
            raise SourceError(f"it holds the folder {wnid!r}", where=listing.path, fix=fix)
        inside = folder.listed(os.path.join(listing.path, wnid))  # noqa: PTH118 - hot
        files += [(os.path.join(inside.path, name), wnid) for name in inside.pictures]  # noqa: PTH118
    return tuple(files)


def _truth(flat: folder.Listing, root: Path, kit: Path | None) -> dict[str, str]:
    """Return file name → WordNet id, for pictures that lie outside any class's folder."""
    names = flat.pictures  # sorted, as the ground truth goes
    kaggle = next(
        (path for path in (root / devkit.KAGGLE, root.parent / devkit.KAGGLE) if path.is_file()), None
    )
    if kaggle is not None:
        known = devkit.read_kaggle(kaggle)
        truth = {name: known[stem] for name in names if (stem := name.rpartition(".")[0]) in known}
    elif kit is not None:
        order = devkit.read(kit).truth
        truth = dict(zip(names, order, strict=True)) if len(names) == len(order) else {}
        if not truth:
            problem = f"{len(names):,} pictures, but the devkit says what {len(order):,} show"
            raise SourceError(problem, where=flat.path, fix="complete the folder")
    else:
        fix = f"put {devkit.ARCHIVE} or {devkit.KAGGLE} into {root}"
        raise SourceError("pictures outside folders of classes", where=flat.path, fix=fix)
    missing = next((name for name in names if name not in truth), None)
    if missing is not None:
        raise SourceError(f"{kaggle} does not say what {missing} shows", where=flat.path)
    return truth


def _state(files: Files) -> str:
    """Return what tells one state of a tree from another: its whole size and newest time."""
    stats = [os.stat(path) for path, _ in files]  # noqa: PTH116 - hot
    return f"{sum(stat.st_size for stat in stats)} {max((stat.st_mtime_ns for stat in stats), default=0)}"


def _rows(pictures: Files, wnids: tuple[str, ...], seen: str, stamp: str) -> Iterator[dict[str, Any]]:
    place = {wnid: number for number, wnid in enumerate(wnids)}
    with bar("looking at pictures", len(pictures)) as advance:
        for path, wnid in pictures:
            with open(path, "rb", buffering=0) as file:  # noqa: PTH123 - hot
                member = tars.Member(os.path.basename(path), 0, os.fstat(file.fileno()).st_size)  # noqa: PTH119
                yield row(file.fileno(), path, member, place[wnid])
            advance(1)

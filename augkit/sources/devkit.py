"""ILSVRC2012's development kit: which classes there are, and which of them each validation picture shows.

A class's index is the rank of its WordNet id among all of them, as Keras and torchvision have it, and not the
kit's own number, by which the ground truth goes: mixing them up permutes the classes.
"""

from __future__ import annotations

import csv
import dataclasses
import io
import tarfile
import zlib
from pathlib import Path
from typing import Any

from augkit.errors import SourceError

ARCHIVE, FOLDER = "ILSVRC2012_devkit_t12.tar.gz", "ILSVRC2012_devkit_t12"
KAGGLE = "LOC_val_solution.csv"
_META, _TRUTH = "data/meta.mat", "data/ILSVRC2012_validation_ground_truth.txt"
_MOST = 1 << 26  # bytes of one of its files
_AGAIN = "fetch it again"


@dataclasses.dataclass(frozen=True)
class Devkit:
    """Hold what the kit says.

    Attributes:
        wnids: WordNet ids of the classes, sorted: a class's place is its index.
        truth: for each validation picture, in the order of their names, its WordNet id.
    """

    wnids: tuple[str, ...]
    truth: tuple[str, ...]


def found(folder: Path) -> Path | None:
    """Return the kit in a folder: its archive, or that unpacked; None where there is none."""
    for path in (folder / ARCHIVE, folder / FOLDER):
        if path.exists():
            return path
    return folder if (folder / _META).is_file() else None


def read(path: Path) -> Devkit:
    """Read the kit, an archive or a folder.

    Raises:
        SourceError: it is torn, or not what it should be.
    """
    meta, truth = _unpacked(path)
    by_id = _synsets(meta, path)
    try:
        ids = [int(line) for line in truth.decode("ascii").split()]
        named = tuple(by_id[number] for number in ids)
    except (ValueError, KeyError) as error:
        problem = f"its ground truth names no class ({error})"
        raise SourceError(problem, where=str(path), fix=_AGAIN) from error
    return Devkit(tuple(sorted(by_id.values())), named)


def read_kaggle(path: Path) -> dict[str, str]:
    """Return picture name without extension → WordNet id, from Kaggle's LOC_val_solution.csv."""
    truth = {}
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            name, boxes = row.get("ImageId"), row.get("PredictionString")
            if not name or not boxes:
                raise SourceError("want the columns ImageId,PredictionString", where=str(path), fix=_AGAIN)
            truth[name] = boxes.split()[0]
    return truth


def _unpacked(path: Path) -> tuple[bytes, bytes]:
    if path.is_dir():
        for name in (_META, _TRUTH):
            if not (path / name).is_file():
                raise SourceError(f"there is no {name}", where=str(path), fix=_AGAIN)
        return (path / _META).read_bytes(), (path / _TRUTH).read_bytes()
    held: dict[str, bytes] = {}
    try:
        with tarfile.open(path, "r:gz") as archive:
            for info in archive:
                known = next((name for name in (_META, _TRUTH) if info.name.endswith(f"/{name}")), None)
                if known and info.isreg() and info.size <= _MOST and (file := archive.extractfile(info)):
                    held[known] = file.read()
    except (tarfile.TarError, EOFError, zlib.error, OSError) as error:
        if isinstance(error, FileNotFoundError | PermissionError):
            raise
        raise SourceError(f"torn, or no tar.gz archive ({error})", where=str(path), fix=_AGAIN) from error
    for name in (_META, _TRUTH):
        if name not in held:
            raise SourceError(f"it holds no {name}", where=str(path), fix=_AGAIN)
    return held[_META], held[_TRUTH]


def _synsets(meta: bytes, path: Path) -> dict[int, str]:
    """Return the kit's number → WordNet id, of the classes without children: those are the leaves."""
    from scipy.io import loadmat
    from scipy.io.matlab import MatReadError

    try:
        rows: Any = loadmat(io.BytesIO(meta), squeeze_me=True)["synsets"].reshape(-1)
        leaves = [row for row in rows if int(row["num_children"]) == 0]
        by_id = {int(row["ILSVRC2012_ID"]): str(row["WNID"]) for row in leaves}
    except (KeyError, ValueError, TypeError, IndexError, AttributeError, MatReadError, zlib.error) as error:
        raise SourceError(f"its meta.mat has no synsets ({error})", where=str(path), fix=_AGAIN) from error
    if not by_id or len(set(by_id.values())) != len(leaves) or len(by_id) != len(leaves):
        raise SourceError("its meta.mat names a class twice, or none", where=str(path), fix=_AGAIN)
    return by_id

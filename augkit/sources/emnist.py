"""EMNIST: handwritten digits and letters, 28×28, from IDX files; there they are transposed, here upright.

Source: Cohen et al. 2017 (arXiv:1702.05373).  Where capitals and small letters are one class, it is called by
    the capital, as in the mapping files that come with the data.
"""

from __future__ import annotations

import string
from pathlib import Path
from typing import TYPE_CHECKING

from augkit.errors import SourceError, did_you_mean
from augkit.sources import checksums, idx
from augkit.sources.request import Request

if TYPE_CHECKING:
    from datasets import DatasetDict

_DIGITS, _CAPITALS = tuple(string.digits), tuple(string.ascii_uppercase)
_MERGED = (*_DIGITS, *_CAPITALS, *"abdefghnqrt")
CLASSES: dict[str, tuple[str, ...]] = {
    "balanced": _MERGED,
    "byclass": (*_DIGITS, *_CAPITALS, *string.ascii_lowercase),
    "bymerge": _MERGED,
    "digits": _DIGITS,
    "letters": _CAPITALS,
    "mnist": _DIGITS,
}
_FIX = "fetch gzip.zip from NIST's page of EMNIST, unpack it, and write emnist:letters:FOLDER"


def read(request: Request) -> DatasetDict:
    """Read one of EMNIST's six sets, "emnist:letters:FOLDER"; where there is but one, FOLDER is enough.

    Keys are as emnist-letters-train-00000, in the order of the files.

    Raises:
        SourceError: there is no such set, or a file is missing or torn.
    """
    from datasets import DatasetDict

    name, folder = _asked(request)
    files = {
        split: (
            idx.found(folder, f"emnist-{name}-{split}-images"),
            idx.found(folder, f"emnist-{name}-{split}-labels"),
        )
        for split in ("train", "test")
    }
    checksums.check(request, [path for pair in files.values() for path in pair])
    first = 1 if name == "letters" else 0
    return DatasetDict(
        {
            split: idx.dataset(
                *pair, CLASSES[name], keys=f"emnist-{name}-{split}-", first=first, transposed=True
            )
            for split, pair in files.items()
        }
    )


def _asked(request: Request) -> tuple[str, Path]:
    name, colon, rest = request.where.partition(":")
    if name not in CLASSES and not colon:
        name, rest = "", request.where
    if name and name not in CLASSES:
        fix = did_you_mean(name, CLASSES) or f"one of {', '.join(CLASSES)}"
        raise SourceError(f"EMNIST has no set {name!r}", where=str(request), fix=fix)
    if not rest:
        # Copies on the hub differ in whether they are transposed, and none is its authors'.
        raise SourceError("EMNIST is read from its files", where=str(request), fix=_FIX)
    folder = Request(request.name, rest).folder("a folder of IDX files")
    if name:
        return name, folder
    there = [known for known in CLASSES if any(_has(folder, f"emnist-{known}-train-images"))]
    if len(there) != 1:
        problem = f"it holds the sets {', '.join(there)}" if there else "it holds no files of EMNIST"
        raise SourceError(
            problem, where=str(folder), fix="name one: emnist:letters:FOLDER" if there else _FIX
        )
    return there[0], folder


def _has(folder: Path, stem: str) -> list[Path]:
    try:
        return [idx.found(folder, stem)]
    except SourceError:
        return []

"""Pictures that stand in several splits of a source that came split: the same bytes, whatever their labels.

What a network is tested on it has then been trained on.  Only `build --split` can prevent that; here it is
found, once all is made, and told.  Pictures that only look alike are found by `augkit audit`.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from augkit.store import disk, manifest

FILE = f"{disk.PRIVATE}/leaks.json"
_COLUMNS = ["split", "source", "label", "source_sha256"]
_DIGITS = 16  # of a hash, kept of every source: two of 14 million share them once in 190,000 data sets


def found(out: Path) -> list[dict[str, Any]]:
    """Return the pictures that stand in several splits, in the order of the manifest.

    Each is {"sha256": of its bytes, "found": [{"split", "source", "label"}, …]}, every place it stands at.
    """
    suspects = _suspects(out)
    if not len(suspects):
        return []
    places: dict[str, list[dict[str, str]]] = defaultdict(list)
    for batch in manifest.tables(out, _COLUMNS):
        seen = np.isin(_numbers(batch["source_sha256"]), suspects)
        for row in batch.filter(seen).to_pylist():
            digest = row.pop("source_sha256")
            if row not in places[digest]:  # its copies say the same
                places[digest].append(row)
    return [
        {"sha256": digest, "found": rows}
        for digest, rows in places.items()
        if len({row["split"] for row in rows}) > 1
    ]


def read(out: Path) -> list[dict[str, Any]]:
    """Return what `found` said when a data set was made."""
    path = out / FILE
    noted: list[dict[str, Any]] = json.loads(path.read_text("utf-8")) if path.exists() else []
    return noted


def _suspects(out: Path) -> NDArray[np.uint64]:
    """Return the first digits of the hashes that occur in several splits."""
    parts: dict[str, list[NDArray[np.uint64]]] = defaultdict(list)
    for split, numbers in _by_split(out):
        parts[split].append(np.unique(numbers))
    several = [np.unique(np.concatenate(each)) for each in parts.values()]
    if len(several) < 2:
        return np.empty(0, np.uint64)
    numbers, counts = np.unique(np.concatenate(several), return_counts=True)
    return numbers[counts > 1]


def _by_split(out: Path) -> Iterator[tuple[str, NDArray[np.uint64]]]:
    import pyarrow.compute as pc

    for batch in manifest.tables(out, ["split", "source_sha256"]):
        for split in pc.unique(batch["split"]).to_pylist():
            yield split, _numbers(batch.filter(pc.equal(batch["split"], split))["source_sha256"])


def _numbers(column: Any) -> NDArray[np.uint64]:
    """Return the first digits of hashes in hexadecimal as numbers, (N,)."""
    import pyarrow.compute as pc

    short = pc.utf8_slice_codeunits(column, 0, _DIGITS).to_numpy(zero_copy_only=False).astype(f"S{_DIGITS}")
    marks = short.view(np.uint8).reshape(len(short), _DIGITS)
    values = (marks & 0xF) + 9 * (marks >> 6)  # '0' is 0x30 and 'a' 0x61
    packed = (values[:, ::2] << 4 | values[:, 1::2]).astype(np.uint8)
    return np.ascontiguousarray(packed).view(">u8").ravel().astype(np.uint64)

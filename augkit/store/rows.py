"""The rows of one shard, as they become a piece of the manifest."""

from __future__ import annotations

import hashlib
import io
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

HEAD = ("file", "split", "source", "copy", "label", "label_after")
TAIL = ("sha256", "width", "height", "bytes", "source_sha256", "name", "place")
NOTES = b"augkit"
_COLUMNS = (*HEAD, *TAIL)
_WHOLE = ("copy", "width", "height")


class Rows:
    """Collect the rows of one shard, its bad sources and its dropped draws.

    Rows come in blocks, each with its own draws: `begin`, then for each batch of pictures `add` and `placed`.
    """

    def __init__(self, split: str) -> None:
        self.split = split
        self.bad: list[tuple[str, str]] = []  # source key, reason
        self._columns: dict[str, list[Any]] = {name: [] for name in _COLUMNS}
        self._drawn: Counter[str] = Counter()
        self._dropped: Counter[str] = Counter()
        self._batch: list[tuple[Any, ...]] = []  # the rows of the batch at hand, all but their places
        self._draws: list[int] = []  # which draw each of them shows, -1 for none
        self._block: Mapping[str, NDArray[np.float64]] = {}
        self._values: list[tuple[int, dict[str, NDArray[np.float64]]]] = []  # rows and values of each batch

    def __len__(self) -> int:
        return len(self._columns["file"]) + len(self._batch)

    def begin(self, values: Mapping[str, NDArray[np.float64]]) -> None:
        """Begin a block: give the values of its draws, each float64 (draws,)."""
        self._block = values

    def add(
        self,
        file: str,
        name: str,
        source: str,
        copy: int,
        label: str,
        after: str,
        data: bytes,
        size: tuple[int, int],
        origin: str,
        draw: int,
    ) -> None:
        """Add one picture: its bytes are hashed, `origin` is its source's hash, `draw` its draw in this
        block or -1.
        """
        digest = hashlib.sha256(data).hexdigest()
        row = (file, self.split, source, copy, label, after, digest, *size, len(data), origin, name)
        self._batch.append(row)
        self._draws.append(draw)

    def count(self, label: str, drawn: int, dropped: int) -> None:
        """Count draws of a class, and how many of them were dropped."""
        self._drawn[label] += drawn
        if dropped:
            self._dropped[label] += dropped

    def folders(self) -> set[str]:
        """Return the folders of all files that have rows, relative to the output."""
        return {file.rpartition("/")[0] for file in self._columns["file"]}

    def latest(self, column: str) -> list[Any]:
        """Return a column of the rows of the batch at hand."""
        at = _COLUMNS.index(column)
        return [row[at] for row in self._batch]

    def drawn(self) -> dict[str, NDArray[np.float64]]:
        """Return the drawn values of the rows of the batch at hand, each float64 (rows,)."""
        take = np.array(self._draws, dtype=np.int64)
        picked = {}
        for name, column in self._block.items():
            picked[name] = np.full(len(take), np.nan)
            picked[name][take >= 0] = column[take[take >= 0]]
        return picked

    def placed(self, places: Sequence[int], drawn: dict[str, NDArray[np.float64]]) -> None:
        """End a batch: give its rows their places and their drawn values."""
        for column, values in zip(
            _COLUMNS, zip(*self._batch, strict=True), strict=False
        ):  # all but the place
            self._columns[column] += values
        self._columns["place"] += places
        self._values.append((len(self._draws), drawn))
        self._batch.clear()
        self._draws.clear()

    def sealed(self, files: Mapping[str, tuple[str, int]]) -> bytes:
        """Return the shard's piece of the manifest, as the bytes of a Parquet file.

        `files` are those that hold several pictures: path → SHA-256 and size in bytes.
        """
        import pyarrow as pa
        import pyarrow.parquet as pq

        values = list(dict.fromkeys(name for _, batch in self._values for name in batch))
        arrays: dict[str, Any] = {name: pa.array(self._columns[name], kind(name)) for name in HEAD}
        for name in values:
            batches = [batch.get(name, np.full(rows, np.nan)) for rows, batch in self._values]
            arrays[name] = pa.array(np.concatenate(batches), pa.float64())
        arrays |= {name: pa.array(self._columns[name], kind(name)) for name in TAIL}
        notes = {"bad": self.bad, "split": self.split, "drawn": self._drawn, "dropped": self._dropped}
        notes |= {"files": files}
        table = pa.table(arrays).replace_schema_metadata({NOTES: json.dumps(notes).encode()})
        sink = io.BytesIO()
        pq.write_table(table, sink, compression="lz4", use_dictionary=False, write_statistics=False)
        return sink.getvalue()


def kind(name: str) -> Any:
    """Return the Arrow type of a column that every row has."""
    import pyarrow as pa

    if name in ("bytes", "place"):
        return pa.int64()
    return pa.int32() if name in _WHOLE else pa.string()

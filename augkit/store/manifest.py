"""The manifest: one row for each picture, in pieces while shards are made and as one Parquet file at the end.

Columns: file, split, source, copy, label, label_after (class names), one float for each drawn value (such
as "rotate.degrees"; NaN where the step was not done), sha256, width, height (pixels), bytes, source_sha256.
"""

from __future__ import annotations

import dataclasses
import hashlib
import io
import itertools
import json
import operator
import os
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from augkit.store import disk

FILE = f"{disk.PRIVATE}/manifest.parquet"
PIECES = f"{disk.RUN}/shards"
ROW_GROUP = 16_384  # rows; fixed, so that the file does not depend on how the work was cut
_NOTES = b"augkit"
_HEAD = ("file", "split", "source", "copy", "label", "label_after")
_TAIL = ("sha256", "width", "height", "bytes", "source_sha256")
_WHOLE = ("copy", "width", "height")


class Rows:
    """Collect the rows of one shard, its bad sources and its dropped draws."""

    def __init__(self, split: str) -> None:
        self.split = split
        self.bad: list[tuple[str, str]] = []  # source key, reason
        self._columns: dict[str, list[Any]] = {name: [] for name in (*_HEAD, *_TAIL)}
        self._drawn: Counter[str] = Counter()
        self._dropped: Counter[str] = Counter()
        self._draws: list[int] = []  # of the block at hand: which draw each row shows, -1 for none
        self._values: list[tuple[int, dict[str, NDArray[np.float64]]]] = []  # rows and values of each block

    def __len__(self) -> int:
        return len(self._columns["file"])

    def add(
        self,
        file: str,
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
        head = (file, self.split, source, copy, label, after)
        row = (*head, hashlib.sha256(data).hexdigest(), *size, len(data), origin)
        for column, value in zip(self._columns.values(), row, strict=True):
            column.append(value)
        self._draws.append(draw)

    def count(self, label: str, accepted: bool) -> None:
        """Count one draw of a class, and whether it was dropped."""
        self._drawn[label] += 1
        if not accepted:
            self._dropped[label] += 1

    def fill(self, values: Mapping[str, NDArray[np.float64]]) -> None:
        """End a block: give its rows their drawn values."""
        take = np.array(self._draws, dtype=np.int64)
        picked = {}
        for name, column in values.items():
            picked[name] = np.full(len(take), np.nan)
            picked[name][take >= 0] = column[take[take >= 0]]
        self._values.append((len(take), picked))
        self._draws.clear()

    def sealed(self) -> bytes:
        """Return the shard's piece of the manifest, as the bytes of a Parquet file."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        values = list(dict.fromkeys(name for _, block in self._values for name in block))
        arrays: dict[str, Any] = {name: pa.array(self._columns[name], _type(name)) for name in _HEAD}
        for name in values:
            blocks = [block.get(name, np.full(rows, np.nan)) for rows, block in self._values]
            arrays[name] = pa.array(np.concatenate(blocks), pa.float64())
        arrays |= {name: pa.array(self._columns[name], _type(name)) for name in _TAIL}
        notes = {"bad": self.bad, "split": self.split, "drawn": self._drawn, "dropped": self._dropped}
        table = pa.table(arrays).replace_schema_metadata({_NOTES: json.dumps(notes).encode()})
        sink = io.BytesIO()
        pq.write_table(table, sink, compression="zstd")
        return sink.getvalue()


@dataclasses.dataclass
class Summary:
    """Hold what the card and the marker say of the rows.

    Attributes:
        pictures: split → class after → how many pictures.
        rows, originals, size: how many pictures in all and how many of them are copy 0; their bytes.
        drawn, dropped: class → how many draws were made, and dropped.
        bad:      (split, source, reason) of every source that was left out.
        shown, full: class → rows of its first sources, for the contact sheet; `full` where no more fit.
    """

    pictures: dict[str, Counter[str]] = dataclasses.field(default_factory=lambda: defaultdict(Counter))
    rows: int = 0
    originals: int = 0
    size: int = 0
    drawn: Counter[str] = dataclasses.field(default_factory=Counter)
    dropped: Counter[str] = dataclasses.field(default_factory=Counter)
    bad: list[tuple[str, str, str]] = dataclasses.field(default_factory=list)
    shown: dict[str, list[dict[str, Any]]] = dataclasses.field(default_factory=dict)
    full: set[str] = dataclasses.field(default_factory=set)


def piece(number: int) -> str:
    """Return the name of the seal of a shard."""
    return f"{PIECES}/{number:06d}.parquet"


def sealed(out: Path) -> dict[int, int]:
    """Return the numbers of the shards that are sealed and how many rows each has.

    A damaged seal, or one of a shard whose files are not all there in full size, counts as none and is
    removed.
    """
    import pyarrow.parquet as pq

    found = {}
    for path in sorted((out / PIECES).glob("*.parquet")):
        try:
            table = pq.read_table(path, columns=["file", "bytes"]).to_pydict()
            whole = all(
                os.stat(f"{out}/{file}").st_size == size  # noqa: PTH116 - hot
                for file, size in zip(table["file"], table["bytes"], strict=True)
            )
        except (OSError, ValueError, KeyError):  # Arrow's own errors are among these
            whole = False
        if whole:
            found[int(path.stem)] = len(table["file"])
        else:
            path.unlink()
    return found


def merge(out: Path, shards: int, shown: list[str], split: str, cells: int) -> Summary:
    """Join the pieces of all shards, in order, into the manifest, and sum them up.

    Args:
        out:    the output folder.
        shards: how many there are.
        shown:  the classes that the contact sheet shows, by their first sources in `split`.
        split:  the split that the contact sheet shows.
        cells:  how many pictures it shows of a class: whole sources, but at least one.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    paths = [out / piece(number) for number in range(shards)]
    schema = _joined([pq.read_schema(path) for path in paths])
    summary = Summary()
    new = disk.aside(out, FILE)
    with new.open("wb") as file, pq.ParquetWriter(file, schema, compression="zstd") as writer:
        waiting = schema.empty_table()
        for path in paths:
            table = pq.read_table(path)
            _sum_up(summary, table)
            if _notes(table)["split"] == split and len(summary.full) < len(shown):
                _show(summary, table, shown, cells)
            waiting = pa.concat_tables([waiting, _widened(table, schema)])
            while len(waiting) >= ROW_GROUP:
                writer.write_table(waiting.slice(0, ROW_GROUP), row_group_size=ROW_GROUP)
                waiting = waiting.slice(ROW_GROUP)
        if len(waiting):
            writer.write_table(waiting, row_group_size=ROW_GROUP)
    disk.commit(out, new, FILE)
    return summary


def _type(name: str) -> Any:
    import pyarrow as pa

    if name == "bytes":
        return pa.int64()
    return pa.int32() if name in _WHOLE else pa.string()


def _joined(schemas: list[Any]) -> Any:
    """Return the schema that holds the columns of all pieces: those of every row, and every drawn value."""
    import pyarrow as pa

    fixed = {*_HEAD, *_TAIL}
    drawn = dict.fromkeys(name for schema in schemas for name in schema.names if name not in fixed)
    fields = [pa.field(name, _type(name)) for name in _HEAD]
    fields += [pa.field(name, pa.float64()) for name in drawn]
    return pa.schema([*fields, *(pa.field(name, _type(name)) for name in _TAIL)])


def _widened(table: Any, schema: Any) -> Any:
    """Return a piece with the columns of the whole manifest; values that it never drew are NaN."""
    import pyarrow as pa

    empty = pa.array(np.full(len(table), np.nan))
    columns = [table[field.name] if field.name in table.column_names else empty for field in schema]
    return pa.table(columns, schema=schema)


def _sum_up(summary: Summary, table: Any) -> None:
    notes = _notes(table)
    summary.bad += [(notes["split"], key, reason) for key, reason in notes["bad"]]
    summary.drawn.update(notes["drawn"])
    summary.dropped.update(notes["dropped"])
    summary.rows += len(table)
    summary.size += sum(table["bytes"].to_pylist())
    summary.originals += table["copy"].to_pylist().count(0)
    summary.pictures[notes["split"]].update(table["label_after"].to_pylist())


def _notes(table: Any) -> dict[str, Any]:
    noted: dict[str, Any] = json.loads(table.schema.metadata[_NOTES])
    return noted


def _show(summary: Summary, table: Any, shown: list[str], cells: int) -> None:
    """Keep the rows of the first sources of each class that the contact sheet shows."""
    wanted = set(shown) - summary.full
    sources = enumerate(zip(table["label"].to_pylist(), table["source"].to_pylist(), strict=True))
    for (label, _), group in itertools.groupby(sources, key=operator.itemgetter(1)):
        if label not in wanted:
            continue
        rows = [row for row, _ in group]
        kept = summary.shown.setdefault(label, [])
        if kept and len(kept) + len(rows) > cells:
            summary.full.add(label)
            wanted.remove(label)
        else:
            kept += table.slice(rows[0], len(rows)).to_pylist()


def batches(out: Path, columns: list[str]) -> Iterator[dict[str, list[Any]]]:
    """Yield the manifest in batches of rows, each as column → values."""
    import pyarrow.parquet as pq

    with pq.ParquetFile(out / FILE) as file:
        for batch in file.iter_batches(batch_size=ROW_GROUP, columns=columns):
            yield batch.to_pydict()

"""The manifest: one row for each picture, in pieces while shards are made and as one Parquet file at the end.

Columns: file (the picture's own, or its shard's), split, source, copy, label, label_after (class names), one
float for each drawn value (such as "rotate.degrees"; NaN where the step was not done), sha256 (of the
picture's bytes), width, height (pixels), bytes, source_sha256, name (class folder and own name), place (where
in the file it stands: row of a Parquet or Arrow file, byte of a tar, 0 where the file is the picture).
"""

from __future__ import annotations

import dataclasses
import itertools
import json
import operator
import os
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from augkit.store import disk
from augkit.store.rows import HEAD, NOTES, TAIL, kind

FILE = f"{disk.PRIVATE}/manifest.parquet"
PIECES = f"{disk.RUN}/shards"
ROW_GROUP = 16_384  # rows; fixed, so that the file does not depend on how the work was cut


@dataclasses.dataclass(frozen=True)
class Sealed:
    """Say of a sealed shard how many pictures it has, and how many of its sources are bad."""

    pictures: int
    bad: int


@dataclasses.dataclass
class Summary:
    """Hold what the card and the marker say of the rows.

    Attributes:
        pictures: split → class after → how many pictures.
        rows, originals, size: how many pictures in all and how many of them are copy 0; their bytes.
        drawn, dropped: class → how many draws were made, and dropped.
        bad:      (split, source, reason) of every source that was left out.
        leaks:    how many pictures stand in several splits, their copies not counted.
        files:    path → SHA-256 of the files that hold several pictures.
        endings:  the extensions of the pictures.
        shown, full: class → rows of its first sources, for the contact sheet; `full` where no more fit.
    """

    pictures: dict[str, Counter[str]] = dataclasses.field(default_factory=lambda: defaultdict(Counter))
    rows: int = 0
    originals: int = 0
    size: int = 0
    drawn: Counter[str] = dataclasses.field(default_factory=Counter)
    dropped: Counter[str] = dataclasses.field(default_factory=Counter)
    bad: list[tuple[str, str, str]] = dataclasses.field(default_factory=list)
    leaks: int = 0
    files: dict[str, str] = dataclasses.field(default_factory=dict)
    endings: set[str] = dataclasses.field(default_factory=set)
    shown: dict[str, list[dict[str, Any]]] = dataclasses.field(default_factory=dict)
    full: set[str] = dataclasses.field(default_factory=set)


def piece(number: int) -> str:
    """Return the name of the seal of a shard."""
    return f"{PIECES}/{number:06d}.parquet"


def sealed(
    out: Path,
    numbers: Collection[int] | None = None,
    held: Callable[[dict[str, int]], bool] | None = None,
) -> dict[int, Sealed]:
    """Return the shards that are sealed, by number; those of `numbers`, or all.

    A damaged seal, or one of a shard whose files are not all there in full size, counts as none and is
    removed.  Files stand in `out`, unless `held` tells of some (path → bytes) whether they are there.
    """
    import pyarrow.parquet as pq

    found = {}
    for path in sorted((out / PIECES).glob("*.parquet")):
        if numbers is not None and int(path.stem) not in numbers:
            continue
        try:
            table = pq.read_table(path, columns=["file", "bytes"])
            notes = _notes(table)
            sizes = {file: size for file, (_, size) in notes["files"].items()}
            sizes = sizes or dict(zip(*table.to_pydict().values(), strict=True))
            whole = held(sizes) if held is not None else _in_full(out, sizes)
        except (OSError, ValueError, KeyError):  # Arrow's own errors are among these
            whole = False
        if whole:
            found[int(path.stem)] = Sealed(len(table), len(notes["bad"]))
        else:
            path.unlink()
    return found


def _in_full(out: Path, sizes: dict[str, int]) -> bool:
    return all(os.stat(f"{out}/{file}").st_size == size for file, size in sizes.items())  # noqa: PTH116 - hot


def weight(path: Path) -> int:
    """Return how many bytes the rows of a sealed shard take, without what each file has once."""
    import pyarrow.parquet as pq

    said = pq.read_metadata(path)
    groups = [said.row_group(number) for number in range(said.num_row_groups)]
    return sum(group.column(n).total_compressed_size for group in groups for n in range(group.num_columns))


def bad(out: Path, most: int) -> list[tuple[str, str, str]]:
    """Return (split, source, reason) of the first bad sources of the shards that are sealed."""
    import pyarrow.parquet as pq

    found: list[tuple[str, str, str]] = []
    for path in sorted((out / PIECES).glob("*.parquet")):
        notes = _notes_of(pq.read_schema(path))
        found += [(notes["split"], key, reason) for key, reason in notes["bad"]]
        if len(found) >= most:
            break
    return found[:most]


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
    said = {"compression": "zstd", "use_dictionary": [*HEAD, "source_sha256"]}
    with new.open("wb") as file, pq.ParquetWriter(file, schema, **said) as writer:
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


def _joined(schemas: list[Any]) -> Any:
    """Return the schema that holds the columns of all pieces: those of every row, and every drawn value."""
    import pyarrow as pa

    fixed = {*HEAD, *TAIL}
    drawn = dict.fromkeys(name for schema in schemas for name in schema.names if name not in fixed)
    fields = [pa.field(name, kind(name)) for name in HEAD]
    fields += [pa.field(name, pa.float64()) for name in drawn]
    return pa.schema([*fields, *(pa.field(name, kind(name)) for name in TAIL)])


def _widened(table: Any, schema: Any) -> Any:
    """Return a piece with the columns of the whole manifest; values that it never drew are NaN."""
    import pyarrow as pa

    empty = pa.array(np.full(len(table), np.nan))
    columns = [table[field.name] if field.name in table.column_names else empty for field in schema]
    return pa.table(columns, schema=schema)


def _sum_up(summary: Summary, table: Any) -> None:
    import pyarrow.compute as pc

    notes = _notes(table)
    summary.bad += [(notes["split"], key, reason) for key, reason in notes["bad"]]
    summary.drawn.update(notes["drawn"])
    summary.dropped.update(notes["dropped"])
    summary.rows += len(table)
    summary.size += pc.sum(table["bytes"]).as_py() or 0
    summary.originals += pc.sum(pc.equal(table["copy"], 0)).as_py() or 0
    pictures = summary.pictures[notes["split"]]
    for each in pc.value_counts(table["label_after"]).to_pylist():
        pictures[each["values"]] += each["counts"]
    summary.files |= {file: digest for file, (digest, _) in notes["files"].items()}
    ends = pc.unique(pc.utf8_slice_codeunits(table["name"], -6)).to_pylist()
    summary.endings.update(f".{end.rpartition('.')[2]}" for end in ends)


def _notes(table: Any) -> dict[str, Any]:
    return _notes_of(table.schema)


def _notes_of(schema: Any) -> dict[str, Any]:
    noted: dict[str, Any] = json.loads(schema.metadata[NOTES])
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


def files_of(path: Path) -> list[tuple[str, str]]:
    """Return the files of one sealed shard, each with its SHA-256."""
    import pyarrow.parquet as pq

    table = pq.read_table(path, columns=["file", "sha256"])
    several = _notes(table)["files"]
    if several:
        return [(file, digest) for file, (digest, _) in several.items()]
    return list(zip(*table.to_pydict().values(), strict=True))


def files(out: Path) -> Iterator[tuple[str, str]]:
    """Yield the file and the SHA-256 of every picture, in the order of the manifest."""
    for batch in batches(out, ["file", "sha256"]):
        yield from zip(batch["file"], batch["sha256"], strict=True)


def count(out: Path) -> int:
    """Return how many rows the manifest has."""
    import pyarrow.parquet as pq

    return int(pq.read_metadata(out / FILE).num_rows)


def batches(out: Path, columns: list[str]) -> Iterator[dict[str, list[Any]]]:
    """Yield the manifest in batches of rows, each as column → values."""
    for batch in tables(out, columns):
        yield batch.to_pydict()


def tables(out: Path, columns: list[str]) -> Iterator[Any]:
    """Yield the manifest in batches of rows, each a `pyarrow.RecordBatch`."""
    import pyarrow.parquet as pq

    with pq.ParquetFile(out / FILE) as file:
        yield from file.iter_batches(batch_size=ROW_GROUP, columns=columns)

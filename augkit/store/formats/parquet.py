"""Parquet: OUT/data/<split>-00000-of-00020.parquet, the form in which the Hugging Face hub keeps pictures."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import BinaryIO

from augkit.store.formats import table
from augkit.store.formats.shard import Batch, Place
from augkit.store.formats.sink import Sink

front = table.front


KIND = (".parquet", "application/x-parquet")  # suffix of a shard's file, and what files are


class Writer:
    """Write each batch as one row group; pictures, which are compressed, are stored as they are."""

    def __init__(self, place: Place) -> None:
        import pyarrow.parquet as pq

        self._schema = table.schema(place)
        self._sink = Sink(place)
        self._rows = 0
        packed = {name: "zstd" for name in self._schema.names if name != "image"}
        packed |= {"image.bytes": "none", "image.path": "zstd"}
        plain = [name for name in packed if name not in ("image.bytes", "image.path")]
        self._file = pq.ParquetWriter(
            self._sink, self._schema, compression=packed, use_dictionary=plain, write_statistics=plain
        )

    def write(self, batch: Batch) -> Sequence[int]:
        """Write a row group; a picture's place is its row."""
        first, self._rows = self._rows, self._rows + len(batch.names)
        self._file.write_table(table.rows(batch, self._schema), row_group_size=len(batch.names))
        return range(first, self._rows)

    def close(self, *, again: bool) -> dict[str, tuple[str, int]]:
        """Write the footer and move the file into place."""
        self._file.close()
        return self._sink.settle()

    def abandon(self) -> None:
        """Close what is open."""
        self._sink.abandon()
        with contextlib.suppress(Exception):  # of a writer whose file is gone
            self._file.close()


def read(file: BinaryIO, place: int, size: int) -> bytes:
    """Return the bytes of the picture in a row."""
    import pyarrow.parquet as pq

    with pq.ParquetFile(file) as rows:
        for group in range(rows.num_row_groups):
            count = rows.metadata.row_group(group).num_rows
            if place < count:
                cell = rows.read_row_group(group, columns=["image"])["image"][place]
                return bytes(cell["bytes"].as_py())
            place -= count
    raise IndexError(f"there is no row {place} more")

"""Arrow: OUT/data/<split>-00000-of-00020.arrow, which `datasets.Dataset.from_file` maps into memory."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Sequence
from typing import BinaryIO

from augkit.store.formats import table
from augkit.store.formats.shard import Batch, Place
from augkit.store.formats.sink import Sink

front = table.front


KIND = (".arrow", "application/vnd.apache.arrow.stream")  # suffix of a shard's file, and what files are


class Writer:
    """Write each batch as one record batch."""

    def __init__(self, place: Place) -> None:
        import pyarrow as pa

        self._schema = table.schema(place)
        self._sink = Sink(place)
        self._rows = 0
        self._file = pa.ipc.new_stream(self._sink, self._schema)

    def write(self, batch: Batch) -> Sequence[int]:
        """Write a record batch; a picture's place is its row."""
        first, self._rows = self._rows, self._rows + len(batch.names)
        self._file.write_table(table.rows(batch, self._schema))
        return range(first, self._rows)

    def close(self, *, again: bool) -> dict[str, tuple[str, int]]:
        """Write the end and move the file into place."""
        self._file.close()
        return self._sink.settle()

    def abandon(self) -> None:
        """Close what is open."""
        self._sink.abandon()
        with contextlib.suppress(Exception):  # of a writer whose file is gone
            self._file.close()


def read(file: BinaryIO, place: int, size: int) -> bytes:
    """Return the bytes of the picture in a row."""
    import pyarrow as pa

    mapped = contextlib.closing(pa.memory_map(file.name)) if isinstance(file, io.BufferedReader) else None
    with mapped or contextlib.nullcontext(file) as source, pa.ipc.open_stream(source) as stream:
        for batch in stream:
            if place < batch.num_rows:
                return bytes(batch["image"][place]["bytes"].as_py())
            place -= batch.num_rows
    raise IndexError(f"there is no row {place} more")

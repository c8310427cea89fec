"""The shelf: finished pictures of one shard, on their way to its format and its rows."""

from __future__ import annotations

from augkit.store import names
from augkit.store.formats import Batch, Place, Writer
from augkit.store.job import Job, Shard
from augkit.store.rows import Rows

_HELD = 8_000_000  # bytes of finished pictures held at once: a row group


class Shelf:
    """Collect the finished pictures of a shard, and hand them to its format when there are enough.

    What is enough depends on the pictures alone, so that row groups do.
    """

    def __init__(self, job: Job, shard: Shard, tmp: str) -> None:
        self.rows = Rows(shard.split)
        self._job, self._shard = job, shard
        self._file = job.kept.file(shard.split, shard.place, shard.of, "") if job.kept.suffix else ""
        place = Place(job.out, tmp, shard.split, self._file, job.classes, job.drawn)
        self.writer: Writer = job.kept.writer(place)
        self._data: list[bytes] = []
        self._labels: list[tuple[int, int]] = []  # after and before
        self._held = 0

    def put(
        self,
        place: int,
        origin: str,
        copy: int,
        after: int,
        data: bytes,
        size: tuple[int, int],
        extension: str,
        draw: int,
    ) -> None:
        """Take one picture.

        Args:
            place:     of its source in the shard, and `origin` the source's SHA-256.
            copy:      its number; 0 is the original.
            after:     its label after the change.
            data:      encoded, with its `extension`, and `size` its width and height.
            draw:      its draw in the block, or -1.
        """
        job, shard = self._job, self._shard
        key, label = shard.keys[place], int(shard.labels[place])
        was = "" if after == label else f"{names.WAS}{job.folders[label]}"
        name = f"{job.folders[after]}/{shard.stems[place]}{was}-{copy}{extension}"
        before, now = job.classes[label], job.classes[after]
        self.rows.add(
            self._file or f"{shard.split}/{name}", name, key, copy, before, now, data, size, origin, draw
        )
        self._data.append(data)
        self._labels.append((after, label))
        self._held += len(data)
        if self._held > _HELD:
            self.flush()

    def flush(self) -> None:
        """Hand what was collected to the format."""
        if not self._data:
            return
        drawn, rows = self.rows.drawn(), self.rows
        after, before = (list(labels) for labels in zip(*self._labels, strict=True))
        sources, copies = rows.latest("source"), rows.latest("copy")
        batch = Batch(rows.latest("name"), self._data, after, before, sources, copies, drawn)
        rows.placed(self.writer.write(batch), drawn)
        self._data, self._labels, self._held = [], [], 0

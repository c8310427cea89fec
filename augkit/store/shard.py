"""Making one shard: decode each source once, draw for all, render, write, move into place, and seal.

The seal is the shard's piece of the manifest, written last.  What has no seal is made again, to the same
bytes.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from augkit import codec
from augkit.draw import Run
from augkit.errors import PictureError
from augkit.render import reduction, render, render_batch
from augkit.store import disk, manifest, names
from augkit.store.job import Job, Shard
from augkit.store.suspects import Suspects

if TYPE_CHECKING:
    from augkit.draw import Draws

Picture = NDArray[np.uint8]

_BLOCK = 32_000_000  # bytes of encoded pictures held at once
_SMALL = 64 * 64  # pixels of pictures that are worked on together


@dataclasses.dataclass(frozen=True)
class Made:
    """Say what came of one shard: how many pictures were written, and how many sources are bad."""

    number: int
    pictures: int
    bad: int


@dataclasses.dataclass(frozen=True)
class _Source:
    """Hold one source: its place in the shard, its bytes, and what they say of its picture."""

    place: int
    data: bytes
    header: codec.Header

    @property
    def size(self) -> tuple[int, int]:
        """Return width and height in pixels."""
        return self.header.upright


def make(job: Job, shard: Shard, attempt: int) -> Made:
    """Make a shard's files and seal it.

    Raises:
        StoreError: the operating system refuses to write.
    """
    try:
        return _make(job, shard, attempt)
    except OSError as error:
        raise disk.explained(error, Path(job.out)) from error


def _make(job: Job, shard: Shard, attempt: int) -> Made:
    tmp = f"{job.tmp}/{shard.number}-{os.getpid()}-{attempt}"
    Path(tmp).mkdir()
    rows = manifest.Rows(shard.split)
    files = _Files(job.out, tmp)
    suspects = Suspects(job, shard, attempt)
    for block in _blocks(shard, rows, suspects):
        draws = _draw(job, shard, block)
        made = _together(block, draws, job.copies(shard.split), suspects)
        for number, source in enumerate(block):
            suspects.watch(source.place)
            _make_source(job, shard, source, draws, number * job.copies(shard.split), made, rows, files)
        rows.fill(draws.values if draws is not None else {})
    suspects.watch(None)
    files.move(again=job.again or attempt > 1)
    disk.settle()
    seal = disk.aside(Path(job.out), manifest.piece(shard.number))
    disk.put(str(seal), rows.sealed())  # not synced: a seal that a power cut damages counts as none
    seal.replace(Path(job.out, manifest.piece(shard.number)))
    Path(tmp).rmdir()
    return Made(shard.number, len(rows), len(rows.bad))


def _blocks(shard: Shard, rows: manifest.Rows, suspects: Suspects) -> Iterator[list[_Source]]:
    """Read the sources and group them by the memory they take; what cannot be read goes to `rows.bad`."""
    block: list[_Source] = []
    weight = 0
    for place, (key, image) in enumerate(zip(shard.keys, shard.images, strict=True)):
        suspects.watch(place)
        try:
            if place in suspects.guilty:
                raise PictureError("it kills or holds up the process that reads it", where=key)
            data = image if isinstance(image, bytes) else disk.get(image)
            block.append(_Source(place, data, codec.peek(data, name=key)))
        except PictureError as error:
            rows.bad.append((key, error.problem))
            continue
        except OSError as error:
            rows.bad.append((key, f"cannot be read ({error.strerror})"))
            continue
        weight += len(data)
        if weight > _BLOCK:
            suspects.watch(None)
            yield block
            block, weight = [], 0
    suspects.watch(None)
    if block:
        yield block


def _draw(job: Job, shard: Shard, block: list[_Source]) -> Draws | None:
    """Draw all copies of a block: N = sources × copies, source by source."""
    copies = job.copies(shard.split)
    if not copies or job.plan is None:
        return None
    keys = [shard.keys[source.place] for source in block for _ in range(copies)]
    labels = np.repeat(shard.labels[[source.place for source in block]], copies)
    numbers = np.tile(np.arange(1, copies + 1, dtype=np.int64), len(block))
    sizes = np.repeat(np.array([source.size for source in block], dtype=np.int64), copies, axis=0)
    return job.plan.draw(keys, labels, numbers, sizes)


def _together(
    block: list[_Source], draws: Draws | None, copies: int, suspects: Suspects
) -> dict[int, Picture]:
    """Make all pictures of a block of small sources at once, by number of the draw.

    Nothing is made where the sources are not alike, or where a step is code that may hang on a picture.
    """
    sizes = {source.size for source in block}
    if draws is None or len(sizes) != 1 or _has_kernels(draws):
        return {}
    if max(sizes)[0] * max(sizes)[1] > _SMALL:
        return {}
    pictures: list[Picture] = []
    which: list[int] = []
    for number, source in enumerate(block):
        suspects.watch(source.place)
        with contextlib.suppress(PictureError):
            pictures.append(codec.decode(source.data, header=source.header))
            which.append(number)
    suspects.watch(None)
    if len({picture.shape for picture in pictures}) != 1:
        return {}
    rows = (np.array(which)[:, None] * copies + np.arange(copies)).ravel()
    rendered = render_batch(np.repeat(np.stack(pictures), copies, axis=0), draws.take(rows))
    return dict(zip(rows.tolist(), rendered, strict=True))


def _has_kernels(draws: Draws) -> bool:
    return not all(isinstance(part, Run) for group in draws.groups for part in group.parts)


def _make_source(
    job: Job,
    shard: Shard,
    source: _Source,
    draws: Draws | None,
    first: int,
    together: dict[int, Picture],
    rows: manifest.Rows,
    files: _Files,
) -> None:
    """Make all pictures of one source from one decode; `first` is the draw of its first copy."""
    key, label = shard.keys[source.place], int(shard.labels[source.place])
    copies = np.arange(first, first + job.copies(shard.split))
    by = 1 if together else _reduced(job, source, draws, copies)
    try:
        picture = codec.decode(source.data, name=key, by=by, header=source.header)
    except PictureError as error:
        rows.bad.append((key, error.problem))
        return
    stem, origin = shard.stems[source.place], hashlib.sha256(source.data).hexdigest()

    def write(copy: int, after: int, data: bytes, size: tuple[int, int], extension: str, draw: int) -> None:
        was = "" if after == label else f"{names.WAS}{job.folders[label]}"
        file = f"{shard.split}/{job.folders[after]}/{stem}{was}-{copy}{extension}"
        files.put(file, data)
        rows.add(file, key, copy, job.classes[label], job.classes[after], data, size, origin, draw)

    if draws is None or job.keep_originals:
        extension = source.header.kept_as
        if extension:
            write(0, label, source.data, source.size, extension, -1)
        else:
            write(0, label, codec.encode(picture), source.size, ".png", -1)
    if draws is None:
        return
    extension = codec.settings(job.format)[0]
    for copy, draw in enumerate(copies.tolist(), start=1):
        rows.count(job.classes[label], bool(draws.accepted[draw]))
        if draws.accepted[draw]:
            made = together.get(draw)
            if made is None:
                made = render(picture, draws, draw, size=source.size, by=by)
            size = (made.shape[1], made.shape[0])
            write(copy, int(draws.labels[draw]), codec.encode(made, job.format), size, extension, draw)


def _reduced(job: Job, source: _Source, draws: Draws | None, copies: NDArray[np.int64]) -> int:
    """Return how much smaller the source may be read, for all of its copies."""
    if draws is None or not source.header.reducible:
        return 1
    if job.keep_originals and source.header.kept_as is None:
        return 1
    return reduction(draws, copies[draws.accepted[copies]], source.size)


class _Files:
    """Write files aside under numbers, then move all of them to their names."""

    def __init__(self, out: str, tmp: str) -> None:
        self.out, self.tmp = out, tmp
        self.names: list[str] = []

    def put(self, name: str, data: bytes) -> None:
        disk.put(f"{self.tmp}/{len(self.names)}", data)
        self.names.append(name)

    def move(self, *, again: bool) -> None:
        """Move the files into place.

        `again` says that names may be taken by an earlier attempt's equal files.
        """
        for number, name in enumerate(self.names):
            final = f"{self.out}/{name}"
            if again:  # ext4 flushes a file that replaces another: fifty times the cost of a fresh name
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(final)  # noqa: PTH108 - hot
            os.replace(f"{self.tmp}/{number}", final)  # noqa: PTH105 - hot

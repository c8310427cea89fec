"""Making one shard: decode each source once, draw for all, render, write, move into place, and seal.

The seal is the shard's piece of the manifest, written last.  What has no seal is made again, to the same
bytes.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import hashlib
import itertools
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from augkit import codec
from augkit import keys as addresses
from augkit.draw import Run, draw
from augkit.errors import PictureError
from augkit.render import reduction, render, render_batch
from augkit.store import disk, manifest
from augkit.store.job import Job, Shard
from augkit.store.rows import Rows
from augkit.store.shelf import Shelf
from augkit.store.suspects import Suspects
from augkit.transform import reshapes, undone

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
    """Make a shard's files and seal it, patiently.

    Raises:
        StoreError: the operating system refuses to write.
    """
    chances = itertools.count(1)
    try:
        return disk.patiently(lambda: _make(job, shard, attempt, next(chances)))
    except OSError as error:
        raise disk.explained(error, Path(job.out)) from error


def _make(job: Job, shard: Shard, attempt: int, chance: int) -> Made:
    tmp = f"{job.tmp}/{shard.number}-{os.getpid()}-{attempt}-{chance}"
    Path(tmp).mkdir()
    shelf = Shelf(job, shard, tmp)
    rows, suspects = shelf.rows, Suspects(job, shard, attempt)
    try:
        for block in _blocks(shard, rows, suspects):
            draws, firsts = _draw(job, shard, block)
            rows.begin(draws.values if draws is not None else {})
            decoded, made = _together(shard, block, draws, firsts, suspects)
            for source, first in zip(block, firsts.tolist(), strict=True):
                suspects.watch(source.place)
                _make_source(job, shard, source, draws, first, decoded.get(source.place), made, shelf)
            shelf.flush()
        suspects.watch(None)
        files = shelf.writer.close(again=job.again or attempt > 1 or chance > 1)
    finally:
        shelf.writer.abandon()
    seal = Path(tmp, "seal")
    disk.put(str(seal), rows.sealed(files))  # not synced: a seal that a power cut damages counts as none
    seal.replace(Path(job.out, manifest.piece(shard.number)))
    Path(tmp).rmdir()
    return Made(shard.number, len(rows), len(rows.bad))


def _blocks(shard: Shard, rows: Rows, suspects: Suspects) -> Iterator[list[_Source]]:
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


def _draw(job: Job, shard: Shard, block: list[_Source]) -> tuple[Draws | None, NDArray[np.int64]]:
    """Draw all copies of a block, source by source; return also the first draw of each source."""
    places = [source.place for source in block]
    copies = shard.copies[places]
    firsts = np.cumsum(copies) - copies
    if job.plan is None or not copies.any():
        return None, firsts
    words = np.repeat(addresses.words([shard.keys[place] for place in places]), copies)
    labels = np.repeat(shard.labels[places], copies)
    numbers = np.arange(1, len(labels) + 1, dtype=np.int64) - np.repeat(firsts, copies)
    sizes = np.repeat(np.array([source.size for source in block], dtype=np.int64), copies, axis=0)
    return job.plan.draw(words, labels, numbers, sizes), firsts


def _together(
    shard: Shard,
    block: list[_Source],
    draws: Draws | None,
    firsts: NDArray[np.int64],
    suspects: Suspects,
) -> tuple[dict[int, Picture], dict[int, Picture]]:
    """Decode a block of small sources, and make all their pictures at once.

    Returns the sources' pictures by place in the shard, and what was made by number of the draw.  Nothing is
    made where the sources are not alike, or where a step is code that may hang on a picture.
    """
    sizes = {source.size for source in block}
    if draws is None or len(sizes) != 1 or _has_kernels(draws):
        return {}, {}
    if max(sizes)[0] * max(sizes)[1] > _SMALL:
        return {}, {}
    pictures: list[Picture] = []
    which: list[int] = []
    for number, source in enumerate(block):
        suspects.watch(source.place)
        with contextlib.suppress(PictureError):
            pictures.append(codec.decode(source.data, header=source.header))
            which.append(number)
    suspects.watch(None)
    decoded = {block[number].place: picture for number, picture in zip(which, pictures, strict=True)}
    if len({picture.shape for picture in pictures}) != 1:
        return decoded, {}
    copies = shard.copies[[block[number].place for number in which]]
    rows = np.repeat(firsts[which] - np.cumsum(copies) + copies, copies) + np.arange(copies.sum())
    rendered = render_batch(np.repeat(np.stack(pictures), copies, axis=0), draws.take(rows))
    return decoded, dict(zip(rows.tolist(), rendered, strict=True))


def _has_kernels(draws: Draws) -> bool:
    return not all(isinstance(part, Run) for group in draws.groups for part in group.parts)


def _make_source(
    job: Job,
    shard: Shard,
    source: _Source,
    draws: Draws | None,
    first: int,
    picture: Picture | None,
    together: dict[int, Picture],
    shelf: Shelf,
) -> None:
    """Make all pictures of one source from one decode (its `picture`, where it is decoded already).

    `first` is the draw of its first copy.
    """
    key, label = shard.keys[source.place], int(shard.labels[source.place])
    copies = np.arange(first, first + shard.copies[source.place])
    reshaped = _reshaped(job, shard, source)
    by = 1 if picture is not None else _reduced(job, shard, source, draws, copies, reshaped)
    try:
        if picture is None:
            picture = codec.decode(source.data, name=key, by=by, header=source.header)
    except PictureError as error:
        shelf.rows.bad.append((key, error.problem))
        return
    put = functools.partial(shelf.put, source.place, hashlib.sha256(source.data).hexdigest())
    if job.originals(shard.split):
        extension = source.header.kept_as
        if reshaped is not None:
            made = render(picture, reshaped, 0, size=source.size, by=by)
            put(0, label, codec.encode(made, job.format), _size(made), codec.settings(job.format)[0], -1)
        elif extension:
            put(0, label, source.data, source.size, extension, -1)
        else:
            put(0, label, codec.encode(picture), source.size, ".png", -1)
    if draws is None:
        return
    extension = codec.settings(job.format)[0]
    for copy, number in enumerate(copies.tolist(), start=1):
        shelf.rows.count(job.classes[label], bool(draws.accepted[number]))
        if draws.accepted[number]:
            drawn = together.get(number)
            if drawn is None:
                drawn = render(picture, draws, number, size=source.size, by=by)
            encoded = codec.encode(drawn, job.format)
            put(copy, int(draws.labels[number]), encoded, _size(drawn), extension, number)


def _size(picture: Picture) -> tuple[int, int]:
    return picture.shape[1], picture.shape[0]


def _reshaped(job: Job, shard: Shard, source: _Source) -> Draws | None:
    """Return how the original is given the size that every picture gets; None where it keeps its own."""
    if job.plan is None or not job.originals(shard.split) or not reshapes(job.plan.policy):
        return None
    word = addresses.words([shard.keys[source.place]])
    labels, aspects = shard.labels[[source.place]], np.array([source.size[0] / source.size[1]])
    drawn = draw(job.plan.policy, word, [0], seed=job.plan.seed, aspects=aspects, labels=labels)
    return undone(drawn, np.ones(1, dtype=np.bool_))


def _reduced(
    job: Job,
    shard: Shard,
    source: _Source,
    draws: Draws | None,
    copies: NDArray[np.int64],
    reshaped: Draws | None,
) -> int:
    """Return how much smaller the source may be read, for all that is made of it."""
    if not source.header.reducible:
        return 1
    by = []
    if draws is not None and len(copies):
        by.append(reduction(draws, copies[draws.accepted[copies]], source.size))
    if reshaped is not None:
        by.append(reduction(reshaped, np.zeros(1, dtype=np.int64), source.size))
    elif job.originals(shard.split) and source.header.kept_as is None:
        return 1
    return min(by, default=1)

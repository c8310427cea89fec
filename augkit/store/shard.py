"""Making one shard: decode each source, draw for all, render, write, move into place, and seal.

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
from augkit.render import bounds, reductions, render
from augkit.sources import members
from augkit.store import disk, ground, manifest
from augkit.store.job import Job, Shard
from augkit.store.rows import Rows
from augkit.store.shelf import Shelf
from augkit.store.suspects import Suspects
from augkit.store.together import Encoded, Together
from augkit.transform import reshapes, undone

if TYPE_CHECKING:
    from augkit.draw import Draws

Picture = NDArray[np.uint8]
_BLOCK = 32_000_000  # bytes of encoded pictures held at once


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


@dataclasses.dataclass(frozen=True, eq=False)
class _Block:
    """Hold some sources of a shard, and what is drawn for them.

    Attributes:
        sources:  N sources.
        draws:    of all their copies, source by source; None where nothing is drawn.
        firsts:   int64 (N,), the first draw of each source.
        reshaped: N draws that give originals the size of every picture; None where they keep their own.
        by:       int64, how many times smaller the source may be read for each draw, whatever else is made
            of it.
        whole:    int64 (N,), and for each original.
    """

    sources: list[_Source]
    draws: Draws | None
    firsts: NDArray[np.int64]
    reshaped: Draws | None
    by: NDArray[np.int64]
    whole: NDArray[np.int64]


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
    ground.must_hold(job.out, job.tmp, job.token)
    tmp = f"{job.tmp}/{shard.number}-{os.getpid()}-{attempt}-{chance}"
    Path(tmp).mkdir()
    shelf = Shelf(job, shard, tmp)
    rows, suspects = shelf.rows, Suspects(job, shard, attempt)
    try:
        for sources in _blocks(shard, rows, suspects):
            block = _drawn(job, shard, sources)
            rows.begin(block.draws.values if block.draws is not None else {})
            decoded, made = _together(job, shard, block, suspects)
            for number, source in enumerate(sources):
                suspects.watch(source.place)
                _make_source(job, shard, block, number, decoded.get(source.place), made, suspects, shelf)
            shelf.flush()
        suspects.watch(None)
        ground.must_hold(job.out, job.tmp, job.token, rows.folders())
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
    images = members.each(shard.images, members.bytes_of)
    for place, (key, given) in enumerate(zip(shard.keys, images, strict=True)):
        suspects.watch(place)
        try:
            if place in suspects.guilty:
                raise PictureError("it kills or holds up the process that reads it", where=key)
            data = given()
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


def _drawn(job: Job, shard: Shard, sources: list[_Source]) -> _Block:
    """Draw for all that is made of some sources."""
    places = [source.place for source in sources]
    copies, labels = shard.copies[places], shard.labels[places]
    firsts = np.cumsum(copies) - copies
    sizes = np.array([source.size for source in sources], dtype=np.int64)
    draws, reshaped = None, None
    if job.plan is not None:
        words = addresses.words([shard.keys[place] for place in places])
        if copies.any():
            numbers = np.arange(1, copies.sum() + 1, dtype=np.int64) - np.repeat(firsts, copies)
            many = np.repeat(np.arange(len(sources)), copies)
            draws = job.plan.draw(words[many], labels[many], numbers, sizes[many])
        if job.originals(shard.split) and reshapes(job.plan.policy):
            aspects, zeros = sizes[:, 0] / sizes[:, 1], np.zeros(len(sources), dtype=np.int64)
            reshaped = draw(job.plan.policy, words, zeros, seed=job.plan.seed, aspects=aspects, labels=labels)
            reshaped = undone(reshaped, np.ones(len(sources), dtype=np.bool_))
    readable = np.array([source.header.reducible for source in sources], dtype=np.bool_)
    by = _reduced(draws, np.repeat(sizes, copies, axis=0), np.repeat(readable, copies))
    return _Block(sources, draws, firsts, reshaped, by, _reduced(reshaped, sizes, readable))


def _reduced(draws: Draws | None, sizes: NDArray[np.int64], readable: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return how many times smaller the source of each draw may be read, int64 (N,)."""
    if draws is None or not readable.any():
        return np.ones(len(sizes), dtype=np.int64)
    return np.where(readable, reductions(draws, sizes), 1)


def _together(
    job: Job, shard: Shard, block: _Block, suspects: Suspects
) -> tuple[dict[int, Picture], Together | None]:
    """Decode a block of small sources whose pictures are made together.

    Returns the sources' pictures by place in the shard, and what makes the files by number of the draw:
    nothing where the sources are not alike, or where a step is code that may hang on a picture.
    """
    sources, draws, firsts = block.sources, block.draws, block.firsts
    sizes = {source.size for source in sources}
    if draws is None or len(sizes) != 1 or _has_kernels(draws):
        return {}, None
    if max(sizes)[0] * max(sizes)[1] > codec.SMALL:
        return {}, None
    pictures: list[Picture] = []
    which: list[int] = []
    for number, source in enumerate(sources):
        suspects.watch(source.place)
        with contextlib.suppress(PictureError):
            pictures.append(codec.decode(source.data, header=source.header))
            which.append(number)
    suspects.watch(None)
    decoded = {sources[number].place: picture for number, picture in zip(which, pictures, strict=True)}
    if len({picture.shape for picture in pictures}) != 1:
        return decoded, None
    copies = shard.copies[[sources[number].place for number in which]]
    rows = np.repeat(firsts[which] - np.cumsum(copies) + copies, copies) + np.arange(copies.sum())
    made = draws.accepted[rows]
    of = np.repeat(np.arange(len(which)), copies)
    return decoded, Together(np.stack(pictures), of[made], rows[made], draws, job.format)


def _has_kernels(draws: Draws) -> bool:
    return not all(isinstance(part, Run) for group in draws.groups for part in group.parts)


def _make_source(
    job: Job,
    shard: Shard,
    block: _Block,
    at: int,
    picture: Picture | None,
    together: Together | None,
    suspects: Suspects,
    shelf: Shelf,
) -> None:
    """Make all pictures of source number `at` (its `picture`, where that is decoded)."""
    source, draws = block.sources[at], block.draws
    key, label = shard.keys[source.place], int(shard.labels[source.place])
    originals, first, count = (
        job.originals(shard.split),
        int(block.firsts[at]),
        int(shard.copies[source.place]),
    )
    try:
        if draws is not None:
            bounds.check(draws, first + np.flatnonzero(draws.accepted[first : first + count]), source.size)
        if block.reshaped is not None:
            bounds.check(block.reshaped, [at], source.size)
        read = _decoded(block, at, key, picture, count, originals=originals)
    except PictureError as error:
        shelf.rows.bad.append((key, error.problem))
        return
    put = functools.partial(shelf.put, source.place, hashlib.sha256(source.data).hexdigest())
    ending = codec.settings(job.format)[0]
    if originals:
        extension = source.header.kept_as
        if block.reshaped is not None:
            by = int(block.whole[at])
            made = _encoded(job, render(read[by], block.reshaped, at, size=source.size, by=by))
            put(0, label, *made, ending, -1)
        elif extension:
            put(0, label, source.data, source.size, extension, -1)
        else:
            put(0, label, codec.encode(read[1]), source.size, ".png", -1)
    if draws is None:
        return
    accepted = draws.accepted[first : first + count].tolist()
    labels = draws.labels[first : first + count].tolist()
    if count:
        shelf.rows.count(job.classes[label], count, accepted.count(False))
    for number, good in enumerate(accepted, first):
        if good:
            by = int(block.by[number])
            file = _of_piece(together, number, suspects, source.place)
            data, size = file or _encoded(job, render(read[by], draws, number, size=source.size, by=by))
            put(number - first + 1, labels[number - first], data, size, ending, number)


def _of_piece(together: Together | None, number: int, suspects: Suspects, place: int) -> Encoded | None:
    """Return the file of a draw that is made with others; what happens meanwhile is nobody's fault."""
    if together is None or not together.needs(number):
        return None if together is None else together.get(number)
    suspects.watch(None)
    file = together.get(number)
    suspects.watch(place)
    return file


def _decoded(
    block: _Block, at: int, key: str, picture: Picture | None, count: int, *, originals: bool
) -> dict[int, Picture]:
    """Decode a source for all that is made of it: as many times smaller as is asked → its picture.

    How a copy is read depends on its own draw alone, so that it is the same whatever other copies there are.
    """
    if picture is not None:
        return {1: picture}
    source, first = block.sources[at], int(block.firsts[at])
    needed = set()
    if block.draws is not None:
        needed |= {
            int(by) for by in block.by[first : first + count][block.draws.accepted[first : first + count]]
        }
    if originals and block.reshaped is not None:
        needed.add(int(block.whole[at]))
    elif not needed or (originals and source.header.kept_as is None):
        needed.add(1)
    return {by: codec.decode(source.data, name=key, by=by, header=source.header) for by in sorted(needed)}


def _encoded(job: Job, picture: Picture) -> Encoded:
    return codec.encode(picture, job.format), _size(picture)


def _size(picture: Picture) -> tuple[int, int]:
    return picture.shape[1], picture.shape[0]

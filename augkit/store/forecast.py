"""What a run will make, before it does: how many pictures of each class, how large, and how long it takes.

Counts follow from names alone.  Size and time are measured: a few sources of each split, spread evenly, are
made into a folder of their own by the code that makes the rest.
"""

from __future__ import annotations

import dataclasses
import functools
import math
import os
import shutil
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from augkit import engines
from augkit.errors import AugkitError, StoreError
from augkit.store import disk, manifest, shard
from augkit.store.cutting import Sources
from augkit.store.job import Job, Shard
from augkit.store.part import Part

SAMPLE = 64  # sources of a split that are looked at, at most
_SECONDS = 1.0  # about as long the largest sample may take
_BRIEF, _FEWEST = 0.01, 16  # what a brief look takes: this share of the sources, and so many pictures
_NEAR = 4  # where the room is less than so many times what is needed, a brief look is not enough
_COPIES = 8  # of one source, at most
_LISTED = 20  # classes; of more, only the smallest and the largest are named
_UNITS = ("B", "kB", "MB", "GB", "TB", "PB")


@dataclasses.dataclass(frozen=True)
class Rate:
    """Say what was measured of some pictures: how many, their size on disk, and the time of one worker."""

    pictures: int
    size: int
    seconds: float


@dataclasses.dataclass(frozen=True)
class Forecast:
    """Say what a run will make.

    Attributes:
        pictures:  split → class name → how many pictures, if no source is bad and no draw is dropped.
        originals: how many of all pictures are copy 0.
        files:     how many files hold them.
        left:      split → how many pictures are still to be made.
        rates:     split → what was measured; without a split where it could not be.
        workers:   how many processes.
        part:      which part is to be made, of all that is counted; None for all.
    """

    pictures: Mapping[str, Mapping[str, int]]
    originals: int
    files: int
    left: Mapping[str, int]
    rates: Mapping[str, Rate]
    workers: int
    part: Part | None = None

    @property
    def total(self) -> int:
        """Return how many pictures there will be."""
        return sum(sum(counts.values()) for counts in self.pictures.values())

    @property
    def size(self) -> int | None:
        """Return how many bytes the pictures that are left take on the disk; None where that is not known."""
        return None if (size := self._all("size")) is None else round(size)

    @property
    def seconds(self) -> float | None:
        """Return how long it takes to make them; None where that is not known."""
        return None if (seconds := self._all("seconds")) is None else seconds / self.workers

    def _all(self, what: str) -> float | None:
        whole = 0.0
        for split, left in self.left.items():
            rate = self.rates.get(split)
            if left and (rate is None or not rate.pictures):
                return None
            whole += left * getattr(rate, what) / rate.pictures if rate is not None and left else 0
        return whole

    def tight(self, out: Path) -> bool:
        """Tell whether the disk has so little room that it matters how exact the size is."""
        return self.size is not None and self.size * _NEAR > shutil.disk_usage(out).free

    def must_fit(self, out: Path) -> None:
        """Raise StoreError where the disk has too little room, and say how much is missing."""
        free = shutil.disk_usage(out).free
        if self.size is not None and self.size > free:
            raise StoreError(
                f"the disk is too small: about {in_bytes(self.size)} are needed, {in_bytes(free)} are free "
                f"and {in_bytes(self.size - free)} are missing",
                where=str(out),
                fix="make room, make fewer copies, or take another --format or --image-format",
            )

    def text(self) -> str:
        """Return the forecast as a person reads it before the work starts."""
        copies = self.total - self.originals
        kinds = [f"{self.originals:,} originals"] if self.originals else []
        kinds += [f"{copies:,} copies"] if copies else []
        files = f"{self.files:,} file{'s' if self.files > 1 else ''}"
        head = f"To make: {self.total:,} pictures ({' and '.join(kinds)}) in {files}"
        left = sum(self.left.values())
        if self.part is not None:
            head += f"; part {self.part}: {left:,} of them"
        elif left < self.total:
            head += f", {left:,} of them still missing"
        if self.size is not None and left:
            head += f"; about {in_bytes(self.size)}"
        return "\n".join([f"{head}.", *(_counts(split, each) for split, each in self.pictures.items())])

    def canonical(self) -> dict[str, Any]:
        """Return it as plain data; bytes and seconds are of what is left, null where they are not known."""
        part = {} if self.part is None else {"part": str(self.part)}
        return {
            "pictures": {split: dict(counts) for split, counts in self.pictures.items()},
            "total": self.total,
            "originals": self.originals,
            "files": self.files,
            "left": dict(self.left),
            "bytes": self.size,
            "seconds": self.seconds,
            "workers": self.workers,
            **part,
        }

    def hours(self) -> str:
        """Say how long it takes, at which rate."""
        if self.seconds is None:
            return "How long it takes is not known: no picture of the sample could be made."
        rate = sum(self.left.values()) / max(self.seconds, 1e-9) / self.workers
        with_ = f", with {self.workers} workers" if self.workers > 1 else ""
        each = " by each worker" if self.workers > 1 else ""
        took = f"{rate:,.0f} pictures a second were made{each} in a sample"
        return f"About {_in_time(self.seconds)}{with_}: {took}."


def forecast(
    job: Job,
    sources: Sources,
    aside: Path,
    workers: int,
    sealed: Mapping[int, manifest.Sealed] | None = None,
    part: Part | None = None,
    *,
    briefly: bool = False,
    do: engines.Do | None = None,
) -> Forecast:
    """Count what a job makes, and measure a sample of it in the folder `aside`.

    What is sealed already, and what other parts make, is not left.

    Args:
        job, sources: what is made.
        aside:        where the sample is made, and removed again.
        workers:      how many processes make the rest.
        sealed:       the shards that are there already.
        part:         what is made of it, if not all.
        briefly:      whether the sample is to take about a hundredth of the work, and be less exact for it.
        do:           makes the sample; such workers as make the rest, if nothing is given.
    """
    settled = {*(sealed or {}), *(part.others(len(sources)) if part is not None else ())}
    pictures, left, samples, originals, number = {}, {}, {}, 0, 0
    for split in sources.parts:
        each = job.pictures(sources, split)
        counts = np.bincount(sources.labels[split], weights=each, minlength=len(job.classes))
        pictures[split] = {name: int(count) for name, count in zip(job.classes, counts, strict=True)}
        originals += len(each) if job.originals(split) else 0
        shards = range(number, number + sources.shards_of(split))
        open_ = [place for place, one in enumerate(shards) if one not in settled]
        size = sources.size
        left[split] = sum(int(each[place * size : (place + 1) * size].sum()) for place in open_)
        number = shards.stop
        some = sum(min(size, len(each) - place * size) for place in open_)
        samples[split] = _brief(some, left[split]) if briefly else SAMPLE
    total = sum(sum(counts.values()) for counts in pictures.values())
    files = number if job.kept.suffix else total
    wanted = {split: samples[split] for split in sources.parts if left[split]}
    do = do or functools.partial(engines.run, workers=workers)
    rates = _measured(job, sources, wanted, aside, do)
    return Forecast(pictures, originals, files, left, rates, workers, part)


def in_bytes(count: float) -> str:
    """Return a number of bytes in the unit that suits it, such as "1.3 GB" (1 kB is 1,000 B)."""
    for unit in _UNITS:
        if count < 1000 or unit == _UNITS[-1]:
            break
        count /= 1000
    return f"{count:,.0f} {unit}" if count >= 10 or unit == "B" else f"{count:.1f} {unit}"


def _brief(sources: int, pictures: int) -> int:
    """Return how many of so many sources, of which so many pictures come, make a brief sample."""
    few = math.ceil(_FEWEST * sources / max(pictures, 1))
    return min(SAMPLE, max(math.ceil(_BRIEF * sources), few))


def _measured(
    job: Job, sources: Sources, samples: Mapping[str, int], aside: Path, do: engines.Do
) -> dict[str, Rate]:
    """Make a sample of each split, in another process where the rest is made in others."""
    rates = {}
    for split, count in samples.items():
        out = aside / f"sample-{split}"
        given = dataclasses.replace(job, out=str(out), tmp=str(out / disk.TMP), again=False, token="")
        some = sources.some(job, split, count)
        some = dataclasses.replace(some, copies=np.minimum(some.copies, _COPIES))
        made = do([some], functools.partial(_sample, given))
        try:
            rates[split] = next(made)
        except (AugkitError, OSError):  # it will be met again, and said, when its turn comes
            continue
        finally:
            made.close()
            shutil.rmtree(out, ignore_errors=True)
    return rates


def _sample(job: Job, some: Shard, attempt: int) -> Rate:
    """Make one source to load all that is loaded once, then as many as there is time for."""
    for folder in (disk.TMP, manifest.PIECES, *job.kept.folders([some.split], job.folders)):
        Path(job.out, folder).mkdir(parents=True, exist_ok=True)
    count = len(some.keys)
    rate, many = _timed(job, _chosen(some, [0]), attempt), 1
    job = dataclasses.replace(job, again=True)
    while many < count and (many == 1 or rate.seconds < _SECONDS / 2):
        many = min(max(4, int(many * _SECONDS / rate.seconds)), count)
        spread = np.unique(np.linspace(0, count - 1, many).astype(np.int64))
        rate = _timed(job, _chosen(some, spread.tolist()), attempt)
    return rate


def _timed(job: Job, part: Shard, attempt: int) -> Rate:
    start = time.perf_counter()
    made = shard.make(job, part, attempt)
    seconds = time.perf_counter() - start
    block = os.statvfs(job.out).f_frsize if hasattr(os, "statvfs") else 4096
    size = 0
    for path in disk.files(Path(job.out)):
        length = Path(job.out, path).stat().st_size
        size += length if job.kept.suffix else -(-length // block) * block
        if not job.kept.suffix:
            Path(job.out, path).unlink()
    return Rate(made.pictures, size + manifest.weight(Path(job.out, manifest.piece(0))), seconds)


def _chosen(some: Shard, rows: list[int]) -> Shard:
    return dataclasses.replace(
        some,
        keys=tuple(some.keys[row] for row in rows),
        stems=tuple(some.stems[row] for row in rows),
        labels=some.labels[rows],
        copies=some.copies[rows],
        images=tuple(some.images[row] for row in rows),
    )


def _counts(split: str, counts: Mapping[str, int]) -> str:
    """Say how many pictures each class of a split gets."""
    if len(set(counts.values())) == 1:
        return f"  {split}: {next(iter(counts.values())):,} of each of {len(counts):,} classes"
    if len(counts) <= _LISTED:
        width = max(map(len, counts))
        return "\n".join([f"  {split}:", *(f"    {name:<{width}}  {n:>9,}" for name, n in counts.items())])
    least, most = (pick(counts, key=counts.__getitem__) for pick in (min, max))
    ends = f"{counts[least]:,} ({least}) to {counts[most]:,} ({most})"
    return f"  {split}: {ends} of each of {len(counts):,} classes"


def _in_time(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} seconds"
    return f"{seconds / 60:.0f} minutes" if seconds < 7200 else f"{seconds / 3600:,.1f} hours"

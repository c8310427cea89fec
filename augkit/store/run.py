"""One run: what was asked for, what came of it, and the loop over the shards between the two."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from augkit import engines
from augkit.sources.request import Say
from augkit.store import bad, manifest, shard
from augkit.store.cutting import Sources
from augkit.store.job import Job, Shard
from augkit.store.part import Part
from augkit.store.stopping import bar

Work = Callable[[Shard, int], shard.Made]
"""What an engine does: one shard, at one attempt."""


@dataclasses.dataclass(frozen=True)
class Generated:
    """Say what was made.

    Attributes:
        out:      the folder, or the URL.
        pictures: how many pictures it holds.
        bad:      how many sources could not be read and are left out.
        dropped:  how many draws were dropped.
        done:     "made", "finished" (an interrupted run), "merged" or "verified" (nothing was left to do).
        part:     which part of it this speaks of; None for the whole.
        leaks:    how many pictures stand in several splits, their copies not counted.
    """

    out: Path | str
    pictures: int
    bad: int
    dropped: int
    done: str
    part: Part | None = None
    leaks: int = 0

    @classmethod
    def whole(cls, out: Path | str, summary: manifest.Summary, done: str) -> Generated:
        """Say it of a data set that was just sealed."""
        dropped = sum(summary.dropped.values())
        return cls(out, summary.rows, len(summary.bad), dropped, done, leaks=summary.leaks)

    def text(self) -> str:
        """Return the result as the command line prints it."""
        if self.done == "verified":
            return f"{self.out}: already made, and verified: {self.pictures:,} pictures"
        which = "" if self.part is None else f"part {self.part}: "
        parts = [f"{self.out}: {which}{self.done}: {self.pictures:,} pictures"]
        if self.dropped:
            parts.append(f"{self.dropped:,} draws dropped")
        if self.bad:
            some = f"{self.bad:,} source{'s' if self.bad > 1 else ''}"
            where = " (see .augkit/quarantine.json)" if self.part is None else ""
            parts.append(f"{some} could not be read{where}")
        if self.leaks:
            some = f"{self.leaks:,} picture{'s stand' if self.leaks > 1 else ' stands'}"
            parts.append(f"{some} in more than one split (see .augkit/leaks.json)")
        return ", ".join(parts)

    def canonical(self) -> dict[str, Any]:
        """Return it as plain data; of what was made before, nothing is known that was left out."""
        said: dict[str, Any] = {"out": str(self.out), "done": self.done, "pictures": self.pictures}
        if self.done != "verified":
            said |= {"bad": self.bad, "dropped": self.dropped}
        if self.part is not None:
            said["part"] = str(self.part)
        elif self.done != "verified":
            said["leaks"] = self.leaks
        return said


@dataclasses.dataclass(frozen=True)
class Request:
    """Hold what decides how the work is done, and no byte of what it makes.

    Raises:
        UsageError: no engine does it so.
    """

    out: Path | str
    workers: int
    engine: str
    max_bad: str
    overwrite: bool
    command: str
    origin: str
    say: Say
    progress: bool
    part: Part | None

    def __post_init__(self) -> None:
        engines.check(self.workers, self.engine)


def shards(
    job: Job,
    sources: Sources,
    sealed: dict[int, manifest.Sealed],
    left: int,
    request: Request,
    *,
    do: engines.Do | None = None,
    work: Work | None = None,
    seen: Callable[[shard.Made], None] = lambda made: None,
) -> manifest.Sealed:
    """Make the shards that are not sealed, and return how much there is of all that were asked for.

    Args:
        job, sources: what is made.
        sealed:       the shards that are there already.
        left:         how many pictures are still to be made.
        request:      how it is done.
        do:           does it, where that is there already (`hired`).
        work:         makes one shard; in the folder of the job, unless something else is given.
        seen:         is called with what came of each shard, before its bad sources are counted.
    """
    elsewhere = request.part.others(len(sources)) if request.part is not None else set()
    count = sum(len(keys) for keys in sources.keys.values())  # a part may have as many bad ones as the whole
    spoilt = bad.Bad(Path(job.out), request.max_bad, count)
    spoilt.more(sum(each.bad for each in sealed.values()))
    done = sum(each.pictures for each in sealed.values())
    todo = sources.shards(job, skip={*sealed, *elsewhere})
    do = do or functools.partial(engines.run, workers=request.workers, engine=request.engine)
    made = do(todo, work or functools.partial(_one, job))
    with contextlib.closing(made), bar(done + left, done, shown=request.progress) as advance:
        for one in made:  # closed even when stopped between two, so that no worker outlives the lock
            advance(one.pictures)
            done += one.pictures
            seen(one)
            spoilt.more(one.bad)
    return manifest.Sealed(done, spoilt.count)


@contextlib.contextmanager
def hired(request: Request, left: int) -> Iterator[engines.Do]:
    """Yield what makes shards: workers that load what they need at once, as many as there are shards left."""
    ahead, modules = min(request.workers, left), (__name__, "pyarrow.parquet")
    with engines.hired(request.workers, request.engine, ahead=ahead, modules=modules) as do:
        yield do


def _one(job: Job, part: Shard, attempt: int) -> shard.Made:
    return shard.make(job, part, attempt)

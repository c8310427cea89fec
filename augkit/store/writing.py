"""Making a data set: take the lock, see what is there, make the shards that are missing, and seal the whole.

What is there decides what is done: nothing → begin; an unfinished output of the same plan and source →
carry on; a finished one → verify; anything else → refuse, and say what differs.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from augkit import codec, engines
from augkit.errors import StoreError, UsageError
from augkit.store import checking, claim, disk, manifest, names, sealing, shard
from augkit.store.job import Job, Sources, chosen, identity
from augkit.store.stopping import bar, stoppable

if TYPE_CHECKING:
    from datasets import DatasetDict

    from augkit.plan import Plan


@dataclasses.dataclass(frozen=True)
class Generated:
    """Say what was made.

    Attributes:
        out:      the folder.
        pictures: how many pictures it holds.
        bad:      how many sources could not be read and are left out.
        dropped:  how many draws were dropped.
        done:     "made", "finished" (an interrupted run) or "verified" (nothing was left to do).
    """

    out: Path
    pictures: int
    bad: int
    dropped: int
    done: str

    def text(self) -> str:
        """Return the result as the command line prints it."""
        if self.done == "verified":
            return f"{self.out}: already made, and verified: {self.pictures:,} pictures"
        parts = [f"{self.out}: {self.done}: {self.pictures:,} pictures"]
        if self.dropped:
            parts.append(f"{self.dropped:,} draws dropped")
        if self.bad:
            some = f"{self.bad:,} source{'s' if self.bad > 1 else ''}"
            parts.append(f"{some} could not be read (see .augkit/quarantine.json)")
        return ", ".join(parts)


def build(
    source: DatasetDict,
    out: str | Path,
    *,
    workers: int = 1,
    overwrite: bool = False,
    command: str = "",
    progress: bool = True,
) -> Generated:
    """Store a source as it is, without augmentation; all splits.  Raises as `generate` does."""
    return _write(None, source, Path(out), None, "png", workers, overwrite, command, progress)


def generate(
    plan: Plan,
    source: DatasetDict,
    out: str | Path,
    *,
    workers: int = 1,
    splits: Sequence[str] | None = None,
    image_format: str = "png",
    overwrite: bool = False,
    command: str = "",
    progress: bool = True,
) -> Generated:
    """Make the augmented data set of a plan, or finish it, or verify it.

    Args:
        plan:         what is drawn.
        source:       where the pictures come from (`augkit.sources.load`).
        out:          the folder to make.
        workers:      how many processes; the bytes are the same for any number.
        splits:       which splits are written, all if None; only the policy's own splits are augmented.
        image_format: "png", "webp" or "jpeg:95".
        overwrite:    delete what augkit made here before.
        command:      the command line, for the log.
        progress:     whether a terminal is shown a bar.

    Raises:
        StoreError:  the folder holds something else, is in use, or cannot be written.
        UsageError:  the request makes no sense.
        Interrupted: the run was stopped; the same call carries on.
    """
    return _write(plan, source, Path(out), splits, image_format, workers, overwrite, command, progress)


def _write(
    plan: Plan | None,
    data: DatasetDict,
    out: Path,
    splits: Sequence[str] | None,
    image_format: str,
    workers: int,
    overwrite: bool,
    command: str,
    progress: bool,
) -> Generated:
    codec.settings(image_format)
    sources = Sources(data, chosen(data, splits))
    job = _job(plan, sources, out, image_format)
    try:
        claim.apart(out, *sources.places())
        with claim.locked(out):
            wanted = identity(job, sources)
            if overwrite:
                claim.emptied(out)
            found = claim.there(out)
            if found is not None:
                claim.same(out, found, wanted)
                if checking.marker(out) is not None:
                    return _verified(out)
            job = dataclasses.replace(job, again=found is not None)
            return _make(job, sources, wanted, workers, command, progress)
    except OSError as error:
        raise disk.explained(error, out) from error


def _job(plan: Plan | None, sources: Sources, out: Path, image_format: str) -> Job:
    classes = sources.classes
    if plan is not None and plan.classes != classes:
        raise UsageError(f"the plan is for the classes {plan.classes}, the source has {classes}")
    augmented = (
        () if plan is None else tuple(split for split in sources.parts if split in plan.safe.policy.splits)
    )
    if plan is not None and not augmented:
        raise UsageError(
            f"no split to augment: the policy augments {', '.join(plan.safe.policy.splits)}, "
            f"the source has {', '.join(sources.parts)}",
            fix="write 'splits: [...]' in the policy, or split the source with --split",
        )
    return Job(
        str(out),
        str(out / disk.TMP),
        plan,
        classes,
        names.folders(classes),
        augmented,
        image_format,
        again=False,
    )


def _verified(out: Path) -> Generated:
    found = checking.verify(out)
    if not found.ok:
        raise StoreError(
            f"it was finished and has been harmed since: {found.problems[0]}",
            where=str(out),
            fix="'augkit verify' names all harm; make it anew with --overwrite",
        )
    shutil.rmtree(out / manifest.PIECES, ignore_errors=True)
    return Generated(out, found.pictures, 0, 0, "verified")


def _make(
    job: Job, sources: Sources, wanted: dict[str, Any], workers: int, command: str, progress: bool
) -> Generated:
    out = Path(job.out)
    shutil.rmtree(job.tmp, ignore_errors=True)
    try:
        _begin(job, sources, wanted, f"{command or 'augkit'} (process {os.getpid()}, {workers} workers)")
        with stoppable(out):
            _shards(job, sources, workers, progress)
            summary = sealing.seal(job, sources)
    finally:
        shutil.rmtree(job.tmp, ignore_errors=True)
    dropped = sum(summary.dropped.values())
    done = "finished" if job.again else "made"
    return Generated(out, summary.rows, len(summary.bad), dropped, done)


def _begin(job: Job, sources: Sources, wanted: dict[str, Any], command: str) -> None:
    """Make the folders, and write what is made here before any picture is."""
    out = Path(job.out)
    Path(job.tmp).mkdir(parents=True)
    (out / manifest.PIECES).mkdir(parents=True, exist_ok=True)
    for split in sources.parts:
        for folder in job.folders:
            (out / split / folder).mkdir(parents=True, exist_ok=True)
    disk.replace_json(out, disk.PLAN, wanted)
    with (out / disk.RUN / "log").open("a", encoding="utf-8") as log:
        log.write(f"{command}\n")


def _shards(job: Job, sources: Sources, workers: int, progress: bool) -> None:
    sealed = manifest.sealed(Path(job.out))
    total = sum(job.made_from(split, len(keys)) for split, keys in sources.keys.items())
    work = functools.partial(_one, job)
    made = engines.run(sources.shards(skip=sealed), work, workers)
    with contextlib.closing(made), bar(total, sum(sealed.values()), shown=progress) as advance:
        for one in made:  # closed even when stopped between two, so that no worker outlives the lock
            advance(one.pictures)


def _one(job: Job, part: Any, attempt: int) -> shard.Made:
    return shard.make(job, part, attempt)

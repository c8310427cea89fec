"""Making a data set: take the lock, see what is there, make the shards that are missing, and seal the whole.

What is there decides what is done: nothing → begin; an unfinished output of the same plan and source →
carry on; a finished one → verify; anything else → refuse, and say what differs.  A part (see `part`) is made
in the same way, and seals nothing: `merging` does that once all parts are there.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from augkit import codec, engines
from augkit.errors import StoreError, UsageError
from augkit.sources import records
from augkit.sources.request import Say, quiet
from augkit.store import (
    bad,
    checking,
    claim,
    delivering,
    disk,
    formats,
    ground,
    manifest,
    names,
    replaying,
    sealing,
    sites,
)
from augkit.store.cutting import Sources, chosen
from augkit.store.forecast import SAMPLE, Forecast, forecast
from augkit.store.identity import identity
from augkit.store.job import Job, drawn_by
from augkit.store.part import Part, noted
from augkit.store.run import Generated, Request, hired, shards
from augkit.store.sites import Folder
from augkit.store.stopping import stoppable

if TYPE_CHECKING:
    from datasets import DatasetDict

    from augkit.plan import Plan


def build(
    source: DatasetDict,
    out: str | Path,
    *,
    workers: int = 1,
    engine: str = "local",
    format: str = "folder",
    max_bad: str = bad.SHARE,
    overwrite: bool = False,
    command: str = "",
    origin: str = "",
    say: Say = quiet,
    progress: bool = True,
) -> Generated:
    """Store a source as it is, without augmentation; all splits.  Arguments and errors as of `generate`."""
    where = sites.place(out)
    request = Request(where, workers, engine, max_bad, overwrite, command, origin, say, progress, None)
    return _write(None, source, None, "png", format, request)


def generate(
    plan: Plan,
    source: DatasetDict,
    out: str | Path,
    *,
    workers: int = 1,
    engine: str = "local",
    splits: Sequence[str] | None = None,
    format: str = "folder",
    image_format: str = "png",
    max_bad: str = bad.SHARE,
    overwrite: bool = False,
    command: str = "",
    origin: str = "",
    say: Say = quiet,
    progress: bool = True,
    part: Part | None = None,
) -> Generated:
    """Make the augmented data set of a plan, or finish it, or verify it.

    Args:
        plan:         what is drawn.
        source:       where the pictures come from (`augkit.sources.load`).
        out:          the folder to make, or a URL that fsspec writes to, such as s3://bucket/out.
        workers:      how many processes; the bytes are the same for any number.
        engine:       "local", "ray" or "ray:ADDRESS" (`augkit.engines.run`); the bytes are the same.
        splits:       which splits are written, all if None; only the policy's own splits are augmented.
        format:       how pictures are kept: a name in `augkit.store.FORMATS`.
        image_format: "png", "webp" or "jpeg:95".
        max_bad:      how many sources may be unreadable: a share such as "1%", or a number.
        overwrite:    delete what augkit made here before.
        command:      the command line, for the log.
        origin:       what `sources.load` was given, for `replay`.
        say:          takes sentences that a person should read before the work starts.
        progress:     whether a terminal is shown a bar.
        part:         make this part alone; `merge` makes a data set of all parts.

    Raises:
        StoreError:  the folder holds something else, is in use, or cannot be written; the disk has too
            little room; or too many sources are bad.
        UsageError:  the request makes no sense.
        Interrupted: the run was stopped; the same call carries on.
    """
    where = sites.place(out)
    request = Request(where, workers, engine, max_bad, overwrite, command, origin, say, progress, part)
    return _write(plan, source, splits, image_format, format, request)


def dry_run(
    plan: Plan | None,
    source: DatasetDict,
    out: str | Path,
    *,
    workers: int = 1,
    splits: Sequence[str] | None = None,
    format: str = "folder",
    image_format: str = "png",
    part: Part | None = None,
) -> Forecast:
    """Say what `generate` (or, without a plan, `build`) would make, and write nothing into `out`."""
    sources = Sources(source, chosen(source, splits))
    job = _job(plan, sources, Path(out), image_format, format)
    with tempfile.TemporaryDirectory(prefix="augkit-") as aside:
        return forecast(job, sources, Path(aside), workers, part=part)


def sample(source: DatasetDict, splits: Sequence[str] | None = None) -> DatasetDict:
    """Return the few pictures of each split that `dry_run` looks at."""
    from datasets import DatasetDict

    sources = Sources(source, chosen(source, splits))
    return DatasetDict(
        {split: source[split].select(sources.spread(split, SAMPLE)) for split in sources.parts}
    )


def _write(
    plan: Plan | None,
    data: DatasetDict,
    splits: Sequence[str] | None,
    image_format: str,
    format: str,
    request: Request,
) -> Generated:
    part = request.part
    bad.allowed(request.max_bad, 1)
    if part is not None and request.overwrite:
        fix = "delete the folder, or take another, before the parts are begun"
        raise UsageError(f"part {part} would delete what the other parts make", fix=fix)
    sources = Sources(data, chosen(data, splits))
    job = _job(plan, sources, Path(request.out), image_format, format)
    if isinstance(request.out, str):
        return delivering.write(job, sources, request)
    out = request.out
    try:
        claim.apart(out, *sources.places())
        with claim.locked(out, part) as begun:
            wanted = identity(job, sources)
            if request.overwrite:
                claim.emptied(out)
            found = claim.there(out)
            if found is not None:
                claim.same(out, found, wanted)
                if (said := checking.marker(out)) is not None:
                    return _verified(out) if part is None else _merged_already(out, said, part)
            job = dataclasses.replace(job, again=found is not None, token=ground.token())
            if part is None:
                return _make(job, sources, wanted, request)
            job = dataclasses.replace(job, tmp=str(out / part.tmp))
            return _make_part(job, sources, wanted, part, request, begun)
    except OSError as error:
        raise disk.explained(error, out) from error


def _job(plan: Plan | None, sources: Sources, out: Path, image_format: str, format: str) -> Job:
    codec.settings(image_format)
    formats.named(format)
    classes = sources.classes
    if plan is not None and plan.classes != classes:
        raise UsageError(f"the plan is for the classes {plan.classes}, the source has {classes}")
    augmented = (
        () if plan is None else tuple(split for split in sources.parts if split in plan.safe.policy.splits)
    )
    if plan is not None:
        for split in augmented:
            records.must_be_unchanged(split, sources.parts[split], plan)
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
        layout=format,
        drawn=() if plan is None else drawn_by(plan),
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


def _merged_already(out: Path, said: dict[str, Any], part: Part) -> Generated:
    """Say so without verifying: each of many parts would verify the whole."""
    return Generated(out, int(said.get("pictures", 0)), 0, 0, "merged already", part)


def _make(job: Job, sources: Sources, wanted: dict[str, Any], request: Request) -> Generated:
    out = Path(job.out)
    with _room(job), stoppable(out):
        sealed = manifest.sealed(out)
        with hired(request, len(sources) - len(sealed)) as do:
            expected = _expected(job, sources, sealed, request, do)
            _begin(job, sources, wanted, request)
            shards(job, sources, sealed, sum(expected.left.values()), request, do=do)
        summary = sealing.seal(job, list(sources.parts), len(sources), Folder(out))
    return Generated.whole(out, summary, "finished" if job.again else "made")


def _make_part(
    job: Job,
    sources: Sources,
    wanted: dict[str, Any],
    part: Part,
    request: Request,
    begun: Callable[[], None],
) -> Generated:
    """Make the shards of one part; what stands there of other parts is not looked at."""
    out = Path(job.out)
    with _room(job), stoppable(out):
        _begin(job, sources, wanted, request)
        sealing.describe(job)
        again = part in noted(out)
        part.note(out)
        begun()
        mine = set(range(len(sources))) - part.others(len(sources))
        sealed = manifest.sealed(out, mine)
        with hired(request, len(mine) - len(sealed)) as do:
            expected = _expected(job, sources, sealed, request, do)
            made = shards(job, sources, sealed, sum(expected.left.values()), request, do=do)
    return Generated(out, made.pictures, made.bad, 0, "finished" if again else "made", part)


def _expected(
    job: Job, sources: Sources, sealed: dict[int, manifest.Sealed], request: Request, do: engines.Do
) -> Forecast:
    """Say what will be made, and raise StoreError where it has no room."""
    out, aside = Path(job.out), Path(job.tmp)
    measuring = do if request.engine == "local" else None  # a sample is not worth a cluster
    look = functools.partial(
        forecast, job, sources, aside, request.workers, sealed, request.part, do=measuring
    )
    expected = look(briefly=True)
    if expected.tight(out):
        expected = look()
    expected.must_fit(out)
    request.say(expected.text())
    return expected


@contextlib.contextmanager
def _room(job: Job) -> Iterator[None]:
    """Give a run an empty folder to write in, and take it away again."""
    shutil.rmtree(job.tmp, ignore_errors=True)
    try:
        Path(job.tmp).mkdir(parents=True)
        Path(job.tmp, job.token).touch()
        Path(job.out, manifest.PIECES).mkdir(parents=True, exist_ok=True)
        yield
    finally:
        if ground.holds(job.tmp, job.token):  # else it is somebody else's
            shutil.rmtree(job.tmp, ignore_errors=True)


def _begin(job: Job, sources: Sources, wanted: dict[str, Any], request: Request) -> None:
    """Make the folders, and write what is made here before any picture is."""
    out = Path(job.out)
    folders = sorted(job.kept.folders(sources.parts, job.folders))
    ground.must_hold(job.out, job.tmp, job.token, folders)
    for folder in folders:
        (out / folder).mkdir(parents=True, exist_ok=True)
    disk.replace_json(out, disk.PLAN, wanted)
    if request.origin:
        replaying.remember(out, request.origin)
    which = "" if request.part is None else f", part {request.part}"
    with (out / disk.RUN / "log").open("a", encoding="utf-8") as log:
        how = f"process {os.getpid()}, {request.workers} workers{which}"
        log.write(f"{request.command or 'augkit'} ({how})\n")

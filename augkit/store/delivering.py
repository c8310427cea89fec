"""Data sets at a URL, such as s3://bucket/out: shards are made here, whole, and then put there.

Each shard is made in a folder of this machine by the same steps as any other, its files are put under their
final names, and its seal after them: what has no seal is made again, to the same bytes.  Nothing is renamed,
and the marker is put last of all.  Here lies no more than one shard for each worker, and what is small.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import json
import os
import shutil
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from augkit.errors import StoreError
from augkit.sources import urls
from augkit.sources.folder import SPLITS
from augkit.sources.request import Say
from augkit.store import checking, claim, disk, lease, manifest, sealing, shard, sites, staging
from augkit.store.bucket import Bucket
from augkit.store.cutting import Sources
from augkit.store.forecast import forecast
from augkit.store.formats import FORMATS
from augkit.store.identity import identity
from augkit.store.job import Job, Shard
from augkit.store.lease import Lease
from augkit.store.part import NOTES, Part
from augkit.store.run import Generated, Request, hired, shards
from augkit.store.sites import Mirror
from augkit.store.stopping import stoppable

_LOG = f"{disk.RUN}/log"


def write(job: Job, sources: Sources, request: Request) -> Generated:
    """Make a data set at a URL, finish it, or verify it; or make a part of one.

    Raises:
        StoreError:  something else is there, another augkit is at work there, or it cannot be written to.
        Interrupted: it was stopped; the same call carries on.
    """
    bucket, part = Bucket(str(request.out)), request.part
    _apart(bucket, sources)
    _refuse_strangers(bucket)
    with _held(bucket, part, request.say) as (root, owner):
        job = dataclasses.replace(job, out=str(root), tmp=str(root / disk.TMP))
        wanted = identity(job, sources)
        if request.overwrite:
            _empty(bucket)
        bucket.fetch([disk.MARKER, disk.PLAN], root)
        found = claim.there(root)
        if found is not None:
            claim.same(root, found, wanted)
            if (said := checking.marker(root)) is not None:
                return _there_already(bucket, root, said, part)
        job = dataclasses.replace(job, again=found is not None)
        return _make(job, sources, wanted, request, bucket, owner)


@contextlib.contextmanager
def parts(url: str, say: Say) -> Iterator[Mirror]:
    """Look at the parts that were made at a URL, to merge them: their seals and small files are copied here.

    What is made of them in the folder is put there at the end.
    """
    bucket = Bucket(url)
    with _held(bucket, None, say) as (root, owner):
        bucket.fetch(sites.small(bucket), root)
        notes = [f"{NOTES}/{name}" for name in bucket.inside(f"{NOTES}/")]
        bucket.fetch(notes, root)
        finished = checking.marker(root) is not None
        if not finished:
            _pull(bucket, root)
        mirror = Mirror(bucket, root)
        yield mirror
        if not finished:
            _finish(bucket, root, owner)


@contextlib.contextmanager
def _held(bucket: Bucket, part: Part | None, say: Say) -> Iterator[tuple[Path, Lease]]:
    """Own the output, and give a folder for what is small and for shards on their way."""
    with staging.folder() as root:
        for folder in (disk.TMP, manifest.PIECES):
            (root / folder).mkdir()
        with (
            staging.called(root, bucket.url),
            stoppable(bucket.url),
            lease.held(bucket, part, say) as owner,
        ):
            yield root, owner


def _make(
    job: Job, sources: Sources, wanted: dict[str, Any], request: Request, bucket: Bucket, owner: Lease
) -> Generated:
    root, part = Path(job.out), request.part
    mine = set(range(len(sources))) - (part.others(len(sources)) if part is not None else set())
    _pull(bucket, root, mine)
    there = Mirror(bucket, root).sealed(mine)
    left = len(mine) - len(there)

    def seen(made: shard.Made) -> None:
        owner.check()
        if made.bad:
            bucket.fetch([manifest.piece(made.number)], root)  # where the reasons stand

    with hired(request, left) as do:
        measuring = do if request.engine == "local" else None
        aside = Path(job.tmp)
        expected = forecast(job, sources, aside, request.workers, there, part, briefly=True, do=measuring)
        if request.engine == "local":
            staging.must_fit(expected, root, left)
        request.say(expected.text())
        again = _begin(job, wanted, request, bucket)
        work, pictures = functools.partial(_deliver, job, bucket), sum(expected.left.values())
        made = shards(job, sources, there, pictures, request, do=do, work=work, seen=seen)
    done = "finished" if again else "made"
    if part is not None:
        return Generated(bucket.url, made.pictures, made.bad, 0, done, part)
    _pull(bucket, root)
    summary = sealing.seal(job, list(sources.parts), len(sources), Mirror(bucket, root))
    _finish(bucket, root, owner)
    return Generated.whole(bucket.url, summary, done)


def _begin(job: Job, wanted: dict[str, Any], request: Request, bucket: Bucket) -> bool:
    """Put the plan and what describes it, before any picture is; tell whether this was begun before."""
    root, part = Path(job.out), request.part
    disk.replace_json(root, disk.PLAN, wanted)
    plan = (root / disk.PLAN).read_bytes()
    if not bucket.put_new(disk.PLAN, plan) and bucket.get(disk.PLAN) != plan:
        bucket.fetch([disk.PLAN], root)
        claim.same(root, claim.there(root) or {}, wanted)
    if part is not None:
        sealing.describe(job)
        for name in ("policy.resolved.yaml", "task.yaml"):
            if (root / disk.PRIVATE / name).exists():
                bucket.upload(root / disk.PRIVATE / name, f"{disk.PRIVATE}/{name}")
    if request.origin:
        bucket.put(sites.ORIGIN, json.dumps({"source": request.origin}).encode() + b"\n")
    log = _LOG if part is None else f"{_LOG}-{part.name}"
    how = f"process {os.getpid()}, {request.workers} workers{'' if part is None else f', part {part}'}"
    line = f"{urls.hidden(request.command) or 'augkit'} ({how})\n"
    bucket.put(log, (bucket.get(log) or b"") + line.encode("utf-8", "backslashreplace"))
    return job.again if part is None else not bucket.put_new(f"{NOTES}/{part.name}", b"")


def _deliver(job: Job, bucket: Bucket, part: Shard, attempt: int) -> shard.Made:
    """Make a shard in a folder of its own and put it at the URL; the folder outlives a killed attempt, whose
    notes on its sources lie there.
    """
    aside = staging.of_shard(job.out, part.number)
    here = dataclasses.replace(job, out=str(aside), tmp=str(aside / disk.TMP), again=False)
    for folder in (disk.TMP, manifest.PIECES, *job.kept.folders([part.split], job.folders)):
        (aside / folder).mkdir(parents=True, exist_ok=True)
    try:
        made = shard.make(here, part, attempt)
        piece = manifest.piece(part.number)
        names = [name for name, _ in manifest.files_of(aside / piece)]
        for _ in urls.ahead(lambda name: bucket.upload(aside / name, name), dict.fromkeys(names)):
            pass
        bucket.upload(aside / piece, piece)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return made


def _pull(bucket: Bucket, root: Path, numbers: Collection[int] | None = None) -> None:
    """Copy seals that are not here yet; those of some shards, or all."""
    names = [name for name in bucket.inside(f"{manifest.PIECES}/") if name.endswith(".parquet")]
    wanted = [name for name in names if numbers is None or int(name.removesuffix(".parquet")) in numbers]
    bucket.fetch(
        [f"{manifest.PIECES}/{name}" for name in wanted if not (root / manifest.PIECES / name).exists()], root
    )


def _finish(bucket: Bucket, root: Path, owner: Lease) -> None:
    """Put all that speaks of the whole, the marker last; then the seals are not needed any more."""
    for name in sorted(sealing.allowed_files()):
        if (root / name).exists() and name != disk.PLAN:
            bucket.upload(root / name, name)
    owner.check()
    bucket.upload(root / disk.MARKER, disk.MARKER)
    bucket.delete([f"{manifest.PIECES}/{name}" for name in bucket.inside(f"{manifest.PIECES}/")])


def _there_already(bucket: Bucket, root: Path, said: dict[str, Any], part: Part | None) -> Generated:
    if part is not None:
        return Generated(bucket.url, int(said.get("pictures", 0)), 0, 0, "merged already", part)
    bucket.fetch(sites.small(bucket), root)
    found = checking.verified(Mirror(bucket, root))
    if not found.ok:
        problem = f"it was finished and has been harmed since: {found.problems[0]}"
        fix = "'augkit verify' names all harm; make it anew with --overwrite"
        raise StoreError(problem, where=bucket.url, fix=fix)
    return Generated(bucket.url, found.pictures, 0, 0, "verified")


def _refuse_strangers(bucket: Bucket) -> None:
    """Refuse a place that is not augkit's before anything is put there."""
    top = bucket.inside()
    if top and disk.PRIVATE not in top:
        problem = "it is not empty, and augkit did not make it"
        raise StoreError(problem, where=bucket.url, fix="choose a new place")


def _apart(bucket: Bucket, sources: Sources) -> None:
    """Refuse an output that holds its own source, or lies in it or in another output."""
    folders, roots = sources.places()
    inside, fix = f"{bucket.url}/", "choose a place beside it"
    for folder in sorted(folders):
        if f"{folder}/".startswith(inside):
            problem = f"it holds pictures of the source, in {folder}"
            raise StoreError(problem, where=bucket.url, fix=fix)
    for root in sorted(roots):
        top, _, last = root.rpartition("/")
        top = top if last.lower() in SPLITS else root
        if inside.startswith(f"{top}/"):
            raise StoreError(f"it lies in the source, {top}", where=bucket.url, fix=fix)
    scheme, _, rest = bucket.url.partition("://")
    pieces = rest.split("/")
    for count in range(1, len(pieces)):
        parent = f"{scheme}://{'/'.join(pieces[:count])}"
        if pieces[count - 1] and _is_data_set(Bucket(parent)):
            raise StoreError(f"it lies in another data set, {parent}", where=bucket.url, fix=fix)


def _is_data_set(bucket: Bucket) -> bool:
    try:
        return bucket.get(disk.PLAN) is not None
    except StoreError as error:
        if isinstance(error.__cause__, PermissionError):  # what is above may be others'
            return False
        raise


def _empty(bucket: Bucket) -> None:
    """Delete what augkit made at a URL, the marker first and the plan last; refuse before anything is deleted
    where it made not all of it.
    """
    ours = {*sealing.allowed_files(), disk.MARKER}
    names = [name for name, _ in bucket.names()]
    for name in names:
        if name not in ours and not any(kept.ours(name) for kept in FORMATS.values()):
            problem = f"it also holds {name!r}, which augkit did not make"
            raise StoreError(problem, where=bucket.url, fix="move that away, or choose another place")
    bucket.delete([disk.MARKER])
    bucket.delete([f"{manifest.PIECES}/{name}" for name in bucket.inside(f"{manifest.PIECES}/")])
    bucket.delete(name for name in names if name not in (disk.MARKER, disk.PLAN))
    bucket.delete([disk.PLAN])

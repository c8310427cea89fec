"""Merging: the parts that several machines made become one data set, the same as one machine makes.

The parts lie in one folder, where they were made, or in folders of their own, from which their shards are
copied and compared with the hashes in their seals.  Neither the policy nor the source is needed any more.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from augkit.errors import StoreError, UsageError
from augkit.sources import urls
from augkit.sources.request import Say, quiet
from augkit.store import (
    bad,
    checking,
    claim,
    delivering,
    disk,
    ground,
    manifest,
    names,
    part,
    replaying,
    sealing,
    sites,
)
from augkit.store.formats import Format
from augkit.store.identity import differences, made_with
from augkit.store.job import Job, drawn_by
from augkit.store.run import Generated
from augkit.store.sites import Folder, Site
from augkit.store.stopping import stoppable

_DESCRIBING = ("policy.resolved.yaml", "task.yaml")
_CHUNK = 1 << 20


def merge(
    out: str | Path, parts: Sequence[str | Path] = (), *, max_bad: str = bad.SHARE, say: Say = quiet
) -> Generated:
    """Make a finished data set of all parts, byte for byte the one that is made without parts.

    Args:
        out:     where the parts were made, a folder or a URL, or the folder to make of `parts`.
        parts:   folders that parts were made in, to be copied from; they are left as they are.
        max_bad: how many sources of all parts may be unreadable: a share such as "1%", or a number.
        say:     takes sentences that a person should read before the work starts.

    Raises:
        StoreError:  a part is missing, is still being made, was harmed, or belongs to another data set; or
            too many sources are bad.
        Interrupted: it was stopped; the same call carries on.
    """
    place = urls.checked(str(out))
    bad.allowed(max_bad, 1)
    if parts and any(urls.is_url(str(each)) for each in (place, *parts)):
        fix = "give all parts one OUT at the URL, and merge that"
        raise UsageError("parts are not copied together from or to a URL", where=place, fix=fix)
    if urls.is_url(place):
        with delivering.parts(place, say) as site:
            return _merged(site, max_bad)
    root = Path(place)
    folders = [
        each for each in map(Path, parts) if not (each.exists() and root.exists() and each.samefile(root))
    ]
    try:
        _must_fit(root, folders)
        with claim.locked(root), stoppable(root):
            (root / manifest.PIECES).mkdir(parents=True, exist_ok=True)
            for folder in folders:
                _gather(root, folder, say)
            return _merged(Folder(root), max_bad)
    except OSError as error:
        raise disk.explained(error, root) from error


def _must_fit(root: Path, folders: Sequence[Path]) -> None:
    """Refuse what cannot be merged before anything is written: a refused request leaves no folder behind."""
    if root.exists() and not root.is_dir():
        return  # whoever takes the lock says so
    found = claim.there(root)
    if found is None and not folders:
        raise _nothing(str(root))
    for folder in folders:
        said = _said(folder)
        found = found or said
        _must_be_same(root, found, folder, said)


def _nothing(where: str) -> StoreError:
    fix = "make the parts first: augkit generate POLICY SOURCE OUT --shard 1/8"
    return StoreError("augkit made no part of a data set here", where=where, fix=fix)


def _merged(site: Site, max_bad: str) -> Generated:
    root = site.root
    said = claim.there(root)
    if said is None:
        raise _nothing(site.name)
    if checking.marker(root) is not None:
        return _verified(site)
    _same_versions(root, said)
    count = sum(_shards_of(said, split) for split in said["source"])
    sealed = site.sealed()
    _complete(root, set(range(count)) - set(sealed), count)
    sources = sum(split["pictures"] for split in said["source"].values())
    bad.Bad(root, max_bad, sources).more(sum(each.bad for each in sealed.values()))
    job = _job(root, said)
    shutil.rmtree(job.tmp, ignore_errors=True)
    Path(job.tmp).mkdir(parents=True)
    Path(job.tmp, job.token).touch()
    summary = sealing.seal(job, list(said["source"]), count, site)
    shutil.rmtree(job.tmp, ignore_errors=True)
    return Generated.whole(site.out, summary, "merged")


def _verified(site: Site) -> Generated:
    found = checking.verified(site)
    if not found.ok:
        problem = f"it was merged and has been harmed since: {found.problems[0]}"
        raise StoreError(problem, where=site.name, fix="'augkit verify' names all harm")
    return Generated(site.out, found.pictures, 0, 0, "verified")


def _shards_of(said: dict[str, Any], split: str) -> int:
    return -(-int(said["source"][split]["pictures"]) // int(said["shard_size"]))


def _same_versions(root: Path, said: dict[str, Any]) -> None:
    """Refuse to seal with other versions than the parts were made with: the bytes would be others."""
    now = made_with()
    told = differences(said, {**said, **now}, finished=False)
    if told:
        fix = "merge with the versions that made the parts"
        raise StoreError(
            f"the parts were made with other versions: {'; '.join(told)}", where=str(root), fix=fix
        )


def _complete(root: Path, absent: set[int], count: int) -> None:
    """Raise StoreError where shards are missing, and name the parts that make them."""
    if not absent:
        return
    first = ", ".join(map(str, sorted(absent)[:10])) + (" …" if len(absent) > 10 else "")
    problem = f"{len(absent):,} of {count:,} shards are missing: {first}"
    run = part.missing(absent, part.noted(root))
    fix = f"run generate again with {run}, and merge again" if run else "run the parts that are missing"
    raise StoreError(problem, where=str(root), fix=fix)


def _job(root: Path, said: dict[str, Any]) -> Job:
    """Return the job that the parts belong to, from what lies beside them."""
    plan = replaying.plan_of(root, said)
    assert plan is not None  # a build has no parts
    return Job(
        str(root),
        str(root / disk.TMP),
        plan,
        tuple(said["classes"]),
        tuple(said["folders"]),
        tuple(split for split in said["source"] if split in plan.policy.splits),
        said["image_format"],
        again=True,
        layout=said["format"],
        drawn=drawn_by(plan),
        token=ground.token(),
    )


def _said(folder: Path) -> dict[str, Any]:
    """Return the identity of the data set that a folder holds a part of."""
    said = claim.there(folder) if folder.is_dir() else None
    if said is None or checking.marker(folder) is not None:
        problem = (
            "augkit made no part here" if said is None else "it is a finished data set, not a part of one"
        )
        raise StoreError(problem, where=str(folder), fix="give the folders that --shard wrote to")
    return said


def _gather(root: Path, folder: Path, say: Say) -> None:
    """Copy the shards of a part that are not here yet."""
    said = _said(folder)
    with claim.locked(folder):
        kept = replaying.layout_of(said)
        folders = kept.folders(said["source"], said["folders"])
        _stays_inside(folder, kept, folders)
        _belongs(root, folder, said)
        Path(root, disk.TMP).mkdir(parents=True, exist_ok=True)
        ground.must_be_folders(root, folders)
        for name in sorted(folders):
            (root / name).mkdir(parents=True, exist_ok=True)
        here = manifest.sealed(root)
        numbers = sorted(int(path.stem) for path in (folder / manifest.PIECES).glob("*.parquet"))
        say(f"{folder}: {len([number for number in numbers if number not in here]):,} shards to copy.")
        for number in numbers:
            if number not in here:
                _copy(root, folder, number)
        for each in part.noted(folder):
            each.note(root)


def _stays_inside(folder: Path, kept: Format, folders: set[str]) -> None:
    """Refuse a part whose plan or seals name a file that augkit would not write, before any is written.

    A part may come from anybody, and what it names is made in the output.
    """
    for name in sorted(folders):
        if not names.harmless(name):
            raise _leads_out(folder, disk.PLAN, name)
    for path in sorted((folder / manifest.PIECES).glob("*.parquet")):
        for name, _ in _files_of(path):
            within = name.rpartition("/")[0] in folders and names.harmless(name)
            if not (within and kept.ours(name)):
                raise _leads_out(folder, f"{manifest.PIECES}/{path.name}", name)


def _files_of(seal: Path) -> list[tuple[str, str]]:
    try:
        return manifest.files_of(seal)
    except (ValueError, KeyError, TypeError) as error:  # Arrow's own errors are among these
        problem, fix = "the seal of a shard cannot be read", "copy it again, or make the part again"
        raise StoreError(problem, where=str(seal), fix=fix) from error


def _leads_out(folder: Path, by: str, name: str) -> StoreError:
    problem = f"{by} names {name!r}, want a file in one of the data set's own folders"
    return StoreError(problem, where=str(folder), fix="do not trust this part: make it again")


def _belongs(root: Path, folder: Path, said: dict[str, Any]) -> None:
    """Refuse a part of another data set; the first part decides which this is."""
    found = claim.there(root)
    if found is None:
        for name in _DESCRIBING:
            path = f"{disk.PRIVATE}/{name}"
            _put(root, path, (folder / path).read_bytes())
        if (folder / sites.ORIGIN).exists():
            shutil.copyfile(folder / sites.ORIGIN, root / sites.ORIGIN)
        _put(root, disk.PLAN, (folder / disk.PLAN).read_bytes())
        return
    _must_be_same(root, found, folder, said)


def _must_be_same(root: Path, found: dict[str, Any], folder: Path, said: dict[str, Any]) -> None:
    """Refuse a part of another data set than what is found at the root."""
    told = differences(found, said, finished=False)
    if told:
        problem = f"it is a part of another data set than {root}: {'; '.join(told[:3])}"
        raise StoreError(problem, where=str(folder), fix="merge parts of one policy, source and seed")


def _put(root: Path, name: str, data: bytes) -> None:
    Path(root, disk.TMP).mkdir(parents=True, exist_ok=True)
    disk.replace(root, name, data)


def _copy(root: Path, folder: Path, number: int) -> None:
    """Copy the files of one shard and then its seal; each file has to be what the seal says."""
    piece = manifest.piece(number)
    for name, digest in manifest.files_of(folder / piece):
        aside = disk.aside(root, name)
        if _copied(folder / name, aside) != digest:
            problem = f"{name} is not what was written"
            raise StoreError(problem, where=str(folder), fix="copy it again, or make the part again")
        os.replace(aside, root / name)  # noqa: PTH105 - hot
    disk.settle(root)
    _put(root, piece, (folder / piece).read_bytes())


def _copied(path: Path, to: Path) -> str:
    """Copy a file and return its SHA-256; an empty text where there is none."""
    whole = hashlib.sha256()
    try:
        source = path.open("rb")
    except FileNotFoundError:
        return ""
    with source, to.open("xb") as target:
        while chunk := source.read(_CHUNK):
            whole.update(chunk)
            target.write(chunk)
    return whole.hexdigest()

"""Sealing a data set: all that speaks of the whole is written once every shard is, and the marker last."""

from __future__ import annotations

import functools
import io
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from augkit import policy
from augkit.errors import StoreError
from augkit.store import card, checking, claim, croissant, disk, ground, leaks, manifest
from augkit.store.job import Job
from augkit.store.sites import Site


def seal(job: Job, splits: Sequence[str], shards: int, site: Site) -> manifest.Summary:
    """Write manifest, card and contact sheet of a data set whose shards are all made, then its marker.

    Args:
        job:    what was made.
        splits: its splits, in their order.
        shards: how many there are.
        site:   where the pictures are: in the job's folder, or at a URL.

    Raises:
        StoreError: the folder holds other pictures than were made.
    """
    out = Path(job.out)
    ground.must_hold(job.out, job.tmp, job.token, job.kept.folders(splits, job.folders))
    shown = next((split for split in job.augmented if split in splits), splits[0])
    rows = functools.partial(manifest.merge, out, shards, card.shown(job.classes), shown, card.CELLS)
    summary = disk.patiently(rows)
    quarantine = [{"split": split, "source": key, "reason": reason} for split, key, reason in summary.bad]
    disk.replace_json(out, f"{disk.PRIVATE}/quarantine.json", quarantine)
    if len(summary.pictures) > 1 and (twice := leaks.found(out)):
        summary.leaks = len(twice)
        disk.replace_json(out, leaks.FILE, twice)
    describe(job)
    _put(job, card.SHEET, card.sheet(job, summary, site))
    _put(job, "README.md", card.card(job, summary).encode("utf-8", "surrogateescape"))
    _put(job, croissant.FILE, card.croissant(job, summary, disk.sha256(out / manifest.FILE)))
    _mark(job, summary, site)
    return summary


def describe(job: Job) -> None:
    """Write down the policy and the task in full, where there is a plan."""
    if job.plan is not None:
        _put(job, f"{disk.PRIVATE}/policy.resolved.yaml", policy.dump(job.plan.safe.policy).encode())
        _put(job, f"{disk.PRIVATE}/task.yaml", _yaml(job.plan.safe.task.canonical()))


def _put(job: Job, name: str, data: bytes) -> None:
    """Write a document, on the ground that the run began on."""
    ground.must_hold(job.out, job.tmp, job.token)
    disk.replace(Path(job.out), name, data)


def _mark(job: Job, summary: manifest.Summary, site: Site) -> None:
    """Write the marker, if every picture is there and nothing else is."""
    out = Path(job.out)
    tree, names = checking.Tally(), checking.Tally()
    for path, digest in manifest.files(out):
        if path not in summary.files:
            names.add(path)
            tree.add(path, digest)
    others, there = _others(summary, site)
    if there != names or summary.files.keys() - others.keys():
        raise _odd(summary, site)
    for path, digest in others.items():
        tree.add(path, digest)
    disk.settle(out)
    _put(job, disk.MARKER, checking.marked(summary.rows, tree.hex(), others))
    shutil.rmtree(out / manifest.PIECES, ignore_errors=True)


def _others(summary: manifest.Summary, site: Site) -> tuple[dict[str, str], checking.Tally]:
    """Return the files that are not one picture, with their hashes, and the names of all others."""
    others, there, allowed = {}, checking.Tally(), allowed_files()
    for path in site.files():
        if path in summary.files:
            others[path] = summary.files[path]
        elif path in allowed:
            others[path] = disk.sha256(site.root / path)
        else:
            there.add(path)
    return dict(sorted(others.items())), there


def _odd(summary: manifest.Summary, site: Site) -> StoreError:
    """Name a picture that is gone or strange; all names are held only now."""
    pictures = {path for path, _ in manifest.files(site.root)} | set(summary.files)
    found = set(site.files()) - allowed_files()
    lost, strange = sorted(pictures - found), sorted(found - pictures)
    if lost:
        again = "run the same command again: it carries on"
        return StoreError(f"{lost[0]} is gone", where=site.name, fix=again)
    if strange:
        problem = f"{strange[0]} stands among the pictures, and augkit did not make it"
        return StoreError(problem, where=site.name, fix="move it away and run the same command again")
    return StoreError("two pictures have one name", where=site.name, fix="rename the sources")


def allowed_files() -> set[str]:
    """Return the paths of all files that hold no pictures, but for the marker."""
    return {*(set(claim.OURS) - {disk.MARKER}), *(f"{disk.PRIVATE}/{name}" for name in claim.PRIVATE)}


def _yaml(value: dict[str, Any]) -> bytes:
    from ruamel.yaml import YAML

    yaml = YAML()
    yaml.default_flow_style = None
    yaml.width = 120
    text = io.BytesIO()
    yaml.dump(value, text)
    return text.getvalue()

"""Sealing a data set: all that speaks of the whole is written once every shard is, and the marker last."""

from __future__ import annotations

import io
import shutil
from pathlib import Path
from typing import Any

from augkit import policy
from augkit.errors import StoreError
from augkit.store import card, checking, claim, disk, manifest
from augkit.store.job import Job, Sources

MAX_BAD = 0.01  # of all sources; one is always forgiven


def seal(job: Job, sources: Sources) -> manifest.Summary:
    """Write manifest, card and contact sheet of a data set whose shards are all made, then its marker.

    Raises:
        StoreError: too many sources are bad, or the folder holds other pictures than were made.
    """
    out = Path(job.out)
    shown = next((split for split in job.augmented if split in sources.parts), next(iter(sources.parts)))
    summary = manifest.merge(out, len(sources), card.shown(job.classes), shown, card.CELLS)
    _tolerate(summary, sum(len(keys) for keys in sources.keys.values()), job.out)
    quarantine = [{"split": split, "source": key, "reason": reason} for split, key, reason in summary.bad]
    disk.replace_json(out, f"{disk.PRIVATE}/quarantine.json", quarantine)
    if job.plan is not None:
        resolved = policy.dump(job.plan.safe.policy).encode()
        disk.replace(out, f"{disk.PRIVATE}/policy.resolved.yaml", resolved)
        disk.replace(out, f"{disk.PRIVATE}/task.yaml", _yaml(job.plan.safe.task.canonical()))
    disk.replace(out, card.SHEET, card.sheet(job, summary))
    disk.replace(out, "README.md", card.card(job, summary).encode("utf-8", "surrogateescape"))
    _mark(out, summary)
    return summary


def _tolerate(summary: manifest.Summary, count: int, out: str) -> None:
    if len(summary.bad) > max(1, MAX_BAD * count) or len(summary.bad) == count:
        split, key, reason = summary.bad[0]
        raise StoreError(
            f"{len(summary.bad)} of {count} sources cannot be read, such as {key!r} of {split}: {reason}",
            where=out,
            fix=f"repair the source; up to {MAX_BAD:.0%} are left out without ado",
        )


def _mark(out: Path, summary: manifest.Summary) -> None:
    pictures = checking.pictures(out)
    found = set(disk.files(out)) - {disk.MARKER}
    lost, strange = sorted(pictures.keys() - found), sorted(found - pictures.keys() - _allowed())
    if lost or len(pictures) != summary.rows:
        problem = f"{lost[0]} is gone" if lost else "two pictures have one name"
        fix = "run the same command again: it carries on" if lost else "rename the sources"
        raise StoreError(problem, where=str(out), fix=fix)
    if strange:
        problem = f"{strange[0]} stands among the pictures, and augkit did not make it"
        raise StoreError(problem, where=str(out), fix="move it away and run the same command again")
    others = {path: disk.sha256(out / path) for path in sorted(found - pictures.keys())}
    disk.settle()
    disk.replace(out, disk.MARKER, checking.marked(pictures, others))
    shutil.rmtree(out / manifest.PIECES, ignore_errors=True)


def _allowed() -> set[str]:
    return {*claim.OURS, *(f"{disk.PRIVATE}/{name}" for name in claim.PRIVATE)}


def _yaml(value: dict[str, Any]) -> bytes:
    from ruamel.yaml import YAML

    yaml = YAML()
    yaml.default_flow_style = None
    yaml.width = 120
    text = io.BytesIO()
    yaml.dump(value, text)
    return text.getvalue()

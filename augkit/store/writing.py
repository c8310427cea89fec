"""Making a data set: take the lock, see what is there, make the shards that are missing, and seal the whole.

What is there decides what is done: nothing → begin; an unfinished output of the same plan and source →
carry on; a finished one → verify; anything else → refuse, and say what differs.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import json
import os
import shutil
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from augkit import codec, engines, policy
from augkit.errors import AugkitError, StoreError, UsageError
from augkit.store import card, checking, disk, manifest, names, shard
from augkit.store.job import Job, Sources, chosen, differences, identity

if TYPE_CHECKING:
    from datasets import DatasetDict

    from augkit.plan import Plan

MAX_BAD = 0.01
_PLAN = f"{disk.PRIVATE}/plan.json"


class Interrupted(AugkitError):
    """Say that the run was stopped, and that the same command carries on."""

    exit_code = 130


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
            parts.append(f"{self.bad:,} sources could not be read (see .augkit/quarantine.json)")
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
    try:
        with _locked(out):
            job = _job(plan, sources, out, image_format)
            wanted = identity(job, sources)
            there = _there(out)
            if there is not None and overwrite:
                disk.clear(out, f"{disk.RUN}/lock")
                there = None
            if there is not None:
                _same(out, there, wanted)
                if checking.marker(out) is not None:
                    return _verified(out)
            return _make(
                dataclasses.replace(job, again=there is not None), sources, wanted, workers, command, progress
            )
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
    tmp = out / disk.RUN / "tmp"
    return Job(
        str(out), str(tmp), plan, classes, names.folders(classes), augmented, image_format, again=False
    )


@contextlib.contextmanager
def _locked(out: Path) -> Iterator[None]:
    """Hold the output's lock; refuse a folder that is not augkit's before anything is written to it."""
    from filelock import FileLock, Timeout

    if out.exists() and not out.is_dir():
        raise StoreError("it is a file, not a folder", where=str(out), fix="choose another name")
    if out.is_dir() and not (out / disk.PRIVATE).is_dir() and any(out.iterdir()):
        raise StoreError(
            "it is not empty, and augkit did not make it", where=str(out), fix="choose a new folder"
        )
    (out / disk.RUN).mkdir(parents=True, exist_ok=True)
    lock = FileLock(out / disk.RUN / "lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise StoreError(
            "another augkit is writing here",
            where=str(out),
            fix="wait for it to end, or choose another folder",
        ) from None
    try:
        yield
    finally:
        lock.release()


def _there(out: Path) -> dict[str, Any] | None:
    """Return the identity of what an earlier run began here, or None where nothing was."""
    try:
        found = json.loads((out / _PLAN).read_text("utf-8"))
    except FileNotFoundError:
        return None
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise StoreError(f"{_PLAN} is damaged", where=str(out), fix="make it anew with --overwrite")
    return found


def _same(out: Path, there: dict[str, Any], wanted: dict[str, Any]) -> None:
    told = differences(there, wanted, finished=checking.marker(out) is not None)
    if told:
        more = f" (and {len(told) - 3} more)" if len(told) > 3 else ""
        raise StoreError(
            f"it holds another data set: {'; '.join(told[:3])}{more}",
            where=str(out),
            fix="choose another folder, or delete it with --overwrite",
        )


def _verified(out: Path) -> Generated:
    found = checking.verify(out)
    if not found.ok:
        raise StoreError(
            f"it was finished and has been harmed since: {found.problems[0]}",
            where=str(out),
            fix="'augkit verify' names all harm; make it anew with --overwrite",
        )
    shutil.rmtree(out / disk.RUN / "shards", ignore_errors=True)
    return Generated(out, found.pictures, 0, 0, "verified")


def _make(
    job: Job, sources: Sources, wanted: dict[str, Any], workers: int, command: str, progress: bool
) -> Generated:
    out = Path(job.out)
    shutil.rmtree(job.tmp, ignore_errors=True)
    Path(job.tmp).mkdir(parents=True)
    manifest.piece(out, 0).parent.mkdir(parents=True, exist_ok=True)
    for split in sources.parts:
        for folder in job.folders:
            (out / split / folder).mkdir(parents=True, exist_ok=True)
    disk.replace_json(out / _PLAN, wanted)
    with (out / disk.RUN / "log").open("a", encoding="utf-8") as log:
        log.write(f"{command or 'augkit'} (process {os.getpid()}, {workers} workers)\n")
    with _stoppable(out):
        _shards(job, sources, workers, progress)
        summary = _seal(job, sources)
    return Generated(
        out,
        summary.rows,
        len(summary.bad),
        sum(summary.dropped.values()),
        "finished" if job.again else "made",
    )


def _shards(job: Job, sources: Sources, workers: int, progress: bool) -> None:
    sealed = manifest.sealed(Path(job.out))
    missing = len(sources) - len(sealed)
    total = sum(job.made_from(split, len(keys)) for split, keys in sources.keys.items())
    work = functools.partial(_one, job)
    with _bar(total, sum(sealed.values()), shown=progress) as advance:
        for made in engines.run(sources.shards(skip=sealed), work, min(workers, max(missing, 1))):
            advance(made.pictures)


def _one(job: Job, part: Any, attempt: int) -> shard.Made:
    return shard.make(job, part, attempt)


def _seal(job: Job, sources: Sources) -> manifest.Summary:
    """Write all that speaks of the whole, and the marker last."""
    out = Path(job.out)
    shown = next((split for split in job.augmented if split in sources.parts), next(iter(sources.parts)))
    summary = manifest.merge(out, len(sources), card.shown(job.classes), shown)
    count = sum(len(keys) for keys in sources.keys.values())
    if len(summary.bad) > max(1, MAX_BAD * count):
        split, key, reason = summary.bad[0]
        raise StoreError(
            f"{len(summary.bad)} of {count} sources cannot be read, such as {key!r} of {split}: {reason}",
            where=job.out,
            fix=f"repair the source; up to {MAX_BAD:.0%} are left out without ado",
        )
    private = out / disk.PRIVATE
    quarantine = [{"split": split, "source": key, "reason": reason} for split, key, reason in summary.bad]
    disk.replace_json(private / "quarantine.json", quarantine)
    if job.plan is not None:
        disk.replace(private / "policy.resolved.yaml", policy.dump(job.plan.safe.policy).encode())
        disk.replace(private / "task.yaml", _yaml(job.plan.safe.task.canonical()))
    disk.replace(out / card.SHEET, card.sheet(out, summary, job.plan))
    disk.replace(out / "README.md", card.card(job, summary).encode("utf-8", "surrogateescape"))
    shutil.rmtree(job.tmp, ignore_errors=True)
    _mark(out, summary)
    return summary


def _mark(out: Path, summary: manifest.Summary) -> None:
    pictures = {
        file: digest
        for batch in manifest.batches(out, ["file", "sha256"])
        for file, digest in zip(batch["file"], batch["sha256"], strict=True)
    }
    others = {
        path: disk.sha256(out / path)
        for path in sorted(disk.files(out))
        if path not in pictures and path != disk.MARKER
    }
    tree = checking.joined(sorted((pictures | others).items()))
    disk.settle()
    disk.replace_json(
        out / disk.MARKER, {"version": 1, "pictures": summary.rows, "tree": tree, "files": others}
    )
    shutil.rmtree(out / disk.RUN / "shards", ignore_errors=True)


def _yaml(value: dict[str, Any]) -> bytes:
    import io

    from ruamel.yaml import YAML

    yaml = YAML()
    yaml.default_flow_style = None
    yaml.width = 120
    text = io.BytesIO()
    yaml.dump(value, text)
    return text.getvalue()


@contextlib.contextmanager
def _stoppable(out: Path) -> Iterator[None]:
    """Let Ctrl-C and SIGTERM end the run with a word; what is sealed stays."""

    def stop(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    main = threading.current_thread() is threading.main_thread()
    before = signal.signal(signal.SIGTERM, stop) if main else None
    try:
        yield
    except KeyboardInterrupt:
        raise Interrupted(
            "interrupted", where=str(out), fix="run the same command again: it carries on"
        ) from None
    finally:
        if main:
            signal.signal(signal.SIGTERM, before)


@contextlib.contextmanager
def _bar(total: int, done: int, *, shown: bool) -> Iterator[Callable[[int], None]]:
    """Show a bar on the error stream, where that is a terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    if not (shown and console.is_terminal):
        yield lambda pictures: None
        return
    columns = (TextColumn("pictures"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("pictures", total=total, completed=done)
        yield lambda pictures: bar.advance(task, pictures)

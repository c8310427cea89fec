"""Replaying: one picture of a finished data set is made once more, and compared with what is there."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import importlib.metadata
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from augkit import codec, policy, safety, sources, tasks
from augkit.errors import PictureError, StoreError, UsageError
from augkit.intervals import Interval
from augkit.plan import Plan
from augkit.sources import records
from augkit.store import checking, disk, manifest, shard, sites
from augkit.store.formats import FORMATS, Format
from augkit.store.job import Job, Shard, drawn_by
from augkit.store.sites import ORIGIN, Site


@dataclasses.dataclass(frozen=True)
class Replayed:
    """Say whether a picture could be made again.

    Attributes:
        name:     the picture.
        source:   the key of its source, and `copy` the number of the copy.
        differs:  what is not as it was, a sentence each.
        size:     how many bytes it has.
    """

    name: str
    source: str
    copy: int
    differs: tuple[str, ...]
    size: int

    @property
    def ok(self) -> bool:
        """Tell whether the same bytes came out."""
        return not self.differs

    def text(self) -> str:
        """Return the result as `augkit replay` prints it."""
        what = f"{self.name}: {f'copy {self.copy}' if self.copy else 'the original'} of {self.source!r}"
        if self.ok:
            return f"{what}, made again: the same {self.size:,} bytes"
        return "\n".join([f"{what}, made again, differs:", *(f"  {line}" for line in self.differs)])

    def canonical(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {"same": self.ok, **dataclasses.asdict(self), "differs": list(self.differs)}


def remember(out: Path, origin: str) -> None:
    """Write down what the source was called, for a later `replay`."""
    (out / ORIGIN).write_text(json.dumps({"source": origin}) + "\n", encoding="utf-8")


def replay(out: str | Path, row: int | str, *, source: str = "") -> Replayed:
    """Make one picture again, from the plan that lies beside it and from its source, and compare.

    Args:
        out:    a finished data set.
        row:    of its manifest, from 0; or the picture's name or file.
        source: where the source picture is; without it the data set's own original, or what the source was
            called when the data set was made.

    Raises:
        StoreError: the data set is not finished, what it needs of it is missing or damaged, or the source is
            not found.
        UsageError: there is no such row.
    """
    with sites.at(out) as site:
        return _replayed(site, row, source)


def _replayed(site: Site, row: int | str, source: str) -> Replayed:
    root = site.root
    if checking.marker(root) is None:
        raise StoreError(
            "there is no finished data set here",
            where=site.name,
            fix="give the folder that augkit generate or build made",
        )
    said = _said(site)
    with _needed(site, manifest.FILE):
        wanted = _row(site, row)
    name = wanted.get("name", wanted["file"])
    with _needed(site, name):
        there = _read(site, said, wanted)
    data = _source(site, said, wanted, source)
    made, drawn = _made(said, root, wanted, data)
    differs = _differences(there, made, wanted, drawn)
    if differs and made is not None:
        differs += _versions(said)
    return Replayed(name, wanted["source"], wanted["copy"], tuple(differs), len(there))


def _said(site: Site) -> dict[str, Any]:
    """Return the identity of the data set, as its plan has it."""
    with _needed(site, disk.PLAN):
        said = json.loads((site.root / disk.PLAN).read_text("utf-8"))
        layout_of(said), said["plan"], said["classes"], said["image_format"]
    return dict(said)


@contextlib.contextmanager
def _needed(site: Site, name: str) -> Iterator[None]:
    """Say that a file of the data set is missing or damaged, where reading it fails."""
    try:
        yield
    except FileNotFoundError:
        problem = "is missing"
    except (OSError, ValueError, KeyError, TypeError, AttributeError):  # Arrow's own errors are among these
        problem = "cannot be read"
    else:
        return
    fix = "'augkit verify' names all harm; make it anew with --overwrite"
    raise StoreError(f"{name} {problem}", where=site.name, fix=fix)


def _read(site: Site, said: dict[str, Any], row: dict[str, Any]) -> bytes:
    """Return the bytes of a row's picture."""
    with contextlib.closing(site.opened(row["file"])) as file:
        return layout_of(said).read(file, row.get("place", 0), row["bytes"])


def _row(site: Site, row: int | str) -> dict[str, Any]:
    """Return one row of the manifest."""
    import pyarrow.parquet as pq

    with pq.ParquetFile(site.root / manifest.FILE) as file:
        count, first = file.metadata.num_rows, 0
        number = int(row) if isinstance(row, int) or row.isdecimal() else None
        for batch in file.iter_batches(batch_size=manifest.ROW_GROUP):
            if number is None:
                for column in ("file", "name"):
                    if column in batch.schema.names and row in (names := batch[column].to_pylist()):
                        return dict(batch.slice(names.index(row), 1).to_pylist()[0])
            elif first <= number < first + len(batch):
                return dict(batch.slice(number - first, 1).to_pylist()[0])
            first += len(batch)
    fix = f"give the number of a row, 0 to {count - 1:,}, or the name of a picture"
    raise UsageError(f"the manifest has no row {row!r}", where=site.name, fix=fix)


def _source(site: Site, said: dict[str, Any], row: dict[str, Any], given: str) -> bytes:
    """Return the bytes of a row's source."""
    if not given and (own := _own(site, said, row)) is not None:
        return own
    origin = given or _remembered(site.root)
    if not origin:
        problem = "it does not hold its originals, and its source is not known"
        raise StoreError(problem, where=site.name, fix="give it with --source")
    data, found = sources.load(origin), False
    for part in data.values():
        places = np.flatnonzero(np.array(records.keys(part), dtype=object) == row["source"])
        for place in places.tolist():
            found = True
            cell = part[place]["image"]
            content = records.content(cell)
            if hashlib.sha256(content).hexdigest() == row["source_sha256"]:
                return content
    problem = "has changed since" if found else "is not there"
    raise StoreError(
        f"the source picture {row['source']!r} {problem}", where=origin, fix="give its source with --source"
    )


def _own(site: Site, said: dict[str, Any], row: dict[str, Any]) -> bytes | None:
    """Return the source's bytes where the data set holds them as they were."""
    import pyarrow.parquet as pq

    same = [("source", "==", row["source"]), ("split", "==", row["split"]), ("copy", "==", 0)]
    with _needed(site, manifest.FILE):
        originals = pq.read_table(site.root / manifest.FILE, filters=same).to_pylist()
    for original in originals:
        if original["sha256"] == row["source_sha256"]:
            with _needed(site, original["file"]):
                data = _read(site, said, original)
            if hashlib.sha256(data).hexdigest() == row["source_sha256"]:
                return data
    return None


def _remembered(root: Path) -> str:
    try:
        return str(json.loads((root / ORIGIN).read_text("utf-8"))["source"])
    except (OSError, ValueError, KeyError):
        return ""


def layout_of(said: dict[str, Any]) -> Format:
    """Return the format of a data set; those that name none are of versions that had one."""
    return FORMATS[said.get("format", "folder")]


def plan_of(root: Path, said: dict[str, Any]) -> Plan | None:
    """Return the plan of a data set, from what is saved with it; None of a build."""
    told = said["plan"]
    if not told:
        return None
    saved = policy.load(root / disk.PRIVATE / "policy.resolved.yaml")
    task = tasks.load(str(root / disk.PRIVATE / "task.yaml"))
    aspect = Interval(*told["verdict"]["aspect"])
    verdict = safety.judge(saved, task, classes=tuple(told["classes"]), aspect=aspect)
    keep, balance = told["keep_originals"], told.get("balance", False)
    return Plan(verdict.safe_policy(), tuple(told["classes"]), told["seed"], told["copies"], keep, balance)


def _made(
    said: dict[str, Any], root: Path, row: dict[str, Any], data: bytes
) -> tuple[bytes | None, dict[str, Any]]:
    """Make the shard of one source in a folder of its own; return the picture, and its row."""
    import pyarrow.parquet as pq

    plan = plan_of(root, said)
    split, copy, classes = row["split"], row["copy"], tuple(said["classes"])
    augmented = () if plan is None else (split,) if split in plan.policy.splits else ()
    with tempfile.TemporaryDirectory(prefix="augkit-") as aside:
        out = Path(aside)
        numbers = tuple(f"{number}" for number in range(len(classes)))
        drawn = () if plan is None else drawn_by(plan)
        how = (plan, classes, numbers, augmented, said["image_format"])
        job = Job(aside, str(out / disk.TMP), *how, again=False, drawn=drawn)
        for folder in (disk.TMP, manifest.PIECES, *job.kept.folders([split], numbers)):
            (out / folder).mkdir(parents=True, exist_ok=True)
        label = np.array([classes.index(row["label"])], dtype=np.int64)
        count = np.array([copy], dtype=np.int64)
        shard.make(job, Shard(0, split, 0, 1, (row["source"],), ("it",), label, count, (data,)), 1)
        for made in pq.read_table(out / manifest.piece(0)).to_pylist():
            if made["copy"] == copy:
                return (out / made["file"]).read_bytes(), made
    return None, {}


def _differences(there: bytes, made: bytes | None, row: dict[str, Any], now: dict[str, Any]) -> list[str]:
    found = []
    if hashlib.sha256(there).hexdigest() != row["sha256"]:
        found.append("what is on the disk is not what was written: run augkit verify")
    if made is None:
        return [*found, "no such copy comes out: the draw was dropped"]
    for name, value in row.items():
        other = now.get(name)
        nothing = other is None or other != other  # NaN
        if isinstance(value, float) and value != other and not (value != value and nothing):
            found.append(f"{name} was drawn as {value:.9g}, now as {other}")
    if now["label_after"] != row["label_after"]:
        found.append(f"the label after it was {row['label_after']!r}, now {now['label_after']!r}")
    if made == there:
        return found
    return [*found, _pixels(there, made)]


def _pixels(there: bytes, made: bytes) -> str:
    """Say how the pixels of two files differ."""
    sizes = f"{len(there):,} bytes there, {len(made):,} now"
    try:
        one, other = codec.decode(there).astype(int), codec.decode(made).astype(int)
    except PictureError as error:
        return f"the bytes: {sizes}; {error.problem}"
    if one.shape[:2] != other.shape[:2]:
        return f"the size: {one.shape[1]}×{one.shape[0]} there, {other.shape[1]}×{other.shape[0]} now"
    off = np.abs(one - other).max(axis=2)
    if not off.any():
        return f"the bytes, but no pixel: {sizes}"
    return f"{np.count_nonzero(off):,} of {off.size:,} pixels, by up to {off.max()} of 255 levels"


def _versions(said: dict[str, Any]) -> list[str]:
    import cv2

    told = said.get("made_with", {})
    now = {"opencv": str(cv2.__version__)}
    now |= {name: importlib.metadata.version(name) for name in told if name != "opencv"}
    other = [name for name, version in told.items() if now[name] != version]
    return [f"{name} was {told[name]}, now {now[name]}" for name in other]

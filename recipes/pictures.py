"""What recipes train and test on: data sets, their folds, and a policy as the plan of a feed."""

from __future__ import annotations

import dataclasses
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from augkit import keys, policy, safety, tasks
from augkit.errors import SourceError, UsageError, did_you_mean
from augkit.plan import Plan
from augkit.sources import duplicates, records
from augkit.sources import split as splits

if TYPE_CHECKING:
    from datasets import Dataset, DatasetDict

POLICIES = Path(__file__).parent / "policies"
NOTHING = "version: 1\ntask: none\nsteps: []"
OnUnsafe = Literal["refuse", "redraw", "clip", "relabel", "drop"]
LOOKED_AT = 4000  # files whose size tells a data set from another of the same names
_FOLD = keys.word("recipes: fold")


def plan(
    name: str | None,
    task: str | None,
    classes: tuple[str, ...],
    *,
    seed: int,
    on_unsafe: OnUnsafe | None = None,
) -> Plan:
    """Return the plan of a feed: a policy judged, or no augmentation where `name` is None.

    `name` is a file, or the name of one in recipes/policies. `task` and `on_unsafe` stand in for those that
    the policy names.

    Raises UsageError where there is no such policy, UnsafePolicyError where the task does not let it through.
    """
    written = policy.parse(NOTHING, "no augmentation") if name is None else policy.load(policy_file(name))
    if on_unsafe is not None:
        written = dataclasses.replace(written, on_unsafe=on_unsafe)
    held = tasks.load(task if task and name else written.task)
    return Plan(safety.judge(written, held, classes=classes).safe_policy(), classes, seed)


def policy_file(name: str) -> Path:
    """Return the path of a policy: as given, or beside the others in recipes/policies."""
    for path in (Path(name), POLICIES / name):
        if path.is_file():
            return path
    shipped = sorted(path.name for path in POLICIES.glob("*.yaml"))
    fix = did_you_mean(name, shipped) or f"give a file, or one of {', '.join(shipped)}"
    raise UsageError("there is no such policy", where=name, fix=fix)


def folds(data: DatasetDict, count: int, *, seed: int) -> list[DatasetDict]:
    """Deal a data set of one split into `count` parts; return it as many times, each part once as the test.

    Every class is dealt evenly, by a hash of seed and key; pictures that are equal or look alike go to one
    part.

    Raises UsageError for a data set that is split already, SourceError where a part would be empty.
    """
    from datasets import DatasetDict

    if len(data) != 1:
        raise UsageError(
            f"got {count} folds of a source that is split already ({', '.join(data)})",
            fix="--set data.folds=null tests on its own split",
        )
    (part,) = data.values()
    fold = _dealt(part, count, seed, duplicates.told(data, lambda text: None))
    if np.bincount(fold, minlength=count).min() == 0:
        raise SourceError(f"got {count} folds of {len(part)} pictures, which leaves some empty")
    return [
        DatasetDict(
            train=part.select(np.flatnonzero(fold != number)),
            test=part.select(np.flatnonzero(fold == number)),
        )
        for number in range(count)
    ]


def kept_out(data: DatasetDict, share: float, *, seed: int) -> DatasetDict:
    """Take a share (of 1) of the pictures to train on out, as the split "validation"."""
    from datasets import DatasetDict

    percent = round(100 * share, 6)
    parts = splits.divided(
        DatasetDict(train=data["train"]), f"{100 - percent:g}/{percent:g}", stratify=True, seed=seed
    )
    return DatasetDict(train=parts["train"], validation=parts["test"], test=data["test"])


def digest(part: Dataset) -> str:
    """Return a short hash of a split: its keys, its labels, and the bytes of its pictures."""
    from datasets import Image

    whole = hashlib.sha256(repr(records.keys(part)).encode() + records.labels(part).tobytes())
    images = part.with_format(None).select_columns(["image"]).cast_column("image", Image(decode=False))
    for row in images:
        whole.update(hashlib.sha256(records.content(row["image"])).digest())
    return whole.hexdigest()[:16]


def listing(part: Dataset) -> str:
    """Return a short hash of a split of any size: its keys, its labels, and how large some of its files are.

    Files in archives and on the web are taken by their keys alone.
    """
    from datasets import Image

    whole = hashlib.sha256(repr(records.keys(part)).encode() + records.labels(part).tobytes())
    some = part.with_format(None).select(range(0, len(part), max(1, len(part) // LOOKED_AT)))
    for row in some.select_columns(["image"]).cast_column("image", Image(decode=False)):
        data, path = row["image"]["bytes"], row["image"]["path"]
        if data is None and path and Path(path).is_file():
            whole.update(b"%d " % Path(path).stat().st_size)
        elif data is not None:
            whole.update(b"%d " % len(data))
    return whole.hexdigest()[:16]


def _dealt(part: Dataset, count: int, seed: int, groups: np.ndarray) -> np.ndarray:
    """Return the number of the fold of each picture, int64 (N,)."""
    words, labels = keys.words(records.keys(part)), records.labels(part)
    rank = keys.raw(seed, _FOLD, np.zeros_like(words), words, 1)[:, 0]
    order = np.lexsort((rank, labels))
    fold = np.empty(len(part), dtype=np.int64)
    fold[order] = np.arange(len(part)) % count
    _, first = np.unique(groups, return_index=True)
    leader = dict(zip(groups[first].tolist(), first.tolist(), strict=True))
    return fold[[leader[group] for group in groups.tolist()]]

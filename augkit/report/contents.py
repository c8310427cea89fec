"""What is in a finished data set, counted: its manifest is read twice, in batches, and never held whole."""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from augkit.draw import numbered
from augkit.errors import StoreError
from augkit.ops.op import Drawn
from augkit.plan import Plan
from augkit.safety import SafePolicy
from augkit.sources.progress import bar
from augkit.store import checking, disk, leaks, manifest
from augkit.store.replaying import plan_of
from augkit.store.sites import Site

_BINS = 24
_FIXED = (
    "split",
    "source",
    "copy",
    "label",
    "label_after",
    "width",
    "height",
    "bytes",
    "file",
    "name",
    "place",
)


@dataclasses.dataclass
class Values:
    """Hold how one drawn number is spread over the copies that drew it.

    Attributes:
        step, name: whose it is; without a name it says only how often the step was done.
        low, high:  the ends of the scale: the policy's range, or where it has none the data's.
        least, most, total: of the values, and how many there are.
        bins:       int64 (24,): how many values lie in each equal part of the scale.
    """

    step: str
    name: str
    low: float = np.inf
    high: float = -np.inf
    least: float = np.inf
    most: float = -np.inf
    total: int = 0
    bins: NDArray[np.int64] = dataclasses.field(default_factory=lambda: np.zeros(_BINS, dtype=np.int64))

    def middle(self) -> float:
        """Return the median, to the middle of its bin; NaN without any value."""
        if not self.total:
            return float("nan")
        place = int(np.searchsorted(np.cumsum(self.bins), (self.total + 1) // 2))
        return self.low + (place + 0.5) * (self.high - self.low) / _BINS


@dataclasses.dataclass
class Contents:
    """Hold what a report says of a data set.

    Attributes:
        root, said:  the folder, and what its `plan.json` says.
        plan:        None of a data set that was built and not augmented.
        classes:     their names, in the order of the labels.
        counts:      (split, class after, whether it is a copy) → how many pictures.
        sources:     (split, class) → how many originals are kept.
        copies:      (split, class before) → how many copies.
        changed:     (class before, class after) → how many copies were written down as another class.
        sizes:       (width, height) → how many pictures.
        size:        bytes of all pictures.
        values:      column → how it is spread.
        first:       class → rows of its first sources in the split that is shown.
        quarantine:  split, source and reason of each picture that could not be read.
        leaks:       the pictures that stand in several splits, as `augkit.store.leaks` names them.
    """

    root: Path
    said: dict[str, Any]
    plan: Plan | None
    classes: tuple[str, ...]
    counts: Counter[tuple[str, str, bool]] = dataclasses.field(default_factory=Counter)
    sources: Counter[tuple[str, str]] = dataclasses.field(default_factory=Counter)
    copies: Counter[tuple[str, str]] = dataclasses.field(default_factory=Counter)
    changed: Counter[tuple[str, str]] = dataclasses.field(default_factory=Counter)
    sizes: Counter[tuple[int, int]] = dataclasses.field(default_factory=Counter)
    size: int = 0
    values: dict[str, Values] = dataclasses.field(default_factory=dict)
    first: dict[str, list[dict[str, Any]]] = dataclasses.field(default_factory=dict)
    quarantine: list[dict[str, str]] = dataclasses.field(default_factory=list)
    leaks: list[dict[str, Any]] = dataclasses.field(default_factory=list)

    @property
    def splits(self) -> list[str]:
        """Return the splits that hold pictures."""
        return list(dict.fromkeys(split for split, _, _ in self.counts))

    @property
    def originals(self) -> int:
        """Return how many pictures are originals."""
        return sum(count for (_, _, copy), count in self.counts.items() if not copy)

    @property
    def pictures(self) -> int:
        """Return how many pictures there are."""
        return self.counts.total()

    def made(self) -> int:
        """Return how many pictures are copies."""
        return self.pictures - self.originals


def read(site: Site, *, shown: tuple[int, int, int]) -> Contents:
    """Read a finished data set.

    Args:
        site:  where it is.
        shown: for the contact sheets: of how many classes, how many sources of each, and how many pictures of
            each source.

    Raises:
        StoreError: there is no finished data set, or a part of it cannot be read.
    """
    out = site.root
    if checking.marker(out) is None:
        raise StoreError(
            "there is no finished data set here",
            where=site.name,
            fix="give the folder that augkit generate or build made",
        )
    try:
        said = json.loads((out / disk.PLAN).read_text("utf-8"))
        plan = plan_of(out, said)
        bad = json.loads((out / disk.PRIVATE / "quarantine.json").read_text("utf-8"))
        twice = leaks.read(out)
        classes = tuple(said["classes"])
        found = Contents(out, said, _placeless(plan, out), classes, quarantine=bad, leaks=twice)
        _count(found, shown)
        _spread(found)
    except (OSError, ValueError, KeyError) as error:  # Arrow's own errors are among these
        problem = f"the data set cannot be read ({error})"
        raise StoreError(problem, where=site.name, fix="'augkit verify' says what is harmed") from error
    return found


def _placeless(plan: Plan | None, out: Path) -> Plan | None:
    """Return the plan with places that do not name this machine's folders."""
    if plan is None:
        return None
    verdict, head = plan.safe.verdict, f"{out / disk.PRIVATE}/"
    policy = dataclasses.replace(verdict.policy, file=verdict.policy.file.removeprefix(head))
    waived = [dataclasses.replace(each, where=each.where.removeprefix(head)) for each in verdict.waived]
    safe = SafePolicy(dataclasses.replace(verdict, policy=policy, waived=tuple(waived)))
    return dataclasses.replace(plan, safe=safe)


def _batches(out: Path, columns: list[str] | None = None) -> Iterator[Any]:
    """Yield the manifest in batches of rows; where that takes long, a bar shows how far it is."""
    import pyarrow.parquet as pq

    with (
        pq.ParquetFile(out / manifest.FILE) as file,
        bar("reading the manifest", file.metadata.num_rows) as tell,
    ):
        for batch in file.iter_batches(batch_size=manifest.ROW_GROUP, columns=columns):
            yield batch
            tell(len(batch))


def _count(found: Contents, shown: tuple[int, int, int]) -> None:
    """Fill in all that one reading tells: counts, ranges of values, and the rows that are shown."""
    numbers = _numbers(found.plan)
    augmented = () if found.plan is None else found.plan.policy.splits
    wanted = set(_spaced(found.classes, shown[0]))
    for batch in _batches(found.root):
        table = batch.to_pandas()
        copy = table["copy"] > 0
        for key, count in table.groupby(["split", "label_after", copy], sort=False).size().items():
            found.counts[key] += int(count)
        for key, count in table[~copy].groupby(["split", "label"]).size().items():
            found.sources[key] += int(count)
        for key, count in table[copy].groupby(["split", "label"]).size().items():
            found.copies[key] += int(count)
        other = table[table["label"] != table["label_after"]]
        for key, count in other.groupby(["label", "label_after"]).size().items():
            found.changed[key] += int(count)
        for (width, height), count in table.groupby(["width", "height"]).size().items():
            found.sizes[int(width), int(height)] += int(count)
        found.size += int(table["bytes"].sum())
        for column in table.columns:
            if table[column].dtype == np.float64:
                _range(found, column, table[column].dropna().to_numpy(), numbers)
        here = table[table["split"].isin(augmented)] if augmented else table
        _keep(found, here[here["label"].isin(wanted)], shown)


def _keep(found: Contents, table: Any, shown: tuple[int, int, int]) -> None:
    """Keep the rows of the first sources of each class."""
    _, sources, pictures = shown
    for label, rows in table.groupby("label", sort=False):
        kept = found.first.setdefault(label, [])
        for source, group in rows.groupby("source", sort=False):
            of = [row for row in kept if row["source"] == source]
            if of or len({row["source"] for row in kept}) < sources:
                kept += group.head(pictures - len(of)).to_dict("records")


def _range(found: Contents, column: str, values: NDArray[np.float64], numbers: dict[str, Drawn]) -> None:
    drawn = numbers.get(column)
    step, name = (column.rpartition(".")[0], drawn.name) if drawn is not None else (column, "")
    spread = found.values.setdefault(column, Values(step, name if drawn is None or drawn.telling else ""))
    if drawn is not None and np.isfinite([drawn.low, drawn.high]).all():
        spread.low, spread.high = min(drawn.low, spread.low), max(drawn.high, spread.high)
    if len(values):
        spread.least, spread.most = min(spread.least, values.min()), max(spread.most, values.max())
        spread.low, spread.high = min(spread.low, spread.least), max(spread.high, spread.most)
    spread.total += len(values)


def _numbers(plan: Plan | None) -> dict[str, Drawn]:
    """Return the drawn numbers of a plan by their columns."""
    if plan is None:
        return {}
    return {f"{step.name}.{number.name}": number for step, number in numbered(plan.safe.policy)}


def _spread(found: Contents) -> None:
    """Count how the values are spread over their scales."""
    columns = [column for column, spread in found.values.items() if spread.name and spread.total]
    for batch in _batches(found.root, columns) if columns else ():
        for column in columns:
            spread = found.values[column]
            values = batch.column(column).to_numpy(zero_copy_only=False)
            values = values[~np.isnan(values)]
            wide = (spread.high - spread.low) or 1.0
            places = np.clip(((values - spread.low) / wide * _BINS).astype(np.int64), 0, _BINS - 1)
            spread.bins += np.bincount(places, minlength=_BINS)


def _spaced(classes: tuple[str, ...], most: int) -> tuple[str, ...]:
    """Return at most so many classes, spread evenly."""
    if len(classes) <= most:
        return classes
    return tuple(classes[round(i * (len(classes) - 1) / (most - 1))] for i in range(most))

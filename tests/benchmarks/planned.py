"""Planned: what `--dry-run` says of runs that do not fit here, and how near it is to one that does.

A plan needs the names of the sources and a few pictures.  The names are made, as many as ImageNet has and as
long; the pictures that they stand for are 64 photographs.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
from datasets import Dataset, DatasetDict

from augkit import policy, safety, store, tasks
from augkit.plan import Plan
from augkit.sources import records
from augkit.store.forecast import in_bytes
from tests.benchmarks import pictures
from tests.benchmarks.on_disk import scratch
from tests.benchmarks.policies import SHAPES
from tests.benchmarks.report import Section, number
from tests.benchmarks.rounds import Effort

COPIES = 10
SETS = {"ImageNet-1k": (1_281_167, 1_000), "ImageNet-21k": (14_197_122, 21_841)}
"""How many pictures and classes the training sets have; here each class has as many as any other."""

_POLICY = Path(__file__).parents[2] / "recipes/policies/alexnet-2012.yaml"
_KEPT = {"format": "parquet", "image_format": f"jpeg:{pictures.QUALITY}"}
_HEAD = ["", "pictures", "files", "size", "of that made", "hours of one core", "of that taken", "planned in"]
_CHUNK = 100_000  # names


def section(effort: Effort) -> Section:
    """Plan a run that fits here and make it, and plan two that do not."""
    found = Section("planned", "Planned: ImageNet, ten copies", _ABOUT, _HEAD)
    with scratch(disk=True) as root:
        photos = pictures.folder(root / "photos", pictures.photos(64))
        files = sorted(str(path) for path in photos.rglob("*.jpg"))
        fits = effort.count(640, 64)
        data, plan = named(root, files, fits, 10), planned(10)
        expected = store.dry_run(plan, data, root / "out", **_KEPT)
        start = time.perf_counter()
        made = store.generate(plan, data, root / "out", progress=False, **_KEPT)
        took = time.perf_counter() - start
        size = sum(path.stat().st_size for path in made.out.rglob("*.parquet"))
        found.numbers = {"size": (expected.size or 0) / size, "seconds": (expected.seconds or 0) / took}
        shares = [f"{found.numbers[what]:.0%}" for what in ("size", "seconds")]
        found.rows.append(_row(f"{fits:,} photos", expected, shares, 0.0))
        for name, (sources, classes) in SETS.items():
            data, plan = named(root, files, effort.count(sources), classes), planned(classes)
            start = time.perf_counter()
            expected = store.dry_run(plan, data, root / "none", **_KEPT)
            found.rows.append(_row(name, expected, ["", ""], time.perf_counter() - start))
            found.remarks.append(f"{name}: {expected.text().splitlines()[0]} {expected.hours()}")
    return found


def planned(classes: int) -> Plan:
    """Return the plan: the recipe's policy, ten copies, the originals cut like them."""
    verdict = safety.judge(policy.load(_POLICY), tasks.load("natural"), aspect=SHAPES)
    return Plan(verdict.safe_policy(), _classes(classes), copies=COPIES)


def named(root: Path, files: list[str], count: int, classes: int) -> DatasetDict:
    """Make a source of so many names, spread evenly over classes, which stand for these files in turn."""
    import pyarrow as pa

    columns, path = records.features(_classes(classes)), root / f"names-{count}.arrow"
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_stream(sink, columns.arrow_schema) as stream:
        for start in range(0, count, _CHUNK):
            rows = np.arange(start, min(start + _CHUNK, count))
            labels = rows * classes // count
            pairs = zip(labels.tolist(), rows.tolist(), strict=True)
            keys = [f"n{label:08d}/n{label:08d}_{row}.JPEG" for label, row in pairs]
            places = pa.array([files[row % len(files)] for row in rows.tolist()])
            cells = pa.StructArray.from_arrays([pa.nulls(len(rows), pa.binary()), places], ["bytes", "path"])
            table = pa.table([pa.array(keys), cells, pa.array(labels)], schema=columns.arrow_schema)
            stream.write_table(table, max_chunksize=1000)
    return DatasetDict(train=Dataset.from_file(str(path)))


def _classes(count: int) -> tuple[str, ...]:
    return tuple(f"n{label:08d}" for label in range(count))


def _row(name: str, expected: Any, checked: list[str], seconds: float) -> list[str]:
    size, hours = in_bytes(expected.size or 0), number((expected.seconds or 0) / 3600)
    planned = f"{seconds:.0f} s" if seconds else ""
    return [name, f"{expected.total:,}", f"{expected.files:,}", size, checked[0], hours, checked[1], planned]


_ABOUT = (
    "`--dry-run` of recipes/policies/alexnet-2012.yaml, ten copies and the originals, JPEG of quality "
    f"{pictures.QUALITY} and 224×224 in Parquet files. The names of the sources are made and stand for 64 "
    "photographs of about 500×375, of which a sample is made and timed. The first run fits here and is made: "
    "the shares are what was said, of what came out (with manifest, hashes, card and contact sheet)."
)

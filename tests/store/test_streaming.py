"""What generate makes is read back as a stream, by several workers, each picture once."""

from __future__ import annotations

import io
from pathlib import Path

import datasets
import numpy as np
import pandas as pd
import pytest
from datasets.distributed import split_dataset_by_node
from PIL import Image

from augkit import store
from augkit.store import job
from tests.store import making

WORKERS = 3


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> dict[str, Path]:
    """Make one data set of several shards in each format that is meant for streams."""
    kept, job.SHARD_SIZE = job.SHARD_SIZE, 8
    outs = {name: tmp_path_factory.mktemp(name) / "out" for name in ("parquet", "webdataset")}
    for name, out in outs.items():
        store.generate(making.plan(), making.source(48), out, format=name, progress=False)
    job.SHARD_SIZE = kept
    return outs


def wanted(out: Path) -> list[tuple[str, int, int]]:
    rows = pd.read_parquet(out / ".augkit/manifest.parquet")
    return sorted(zip(rows["source"], rows["copy"], map(making.DIGITS.index, rows["label"]), strict=True))


@pytest.mark.parametrize("name", ["parquet", "webdataset"])
def test_datasets_streams_the_shards_to_workers_without_overlap(made, name):
    whole = datasets.load_dataset(str(made[name]), split="train", streaming=True)
    seen = []
    for rank in range(WORKERS):
        part = split_dataset_by_node(whole, rank=rank, world_size=WORKERS)
        rows = [row if name == "parquet" else {**row, **row["json"]} for row in part]
        assert rows
        for row in rows:
            picture = row["image" if name == "parquet" else "png"]
            assert picture.size == (32, 32)
            label = row["label"] if name == "parquet" else row["cls"]
            seen.append((row["source"], row["copy"], int(label)))
    assert sorted(seen) == wanted(made[name])


@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
def test_webdataset_reads_the_archives_of_each_worker(made):
    webdataset = pytest.importorskip("webdataset")
    archives = sorted(map(str, made["webdataset"].glob("data/*.tar")))
    seen = []
    for rank in range(WORKERS):
        stream = webdataset.WebDataset(archives[rank::WORKERS], shardshuffle=False).decode("rgb8")
        for picture, label, said in stream.to_tuple("png", "cls", "json"):
            assert picture.shape == (32, 32, 3) and picture.dtype == np.uint8
            seen.append((said["source"], said["copy"], label))
    assert sorted(seen) == wanted(made["webdataset"])


def test_grain_reads_the_parquet_files_of_each_worker(made):
    grain = pytest.importorskip("grain")
    files = sorted(map(str, made["parquet"].glob("data/*.parquet")))
    seen = []
    for rank in range(WORKERS):
        mine = grain.MapDataset.source(files)[rank::WORKERS].map(grain.experimental.ParquetIterDataset)
        for row in grain.experimental.InterleaveIterDataset(mine, cycle_length=2):
            with Image.open(io.BytesIO(row["image"]["bytes"])) as picture:
                assert picture.size == (32, 32)
            seen.append((row["source"], row["copy"], row["label"]))
    assert sorted(seen) == wanted(made["parquet"])

"""However pictures are kept, they are the same pictures, opened by others and told apart from harm."""

from __future__ import annotations

import errno
import gc
import hashlib
import json
import os
import random
import shutil
import tarfile
from pathlib import Path

import datasets
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from augkit import codec, sources, store
from augkit.errors import SourceError, StoreError, UsageError
from augkit.sources import records
from augkit.store import job
from augkit.store.formats import FORMATS as LAYOUTS
from augkit.store.formats.webdataset import _header
from tests.store import making
from tests.store.faults import STEPS, Crash, crashing, failing
from tests.store.test_opening import CLASSES, shade, shaded
from tests.store.test_verify import ANYWHERE, add

FORMATS = ("parquet", "webdataset", "arrow")
HOSTILE = ("a single class", "classes called like splits", "numbers in their own order", "hostile")


@pytest.fixture(autouse=True)
def small_shards(monkeypatch):
    monkeypatch.setattr(job, "SHARD_SIZE", 8)


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> dict[str, Path]:
    """Return one data set in every format."""
    root, size = tmp_path_factory.mktemp("made"), job.SHARD_SIZE
    plan, data = making.plan(making.RELABEL), making.source(40, 9)
    job.SHARD_SIZE = 8  # before each test has its own
    for name in store.FORMATS:
        store.generate(plan, data, root / name, format=name, progress=False)
    job.SHARD_SIZE = size
    return {name: root / name for name in store.FORMATS}


def manifest(out: Path) -> pd.DataFrame:
    return pd.read_parquet(out / ".augkit" / "manifest.parquet")


def opened(out: Path, tmp_path: Path) -> datasets.DatasetDict:
    return datasets.load_dataset(str(out), cache_dir=str(tmp_path / "cache"))


@pytest.mark.parametrize("name", FORMATS)
def test_the_pictures_are_those_of_the_folder(made, name):
    wanted = manifest(made["folder"]).drop(columns=["file", "place"])
    found = manifest(made[name])
    pd.testing.assert_frame_equal(found.drop(columns=["file", "place"]), wanted)
    assert set(found.file) == {
        f"data/train-{number:05d}-of-00005{store.FORMATS[name].suffix}" for number in range(5)
    } | {f"data/test-{number:05d}-of-00002{store.FORMATS[name].suffix}" for number in range(2)}
    for row in found.itertuples():
        with (made[name] / row.file).open("rb") as file:
            data = store.FORMATS[name].read(file, row.place, row.bytes)
        assert hashlib.sha256(data).hexdigest() == row.sha256


@pytest.mark.parametrize("name", ["parquet", "arrow"])
@pytest.mark.parametrize("kind", HOSTILE)
def test_tables_open_with_labels_and_bytes(tmp_path, name, kind):
    classes, out = CLASSES[kind], tmp_path / "out"
    store.build(shaded(classes), out, format=name, progress=False)
    data = opened(out, tmp_path)
    shutil.rmtree(out)  # what was opened holds the bytes, not paths
    assert set(data) == {"train", "test"}
    for part in data.values():
        assert part.features["image"] == datasets.Image()
        assert part.features["label"] == datasets.ClassLabel(names=list(classes))
        assert sorted(part["label"]) == sorted([*range(len(classes))] * 2)
        assert all(int(np.asarray(row["image"])[0, 0]) == shade(row["label"]) for row in part)


@pytest.mark.parametrize("kind", HOSTILE)
def test_tars_open_with_labels(tmp_path, kind):
    classes, out = CLASSES[kind], tmp_path / "out"
    store.build(shaded(classes), out, format="webdataset", progress=False)
    for part in opened(out, tmp_path).values():
        assert part.features["cls"] == datasets.ClassLabel(names=list(classes))
        assert all(int(np.asarray(row["png"])[0, 0]) == shade(row["cls"]) for row in part)
        assert all(row["json"]["label"] == classes[row["cls"]] for row in part)


def test_a_tar_read_by_tarfile_holds_what_belongs_together(made):
    rows = manifest(made["webdataset"])
    seen = 0
    for path in (made["webdataset"] / file for file in rows.file.unique()):
        with tarfile.open(path) as archive:
            members = archive.getmembers()
            assert {(m.mtime, m.uid, m.gid, m.uname, m.gname, m.mode) for m in members} == {
                (0, 0, 0, "", "", 0o644)
            }
            assert archive.offset % 512 == 0 and path.stat().st_size % 10240 == 0
            data = {m.name: archive.extractfile(m).read() for m in members}
        for name in data:
            if not name.endswith(".png"):
                continue
            row = rows.iloc[seen]
            seen += 1
            stem = name.removesuffix(".png")
            said = json.loads(data[f"{stem}.json"])
            assert data[f"{stem}.cls"] == row.label_after.encode() and said["label"] == row.label_after
            assert (said["source"], said["copy"], said["label_before"]) == (
                row.source,
                row["copy"],
                row.label,
            )
            drawn = row["rotate.degrees"]
            assert said["rotate.degrees"] == (None if np.isnan(drawn) else drawn)
            assert hashlib.sha256(data[name]).hexdigest() == row.sha256
    assert seen == len(rows)


def test_keys_of_a_tar_have_no_dots_and_its_names_may_be_long_or_foreign(tmp_path):
    keys = ["a.b.png", "a_b.png", "é" * 60 + ".png", "y" * 300, "v1.0/x.png"]
    images = [making.picture(number) for number in range(len(keys))]
    part = records.dataset(keys, images, [0] * len(keys), ("v1.5", "z"))
    store.build(datasets.DatasetDict(train=part), tmp_path / "out", format="webdataset", progress=False)
    with tarfile.open(tmp_path / "out" / "data" / "train-00000-of-00001.tar") as archive:
        names = archive.getnames()
    assert len(names) == len(set(names)) == 15
    assert all(name.count(".") == 1 for name in names)
    again = sources.load(tmp_path / "out")
    assert sorted(records.keys(again["train"])) == sorted(keys)


@pytest.mark.parametrize("size", [0, 1, 123_456, 8**11 - 1, 8**11])
@pytest.mark.parametrize("name", ["a.png", "0/k-1.cls", "x" * 100, "x" * 101, "é.json"])
def test_the_header_of_a_member_is_tarfiles(name, size):
    info = tarfile.TarInfo(name)
    info.size, info.mode = size, 0o644
    assert _header(name, size) == info.tobuf(tarfile.PAX_FORMAT)


def test_provenance_stands_beside_the_picture(made, tmp_path):
    part = opened(made["parquet"], tmp_path)["train"]
    rows = manifest(made["parquet"])
    rows = rows[rows.split == "train"].reset_index(drop=True)
    table = part.remove_columns("image").to_pandas()
    names = part.features["label"].names
    assert list(table.source) == list(rows.source) and list(table["copy"]) == list(rows["copy"])
    assert [names[label] for label in table.label] == list(rows.label_after)
    assert [names[label] for label in table.label_before] == list(rows.label)
    np.testing.assert_array_equal(table["rotate.degrees"], rows["rotate.degrees"])
    assert (table.label != table.label_before).any()


def test_row_groups_depend_on_the_pictures_alone(tmp_path, monkeypatch):
    monkeypatch.setattr("augkit.store.shelf._HELD", 3_000)
    files = []
    for workers in (1, 2):
        out = tmp_path / str(workers)
        store.generate(
            making.plan(), making.source(8), out, format="parquet", workers=workers, progress=False
        )
        files.append(next((out / "data").iterdir()))
    groups = [pq.ParquetFile(file).num_row_groups for file in files]
    monkeypatch.undo()
    assert groups[0] > 3 and groups[1] == 1  # another process does not see the patch: groups do depend on it
    rows = manifest(tmp_path / "1")
    for row in rows.itertuples():
        with (tmp_path / "1" / row.file).open("rb") as file:
            data = store.FORMATS["parquet"].read(file, row.place, row.bytes)
        assert hashlib.sha256(data).hexdigest() == row.sha256


@pytest.mark.parametrize("workers", [2, pytest.param(3, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", FORMATS)
def test_promise_12_the_bytes_are_the_same_for_any_workers_and_order(tmp_path, name, workers):
    data = making.source(30, 6)
    shuffled = datasets.DatasetDict({split: part.shuffle(seed=3) for split, part in data.items()})
    trees = []
    for many, given in ((1, data), (workers, shuffled)):
        out = tmp_path / f"out{many}"
        store.generate(making.plan(), given, out, format=name, workers=many, progress=False)
        trees.append(making.tree(out))
    assert trees[0] == trees[1]
    assert f"data/train-00003-of-00004{store.FORMATS[name].suffix}" in trees[0]


@pytest.mark.thorough
@pytest.mark.parametrize("name", FORMATS)
def test_promise_3_4_every_stop_point_resumes(tmp_path, monkeypatch, name):
    monkeypatch.setattr(job, "SHARD_SIZE", 2)
    plan, data = making.plan(copies=1), making.source(4)
    wanted = making.tree(store.generate(plan, data, tmp_path / "whole", format=name).out)
    for at in range(1, 500):
        out = tmp_path / f"out{at}"
        with monkeypatch.context() as patched:
            crashing(patched, at, (*STEPS, (os, "fsync")))
            try:
                store.generate(plan, data, out, format=name)
            except Crash:
                if (out / "augkit.json").exists():
                    assert store.verify(out).ok
            else:
                break
        store.generate(plan, data, out, format=name)
        assert making.tree(out) == wanted
    assert at > 25


@pytest.mark.parametrize("name", FORMATS)
def test_promise_5_a_full_disk_is_a_clean_stop(tmp_path, monkeypatch, name):
    plan, data = making.plan(copies=1), making.source(20)
    wanted = making.tree(store.generate(plan, data, tmp_path / "whole", format=name).out)
    for at in (9, 14, 20):
        out = tmp_path / f"out{at}"
        with monkeypatch.context() as patched:
            failing(patched, "write", errno.ENOSPC, at)
            with pytest.raises(StoreError, match="disk is full") as caught:
                store.generate(plan, data, out, format=name)
        assert caught.value.exit_code == 3 and not (out / "augkit.json").exists()
        store.generate(plan, data, out, format=name)
        assert making.tree(out) == wanted


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("harm", [harm for harm in ANYWHERE if harm is not add])
def test_promise_11_harm_is_found_and_named(made, tmp_path, name, harm):
    for number in range(3):
        out = tmp_path / str(number)
        shutil.copytree(made[name], out)
        assert store.verify(out).ok
        harmed = harm(out, random.Random(f"{name} {harm.__name__} {number}"))
        if harmed == "augkit.json" and not (out / harmed).exists():
            continue
        assert any(harmed in problem for problem in store.verify(out).problems)


@pytest.mark.parametrize("name", FORMATS)
def test_promise_11_a_file_or_folder_more_is_found(made, tmp_path, name):
    shutil.copytree(made[name], tmp_path / "out")
    (tmp_path / "out" / "data" / "more.parquet").write_bytes(b"x")
    (tmp_path / "out" / "train").mkdir()
    assert store.verify(tmp_path / "out").problems == (
        "data/more.parquet: it was added",
        "train: the folder was added",
    )


@pytest.mark.parametrize("name", FORMATS)
def test_what_was_made_is_a_source_like_any_other(made, tmp_path, name):
    wanted, found = sources.load(made["folder"]), sources.load(made[name])
    for split, part in wanted.items():
        assert records.keys(found[split]) == records.keys(part)
        assert np.array_equal(records.labels(found[split]), records.labels(part))
    plan = making.free_plan(making.DIGITS)  # of copies a policy under a task makes no more
    one = store.generate(plan, wanted, tmp_path / "one", progress=False).out
    other = store.generate(plan, found, tmp_path / "other", progress=False).out
    assert making.tree(one) == making.tree(other)


@pytest.mark.parametrize("name", FORMATS)
def test_another_format_is_another_data_set_and_may_overwrite(made, tmp_path, name):
    out = shutil.copytree(made[name], tmp_path / "out")
    plan, data = making.plan(making.RELABEL), making.source(40, 9)
    assert store.generate(plan, data, out, format=name, progress=False).done == "verified"
    with pytest.raises(StoreError, match=f"format: {name} there, folder now"):
        store.generate(plan, data, out, progress=False)
    store.generate(plan, data, out, overwrite=True, progress=False)
    assert making.tree(out) == making.tree(made["folder"])


@pytest.mark.parametrize("name", FORMATS)
def test_promise_17_a_bad_picture_leaves_no_gap(tmp_path, name):
    images = [making.picture(number) if number != 5 else b"" for number in range(12)]
    part = records.dataset([f"k{n:02d}" for n in range(12)], images, [n % 2 for n in range(12)], ("a", "b"))
    made = store.build(datasets.DatasetDict(train=part), tmp_path / "out", format=name, progress=False)
    assert (made.bad, made.pictures) == (1, 11) and store.verify(made.out).ok
    assert "k05" not in records.keys(sources.load(made.out)["train"])


def test_promise_28_a_run_that_fails_leaves_no_file_open(tmp_path, monkeypatch):
    psutil = pytest.importorskip("psutil")
    plan, data = making.plan(copies=1), making.source(20)
    store.generate(plan, data, tmp_path / "first", format="parquet", progress=False)
    gc.collect()
    before = psutil.Process().num_fds()
    monkeypatch.setattr(codec, "encode", lambda *_: (_ for _ in ()).throw(Crash()))
    for name in FORMATS:
        with pytest.raises(Crash):
            store.generate(plan, data, tmp_path / name, format=name, progress=False)
    assert psutil.Process().num_fds() == before


def test_an_unknown_format_is_refused_with_the_nearest(tmp_path):
    with pytest.raises(UsageError, match="folder, parquet, webdataset, arrow") as caught:
        store.build(making.source(4), tmp_path / "out", format="parket")
    assert "parquet" in caught.value.fix and not (tmp_path / "out").exists()


UP = ["train/../x-0.png", "../a/x-0.png", "./a/x-0.png", "data/../x-00000-of-00001.tar"]


@pytest.mark.parametrize("path", UP)
def test_promise_21_a_path_that_leads_up_is_called_like_nothing_that_a_format_writes(path):
    assert not any(kept.ours(path) for kept in LAYOUTS.values())
    assert LAYOUTS["folder"].ours("train/a/x-0.png")


@pytest.mark.parametrize("name", ["../evil/x-0.png", "/etc/x-0.png", "train/../../x-0.png", "train/a/\0.png"])
def test_promise_21_a_manifest_that_names_a_file_elsewhere_is_refused(tmp_path, name):
    out = store.build(making.source(4), tmp_path / "out", progress=False).out
    path = out / ".augkit/manifest.parquet"
    table = pq.read_table(path)
    pq.write_table(table.set_column(0, "file", [[name, *table["file"].to_pylist()[1:]]]), path)
    with pytest.raises(SourceError, match="its manifest names"):
        sources.load(out)


def test_promise_21_a_path_in_a_table_of_augkits_own_is_not_followed(tmp_path):
    out = store.build(making.source(4), tmp_path / "out", format="parquet", progress=False).out
    (path,) = (out / "data").iterdir()
    table = pq.read_table(path)
    (tmp_path / "x.png").write_bytes(making.picture(1))
    cells = [{"bytes": None, "path": str(tmp_path / "x.png")}, *table["image"].to_pylist()[1:]]
    cells = pa.array(cells, table.schema.field("image").type)
    pq.write_table(table.set_column(0, table.schema.field("image"), cells), path)
    rows = [row["image"] for row in sources.load(out)["train"].with_format(None)]
    assert [cell["bytes"] is None for cell in rows] == [False] * 3 + [True]
    with pytest.raises(PermissionError, match="is not followed"):
        records.content(rows[-1])

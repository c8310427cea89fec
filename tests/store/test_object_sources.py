"""Sources on an object store give what they give in a folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from augkit import sources, store
from augkit.errors import AugkitError, SourceError
from tests.store import making, s3
from tests.store.s3 import OUT

pytestmark = s3.needed


def test_a_source_in_a_bucket_gives_what_it_gives_in_a_folder(cloud, local, tmp_path):
    cloud.put(local["folder"] / "train", "photos")
    cloud.files.touch(f"{s3.BUCKET}/photos/")  # as consoles make them for folders
    here, there = sources.load(local["folder"] / "train"), sources.load(f"s3://{s3.BUCKET}/photos")
    assert here["train"]["key"][:] == there["train"]["key"][:]
    assert here["train"]["label"][:] == there["train"]["label"][:]
    assert not [line for line in cloud.asked if line.startswith("GET photos/") and ".png" in line]
    trees = []
    for number, data in enumerate((here, there)):
        plan, _ = s3.small()
        out = store.generate(plan, data, tmp_path / f"{number}", workers=1 + number, progress=False).out
        trees.append(making.tree(out))
    assert trees[0] == trees[1]


def test_a_source_that_does_not_answer_stops_the_run_and_a_picture_that_is_gone_does_not(cloud, local):
    cloud.put(local["folder"] / "train", "photos")
    data = sources.load(f"s3://{s3.BUCKET}/photos")
    cloud.files.rm_file(f"{s3.BUCKET}/photos/3/k003-1.png")
    made = store.build(data, OUT, max_bad="1", progress=False)
    assert made.bad == 1 and made.pictures == 11
    cloud.refuse = lambda method, path: (500, "InternalError") if "k004" in path else None
    with pytest.raises(AugkitError, match=r"photos/4/k004.*cannot be reached") as caught:
        store.build(data, f"{OUT}-2", max_bad="50%", progress=False)
    assert caught.value.exit_code == 3


@pytest.mark.parametrize("name", store.FORMATS)
def test_a_data_set_in_a_bucket_is_read_as_a_source(cloud, local, name):
    cloud.put(local[name], "made")
    here, there = sources.load(local[name]), sources.load(f"s3://{s3.BUCKET}/made")
    for split in here:
        assert here[split]["key"][:] == there[split]["key"][:]
        for one, other in zip(here[split], there[split], strict=True):
            data = one["image"]["bytes"] or Path(one["image"]["path"]).read_bytes()
            assert other["image"]["bytes"] == data and one["label"] == other["label"]


@pytest.mark.parametrize(("name", "suffix"), [("parquet", "parquet"), ("webdataset", "tar")])
def test_parquet_files_and_archives_are_read_in_a_bucket(cloud, local, name, suffix):
    cloud.put(local[name] / "data", "data")
    here = sources.load(f"{name}:{local[name] / 'data'}")
    there = sources.load(f"{name}:s3://{s3.BUCKET}/data")
    assert list(here) == list(there) and here["train"]["key"][:] == there["train"]["key"][:]
    assert here["train"][5]["image"]["bytes"] == there["train"][5]["image"]["bytes"]
    file = next(path for path in cloud.held("data") if "train" in path)
    assert file.endswith(suffix)
    assert len(sources.load(f"s3://{s3.BUCKET}/data/{file}")["train"]) in range(1, 13)


def test_a_source_that_is_not_there_is_said(cloud):
    for where, said in ((f"s3://{s3.BUCKET}/none", "no such place"), ("s3://nowhere/x", "no such place")):
        with pytest.raises(AugkitError, match=said) as caught:
            sources.load(where)
        assert caught.value.exit_code == 3
    with pytest.raises(AugkitError, match="of this machine, got a URL"):
        sources.load(f"mnist:s3://{s3.BUCKET}/none")


def test_a_file_that_is_no_parquet_is_named(cloud):
    cloud.files.pipe_file(f"{s3.BUCKET}/data/a.parquet", b"PAR1, it says")
    with pytest.raises(SourceError, match="cannot be read as Parquet") as caught:
        sources.load(f"s3://{s3.BUCKET}/data/a.parquet")
    assert caught.value.where == f"s3://{s3.BUCKET}/data/a.parquet" and caught.value.fix


def test_rows_of_tables_come_from_the_cache_until_a_file_is_put_anew(cloud, local):
    cloud.put(local["parquet"] / "data", "data")
    place = f"s3://{s3.BUCKET}/data"
    first = sources.load(f"parquet:{place}")["train"]["image"][:]
    cloud.asked.clear()
    assert sources.load(f"parquet:{place}")["train"]["image"][:] == first
    whole = [line for line in cloud.asked if line.startswith("GET data/")]
    train, test = sorted(cloud.held("data"), reverse=True)[:1], sorted(cloud.held("data"))[:1]
    cloud.files.pipe_file(f"{s3.BUCKET}/data/{train[0]}", cloud.held("data")[test[0]])
    assert sources.load(f"parquet:{place}")["train"]["image"][:] != first and len(whole) <= 2

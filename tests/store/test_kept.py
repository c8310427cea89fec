"""What earlier versions of augkit made is verified, read, replayed and left alone."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from datasets import DatasetDict

from augkit import sources, store
from augkit.sources import records
from tests.store import making

KEPT = Path(__file__).parent / "kept"


@pytest.fixture
def first(tmp_path) -> Path:
    """Return a copy of a data set of version 0.1.0, whose marker is of version 1."""
    out = Path(shutil.copytree(KEPT / "0.1", tmp_path / "out"))
    (out / "test/dog").mkdir(exist_ok=True)  # git keeps no empty folder
    return out


def data() -> DatasetDict:
    """Return the source that it was made from, which its originals hold."""
    parts = {}
    for split in ("train", "test"):
        paths = sorted((KEPT / "0.1" / split).glob("*/*-0.png"), key=lambda path: path.name)
        labels = [("cat", "dog").index(path.parent.name) for path in paths]
        keys = [path.name.removesuffix("-0.png") for path in paths]
        parts[split] = records.dataset(keys, [path.read_bytes() for path in paths], labels, ("cat", "dog"))
    return DatasetDict(parts)


def test_promise_34_an_old_data_set_is_verified(first):
    found = store.verify(first)
    assert found.ok and found.pictures == 9
    (first / "train/cat/k0-1.png").write_bytes(b"")
    (first / "train/cat/new.png").write_bytes(b"")
    text = (first / "augkit.json").read_text("utf-8")
    (first / "augkit.json").write_text(text.replace('"pictures": 9', '"pictures": 8'))
    assert store.verify(first).problems == (
        "train/cat/k0-1.png: it was changed",
        "train/cat/new.png: it was added",
        "augkit.json: it was changed",
    )


def test_promise_34_an_old_data_set_is_a_source(first):
    found = sources.load(first)
    assert records.class_names(found) == ("cat", "dog")
    assert records.keys(found["train"])[:2] == ["k0", "k0#1"] and len(found["test"]) == 1


def test_promise_34_an_old_data_set_is_replayed(first):
    assert store.replay(first, 1).text().startswith("train/cat/k0-1.png: copy 1 of 'k0', made again")


def test_promise_34_the_request_that_made_it_finds_it_made_and_another_may_overwrite_it(first):
    plan = making.free_plan(("cat", "dog"), copies=1)
    made = store.generate(plan, data(), first, progress=False)
    assert made.done == "verified" and made.pictures == 9
    assert (
        store.generate(plan, data(), first, overwrite=True, format="parquet", progress=False).done == "made"
    )

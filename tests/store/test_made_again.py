"""A data set that holds copies is taken as it is: a policy on top, or a split, would be judged by nobody."""

from __future__ import annotations

from pathlib import Path

import pytest
from datasets import DatasetDict, concatenate_datasets

from augkit import sources, store
from augkit.errors import UsageError
from augkit.feed import Feed
from tests.store import making


@pytest.fixture(scope="module", params=["folder", "parquet", "webdataset"])
def made(request, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("made") / "out"
    store.generate(making.plan(), making.source(20, 5), out, format=request.param, progress=False)
    return out


def test_promise_16_copies_are_not_split_from_what_they_were_made_of(made, tmp_path):
    store.generate(making.plan(), making.source(20), tmp_path / "one", progress=False)
    with pytest.raises(UsageError, match="holds copies of its pictures"):
        sources.load(tmp_path / "one", split="50/50")
    store.build(making.source(20), tmp_path / "plain", progress=False)
    assert set(sources.load(tmp_path / "plain", split="50/50")) == {"train", "test"}


def test_copies_are_not_changed_once_more_under_a_task(made, tmp_path):
    data = sources.load(made)
    with pytest.raises(UsageError, match="nobody judged both together"):
        store.generate(making.plan(), data, tmp_path / "out", progress=False)
    assert not (tmp_path / "out").exists()
    with pytest.raises(UsageError, match="nobody judged both together"):
        Feed(making.plan(), data, batch_size=4)


def test_copies_are_taken_as_they_are(made, tmp_path):
    data = sources.load(made)
    assert data["train"].column_names == ["key", "image", "label", "copy"]
    assert data["test"].column_names == ["key", "image", "label"]
    assert sorted(set(data["train"]["copy"])) == [0, 1, 2]
    again = store.build(data, tmp_path / "built", progress=False)
    assert again.pictures == 20 * 3 + 5
    built = sources.load(tmp_path / "built")
    assert sorted(set(built["train"]["copy"])) == [0, 1, 2] and "copy" not in built["test"].column_names
    free = making.free_plan(making.DIGITS)
    assert Feed(free, data, batch_size=4)[0][0].shape[0] == 4
    assert store.generate(free, data, tmp_path / "free", progress=False).pictures == 20 * 3 * 2 + 5


def test_copies_can_be_joined_and_chosen_from(made):
    data = sources.load(made, limit=7)
    assert len(data["train"]) == 7
    train = data["train"].with_format(None)
    assert len(concatenate_datasets([train, train])) == 14 and isinstance(data, DatasetDict)

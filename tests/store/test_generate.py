"""What a data set on disk holds, and that it depends on plan and source alone."""

from __future__ import annotations

import json
import weakref
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from datasets import DatasetDict

from augkit import codec, sources, store
from augkit.errors import SourceError, StoreError, UsageError
from augkit.render import render
from augkit.sources import records
from augkit.store import cutting, job
from tests.store import making


@pytest.fixture(autouse=True)
def small_shards(monkeypatch):
    monkeypatch.setattr(job, "SHARD_SIZE", 4)


def manifest(out: Path) -> pd.DataFrame:
    return pd.read_parquet(out / ".augkit" / "manifest.parquet")


def test_every_source_has_its_original_and_its_copies_in_its_class(tmp_path):
    made = store.generate(making.plan(copies=3), making.source(20, 5), tmp_path / "out")
    rows = manifest(made.out)
    assert made.pictures == len(rows) == 20 * 4 + 5 and made.done == "made"
    train = rows[rows.split == "train"]
    assert all(sorted(group) == [0, 1, 2, 3] for _, group in train.groupby("source")["copy"])
    assert (rows[rows.split == "test"]["copy"] == 0).all()
    assert rows.file[1] == "train/0/k000-1.png" and rows["rotate.degrees"].notna().any()
    for row in rows.itertuples():
        assert (made.out / row.file).stat().st_size == row.bytes
        assert Path(row.file).parts[:2] == (row.split, row.label_after)


def test_pictures_are_what_the_plan_draws_and_the_manifest_says_so(tmp_path):
    plan, data = making.plan(copies=2), making.source(10)
    rows = manifest(store.generate(plan, data, tmp_path).out)
    row = rows[(rows.source == "k007") & (rows["copy"] == 2)].iloc[0]
    original = codec.decode(data["train"][7]["image"]["bytes"])
    draws = plan.draw(["k007"], np.array([7]), np.array([2]), np.array([[32, 32]]))
    assert np.array_equal(codec.decode((tmp_path / row.file).read_bytes()), render(original, draws, 0))
    assert row["shift.x"] == draws.values["shift.x"][0]


def test_originals_keep_their_bytes(tmp_path):
    data = making.source(10)
    store.generate(making.plan(), data, tmp_path)
    assert (tmp_path / "train/3/k003-0.png").read_bytes() == data["train"][3]["image"]["bytes"]


def test_promise_12_the_bytes_are_the_same_for_any_workers_shards_order_and_folder(tmp_path, monkeypatch):
    data = making.source(30, 6)
    shuffled = DatasetDict({name: part.shuffle(seed=3) for name, part in reversed(data.items())})
    shuffled = DatasetDict({name: shuffled[name] for name in data})
    wanted = making.tree(store.generate(making.plan(), data, tmp_path / "one").out)
    for workers, given in ((2, shuffled), (3, data)):
        out = store.generate(making.plan(), given, tmp_path / "deep" / f"out{workers}", workers=workers).out
        assert making.tree(out) == wanted
    monkeypatch.setattr(job, "SHARD_SIZE", 7)
    other = making.tree(store.generate(making.plan(), data, tmp_path / "seven").out)
    differing = {name for name in wanted if other[name] != wanted[name]}
    assert differing == {".augkit/plan.json", "augkit.json"}  # which name the size of a shard


def test_promise_15_a_picture_more_changes_no_other(tmp_path):
    few = making.tree(store.generate(making.plan(), making.source(20, first=3), tmp_path / "few").out)
    more = making.tree(store.generate(making.plan(), making.source(27), tmp_path / "more").out)
    pictures = [name for name in few if name.startswith("train/")]
    assert len(pictures) == 60 and all(more[name] == few[name] for name in pictures)


def test_another_seed_makes_other_copies_and_the_same_originals(tmp_path):
    one = making.tree(store.generate(making.plan(seed=1), making.source(10), tmp_path / "1").out)
    two = making.tree(store.generate(making.plan(seed=2), making.source(10), tmp_path / "2").out)
    assert one["train/0/k000-0.png"] == two["train/0/k000-0.png"]
    assert one["train/0/k000-1.png"] != two["train/0/k000-1.png"]


def test_relabelled_copies_lie_with_their_new_class(tmp_path):
    rows = manifest(store.generate(making.plan(making.RELABEL, copies=4), making.source(40), tmp_path).out)
    changed = rows[rows.label != rows.label_after]
    assert set(zip(changed.label, changed.label_after, strict=True)) == {("6", "9"), ("9", "6")}
    for row in changed.itertuples():
        assert row.file == f"train/{row.label_after}/{row.source}-was-{row.label}-{row.copy}.png"
        assert (tmp_path / row.file).exists()


def test_without_originals_only_other_splits_hold_them(tmp_path):
    rows = manifest(store.generate(making.plan(originals=False), making.source(10, 5), tmp_path).out)
    assert Counter(zip(rows.split, rows["copy"], strict=True)) == {
        ("train", 1): 10, ("train", 2): 10, ("test", 0): 5,
    }  # fmt: skip


def test_only_the_splits_asked_for_are_written(tmp_path):
    out = store.generate(making.plan(), making.source(10, 5), tmp_path / "out", splits=("train",)).out
    assert set(manifest(out).split) == {"train"} and not (out / "test").exists()
    with pytest.raises(UsageError, match="no split 'dev'"):
        store.generate(making.plan(), making.source(10), tmp_path / "x", splits=("dev",))
    with pytest.raises(UsageError, match="no split to augment"):
        store.generate(making.plan(), making.source(10, 5), tmp_path / "x", splits=("test",))


def test_a_build_holds_the_sources_and_no_policy(tmp_path):
    made = store.build(making.source(10, 5), tmp_path, workers=2)
    rows = manifest(made.out)
    assert made.pictures == 15 and (rows["copy"] == 0).all()
    assert not (tmp_path / ".augkit" / "policy.resolved.yaml").exists()


def test_generating_from_a_build_makes_what_the_source_makes(tmp_path):
    data = making.source(10)
    store.build(data, tmp_path / "built")
    again = sources.load(tmp_path / "built")
    assert records.keys(again["train"]) == records.keys(data["train"])
    direct = making.tree(store.generate(making.plan(), data, tmp_path / "direct").out)
    assert making.tree(store.generate(making.plan(), again, tmp_path / "again").out) == direct


def test_promise_17_bad_pictures_are_left_out_with_a_reason(tmp_path):
    data = with_bad(making.source(300), {5: b"", 17: making.picture(17)[:60]})
    made = store.generate(making.plan(copies=1), data, tmp_path, workers=2)
    assert made.bad == 2 and made.pictures == 298 * 2
    noted = json.loads((tmp_path / ".augkit" / "quarantine.json").read_text("utf-8"))
    assert [entry["source"] for entry in noted] == ["k005", "k017"] and "empty" in noted[0]["reason"]
    assert not {"k005", "k017"} & set(manifest(tmp_path).source)
    assert store.verify(tmp_path).ok


def test_promise_17_too_many_bad_pictures_stop_the_run(tmp_path):
    data = with_bad(making.source(20), {3: b"", 4: b"", 5: b"<html>"})
    with pytest.raises(
        StoreError, match=r"3 of 20 sources cannot be read\n  train: .k003.: the file is empty"
    ):
        store.generate(making.plan(), data, tmp_path)
    assert not (tmp_path / "augkit.json").exists()


def test_a_missing_file_is_a_bad_picture(tmp_path):
    names = [tmp_path / f"{number}.png" for number in range(20)]
    for number, path in enumerate(names):
        path.write_bytes(making.picture(number))
    part = records.dataset(
        [path.stem for path in names],
        [str(path) for path in names],
        [n % 10 for n in range(20)],
        making.DIGITS,
    )
    names[4].unlink()
    made = store.build(DatasetDict(train=part), tmp_path / "out")
    assert made.bad == 1
    assert "No such file" in (made.out / ".augkit" / "quarantine.json").read_text("utf-8")


def test_sources_with_one_key_twice_are_refused(tmp_path):
    part = records.dataset(["a", "a"], [making.picture(0)] * 2, [0, 1], making.DIGITS)
    with pytest.raises(SourceError, match="the key 'a'"):
        store.build(DatasetDict(train=part), tmp_path)


def test_sources_of_one_file_name_are_told_apart(tmp_path):
    keys = ["x/a.png", "y/a.jpg", "y/A.png", "b.png"]
    part = records.dataset(keys, [making.picture(n) for n in range(4)], [0, 0, 0, 0], making.DIGITS)
    store.build(DatasetDict(train=part), tmp_path)
    rows = manifest(tmp_path)
    assert len(set(rows.file.str.lower())) == 4 and "train/0/b-0.png" in set(rows.file)


def test_the_card_says_loudly_that_nothing_was_judged(tmp_path):
    store.generate(making.free_plan(making.DIGITS), making.source(10), tmp_path / "none")
    store.generate(making.plan(), making.source(10), tmp_path / "digits")
    assert "task `none`" in (tmp_path / "none" / "README.md").read_text("utf-8")
    said = (tmp_path / "digits" / "README.md").read_text("utf-8")
    assert "task `none`" not in said and "safe for the task digits" in said


def test_what_is_saved_makes_the_same_plan_again(tmp_path):
    plan = making.plan()
    store.generate(plan, making.source(10), tmp_path)
    text = (tmp_path / ".augkit" / "policy.resolved.yaml").read_text("utf-8")
    again = making.plan(text, task=str(tmp_path / ".augkit" / "task.yaml"))
    assert again.describe() == plan.describe()
    assert json.loads((tmp_path / ".augkit" / "plan.json").read_text("utf-8"))["digest"] == plan.digest


def test_promise_26_shards_are_fetched_one_at_a_time():
    shards = cutting.Sources(making.source(40), ["train"], 4).shards(skip={0, 1})
    assert next(shards).number == 2 and next(shards).keys[0] == "k012"


def test_promise_26_no_more_shards_are_held_than_are_worked_on(tmp_path, monkeypatch):
    monkeypatch.setattr(job, "SHARD_SIZE", 2)
    made, most, real = [], [], cutting.Sources._shard

    def counted(*given: object) -> job.Shard:
        made.append(weakref.ref(shard := real(*given)))
        most.append(sum(held() is not None for held in made))
        return shard

    monkeypatch.setattr(cutting.Sources, "_shard", counted)
    store.generate(making.plan(copies=1), making.source(40), tmp_path / "out", progress=False)
    assert len(made) >= 20 and max(most) <= 3


def with_bad(data: DatasetDict, bad: dict[int, bytes]) -> DatasetDict:
    part = data["train"]
    images = [bad.get(row, part[row]["image"]["bytes"]) for row in range(len(part))]
    return DatasetDict(
        train=records.dataset(records.keys(part), images, records.labels(part).tolist(), making.DIGITS)
    )


@pytest.mark.parametrize("how", [{"engine": "foo"}, {"workers": 0}, {"engine": "raj:auto"}])
def test_a_request_that_no_engine_takes_leaves_no_folder(tmp_path, how):
    with pytest.raises(UsageError, match="want"):
        store.generate(making.plan(), making.source(4), tmp_path / "out", progress=False, **how)
    with pytest.raises(UsageError, match="want"):
        store.build(making.source(4), tmp_path / "out", progress=False, **how)
    assert not (tmp_path / "out").exists()

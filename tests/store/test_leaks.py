"""Pictures that stand in several splits of a source are told of, wherever a data set is sealed."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
from datasets import DatasetDict, concatenate_datasets

from augkit import store
from augkit.sources import records
from augkit.store import job, leaks
from tests.store import making


def leaking() -> DatasetDict:
    """Make a source whose k003 stands in three splits, k007 in two with two labels, k009 twice in one."""
    data = making.source(24, 6)

    def more(*named: tuple[str, int, int]) -> object:
        keys, numbers, labels = zip(*named, strict=True)
        return records.dataset(
            list(keys), [making.picture(each) for each in numbers], list(labels), making.DIGITS
        )

    train = concatenate_datasets([data["train"], more(("again", 9, 9))])
    test = concatenate_datasets([data["test"], more(("three", 3, 3), ("seven", 7, 1))])
    return DatasetDict(train=train, validation=more(("third", 3, 3), ("own", 700, 0)), test=test)


WANTED = [
    (3, [("train", "k003", "3"), ("validation", "third", "3"), ("test", "three", "3")]),
    (7, [("train", "k007", "7"), ("test", "seven", "1")]),
]


def noted(out: Path) -> list[tuple[str, list[tuple[str, ...]]]]:
    said = json.loads((out / ".augkit/leaks.json").read_text("utf-8"))
    return [(each["sha256"], [tuple(row.values()) for row in each["found"]]) for each in said]


@pytest.mark.parametrize("format", ["folder", "parquet"])
def test_promise_16_what_stands_in_two_splits_is_told_and_named(tmp_path, monkeypatch, format):
    monkeypatch.setattr(job, "SHARD_SIZE", 4)
    out = tmp_path / "out"
    made = store.generate(making.plan(), leaking(), out, format=format, progress=False)
    assert made.leaks == 2 and made.text().endswith(
        "2 pictures stand in more than one split (see .augkit/leaks.json)"
    )
    assert made.canonical()["leaks"] == 2
    assert noted(out) == [
        (hashlib.sha256(making.picture(number)).hexdigest(), places) for number, places in WANTED
    ]
    assert "**2 pictures stand in more than one split**" in (out / "README.md").read_text("utf-8")
    assert store.verify(out).ok and leaks.read(out) == leaks.found(out)
    assert store.generate(making.plan(), leaking(), out, format=format, progress=False).done == "verified"
    (out / ".augkit/leaks.json").write_bytes(b"[]")
    assert any("leaks.json" in problem for problem in store.verify(out).problems)


def test_promise_16_parts_that_are_merged_tell_it_too(tmp_path, monkeypatch):
    monkeypatch.setattr(job, "SHARD_SIZE", 4)
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    store.generate(making.plan(), leaking(), whole, progress=False)
    for number in (1, 2):
        store.generate(making.plan(), leaking(), parts, part=store.part_of(f"{number}/2"), progress=False)
    assert store.merge(parts).leaks == 2 and making.tree(parts) == making.tree(whole)


def test_promise_16_nothing_is_said_of_splits_that_share_nothing(tmp_path):
    made = store.build(making.source(20, 5), tmp_path / "out", progress=False)
    assert (
        made.leaks == 0 and "split" not in made.text() and not (tmp_path / "out/.augkit/leaks.json").exists()
    )


def test_one_split_alone_has_no_leaks(tmp_path):
    made = store.generate(making.plan(), leaking(), tmp_path / "out", splits=["train"], progress=False)
    assert made.leaks == 0


def test_hashes_that_begin_alike_are_no_leak(tmp_path, monkeypatch):
    monkeypatch.setattr(leaks, "_numbers", lambda column: np.zeros(len(column), np.uint64))
    assert store.build(making.source(20, 5), tmp_path / "out", progress=False).leaks == 0
    assert store.build(leaking(), tmp_path / "leaking", progress=False).leaks == 2


def test_the_first_digits_of_hashes_are_read_as_numbers():
    import pyarrow as pa

    digests = [hashlib.sha256(bytes([number])).hexdigest() for number in range(100)]
    wanted = [int(digest[:16], 16) for digest in digests]
    assert leaks._numbers(pa.array(digests)).tolist() == wanted

"""Splits are by seed and key alone."""

from __future__ import annotations

import numpy as np
import pytest
from datasets import DatasetDict

from augkit.errors import SourceError, UsageError
from augkit.sources import records, split


def source(count: int = 60, classes: int = 3, *, reverse: bool = False, extra: int = 0) -> DatasetDict:
    rows = [(f"k{number:03d}", number % classes) for number in range(count)]
    rows += [(f"new{number}", number % classes) for number in range(extra)]
    rows = rows[::-1] if reverse else rows
    names = [f"c{number}" for number in range(classes)]
    part = records.dataset([key for key, _ in rows], [b"x"] * len(rows), [label for _, label in rows], names)
    return DatasetDict(train=part)


def keys(data: DatasetDict) -> dict[str, set[str]]:
    return {name: set(records.keys(part)) for name, part in data.items()}


def test_shares_are_exact_and_splits_are_disjoint():
    data = split.divided(source(), "80/10/10")
    assert {name: len(part) for name, part in data.items()} == {"train": 48, "validation": 6, "test": 6}
    assert len(set.union(*keys(data).values())) == 60


def test_stratifying_gives_every_class_its_share():
    data = split.divided(source(), "20/80", stratify=True)
    assert np.bincount(records.labels(data["train"])).tolist() == [4, 4, 4]
    assert np.bincount(records.labels(data["test"])).tolist() == [16, 16, 16]


@pytest.mark.parametrize("stratify", [False, True])
def test_the_order_of_the_source_does_not_matter(stratify):
    given = keys(split.divided(source(), "70/30", stratify=stratify))
    assert given == keys(split.divided(source(reverse=True), "70/30", stratify=stratify))


def test_another_seed_splits_otherwise():
    assert keys(split.divided(source(), "50/50", seed=1)) != keys(split.divided(source(), "50/50", seed=2))


def test_promise_15_one_picture_more_moves_at_most_one_other():
    before = keys(split.divided(source(), "50/50"))
    after = keys(split.divided(source(extra=1), "50/50"))
    moved = {key for name in before for key in before[name] if key not in after[name]}
    assert len(moved) <= 1


def test_a_limit_is_spread_evenly_over_the_classes():
    kept = split.limited(source(), 7)["train"]
    assert sorted(np.bincount(records.labels(kept)).tolist()) == [2, 2, 3]
    assert len(split.limited(source(), 1000)["train"]) == 60


@pytest.mark.parametrize("text", ["50", "50/60", "a/b", "0/100", "25/25/25/25", "nan/1"])
def test_shares_that_make_no_sense_are_refused(text):
    with pytest.raises(UsageError):
        split.divided(source(), text)


def test_a_split_source_is_not_split_again():
    with pytest.raises(UsageError, match="split already"):
        split.divided(split.divided(source(), "50/50"), "50/50")


def test_a_split_without_pictures_is_refused():
    with pytest.raises(SourceError, match=r"leaves nothing for test: only 3 pictures$"):
        split.divided(source(3), "99/1")
    with pytest.raises(SourceError, match="only 1 pictures that differ"):
        split.divided(source(30), "50/50", groups=np.zeros(30, np.int64))


def test_groups_of_one_change_nothing():
    for seed in range(3):
        alone = split.divided(source(), "80/10/10", seed=seed, stratify=True)
        grouped = split.divided(
            source(), "80/10/10", seed=seed, stratify=True, groups=np.arange(60)[::-1] + 7
        )
        assert keys(alone) == keys(grouped)

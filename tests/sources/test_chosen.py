"""Some classes of a source, in the order that was asked for."""

from __future__ import annotations

import pytest
from datasets import DatasetDict

from augkit import sources
from augkit.errors import UsageError
from augkit.sources import chosen, records

NAMES = ["cat", "dog", "great white shark, white shark", "a", "b"]


def source():
    part = records.dataset(
        [f"k{number}" for number in range(10)],
        [f"/{number}.png" for number in range(10)],
        [number % 5 for number in range(10)],
        NAMES,
    )
    only_cats = records.dataset(["k0"], ["/0.png"], [0], NAMES)
    return DatasetDict(train=part, test=only_cats)


def rows(part):
    names = part.features["label"].names
    return [(row["key"], row["image"]["path"], names[row["label"]]) for row in part]


def test_classes_are_numbered_in_the_order_they_are_named():
    data = chosen.classes(source(), ["dog,cat"])
    assert records.class_names(data) == ("dog", "cat")
    assert rows(data["train"]) == [
        ("k0", "/0.png", "cat"),
        ("k1", "/1.png", "dog"),
        ("k5", "/5.png", "cat"),
        ("k6", "/6.png", "dog"),
    ]
    assert records.labels(data["train"]).tolist() == [1, 0, 1, 0]


def test_a_name_with_a_comma_is_one_name_when_given_by_itself():
    data = chosen.classes(source(), ["great white shark, white shark", "a, b"])
    assert records.class_names(data) == ("great white shark, white shark", "a", "b")


def test_a_split_without_any_of_them_is_left_out():
    assert list(chosen.classes(source(), ["dog"])) == ["train"]
    assert list(chosen.classes(source(), ["cat"])) == ["train", "test"]


@pytest.mark.parametrize(
    ("wanted", "told"),
    [
        (["dgo"], "no class 'dgo'\n  fix: did you mean dog"),
        (["zebra"], "its 5 classes are cat, dog"),
        (["dog,cat", "dog"], "named twice"),
        ([" , "], "no class is named"),
    ],
)
def test_names_that_make_no_sense_are_refused(wanted, told):
    with pytest.raises(UsageError, match=told):
        chosen.classes(source(), wanted)


def test_digits_may_be_chosen_against_their_order_and_the_limit_is_theirs():
    data = sources.load("optdigits", classes=["9,6"], limit=20)
    assert records.class_names(data) == ("9", "6") and len(data["train"]) == 20
    assert sorted(records.labels(data["train"]).tolist()) == [0] * 10 + [1] * 10
    assert sources.found(data) == "Found 20 files belonging to 2 classes."

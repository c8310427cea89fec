"""How many copies each class gets: the same for all, others for some, or so many that classes are even."""

from __future__ import annotations

import tracemalloc
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from datasets import DatasetDict

from augkit import store
from augkit.errors import UsageError
from augkit.plan import Plan
from augkit.sources import records
from augkit.store import together
from augkit.store.copies import of_each
from tests.store import making

NAMES = ("a", "b", "c,d", "e=f")


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ((), 4),
        (["3"], 3),
        (["a=8"], {"a": 8, "b": 4, "c,d": 4, "e=f": 4}),
        (["2,a=8, b = 0"], {"a": 8, "b": 0, "c,d": 2, "e=f": 2}),
        (["1", "c,d=5", "e=f=6,a=2"], {"a": 2, "b": 1, "c,d": 5, "e=f": 6}),
    ],
)
def test_numbers_are_read_as_they_are_written(given, wanted):
    assert store.copies_of(given, NAMES) == wanted


@pytest.mark.parametrize("given", ["x", "-1", "a=", "a=b", "aa=3", "1.5", "", "²"])
def test_what_is_no_number_of_a_class_is_refused(given):
    with pytest.raises(UsageError):
        store.copies_of([given], NAMES)


def uneven(counts: dict[str, int], first: int = 0) -> DatasetDict:
    """Make a source with so many pictures of each class."""
    labels = [label for label, count in enumerate(counts.values()) for _ in range(count)]
    images = [making.picture(first + number) for number in range(len(labels))]
    keys = [f"k{first + number:03d}" for number in range(len(labels))]
    return DatasetDict(train=records.dataset(keys, images, labels, tuple(counts)))


def made(out: Path, counts: dict[str, int], **how: object) -> pd.DataFrame:
    free = making.free_plan(tuple(counts))
    plan = Plan(free.safe, free.classes, **{"copies": 2, **how})
    store.generate(plan, uneven(counts), out, progress=False)
    return pd.read_parquet(out / ".augkit" / "manifest.parquet")


def test_each_class_gets_its_own_number_and_copies_are_those_of_any_other_run(tmp_path):
    counts = {"a": 3, "b": 4}
    rows = made(tmp_path / "own", counts, copies={"a": 5, "b": 0})
    assert Counter(rows.label) == {"a": 3 * 6, "b": 4}
    even = made(tmp_path / "even", counts, copies=5)
    both = rows.merge(even, on="file", suffixes=("", "_even"))
    assert len(both) == len(rows) and (both.sha256 == both.sha256_even).all()


@pytest.mark.parametrize("originals", [True, False])
def test_balanced_classes_have_as_many_pictures_each(tmp_path, originals):
    counts = {"a": 9, "b": 4, "c": 1}
    rows = made(tmp_path / "out", counts, balance=True, keep_originals=originals)
    assert Counter(rows.label) == dict.fromkeys(counts, 27 if originals else 18)
    of_b = rows[(rows.label == "b") & (rows["copy"] > 0)].groupby("source").size()
    assert of_b.max() - of_b.min() <= 1
    card = (tmp_path / "out" / "README.md").read_text("utf-8")
    assert "more of smaller classes" in card


def test_only_what_is_left_over_goes_by_the_hash_of_the_key():
    plan = Plan(making.free_plan(("a", "b")).safe, ("a", "b"), copies=3, balance=True)
    labels = np.array([0] * 10 + [1] * 7)
    keys = [f"k{number}" for number in range(17)]
    copies = of_each(plan, labels, keys)
    assert (copies[:10] == 3).all() and copies[10:].sum() == 40 - 7 and set(copies[10:]) == {4, 5}
    again = of_each(plan, labels[::-1], keys[::-1])
    assert dict(zip(keys, copies, strict=True)) == dict(zip(keys[::-1], again, strict=True))
    assert copies[10:].tolist() != sorted(copies[10:], reverse=True)  # not the first ones in order


def test_a_plan_says_what_it_gives_and_refuses_what_makes_no_sense():
    safe = making.free_plan(("a", "b")).safe
    assert Plan(safe, ("a", "b"), copies=4).describe()["copies"] == 4
    assert Plan(safe, ("a", "b"), copies={"a": 1, "b": 2}).describe()["copies"] == {"a": 1, "b": 2}
    digests = {Plan(safe, ("a", "b"), copies=2, balance=even).digest for even in (True, False)} | {
        Plan(safe, ("a", "b"), copies={"a": 2, "b": 2}).digest
    }
    assert len(digests) == 3
    for wrong in (
        {"copies": {"a": 1}},
        {"copies": {"a": 1, "b": -1}},
        {"copies": {"a": 0, "b": 0}, "keep_originals": False},
        {"copies": {"a": 1, "b": 1}, "balance": True},
        {"copies": -1},
    ):
        with pytest.raises(UsageError):
            Plan(safe, ("a", "b"), **wrong)


def test_promise_12_balanced_classes_come_out_the_same_with_two_workers(tmp_path):
    counts = {"a": 300, "b": 5}
    free = making.free_plan(tuple(counts))
    plan = Plan(free.safe, free.classes, copies=1, balance=True)
    trees = []
    for workers in (1, 2):
        out = tmp_path / str(workers)
        store.generate(plan, uneven(counts), out, workers=workers, format="parquet", progress=False)
        trees.append(making.tree(out))
    assert trees[0] == trees[1]


MANY = """
version: 1
task: none
steps:
  - shift: {x: [-0.1, 0.1], p: 0.5}
  - rotate: {degrees: [-30, 30], p: 0.7}
  - gamma: {exponent: [0.7, 1.4], p: 0.5}
  - zoom: {factor: [0.8, 1.2], p: 0.5}
  - contrast: {gain: [0.8, 1.2], p: 0.5}
"""
FRAMED = MANY + "  - pad: {share: 0.2}\n"


@pytest.mark.parametrize(("channels", "image_format"), [(1, "png"), (3, "jpeg")])
@pytest.mark.parametrize("text", [MANY, FRAMED, MANY + "border: reflect\n"])
def test_promise_12_however_small_pictures_are_worked_on_together_they_are_the_same(
    tmp_path, monkeypatch, channels, text, image_format
):
    plan, data = making.plan(text, copies=9), making.source(7, channels=channels)
    trees = []
    for piece in (1, 20_000, 10**9):
        monkeypatch.setattr(together, "_PIECE", piece)
        out = tmp_path / str(piece)
        store.generate(plan, data, out, image_format=image_format, progress=False)
        trees.append(making.tree(out))
    assert trees[0] == trees[1] == trees[2]


def test_promise_26_copies_of_small_pictures_are_not_all_held_at_once(monkeypatch):
    pieces, real = [], together.render_batch

    def counted(pictures, draws):
        pieces.append(pictures.nbytes)
        return real(pictures, draws)

    monkeypatch.setattr(together, "render_batch", counted)
    plan, count = making.free_plan(("a",)), 20_000
    words, zeros = np.arange(count, dtype=np.uint64), np.zeros(count, np.int64)
    draws = plan.draw(words, zeros, zeros, np.full((count, 2), 28))
    sources = np.zeros((1, 28, 28, 1), np.uint8)
    made = together.Together(sources, zeros, np.arange(count), draws, "png")
    draws.groups  # noqa: B018 - compiled once, whatever is rendered
    tracemalloc.start()
    assert all(made.get(number) is not None for number in range(count))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert sum(pieces) == count * 28 * 28 and max(pieces) <= 4_000_000
    assert peak < 35e6  # 20 MB; all at once 67

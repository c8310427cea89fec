"""What was made: wrong labels, and pictures that are there twice."""

from __future__ import annotations

from pathlib import Path

import pytest
from datasets import DatasetDict

from augkit import policy, safety, store, tasks
from augkit.audit import made
from augkit.plan import Plan
from tests.audit.glyphs import Learner, data, glyphs


def generated(out: Path, source: DatasetDict, classes: tuple[str, ...]) -> Path:
    text = "version: 1\ntask: none\nsteps: [flip_horizontal: {p: 0.5}]\n"
    judged = safety.judge(policy.parse(text), tasks.load("none"))
    store.generate(Plan(judged.safe_policy(), classes, 0, 1), source, out)
    return out


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> made.Made:
    folder = tmp_path_factory.mktemp("made")
    pictures, labels, classes = glyphs(40)
    whole = data(pictures, labels, classes)["train"]
    rows = list(range(len(whole)))
    both = DatasetDict({"train": whole.select(rows[::2]), "test": whole.select([*rows[1::2], 0])})
    out = generated(folder / "out", both, classes)
    assert made.is_made(str(out))
    return made.audit(str(out), folder / "audit", folds=2, train=Learner())


def test_mirrored_letters_that_kept_their_labels_are_disputed(found: made.Made) -> None:
    mirrored = [one for one in found.disputed if one.copy == 1]
    assert len(mirrored) > 10
    assert {(one.label_after, one.reads) for one in found.disputed} == {("L", "J"), ("J", "L")}
    assert sum(one.drawn == {"flip_horizontal": 1.0} for one in mirrored) > 10
    assert found.disputed == tuple(sorted(found.disputed, key=lambda one: (not one.both, -one.probability)))


def test_promise_16_a_source_that_stands_in_two_splits_is_a_leak(found: made.Made) -> None:
    (leak,) = [two for two in found.twice if two.leaks]
    assert leak.splits == ("test", "train")
    assert not found.ok
    assert "in test and train" in found.text()


def test_what_was_built_without_copies_is_a_source_like_any_other(tmp_path: Path) -> None:
    store.build(data(*glyphs(20)), tmp_path / "built")
    assert not made.is_made(str(tmp_path / "built"))
    assert not made.is_made("mnist-sample")

"""The card and the contact sheet of a data set say what is in it, in the order of its classes."""

from __future__ import annotations

import numpy as np
import pytest
from datasets import DatasetDict

from augkit import codec, store
from augkit.sources import records
from augkit.store import card
from tests.store import making


@pytest.fixture
def rows(monkeypatch):
    """Keep the rows that the sheet is drawn from."""
    kept = []

    def instead(sheet, **words):
        kept.append((list(sheet), words))
        return np.zeros((1, 1, 3), np.uint8)

    monkeypatch.setattr(card, "contact_sheet", instead)
    return kept


def backwards(classes=making.DIGITS, each=3):
    """Make a source whose keys stand in the opposite order of its classes."""
    labels = [label for label in range(len(classes)) for _ in range(each)]
    keys = [f"k{len(labels) - number:05d}" for number in range(len(labels))]
    images = [making.picture(number) for number in range(len(labels))]
    return DatasetDict(train=records.dataset(keys, images, labels, classes))


def test_the_sheet_shows_the_classes_in_order_each_by_its_first_source(tmp_path, rows):
    store.generate(making.plan(copies=6), backwards(), tmp_path)
    ((sheet, words),) = rows
    assert [row.title for row in sheet] == list(making.DIGITS) and words[
        "title"
    ] == "30 originals, 180 copies"
    assert "safe for the task digits" in words["note"]
    for row in sheet:
        assert len(row.cells) == 7 and row.cells[0].caption == "original" and row.cells[0].tone == "first"
        assert all(cell.caption.startswith("shift x ") for cell in row.cells[1:])
    first = codec.decode((tmp_path / "train" / "3" / "k00019-0.png").read_bytes())
    assert np.array_equal(sheet[3].cells[0].picture, first)


@pytest.mark.parametrize(("copies", "shown"), [(1, 8), (2, 9), (4, 5), (20, 9)])
def test_the_sheet_shows_whole_sources_up_to_nine_pictures(tmp_path, rows, copies, shown):
    store.generate(making.plan(copies=copies), making.source(40), tmp_path)
    assert {len(row.cells) for row in rows[0][0]} == {shown}


def test_the_sheet_of_a_build_shows_several_of_each_class(tmp_path, rows):
    store.build(making.source(60), tmp_path)
    ((sheet, words),) = rows
    assert {len(row.cells) for row in sheet} == {6} and words == {"title": "60 pictures", "note": ""}
    assert {cell.caption for row in sheet for cell in row.cells} == {""}


def test_of_many_classes_ten_are_shown_spread_evenly(tmp_path, rows):
    classes = tuple(f"c{number:03d}" for number in range(43))
    store.build(backwards(classes, each=1), tmp_path)
    assert [row.title for row in rows[0][0]] == list(classes[::5])


def test_captions_say_what_was_drawn_and_leave_out_what_was_not(tmp_path, rows):
    steps = "[{rotate: {degrees: [10, 10], p: 0.5}}, {zoom: {factor: [1.1, 1.1]}}]"
    policy = f"{{version: 1, task: digits, steps: {steps}}}"
    store.generate(making.plan(policy, copies=4), making.source(10), tmp_path)
    said = {cell.caption for row in rows[0][0] for cell in row.cells[1:]}
    assert said == {"zoom 1.1", "rotate 10°\nzoom 1.1"}


def test_the_card_counts_pictures_by_class_and_split_and_names_folders_that_differ(tmp_path):
    classes = ("dog", "cat | tom", "<b>")
    labels = [0, 0, 0, 1, 1, 2]
    images = [making.picture(number) for number in range(6)]
    part = records.dataset([f"k{number}" for number in range(6)], images, labels, classes)
    store.build(DatasetDict(train=part, test=part.select([0, 3])), tmp_path)
    said = (tmp_path / "README.md").read_text("utf-8")
    assert "| class | folder | train | test |\n|---|---|---:|---:|\n| dog | 0 | 3 | 1 |\n" in said
    assert "| cat \\| tom | 1 | 2 | 1 |\n| &lt;b&gt; | 2 | 1 | 0 |\n" in said
    assert "8 pictures of 3 classes, not augmented" in said


def test_a_waiver_is_told_with_its_reason(tmp_path):
    policy = """
version: 1
task: digits
steps: [{rotate: {degrees: [-30, 30]}}]
allow: {LS102: the camera *hangs* askew}
"""
    store.generate(making.plan(policy), making.source(10), tmp_path)
    said = (tmp_path / "README.md").read_text("utf-8")
    assert "- allowed: LS102 " in said and "because: the camera \\*hangs\\* askew" in said


def test_nobody_promises_labels_under_the_task_none(tmp_path):
    store.generate(making.free_plan(making.DIGITS), making.source(10), tmp_path)
    said = (tmp_path / "README.md").read_text("utf-8")
    assert said.index("**Made under the task `none`: nobody promises") < said.index("| class |")
    assert "not judged (task none)" in said

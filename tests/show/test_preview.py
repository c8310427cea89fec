"""Previews show what `generate` will make, and what a policy is refused for."""

from __future__ import annotations

import numpy as np
import pytest
from datasets import DatasetDict

from augkit import codec, policy, safety, tasks
from augkit.draw import draw
from augkit.errors import SourceError, UsageError
from augkit.plan import Plan
from augkit.render import render
from augkit.safety import drawn_in_words
from augkit.show import preview
from augkit.sources import records
from tests.store import making

HALF_TURN = "{version: 1, task: digits, steps: [{rotate: {degrees: [180, 180], p: 0.5}}]}"


def judged(text, task=""):
    read = policy.parse(text)
    return safety.judge(read, tasks.load(task or read.task), classes=making.DIGITS)


def test_a_preview_shows_the_copies_that_generate_makes():
    data, verdict = making.source(20), judged(making.SAFE)
    rows = preview.copies(verdict, data, 3, 4, 7).rows
    plan = Plan(verdict.safe_policy(), making.DIGITS, seed=7)
    assert [row.title for row in rows] == ["0", "1", "2"]
    for row in rows:
        key = row.cells[0].caption
        original = making.picture(int(key[1:]))
        assert np.array_equal(row.cells[0].picture, codec.decode(original)) and row.cells[0].tone == "first"
        label = int(row.title)
        drawn = plan.draw([key] * 4, np.full(4, label), np.arange(1, 5), np.full((4, 2), 32))
        for number, cell in enumerate(row.cells[1:]):
            assert np.array_equal(cell.picture, render(codec.decode(original), drawn, number))
            assert (cell.tone, cell.word) == ("plain", "safe") and "shift x" in cell.caption


def test_the_classes_take_turns_and_the_seed_chooses():
    data = making.source(60)
    rows = preview.copies(judged(making.SAFE), data, 12, 1, 0).rows
    first = [row.cells[0].caption for row in rows]
    assert [row.title for row in rows] == [*making.DIGITS, "0", "1"] and len(set(first)) == 12
    rows = preview.copies(judged(making.SAFE), data, 12, 1, 1).rows
    assert [row.cells[0].caption for row in rows] != first


def test_what_a_class_does_not_survive_is_framed_in_alarm():
    gallery = preview.copies(judged(HALF_TURN), making.source(10), 10, 6, 0)
    rows, six = gallery.rows, gallery.rows[6]
    assert gallery.word == "unsafe" and six.title == "6"
    tones = {cell.caption: (cell.tone, cell.word) for cell in six.cells[1:]}
    assert tones == {"rotate 180°": ("alarm", "unsafe"), "nothing drawn": ("plain", "safe")}
    assert {cell.tone for cell in rows[0].cells[1:]} == {"plain"}  # a 0 survives it


def test_nobody_calls_a_picture_safe_for_the_task_none():
    rows = preview.copies(judged(HALF_TURN, "none"), making.source(10), 10, 6, 0).rows
    assert {(cell.tone, cell.word) for row in rows for cell in row.cells[1:]} == {("plain", "")}


def test_relabelled_copies_say_what_they_become():
    rows = preview.copies(judged(making.RELABEL), making.source(10), 10, 6, 0).rows
    others = [cell for cell in rows[6].cells[1:] if cell.tone == "other"]
    assert others and all(cell.word == "→ 9" for cell in others)


def test_dropped_draws_say_so():
    dropping = judged(HALF_TURN.replace("steps", "on_unsafe: drop, steps"))
    rows = preview.copies(dropping, making.source(10), 10, 6, 0).rows
    assert {cell.word for cell in rows[6].cells[1:]} == {"dropped", "safe"}


def test_pictures_that_cannot_be_read_are_passed_over():
    images = [b"", b"<html>", making.picture(2), making.picture(3)[:50]]
    data = DatasetDict(train=records.dataset(list("abcd"), images, [0, 1, 2, 3], making.DIGITS))
    rows = preview.copies(judged(making.SAFE), data, 6, 1, 0).rows
    assert [row.cells[0].caption for row in rows] == ["c"]
    with pytest.raises(SourceError, match="none of the pictures can be read"):
        preview.copies(judged(making.SAFE), DatasetDict(train=data["train"].select([0, 1])), 6, 1, 0)


def test_witnesses_show_each_finding_before_and_after():
    verdict = judged(HALF_TURN)
    gallery = preview.witnesses(verdict, making.source(20))
    assert [row.title for row in gallery.rows] == [finding.code for finding in verdict.findings]
    zone = next(row for row in gallery.rows if row.title == "LS401")
    before, after = zone.cells[:2]
    assert before.caption == "6" and after.word == "now reads 9" and after.tone == "alarm"
    assert after.caption == "rotate 180°" and "Fix: write on_unsafe: relabel" in zone.note
    assert np.array_equal(after.picture, before.picture[::-1, ::-1])
    assert gallery.title.startswith("Why ") and "unsafe" in gallery.note


def test_a_safe_policy_has_no_witnesses():
    with pytest.raises(UsageError, match=r"nothing in .* is unsafe"):
        preview.witnesses(judged(making.SAFE), making.source(10))


@pytest.mark.parametrize(
    ("step", "said"),
    [
        ("white_balance: {kelvin: [7684, 7684]}", "white_balance 7684"),
        ("pca_colour: {sigma: [0.2, 0.2]}", "pca_colour 0.2"),
        ("noise: {sigma: [0.05, 0.05]}", "noise 0.05"),
        ("rotate: {degrees: [17.256, 17.256]}", "rotate 17.3°"),
        ("shift: {x: [0.00001, 0.00001], y: [0.1, 0.1]}", "shift x 0 y 0.1"),
        ("downscale: {to: [1234, 1234]}", "downscale 1234"),
    ],
)
def test_drawn_values_are_said_as_people_write_them(step, said):
    made = policy.parse(f"version: 1\ntask: none\nsteps: [{{{step}}}]\n", "said.yaml")
    drawn = draw(made, ["a"], np.ones(1), seed=0, aspects=np.ones(1))
    assert drawn_in_words(drawn) == said

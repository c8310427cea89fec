"""What `on_unsafe` does to draws that a class does not survive, all the way into files, manifest and card."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from augkit import codec, store
from augkit.errors import UnsafePolicyError
from tests.store import making

TURNS = "{version: 1, task: digits, on_unsafe: MODE, steps: [{rotate: {degrees: [-180, 180]}}]}"


def made(out: Path, mode: str, *, sources: int = 40, copies: int = 6, originals: bool = True) -> pd.DataFrame:
    plan = making.plan(TURNS.replace("MODE", mode), copies=copies, originals=originals)
    store.generate(plan, making.source(sources), out, progress=False)
    assert store.verify(out).ok
    return pd.read_parquet(out / ".augkit" / "manifest.parquet")


def turn_of(rows: pd.DataFrame, label: str) -> np.ndarray:
    return rows[(rows.label == label) & (rows["copy"] > 0)]["rotate.degrees"].to_numpy()


def test_refuse_makes_no_plan():
    with pytest.raises(UnsafePolicyError, match="LS102"):
        making.plan(TURNS.replace("MODE", "refuse"))


def test_redraw_gives_every_class_what_it_survives(tmp_path):
    rows = made(tmp_path, "redraw")
    assert len(rows) == 40 * 7 and (rows.label == rows.label_after).all()
    assert abs(turn_of(rows, "6")).max() <= 20 < abs(turn_of(rows, "0")).max()
    assert "| 6 |" in (tmp_path / "README.md").read_text("utf-8")


def test_clip_shortens_what_a_class_does_not_survive(tmp_path):
    rows = made(tmp_path, "clip")
    assert len(rows) == 40 * 7 and abs(turn_of(rows, "6")).max() <= 20.01 < abs(turn_of(rows, "0")).max()


def test_drop_leaves_gaps_and_counts_them(tmp_path):
    rows = made(tmp_path, "drop")
    assert abs(turn_of(rows, "6")).max() <= 20 and set(rows["copy"]) <= set(range(7))
    missing = 40 * 7 - len(rows)
    assert missing > 50 and len(list((tmp_path / "train").glob("*/*.png"))) == len(rows)
    table = (tmp_path / "README.md").read_text("utf-8").split("| class | accepted | dropped |")[1]
    said = {
        name: int(count) for name, count in re.findall(r"^\| (\d) \| \d+% \| (\d+) of 24 \|$", table, re.M)
    }
    counted = {name: 24 - int(((rows.label == name) & (rows["copy"] > 0)).sum()) for name in making.DIGITS}
    assert said == counted and said["0"] == 0 < said["6"]


def test_relabel_moves_copies_to_the_class_they_became(tmp_path):
    rows = made(tmp_path, "relabel", copies=12)
    changed = rows[rows.label != rows.label_after]
    assert {*zip(changed.label, changed.label_after, strict=True)} == {("6", "9"), ("9", "6")}
    assert (abs(changed["rotate.degrees"]) >= 160).all()
    for row in rows.itertuples():
        assert Path(row.file).parts[1] == row.label_after and (tmp_path / row.file).exists()
    said = (tmp_path / "README.md").read_text("utf-8")
    counts = dict(re.findall(r"^\| (\d) \| (\d+) \|$", said, re.M))
    assert counts == {name: str(count) for name, count in rows.label_after.value_counts().items()}


def test_promise_2_dropped_and_relabelled_copies_come_out_the_same_with_two_workers(tmp_path):
    for mode in ("drop", "relabel"):
        plan, data = making.plan(TURNS.replace("MODE", mode)), making.source(30)
        one = store.generate(plan, data, tmp_path / f"{mode}1", progress=False).out
        two = store.generate(plan, data, tmp_path / f"{mode}2", workers=2, progress=False).out
        assert making.tree(one) == making.tree(two)


def test_a_class_may_lose_all_its_pictures(tmp_path):
    policy = "{version: 1, task: digits, on_unsafe: drop, steps: [{rotate: {degrees: [8, 25]}}]}"
    plan = making.plan(policy, copies=1, originals=False)
    made = store.generate(plan, making.source(20), tmp_path, progress=False)
    assert made.dropped and made.pictures == 20 - made.dropped and "draws dropped" in made.text()
    assert codec.decode((tmp_path / "contact-sheet.png").read_bytes()).ndim == 3


def test_promise_16_no_copy_leaves_the_split_of_its_source(tmp_path):
    plan = making.plan(making.RELABEL, copies=4)
    store.generate(plan, making.source(40, 10), tmp_path, progress=False)
    rows = pd.read_parquet(tmp_path / ".augkit" / "manifest.parquet")
    assert (rows.groupby("source").split.nunique() == 1).all()
    assert (rows.groupby("source_sha256").split.nunique() == 1).all()
    assert (rows.file.str.split("/").str[0] == rows.split).all()
    assert (rows[rows.split == "test"]["copy"] == 0).all()


def test_the_contact_sheet_shows_what_changed_its_class(tmp_path):
    from augkit.show.sheet import _EDGES

    made(tmp_path, "relabel", copies=8, sources=10)
    sheet = codec.decode((tmp_path / "contact-sheet.png").read_bytes())
    rows = pd.read_parquet(tmp_path / ".augkit" / "manifest.parquet")
    assert (sheet == _EDGES["other"]).all(axis=2).any() == (rows.label != rows.label_after).any()

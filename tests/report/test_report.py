"""A report says of a data set what is in it, in one small file in which names are text."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from datasets import DatasetDict

from augkit import codec, store
from augkit.audit import Audit
from augkit.audit.cells import Cell, Terms
from augkit.audit.proportions import Share
from augkit.audit.result import Column
from augkit.errors import StoreError, UsageError
from augkit.report import contents, report, shots
from augkit.sources import records
from augkit.store.sites import Folder
from tests.show.test_gallery import Tags
from tests.store import making

HOSTILE = "<script>alert(1)</script>"
KEPT = Path(__file__).parents[1] / "store/kept/0.1"


def text(page: str) -> str:
    """Return what a page says, without its style."""
    return " ".join(Tags(re.sub(r"<style>.*?</style>", "", page, flags=re.DOTALL)).text.split())


def rows(page: str) -> list[list[str]]:
    """Return the cells of every row of every table."""
    found = re.findall(r"<tr>(.*?)</tr>", page, re.DOTALL)
    return [[text(cell) for cell in re.findall(r"<t[hd].*?</t[hd]>", row, re.DOTALL)] for row in found]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("report") / "digits"
    store.generate(making.plan(making.RELABEL, copies=3), making.source(40, 10), out)
    return out


def test_what_is_counted_is_what_the_manifest_says(made: Path) -> None:
    table = pd.read_parquet(made / ".augkit/manifest.parquet")
    page = report(made)
    said = text(page)
    assert len(table) == 40 * 4 + 10
    for fact in ("pictures170", "originals50", "copies120", "splitstrain, test", "left out0"):
        assert fact in said
    train = table[table.split == "train"]
    for label, part in train.groupby("label_after"):
        copies = int((part["copy"] > 0).sum())
        assert [label, f"{len(part) - copies}", f"{copies}", ""] in rows(page)
    changed = train[train.label != train.label_after].groupby(["label", "label_after"]).size()
    assert len(changed)
    for (one, other), count in changed.items():
        assert f"{count} × {one} as {other}" in said


def test_where_it_comes_from_is_said_whole(made: Path) -> None:
    said, plan = text(report(made)), making.plan(making.RELABEL, copies=3)
    known = json.loads((made / ".augkit/plan.json").read_text())
    assert f"Seed {plan.seed}, plan {plan.digest[:16]}:" in said
    for name in ("policy.resolved.yaml", "task.yaml"):
        for line in (made / ".augkit" / name).read_text().splitlines():
            assert " ".join(line.split()) in said, (name, line)
    assert known["made_with"] and all(
        f"{name} {version}" in said for name, version in known["made_with"].items()
    )


def test_the_sizes_of_pictures_and_files_are_those_on_the_disk(tmp_path: Path) -> None:
    images = [codec.encode(np.zeros((h, w, 1), np.uint8), "png") for h, w in ((20, 31), (44, 28), (25, 25))]
    data = DatasetDict(train=records.dataset(list("abc"), images, [0, 1, 2], making.DIGITS))
    store.build(data, tmp_path / "out")
    said = text(report(tmp_path / "out"))
    assert "Pictures are 25 to 31 pixels wide and 20 to 44 high." in said
    assert f"size{sum(map(len, images)) / 1e6:.3g} MB" in said


def test_values_are_spread_as_numpy_spreads_them(made: Path) -> None:
    table = pd.read_parquet(made / ".augkit/manifest.parquet")
    drawn = table["rotate.degrees"].dropna()
    spread = contents.read(Folder(made), shown=shots.SHOWN).values["rotate.degrees"]
    assert (spread.low, spread.high, spread.total) == (175, 180, len(drawn))
    assert spread.bins.tolist() == np.histogram(drawn, bins=24, range=(175, 180))[0].tolist()
    assert abs(spread.middle() - drawn.median()) < 5 / 24
    assert f"drawn for {len(drawn)} copies" in text(report(made))


def test_what_a_suite_chose_is_counted_together_and_what_is_fixed_has_no_chart(tmp_path: Path) -> None:
    suite = "{version: 1, task: natural, steps: [{rand_augment: {n: 2, magnitude: 0.3}}, {grey: {p: 0.5}}]}"
    plan = making.plan(suite, ("a", "b"), copies=6)
    store.generate(plan, making.source(20, classes=("a", "b"), channels=3), tmp_path / "out")
    table = pd.read_parquet(tmp_path / "out/.augkit/manifest.parquet")
    columns = [name for name in table if re.fullmatch(r"rand_augment\.\d\.rotate(#2)?\.degrees", name)]
    times = int(table[columns].notna().sum().sum())
    page = report(tmp_path / "out")
    assert len(columns) == 4 and ["rand_augment: rotate", f"{times}", ""] in rows(page)
    assert ["grey", f"{int(table['grey'].notna().sum())}", ""] in rows(page)
    assert "drawn for" not in text(page)


def test_the_verdict_stands_with_its_bars_and_names_no_folder_of_this_machine(made: Path) -> None:
    page = report(made)
    assert "safe for the task digits" in text(page) and "guarded: every draw is held" in text(page)
    assert str(made.parent) not in page and "policy.resolved.yaml" in page


def test_every_class_is_shown_by_its_pictures_as_they_were_written(made: Path) -> None:
    pictures = Tags(report(made)).named("img")
    table = pd.read_parquet(made / ".augkit/manifest.parquet")
    train = table[table.split == "train"]
    first = [name for _, part in train.groupby("label") for name in part.source.unique()[:2]]
    assert len(pictures) == train.source.isin(first).sum() == 80
    assert all(picture["alt"] for picture in pictures)
    assert any("→" in (picture["alt"] or "") for picture in pictures)


def test_names_are_text_and_nothing_is_asked_of_a_network(tmp_path: Path) -> None:
    names = (HOSTILE, "\"onload='x'", "{{ 7 * 7 }}")
    store.generate(making.free_plan(names), making.source(9, classes=names), tmp_path / "x<img>")
    page = report(tmp_path / "x<img>")
    tags = Tags(page)
    assert not tags.named("script") and not tags.named("link") and HOSTILE in tags.text
    assert "{{ 7 * 7 }}" in tags.text and "x<img>" in tags.text
    assert not [name for _, attributes in tags.tags for name in attributes if name.startswith("on")]
    assert not re.search(r"https?:|url\(|@import", page)
    assert "makes no promise about labels" in tags.text


def test_every_drawing_is_said_in_words(made: Path) -> None:
    page = report(made)
    assert page.count("<svg") == page.count('<svg aria-hidden="true"') > 10


def test_a_big_data_set_has_a_small_report_that_says_what_it_leaves_out(tmp_path: Path) -> None:
    names = tuple(f"class {number:03d}" for number in range(300))
    store.generate(making.free_plan(names, copies=2), making.source(600, classes=names), tmp_path / "out")
    page = report(tmp_path / "out")
    assert len(page) < 600_000
    assert "20 of 300 classes, spread evenly" in text(page) and "260 between them are not shown" in text(page)
    assert len({picture["alt"].split(",")[0] for picture in Tags(page).named("img")}) >= 20  # type: ignore[union-attr]


@pytest.mark.parametrize("format", ["parquet", "webdataset", "arrow"])
def test_pictures_are_found_in_every_format(format: str, tmp_path: Path) -> None:
    store.generate(making.plan(copies=1), making.source(10), tmp_path / "out", format=format)
    assert len(Tags(report(tmp_path / "out")).named("img")) == 20


def test_a_data_set_that_was_only_built_has_no_verdict(tmp_path: Path) -> None:
    store.build(making.source(20), tmp_path / "out")
    said = text(report(tmp_path / "out"))
    assert "A data set made by augkit" in said and "Are the labels right" not in said and "20" in said


def test_an_output_of_the_first_version_can_be_reported_on() -> None:
    said = text(report(KEPT))
    assert "safe for the task" in said and "What was drawn" in said


def test_what_was_left_out_is_named_with_its_reason(tmp_path: Path) -> None:
    images = [making.picture(0), making.picture(1), b"<html>", making.picture(2)]
    data = DatasetDict(train=records.dataset(["a", "b", HOSTILE, "d"], images, [0, 1, 2, 3], making.DIGITS))
    store.generate(making.plan(), data, tmp_path / "out", max_bad="1")
    (bad,) = json.loads((tmp_path / "out/.augkit/quarantine.json").read_text())
    page = report(tmp_path / "out")
    assert ["train", HOSTILE, bad["reason"]] in rows(page) and "1 source could not be read" in text(page)


def test_what_stands_in_two_splits_is_named(tmp_path: Path) -> None:
    one, two = [records.dataset([key], [making.picture(0)], [3], making.DIGITS) for key in ("a", HOSTILE)]
    store.build(DatasetDict(train=one, test=two), tmp_path / "out")
    page = report(tmp_path / "out")
    assert ["train", "a", "3"] in rows(page) and ["test", HOSTILE, "3"] in rows(page)
    assert "1 picture, as in the source" in text(page)


def test_a_picture_that_is_harmed_is_not_shown(made: Path, tmp_path: Path) -> None:
    import shutil

    out = shutil.copytree(made, tmp_path / "copy")
    before = len(Tags(report(out)).named("img"))
    next((out / "train/3").glob("*-1.png")).write_bytes(b"harmed")
    assert len(Tags(report(out)).named("img")) == before - 1


def test_what_is_no_finished_data_set_is_refused(made: Path, tmp_path: Path) -> None:
    import shutil

    with pytest.raises(StoreError, match="no finished data set here"):
        report(tmp_path)
    out = shutil.copytree(made, tmp_path / "copy")
    (out / ".augkit/manifest.parquet").write_bytes(b"PAR1 no more")
    with pytest.raises(StoreError, match="'augkit verify' says what is harmed"):
        report(out)


def test_the_heat_map_of_an_audit_is_shown_and_names_in_it_are_text(made: Path, tmp_path: Path) -> None:
    share = Share(9, 10, 0.8, 0.95)
    cell = Cell("six", "turn", 180.0, 180.0, "becomes", HOSTILE, share, share, share, share, share, 0.9)
    found = Audit(
        source="drawn letters",
        classes=("six", HOSTILE),
        pictures=(10, 10),
        reader="reference",
        terms=Terms(0.9, 1),
        folds=2,
        seed=0,
        effort={"clean": 1},
        size=(28, 28, 1),
        version="0",
        upright={"six": (share, share), HOSTILE: (share, share)},
        columns=(Column("turn", "turn", "°", 180.0, 180.0, 1.0),),
        cells=(cell,),
    )
    path = found.save(tmp_path)
    page = report(made, audited=[path, tmp_path])
    tags = Tags(page)
    assert tags.text.count(f"→{HOSTILE}") == 2 and not tags.named("script")
    assert "What labels survive, measured" in tags.text and "20 pictures of drawn letters" in tags.text
    with pytest.raises(StoreError, match="no result of an audit"):
        report(made, audited=[tmp_path / "none.json"])


LOG = "epoch,loss,accuracy,val_loss,val_accuracy\n1,2,0.1,2.5,0.2\n2,1,0.5,nan,0.4\n3,0.5,0.9,1.5,0.8\n"


def run(folder: Path, log: str = LOG, result: dict[str, object] | None = None) -> Path:
    folder.mkdir()
    (folder / "log.csv").write_text(log)
    if result:
        (folder / "result.json").write_text(json.dumps(result))
    return folder


def test_the_curves_of_a_run_are_shown_and_said(made: Path, tmp_path: Path) -> None:
    ended = {"title": HOSTILE, "accuracy": 0.75, "classes": ["6", "9"], "confusion": [[10, 4], [1, 5]]}
    page = report(made, trained=[run(tmp_path / "one", result=ended), run(tmp_path / "two")])
    said = text(page)
    assert (
        f"{HOSTILE} 75.00 % of 20 test pictures read correctly. Most often misread: 6 as 9, 4 times." in said
    )
    assert "two This run is not finished. 3 epochs." in said
    assert "in training 2 to 0.5; in test 2.5 to 1.5" in said and "in test 20.0 % to 80.0 %" in said
    lines = re.findall(r'<polyline class="([^"]*)" points="([^"]*)"', page)
    assert lines[0] == ("line", "0.0,24.0 150.0,72.0 300.0,96.0")  # of a loss from 0 to 2.5
    assert lines[1] == ("line second", "0.0,0.0 300.0,48.0") and len(lines) == 8


def test_a_folder_that_holds_no_run_is_refused(made: Path, tmp_path: Path) -> None:
    for name, log, told in (
        ("words", "epoch,loss\n1,many\n", "cannot be read"),
        ("empty", "epoch,loss\n", "no epoch yet"),
        ("torn", "epoch,loss\n1\n", "cannot be read"),
    ):
        with pytest.raises(UsageError, match=told):
            report(made, trained=[run(tmp_path / name, log)])
    with pytest.raises(UsageError, match="there is no training run here"):
        report(made, trained=[tmp_path])

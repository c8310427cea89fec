"""Any picture of a data set is made again from what lies beside it, and what differs is said."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
from datasets import DatasetDict

from augkit import cli, codec, sources, store
from augkit.errors import StoreError, UsageError
from augkit.plan import Plan
from augkit.sources import records
from tests.store import making


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    """Return a data set with copies that changed their class, and originals that are kept."""
    out = tmp_path_factory.mktemp("made") / "out"
    plan = making.plan(making.RELABEL, copies=3)
    return store.generate(plan, making.source(30, 4), out, progress=False).out


@pytest.fixture
def folder(tmp_path) -> Path:
    """Return a folder of pictures that are no plain PNG files: their originals are not kept as they were."""
    from PIL import Image

    for number in range(6):
        path = tmp_path / "source" / str(number % 2) / f"{number}.bmp"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(codec.decode(making.picture(number))[:, :, 0]).save(path)
    return tmp_path / "source"


def manifest(out: Path) -> pd.DataFrame:
    return pd.read_parquet(out / ".augkit" / "manifest.parquet")


def test_every_kind_of_picture_is_made_again_to_the_same_bytes(made):
    rows = manifest(made)
    changed = rows.index[rows.label != rows.label_after][0]
    tested = rows.index[rows.split == "test"][0]
    for row in (0, 1, 7, int(changed), int(tested), len(rows) - 1):
        found = store.replay(made, row)
        assert found.ok and found.differs == () and found.size == rows.bytes[row]
        assert (found.source, found.copy) == (rows.source[row], rows["copy"][row])
        assert "the same" in found.text()


@pytest.mark.parametrize("name", store.FORMATS)
def test_pictures_are_found_by_row_name_or_file_in_every_format(tmp_path, name):
    plan = making.plan(originals=False)
    out = store.generate(plan, making.source(12, 4), tmp_path / "out", format=name, progress=False).out
    built = store.build(making.source(12, 4), tmp_path / "built", progress=False).out
    rows = manifest(out)
    for row in (0, 5, len(rows) - 1):
        assert store.replay(out, row, source=str(built)).ok
        assert store.replay(out, str(row), source=str(built)).name == rows.name[row]
        assert store.replay(out, rows.name[row], source=str(built)).source == rows.source[row]


def test_the_source_is_taken_from_where_it_was_unless_another_is_given(folder, tmp_path, monkeypatch, capsys):
    policy = tmp_path / "policy.yaml"
    policy.write_text(making.SAFE.replace("task: digits", "task: none"))
    out = tmp_path / "out"
    monkeypatch.chdir(tmp_path)
    assert run("generate", policy, "source", out, "--copies", 1, "--image-format", "jpeg:80") == 0
    monkeypatch.chdir("/")
    assert run("replay", out, 1) == 0
    assert "copy 1 of '0/0.bmp', made again: the same" in capsys.readouterr().out
    moved = shutil.move(folder, tmp_path / "moved")
    assert run("replay", out, 1) == 3
    assert run("replay", out, 1, "--source", moved) == 0
    (Path(moved) / "0" / "0.bmp").write_bytes((Path(moved) / "1" / "1.bmp").read_bytes())
    assert run("replay", out, 1, "--source", moved) == 3
    assert "'0/0.bmp' has changed since" in capsys.readouterr().err


def run(*arguments: object) -> int:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("sys.argv", ["augkit", *map(str, arguments)])
        try:
            cli.main()
        except SystemExit as stop:
            return int(stop.code or 0)
    return 0


def test_what_differs_is_said(made, tmp_path, capsys):
    out = Path(shutil.copytree(made, tmp_path / "out"))
    rows = manifest(out)
    file = out / rows.file[1]
    picture = codec.decode(file.read_bytes()).copy()
    file.write_bytes(codec.encode(picture, "webp"))
    assert any("the bytes, but no pixel" in line for line in store.replay(out, 1).differs)
    picture[3, 4] ^= 7
    file.write_bytes(codec.encode(picture))
    differs = store.replay(out, 1).differs
    assert differs[0].startswith("what is on the disk is not what was written")
    assert differs[1].startswith("1 of 1,024 pixels, by up to ")
    assert run("replay", out, 1) == 1 and "differs:" in capsys.readouterr().out
    file.write_bytes(making.picture(1, side=20))
    assert "the size: 20×20 there, 32×32 now" in store.replay(out, 1).differs


def test_another_seed_or_library_is_named(made, tmp_path):
    out = Path(shutil.copytree(made, tmp_path / "out"))
    plan = json.loads((out / ".augkit" / "plan.json").read_text("utf-8"))
    plan["plan"]["seed"] = 5
    plan["made_with"]["opencv"] = "3.1"
    (out / ".augkit" / "plan.json").write_text(json.dumps(plan))
    rows = manifest(out)
    row = int(rows.index[rows["rotate.degrees"].notna()][0])
    differs = store.replay(out, row).differs
    assert any(line.startswith("rotate.degrees was drawn as ") for line in differs)
    assert any(line.startswith("opencv was 3.1, now ") for line in differs)


def test_copies_of_classes_that_were_balanced_are_made_again(tmp_path):
    free = making.free_plan(making.DIGITS)
    plan = Plan(free.safe, free.classes, copies=1, balance=True)
    out = store.generate(plan, making.source(13), tmp_path / "out", progress=False).out
    rows = manifest(out)
    assert rows["copy"].max() > 1
    assert store.replay(out, int(rows["copy"].idxmax())).ok


def test_a_build_is_replayed_from_its_own_pictures(tmp_path):
    out = store.build(making.source(4), tmp_path / "out", progress=False).out
    assert store.replay(out, 2).ok
    assert sources.load(out)


@pytest.mark.parametrize("row", [-1, 10**6, "nothing.png"])
def test_a_row_that_is_not_there_is_refused(made, row):
    with pytest.raises(UsageError, match="has no row"):
        store.replay(made, row)


def test_only_a_finished_data_set_is_replayed(tmp_path):
    with pytest.raises(StoreError, match="no finished data set"):
        store.replay(tmp_path, 0)


def test_promise_15_photos_that_are_read_smaller_do_not_depend_on_their_other_copies(tmp_path):
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 256, (8, 60, 80, 3), dtype=np.uint8)
    photos = [cv2.resize(each, (800, 600), interpolation=cv2.INTER_CUBIC) for each in coarse]
    files = [codec.encode(photo, "jpeg:90") for photo in photos]
    keys = [f"k{number}" for number in range(8)]
    data = DatasetDict(train=records.dataset(keys, files, [number % 2 for number in range(8)], ("a", "b")))
    steps = "[{random_resized_crop: {area: [0.08, 1.0]}}, {resize: {width: 64, height: 64}}]"
    text = f"version: 1\ntask: none\nsteps: {steps}"
    made = {}
    for copies, originals in ((1, True), (4, True), (4, False)):
        out = tmp_path / f"{copies}-{originals}"
        plan = making.plan(text, ("a", "b"), copies=copies, originals=originals)
        store.generate(plan, data, out, progress=False)
        made[copies, originals] = making.tree(out)
    one, four, alone = made.values()
    ours = [name for name in four if name.startswith("train/") and not name.endswith("-0.png")]
    assert {name: four[name] for name in ours if name.endswith("-1.png")} == {
        name: digest for name, digest in one.items() if name.endswith("-1.png")
    }
    assert {name: four[name] for name in ours} == {name: alone[name] for name in ours}
    built = tmp_path / "built"
    store.build(data, built, progress=False)
    assert all(store.replay(tmp_path / "4-True", name, source=str(built)).ok for name in ours)


@pytest.mark.parametrize("name", [".augkit/manifest.parquet", ".augkit/plan.json"])
@pytest.mark.parametrize("content", [None, b"", b"{", b"{}", b"[]"])
def test_a_file_that_is_missing_or_damaged_is_named_and_verify_is_advised(made, tmp_path, name, content):
    out = tmp_path / "out"
    shutil.copytree(made, out)
    (out / name).unlink()
    if content is not None:
        (out / name).write_bytes(content)
    told = "is missing" if content is None else "cannot be read"
    with pytest.raises(StoreError, match=f"{name} {told}") as caught:
        store.replay(out, 1)
    assert caught.value.where == str(out) and "augkit verify" in caught.value.fix


def test_a_picture_that_is_missing_is_named(made, tmp_path):
    out = tmp_path / "out"
    shutil.copytree(made, out)
    (out / manifest(out).file[1]).unlink()
    with pytest.raises(StoreError, match="is missing"):
        store.replay(out, 1)

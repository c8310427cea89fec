"""Any later harm to a data set is found and named, and nothing is found where there is none."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from augkit import store
from augkit.errors import StoreError
from tests.store import making


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    return store.generate(making.plan(), making.source(20, 5), tmp_path_factory.mktemp("made") / "out").out


@pytest.fixture
def copy(made, tmp_path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "out"))


def some_file(out: Path, chance: random.Random) -> Path:
    files = sorted(path for path in out.rglob("*") if path.is_file() and ".augkit/run" not in path.as_posix())
    return chance.choice(files)


def flip(out: Path, chance: random.Random) -> str:
    path = some_file(out, chance)
    data = bytearray(path.read_bytes())
    data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    path.write_bytes(data)
    return path.name


def cut(out: Path, chance: random.Random) -> str:
    path = some_file(out, chance)
    path.write_bytes(path.read_bytes()[: chance.randrange(path.stat().st_size)])
    return path.name


def delete(out: Path, chance: random.Random) -> str:
    path = some_file(out, chance)
    path.unlink()
    return path.name


def add(out: Path, chance: random.Random) -> str:
    path = some_file(out, chance).parent / f"new{chance.randrange(9)}.png"
    path.write_bytes(making.picture(1))
    return path.name


def rename(out: Path, chance: random.Random) -> str:
    path = some_file(out, chance)
    path.rename(path.with_name("renamed.png"))
    return path.name


def swap(out: Path, chance: random.Random) -> str:
    one, other = some_file(out / "train", chance), some_file(out / "test", chance)
    kept = one.read_bytes()
    one.write_bytes(other.read_bytes())
    other.write_bytes(kept)
    return one.name


def relabel(out: Path, chance: random.Random) -> str:
    path = some_file(out / "train", chance)
    other = next(folder for folder in sorted((out / "train").iterdir()) if folder != path.parent)
    path.rename(other / path.name)
    return path.name


HARMS = (flip, cut, delete, add, rename, swap, relabel)


@pytest.mark.parametrize("harm", HARMS)
@pytest.mark.parametrize("number", range(8))
def test_p11_harm_is_found_and_named(copy, harm: Callable[[Path, random.Random], str], number):
    name = harm(copy, random.Random(f"{harm.__name__} {number}"))
    if name == "augkit.json" and harm in (delete, rename):
        with pytest.raises(StoreError, match="not finished"):
            store.verify(copy)
        return
    found = store.verify(copy)
    assert not found.ok
    assert any(name in problem for problem in found.problems), found.problems


def test_p11_nothing_is_found_where_nothing_is_wrong(made, copy):
    for out in (made, copy):
        found = store.verify(out)
        assert found.ok and found.pictures == 65 and "whole" in found.text()


def test_the_marker_holds_the_hash_of_the_tree(copy):
    import json

    said = json.loads((copy / "augkit.json").read_text("utf-8"))
    assert said["tree"] == store.tree_hash(copy)
    (copy / "train/3/k003-1.png").write_bytes(b"")
    assert said["tree"] != store.tree_hash(copy)


def test_p11_an_edited_manifest_or_policy_is_found(copy):
    for name in ("manifest.parquet", "policy.resolved.yaml", "task.yaml", "plan.json", "quarantine.json"):
        (copy / ".augkit" / name).write_bytes((copy / ".augkit" / name).read_bytes() + b" ")
        problems = store.verify(copy).problems
        assert any(name in problem for problem in problems), (name, problems)


@pytest.mark.parametrize(
    ("told", "instead"), [('"pictures": 65', '"pictures": 64'), ('"tree": "', '"tree": "0')]
)
def test_p11_an_edited_marker_is_found(copy, told, instead):
    text = (copy / "augkit.json").read_text("utf-8")
    assert told in text
    (copy / "augkit.json").write_text(text.replace(told, instead), "utf-8")
    assert store.verify(copy).problems == ("augkit.json: it was changed",)


def test_a_picture_replaced_by_a_link_is_found(copy, tmp_path):
    path = copy / "train/3/k003-1.png"
    path.rename(tmp_path / "away.png")
    path.symlink_to(tmp_path / "away.png")
    assert not store.verify(copy).ok


def test_what_happened_in_the_run_folder_does_not_matter(copy):
    (copy / ".augkit" / "run" / "log").write_text("other")
    (copy / ".augkit" / "run" / "more").write_text("x")
    assert store.verify(copy).ok


def test_where_there_is_no_data_set_that_is_said(tmp_path):
    with pytest.raises(StoreError, match="made no data set here"):
        store.verify(tmp_path)
    with pytest.raises(StoreError):
        store.verify(tmp_path / "nowhere")


def test_promise_11_a_folder_more_or_less_is_found(copy):
    (copy / "train" / "10").mkdir()
    assert store.verify(copy).problems == ("train/10: the folder was added",)
    (copy / "train" / "10").rmdir()
    for path in (copy / "test" / "9").iterdir():
        path.unlink()
    (copy / "test" / "9").rmdir()
    assert "test/9: the folder is missing" in store.verify(copy).problems


def test_promise_11_an_edited_marker_is_found(copy):
    text = (copy / "augkit.json").read_text("utf-8")
    for old, new in (
        ('"pictures": 65', '"pictures": 64'),
        ('"version": 2', '"version":  2'),
        ('"tree": "', '"tree": "0'),
    ):
        (copy / "augkit.json").write_text(text.replace(old, new))
        assert any("augkit.json" in problem for problem in store.verify(copy).problems)
    for damaged in ("", "[]", "{}", '{"files": 3}', "\0"):
        (copy / "augkit.json").write_text(damaged)
        assert store.verify(copy).problems == ("augkit.json: it is damaged",)


def test_promise_11_all_harm_is_counted_and_some_of_it_shown(copy):
    for path in (copy / "train").rglob("*.png"):
        path.write_bytes(b"")
    found = store.verify(copy)
    assert len(found.problems) == 60 and "60 problems" in found.text() and "and 40 more" in found.text()

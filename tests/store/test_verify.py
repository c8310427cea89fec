"""Any later harm to a data set is found and named, and nothing is found where there is none."""

from __future__ import annotations

import random
import shutil
import time
from pathlib import Path

import pandas as pd
import pytest

from augkit import store
from augkit.errors import StoreError
from augkit.store import disk, trusted
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


def empty(out: Path, chance: random.Random) -> str:
    path = some_file(out, chance)
    path.write_bytes(b"")
    return path.name


def zero(out: Path, chance: random.Random) -> str:
    path = some_file(out, chance)
    data = bytearray(path.read_bytes())
    at = chance.randrange(len(data))
    size = min(len(data) - at, 64)
    data[at : at + size] = bytes(255 - byte for byte in data[at : at + size])
    path.write_bytes(data)
    return path.name


def lengthen(out: Path, chance: random.Random) -> str:
    path = some_file(out, chance)
    path.write_bytes(path.read_bytes() + chance.randbytes(chance.randint(1, 9)))
    return path.name


def replace(out: Path, chance: random.Random) -> str:
    path, other = some_file(out, chance), some_file(out, chance)
    while other.read_bytes() == path.read_bytes():
        other = some_file(out, chance)
    path.write_bytes(other.read_bytes())
    return path.name


def edit_row(out: Path, chance: random.Random) -> str:
    """Give a row of the manifest another label, and write the manifest as anybody would."""
    path = out / ".augkit" / "manifest.parquet"
    rows = pd.read_parquet(path)
    at = chance.randrange(len(rows))
    rows.loc[at, "label_after"] = str((int(rows.loc[at, "label_after"]) + 1) % 10)
    rows.to_parquet(path)
    return path.name


def edit_text(out: Path, chance: random.Random) -> str:
    """Change a number in the policy, the task, the plan, the card or the marker."""
    names = (
        ".augkit/policy.resolved.yaml",
        ".augkit/task.yaml",
        ".augkit/plan.json",
        "README.md",
        "augkit.json",
    )
    path = out / chance.choice(names)
    text = path.read_text("utf-8")
    digits = [at for at, letter in enumerate(text) if letter.isdigit()]
    at = chance.choice(digits)
    path.write_text(text[:at] + str((int(text[at]) + 1) % 10) + text[at + 1 :], "utf-8")
    return path.name


def add_folder(out: Path, chance: random.Random) -> str:
    path = some_file(out, chance).parent / f"folder{chance.randrange(9)}"
    path.mkdir()
    return path.name


def link(out: Path, chance: random.Random) -> str:
    path = some_file(out, chance)
    away = out.parent / "away"
    away.write_bytes(path.read_bytes())
    path.unlink()
    path.symlink_to(away)
    return path.name


ANYWHERE = (
    flip,
    cut,
    delete,
    add,
    rename,
    empty,
    zero,
    lengthen,
    replace,
    edit_row,
    edit_text,
    add_folder,
    link,
)
HARMS = {"folder": (*ANYWHERE, swap, relabel)} | dict.fromkeys(("parquet", "webdataset", "arrow"), ANYWHERE)


def told(out: Path, name: str) -> bool:
    """Tell whether harm to a file or folder is found and named."""
    if not (out / "augkit.json").exists():
        with pytest.raises(StoreError, match="not finished"):
            store.verify(out)
        return name == "augkit.json"
    found = store.verify(out)
    if name == "augkit.json":  # a marker that tells another hash of a file is like a file that was changed
        return not found.ok
    return not found.ok and any(name in problem for problem in found.problems)


@pytest.mark.parametrize("kept", HARMS)
@pytest.mark.parametrize("count", [60, pytest.param(1000, marks=pytest.mark.torture)])
def test_promise_11_random_harm_is_found_and_named_and_nothing_else_is(tmp_path, monkeypatch, kept, count):
    made, out = tmp_path / "made", tmp_path / "out"
    store.generate(making.plan(), making.source(12, 3), made, format=kept, progress=False)
    for number in range(count):
        shutil.rmtree(out, ignore_errors=True)
        shutil.copytree(made, out)
        if number % 20 == 0:
            assert store.verify(out).ok
        checked(out, monkeypatch)
        harm = HARMS[kept][number % len(HARMS[kept])]
        name = harm(out, random.Random(f"{kept} {number}"))
        assert told(out, name), (harm.__name__, number, name, store.verify(out).problems)
        if (out / "augkit.json").exists():
            assert store.verify(out, incremental=True).problems == store.verify(out).problems, harm.__name__


def checked(out: Path, monkeypatch) -> None:
    """Let all files be found right by an incremental check, some time after they were written."""
    monkeypatch.setattr(trusted, "_AGE", 20_000_000)
    time.sleep(0.03)
    assert store.verify(out, incremental=True).ok


def hashing(monkeypatch, most: int = 10**9) -> list[str]:
    """Note which files are hashed, and stop after so many."""
    real, seen = disk.sha256, []

    def sha256(path: Path) -> str:
        if len(seen) == most:
            raise KeyboardInterrupt
        seen.append(path.name)
        return real(path)

    monkeypatch.setattr(disk, "sha256", sha256)
    return seen


def test_promise_11_an_incremental_check_hashes_what_has_changed_and_says_what_it_trusts(copy, monkeypatch):
    checked(copy, monkeypatch)
    with monkeypatch.context() as patched:
        seen = hashing(patched)
        found = store.verify(copy, incremental=True)
    assert (
        found.ok and found.trusted == 65 + 3
    )  # pictures, card, sheet and Croissant: the rest is augkit's own
    assert "(68 files trusted, of the size and times that an earlier check saw)" in found.text()
    assert sorted(set(seen)) == [
        "manifest.parquet", "plan.json", "policy.resolved.yaml", "quarantine.json", "task.yaml"
    ]  # fmt: skip
    (copy / "train/2/k002-1.png").touch()
    with monkeypatch.context() as patched:
        seen = hashing(patched)
        found = store.verify(copy, incremental=True)
    assert found.ok and found.trusted == 67 and "k002-1.png" in seen
    assert store.verify(copy).trusted == 0


def test_promise_11_an_incremental_check_that_is_stopped_carries_on(copy, monkeypatch):
    monkeypatch.setattr(trusted, "_AGE", 20_000_000)
    time.sleep(0.03)
    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        hashing(patched, 40)
        store.verify(copy, incremental=True)
    with monkeypatch.context() as patched:
        seen = hashing(patched)
        found = store.verify(copy, incremental=True)
    assert found.ok and 30 < found.trusted < 40 and found.trusted + len(seen) - 1 == 65 + 8


def test_a_file_that_was_written_a_moment_ago_is_not_trusted_yet(copy):
    store.verify(copy, incremental=True)
    (copy / "train/2/k002-1.png").write_bytes((copy / "train/2/k002-1.png").read_bytes())
    store.verify(copy, incremental=True)
    assert store.verify(copy, incremental=True).trusted == 0


def test_what_is_remembered_of_another_data_set_is_not_trusted(copy, monkeypatch):
    checked(copy, monkeypatch)
    store.generate(making.plan(seed=1), making.source(20, 5), copy, overwrite=True, progress=False)
    assert store.verify(copy, incremental=True).trusted == 0


def test_a_check_that_cannot_be_written_down_says_so(copy, monkeypatch):
    (copy / trusted.FILE).mkdir()
    with pytest.raises(StoreError, match="cannot be written down") as caught:
        store.verify(copy, incremental=True)
    assert "without --incremental" in caught.value.fix


def test_promise_11_nothing_is_found_where_nothing_is_wrong(made, copy):
    for out in (made, copy):
        found = store.verify(out)
        assert found.ok and found.pictures == 65 and "whole" in found.text()


def test_the_marker_holds_the_hash_of_the_tree(copy):
    import json

    said = json.loads((copy / "augkit.json").read_text("utf-8"))
    assert said["tree"] == store.tree_hash(copy)
    (copy / "train/3/k003-1.png").write_bytes(b"")
    assert said["tree"] != store.tree_hash(copy)


def test_promise_11_an_edited_manifest_or_policy_is_found(copy):
    for name in ("manifest.parquet", "policy.resolved.yaml", "task.yaml", "plan.json", "quarantine.json"):
        (copy / ".augkit" / name).write_bytes((copy / ".augkit" / name).read_bytes() + b" ")
        problems = store.verify(copy).problems
        assert any(name in problem for problem in problems), (name, problems)


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

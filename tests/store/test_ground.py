"""A link that is turned while a run writes, or that lies in its output, leads no picture elsewhere."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from augkit import store
from augkit.errors import StoreError
from augkit.store import card, disk, forecast, job, writing
from augkit.store.part import Part
from augkit.store.suspects import Suspects
from tests.store import making

Turn = Callable[[], None]


@pytest.fixture(autouse=True)
def small_shards(monkeypatch):
    monkeypatch.setattr(job, "SHARD_SIZE", 4)


def make(out: Path, name: str = "folder") -> store.Generated:
    return store.generate(making.plan(copies=1), making.source(10), out, format=name, progress=False)


@pytest.fixture(scope="module")
def wanted(tmp_path_factory) -> dict[str, dict[str, str]]:
    trees, kept = {}, job.SHARD_SIZE
    job.SHARD_SIZE = 4
    for name in ("folder", "parquet"):
        trees[name] = making.tree(make(tmp_path_factory.mktemp("whole") / "out", name).out)
    job.SHARD_SIZE = kept
    return trees


def watching(monkeypatch, out: Path, at: int, turn: Turn) -> None:
    """Turn a link when a run into `out` looks at a source for the `at`-th time, or before it begins: 0."""
    calls, real, begin = [0], Suspects.watch, forecast.forecast

    def beginning(*given: Any, **named: Any) -> forecast.Forecast:
        expected = begin(*given, **named)
        if at == 0:
            turn()
        return expected

    def watch(self: Suspects, place: int | None) -> None:
        calls[0] += str(self._path).startswith(f"{out}/.augkit/run/shards/")  # and not into a forecast's
        if calls[0] == at > 0:
            calls[0] = 1000
            turn()
        real(self, place)

    monkeypatch.setattr(writing, "forecast", beginning)
    monkeypatch.setattr(Suspects, "watch", watch)


def everything(root: Path) -> dict[str, str]:
    files = sorted(path for path in root.rglob("*") if path.is_file())
    return {path.relative_to(root).as_posix(): disk.sha256(path) for path in files}


def turned(link: Path, to: Path) -> None:
    link.unlink()
    link.symlink_to(to)


@pytest.mark.parametrize(
    ("at", "name", "inner"),
    [(0, "folder", ""), (1, "parquet", ""), (8, "folder", "deeper"), (20, "parquet", ""), (30, "folder", "")],
)
def test_promise_21_a_link_turned_during_a_run_stops_it(tmp_path, monkeypatch, wanted, at, name, inner):
    here, there, link = tmp_path / "here", tmp_path / "there", tmp_path / "link"
    (here / inner).mkdir(parents=True)
    link.symlink_to(here)
    make(there / inner, name)
    for folder in ("tmp", "shards"):  # all that a run needs, so that nothing but a look stops it
        (there / inner / ".augkit/run" / folder).mkdir(parents=True, exist_ok=True)
    (there / inner / ".augkit/run/tmp/of another").write_text("being written")
    before = everything(there)
    with monkeypatch.context() as patched:
        watching(patched, link / inner, at, lambda: turned(link, there))
        with pytest.raises(StoreError) as caught:
            make(link / inner, name)
    assert caught.value.exit_code == 3 and caught.value.fix
    assert everything(there) == before and not (here / inner / "augkit.json").exists()
    turned(link, here)
    make(link / inner, name)
    assert making.tree(here / inner) == wanted[name]


@pytest.mark.parametrize("document", ["sheet", "card", "croissant"])
def test_promise_21_a_link_turned_while_the_end_is_written_stops_it(tmp_path, monkeypatch, wanted, document):
    here, there, link = tmp_path / "here", tmp_path / "there", tmp_path / "link"
    here.mkdir()
    (there / ".augkit/run/tmp").mkdir(parents=True)
    link.symlink_to(here)
    real = getattr(card, document)

    def turning(*given: object) -> object:
        turned(link, there)
        return real(*given)

    with monkeypatch.context() as patched:
        patched.setattr(card, document, turning)
        with pytest.raises(StoreError, match=r"another folder now|k000-0\.png"):
            make(link)
    assert everything(there) == {}
    turned(link, here)
    make(link)
    assert making.tree(here) == wanted["folder"]


def test_promise_21_a_folder_of_the_output_that_becomes_a_link_stops_the_run(tmp_path, monkeypatch, wanted):
    out, there = tmp_path / "out", tmp_path / "there"
    (there / "3").mkdir(parents=True)

    def turn() -> None:
        (out / "train/3").rmdir()
        (out / "train/3").symlink_to(there / "3")

    with monkeypatch.context() as patched:
        watching(patched, out, 3, turn)
        with pytest.raises(StoreError, match="train/3 is a link, want a folder"):
            make(out)
    assert everything(there) == {}
    (out / "train/3").unlink()
    make(out)
    assert making.tree(out) == wanted["folder"]


@pytest.mark.parametrize("name", [".augkit", ".augkit/run", "train", "train/3"])
def test_promise_21_a_link_in_an_unfinished_output_is_refused(tmp_path, monkeypatch, wanted, name):
    out, there = tmp_path / "out", tmp_path / "there"
    with monkeypatch.context() as patched:
        patched.setattr("augkit.store.sealing.seal", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(store.Interrupted):
            make(out)
    shutil.move(out / name, there)
    (out / name).symlink_to(there)
    before = everything(there)
    for attempt in (make, store.merge) if name.startswith(".") else (make,):
        with pytest.raises(StoreError, match="is a link, want a folder"):
            attempt(out)
    assert everything(there) == before
    (out / name).unlink()
    shutil.move(there, out / name)
    make(out)
    assert making.tree(out) == wanted["folder"]


def test_promise_21_a_link_where_parts_are_gathered_is_refused(tmp_path):
    out, there, parts = tmp_path / "out", tmp_path / "there", [tmp_path / "1", tmp_path / "2"]
    for number, folder in enumerate(parts, start=1):
        data, plan = making.source(10), making.plan(copies=1)
        store.generate(plan, data, folder, part=Part(number, 2), progress=False)
    (out / ".augkit").mkdir(parents=True)
    there.mkdir()
    (out / "train").symlink_to(there)
    with pytest.raises(StoreError, match="train is a link, want a folder"):
        store.merge(out, parts)
    assert everything(there) == {} and list(there.iterdir()) == []


def test_an_output_may_itself_be_a_link(tmp_path, wanted):
    (tmp_path / "disk").mkdir()
    (tmp_path / "out").symlink_to(tmp_path / "disk")
    make(tmp_path / "out")
    assert making.tree(tmp_path / "disk") == wanted["folder"] and store.verify(tmp_path / "out").ok

"""Errors of a disk that pass cost time, errors that stay are a clean stop, and no clock decides anything."""

from __future__ import annotations

import ctypes
import errno
import os
import time
from pathlib import Path

import pytest

from augkit import store
from augkit.errors import StoreError
from augkit.store import disk, forecast, job
from tests.store import making
from tests.store.faults import failing


@pytest.fixture(autouse=True)
def small_shards(monkeypatch):
    monkeypatch.setattr(job, "SHARD_SIZE", 4)
    monkeypatch.setattr(time, "sleep", lambda seconds: None)


@pytest.fixture(scope="module")
def wanted(tmp_path_factory) -> dict[str, dict[str, str]]:
    trees, kept = {}, job.SHARD_SIZE
    job.SHARD_SIZE = 4
    for name in ("folder", "parquet"):
        trees[name] = making.tree(make(tmp_path_factory.mktemp("whole") / "out", name))
    job.SHARD_SIZE = kept
    return trees


def make(out: Path, name: str = "folder") -> Path:
    return store.generate(making.plan(copies=1), making.source(8), out, format=name, progress=False).out


@pytest.mark.parametrize("name", ["folder", "parquet"])
@pytest.mark.parametrize("number", [errno.EIO, errno.ESTALE, errno.EAGAIN])
@pytest.mark.parametrize("call", ["write", "fsync"])
def test_promise_29_an_error_that_passes_costs_another_attempt(
    tmp_path, monkeypatch, wanted, name, number, call
):
    for at in (1, 2, 7, 11):
        with monkeypatch.context() as patched:
            counts = failing(patched, call, number, at, times=2)
            out = make(tmp_path / f"{call}{at}", name)
        assert counts[1] == 2 or counts[0] < at
        assert making.tree(out) == wanted[name]


@pytest.mark.parametrize("call", ["write", "fsync"])
def test_promise_29_an_error_that_stays_is_a_clean_stop_after_three_attempts(
    tmp_path, monkeypatch, wanted, call
):
    with monkeypatch.context() as patched:
        counts = failing(patched, call, errno.EIO, 3, times=10**9)
        with pytest.raises(StoreError, match="Input/output error") as caught:
            make(tmp_path / "out")
    assert counts[1] in (3, 6) and caught.value.exit_code == 3 and "carries on" in caught.value.fix
    assert not (tmp_path / "out" / "augkit.json").exists()
    assert making.tree(make(tmp_path / "out")) == wanted["folder"]


@pytest.mark.parametrize("name", ["folder", "parquet"])
def test_promise_29_short_writes_are_continued(tmp_path, monkeypatch, wanted, name):
    real = os.write
    monkeypatch.setattr(os, "write", lambda handle, data: real(handle, bytes(data[:97])))
    assert making.tree(make(tmp_path / "out", name)) == wanted[name]


def test_promise_29_a_clock_that_jumps_back_changes_nothing(tmp_path, monkeypatch, wanted):
    now = [1e9]

    def back() -> float:
        now[0] -= 3600
        return now[0]

    monkeypatch.setattr(time, "time", back)
    monkeypatch.setattr(time, "time_ns", lambda: int(back() * 1e9))
    assert making.tree(make(tmp_path / "out")) == wanted["folder"]


def syncing(monkeypatch, answers: list[int]) -> None:
    """Let the system's `syncfs` answer with these errors, and 0 once they are used up."""

    def answer(handle: int) -> int:
        number = answers.pop(0) if answers else 0
        ctypes.set_errno(number)
        return -1 if number else 0

    monkeypatch.setattr(disk, "_syncfs", answer)


def test_promise_29_a_disk_that_fails_when_a_shard_is_synced_gets_the_shard_again(
    tmp_path, monkeypatch, wanted
):
    monkeypatch.setattr(forecast, "_measured", lambda *_: {})
    answers = [errno.EIO]
    syncing(monkeypatch, answers)
    assert making.tree(make(tmp_path / "out")) == wanted["folder"] and not answers
    syncing(monkeypatch, [errno.EIO] * 3)
    with pytest.raises(StoreError, match="Input/output error"):
        make(tmp_path / "failed")
    assert not (tmp_path / "failed" / "augkit.json").exists()
    assert making.tree(make(tmp_path / "failed")) == wanted["folder"]


def test_where_one_file_system_cannot_be_synced_all_are(tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(os, "sync", lambda: asked.append(1), raising=False)
    syncing(monkeypatch, [errno.ENOSYS])
    disk.settle(tmp_path)
    monkeypatch.setattr(disk, "_syncfs", None)
    disk.settle(tmp_path)
    assert asked == [1, 1]

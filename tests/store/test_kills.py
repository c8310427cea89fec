"""A run that is killed or stopped loses nothing finished, tears nothing, and ends in the same bytes."""

from __future__ import annotations

import contextlib
import hashlib
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

from augkit import codec, store
from augkit.errors import StoreError
from augkit.store import job
from tests.ctrl_c import heed
from tests.store import making
from tests.store.faults import Crash, crashing
from tests.store.test_kill_rounds import check

ROOT = Path(__file__).parents[2]


def start(out: Path, workers: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.store.making", str(out), str(workers)]
    pipe = subprocess.PIPE
    return subprocess.Popen(
        command, cwd=ROOT, stdout=pipe, stderr=pipe, text=True, start_new_session=True, preexec_fn=heed
    )


def sealed(out: Path) -> int:
    return len(list(out.glob(".augkit/run/shards/*.parquet")))


def wait_for_seals(out: Path, process: subprocess.Popen[str], count: int) -> None:
    while process.poll() is None and sealed(out) < count:
        time.sleep(0.001)


def check_names(out: Path) -> None:
    """Every file under its final name is whole: it decodes, and no completion is claimed early.

    Killed while it only looked at a sample, a run has not begun to make a data set.
    """
    for path in (out / "train").rglob("*.png"):
        assert codec.decode(path.read_bytes(), name=str(path)).shape == (32, 32, 1)
    if not (out / "augkit.json").exists():
        with pytest.raises(StoreError, match=r"not finished|made no data set"):
            store.verify(out)


@pytest.fixture(scope="module")
def wanted(tmp_path_factory) -> dict[str, str]:
    out = tmp_path_factory.mktemp("whole") / "out"
    process = start(out, 1)
    assert "done" in process.communicate()[0]
    return making.tree(out)


def kill_round(out: Path, wanted: dict[str, str], number: int) -> None:
    """Kill a run twice at random moments, with one or two workers, then let it finish."""
    chance = random.Random(number)
    for _ in range(2):
        process = start(out, 1 + number % 2)
        wait_for_seals(out, process, sealed(out) + chance.randint(0, 4))
        time.sleep(chance.random() * 0.02)
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        if out.exists():
            check_names(out)
    process = start(out, 2 - number % 2)
    said, errors = process.communicate()
    assert "done" in said, errors
    assert making.tree(out) == wanted


# More of them, with one worker: test_kill_rounds.py.
@pytest.mark.parametrize("number", [0, pytest.param(1, marks=pytest.mark.thorough)])
def test_promise_1_2_4_a_killed_run_finishes_to_the_same_bytes(tmp_path, wanted, number):
    kill_round(tmp_path / "out", wanted, number)


@pytest.mark.torture
@pytest.mark.parametrize("number", range(100, 200))
def test_promise_1_2_4_a_run_killed_in_a_hundred_rounds(tmp_path, wanted, number):
    kill_round(tmp_path / "out", wanted, number)


@pytest.mark.parametrize(
    ("kind", "code"), [pytest.param(signal.SIGINT, 130, marks=pytest.mark.thorough), (signal.SIGTERM, 143)]
)
def test_promise_10_a_signal_stops_the_run_with_a_word_and_its_workers(tmp_path, kind, code):
    out = tmp_path / "out"
    process = start(out, 2)
    wait_for_seals(out, process, 1)
    os.killpg(process.pid, kind) if kind == signal.SIGINT else process.send_signal(kind)
    _, errors = process.communicate(timeout=60)
    if process.returncode == 0:
        pytest.skip("it was finished before the signal came")
    assert "run the same command again: it carries on" in errors and str(code) in errors
    for _ in range(100):  # the interpreter's own helper process ends a moment after
        if not alive(process.pid):
            break
        time.sleep(0.1)
    assert not alive(process.pid)
    check_names(out)


def alive(group: int) -> list[str]:
    """Return what runs in a process group, zombies aside; nothing where there is no /proc."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            name, _, rest = stat.read_text().rpartition(") ")
            state, _, belongs = rest.split()[:3]
            if int(belongs) == group and state != "Z":
                found.append(name)
    return found


def test_promise_3_every_stop_point_resumes(tmp_path, monkeypatch):
    monkeypatch.setattr(job, "SHARD_SIZE", 2)
    plan, data = making.plan(copies=1), making.source(4)
    wanted = making.tree(store.generate(plan, data, tmp_path / "whole").out)
    for at in range(1, 500):
        out = tmp_path / f"out{at}"
        with monkeypatch.context() as patched:
            crashing(patched, at)
            try:
                store.generate(plan, data, out)
            except Crash:
                assert not (out / "augkit.json").exists() or at > 20
            else:
                break
        store.generate(plan, data, out)
        assert making.tree(out) == wanted
    assert at > 30  # pictures, seals, the documents and the marker each were a place to stop


@pytest.mark.parametrize("name", store.FORMATS)
def test_promise_1_a_write_that_breaks_off_leaves_no_half_file_under_a_final_name(
    tmp_path, monkeypatch, name
):
    monkeypatch.setattr(job, "SHARD_SIZE", 2)
    plan, data, real = making.plan(copies=1), making.source(4), os.write
    for at in range(1, 500, 5):
        out, left = tmp_path / f"out{at}", [at]

        def half(handle: int, given: bytes, left: list[int] = left) -> int:
            left[0] -= 1
            if left[0] == 0:
                real(handle, bytes(given[: len(given) // 2]))
                raise Crash
            return real(handle, given)

        with monkeypatch.context() as patched:
            patched.setattr(os, "write", half)
            try:
                store.generate(plan, data, out, format=name, progress=False)
            except Crash:
                check(out)
            else:
                break
    assert at > 12


def test_promise_2_a_file_lost_before_the_end_is_made_again(tmp_path, monkeypatch):
    monkeypatch.setattr(job, "SHARD_SIZE", 4)
    plan, data = making.plan(), making.source(12)
    wanted = making.tree(store.generate(plan, data, tmp_path / "whole").out)
    out = tmp_path / "out"
    with monkeypatch.context() as patched:
        patched.setattr("augkit.store.sealing.seal", lambda *_: (_ for _ in ()).throw(Crash()))
        with pytest.raises(Crash):
            store.generate(plan, data, out)
    (out / "train/2/k002-1.png").unlink()
    (out / "train/5/k005-0.png").write_bytes(b"torn")
    (out / ".augkit/run/shards/000002.parquet").write_bytes(b"PAR1")
    store.generate(plan, data, out)
    assert making.tree(out) == wanted


def test_a_file_lost_while_the_end_is_written_is_not_certified(tmp_path, monkeypatch):
    out = tmp_path / "out"

    def lose(*_: object) -> str:
        (out / "train/2/k002-1.png").unlink()
        return "# a card"

    with monkeypatch.context() as patched:
        patched.setattr("augkit.store.card.card", lose)
        with pytest.raises(StoreError, match=r"k002-1\.png is gone") as caught:
            store.generate(making.plan(), making.source(10), out)
    assert "carries on" in caught.value.fix and not (out / "augkit.json").exists()
    assert store.generate(making.plan(), making.source(10), out).done == "finished"


def test_the_hashes_of_the_manifest_are_those_of_the_files(tmp_path):
    store.generate(making.plan(), making.source(10), tmp_path)
    rows = pd.read_parquet(tmp_path / ".augkit" / "manifest.parquet")
    for row in rows.itertuples():
        assert hashlib.sha256((tmp_path / row.file).read_bytes()).hexdigest() == row.sha256

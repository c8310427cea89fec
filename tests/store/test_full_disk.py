"""A full disk is a clean stop: nothing torn, nothing claimed, and the same bytes once there is room."""

from __future__ import annotations

import errno
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from augkit import store
from augkit.errors import StoreError
from augkit.store import job
from tests.store import making
from tests.store.faults import failing
from tests.store.test_kill_rounds import check

ROOT = Path(__file__).parents[2]
MOUNTING = """
import subprocess, sys
from pathlib import Path
from augkit import store
from augkit.errors import StoreError
from augkit.store import forecast, job
from tests.store import making
from tests.store.test_kill_rounds import check
job.SHARD_SIZE = 4
forecast.Forecast.must_fit = lambda *_: None  # which would say so before anything is made
plan, data = making.plan(copies=6), making.source(60, 8)
for case in sys.argv[2:]:
    size, name = case.split()
    disk, alone = Path(sys.argv[1], case), Path(sys.argv[1], name)
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(disk)], check=True)
    try:
        store.generate(plan, data, disk / "out", format=name, progress=False)
    except StoreError as error:
        print(case, error.exit_code, str(error).replace("\\n", " "))
    check(disk / "out")
    subprocess.run(["mount", "-o", "remount,size=64M", str(disk)], check=True)
    done = store.generate(plan, data, disk / "out", format=name, progress=False).done
    if not alone.exists():
        store.generate(plan, data, alone, format=name, progress=False)
    print(done, making.tree(disk / "out") == making.tree(alone))
"""


def may_mount() -> bool:
    command = ["unshare", "--user", "--map-root-user", "--mount", "true"]
    return shutil.which("unshare") is not None and subprocess.run(command, check=False).returncode == 0


@pytest.mark.skipif(sys.platform != "linux" or not may_mount(), reason="no small disk can be mounted here")
def test_promise_5_a_small_disk_that_fills_is_a_clean_stop(tmp_path):
    cases = ["128k folder", "700k folder", "200k parquet"]
    inside = [sys.executable, "-c", MOUNTING, str(tmp_path), *cases]
    command = ["unshare", "--user", "--map-root-user", "--mount", *inside]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stderr
    lines = said.stdout.splitlines()
    assert len(lines) == 2 * len(cases)
    for case, full, last in zip(cases, lines[::2], lines[1::2], strict=True):
        assert full.startswith(f"{case} 3 ") and "the disk is full (" in full and "bytes free" in full
        assert last in ("finished True", "made True")


@pytest.mark.parametrize("call", ["write", "fsync"])
@pytest.mark.parametrize("stride", [5, pytest.param(1, marks=pytest.mark.torture)])
def test_promise_5_a_disk_that_is_full_from_any_call_on_is_a_clean_stop(tmp_path, monkeypatch, call, stride):
    monkeypatch.setattr(job, "SHARD_SIZE", 3)
    plan, data = making.plan(copies=1), making.source(6)
    wanted = making.tree(store.generate(plan, data, tmp_path / "whole", progress=False).out)
    for at in range(1, 500, stride):
        out = tmp_path / f"out{at}"
        with monkeypatch.context() as patched:
            failing(patched, call, errno.ENOSPC, at)
            try:
                store.generate(plan, data, out, progress=False)
            except StoreError as error:
                assert error.exit_code == 3 and "the disk is full" in error.problem
                assert "carries on" in error.fix
            else:
                break
        check(out)
        store.generate(plan, data, out, progress=False)
        assert making.tree(out) == wanted
    assert at > 12

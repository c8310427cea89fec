"""Killed at any moment, a run leaves whole files, claims nothing, and ends in the same bytes after all."""

from __future__ import annotations

import contextlib
import hashlib
import os
import random
import signal
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from augkit import codec, sources, store
from augkit.errors import SourceError, StoreError
from tests.store import making

pytestmark = pytest.mark.thorough

ROOT = Path(__file__).parents[2]
KINDS = ("png", "jpeg:90", "webp", "parquet+png", "webdataset+png", "arrow+png")


class Forks:
    """Start runs in forks of one process."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "tests.store.forking"]
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True)

    def ask(self, line: str) -> int:
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())

    def start(self, out: Path, image_format: str = "png", limit: int = 0) -> int:
        return self.ask(f"{out} {image_format} {limit}")

    def wait(self) -> int:
        return self.ask("wait")

    def close(self) -> None:
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


@pytest.fixture(scope="module")
def forks() -> Iterator[Forks]:
    with contextlib.closing(Forks()) as serving:
        yield serving


def begun(out: Path, runs: int) -> None:
    """Wait until so many runs have begun to write, or nothing is left to write."""
    log, marker, until = out / ".augkit" / "run" / "log", out / "augkit.json", time.monotonic() + 60
    while time.monotonic() < until and not marker.exists():
        if log.exists() and log.read_text("utf-8").count("\n") >= runs:
            return
        time.sleep(0.001)


@pytest.fixture(scope="module")
def wanted(forks, tmp_path_factory) -> dict[str, tuple[dict[str, str], float]]:
    """Return the tree that each format makes uninterrupted, and how many seconds the writing takes."""
    trees = {}
    for image_format in KINDS:
        out = tmp_path_factory.mktemp("whole") / "out"
        forks.start(out, image_format)
        begun(out, 1)
        start = time.monotonic()
        assert forks.wait() == 0
        trees[image_format] = making.tree(out), time.monotonic() - start
    return trees


def check(out: Path) -> None:
    """Check what a kill left: whole pictures that are what a seal says, and no claim to be complete."""
    for path in [*out.glob("train/*/*"), *out.glob("test/*/*")]:
        assert codec.decode(path.read_bytes(), name=str(path)).shape[:2] == (32, 32)
    for path in out.glob("data/*.parquet"):
        assert pq.ParquetFile(path).metadata.num_rows
    for path in out.glob("data/*.tar"):
        with tarfile.open(path) as archive:
            assert len(archive.getnames()) % 3 == 0
    for path in out.glob("data/*.arrow"):
        with pa.memory_map(str(path)) as file, pa.ipc.open_stream(file) as stream:
            assert stream.read_all().num_rows
    for path in out.glob(".augkit/run/shards/*.parquet"):
        for row in pd.read_parquet(path).itertuples():
            kept = next(kept for kept in store.FORMATS.values() if kept.ours(row.file))
            with (out / row.file).open("rb") as file:
                data = kept.read(file, row.place, row.bytes)
            assert hashlib.sha256(data).hexdigest() == row.sha256
    if (out / "augkit.json").exists():
        assert store.verify(out).ok
    elif out.exists():
        with pytest.raises(StoreError):
            store.verify(out)
        if (out / ".augkit").exists():
            with pytest.raises(SourceError, match="not finished"):
                sources.load(out)


def kill_rounds(forks: Forks, wanted, out: Path, image_format: str, chance: random.Random) -> None:
    """Kill a run at random moments until one is finished, then compare it with an uninterrupted one."""
    tree, takes = wanted[image_format]
    for number in range(1, 4):
        process = forks.start(out, image_format)
        begun(out, number)
        time.sleep(chance.random() * takes)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process, signal.SIGKILL)
        if forks.wait() == 0:
            break
        check(out)
    forks.start(out, image_format)
    assert forks.wait() == 0
    assert making.tree(out) == tree


@pytest.mark.parametrize("image_format", KINDS)
@pytest.mark.parametrize("number", range(3))
def test_promise_1_2_4_killed_at_random_moments_again_and_again(
    forks, wanted, tmp_path, number, image_format
):
    kill_rounds(forks, wanted, tmp_path / "out", image_format, random.Random(f"{number} {image_format}"))


@pytest.mark.torture
@pytest.mark.parametrize("number", range(300))
def test_promise_1_2_4_killed_a_thousand_times(forks, wanted, tmp_path, number):
    chance = random.Random(number)
    kill_rounds(forks, wanted, tmp_path / "out", chance.choice(KINDS), chance)


@pytest.mark.parametrize("limit", [100, 400, 2_000, 8_000])
def test_promise_5_a_disk_that_takes_no_more_is_a_clean_stop(forks, wanted, tmp_path, limit):
    out = tmp_path / "out"
    forks.start(out, limit=limit)
    assert forks.wait() == 3
    said = Path(f"{out}.said").read_text("utf-8")
    assert "the disk is full"[: limit // 2 - len(str(out)) - 2] in said
    check(out)
    assert not list(out.glob(".augkit/run/tmp/*"))
    forks.start(out)
    assert forks.wait() == 0
    assert making.tree(out) == wanted["png"][0]


@pytest.mark.parametrize("kind", [signal.SIGINT, signal.SIGTERM])
def test_promise_10_a_signal_at_any_moment_ends_the_run_and_loses_nothing(forks, wanted, tmp_path, kind):
    chance = random.Random(int(kind))
    tree, takes = wanted["png"]
    out = tmp_path / "out"
    for number in range(1, 4):
        process = forks.start(out)
        begun(out, number)
        time.sleep(chance.random() * takes)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process, kind)
        status = forks.wait()
        check(out)
        assert not psutil.Process(forks.process.pid).children()
        if status == 0:
            break
    forks.start(out)
    assert forks.wait() == 0
    assert making.tree(out) == tree

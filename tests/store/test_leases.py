"""Two writers to one place on an object store, of whom one lives, is gone, or loses its place."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time

import pytest

from augkit import store
from augkit.errors import StoreError
from augkit.store import lease
from augkit.store.bucket import Bucket
from augkit.store.part import Part
from tests.store import making, s3
from tests.store.s3 import OUT

pytestmark = s3.needed


def test_promise_8_two_writers_do_not_mix(cloud, local, monkeypatch):
    monkeypatch.setattr(lease, "BEAT", 0.05)
    with lease.held(Bucket(OUT), None, print):
        for attempt in (
            lambda: s3.make(OUT),
            lambda: s3.make(OUT, part=Part(1, 2)),
            lambda: store.merge(OUT),
        ):
            with pytest.raises(StoreError, match=f"another augkit is writing here .process {os.getpid()} on"):
                attempt()
    with lease.held(Bucket(OUT), Part(1, 2), print):
        s3.make(OUT, part=Part(2, 2))  # beside it
        for attempt in (
            lambda: s3.make(OUT),
            lambda: s3.make(OUT, part=Part(1, 2)),
            lambda: store.merge(OUT),
        ):
            with pytest.raises(StoreError, match="another augkit is making part 1/2 here"):
                attempt()
    assert s3.make(OUT).done == "finished" and cloud.tree("out") == making.tree(local["folder"])


def owner(**said: object) -> bytes:
    return json.dumps({"token": "other", "process": 1, "host": "elsewhere", "boot": "x", **said}).encode()


def test_promise_8_an_owner_without_signs_of_life_is_waited_for_and_then_forgotten(cloud, local, monkeypatch):
    monkeypatch.setattr(lease, "LEASE", 0.3)
    cloud.files.pipe_file(f"{s3.BUCKET}/out/.augkit/run/lock", owner())
    cloud.files.pipe_file(f"{s3.BUCKET}/out/.augkit/run/lock-1-of-2", owner())
    monkeypatch.setattr(lease.Lease, "check", lambda self: None)
    said: list[str] = []
    start = time.monotonic()
    s3.make(OUT, say=said.append)
    assert time.monotonic() - start > 0.6
    assert [line for line in said if "process 1 on elsewhere" in line] == said[:2] and len(said) == 3
    assert cloud.tree("out") == making.tree(local["folder"])


def test_promise_8_an_owner_that_ended_on_this_machine_is_not_waited_for(cloud):
    ended = subprocess.Popen([sys.executable, "-S", "-c", ""])
    ended.wait()
    cloud.files.pipe_file(f"{s3.BUCKET}/out/.augkit/run/lock", owner(process=ended.pid, **lease._machine()))
    said: list[str] = []
    s3.make(OUT, say=said.append)
    assert len(said) == 1


def test_promise_8_who_loses_its_place_stops(cloud, monkeypatch):
    monkeypatch.setattr(lease, "BEAT", 0.02)

    def taken(method: str, path: str) -> tuple[int, str] | None:
        if method == "PUT" and path.startswith("out/train/1/"):
            cloud.refuse = lambda method, path: None
            for _ in range(15):  # a sign of life that is under way may come in between
                cloud.files.pipe_file(f"{s3.BUCKET}/out/.augkit/run/lock", owner())
                time.sleep(0.03)
        return None

    cloud.refuse = taken
    with pytest.raises(StoreError, match="another augkit has taken over"):
        s3.make(OUT)
    assert cloud.held("out")[".augkit/run/lock"] == owner()


def test_threads_end_with_the_run(cloud):
    before = {thread.name for thread in threading.enumerate() if "Thread-" in thread.name}
    s3.make(OUT)
    after = {thread.name for thread in threading.enumerate() if thread.name.endswith("(_beat)")}
    assert not after - before

"""A picture that kills or holds up the process that reads it costs that picture, and no other."""

from __future__ import annotations

import functools
import gc
import json
import multiprocessing
import os
import shutil
import signal
import threading
import time
from pathlib import Path

import psutil
import pytest

from augkit import codec, engines, store
from augkit.errors import StoreError
from augkit.store import cutting, job, run, shard, writing
from augkit.store.suspects import Suspects
from tests.store import making

KILLS = (5, 77, 103)


def worse(how: str, where: str, given: job.Job, part: job.Shard, attempt: int) -> shard.Made:
    """Make a shard in a worker in which reading some pictures ends badly."""
    bad = {making.picture(number): number for number in KILLS}
    decode = codec.decode

    def instead(data: bytes, **named: object) -> object:
        if data in bad and how == "kill":
            os.kill(os.getpid(), signal.SIGSEGV)
        if data in bad and how == "exit":
            os._exit(3)
        if data in bad and how == "huge":
            raise MemoryError
        if data in bad and how == "hang":
            time.sleep(3600)
        if data in bad and how == "once" and not Path(where, str(bad[data])).exists():
            Path(where, str(bad[data])).touch()
            os._exit(9)
        return decode(data, **named)

    codec.decode = instead
    return shard.make(given, part, attempt)


@pytest.fixture
def sick(monkeypatch, tmp_path):
    """Give the workers of this test a bad way to read; where one is this process, it is put right again."""
    monkeypatch.setattr(codec, "decode", codec.decode)

    def make(how: str) -> None:
        monkeypatch.setattr(run, "_one", functools.partial(worse, how, str(tmp_path)))

    return make


def quarantined(out: Path) -> list[str]:
    return [entry["source"] for entry in json.loads((out / ".augkit" / "quarantine.json").read_text("utf-8"))]


def test_promise_9_a_picture_that_kills_its_process_costs_that_picture(tmp_path, sick, capfd):
    sick("kill")
    out = tmp_path / "out"
    made = store.generate(making.plan(copies=1), making.source(60), out, workers=2, progress=False)
    assert made.bad == 1 and made.pictures == 59 * 2 and quarantined(out) == ["k005"]
    assert (
        "SIGSEGV" in capfd.readouterr().err and "kills" in (out / ".augkit" / "quarantine.json").read_text()
    )
    assert store.verify(out).ok


@pytest.mark.slow
@pytest.mark.parametrize("how", ["kill", "hang", "exit", "huge"])
def test_promise_9_three_pictures_that_kill_or_never_end_cost_those_three(tmp_path, sick, how, monkeypatch):
    sick(how)
    monkeypatch.setattr(writing, "Job", functools.partial(job.Job, patience=1))
    out = tmp_path / "out"
    made = store.generate(making.plan(copies=1), making.source(300), out, workers=2, progress=False)
    assert made.bad == 3 and quarantined(out) == ["k005", "k077", "k103"] and made.pictures == 297 * 2
    assert not multiprocessing.active_children()


def test_promise_9_a_picture_that_never_ends_ends_its_process(tmp_path, sick, monkeypatch):
    sick("hang")
    monkeypatch.setattr(writing, "Job", functools.partial(job.Job, patience=1))
    monkeypatch.setattr(engines.pool, "ATTEMPTS", 1)
    with pytest.raises(StoreError, match="SIGALRM"):
        store.generate(making.plan(copies=1), making.source(20), tmp_path / "out", workers=2, progress=False)
    assert not multiprocessing.active_children()


def test_promise_9_a_worker_that_died_once_costs_nothing(tmp_path, sick):
    sick("once")
    out, whole = tmp_path / "out", tmp_path / "whole"
    store.generate(making.plan(copies=1), making.source(20), out, workers=2, progress=False)
    assert (tmp_path / "5").exists() and quarantined(out) == []
    store.generate(making.plan(copies=1), making.source(20), whole, progress=False)
    assert making.tree(out) == making.tree(whole)


@pytest.mark.parametrize("kind", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("workers", [1, 2])
def test_promise_10_a_signal_stops_a_run_within_two_seconds_whatever_it_is_at(tmp_path, sick, kind, workers):
    sick("hang")
    sent: list[float] = []

    def send() -> None:
        while not list(tmp_path.glob("out/.augkit/run/log")):
            time.sleep(0.01)
        time.sleep(0.2)
        sent.append(time.monotonic())
        os.kill(os.getpid(), kind)

    with pytest.raises(store.Interrupted, match="what is finished is kept") as caught:
        threading.Thread(target=send).start()
        store.generate(
            making.plan(copies=1), making.source(20), tmp_path / "out", workers=workers, progress=False
        )
    assert time.monotonic() - sent[0] < 2 and not workers_left()
    assert caught.value.exit_code == (130 if kind == signal.SIGINT else 143)


@pytest.mark.parametrize("workers", [1, 2])
def test_promise_10_a_second_signal_stops_what_the_first_one_left_to_do(tmp_path, monkeypatch, workers):
    real, start = shutil.rmtree, time.monotonic()

    def dawdle(path: object, *rest: object, **named: object) -> None:
        if "tmp" in str(path) and stopping:
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(3600)
        real(path, *rest, **named)

    def stop(*_: object) -> None:
        stopping.append(time.monotonic())
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(60)

    stopping: list[float] = []
    monkeypatch.setattr(shutil, "rmtree", dawdle)
    monkeypatch.setattr("augkit.store.sealing.seal", stop)
    with pytest.raises(KeyboardInterrupt):
        store.generate(
            making.plan(copies=1), making.source(20), tmp_path / "out", workers=workers, progress=False
        )
    assert start < stopping[0] and time.monotonic() - stopping[0] < 2
    assert not workers_left()


def workers_left() -> list[psutil.Process]:
    """Return the workers that still run; Python's own helper of such processes may."""
    children = psutil.Process().children(recursive=True)
    return [child for child in children if "resource_tracker" not in " ".join(child.cmdline())]


def test_what_an_earlier_run_noted_accuses_nobody(tmp_path):
    (tmp_path / ".augkit" / "run" / "shards").mkdir(parents=True)
    given = job.Job(str(tmp_path), "", None, (), (), (), "png", again=False)
    part = next(cutting.Sources(making.source(8), ["train"]).shards())
    for attempt in (2, 3):
        watched = Suspects(given, part, attempt)
        assert watched.guilty == set()  # one end may be anybody's
        watched.watch(4)
    assert Suspects(given, part, 4).guilty == {4}
    assert Suspects(given, part, 1).guilty == set()
    assert Suspects(given, part, 2).guilty == set()


def test_an_end_outside_of_any_source_accuses_nobody(tmp_path):
    (tmp_path / ".augkit" / "run" / "shards").mkdir(parents=True)
    given = job.Job(str(tmp_path), "", None, (), (), (), "png", again=False)
    part = next(cutting.Sources(making.source(8), ["train"]).shards())
    for attempt in (2, 3, 4):
        watched = Suspects(given, part, attempt)
        assert watched.guilty == set()
        watched.watch(7)
        watched.watch(None)


def test_only_a_worker_is_ended_for_the_sake_of_a_picture():
    assert not engines.replaceable()
    assert list(engines.run([1, 2], tell, 2)) == [True, True]


def tell(task: int, attempt: int) -> bool:
    return engines.replaceable()


def test_promise_28_nothing_is_left_open_or_running_after_many_runs(tmp_path):
    me = psutil.Process()

    def held() -> tuple[int, int, int]:
        gc.collect()  # what earlier tests left to be collected is not ours
        return me.num_fds(), len(me.children(recursive=True)), me.num_threads()

    plan, data = making.plan(copies=1), making.source(4)
    store.generate(plan, data, tmp_path / "first", progress=False)
    before = held()
    for number in range(12):
        out = tmp_path / str(number % 6)
        store.generate(plan, data, out, progress=False)
        store.verify(out)
        with pytest.raises(StoreError):
            store.generate(making.plan(copies=1, seed=1), data, out, progress=False)
    assert held() == before

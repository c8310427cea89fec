"""Engines do every task once, wherever it is done, and survive the death of workers."""

from __future__ import annotations

import os
import platform
import subprocess
import sys

import pytest

from augkit import engines
from augkit.errors import PictureError, StoreError, UsageError
from tests.engines.tasks import always_die, break_at_three, die_at_three, double, note, refuse_three


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_every_task_is_done_once(workers):
    assert sorted(engines.run(range(7), double, workers)) == [0, 2, 4, 6, 8, 10, 12]
    assert list(engines.run([], double, workers)) == []


def test_many_workers_are_other_processes(tmp_path):
    made = set(engines.run([(str(tmp_path), n) for n in range(4)], note, 2))
    assert os.getpid() not in made and len(list(tmp_path.iterdir())) == 4
    assert set(engines.run([(str(tmp_path), 9)], note, 1)) == {os.getpid()}


def test_promise_9_a_workers_death_costs_its_task_another_attempt_and_is_reported(capfd):
    assert sorted(engines.run(range(5), die_at_three, 2)) == [(0, 1), (1, 1), (2, 1), (3, 3), (4, 1)]
    assert "SIGKILL" in capfd.readouterr().err


def test_promise_9_a_task_that_always_kills_its_process_ends_the_run(monkeypatch):
    monkeypatch.setattr(engines.pool, "ATTEMPTS", 2)
    with pytest.raises(StoreError, match="exit status 7"):
        list(engines.run([1], always_die, 2))


@pytest.mark.parametrize("workers", [1, 2])
def test_an_error_of_a_task_reaches_the_caller(workers):
    with pytest.raises(PictureError, match=r"three\.png"):
        list(engines.run(range(5), refuse_three, workers))


def test_a_bug_in_a_worker_is_shown_with_its_place():
    with pytest.raises(RuntimeError, match="break_at_three"):
        list(engines.run(range(5), break_at_three, 2))


def test_promise_28_no_process_is_left_when_the_caller_stops_early():
    import multiprocessing

    for result in engines.run(range(50), double, 2):
        assert result >= 0
        break
    assert not multiprocessing.active_children()


def who(task: int, attempt: int) -> tuple[int, bool]:
    return os.getpid(), "augkit.jpeg" in sys.modules


def test_hired_workers_stay_from_one_run_to_the_next():
    import multiprocessing

    with engines.hired(2, ahead=2, modules=["augkit.jpeg"]) as do:
        ready = {child.pid for child in multiprocessing.active_children()}
        first = list(do(range(4), who))
        assert {process for process, _ in first} <= ready and all(loaded for _, loaded in first)
        one = do([1], double)
        assert next(one) == 2
        one.close()  # its worker has nothing more in hand
        assert {process for process, _ in do(range(4), who)} <= ready
        some = do(range(4), double)
        next(some)
        some.close()  # here both may be at a task
        assert sorted(do(range(5), double)) == [0, 2, 4, 6, 8]
    assert not multiprocessing.active_children()


def test_promise_9_a_hired_worker_that_dies_while_it_waits_is_replaced(capfd):
    import multiprocessing

    with engines.hired(2, ahead=2) as do:
        list(do(range(2), double))
        for child in multiprocessing.active_children():
            child.kill()
            child.join()
        assert sorted(do(range(3), double)) == [0, 2, 4]
    assert "SIGKILL" in capfd.readouterr().err


def test_one_hired_worker_is_this_process():
    with engines.hired(1, ahead=1) as do:
        assert [process for process, _ in do([1, 2], who)] == [os.getpid()] * 2


FAULTS = """
import resource, sys
import numpy as np
from augkit.engines import heap
def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(50):
        some = [np.ones(2_000_000, np.uint8) for _ in range(3)]
        del some
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
faults()
heap.keep()
faults()
print(faults())
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the C library is another")
def test_freed_memory_is_kept_for_the_next_picture_unless_the_user_set_the_heap():
    def run(**variables: str) -> int:
        given = {name: value for name, value in os.environ.items() if not name.startswith("MALLOC_")}
        command = [sys.executable, "-c", FAULTS]
        return int(subprocess.run(command, env=given | variables, capture_output=True, check=True).stdout)

    assert run() < 100
    assert run(MALLOC_TRIM_THRESHOLD_="100000", MALLOC_MMAP_THRESHOLD_="100000") > 10_000


def test_tasks_are_read_only_a_few_ahead():
    read = []

    def tasks():
        for number in range(20):
            read.append(number)
            yield number

    for _ in engines.run(tasks(), double, 2):
        break
    assert len(read) <= 4


def test_less_than_one_worker_is_refused():
    with pytest.raises(UsageError):
        engines.run([], double, 0)


def test_an_engine_that_is_not_there_is_refused_with_those_that_are():
    with pytest.raises(UsageError, match="want one of local, ray") as caught:
        engines.run([], double, 1, "rey")
    assert "ray" in caught.value.fix


def test_ray_that_is_not_installed_is_an_error_with_a_fix(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(UsageError, match="Ray is not installed") as caught:
        list(engines.run([1], double, 2, "ray"))
    assert "augkit[ray]" in caught.value.fix

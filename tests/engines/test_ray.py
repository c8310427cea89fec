"""A Ray cluster does every task once; the loss of a process or a machine costs a task another attempt."""

from __future__ import annotations

import functools
import os
import signal
import time
from pathlib import Path

import pytest

from augkit import engines, store
from augkit.errors import PictureError, StoreError, UsageError
from tests.engines.tasks import always_die, break_at_three, die_at_three, double, refuse_three
from tests.store import making

ray = pytest.importorskip("ray", reason="Ray is not installed: pip install 'augkit[ray]'")

HERE = "127.0.0.2"  # on the loopback; Ray takes 127.0.0.1 for a word that means the machine's outer address


@pytest.fixture(autouse=True)
def rays_own(refused_connections):
    """Pass over Ray's dashboard, which asks on its own which cloud it is in; nothing else may leave."""
    yield
    assert [line for line in refused_connections().splitlines() if "/ray/dashboard/" not in line] == []


@pytest.fixture(scope="module")
def cluster():
    """A cluster of two nodes on this machine, the first without processors for tasks."""
    from ray.cluster_utils import Cluster

    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    made = Cluster(
        initialize_head=True,
        head_node_args={"num_cpus": 0, "node_ip_address": HERE, "include_dashboard": False},
    )
    made.add_node(num_cpus=2, node_ip_address=HERE)
    ray.init(made.address, log_to_driver=False, _node_ip_address=HERE)
    yield made
    ray.shutdown()
    made.shutdown()


def linger(task: tuple[str, int], attempt: int) -> tuple[int, int]:
    """Say that it is at work, and wait for a word before it is done: at the first attempt none comes."""
    folder, number = task
    Path(folder, f"{number}-{attempt}").touch()
    while attempt == 1 and number == 0 and not Path(folder, "go").exists():
        time.sleep(0.05)
    return number, attempt


@pytest.mark.thorough
def test_every_task_is_done_once_by_other_processes(cluster):
    assert sorted(engines.run(range(7), double, 2, "ray")) == [0, 2, 4, 6, 8, 10, 12]
    assert list(engines.run([], double, 2, "ray")) == []


@pytest.mark.thorough
def test_promise_9_the_death_of_a_process_costs_its_task_another_attempt_and_is_reported(cluster, capfd):
    made = sorted(engines.run(range(5), die_at_three, 2, "ray"))
    assert made == [(0, 1), (1, 1), (2, 1), (3, 3), (4, 1)]
    assert "doing that again" in capfd.readouterr().err


@pytest.mark.thorough
def test_promise_9_a_task_that_always_kills_its_process_ends_the_run(cluster, monkeypatch):
    monkeypatch.setattr(engines.pool, "ATTEMPTS", 2)
    with pytest.raises(StoreError, match="lost 2 times"):
        list(engines.run([1], always_die, 2, "ray"))


@pytest.mark.slow
def test_promise_9_the_loss_of_a_machine_costs_its_task_another_attempt(cluster, tmp_path):
    machine = cluster.add_node(num_cpus=1, resources={}, node_ip_address=HERE)
    cluster.wait_for_nodes()
    tasks = [(str(tmp_path), number) for number in range(6)]
    made = engines.run(tasks, linger, 3, "ray")
    results = [next(made)]
    deadline = time.monotonic() + 60
    while not (tmp_path / "0-1").exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    lost = next(node for node in cluster.list_all_nodes() if node is machine)
    others = [
        node for node in cluster.list_all_nodes() if node is not machine and node is not cluster.head_node
    ]
    # Whichever machine the first task waits on: both that hold tasks go, one after the other, and one comes.
    cluster.add_node(num_cpus=2, node_ip_address=HERE)
    for node in [lost, *others]:
        cluster.remove_node(node, allow_graceful=False)
    results += list(made)
    assert sorted(number for number, _ in results) == [0, 1, 2, 3, 4, 5]
    assert dict(results)[0] > 1


def killed_once(work, task, attempt: int):
    """Do what `work` does, but for the first attempt of each: that one dies when it has written its files."""
    if attempt == 1 and task.number % 2 == 0:
        work(task, attempt)
        os.kill(os.getpid(), signal.SIGKILL)
    return work(task, attempt)


def test_promise_33_ray_is_told_to_tell_nobody(monkeypatch):
    monkeypatch.delenv("RAY_USAGE_STATS_ENABLED", raising=False)
    engines.ray._ray()
    assert os.environ["RAY_USAGE_STATS_ENABLED"] == "0"


def test_promise_12_a_cluster_that_loses_workers_makes_the_bytes_of_one_process(
    cluster, tmp_path, monkeypatch
):
    monkeypatch.setattr("augkit.store.job.SHARD_SIZE", 8)
    plan, data = making.plan(), making.source(40)
    store.generate(plan, data, tmp_path / "local", progress=False)
    kill = engines.ray.run

    def killing(tasks, work, *rest):
        return kill(tasks, functools.partial(killed_once, work), *rest)

    monkeypatch.setattr(engines.ray, "run", killing)
    store.generate(plan, data, tmp_path / "ray", workers=2, engine="ray", progress=False)
    assert making.tree(tmp_path / "ray") == making.tree(tmp_path / "local")


@pytest.mark.parametrize(
    "work,error,said",
    [(refuse_three, PictureError, r"three\.png"), (break_at_three, RuntimeError, "break_at_three")],
)
def test_what_a_task_raises_reaches_the_caller(cluster, work, error, said):
    with pytest.raises(error, match=said):
        list(engines.run(range(5), work, 2, "ray"))


def test_tasks_are_read_only_a_few_ahead(cluster):
    read = []

    def tasks():
        for number in range(20):
            read.append(number)
            yield number

    made = engines.run(tasks(), double, 2, "ray")
    next(made)
    made.close()
    assert len(read) <= 4


def test_a_cluster_that_is_not_there_is_an_error_with_a_fix(monkeypatch):
    monkeypatch.setattr(ray, "is_initialized", lambda: False)

    def refuse(*_, **__):
        raise ConnectionError("nobody is there\nand more")

    monkeypatch.setattr(ray, "init", refuse)
    with pytest.raises(
        UsageError, match=r"127\.0\.0\.1:1: no Ray cluster answers: nobody is there"
    ) as caught:
        list(engines.run([1], double, 2, "ray:127.0.0.1:1"))
    assert caught.value.where == "127.0.0.1:1" and "ray start --head" in caught.value.fix

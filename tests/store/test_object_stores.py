"""Data sets on an object store are those of a folder, byte for byte, whatever happens on the way."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from augkit import sources, store
from augkit.errors import AugkitError, StoreError, UsageError
from augkit.report import report
from augkit.store import staging
from augkit.store.part import Part
from tests.store import making, s3
from tests.store.s3 import OUT

pytestmark = s3.needed
ROOT = Path(__file__).parents[2]
OTHERS = tuple(name for name in store.FORMATS if name not in ("folder", "parquet"))
CHILD = """
import sys
from augkit import store
from augkit.store import job
from tests.store.s3 import small
job.SHARD_SIZE = 4
store.generate(*small(), sys.argv[1], progress=False)
"""


def left_here() -> list[str]:
    return [path.name for path in Path(os.environ.get("TMPDIR", "/tmp")).glob("augkit-staging-*")]


@pytest.mark.parametrize(
    "name", ["folder", "parquet", *(pytest.param(name, marks=pytest.mark.slow) for name in OTHERS)]
)
def test_promise_12_a_bucket_holds_the_bytes_of_a_folder_and_is_looked_at_like_one(cloud, local, name):
    before = left_here()
    made = s3.make(OUT, format=name)
    assert made.done == "made" and made.pictures == 14 and str(made.out) == OUT
    assert cloud.tree("out") == making.tree(local[name])
    assert set(cloud.held("out/.augkit/run")) == {"log"} and left_here() == before
    found = store.verify(OUT)
    assert found.ok and found.text() == f"{OUT}: whole: 14 pictures as they were written"
    assert s3.make(OUT, format=name).done == "verified"
    assert store.replay(OUT, 4).ok and store.replay(OUT, "3/k003-1.png").ok
    assert report(OUT) == report(local[name])


def test_promise_4_the_marker_is_put_last_and_each_seal_after_its_pictures(cloud):
    s3.make(OUT)
    puts = [line.removeprefix("PUT out/") for line in cloud.asked if line.startswith("PUT out/")]
    kept = [name for name in puts if not name.startswith(".augkit/run/l")]
    assert kept[-1] == "augkit.json" and kept[0] == ".augkit/plan.json"
    seals = [place for place, name in enumerate(kept) if "/shards/" in name]
    assert len(seals) == 3 and all(kept[place - 1].endswith(".png") for place in seals)
    assert not [line for line in cloud.asked if "COPY" in line]


@pytest.mark.parametrize(
    "place",
    [
        "train/3/",
        pytest.param(".augkit/run/shards/000001", marks=pytest.mark.slow),
        pytest.param("augkit.json", marks=pytest.mark.slow),
    ],
)
def test_promise_2_a_run_that_is_killed_is_carried_on_to_the_same_bytes(cloud, local, tmp_path, place):
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, OUT], cwd=ROOT, env=environment, stderr=subprocess.PIPE
    )

    def kill(method: str, path: str) -> tuple[int, str] | None:
        if method == "PUT" and path.startswith(f"out/{place}") and child.poll() is None:
            os.kill(child.pid, signal.SIGKILL)
            child.wait()
            return 500, "InternalError"
        return None

    cloud.refuse = kill
    assert child.wait(60) == -signal.SIGKILL, child.stderr.read()
    child.stderr.close()
    with pytest.raises(StoreError, match="it is not finished"):
        store.verify(OUT)
    cloud.asked.clear()
    assert s3.make(OUT).done == "finished"
    puts = sum(line.startswith("PUT out/train/") for line in cloud.asked)
    assert puts == {"t": 12, ".": 4, "a": 0}[place[0]]  # what was sealed is not made again
    assert cloud.tree("out") == making.tree(local["folder"])


def test_promise_29_a_request_that_fails_once_is_tried_again(cloud, local):
    failed = set()

    def once(method: str, path: str) -> tuple[int, str] | None:
        if (method, path) in failed or len(failed) > 300:
            return None
        failed.add((method, path))
        return 500, "InternalError"

    cloud.refuse = once
    s3.make(OUT)
    cloud.refuse = lambda method, path: None
    assert len(failed) > 30 and cloud.tree("out") == making.tree(local["folder"])


@pytest.mark.parametrize(
    "place",
    [
        "out/train/2",
        pytest.param("out/.augkit/run/shards", marks=pytest.mark.slow),
        pytest.param("out/README.md", marks=pytest.mark.slow),
        pytest.param("out/augkit.json", marks=pytest.mark.slow),
    ],
)
def test_promise_29_what_fails_for_good_is_a_clean_stop_and_carried_on_later(cloud, local, place):
    cloud.refuse = lambda method, path: (
        (500, "InternalError") if method == "PUT" and path.startswith(place) else None
    )
    before = left_here()
    with pytest.raises(StoreError, match=f"^{OUT}: cannot be reached .*(?s:.*)it carries on") as caught:
        s3.make(OUT)
    assert caught.value.exit_code == 3 and left_here() == before
    assert "augkit.json" not in cloud.held("out") and "lock" not in cloud.held("out/.augkit/run")
    cloud.refuse = lambda method, path: None
    assert s3.make(OUT).done == "finished" and cloud.tree("out") == making.tree(local["folder"])


def test_promise_2_a_picture_that_vanished_from_the_bucket_is_made_again(cloud, local):
    cloud.refuse = lambda method, path: (
        (500, "InternalError") if (method, path) == ("PUT", "out/augkit.json") else None
    )
    with pytest.raises(StoreError):
        s3.make(OUT)
    cloud.refuse = lambda method, path: None
    cloud.files.rm_file(f"{s3.BUCKET}/out/train/3/k003-1.png")
    s3.make(OUT)
    assert cloud.tree("out") == making.tree(local["folder"])


@pytest.mark.thorough
@pytest.mark.parametrize("name", ["folder", "parquet"])
def test_promise_11_every_later_harm_is_found(cloud, name):
    s3.make(OUT, format=name)
    picture = next(path for path in cloud.tree("out") if path.startswith(("train/3/", "data/train")))
    files, top = cloud.files, f"{s3.BUCKET}/out/"
    data = files.cat_file(top + picture)
    files.pipe_file(top + picture, data[:-1] + bytes([data[-1] ^ 1]))
    assert store.verify(OUT).problems == (f"{picture}: it was changed",)
    files.rm_file(top + picture)
    assert store.verify(OUT).problems == (f"{picture}: it is missing",)
    files.pipe_file(top + picture, data)
    files.pipe_file(top + "train/3/more.png", data)
    assert store.verify(OUT).problems == ("train/3/more.png: it was added",)
    files.rm_file(top + "train/3/more.png")
    files.pipe_file(top + ".augkit/task.yaml", b"task: other")
    assert store.verify(OUT).problems == (".augkit/task.yaml: it was changed",)


@pytest.mark.thorough
def test_promise_12_parts_put_in_one_bucket_are_merged_there(cloud, local):
    for number in (3, 1):
        made = s3.make(OUT, part=Part(number, 3))
        assert f"part {number}/3: made: " in made.text()
    with pytest.raises(StoreError, match="1 of 3 shards are missing: 1") as caught:
        store.merge(OUT)
    assert "--shard 2/3" in caught.value.fix and "augkit.json" not in cloud.held("out")
    s3.make(OUT, part=Part(2, 3))
    assert s3.make(OUT, part=Part(1, 3)).done == "finished"
    assert store.merge(OUT).done == "merged" and cloud.tree("out") == making.tree(local["folder"])
    assert store.merge(OUT).done == "verified" and s3.make(OUT, part=Part(1, 3)).done == "merged already"
    with pytest.raises(UsageError, match="not copied together from or to a URL"):
        store.merge(OUT, ["a"])


@pytest.mark.slow
def test_promise_12_a_cluster_puts_the_same_bytes_into_a_bucket(cloud, local, refused_connections):
    ray = pytest.importorskip("ray")
    from ray.cluster_utils import Cluster

    node = {"num_cpus": 2, "node_ip_address": "127.0.0.2", "include_dashboard": False}
    cluster = Cluster(initialize_head=True, head_node_args=node)  # whose workers find the server as we do
    ray.init(cluster.address, log_to_driver=False, _node_ip_address="127.0.0.2")
    try:
        s3.make(OUT, workers=2, engine="ray")
    finally:
        ray.shutdown()
        cluster.shutdown()
    assert cloud.tree("out") == making.tree(local["folder"])
    # Ray's dashboard asks on its own which cloud it is in; nothing else may leave.
    assert [line for line in refused_connections().splitlines() if "/ray/dashboard/" not in line] == []


def test_promise_6_a_place_that_would_be_harmed_is_refused_before_anything_is_put(cloud, local, monkeypatch):
    files, top = cloud.files, f"{s3.BUCKET}/"
    files.pipe_file(top + "others/a.txt", b"mine")
    with pytest.raises(StoreError, match="it is not empty, and augkit did not make it"):
        s3.make(f"s3://{s3.BUCKET}/others")
    s3.make(OUT)
    with pytest.raises(StoreError, match=f"it lies in another data set, {OUT}"):
        s3.make(f"{OUT}/train")
    with pytest.raises(StoreError, match="it holds another data set: seed: 0 there, 5 now"):
        store.generate(*s3.small(seed=5), OUT, progress=False)
    cloud.put(local["folder"] / "train", "photos")
    data = sources.load(f"s3://{s3.BUCKET}/photos")
    with pytest.raises(StoreError, match=f"it lies in the source, s3://{s3.BUCKET}/photos"):
        store.build(data, f"s3://{s3.BUCKET}/photos/out", progress=False)
    with pytest.raises(StoreError, match="it holds pictures of the source"):
        store.build(data, f"s3://{s3.BUCKET}/photos", progress=False)
    assert set(cloud.held("others")) == {"a.txt"} and len(cloud.held("photos")) == 12


def test_overwriting_deletes_what_augkit_made_and_nothing_else(cloud, tmp_path):
    s3.make(OUT)
    plan, data = s3.small(seed=5)
    store.generate(plan, data, OUT, overwrite=True, progress=False)
    store.generate(plan, data, tmp_path / "out", progress=False)
    assert cloud.tree("out") == making.tree(tmp_path / "out")
    cloud.files.pipe_file(f"{s3.BUCKET}/out/train/mine.txt", b"mine")
    with pytest.raises(StoreError, match=r"it also holds 'train/mine\.txt'"):
        s3.make(OUT, overwrite=True)
    assert "augkit.json" in cloud.held("out")


def test_what_is_refused_says_why_and_what_to_do(cloud, elsewhere, monkeypatch):
    with pytest.raises(StoreError, match=r"no such place \(The specified bucket does not exist\)") as caught:
        s3.make("s3://nowhere/out")
    assert caught.value.exit_code == 3 and "name of the bucket" in caught.value.fix
    cloud.refuse = lambda method, path: (403, "AccessDenied") if method == "PUT" else None
    with pytest.raises(StoreError, match="not allowed") as caught:
        s3.make(OUT)
    assert "AWS_PROFILE" in caught.value.fix and cloud.held("out") == {}
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    s3.forgotten()
    for attempt in (lambda: s3.make(OUT), lambda: store.verify(OUT), lambda: sources.load(OUT)):
        with pytest.raises(AugkitError, match="no credentials were found") as caught:
            attempt()
        assert caught.value.exit_code == 3


def test_a_server_that_is_not_there_is_said(cloud, elsewhere, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    s3.forgotten()
    with pytest.raises(StoreError, match="cannot be reached"):
        s3.make(OUT)
    with pytest.raises(AugkitError, match="cannot be reached"):
        sources.load(f"s3://{s3.BUCKET}/photos")


def test_no_secret_is_written_or_said(cloud, capfd):
    command = f"augkit generate p.yaml https://me:{s3.SECRET}@host/x?X-Amz-Signature={s3.SECRET}"
    s3.make(OUT, command=command, origin="mnist-sample", part=Part(1, 1))
    cloud.refuse = lambda method, path: (403, "SignatureDoesNotMatch") if "augkit.json" in path else None
    with pytest.raises(StoreError) as caught:
        store.merge(OUT)
    cloud.refuse = lambda method, path: None
    store.merge(OUT)
    said = "".join(capfd.readouterr()) + str(caught.value)
    whole = b"".join(name.encode() + data for name, data in cloud.held("out").items())
    for secret in (s3.SECRET, "AKIATESTS"):
        assert secret not in said and secret.encode() not in whole
    assert b"https://\xe2\x80\xa6@host/x?\xe2\x80\xa6 (process" in cloud.held("out")[".augkit/run/log-1-of-1"]


def test_what_lies_at_a_url_is_checked_as_a_whole(cloud):
    with pytest.raises(UsageError, match="times of files, which objects do not have") as caught:
        store.verify(OUT, incremental=True)
    assert "without --incremental" in caught.value.fix


def test_promise_5_too_little_room_for_shards_on_their_way_is_said_before_anything_is_put(cloud, monkeypatch):
    usage = shutil.disk_usage("/tmp")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=2000))
    with pytest.raises(StoreError, match=r"about [\d.]+ kB are needed, 2\.0 kB are free") as caught:
        s3.make(OUT)
    assert "TMPDIR" in caught.value.fix and caught.value.exit_code == 3 and cloud.held("out") == {}


def test_folders_of_runs_that_were_killed_are_cleared_away_and_those_in_use_are_not(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(staging, "_FRESH", -1.0)
    with staging.folder() as first:
        staging.of_shard(str(first), 3).mkdir()
        killed = shutil.copytree(first, tmp_path / f"{first.name}-killed")
        staging.of_shard(str(killed), 4).mkdir()
        with staging.folder() as second:
            assert {path.name for path in tmp_path.iterdir()} == {
                first.name,
                f"{first.name}-shard-3",
                second.name,
            }
    assert list(tmp_path.iterdir()) == []

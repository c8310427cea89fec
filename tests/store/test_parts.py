"""Parts made apart, in any number, order and place, become the data set that is made without parts."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from augkit import store
from augkit.errors import StoreError, UsageError
from augkit.store import claim, disk, job, shard
from augkit.store.part import Part
from augkit.store.rows import NOTES
from tests.store import making
from tests.store.faults import Crash, crashing
from tests.store.test_bad import spoilt

ROOT = Path(__file__).parents[2]
KINDS = ("folder", "parquet", "webdataset", "arrow")


@pytest.fixture(autouse=True)
def small_shards(monkeypatch):
    monkeypatch.setattr(job, "SHARD_SIZE", 4)


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> dict[str, dict[str, str]]:
    """Return the tree that each format makes without parts."""
    trees, kept = {}, job.SHARD_SIZE
    job.SHARD_SIZE = 4
    for name in KINDS:
        out = tmp_path_factory.mktemp("whole") / "out"
        trees[name] = making.tree(make(out, None, format=name).out)
    job.SHARD_SIZE = kept
    return trees


def make(out: Path, part: Part | None, **how: object) -> store.Generated:
    return store.generate(making.plan(), making.source(20, 6), out, part=part, progress=False, **how)


@pytest.mark.parametrize("of", [1, 2, 3, 7])
def test_promise_12_parts_in_one_folder_become_the_data_set_made_without_parts(tmp_path, whole, of):
    for number in reversed(range(1, of + 1)):
        made = make(tmp_path, Part(number, of), workers=1 + (number == of == 2))
        assert f"part {number}/{of}: made: " in made.text() and not (tmp_path / "augkit.json").exists()
        with pytest.raises(StoreError, match="it is not finished"):
            store.verify(tmp_path)
    merged = store.merge(tmp_path)
    assert merged.done == "merged" and merged.pictures == 66
    assert making.tree(tmp_path) == whole["folder"] and store.verify(tmp_path).ok
    assert store.merge(tmp_path).done == "verified"
    assert make(tmp_path, None).done == "verified"
    assert make(tmp_path, Part(1, of)).done == "merged already"


@pytest.mark.parametrize("name", KINDS)
def test_promise_12_parts_in_folders_of_their_own_are_gathered(tmp_path, whole, name):
    folders = [tmp_path / f"part{number}" for number in (1, 2, 3)]
    for number, folder in enumerate(folders, start=1):
        make(folder, Part(number, 3), format=name)
    before = [making.tree(folder) for folder in folders]
    said: list[str] = []
    store.merge(tmp_path / "out", folders, say=said.append)
    assert making.tree(tmp_path / "out") == whole[name] and len(said) == 3
    assert [making.tree(folder) for folder in folders] == before
    store.merge(folders[0], folders)
    assert making.tree(folders[0]) == whole[name]


def test_a_picture_of_a_gathered_data_set_is_replayed_from_the_source_of_its_parts(tmp_path):
    built = store.build(making.source(20, 6), tmp_path / "built", progress=False).out
    for number in (1, 2):
        plan = making.plan(originals=False)
        how = {"origin": str(built), "progress": False}
        store.generate(plan, making.source(20, 6), tmp_path / f"{number}", part=Part(number, 2), **how)
    store.merge(tmp_path / "out", [tmp_path / "1", tmp_path / "2"])
    assert store.replay(tmp_path / "out", 3).ok


def test_a_part_that_is_missing_is_named_with_the_command_that_makes_it(tmp_path, whole):
    for number in (1, 2, 4):
        make(tmp_path, Part(number, 4))
    with pytest.raises(StoreError, match="2 of 7 shards are missing: 2, 6") as caught:
        store.merge(tmp_path)
    assert "generate again with --shard 3/4, and merge again" in caught.value.fix
    make(tmp_path, Part(3, 4))
    store.merge(tmp_path)
    assert making.tree(tmp_path) == whole["folder"]


def test_what_the_parts_lack_is_made_by_the_command_without_parts(tmp_path, whole):
    make(tmp_path, Part(2, 3))
    assert make(tmp_path, None).done == "finished"
    assert making.tree(tmp_path) == whole["folder"]


def test_a_part_made_again_looks_at_its_own_shards_alone(tmp_path, monkeypatch):
    make(tmp_path, Part(1, 2))
    make(tmp_path, Part(2, 2))
    (tmp_path / ".augkit/run/shards/000000.parquet").unlink()
    (tmp_path / ".augkit/run/shards/000001.parquet").write_bytes(b"torn")
    made, real = [], shard.make
    monkeypatch.setattr(
        shard, "make", lambda given, part, n: made.append(part.number) or real(given, part, n)
    )
    again = make(tmp_path, Part(1, 2))
    assert again.done == "finished" and again.pictures == 4 * 3 * 3 + 2
    assert [number for number in made if number == 0] and 1 not in made[-1:]
    assert (tmp_path / ".augkit/run/shards/000001.parquet").read_bytes() == b"torn"


def test_parts_that_do_not_agree_are_refused_by_what_differs(tmp_path):
    make(tmp_path / "a", Part(1, 2))
    other = making.plan(seed=5)
    with pytest.raises(StoreError, match="seed: 0 there, 5 now"):
        store.generate(other, making.source(20, 6), tmp_path / "a", part=Part(2, 2), progress=False)
    store.generate(other, making.source(20, 6), tmp_path / "b", part=Part(2, 2), progress=False)
    with pytest.raises(
        StoreError, match=r"b: it is a part of another data set than .*: seed: 0 there, 5 now"
    ):
        store.merge(tmp_path / "out", [tmp_path / "a", tmp_path / "b"])
    assert not (tmp_path / "out").exists()


def test_parts_made_with_other_versions_are_not_sealed(tmp_path, monkeypatch):
    make(tmp_path, Part(1, 1))
    monkeypatch.setattr("augkit.store.identity._opencv", lambda: "3.2")
    with pytest.raises(StoreError, match=r"other versions: made_with\.opencv: .* there, 3\.2 now"):
        store.merge(tmp_path)


@pytest.mark.parametrize("harm", ["flip", "remove", "cut"])
@pytest.mark.parametrize("name", ["folder", "parquet"])
def test_promise_11_a_part_that_was_harmed_on_its_way_is_named(tmp_path, harm, name):
    for number in (1, 2):
        make(tmp_path / f"{number}", Part(number, 2), format=name)
    path = sorted(path for path in (tmp_path / "2").rglob("*-*") if path.suffix in (".png", ".parquet"))[-1]
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    {
        "flip": lambda: path.write_bytes(data),
        "remove": path.unlink,
        "cut": lambda: path.write_bytes(data[:50]),
    }[harm]()
    with pytest.raises(StoreError, match=f"{path.name} is not what was written") as caught:
        store.merge(tmp_path / "out", [tmp_path / "1", tmp_path / "2"])
    assert caught.value.where == str(tmp_path / "2") and not (tmp_path / "out" / "augkit.json").exists()


@pytest.fixture(scope="module")
def parts(tmp_path_factory) -> dict[str, Path]:
    """Return a folder with the only part of a data set, for two formats."""
    made, kept = {}, job.SHARD_SIZE
    job.SHARD_SIZE = 4
    for name in ("folder", "parquet"):
        made[name] = make(tmp_path_factory.mktemp("part") / "part", Part(1, 1), format=name).out
    job.SHARD_SIZE = kept
    return made


def renamed(seal: Path, name: object) -> None:
    """Let the first row of a seal, or its one shard, name another file."""
    table = pq.read_table(seal)
    notes = json.loads(table.schema.metadata[NOTES])
    if notes["files"]:
        notes["files"] = dict.fromkeys([name], *notes["files"].values())
        table = table.replace_schema_metadata({NOTES: json.dumps(notes).encode()})
    else:
        column = [name, *table["file"].to_pylist()[1:]]
        table = table.set_column(table.schema.get_field_index("file"), "file", [column])
    pq.write_table(table, seal)


@pytest.mark.parametrize(
    "name",
    [
        "../escaped/evil-0.png",
        "train/../../evil-0.png",
        "train/0/../evil-0.png",
        "train/..",
        "/tmp/evil/evil-0.png",
        "train/0/",
        "train//evil-0.png",
        "train/0/ev\0il-0.png",
        "train/0/..\\..\\evil-0.png",
        ".augkit/run/evil-0.png",
        ".augkit/plan.json",
        "train/0/evil.py",
        "data/../../train-00000-of-00001.parquet",
        "data/train-00000-of-00001.tar",
        "README.md",
        "augkit.json",
    ],
)
@pytest.mark.parametrize("format", ["folder", "parquet"])
def test_promise_21_a_part_that_names_a_file_elsewhere_is_refused_before_anything_is_written(
    tmp_path, parts, format, name
):
    part, out = tmp_path / "in" / "part", tmp_path / "in" / "out"
    shutil.copytree(parts[format], part)
    (part.parent / "escaped").mkdir()
    seal = sorted((part / ".augkit/run/shards").glob("*.parquet"))[-1]
    renamed(seal, name)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(StoreError, match=r"shards/\d+\.parquet names .*, want a file in one of") as caught:
        store.merge(out, [part])
    assert caught.value.where == str(part)
    added = [path.relative_to(out).as_posix() for path in set(tmp_path.rglob("*")) - set(before) - {out}]
    assert all(path == ".augkit" or path.startswith(".augkit/run") for path in added), added


@pytest.mark.parametrize("harm", [{"folders": ["../../up"] * 10}, {"source": {"../up": {"pictures": 1}}}])
def test_promise_21_a_part_whose_plan_names_a_folder_elsewhere_is_refused(tmp_path, parts, harm):
    part = tmp_path / "in" / "part"
    shutil.copytree(parts["folder"], part)
    plan = part / ".augkit/plan.json"
    plan.write_text(json.dumps(json.loads(plan.read_text()) | harm))
    with pytest.raises(StoreError, match=r"plan\.json names .*, want a file in one of"):
        store.merge(tmp_path / "in" / "out", [part])
    assert {path.name for path in tmp_path.rglob("*up*")} == set()


def test_a_part_with_a_torn_seal_is_refused(tmp_path, parts):
    shutil.copytree(parts["folder"], tmp_path / "part")
    (tmp_path / "part/.augkit/run/shards/000001.parquet").write_bytes(b"torn")
    with pytest.raises(StoreError, match="the seal of a shard cannot be read"):
        store.merge(tmp_path / "out", [tmp_path / "part"])


def test_what_is_no_part_is_refused(tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(StoreError, match="made no part of a data set here"):
        store.merge(tmp_path / "out")
    with pytest.raises(StoreError, match="made no part here"):
        store.merge(tmp_path / "out", [tmp_path / "empty"])
    with pytest.raises(StoreError, match="made no part here"):
        store.merge(tmp_path / "out", [tmp_path / "nowhere"])
    make(tmp_path / "done", None)
    with pytest.raises(StoreError, match="a finished data set, not a part"):
        store.merge(tmp_path / "out", [tmp_path / "done"])
    make(tmp_path / "part", Part(1, 2))
    with pytest.raises(StoreError, match="made no part here"):
        store.merge(tmp_path / "out", [tmp_path / "part", tmp_path / "nowhere"])
    assert not (tmp_path / "out").exists()  # a later command would take it for a data set that was begun


def test_bad_sources_of_all_parts_count_together(tmp_path):
    for number in (1, 2, 3):
        data, plan = spoilt(24, 8), making.plan(copies=1)
        store.generate(plan, data, tmp_path, part=Part(number, 3), max_bad="2", progress=False)
    with pytest.raises(StoreError, match="3 of 24 sources cannot be read"):
        store.merge(tmp_path)
    assert store.merge(tmp_path, max_bad="3").bad == 3


def test_more_parts_than_shards_leave_some_with_nothing_to_do(tmp_path, whole):
    for number in range(1, 10):
        made = make(tmp_path, Part(number, 9))
        assert (made.pictures == 0) == (number > 7)
    store.merge(tmp_path)
    assert making.tree(tmp_path) == whole["folder"]


@pytest.mark.parametrize("text", ["0/3", "4/3", "3", "a/b", "1/0", "-1/3", "1/2/3", "1/99999999999"])
def test_a_part_that_is_none_is_refused(text):
    with pytest.raises(UsageError, match="as 2/8"):
        store.part_of(text)


def test_a_part_is_read_and_makes_every_nth_shard():
    assert store.part_of("") is None and store.part_of(" 2 / 8 ") == Part(2, 8)
    mine = [set(range(20)) - Part(number, 8).others(20) for number in range(1, 9)]
    assert set.union(*mine) == set(range(20)) and sum(map(len, mine)) == 20 and mine[1] == {1, 9, 17}


def test_a_part_overwrites_nothing(tmp_path):
    make(tmp_path, Part(1, 2))
    with pytest.raises(UsageError, match="delete what the other parts make"):
        make(tmp_path, Part(2, 2), overwrite=True)


def test_promise_8_a_part_and_the_whole_are_not_made_at_once(tmp_path):
    out = tmp_path / "out"
    make(out, Part(1, 2))
    with claim.locked(out, Part(1, 2)) as begun:
        begun()
        make(out, Part(2, 2))  # beside it
        for attempt in (
            lambda: make(out, None),
            lambda: store.merge(out),
            lambda: make(out, Part(1, 2)),
            lambda: store.merge(tmp_path / "other", [out]),
        ):
            with pytest.raises(StoreError, match="another augkit is making part 1/2 here"):
                attempt()
    assert store.merge(out).done == "merged"


def test_a_part_waits_for_others_to_begin_and_not_for_the_whole(tmp_path, monkeypatch):
    monkeypatch.setattr(claim, "_BEGINNING", 0.2)
    with claim.locked(tmp_path), pytest.raises(StoreError, match="another augkit is writing here"):
        make(tmp_path, Part(1, 2))


def start(out: Path, part: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.store.making", str(out), "1", part]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=ROOT, stdout=pipe, stderr=pipe, text=True, start_new_session=True)


def test_promise_2_8_12_parts_made_at_the_same_time_and_killed_end_in_the_same_bytes(tmp_path):
    out = tmp_path / "out"
    crowd = [start(out, f"{number}/3") for number in (1, 2, 3)]
    while crowd[1].poll() is None and not list(out.glob(f"{disk.RUN}/shards/*.parquet")):
        time.sleep(0.001)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(crowd[1].pid, signal.SIGKILL)
    for process in crowd:
        said, errors = process.communicate()
        assert process is crowd[1] or "done" in said, errors
    data, plan = making.source(40, 8), making.plan()
    store.generate(plan, data, out, part=Part(2, 3), progress=False)
    store.merge(out)
    store.generate(plan, data, tmp_path / "whole", progress=False)
    assert making.tree(out) == making.tree(tmp_path / "whole")
    assert not list(out.glob(f"{disk.TMP}/*"))


@pytest.mark.parametrize("stride", [6, pytest.param(1, marks=pytest.mark.torture)])
def test_promise_3_every_stop_point_of_a_merge_resumes(tmp_path, monkeypatch, stride):
    parts = [tmp_path / f"part{number}" for number in (1, 2)]
    plan, data = making.plan(copies=1), making.source(8)
    for number, folder in enumerate(parts, start=1):
        store.generate(plan, data, folder, part=Part(number, 2), format="parquet", progress=False)
    wanted = making.tree(store.generate(plan, data, tmp_path / "whole", format="parquet", progress=False).out)
    for at in range(1, 500, stride):
        out = tmp_path / "out"
        shutil.rmtree(out, ignore_errors=True)
        with monkeypatch.context() as patched:
            crashing(patched, at)
            try:
                store.merge(out, parts)
            except Crash:
                assert not (out / "augkit.json").exists() or store.verify(out).ok
            else:
                break
        store.merge(out, parts)
        assert making.tree(out) == wanted
    assert at > 30

"""What is in a folder decides what is done there: begin, carry on, verify, or refuse and say why."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from augkit import codec, sources, store
from augkit.errors import AugkitError, StoreError, UsageError
from augkit.store import disk, job
from tests.store import making

ROOT = Path(__file__).parents[2]


@pytest.fixture
def made(tmp_path) -> Path:
    return store.generate(making.plan(), making.source(10), tmp_path / "out").out


def test_a_finished_output_is_verified_and_not_touched(made, monkeypatch):
    before = {path: path.stat().st_mtime_ns for path in made.rglob("*.png")}
    tree = making.tree(made)
    monkeypatch.setattr("augkit.store.shard.make", None)  # nothing is to be made
    again = store.generate(making.plan(), making.source(10), made)
    assert again.done == "verified" and "already made, and verified" in again.text()
    assert making.tree(made) == tree
    assert {path: path.stat().st_mtime_ns for path in made.rglob("*.png")} == before


def test_a_finished_output_that_was_harmed_is_refused(made):
    (made / "train/3/k003-1.png").write_bytes(b"")
    with pytest.raises(StoreError, match=r"train/3/k003-1\.png: it was changed") as caught:
        store.generate(making.plan(), making.source(10), made)
    assert "--overwrite" in caught.value.fix


@pytest.mark.parametrize(
    ("plan", "source", "told"),
    [
        ({"seed": 1}, {}, "seed: 0 there, 1 now"),
        ({"copies": 3}, {}, "copies: 2 there, 3 now"),
        ({"text": making.SAFE.replace("12]", "11]")}, {}, r"degrees\[?1?\]?.*12.* there, .*11.* now"),
        ({"originals": False}, {}, "keep_originals: True there, False now"),
        ({}, {"train": 11}, "source.train.pictures: 10 there, 11 now"),
        ({}, {"first": 1}, "source.train.sha256"),
    ],
)
def test_another_plan_or_source_is_refused_by_what_differs(made, plan, source, told):
    tree = making.tree(made)
    with pytest.raises(StoreError, match=told) as caught:
        store.generate(making.plan(**plan), making.source(**{"train": 10} | source), made)
    assert caught.value.exit_code == 3 and "--overwrite" in caught.value.fix
    assert making.tree(made) == tree


def test_a_changed_picture_of_equal_name_is_another_source(made):
    part = making.source(10)["train"]
    images = [part[row]["image"]["bytes"] for row in range(10)]
    images[0], images[1] = images[0], images[1][:-1] + b"x"
    from datasets import DatasetDict

    from augkit.sources import records

    other = DatasetDict(train=records.dataset(part["key"][:], images, part["label"][:], making.DIGITS))
    with pytest.raises(StoreError, match=r"source\.train\.sha256"):
        store.generate(making.plan(), other, made)


def test_overwriting_makes_the_other_data_set(made, tmp_path):
    wanted = making.tree(store.generate(making.plan(seed=5), making.source(12), tmp_path / "fresh").out)
    store.generate(making.plan(seed=5), making.source(12), made, overwrite=True)
    assert making.tree(made) == wanted


def test_overwriting_deletes_nothing_that_augkit_did_not_make(made):
    (made / "thesis.txt").write_text("years of work")
    with pytest.raises(StoreError, match=r"thesis\.txt"):
        store.generate(making.plan(seed=5), making.source(10), made, overwrite=True)
    assert (made / "thesis.txt").exists() and (made / "augkit.json").exists()


@pytest.mark.parametrize("overwrite", [False, True])
def test_promise_6_a_folder_with_other_things_is_refused_and_left_alone(tmp_path, overwrite):
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(StoreError, match="augkit did not make it"):
        store.generate(making.plan(), making.source(10), tmp_path, overwrite=overwrite)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_promise_6_a_file_is_no_folder(tmp_path):
    path = tmp_path / "out"
    path.write_text("")
    with pytest.raises(StoreError, match="a file"):
        store.generate(making.plan(), making.source(10), path)


def test_promise_6_a_folder_that_cannot_be_written_is_said_so(tmp_path, monkeypatch):
    def refuse(self, *_, **__):
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(StoreError, match="cannot be written to"):
        store.generate(making.plan(), making.source(10), tmp_path / "out")


@pytest.mark.parametrize("overwrite", [False, True])
@pytest.mark.parametrize("inner", [".", "train", "train/3"])
def test_promise_6_7_an_output_that_holds_its_source_is_refused(tmp_path, overwrite, inner):
    built = store.build(making.source(10), tmp_path / "built").out
    tree = making.tree(built)
    with pytest.raises(AugkitError):
        store.generate(making.plan(), sources.load(built), built / inner, overwrite=overwrite)
    assert making.tree(built) == tree


def test_promise_8_two_writers_do_not_mix(tmp_path):
    out = tmp_path / "out"
    command = [sys.executable, "-m", "tests.store.making", str(out), "1"]
    options = {"cwd": ROOT, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    crowd = [subprocess.Popen(command, **options) for _ in range(3)]
    said = [process.communicate() for process in crowd]
    for process, (_, errors) in zip(crowd, said, strict=True):
        assert process.returncode == 0 or "another augkit is writing here" in errors
    assert any(process.returncode == 0 for process in crowd)
    assert store.verify(out).ok


WITHOUT_LOCKS = """
import fcntl, sys
fcntl.flock = lambda *_: None
from tests.store import making
making.main()
"""


@pytest.mark.thorough
def test_promise_8_where_locks_do_nothing_a_run_ends_whole_or_stops_and_the_next_makes_the_same(
    tmp_path, monkeypatch
):
    out = tmp_path / "out"
    command = [sys.executable, "-c", WITHOUT_LOCKS, str(out), "1"]
    options = {"cwd": ROOT, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    crowd = [subprocess.Popen(command, **options) for _ in range(2)]
    said = [process.communicate() for process in crowd]
    for process, (_, errors) in zip(crowd, said, strict=True):
        assert process.returncode in (0, 3) and "Traceback" not in errors, errors
    for path in out.rglob("k*.png"):
        assert codec.decode(path.read_bytes()).shape == (32, 32, 1)
    if (out / "augkit.json").exists():
        assert store.verify(out).ok
    monkeypatch.setattr(job, "SHARD_SIZE", 4)
    for folder in (out, tmp_path / "alone"):
        store.generate(making.plan(), making.source(40, 8), folder, progress=False)
    assert making.tree(out) == making.tree(tmp_path / "alone")


def test_promise_8_the_lock_of_a_dead_process_holds_nobody(tmp_path):
    out = tmp_path / "out"
    process = subprocess.Popen([sys.executable, "-m", "tests.store.making", str(out), "1"], cwd=ROOT)
    while not (out / disk.RUN / "lock").exists() and process.poll() is None:
        time.sleep(0.001)
    process.kill()
    process.wait()
    assert subprocess.run(process.args, cwd=ROOT, check=False).returncode == 0


def test_a_stranger_among_the_pictures_is_not_blessed(tmp_path, monkeypatch):
    out = tmp_path / "out"
    with monkeypatch.context() as patched:
        patched.setattr("augkit.store.sealing.seal", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(store.Interrupted):
            store.generate(making.plan(), making.source(10), out)
    (out / "train/3/holiday.png").write_bytes(making.picture(1))
    with pytest.raises(StoreError, match=r"holiday\.png"):
        store.generate(making.plan(), making.source(10), out)
    (out / "train/3/holiday.png").unlink()
    assert store.generate(making.plan(), making.source(10), out).done == "finished"


def test_what_file_managers_leave_behind_harms_nobody(made):
    (made / ".DS_Store").write_bytes(b"x")
    (made / "train/3/Thumbs.db").write_bytes(b"x")
    assert store.verify(made).ok


def test_a_plan_for_other_classes_is_refused(tmp_path):
    with pytest.raises(UsageError, match="classes"):
        store.generate(making.free_plan(("a", "b")), making.source(10), tmp_path)


def test_overwriting_deletes_no_file_that_was_put_among_the_pictures(made):
    for name in ("train/3/notes.txt", "train/3/mine-1.png", "train/new/x.png"):
        path = made / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"mine")
        with pytest.raises(StoreError, match="augkit did not make"):
            store.generate(making.plan(seed=5), making.source(10), made, overwrite=True)
        assert path.read_bytes() == b"mine" and (made / "augkit.json").exists()
        path.unlink()
    (made / "train" / "new").rmdir()
    assert store.verify(made).ok


def test_what_is_half_overwritten_can_be_overwritten(made, monkeypatch, tmp_path):
    import shutil

    wanted = making.tree(store.generate(making.plan(seed=5), making.source(10), tmp_path / "fresh").out)
    real, left = shutil.rmtree, [2]

    def fails(path, *rest, **named):
        left[0] -= 1
        if left[0] < 0:
            raise OSError(5, "Input/output error")
        real(path, *rest, **named)

    with monkeypatch.context() as patched:
        patched.setattr(shutil, "rmtree", fails)
        with pytest.raises(StoreError):
            store.generate(making.plan(seed=5), making.source(10), made, overwrite=True)
    with pytest.raises(StoreError, match="holds another data set"):
        store.generate(making.plan(seed=5), making.source(10), made)
    store.generate(making.plan(seed=5), making.source(10), made, overwrite=True)
    assert making.tree(made) == wanted


def test_a_damaged_plan_is_said_and_can_be_overwritten(made):
    (made / ".augkit" / "plan.json").write_text("{")
    with pytest.raises(StoreError, match=r"plan\.json is damaged") as caught:
        store.generate(making.plan(), making.source(10), made)
    assert "--overwrite" in caught.value.fix
    assert store.generate(making.plan(), making.source(10), made, overwrite=True).done == "made"


def test_promise_6_an_output_inside_its_source_is_refused(tmp_path):
    from augkit import sources

    root = tmp_path / "pictures"
    for name in ("train/a/1.png", "train/b/2.png"):
        (root / name).parent.mkdir(parents=True)
        (root / name).write_bytes(making.picture(1))
    before = sorted(root.rglob("*"))
    for source, out in ((root, root / "out"), (root, root / "train" / "out"), (root / "train", root / "x")):
        with pytest.raises(StoreError, match="it lies in the source"):
            store.build(sources.load(source), out)
        assert sorted(root.rglob("*")) == before
    store.build(sources.load(root), tmp_path / "pictures and more")


def test_promise_6_an_output_inside_another_is_refused(made):
    with pytest.raises(StoreError, match="it lies in another data set"):
        store.build(making.source(4), made / "train" / "out")
    assert store.verify(made).ok


@pytest.mark.parametrize("split", ["../up", "a/b", "", "README.md", ".augkit", "é"])
def test_promise_21_a_split_that_cannot_be_a_folder_is_refused(tmp_path, split):
    from datasets import DatasetDict

    data = DatasetDict({split: making.source(4)["train"]})
    with pytest.raises(UsageError, match="cannot be a folder"):
        store.build(data, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []

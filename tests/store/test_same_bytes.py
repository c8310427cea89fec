"""The bytes depend on plan and source: not on the process, its surroundings, or where things lie."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from datasets import DatasetDict, concatenate_datasets

from augkit import store
from augkit.sources import records
from tests.store import making

ROOT = Path(__file__).parents[2]
POLICY = """\
version: 1
task: none
steps:
  - shift: {x: [-0.1, 0.1], y: [-0.1, 0.1]}
  - one_of:
      - rotate: {degrees: [-12, 12]}
      - noise: {sigma: [0.01, 0.05]}
      - elastic: {displacement: [0.01, 0.02]}
  - blur: {sigma: [0.0, 0.01], p: 0.5}
  - saturation: {factor: [0.5, 1.5]}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Return a folder of colour pictures in two splits, with names in which orders differ."""
    root = tmp_path_factory.mktemp("source") / "pictures"
    names = ["a1", "a10", "a2", "B", "é", "Z z"]
    for split, first in (("train", 0), ("test", 100)):
        for place, kind in enumerate(("eins", "Zwei", "ähnlich")):
            for number, name in enumerate(names):
                path = root / split / kind / f"{name}.png"
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(making.picture(first + 10 * place + number, 3))
    return root


SURROUNDINGS = [
    ({"PYTHONHASHSEED": "0", "LC_ALL": "C", "TZ": "Asia/Kathmandu", "OPENCV_FOR_THREADS_NUM": "2"}, 1),
    (
        {"PYTHONHASHSEED": "5", "LC_ALL": "C.UTF-8", "PYTHONUTF8": "0", "OPENCV_FOR_THREADS_NUM": "1"},
        2,
    ),
    ({"PYTHONHASHSEED": "77", "LANG": "tr_TR.UTF-8", "OMP_NUM_THREADS": "1", "PYTHONOPTIMIZE": "1"}, 1),
]


@pytest.mark.thorough
def test_promise_12_neither_workers_nor_surroundings_nor_places_change_a_byte(folder, tmp_path):
    started, trees = [], []
    for number, (surroundings, workers) in enumerate(SURROUNDINGS):
        here = tmp_path / f"place {number}" / ("deeper" * number)
        here.mkdir(parents=True)
        (here / f"policy{number}.yaml").write_text(POLICY)
        copied = here / f"moved{number}"
        mirrored(folder, copied, number)
        out = here / "out"
        given = [f"policy{number}.yaml", str(copied), "out", "--copies", "2", "--workers", str(workers)]
        command = [sys.executable, "-m", "augkit", "generate", *given]
        variables = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ["PYTHONPATH"]])}
        started.append((subprocess.Popen(command, cwd=here, env=variables | surroundings), out))
    for process, out in started:
        assert process.wait() == 0
        trees.append(making.tree(out))
    assert trees[0] == trees[1] == trees[2] and len(trees[0]) > 60


MANY = """
import itertools, sys
from pathlib import Path
import cv2
from datasets import DatasetDict
from augkit import store
from augkit.store import job
from tests.store import making
from tests.store.test_same_bytes import POLICY
job.SHARD_SIZE = 3
cv2.setNumThreads(int(sys.argv[2]))
data, plan = making.source(30, 8, channels=3), making.plan(POLICY, task="none")
data = DatasetDict({name: part.shuffle(seed=int(sys.argv[3])) for name, part in data.items()})
out = Path(sys.argv[1])
for workers in (1, 2, 3, 6):
    store.generate(plan, data, out / f"workers{workers}", workers=workers, progress=False)
for of in (1, 2, 3, 7):
    for number in range(of, 0, -1):
        store.generate(plan, data, out / f"parts{of}", part=store.Part(number, of), progress=False)
    store.merge(out / f"parts{of}")
"""


@pytest.mark.slow
def test_promise_12_workers_threads_hash_seeds_orders_and_parts_change_no_byte(tmp_path):
    trees = []
    for threads, seed in ("10", "25"):
        out = tmp_path / f"{threads}{seed}"
        variables = os.environ | {"PYTHONHASHSEED": seed}
        command = [sys.executable, "-c", MANY, str(out), threads, str(int(threads) + int(seed))]
        subprocess.run(command, cwd=ROOT, env=variables, check=True)
        trees += [making.tree(path) for path in out.iterdir()]
    assert len(trees) == 16 and all(tree == trees[0] for tree in trees)


WRITING = """
import hashlib
import cv2
import numpy as np
from augkit import png
chance, whole = np.random.default_rng(0), hashlib.sha256()
for _ in range(1500):
    picture = cv2.GaussianBlur(chance.integers(0, 256, (32, 32), dtype=np.uint8), (0, 0), 3)
    whole.update(png.write(picture[:, :, None]))
print(whole.hexdigest())
"""


@pytest.mark.torture
def test_promise_12_every_process_writes_the_same_png_files():
    said = {
        subprocess.run([sys.executable, "-c", WRITING], cwd=ROOT, capture_output=True, check=True).stdout
        for _ in range(100)  # of a compressor that reads what lies in its memory, one process in 15 differs
    }
    assert len(said) == 1


def mirrored(folder: Path, to: Path, number: int) -> None:
    """Copy a tree, its files written in another order, so that listings differ."""
    files = sorted(path for path in folder.rglob("*.png"))
    random.Random(number).shuffle(files)
    for path in files:
        final = to / path.relative_to(folder)
        final.parent.mkdir(parents=True, exist_ok=True)
        final.write_bytes(path.read_bytes())


def test_promise_7_making_a_data_set_leaves_its_source_as_it_was(folder, tmp_path):
    from augkit import sources

    def state() -> dict[str, tuple[bytes, int, int]]:
        found = {path.as_posix(): path for path in folder.rglob("*") if path.is_file()}
        return {
            name: (path.read_bytes(), path.stat().st_mtime_ns, path.stat().st_mode)
            for name, path in found.items()
        }

    before, folders = state(), sorted(folder.rglob("*"))
    data = sources.load(folder)
    plan = making.plan(POLICY, sources.records.class_names(data), task="none")
    store.generate(plan, data, tmp_path / "out", workers=2, progress=False)
    store.build(data, tmp_path / "built", progress=False)
    store.build(data, tmp_path / "built", overwrite=True, progress=False)
    assert state() == before and sorted(folder.rglob("*")) == folders


def test_the_thread_it_runs_in_does_not_matter(tmp_path):
    plan, data = making.plan(copies=1), making.source(8)
    thread = threading.Thread(target=store.generate, args=(plan, data, tmp_path / "there"))
    thread.start()
    store.generate(plan, data, tmp_path / "here")
    thread.join()
    assert making.tree(tmp_path / "there") == making.tree(tmp_path / "here")


def test_pictures_are_the_same_whether_their_shard_is_rendered_at_once_or_one_by_one(tmp_path):
    alike = making.source(train=20)
    odd = records.dataset(["odd"], [making.picture(77, side=40)], [0], making.DIGITS)
    mixed = DatasetDict(train=concatenate_datasets([alike["train"], odd]))
    trees = []
    for name, data in (("alike", alike), ("mixed", mixed)):
        store.generate(making.plan(making.SAFE), data, tmp_path / name, progress=False)
        files = sorted((tmp_path / name / "train").rglob("k*.png"))
        trees.append({file.relative_to(tmp_path / name): file.read_bytes() for file in files})
    assert len(trees[0]) == 60 and trees[0] == trees[1]

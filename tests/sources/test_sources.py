"""What holds for every source: names and forms, the columns, and what reading leaves as it was."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import psutil
import pytest
from datasets import ClassLabel, Image, Value

from augkit import codec, sources
from augkit.errors import SourceError
from augkit.sources import records
from tests.sources import archives
from tests.sources.test_imagenet import IDS, TRAIN, TRUTH, VALIDATION
from tests.sources.test_parquet import shard
from tests.sources.test_webdataset import samples, write


def every(root: Path) -> dict[str, str]:
    """Make something small for each source that reads files; returns source name → how it is written."""
    digits = {"train": (archives.pictures(4), [0, 1, 2, 3]), "t10k": (archives.pictures(2), [0, 1])}
    letters = {f"emnist-letters-{name}": (archives.pictures(2), [1, 26]) for name in ("train", "test")}
    archives.mnist(root / "idx", digits)
    archives.mnist(root / "letters", letters)
    (root / "usps").mkdir()
    for name in ("usps.bz2", "usps.t.bz2"):
        archives.libsvm(root / "usps" / name, np.zeros((2, 256)), [1, 10])
    (root / "svhn").mkdir()
    archives.svhn(root / "svhn" / "test_32x32.mat", np.zeros((3, 32, 32, 3), np.uint8), [1, 2, 10])
    archives.ilsvrc(root / "ilsvrc", TRAIN, VALIDATION, IDS, TRUTH)
    for seed, name in enumerate(("a/1.jpg", "b/2.jpg")):
        (root / "folder" / name).parent.mkdir(parents=True)
        (root / "folder" / name).write_bytes(archives.jpeg(seed))
    (root / "table.csv").write_text("path,label\nfolder/a/1.jpg,x\nfolder/b/2.jpg,y\n")
    shard(root / "parquet" / "train.parquet")
    write(root / "tars" / "train.tar", samples([0, 1]))
    return {
        "mnist": f"mnist:{root}/idx",
        "fashion-mnist": f"fashion-mnist:{root}/idx",
        "kmnist": f"kmnist:{root}/idx",
        "emnist": f"emnist:letters:{root}/letters",
        "usps": f"usps:{root}/usps",
        "svhn": f"svhn:{root}/svhn",
        "imagenet": f"imagenet:{root}/ilsvrc",
        "folder": f"folder:{root}/folder",
        "csv": f"csv:{root}/table.csv",
        "parquet": f"parquet:{root}/parquet",
        "webdataset": f"webdataset:{root}/tars",
        "mnist-sample": "mnist-sample",
        "optdigits": "optdigits",
    }


@pytest.fixture
def forms(tmp_path):
    return every(tmp_path)


def state(root: Path) -> dict[str, tuple[str, int]]:
    return {
        str(path): (hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime_ns)
        for path in root.rglob("*")
        if path.is_file()
    }


def test_every_source_that_reads_files_is_among_these(forms):
    assert set(forms) | {"hub"} == set(sources.SOURCES)


def test_every_source_yields_the_columns_and_pictures_that_decode(forms):
    for name, form in forms.items():
        data = sources.load(form)
        classes = records.class_names(data)
        for part in data.values():
            kinds = {key: part.features[key] for key in ("key", "image", "label")}
            assert kinds == {
                "key": Value("string"),
                "image": Image(decode=False),
                "label": ClassLabel(names=list(classes)),
            }
            keys = records.keys(part)
            assert len(set(keys)) == len(keys) > 0 and all(keys), name
            labels = records.labels(part)
            assert labels.min() >= 0 and labels.max() < len(classes)
            assert codec.decode(records.content(part[0]["image"])).dtype == np.uint8


def test_promise_7_reading_changes_nothing_in_the_source(forms, tmp_path):
    before = state(tmp_path)
    for form in forms.values():
        for part in sources.load(form).values():
            records.content(part[len(part) - 1]["image"])
    assert state(tmp_path) == before


def test_promise_28_a_hundred_readings_leave_no_handle_open(forms):
    def read() -> None:
        for name in ("mnist", "usps", "svhn", "imagenet", "folder", "csv", "webdataset"):
            part = next(iter(sources.load(forms[name]).values()))
            records.content(part[0]["image"])

    read()
    process = psutil.Process()
    before, children = process.num_fds(), len(process.children())
    maps = len(process.memory_maps(grouped=False))
    for _ in range(10):
        read()
    assert process.num_fds() <= before and len(process.children()) == children
    assert len(process.memory_maps(grouped=False)) < maps + 20


HASHED = """
import hashlib, os, sys
import datasets
datasets.config.HF_DATASETS_CACHE = os.environ["CACHE"]
from augkit import sources
from augkit.sources import records
digest = hashlib.sha256()
for form in sys.argv[1:]:
    data = sources.load(form, limit=3)
    data = sources.load(form, split="50/50", seed=3) if len(data) == 1 and "svhn" not in form else data
    for name, part in data.items():
        for row in part:
            digest.update(f"{name} {row['key']} {row['label']} {records.class_names(data)}".encode())
            digest.update(records.content(row["image"]))
print(digest.hexdigest())
"""


def test_promise_12_rows_depend_on_no_hash_seed_locale_zone_or_place(forms, tmp_path):
    given = [
        form
        for name, form in forms.items()
        if name not in ("mnist-sample", "optdigits", "fashion-mnist", "kmnist")
    ]
    said = set()
    for number, more in enumerate(
        ({"PYTHONHASHSEED": "0"}, {"PYTHONHASHSEED": "5", "TZ": "Asia/Tokyo", "LC_ALL": "C"})
    ):
        paths = [str(Path(__file__).parents[2]), os.environ["PYTHONPATH"]]
        cache = str(tmp_path / f"cache-{number}")
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "CACHE": cache, **more}
        call = [sys.executable, "-c", HASHED, *given]
        cwd = "/" if number else tmp_path
        done = subprocess.run(call, env=environment, cwd=cwd, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        said.add(done.stdout)
    assert len(said) == 1


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("mnits:/x", "did you mean mnist?"),
        ("imagnet:/x", "did you mean imagenet?"),
        ("web-dataset:/x", "did you mean webdataset?"),
        ("mnist-sampel", "did you mean mnist-sample?"),
        ("C:\\pictures", "give a folder, or one of mnist-sample, optdigits"),
        ("csv", "write csv:PATH"),
        ("csv:/nowhere.csv", "nothing is there; want a CSV table"),
        ("folder:/nowhere", "there is no such source"),
        ("parquet:", "write parquet:PATH"),
    ],
)
def test_wrong_names_are_answered_with_the_way(given, told):
    with pytest.raises(SourceError, match=re.escape(told)):
        sources.load(given)


@pytest.mark.parametrize("name", ["mnist", "emnist", "usps", "svhn", "imagenet", "parquet", "webdataset"])
def test_a_folder_of_another_source_is_answered_with_its_name(forms, name):
    place = forms[name].rpartition(":")[2]
    with pytest.raises(SourceError, match="found no pictures") as caught:
        sources.load(place)
    assert caught.value.fix == f"write {name}:{place}"


def test_a_home_folder_and_a_folder_called_like_a_source_are_found(tmp_path, monkeypatch):
    for name in ("mnist/a/1.png", "b:c/a/1.png"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_bytes(archives.png())
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    for given in (
        "./mnist",
        "~/mnist",
        "folder:mnist",
        "folder:~/mnist",
        "b:c",
        Path("b:c"),
        tmp_path / "mnist",
    ):
        assert len(sources.load(given)["train"]) == 1


def test_the_table_names_every_source_once():
    lines = sources.text().splitlines()
    assert [re.match(r"[\w-]+", line)[0] for line in lines] == list(sources.SOURCES)
    assert all(len(line) <= 100 for line in lines)


def test_promise_17_a_source_that_may_not_be_read_is_said_by_its_name(forms, monkeypatch):
    def refuse(path, *given, **how):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(SourceError, match=r"folder: cannot be read \(Permission denied\)"):
        sources.load(forms["folder"])

"""WebDataset's tar archives."""

from __future__ import annotations

import json

import pytest

from augkit import sources, store
from augkit.errors import SourceError
from augkit.sources import records
from tests.sources import archives


def samples(labels, *, first=0, extension="jpg"):
    files = []
    for number, label in enumerate(labels, first):
        files.append((f"{number:06d}.{extension}", archives.jpeg(number)))
        files.append((f"{number:06d}.cls", str(label).encode()))
    return files


def write(path, files):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(archives.tar(files))
    return path


def test_pictures_and_classes_are_joined_by_name(tmp_path):
    write(tmp_path / "set-train-000.tar", samples([3, 1, 3]))
    write(tmp_path / "set-train-001.tar", samples([10, 1], first=3))
    write(tmp_path / "val/000.tar", samples([1], first=7))
    said = []
    data = sources.load(f"webdataset:{tmp_path}", say=said.append)
    assert list(data) == ["train", "validation"] and records.class_names(data) == ("1", "3", "10")
    assert records.keys(data["train"]) == [f"{number:06d}.jpg" for number in range(5)]
    assert records.labels(data["train"]).tolist() == [1, 0, 1, 2, 0]
    assert [row["image"]["bytes"] for row in data["train"]] == [archives.jpeg(number) for number in range(5)]
    assert said == ["The labels 1 to 10 are 3 names, not positions from 0."]
    built = store.build(data, tmp_path / "out", progress=False)
    assert (built.pictures, built.bad) == (6, 0)


def test_json_words_folders_and_other_files_are_understood(tmp_path):
    files = [
        ("a/0001.json", json.dumps({"label": "dog", "width": 3}).encode()),
        ("a/0001.png", archives.png(1)),
        ("a/0001.txt", b"a caption"),
        ("a/0002.seg.png", archives.png(3)),
        ("a/0002.png", archives.png(2)),
        ("a/0002.cls", b"cat\n"),
    ]
    data = sources.load(write(tmp_path / "x.tar", files))["train"]
    assert data.features["label"].names == ["cat", "dog"]
    assert records.keys(data) == ["a/0001.png", "a/0002.png"] and records.labels(data).tolist() == [1, 0]
    assert [row["image"]["bytes"] for row in data] == [archives.png(1), archives.png(2)]


def test_equal_names_in_two_archives_are_told_apart(tmp_path):
    write(tmp_path / "train-0.tar", samples([0]))
    write(tmp_path / "train-1.tar", samples([1]))
    assert records.keys(sources.load(f"webdataset:{tmp_path}")["train"]) == [
        "000000.jpg",
        "train-1/000000.jpg",
    ]


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ([("0.jpg", b"x")], "'0' has no class"),
        ([("0.cls", b"1")], "'0' has no picture"),
        ([("0.jpg", b"x"), ("0.json", b"{")], "cannot be read"),
        ([("0.jpg", b"x"), ("0.json", b'{"width": 1}')], "has no class"),
        ([("0.jpg", b"x"), ("0.cls", b"\xff\xfe")], "cannot be read"),
        ([("0.jpg", b"x"), ("0.cls", b" ")], "has no class"),
        ([("../0.jpg", b"x"), ("../0.cls", b"1")], "leads out"),
        ([("0.jpg", b"x"), ("0.cls", b"1"), ("0.jpg", b"y")], "twice"),
    ],
)
def test_promise_22_an_archive_that_is_unclear_is_refused(tmp_path, files, told):
    with pytest.raises(SourceError, match=told):
        sources.load(write(tmp_path / "x.tar", files))


def test_a_compressed_archive_is_refused_with_the_way_out(tmp_path):
    import gzip

    path = write(tmp_path / "x.tar", samples([1]))
    path.write_bytes(gzip.compress(path.read_bytes()))
    with pytest.raises(SourceError, match="compressed") as caught:
        sources.load(path)
    assert "unpack the compression" in caught.value.fix

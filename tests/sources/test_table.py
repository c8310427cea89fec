"""CSV tables of pictures."""

from __future__ import annotations

import os

import pytest

from augkit import sources, store
from augkit.errors import SourceError
from augkit.sources import records
from tests.sources import archives


@pytest.fixture
def write(tmp_path):
    for name in ("a.jpg", "b.jpg", "c d.jpg", "sub/e.jpg", "f.jpg"):
        (tmp_path / "pictures" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "pictures" / name).write_bytes(archives.jpeg(len(name)))

    def table(text, name="pictures/table.csv", encoding="utf-8"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding=encoding)
        return tmp_path / name

    return table


def test_a_table_with_splits(write, tmp_path):
    data = sources.load(
        write("path,label,split\na.jpg,dog,train\nb.jpg,cat,val\nsub/e.jpg,cat,test\nc d.jpg,cat,train\n")
    )
    assert list(data) == ["train", "validation", "test"] and records.class_names(data) == ("cat", "dog")
    assert records.keys(data["train"]) == ["a.jpg", "c d.jpg"] and records.labels(data["train"]).tolist() == [
        1,
        0,
    ]
    built = store.build(data, tmp_path / "out", progress=False)
    assert (built.pictures, built.bad) == (4, 0)


def test_promise_12_paths_are_relative_to_the_table_not_to_where_one_stands(write, tmp_path, monkeypatch):
    table = write("label,path\nx,../pictures/a.jpg\n", "tables/t.csv")
    monkeypatch.chdir(tmp_path)
    one = sources.load("tables/t.csv")
    monkeypatch.chdir("/")
    other = sources.load(f"csv:{table}")
    for data in (one, other):
        assert records.content(data["train"][0]["image"]) == archives.jpeg(5)
        assert records.keys(data["train"]) == ["../pictures/a.jpg"]


def test_labels_are_text_in_the_order_of_text_or_of_numbers(write):
    numbers = sources.load(write("path,label\na.jpg,10\nb.jpg,9\nf.jpg,0\n"))
    assert records.class_names(numbers) == ("0", "9", "10")
    padded = sources.load(write("path,label\na.jpg,010\nb.jpg,09\n"))
    assert records.class_names(padded) == ("010", "09")
    words = sources.load(write("path,label\na.jpg,NA\nb.jpg,null\nf.jpg,1e3\n"))
    assert records.class_names(words) == ("1e3", "NA", "null")


def test_promise_20_odd_labels_and_names_survive(write, tmp_path):
    (tmp_path / "pictures" / 'q"uote, é.jpg').write_bytes(archives.jpeg(1))
    data = sources.load(write('path,label\n"q""uote, é.jpg","../a, ""b"""\n', encoding="utf-8-sig"))
    assert records.class_names(data) == ('../a, "b"',) and records.keys(data["train"]) == ['q"uote, é.jpg']


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("path,lable\na.jpg,x\n", "rename 'lable' to 'label'"),
        ("image_path,label\na.jpg,x\n", "no column 'path', only image_path, label"),
        ("", "no CSV table"),
        ("path,label\n", "it has no rows"),
        ("path,label\na.jpg,\n", r"table\.csv:2: no label"),
        ("path,label\na.jpg,x\n,y\n", r"table\.csv:3: no path"),
        (
            "path,label\na.jpg,x\nnot.jpg,x\ngone.jpg,y\n",
            r"2 of 3 pictures are not there, the first of them .*not\.jpg",
        ),
        ("path,label\na.jpg,x\n./a.jpg,y\n", "stands twice in train"),
        ("path,label\nsub,x\n", "not a file"),
        ("path,label\na.jpg/b,x\n", "are not there"),
        ("path,label\na.jpg,x,y,z\nb.jpg,x\n", "more fields than its header"),
        ("path,label\na.jpg,x\nb.jpg,x,y\n", "no CSV table"),
    ],
)
def test_what_is_wrong_with_a_table_is_said(write, text, told):
    with pytest.raises(SourceError, match=told):
        sources.load(write(text))


def test_promise_21_links_and_pipes_are_refused(write, tmp_path):
    (tmp_path / "pictures" / "link.jpg").symlink_to("/etc/passwd")
    with pytest.raises(SourceError, match="links are not followed"):
        sources.load(write("path,label\nlink.jpg,x\n"))
    os.mkfifo(tmp_path / "pictures" / "pipe.jpg")
    with pytest.raises(SourceError, match="not a file"):
        sources.load(write("path,label\npipe.jpg,x\n"))

"""Folders of pictures, read as their owner means them or refused."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator

import numpy as np
import pytest

from augkit import codec, sources
from augkit.errors import SourceError
from augkit.sources import records

PICTURE = codec.encode(np.zeros((4, 4, 1), np.uint8))


def make(root, *names):
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(PICTURE)
    return root


def test_classes_without_splits_become_train(tmp_path):
    data = sources.load(make(tmp_path, "cat/a.png", "cat/b.JPG", "dog/a.png", "dog/notes.txt"))
    assert list(data) == ["train"]
    assert records.keys(data["train"]) == ["cat/a.png", "cat/b.JPG", "dog/a.png"]
    assert records.labels(data["train"]).tolist() == [0, 0, 1]
    assert sources.found(data) == "Found 3 files belonging to 2 classes."


def test_splits_are_found_and_ordered(tmp_path):
    data = sources.load(make(tmp_path, "test/a/1.png", "train/a/1.png", "train/b/2.png", "val/b/3.png"))
    assert list(data) == ["train", "validation", "test"]
    assert records.class_names(data) == ("a", "b")
    assert records.labels(data["validation"]).tolist() == [1]


def test_numbered_classes_keep_the_order_of_text_and_say_so(tmp_path):
    data = sources.load(make(tmp_path, *(f"{number}/x.png" for number in range(12))))
    assert records.class_names(data)[:4] == ("0", "1", "10", "11")
    assert "order is that of text" in sources.found(data)


def test_classes_may_be_called_like_splits_below_a_split(tmp_path):
    data = sources.load(make(tmp_path, "train/test/1.png", "train/train/1.png"))
    assert records.class_names(data) == ("test", "train")


@pytest.mark.parametrize(
    ("names", "word"),
    [
        ([], "no pictures"),
        (["a/notes.txt"], "no pictures"),
        (["a.png"], "outside any class"),
        (["a/1.png", "b/deep/1.png"], "uneven depth"),
        (["train/a/1.png", "train/b/deep/1.png"], "uneven depth"),
        (["a/1.png", "a/deep/2.png"], "uneven depth"),
        (["train/1.png", "test/1.png"], "called like a split"),
        (["here/a/1.png", "there/b/1.png"], "not called train"),
        (["val/a/1.png", "valid/a/1.png"], "both mean validation"),
        (["a/1.png", "b/notes.txt"], "class 'b' has no pictures"),
    ],
)
def test_an_unclear_folder_is_refused_with_its_layout(tmp_path, names, word):
    with pytest.raises(SourceError, match=word):
        sources.load(make(tmp_path, *names))


def test_hidden_entries_are_passed_over(tmp_path):
    data = sources.load(make(tmp_path, "a/1.png", "a/.hidden.png", ".cache/x/1.png"))
    assert records.keys(data["train"]) == ["a/1.png"]


def test_promise_21_links_are_not_followed(tmp_path):
    outside = make(tmp_path / "outside", "secret.png")
    root = make(tmp_path / "root", "a/1.png")
    (root / "a" / "2.png").symlink_to(outside / "secret.png")
    with pytest.raises(SourceError, match="link"):
        sources.load(root)


def test_promise_20_odd_names_survive(tmp_path):
    names = ["a/-x.png", "a/emoji 🦊.png", "a/new\nline.png", 'a/q"uote.png', "a/" + "x" * 250 + ".png"]
    data = sources.load(make(tmp_path, *names))
    assert set(records.keys(data["train"])) == set(names)


def test_promise_20_names_that_are_not_text_are_escaped(tmp_path):
    folder = make(tmp_path, "a/1.png") / "a"
    with open(os.fsencode(folder) + b"/\xff\xfe.png", "wb") as file:  # noqa: PTH123 - a name that is bytes
        file.write(PICTURE)
    data = sources.load(tmp_path)["train"]
    assert records.keys(data)[1] == "a/\\xff\\xfe.png"
    assert data[1]["image"]["bytes"] == PICTURE


def test_a_wrong_name_is_answered_with_the_near_one(tmp_path):
    with pytest.raises(SourceError, match="did you mean mnist-sample"):
        sources.load("mnist-sampel")
    with pytest.raises(SourceError, match="want a folder"):
        sources.load(make(tmp_path, "x.png") / "x.png")


def test_promise_4_an_unfinished_data_set_of_ours_is_refused(tmp_path):
    make(tmp_path, "train/a/1.png", ".augkit/x.png")
    with pytest.raises(SourceError, match="not finished"):
        sources.load(tmp_path)


def test_classes_that_look_the_same_are_refused_naming_both(tmp_path):
    make(tmp_path, "train/caf\u00e9/1.png", "test/cafe\u0301/1.png")
    with pytest.raises(SourceError, match=r"'caf\\xe9' and 'cafe\\u0301'|'cafe\\u0301' and 'caf\\xe9'"):
        sources.load(tmp_path)


def test_files_of_other_kinds_are_counted_aloud_once(tmp_path):
    make(
        tmp_path, "train/cat/a.png", "train/cat/b.HEIC", "train/dog/c.heic", "train/dog/d.mov", "train/dog/e"
    )
    make(tmp_path, "train/dog/1.png", "train/dog/.f.heic", "train/notes.txt", "labels.csv", "policy.yaml")
    said = []
    data = sources.load(tmp_path, say=said.append)
    assert len(data["train"]) == 2
    assert said == ["Passed over files of kinds that are not read: 2 .heic, 1 without a suffix, 1 .mov."]
    make(tmp_path, *(f"train/dog/x.{suffix}" for suffix in ("avif", "jxl", "psd")))
    sources.load(tmp_path, say=said.append)
    assert said[1].endswith("2 .heic, 1 without a suffix, 1 .avif, 1 .jxl and 2 more kinds.")


def test_hidden_folders_and_pipes_are_passed_over_aloud(tmp_path):
    make(tmp_path, "train/cat/1.png", "train/.net/1.png", ".cache/x.png", "train/dog/2.png")
    os.mkfifo(tmp_path / "train" / "dog" / "pipe.png")
    said = []
    data = sources.load(tmp_path, say=said.append)
    assert records.class_names(data) == ("cat", "dog") and len(data["train"]) == 2
    assert said == [
        f"Passed over hidden folders: {tmp_path}/.cache and 1 more.",
        f"Passed over pipes, devices or sockets: {tmp_path}/train/dog/pipe.png.",
    ]


def test_promise_21_linked_folders_and_loops_and_dangling_links_are_refused(tmp_path):
    for name, target in (("loop", "."), ("dangling.png", "nowhere"), ("out", "/usr")):
        root = make(tmp_path / name, "a/1.png")
        (root / "a" / name).symlink_to(target)
        with pytest.raises(SourceError, match="links are not followed"):
            sources.load(root)


def test_promise_27_every_folder_is_listed_once_and_classes_cost_alike(tmp_path, monkeypatch):
    make(tmp_path, *(f"train/{number:03d}/{picture}.png" for number in range(200) for picture in range(2)))
    calls = []
    real = os.scandir
    monkeypatch.setattr(os, "scandir", lambda path: calls.append(str(path)) or real(path))
    data = sources.load(tmp_path)
    assert len(data["train"]) == 400 and len(records.class_names(data)) == 200
    assert len(calls) == len(set(calls)) == 202


def test_promise_27_nobody_opens_or_asks_for_a_picture_while_listing(tmp_path, monkeypatch):
    root = make(tmp_path, *(f"c{number % 3}/{number}.png" for number in range(30)))
    for name in ("stat", "lstat", "open"):
        real = getattr(os, name)

        def watched(path, *given, real=real, **how):
            assert not str(path).endswith(".png")
            return real(path, *given, **how)

        monkeypatch.setattr(os, name, watched)
    assert len(sources.load(root)["train"]) == 30


def test_digits_among_words_keep_the_order_of_text(tmp_path):
    data = sources.load(make(tmp_path, *(f"{name}/x.png" for name in ("10", "9", "b", "A", "é"))))
    assert records.class_names(data) == ("10", "9", "A", "b", "é")


class Entry:
    """Stand for what a folder holds, without a disk."""

    def __init__(self, path: str, name: str, folder: bool) -> None:
        self.path, self.name, self.folder = path, name, folder

    def is_symlink(self) -> bool:
        return False

    def is_dir(self, follow_symlinks: bool = True) -> bool:
        return self.folder

    def is_file(self, follow_symlinks: bool = True) -> bool:
        return not self.folder


def pretending(monkeypatch, root, classes: int, each: int) -> None:
    """Let a folder seem to hold so many classes of so many pictures."""

    def scanned(path: str) -> contextlib.AbstractContextManager[Iterator[Entry]]:
        top = path == str(root)
        names = (
            f"c{number:05d}" if top else f"{number:06d}.jpg" for number in range(classes if top else each)
        )
        return contextlib.nullcontext(Entry(f"{path}/{name}", name, top) for name in names)

    monkeypatch.setattr(os, "scandir", scanned)


@pytest.mark.parametrize(("classes", "each"), [(1, 100_000), (10_000, 10), (300, 300)])
def test_promise_27_a_hundred_thousand_names_are_listed_in_seconds(tmp_path, monkeypatch, classes, each):
    pretending(monkeypatch, tmp_path, classes, each)
    start = time.process_time()
    data = sources.load(tmp_path)
    assert time.process_time() - start < 5  # a million may take 20; what grows faster would take minutes
    assert len(data["train"]) == classes * each and len(records.class_names(data)) == classes


@pytest.mark.slow
def test_promise_27_a_hundred_thousand_files_of_one_class_and_ten_thousand_classes_are_listed_in_seconds(
    tmp_path,
):
    for number in range(100_000):
        if number % 10 == 0:
            (tmp_path / "many" / f"c{number // 10:05d}").mkdir(parents=True)
        (tmp_path / "one" / "c").mkdir(parents=True, exist_ok=True) if number == 0 else None
        for folder in (f"many/c{number // 10:05d}", "one/c"):
            os.close(os.open(f"{tmp_path}/{folder}/{number:06d}.png", os.O_CREAT))
    for name in ("one", "many"):
        start = time.process_time()
        assert len(sources.load(tmp_path / name)["train"]) == 100_000
        assert time.process_time() - start < 5
        print(f"{name}: {time.process_time() - start:.2f} s")

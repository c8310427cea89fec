"""EMNIST stands upright, and its letters are called by their names."""

from __future__ import annotations

import string

import numpy as np
import pytest

from augkit import codec, sources, tasks
from augkit.errors import SourceError
from augkit.sources import emnist, records
from tests.sources import archives


def folder(root, name="letters", *, first=1, count=26):
    labels = [first + number % count for number in range(30)]
    parts = {
        f"emnist-{name}-train": (archives.pictures(30).transpose(0, 2, 1).copy(), labels),
        f"emnist-{name}-test": (archives.pictures(2, seed=1).transpose(0, 2, 1).copy(), labels[:2]),
    }
    return archives.mnist(root, parts)


def test_pictures_stand_upright_and_letters_begin_with_a(tmp_path):
    data = sources.load(f"emnist:letters:{folder(tmp_path)}")
    upright = archives.pictures(30)
    for number in (0, 29):
        assert np.array_equal(codec.decode(data["train"][number]["image"]["bytes"])[:, :, 0], upright[number])
    assert records.class_names(data) == tuple(string.ascii_uppercase)
    assert records.labels(data["train"]).tolist() == [number % 26 for number in range(30)]
    assert records.keys(data["test"])[1] == "emnist-letters-test-00001"


@pytest.mark.parametrize(
    ("name", "count", "last"),
    [
        ("byclass", 62, "z"),
        ("bymerge", 47, "t"),
        ("balanced", 47, "t"),
        ("digits", 10, "9"),
        ("mnist", 10, "9"),
    ],
)
def test_each_set_has_its_classes(tmp_path, name, count, last):
    data = sources.load(f"emnist:{name}:{folder(tmp_path / 'gzip', name, first=0, count=count).parent}")
    names = records.class_names(data)
    assert len(names) == count and names[-1] == last and len(set(names)) == count


def test_the_classes_are_those_of_our_task_of_letters():
    known = set(tasks.load("latin-letters").classes)
    assert set(emnist.CLASSES["letters"]) <= known
    assert set(emnist.CLASSES["byclass"]) - set(string.digits) == known


def test_a_set_is_found_by_its_files_where_there_is_but_one(tmp_path):
    assert records.class_names(sources.load(f"emnist:{folder(tmp_path)}"))[0] == "A"
    folder(tmp_path, "digits", first=0, count=10)
    with pytest.raises(SourceError, match="the sets digits, letters"):
        sources.load(f"emnist:{tmp_path}")


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("emnist", "read from its files"),
        ("emnist:letters", "read from its files"),
        ("emnist:leters:/tmp", "did you mean letters"),
        ("emnist:letters:/nowhere/at/all", "nothing is there"),
        ("emnist:/tmp/../proc", "holds no files of EMNIST"),
    ],
)
def test_what_cannot_be_read_is_said_with_a_fix(given, told):
    with pytest.raises(SourceError, match=told):
        sources.load(given)

"""What a person sees of stats."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import filed


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return filed(tmp_path, 20, "ab")


def test_stats_says_what_the_pictures_are_like(augkit, folder):
    code, said, _ = augkit("stats", folder)
    assert code == 0 and said.startswith("20 pictures of 2 classes (train), levels on [0, 1]\n")
    assert "classes  10 pictures each" in said


def test_with_json_it_is_all_there_for_programs(augkit, folder):
    code, said, _ = augkit("stats", folder, "--json")
    found = json.loads(said)
    assert code == 0 and found["pictures"] == 20 and found["classes"] == {"a": 10, "b": 10}


def test_with_a_split_only_its_train_part_is_read(augkit, folder):
    code, said, _ = augkit("stats", folder, "--split", "80/20", "--stratify")
    assert code == 0 and said.startswith("16 pictures of 2 classes (train)")
    assert "classes  8 pictures each" in said
    code, said, _ = augkit("stats", folder, "--split", "80/20", "--splits", "train,test")
    assert code == 0 and said.startswith("20 pictures of 2 classes (train and test)")


def test_a_split_that_is_not_there_exits_2_and_says_what_is(augkit, folder):
    code, said, told = augkit("stats", folder, "--splits", "test")
    assert code == 2 and said == "" and told.startswith("the source has no split 'test', only train\n  fix: ")

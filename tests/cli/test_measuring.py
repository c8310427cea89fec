"""What a person sees of stats."""

from __future__ import annotations

import json

import pytest

from augkit import cli
from tests.store import making


@pytest.fixture
def run(monkeypatch, capsys):
    def run(*arguments):
        monkeypatch.setattr("sys.argv", ["augkit", *map(str, arguments)])
        code = 0
        try:
            cli.main()
        except SystemExit as stop:
            code = stop.code or 0
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        return code, out, err

    return run


@pytest.fixture
def folder(tmp_path):
    for number in range(20):
        path = tmp_path / "ab"[number % 2] / f"{number:02d}.png"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(making.picture(number))
    return tmp_path


def test_stats_says_what_the_pictures_are_like(run, folder):
    code, said, _ = run("stats", folder)
    assert code == 0 and said.startswith("20 pictures of 2 classes (train), levels on [0, 1]\n")
    assert "classes  10 pictures each" in said


def test_with_json_it_is_all_there_for_programs(run, folder):
    code, said, _ = run("stats", folder, "--json")
    found = json.loads(said)
    assert code == 0 and found["pictures"] == 20 and found["classes"] == {"a": 10, "b": 10}


def test_with_a_split_only_its_train_part_is_read(run, folder):
    code, said, _ = run("stats", folder, "--split", "80/20", "--stratify")
    assert code == 0 and said.startswith("16 pictures of 2 classes (train)")
    assert "classes  8 pictures each" in said
    code, said, _ = run("stats", folder, "--split", "80/20", "--splits", "train,test")
    assert code == 0 and said.startswith("20 pictures of 2 classes (train and test)")


def test_a_split_that_is_not_there_exits_2_and_says_what_is(run, folder):
    code, said, told = run("stats", folder, "--splits", "test")
    assert code == 2 and said == "" and told.startswith("the source has no split 'test', only train\n  fix: ")

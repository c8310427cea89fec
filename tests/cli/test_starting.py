"""From a task, or a folder of pictures, to a policy that `check` accepts; and on, by what is printed."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import numpy as np
import pytest

from augkit import codec, tasks
from tests.cli.conftest import Run


@pytest.fixture(autouse=True)
def here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)


def photos(folder: Path, *names: str) -> None:
    """Make a folder of class folders, five small pictures in each."""
    chance = np.random.default_rng(3)
    for name in names:
        (folder / name).mkdir(parents=True)
        for number in range(5):
            picture = chance.integers(0, 255, (24, 30, 3), dtype=np.uint8)
            (folder / name / f"{number}.png").write_bytes(codec.encode(picture, "png"))


@pytest.mark.parametrize("name", tasks.names())
def test_a_first_policy_is_accepted_by_check(augkit: Run, name: str, tmp_path: Path) -> None:
    code, out, _ = augkit("init", "--task", name)
    assert code == 0 and "wrote policy.yaml" in out
    code, out, _ = augkit("check", "policy.yaml")
    assert code == 0 and f"safe for the task {name}" in out
    assert json.loads((tmp_path / "policy.schema.json").read_text())["title"] == "augkit policy"


def commands(printed: str) -> list[list[str]]:
    """Return the commands that a person is told to run next."""
    told = printed.partition("next:")[2].splitlines()
    return [shlex.split(line)[1:] for line in told if line.startswith("  augkit ")]


def test_a_folder_of_photographs_becomes_a_safe_data_set_by_following_what_is_printed(
    augkit: Run, tmp_path: Path
) -> None:
    photos(tmp_path / "my photos", "rose", "tulip")
    code, out, _ = augkit("init", "--task", "natural", "--data", "my photos")
    assert code == 0 and "wrote task.yaml: what your 2 classes survive" in out
    assert 'classes: ["rose", "tulip"]' in (tmp_path / "task.yaml").read_text()
    following, done = commands(out), []
    while following:
        command = following.pop(0)
        if command in done:
            continue
        code, out, err = augkit(*command)
        assert code == 0, (command, err)
        done.append(command)
        following += commands(out) + commands(err)
    assert [command[0] for command in done] == ["check", "preview", "generate", "verify", "report"]
    assert (tmp_path / "preview.png").exists() and (tmp_path / "augmented/augkit.json").exists()
    code, out, _ = augkit("verify", "augmented", "--json")
    assert code == 0 and json.loads(out) | {"out": ""} == {
        "whole": True, "out": "", "pictures": 50, "problems": [],
    }  # fmt: skip
    (tmp_path / "augmented/train/rose").rename(tmp_path / "augmented/train/thorn")
    code, out, _ = augkit("verify", "augmented", "--json")
    assert code == 1 and not json.loads(out)["whole"] and json.loads(out)["problems"]


def test_wrong_turns_are_answered_with_the_way_back(augkit: Run, tmp_path: Path) -> None:
    photos(tmp_path / "my photos", "rose", "tulip")
    code, _, err = augkit("init", "--task", "natural", "--data", "my fotos")
    assert code == 3 and "did you mean my photos?" in err
    code, _, err = augkit("init", "--task", "natural", "--data", "my photos/rose")
    assert code == 3 and "lies outside any class folder" in err and "give each class a folder" in err
    (tmp_path / "policy.yaml").write_text(
        "version: 1\ntask: natural\nsteps:\n  - rotate: {degrees: [90, 90]}\n"
    )
    code, _, err = augkit("generate", "policy.yaml", "my photos", "out")
    assert code == 1 and "next: augkit fix policy.yaml --data 'my photos' shows" in err
    code, _, err = augkit("preview", "policy.yaml", "my photos", "--out", "p.html")
    assert code == 0 and "augkit fix policy.yaml --data 'my photos'" in err
    code, _, err = augkit("fix", "policy.yaml", "--data", "my photos")
    assert "next: augkit fix policy.yaml --data 'my photos' --write saves it" in err
    assert augkit("fix", "policy.yaml", "--data", "my photos", "--write")[0] == 0
    code, _, err = augkit("preview", "policy.yaml", "my photos", "--out", "p.html")
    assert code == 0 and "next: augkit generate policy.yaml 'my photos' augmented --copies 4 makes" in err
    (tmp_path / "full").mkdir()
    (tmp_path / "full/mine.txt").write_text("mine")
    code, _, err = augkit("generate", "policy.yaml", "my photos", "full")
    assert code == 3 and "it is not empty" in err and "choose a new folder" in err
    code, _, err = augkit("verify", "full")
    assert code == 3 and "give the folder that augkit generate or build made" in err


def test_classes_with_other_names_get_a_task_file_that_check_takes(augkit: Run, tmp_path: Path) -> None:
    photos(tmp_path / "scans", "six", "nine")
    assert augkit("init", "--task", "digits", "--data", "scans", "--out", "made/p.yaml")[0] == 0
    assert "like: digits" in (tmp_path / "made/p-task.yaml").read_text()
    assert augkit("check", "made/p.yaml", "--data", "scans")[0] == 0
    assert sorted(path.name for path in (tmp_path / "made").iterdir()) == [
        "p-task.yaml", "p.yaml", "policy.schema.json", "task.schema.json",
    ]  # fmt: skip


def test_classes_can_be_named_without_pictures(augkit: Run, tmp_path: Path) -> None:
    assert augkit("init", "--task", "hands", "--classes", "l=left,r=right")[0] == 0
    assert '"l": "left"' in (tmp_path / "task.yaml").read_text()


def test_a_class_that_says_nothing_is_asked_for_and_can_be_answered(augkit: Run, tmp_path: Path) -> None:
    photos(tmp_path / "scans", "six", "other")
    code, _, err = augkit("init", "--task", "digits", "--data", "scans")
    assert code == 2 and "which class of digits is 'other'?" in err and "--classes 'other=0'" in err
    assert not (tmp_path / "policy.yaml").exists()
    assert augkit("init", "--task", "digits", "--data", "scans", "--classes", "other=9")[0] == 0


WRONG = [
    ((), "what are your labels?"),
    (("--task", "digit"), "did you mean digits?"),
    (("--task", "hands", "--classes", "left,left"), "given twice"),
    (("--task", "natural", "--data", "photos", "--classes", "daisy"), "'daisy' is no class of the data"),
]


@pytest.mark.parametrize(("arguments", "said"), WRONG)
def test_what_cannot_be_is_said_with_what_can(
    augkit: Run, arguments: tuple[str, ...], said: str, tmp_path: Path
) -> None:
    photos(tmp_path / "photos", "rose", "tulip")
    code, _, err = augkit("init", *arguments)
    assert code == 2 and said in err and "fix: " in err
    assert not (tmp_path / "policy.yaml").exists()


def test_a_file_that_is_there_is_kept_unless_it_is_to_be_overwritten(augkit: Run, tmp_path: Path) -> None:
    (tmp_path / "policy.yaml").write_text("mine\n")
    code, _, err = augkit("init", "--task", "digits")
    assert code == 2 and "policy.yaml: it is there already" in err and "--overwrite" in err
    assert (tmp_path / "policy.yaml").read_text() == "mine\n"
    assert augkit("init", "--task", "digits", "--overwrite")[0] == 0


def test_a_folder_that_takes_nothing_exits_3(augkit: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert augkit("init", "--task", "digits", "--out", "file/policy.yaml")[0] == 3


@pytest.mark.parametrize("named", [".", "/", "", "..", "folder"])
def test_a_folder_is_not_taken_for_the_file_to_write(augkit: Run, named: str, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    before = sorted(tmp_path.iterdir())
    code, out, err = augkit("init", "--task", "digits", "--out", named, "--overwrite")
    assert (code, out) == (2, "") and "it is a folder, want a file\n  fix: name a file with --out" in err
    assert sorted(tmp_path.iterdir()) == before

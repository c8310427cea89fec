"""What a person sees of the sources: build, its list, its options and its errors."""

from __future__ import annotations

import json
from pathlib import Path

import datasets
import pytest

from augkit import sources
from tests.cli.conftest import Run
from tests.sources import archives


@pytest.fixture(autouse=True)
def cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")


def test_the_list_is_printed_without_any_argument(augkit: Run):
    assert augkit("build", "--list") == (0, sources.text() + "\n", "")


def test_the_example_in_the_help_is_a_command_that_runs(augkit: Run, tmp_path, monkeypatch):
    code, said, _ = augkit("build", "--help")
    (example,) = [line.split("Example: augkit ")[1] for line in said.splitlines() if "Example:" in line]
    assert code == 0 and "--list" in said
    monkeypatch.chdir(tmp_path)
    code, said, told = augkit(*example.split())
    assert code == 0 and "made: 5,000 pictures" in said
    assert told.splitlines()[:2] == [
        "No two pictures are equal or look alike.",
        "Found 5000 files belonging to 10 classes.",
    ]


def test_idx_files_are_built_and_verified(augkit: Run, tmp_path):
    parts = {
        "train": (archives.pictures(30), [number % 10 for number in range(30)]),
        "t10k": (archives.pictures(10), list(range(10))),
    }
    root = archives.mnist(tmp_path / "idx", parts)
    code, said, told = augkit(
        "build", f"fashion-mnist:{root}", tmp_path / "out", "--classes", "T-shirt/top,Bag", "--limit", 4
    )
    assert code == 0 and "made: 6 pictures" in said
    assert told.startswith("Found 6 files belonging to 2 classes.\n")
    assert augkit("verify", tmp_path / "out")[0] == 0
    plan = json.loads((tmp_path / "out" / ".augkit" / "plan.json").read_text("utf-8"))
    assert plan["classes"] == ["T-shirt/top", "Bag"]


def test_imagenet_is_built_from_its_archives_and_says_what_it_repaired(augkit: Run, tmp_path):
    train = {
        "n01440764": [("n01440764_1.JPEG", archives.jpeg(1, "CMYK")), ("n01440764_2.JPEG", archives.jpeg(2))]
    }
    root = archives.ilsvrc(tmp_path / "ilsvrc", train)
    code, said, told = augkit("build", f"imagenet:{root}", tmp_path / "out")
    assert code == 0 and "2 pictures" in said
    assert told.splitlines()[:2] == [
        "train: 1 × CMYK, made RGB and stored as PNG.",
        "Found 2 files belonging to 1 classes.",
    ]
    code, said, _ = augkit("build", f"imagenet:{root}", tmp_path / "out")
    assert code == 0 and "already made, and verified" in said


@pytest.mark.parametrize(
    ("given", "code", "told"),
    [
        (("mnits:/x",), 3, "did you mean mnist?"),
        (("mnist:/nowhere",), 3, "nothing is there; want a folder of IDX files"),
        (("mnist-sample", "--classes", "7,zwei"), 2, "no class 'zwei'"),
        (("mnist-sample", "--checksums"), 2, "no files with published checksums"),
        (("mnist-sample", "--split", "90/20"), 2, "add up to 100"),
        (("emnist",), 3, "read from its files"),
    ],
)
def test_what_cannot_be_read_is_said_with_its_code(augkit: Run, tmp_path, given, code, told):
    found, said, err = augkit("build", given[0], tmp_path / "out", *given[1:])
    assert (found, said) == (code, "") and told in err and not (tmp_path / "out").exists()

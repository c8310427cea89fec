"""The digits recipe: arms of one length, folders read as they are, and mistakes told from results."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from augkit.errors import SourceError, UsageError
from recipes import digits, evidence

ROOT = Path(__file__).parents[2]


def write(folder: Path, classes: dict[str, int], side: int = 28, seed: int = 0) -> Path:
    """Write a folder of class folders: noise, brighter from class to class."""
    random = np.random.default_rng(seed)
    for level, (name, count) in enumerate(classes.items()):
        (folder / name).mkdir(parents=True)
        for i in range(count):
            picture = random.integers(0, 80, (side, side)) + 80 * level
            data = cv2.imencode(".png", picture.astype(np.uint8))[1].tobytes()
            (folder / name / f"{i}.png").write_bytes(data)
    return folder


def test_a_folder_is_read_whole_with_its_classes_in_order(tmp_path):
    folder = write(tmp_path / "d", {"6": 3, "9": 2})
    (folder / "9" / "notes.txt").write_text("not a picture", encoding="utf-8")
    pictures, labels, classes = digits.read(folder)
    assert pictures.shape == (5, 28, 28, 1)
    assert pictures.dtype == np.uint8
    assert labels.tolist() == [0, 0, 0, 1, 1]
    assert classes == ("6", "9")
    assert pictures[:3].mean() < 80 < pictures[3:].mean()


def test_a_folder_without_pictures_is_refused(tmp_path):
    for folder in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(SourceError, match="no pictures"):
            digits.read(folder)


def test_pictures_of_several_sizes_are_refused(tmp_path):
    write(tmp_path / "d", {"6": 1})
    write(tmp_path / "d", {"9": 1}, side=30)
    with pytest.raises(SourceError, match="several shapes"):
        digits.read(tmp_path / "d")


def test_training_on_other_classes_than_are_tested_is_refused(tmp_path):
    test = write(tmp_path / "test", {"6": 1, "9": 1})
    arm = write(tmp_path / "arm", {"6": 1, "8": 1})
    with pytest.raises(UsageError, match="'8'"):
        digits.train({"a": arm}, test, tmp_path / "out")


def test_every_arm_makes_the_same_steps_whatever_its_pictures(tmp_path):
    test = write(tmp_path / "test", {"6": 4, "9": 4}, seed=1)
    arms = {
        "few": write(tmp_path / "few", {"6": 5, "9": 5}, seed=2),
        "many": write(tmp_path / "many", {"6": 30, "9": 30}, seed=3),
    }
    results = digits.train(arms, test, tmp_path / "out", epochs=2, steps=3, batch=4, rate=1e-2)
    keras_steps = []
    for result in results:
        from augkit import backend

        model = backend.load().saving.load_model(tmp_path / "out" / result["title"] / "last.keras")
        keras_steps.append(int(model.optimizer.iterations))
    assert keras_steps == [6, 6]
    assert [r["settings"]["pictures"] for r in results] == [10, 60]
    text = digits.compare(results, tmp_path / "out")
    assert "6 read as 9" in text
    page = (tmp_path / "out" / "comparison.md").read_text(encoding="utf-8")
    assert "Every run made the same 6 steps of 4 pictures." in page


def test_runs_of_different_length_are_not_called_alike(tmp_path):
    def run(steps):
        return {
            "title": str(steps),
            "accuracy": 1.0,
            "classes": ["6", "9"],
            "confusion": [[1, 0], [0, 1]],
            "settings": {"epochs": 1, "steps": steps, "batch": 2},
        }

    digits.compare([run(3), run(4)], tmp_path)
    page = (tmp_path / "comparison.md").read_text(encoding="utf-8")
    assert "not alike: they made 3 steps of 2 pictures and 4 steps of 2 pictures" in page


def test_the_evidence_table_has_mean_spread_and_confusions_over_seeds():
    def run(title, right):
        return {
            "title": title,
            "accuracy": right / 100,
            "classes": ["6", "9"],
            "confusion": [[50, 0], [100 - right, right - 50]],
        }

    found = {0: [run("none", 90), run("safe", 95)], 1: [run("none", 94), run("safe", 97)]}
    rows = [[c.strip() for c in line.strip("|").split("|")] for line in evidence.table(found).splitlines()]
    table = {row[0]: row[1:] for row in rows}
    assert table["seed 1"] == ["94.00 %", "97.00 %"]
    assert table["mean ± spread"] == ["92.00 ± 2.83 %", "96.00 ± 1.41 %"]
    assert table["points over none"] == ["", "+4.00 ± 1.41"]
    assert table["9 read as 6"] == ["16 of 100", "8 of 100"]
    assert table["6 read as 9"] == ["0 of 100", "0 of 100"]


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "recipes.digits", *arguments], cwd=ROOT, capture_output=True, text=True
    )


def test_help_says_question_data_policy_result_and_cost():
    done = command("--help")
    assert done.returncode == 0
    for word in ("Question:", "Data:", "Policy:", "Result:", "Cost:", "Command:"):
        assert word in done.stdout


def test_a_mistake_is_told_in_two_lines_and_no_traceback(tmp_path):
    done = command("compare", str(tmp_path), "--out", str(tmp_path / "out"))
    assert done.returncode == 2
    assert done.stderr.splitlines() == [f"{tmp_path}: no finished run here", "  fix: train it first"]


def test_finished_runs_are_compared_from_their_results_alone(tmp_path):
    for name, wrong in (("a", 0), ("b", 3)):
        (tmp_path / name).mkdir()
        result = {
            "title": name,
            "accuracy": 1 - wrong / 20,
            "classes": ["6", "9"],
            "confusion": [[10 - wrong, wrong], [0, 10]],
            "settings": {"epochs": 1, "steps": 2, "batch": 2},
        }
        (tmp_path / name / "result.json").write_text(json.dumps(result), encoding="utf-8")
    done = command("compare", str(tmp_path / "a"), str(tmp_path / "b"), "--out", str(tmp_path / "out"))
    assert done.returncode == 0, done.stderr
    assert "3 of 10" in done.stdout
    assert (tmp_path / "out" / "comparison.png").exists()


@pytest.mark.parametrize("argument", ["safe", "=x", "a/b=x"])
def test_an_arm_without_name_or_folder_is_refused(argument):
    done = command("train", argument, "--test", "t", "--out", "o")
    assert done.returncode == 2
    assert "want NAME=DIR" in done.stderr

"""What a run reports is what its confusion says, in tables and in pictures."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from recipes.runs import comparison, report


def result(title: str, confusion) -> dict:
    counts = np.array(confusion)
    rows = [
        {
            "epoch": e,
            "loss": 2.0 / e,
            "accuracy": 0.5,
            "val_loss": 1.0 / e,
            "val_accuracy": 0.6,
            "seconds": 1.25,
        }
        for e in (1, 2, 3)
    ]
    return {
        "title": title,
        "accuracy": float(np.trace(counts) / counts.sum()),
        "classes": ["1", "6", "9"],
        "confusion": confusion,
        "parameters": 1234,
        "history": rows,
        "settings": {"steps": 7, "epochs": 3, "batch": 2, "backend": "jax"},
    }


CLEAN = result("none", [[10, 0, 0], [0, 20, 0], [1, 0, 9]])
TURNED = result("unsafe", [[9, 1, 0], [0, 14, 6], [0, 3, 7]])


def test_a_class_says_its_share_and_what_it_is_most_often_misread_as():
    assert report.classes(TURNED) == [
        ("1", 10, 90.0, "6 (1)"),
        ("6", 20, 70.0, "9 (6)"),
        ("9", 10, 70.0, "6 (3)"),
    ]
    assert report.classes(CLEAN)[0][3] == "-"


def test_a_confusion_is_counted_from_what_is_to_what_is_read():
    assert report.read_as(TURNED, "6", "9") == (6, 20)
    assert report.read_as(TURNED, "9", "6") == (3, 10)


def test_the_report_names_every_figure_and_picture(tmp_path):
    report.write(TURNED, tmp_path)
    text = (tmp_path / "report.md").read_text(encoding="utf-8")
    assert "75.00 % of 40 test pictures" in text
    assert "3 epochs of 7 steps" in text
    assert "| 6 | 20 | 70.0 % | 9 (6) |" in text
    for name in ("curves.png", "confusion.png"):
        assert f"({name})" in text
        picture = cv2.imdecode(np.fromfile(tmp_path / name, dtype=np.uint8), cv2.IMREAD_COLOR)
        assert min(picture.shape[:2]) > 300
        assert picture.std() > 5
    assert report.is_complete(tmp_path)
    assert not list(tmp_path.glob("*.tmp"))


def test_the_confusion_picture_shows_where_errors_are(tmp_path):
    """Red is where errors are; a network without errors has none."""
    reds = []
    for name, run in (("clean", result("c", [[5, 0, 0], [0, 5, 0], [0, 0, 5]])), ("turned", TURNED)):
        (tmp_path / name).mkdir()
        report.write(run, tmp_path / name)
        file = np.fromfile(tmp_path / name / "confusion.png", dtype=np.uint8)
        blue, green, red = cv2.imdecode(file, cv2.IMREAD_COLOR)[:, :260].astype(int).transpose(2, 0, 1)
        reds.append(int(((red - blue > 60) & (red - green > 20)).sum()))
    assert reds[0] == 0
    assert reds[1] > 500


def test_runs_stand_side_by_side_with_what_they_differ_by():
    lines = comparison.table([CLEAN, TURNED], [("6", "9")]).splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    assert cells[0] == ["class", "none", "unsafe"]
    assert cells[3] == ["6", "100.0 %", "70.0 % (-30.0)"]
    assert cells[5] == ["all", "97.50 %", "75.00 % (-22.50)"]
    assert cells[6] == ["6 read as 9", "0 of 20", "6 of 20"]
    assert len({len(line) for line in lines}) == 1


@pytest.mark.parametrize("pairs", [(), (("6", "9"), ("9", "6"))])
def test_a_comparison_is_drawn_and_written(tmp_path, pairs):
    text = comparison.write([CLEAN, TURNED], tmp_path / "out", pairs, "Alike.")
    page = (tmp_path / "out" / "comparison.md").read_text(encoding="utf-8")
    assert text in page
    assert "Alike." in page
    file = np.fromfile(tmp_path / "out" / "comparison.png", dtype=np.uint8)
    assert min(cv2.imdecode(file, cv2.IMREAD_COLOR).shape[:2]) > 250

"""What a run reports is what its confusion says, in tables and in pictures."""

from __future__ import annotations

import cv2
import numpy as np

from recipes.runs import report


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


def test_of_many_classes_those_confused_most_are_drawn(tmp_path):
    """A picture of 1,000 x 1,000 cells would be 500 inches wide."""
    counts = 50 * np.eye(200, dtype=int)
    counts[7, 150] = counts[3, 9] = 20
    drawn = report._most_confused(np.where(np.eye(200, dtype=bool), 0, counts))
    assert {3, 7, 9, 150} <= set(drawn.tolist())
    assert report.MOST - 1 <= len(drawn) <= report.MOST and list(drawn) == sorted(drawn)
    many = result("many", counts.tolist()) | {"classes": [f"class number {i}" for i in range(200)]}
    report.write(many, tmp_path)
    picture = cv2.imdecode(np.fromfile(tmp_path / "confusion.png", dtype=np.uint8), cv2.IMREAD_COLOR)
    assert 1000 < max(picture.shape[:2]) < 3000


def test_folds_together_count_every_picture_once(tmp_path):
    text = report.write_folds([CLEAN, TURNED], tmp_path)
    assert text == "86.25 % of 80 pictures read correctly, 75.00 to 97.50 % between the folds"
    page = (tmp_path / "report.md").read_text(encoding="utf-8")
    assert "| none | 40 | 97.50 % | 3 | 4 |" in page
    assert "| 6 | 40 | 85.0 % | 9 (6) |" in page
    assert (tmp_path / "confusion.png").stat().st_size > 5000

"""Scores say what was read: against scikit-learn where it knows them, and counted by hand."""

from __future__ import annotations

import csv

import numpy as np
import pytest

from augkit.errors import UsageError
from recipes.runs.scores import BINS, Tally, classes_csv, confusion_csv

NAMES = tuple("abcdefgh")


def made(count: int = 400, seed: int = 0):
    random = np.random.default_rng(seed)
    labels = random.integers(0, 8, count)
    logits = random.normal(size=(count, 8)) + 1.2 * np.eye(8)[labels]
    powers = np.exp(2 * logits)
    return powers / powers.sum(axis=1, keepdims=True), labels


def tally(chances, labels, names=NAMES, batch: int = 64) -> Tally:
    counted = Tally(names)
    for start in range(0, len(labels), batch):
        counted.add(chances[start : start + batch], labels[start : start + batch])
    return counted


def test_top_1_top_5_loss_and_confusion_are_those_of_scikit_learn():
    metrics = pytest.importorskip("sklearn.metrics")
    chances, labels = made()
    counted = tally(chances, labels)
    found = counted.scores()
    assert found["pictures"] == 400
    assert found["top1"] == pytest.approx(metrics.accuracy_score(labels, chances.argmax(axis=1)))
    assert found["top5"] == pytest.approx(metrics.top_k_accuracy_score(labels, chances, k=5))
    assert found["loss"] == pytest.approx(metrics.log_loss(labels, chances))
    assert 0.3 < found["top1"] < found["top5"] < 1
    assert np.array_equal(counted.confusion, metrics.confusion_matrix(labels, chances.argmax(axis=1)))


def test_the_calibration_error_is_that_of_its_definition():
    chances, labels = made(seed=1)
    sure, right = chances.max(axis=1), chances.argmax(axis=1) == labels
    expected = 0.0
    for i in range(BINS):
        inside = (sure > i / BINS) & (sure <= (i + 1) / BINS)
        if inside.any():
            expected += inside.mean() * abs(right[inside].mean() - sure[inside].mean())
    found = tally(chances, labels).scores()
    assert found["ece"] == pytest.approx(expected)
    assert found["ece"] > 0.02
    assert sum(row["pictures"] for row in found["calibration"]) == 400


def test_a_network_as_sure_as_it_is_right_has_no_calibration_error():
    chances = np.tile([0.8, 0.2], (10, 1))
    assert tally(chances, np.array([0] * 8 + [1] * 2), "ab").scores()["ece"] == pytest.approx(0)
    assert tally(chances, np.zeros(10, int), "ab").scores()["ece"] == pytest.approx(0.2)


def test_a_network_that_always_says_the_same_is_right_once_and_near_five_times():
    found = tally(np.full((8, 8), 1 / 8), np.arange(8)).scores()
    assert (found["top1"], found["top5"]) == (1 / 8, 5 / 8)


def test_with_fewer_than_five_classes_all_are_near():
    assert tally(np.array([[0.9, 0.1], [0.9, 0.1]]), np.array([0, 1]), "ab").scores()["top5"] == 1


def test_a_class_says_its_shares_and_what_it_is_most_often_misread_as():
    chances = np.eye(3)[[0, 0, 1, 2, 1, 1]]
    rows = tally(chances, np.array([0, 0, 0, 0, 1, 1]), ("x", "y", "z")).per_class()
    assert rows == [("x", 4, 0.5, 1.0, "y", 1), ("y", 2, 1.0, 1.0, "", 0), ("z", 0, 0.0, 0.0, "", 0)]


@pytest.mark.parametrize("wrong", [[[0.9, 0.9]], [[np.nan, 0.5]], [[3.0, -2.5]]])
def test_answers_that_are_no_probabilities_are_refused(wrong):
    with pytest.raises(UsageError, match="no probabilities"):
        tally(np.array(wrong), np.array([0]), "ab")


def test_nothing_counted_is_no_score():
    with pytest.raises(UsageError, match="no pictures"):
        Tally("ab").scores()


def test_tables_are_csv_that_names_with_commas_survive():
    names = ("crane, bird", 'the "other" crane')
    counted = tally(np.array([[0.3, 0.7], [0.6, 0.4]]), np.array([0, 0]), names)
    rows = list(csv.reader(classes_csv({"one": counted, "ten": counted}).splitlines()))
    assert rows[0][:4] == ["class", "pictures", "top1_one", "top5_one"]
    assert rows[1][:6] == ["crane, bird", "2", "0.500000", "1.000000", names[1], "1"]
    confusion = list(csv.reader(confusion_csv(counted).splitlines()))
    assert confusion[0][1:] == list(names)
    assert confusion[1] == [names[0], "1", "1"]

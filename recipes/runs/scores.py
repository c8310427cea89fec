"""What a classifier is worth, counted batch by batch: top 1, top 5, classes, confusion, calibration."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from augkit.errors import UsageError

BINS = 15
TOP = 5
LEAST = 1e-12  # chances below it count as it: so no picture adds more than 27.6 to the loss


class Tally:
    """Count what a network reads; memory does not grow with the number of pictures.

    `confusion` is int64 K x K, what is in rows and what is read in columns; `near` int64 (K,), how many of
    each class have it among their five likeliest; `bins` float64 3 x 15: pictures, sum of confidences and
    right answers, by confidence.
    """

    def __init__(self, classes: Sequence[str]) -> None:
        self.classes, many = tuple(classes), len(classes)
        self.confusion = np.zeros((many, many), dtype=np.int64)
        self.near = np.zeros(many, dtype=np.int64)
        self.bins = np.zeros((3, BINS))
        self.surprise = 0.0

    def add(self, chances: np.ndarray, labels: np.ndarray) -> None:
        """Count N pictures: probabilities N x K and int labels (N,).

        Where classes are equally likely the first stands before the others, as `argmax` has it.

        Raises UsageError for what are no probabilities.
        """
        chances, labels = np.asarray(chances, dtype=np.float64), np.asarray(labels, dtype=np.int64)
        if not (np.isfinite(chances).all() and np.allclose(chances.sum(axis=1), 1, atol=1e-3)):
            raise UsageError(
                "the network's answers are no probabilities",
                fix="look at its weights for numbers that are none",
            )
        rows = np.arange(len(labels))
        own, read = chances[rows, labels][:, None], chances.argmax(axis=1)
        before = np.arange(chances.shape[1])[None] < labels[:, None]
        rank = ((chances > own) | ((chances == own) & before)).sum(axis=1)
        np.add.at(self.confusion, (labels, read), 1)
        np.add.at(self.near, labels[rank < TOP], 1)
        sure = chances[rows, read]
        # Bins are open below and closed above, as Guo et al. 2017 have them.
        place = np.clip(np.ceil(sure * BINS).astype(np.int64) - 1, 0, BINS - 1)
        for row, values in enumerate((np.ones(len(sure)), sure, read == labels)):
            np.add.at(self.bins[row], place, values)
        self.surprise -= float(np.log(np.maximum(own, LEAST)).sum())

    def scores(self) -> dict[str, Any]:
        """Return pictures, top1, top5, ece (shares of 1), loss (nats), and the bins behind the ece.

        The loss of a picture is cut off at −log(`LEAST`), 27.6.

        The ece is the mean of |share right − mean confidence| over 15 bins of confidence, weighted by their
        pictures (Guo et al. 2017, arXiv:1706.04599, section 2). Raises UsageError where nothing was counted.
        """
        total = int(self.confusion.sum())
        if not total:
            raise UsageError("no pictures to count", fix="name a split that holds some")
        count, sure, right = self.bins
        filled = count > 0
        return {
            "pictures": total,
            "top1": float(np.trace(self.confusion) / total),
            "top5": float(self.near.sum() / total),
            "ece": float(np.abs(right - sure)[filled].sum() / total),
            "loss": self.surprise / total,
            "calibration": [
                {
                    "above": i / BINS,
                    "pictures": int(count[i]),
                    "confidence": float(sure[i] / count[i]),
                    "right": float(right[i] / count[i]),
                }
                for i in np.flatnonzero(filled).tolist()
            ],
        }

    def per_class(self) -> list[tuple[str, int, float, float, str, int]]:
        """List every class: name, pictures, top1, top5, what it is most often misread as, and how often."""
        rows = []
        for i, name in enumerate(self.classes):
            count = int(self.confusion[i].sum())
            others = np.where(np.arange(len(self.classes)) == i, -1, self.confusion[i])
            worst = int(np.argmax(others))
            wrong = max(0, int(others[worst]))
            shares = self.confusion[i, i] / max(1, count), self.near[i] / max(1, count)
            rows.append((name, count, *map(float, shares), self.classes[worst] if wrong else "", wrong))
        return rows


def classes_csv(tallies: Mapping[str, Tally]) -> str:
    """Return every class as CSV, with the shares of each tally beside each other."""
    head, rows = ["class", "pictures"], []
    for crops in tallies:
        head += [f"top1_{crops}", f"top5_{crops}", f"misread_as_{crops}", f"times_{crops}"]
    for same in zip(*(tally.per_class() for tally in tallies.values()), strict=True):
        row: list[Any] = list(same[0][:2])
        for _, _, top1, top5, wrong, times in same:
            row += [f"{top1:.6f}", f"{top5:.6f}", wrong, times]
        rows.append(row)
    return _csv([head, *rows])


def confusion_csv(tally: Tally) -> str:
    """Return the confusion as CSV: what is in rows, what is read in columns."""
    counts = tally.confusion.tolist()
    rows = [[name, *row] for name, row in zip(tally.classes, counts, strict=True)]
    return _csv([["is \\ read as", *tally.classes], *rows])


def _csv(rows: Sequence[Sequence[Any]]) -> str:
    file = io.StringIO()
    csv.writer(file, lineterminator="\n").writerows(rows)
    return file.getvalue()

"""Training runs, as `recipes/fit.py` leaves them: a folder with log.csv, and result.json when finished."""

from __future__ import annotations

import csv
import dataclasses
import json
import math
from collections.abc import Sequence
from pathlib import Path

from augkit.errors import UsageError

_WIDE, _HIGH = 300, 120
_PANELS = {"loss": ("loss", "val_loss"), "read correctly": ("accuracy", "val_accuracy")}
_MOST = 400  # points of a line; of more, every n-th


@dataclasses.dataclass(frozen=True)
class Panel:
    """Hold one chart of a run.

    Attributes:
        title: what is counted.
        lines: name and points of each, "x,y x,y ..." in a frame of 300 by 120.
        ends:  the least and greatest value of the scale, in words.
        words: where each line begins and ends.
    """

    title: str
    lines: tuple[tuple[str, str], ...]
    ends: tuple[str, str]
    words: str


@dataclasses.dataclass(frozen=True)
class Curves:
    """Hold how one network learned: its name, its epochs, a sentence on how it ended, and its charts."""

    title: str
    epochs: int
    ending: str
    panels: tuple[Panel, ...]
    wide: int = _WIDE
    high: int = _HIGH


def curves(run: Path) -> Curves:
    """Read a run.

    Raises:
        UsageError: the folder holds no log of a run, or one that cannot be read.
    """
    log = run / "log.csv"
    try:
        with log.open(newline="", encoding="utf-8") as file:
            rows = [{name: float(value) for name, value in row.items()} for row in csv.DictReader(file)]
    except FileNotFoundError as error:
        fix = "give the folder of a run, in which log.csv lies: recipes/fit.py says what one is"
        raise UsageError("there is no training run here", where=str(run), fix=fix) from error
    except (OSError, ValueError, TypeError) as error:
        raise UsageError(f"the log of this run cannot be read ({error})", where=str(log)) from error
    if not rows:
        raise UsageError("the log of this run has no epoch yet", where=str(log), fix="train it first")
    title, ending = _ended(run)
    panels = [_panel(name, columns, rows) for name, columns in _PANELS.items()]
    return Curves(title or run.name, len(rows), ending, tuple(panel for panel in panels if panel.lines))


def _ended(run: Path) -> tuple[str, str]:
    """Return what a run is called, and a sentence on how it ended; nothing where it did not."""
    try:
        result = json.loads((run / "result.json").read_text("utf-8"))
        accuracy, table = float(result["accuracy"]), result["confusion"]
        tested = sum(map(sum, table))
        wrong = [(table[i][j], i, j) for i in range(len(table)) for j in range(len(table)) if i != j]
        count, what, other = max(wrong, default=(0, 0, 0))
        names = result["classes"]
        most = f" Most often misread: {names[what]} as {names[other]}, {count:,} times." if count else ""
        return str(
            result["title"]
        ), f"{100 * accuracy:.2f} % of {tested:,} test pictures read correctly.{most}"
    except (OSError, ValueError, KeyError, TypeError, IndexError):
        return "", "This run is not finished."


def _panel(title: str, columns: Sequence[str], rows: Sequence[dict[str, float]]) -> Panel:
    found = {name: [row.get(name, math.nan) for row in rows] for name in columns}
    known = {name: values for name, values in found.items() if any(map(math.isfinite, values))}
    all_ = [value for values in known.values() for value in values if math.isfinite(value)]
    low, high = (0.0, max(all_, default=1.0) or 1.0) if title == "loss" else (min([*all_, 1.0]), 1.0)
    lines = tuple((_called(name), _points(values, low, high)) for name, values in known.items())
    said = [f"{_called(name)} {_end(title, v[0])} to {_end(title, v[-1])}" for name, v in known.items()]
    return Panel(title, lines, (_end(title, low), _end(title, high)), "; ".join(said))


def _called(column: str) -> str:
    return "in test" if column.startswith("val_") else "in training"


def _end(title: str, value: float) -> str:
    return f"{value:.3g}" if title == "loss" else f"{100 * value:.1f} %"


def _points(values: Sequence[float], low: float, high: float) -> str:
    """Return where the values lie in the frame, from left to right; what is no number is left out."""
    every = math.ceil(len(values) / _MOST)
    shown = [*range(0, len(values), every), *([len(values) - 1] if (len(values) - 1) % every else [])]
    wide = max(1, len(values) - 1)
    return " ".join(
        f"{_WIDE * i / wide:.1f},{_HIGH * (1 - (values[i] - low) / ((high - low) or 1)):.1f}"
        for i in shown
        if math.isfinite(values[i])
    )

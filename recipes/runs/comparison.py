"""Runs side by side: a table, and a picture of what each training did to each class."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from recipes.runs.folder import Result
from recipes.runs.report import COLOURS, FAINT, classes, pyplot, read_as, save, write_text

Pair = tuple[str, str]  # a class, and another that it is read as

MARKS = ("s", "o", "X", "D", "^")  # shapes tell runs apart where colours cannot


def write(results: Sequence[Result], out: Path, pairs: Sequence[Pair] = (), note: str = "") -> str:
    """Write comparison.png and comparison.md for runs with the same test pictures; return the table."""
    text = table(results, pairs)
    out.mkdir(parents=True, exist_ok=True)
    save(_figure(results, pairs), out / "comparison.png")
    shown = "![how every class is read, and the confusions](comparison.png)"
    parts = ["# Runs side by side", note, text, shown]
    write_text(out / "comparison.md", "\n\n".join(filter(None, parts)) + "\n")
    return text


def table(results: Sequence[Result], pairs: Sequence[Pair] = ()) -> str:
    """Set runs side by side as a Markdown table: each class, the whole, and the confusions asked for.

    From the second run on, a cell also says by how many points it differs from the first.
    """
    rows = [["class", *(result["title"] for result in results)]]
    for i, name in enumerate(results[0]["classes"]):
        rows.append([name, *_against([classes(result)[i][2] for result in results])])
    rows.append(["all", *_against([100 * result["accuracy"] for result in results], digits=2)])
    for a, b in pairs:
        counts = [read_as(result, a, b) for result in results]
        rows.append([f"{a} read as {b}", *(f"{wrong} of {total}" for wrong, total in counts)])
    return markdown(rows)


def markdown(rows: Sequence[Sequence[str]]) -> str:
    """Set rows as a Markdown table that reads well as plain text too; the first row is its head."""
    first, *others = (max(map(len, column)) for column in zip(*rows, strict=True))
    lines = [
        " | ".join([row[0].ljust(first), *(cell.rjust(w) for cell, w in zip(row[1:], others, strict=True))])
        for row in rows
    ]
    rule = "|".join(["-" * (first + 2), *("-" * (width + 1) + ":" for width in others)])
    return "\n".join([f"| {lines[0]} |", f"|{rule}|", *(f"| {line} |" for line in lines[1:])])


def _against(values: Sequence[float], digits: int = 1) -> list[str]:
    first, *rest = (round(value, digits) for value in values)
    differing = [f"{value:.{digits}f} % ({value - first:+.{digits}f})" for value in rest]
    return [f"{first:.{digits}f} %", *differing]


def _figure(results: Sequence[Result], pairs: Sequence[Pair]) -> Any:
    tall = 1.8 + 0.34 * len(results[0]["classes"])
    if not pairs:
        figure, left = pyplot().subplots(figsize=(7.5, tall), layout="constrained")
        _classes(left, results)
        return figure
    figure, (left, right) = pyplot().subplots(
        1, 2, figsize=(10, tall), width_ratios=[3, 1.25], layout="constrained"
    )
    _classes(left, results)
    _pairs(right, results, pairs)
    return figure


def _classes(axes: Any, results: Sequence[Result]) -> None:
    """Draw a line for each class, from its worst reading to its best, and a mark on it for each run."""
    rows = np.arange(len(results[0]["classes"]))
    shares = np.array([[row[2] for row in classes(result)] for result in results])
    axes.hlines(rows, shares.min(axis=0), shares.max(axis=0), color=FAINT, lw=5, zorder=1)
    for i, result in enumerate(results):
        label = f"{result['title']}: {100 * result['accuracy']:.2f} %"
        look = {"color": _colour(i), "marker": MARKS[i % len(MARKS)], "edgecolor": "white", "lw": 0.7}
        axes.scatter(shares[i], rows, s=58, zorder=3, label=label, **look)
    axes.set_yticks(rows, results[0]["classes"])
    axes.invert_yaxis()
    axes.set_xlabel("test pictures of the class read correctly, %")
    axes.set_xlim(right=100.4)
    axes.set_title("What each training did to each class")
    axes.grid(axis="y", visible=False)
    axes.legend(loc="upper left", bbox_to_anchor=(0, -0.13), ncols=len(results), handletextpad=0.1)


def _pairs(axes: Any, results: Sequence[Result], pairs: Sequence[Pair]) -> None:
    """Draw how often one class is read as another, a bar for each run."""
    width = 0.8 / len(results)
    for i, result in enumerate(results):
        for place, (a, b) in enumerate(pairs):
            count, total = read_as(result, a, b)
            x, height = place + (i - (len(results) - 1) / 2) * width, 100 * count / max(1, total)
            axes.bar(x, height, width * 0.92, color=_colour(i))
            above = {"xytext": (0, 2), "textcoords": "offset points", "ha": "center", "fontsize": 9}
            axes.annotate(str(count), (x, height), **above)
    totals = [read_as(results[0], a, b)[1] for a, b in pairs]
    labels = [f"{a} read as {b}\n(of {total})" for (a, b), total in zip(pairs, totals, strict=True)]
    axes.set_xticks(range(len(pairs)), labels)
    axes.tick_params(axis="x", length=0)
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:g} %")
    axes.grid(axis="x", visible=False)
    axes.set_title("Pictures misread")


def _colour(i: int) -> str:
    return COLOURS[i % len(COLOURS)]

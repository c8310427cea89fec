"""Runs side by side, over one seed or several: a table, and a picture of who gained and who was hurt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from recipes.runs.folder import Result, write_json
from recipes.runs.report import COLOURS, classes, pyplot, read_as, save, write_text

Pair = tuple[str, str]  # a class, and another that it is read as
Found = Mapping[int, Sequence[Result]]  # of each seed the arms, in one order

MARKS = ("s", "o", "X", "D", "^")  # shapes tell runs apart where colours cannot


def write(found: Found, out: Path, pairs: Sequence[Pair] = (), note: str = "") -> str:
    """Write comparison.png, comparison.md and comparison.json; return the table.

    Runs of one seed have the same test pictures. The first arm is the one that others are held against.
    """
    text = table(found, pairs)
    out.mkdir(parents=True, exist_ok=True)
    save(_figure(found, pairs), out / "comparison.png")
    write_json(out / "comparison.json", {str(seed): list(results) for seed, results in found.items()})
    how = f"In brackets: points over {next(iter(found.values()))[0]['title']}."
    if len(found) > 1:
        how += (
            " ± is the standard deviation between seeds, of a difference that of differences seed by seed."
            " A class gained or was hurt where all seeds say so, and its mean is larger than its spread."
        )
    shown = "![points that each class gained or lost, and the confusions](comparison.png)"
    parts = ["# Runs side by side", note, text, how, shown]
    write_text(out / "comparison.md", "\n\n".join(filter(None, parts)) + "\n")
    return text


def table(found: Found, pairs: Sequence[Pair] = ()) -> str:
    """Set arms side by side as a Markdown table: the whole, each class, who gained and who was hurt."""
    every = list(found.values())
    arms = [result["title"] for result in every[0]]
    rows = [["", *arms]]
    if len(every) > 1:
        for seed, results in found.items():
            rows.append([f"seed {seed}", *(f"{100 * result['accuracy']:.2f} %" for result in results)])
    rows.append(["all", *_against(_whole(found), digits=2)])
    shares = _shares(found)
    names = every[0][0]["classes"]
    rows += [[name, *_against(shares[:, :, i])] for i, name in enumerate(names)]
    for a, b in pairs:
        counts = np.array([[read_as(r, a, b) for r in results] for results in every]).sum(axis=0)
        rows.append([f"{a} read as {b}", *(f"{wrong:,} of {total:,}" for wrong, total in counts)])
    if len(every) > 1:
        for said, moved in zip(("gained", "hurt"), _moved(shares - shares[:, :1]), strict=True):
            named = [", ".join(n for n, m in zip(names, arm, strict=True) if m) or "-" for arm in moved[1:]]
            rows.append([said, "", *named])
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


def _whole(found: Found) -> np.ndarray:
    """Return percent read correctly, seeds x arms."""
    return np.array([[100 * result["accuracy"] for result in results] for results in found.values()])


def _shares(found: Found) -> np.ndarray:
    """Return percent read correctly of each class, seeds x arms x classes."""
    return np.array([[[row[2] for row in classes(r)] for r in results] for results in found.values()])


def _spread(values: np.ndarray) -> np.ndarray:
    """Return the standard deviation between seeds (axis 0); a single seed has none."""
    return values.std(axis=0, ddof=1) if len(values) > 1 else np.zeros(values.shape[1:])


def _moved(gains: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Tell which classes gained and which were hurt, bool arms x classes each, by more than chance."""
    sure = np.abs(gains.mean(axis=0)) > _spread(gains)
    return (gains > 0).all(axis=0) & sure, (gains < 0).all(axis=0) & sure


def _against(values: np.ndarray, digits: int = 1) -> list[str]:
    """Say percents, seeds x arms, as mean and spread, and by how many points they differ from the first."""
    several, cells = len(values) > 1, []
    gains = values - values[:, :1]
    for arm, (mean, spread, gain, wide) in enumerate(
        zip(values.mean(axis=0), _spread(values), gains.mean(axis=0), _spread(gains), strict=True)
    ):
        text = f"{mean:.{digits}f}" + (f" ± {spread:.{digits}f}" if several else "") + " %"
        more = f" ({gain:+.{digits}f}" + (f" ± {wide:.{digits}f}" if several else "") + ")"
        cells.append(text + (more if arm else ""))
    return cells


def _figure(found: Found, pairs: Sequence[Pair]) -> Any:
    names = next(iter(found.values()))[0]["classes"]
    tall = 2.2 + 0.42 * len(names)
    if not pairs:
        figure, left = pyplot().subplots(figsize=(7.5, tall), layout="constrained")
        _gains(left, found)
        return figure
    figure, (left, right) = pyplot().subplots(
        1, 2, figsize=(11, tall), width_ratios=[2.6, 1.4], layout="constrained"
    )
    _gains(left, found)
    _pairs(right, list(found.values()), pairs)
    return figure


def _gains(axes: Any, found: Found) -> None:
    """Draw how many points each class gained or lost against the first arm: a mark, and its spread."""
    every = list(found.values())
    names, arms = every[0][0]["classes"], [result["title"] for result in every[0]]
    whole, gains = _whole(found), _shares(found) - _shares(found)[:, :1]
    rows = np.arange(len(names))
    for band in rows[::2]:
        axes.axhspan(band - 0.5, band + 0.5, color="#f5f7f9", lw=0, zorder=0)
    axes.axvline(0, color=COLOURS[0], lw=1.5, label=f"{arms[0]}: {_said(whole[:, 0])}")
    for i in range(1, len(arms)):
        at = rows + (i - len(arms) / 2) * 0.8 / max(1, len(arms) - 1)
        mean, spread = gains[:, i].mean(axis=0), _spread(gains[:, i])
        axes.hlines(at, mean - spread, mean + spread, color=_colour(i), lw=1.6, alpha=0.55)
        label = f"{arms[i]}: {_said(whole[:, i])}"
        look = {"color": _colour(i), "marker": MARKS[i % len(MARKS)], "edgecolor": "white", "lw": 0.7}
        axes.scatter(mean, at, s=46, zorder=3, label=label, **look)
    axes.set_yticks(rows, names)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.set_xlabel(f"points of test pictures read correctly, over {arms[0]}")
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:+g}" if value else "0")
    axes.set_title("Who gained, who was hurt")
    axes.grid(axis="y", visible=False)
    axes.legend(loc="upper left", bbox_to_anchor=(0, -0.12), ncols=min(3, len(arms)), handletextpad=0.4)


def _said(values: np.ndarray) -> str:
    return f"{values.mean():.2f}" + (f" ± {_spread(values):.2f} %" if len(values) > 1 else " %")


def _pairs(axes: Any, every: Sequence[Sequence[Result]], pairs: Sequence[Pair]) -> None:
    """Draw how often one class is read as another, all seeds together, a bar for each arm."""
    width = 0.86 / len(every[0])
    totals = []
    for place, (a, b) in enumerate(pairs):
        counts = np.array([[read_as(r, a, b) for r in results] for results in every]).sum(axis=0)
        totals.append(int(counts[0, 1]))
        for i, (count, total) in enumerate(counts.tolist()):
            x, height = place + (i - (len(counts) - 1) / 2) * width, 100 * count / max(1, total)
            axes.bar(x, height, width * 0.92, color=_colour(i))
            above = {"xytext": (0, 2), "textcoords": "offset points", "ha": "center", "fontsize": 9}
            axes.annotate(str(count), (x, height), **above)
    labels = [f"{a} read as {b}\n(of {total:,})" for (a, b), total in zip(pairs, totals, strict=True)]
    axes.set_xticks(range(len(pairs)), labels)
    axes.tick_params(axis="x", length=0)
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:g} %")
    axes.grid(axis="x", visible=False)
    axes.set_title("Pictures misread")


def _colour(i: int) -> str:
    return COLOURS[i % len(COLOURS)]

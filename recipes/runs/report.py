"""What a training run shows for itself: curves, a table of classes, and the confusion as a picture.

Everything is made from the result (`result.json`) alone, so a report can be drawn again without training.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from recipes.runs.folder import Result

MOST = 20  # classes that a confusion is drawn of
FILES = ("curves.png", "confusion.png", "report.md")
# The first is for what is compared with, the second for what is recommended, the third for what does harm.
COLOURS = ("#8d99a6", "#0b7a75", "#d1495b", "#e0a030", "#5b4b8a")
INK, FAINT = "#22272e", "#dfe3e8"
STYLE = {
    "font.size": 10,
    "axes.titlesize": 11,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.edgecolor": "#b5bcc4",
    "axes.labelcolor": INK,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": FAINT,
    "figure.dpi": 130,
    "legend.frameon": False,
}


def is_complete(run: Path) -> bool:
    """Tell whether a run's report is there."""
    return all((run / name).exists() for name in FILES)


def write(result: Result, run: Path) -> None:
    """Write a run's report into its folder: curves.png, confusion.png and report.md."""
    save(_curves(result), run / "curves.png")
    save(_confusion(result), run / "confusion.png")
    history, settings = result["history"], result["settings"]
    seconds, pictures = sum(row["seconds"] for row in history), int(np.sum(result["confusion"]))
    lines = [
        f"# {result['title']}",
        "",
        f"{100 * result['accuracy']:.2f} % of {pictures:,} test pictures read correctly after {len(history)} "
        f"epochs of {settings['steps']} steps. {result['parameters']:,} parameters, {seconds:.0f} s of "
        f"training on {settings['backend']}.",
        "",
        "![loss and accuracy after every epoch](curves.png)",
        "",
        "![what is, and what the network reads](confusion.png)",
        "",
        *_table(result),
        "",
        *_best(result),
        "",
    ]
    write_text(run / "report.md", "\n".join(lines))


def write_folds(results: Sequence[Result], out: Path) -> str:
    """Write the report of several parts of one data set, each tested on once; return its table.

    The spread is the standard deviation between the parts.
    """
    shares = np.array([100 * result["accuracy"] for result in results])
    counts = np.sum([result["confusion"] for result in results], axis=0)
    total = int(counts.sum())
    title = f"{len(results)} folds together" if len(results) > 1 else results[0]["title"]
    whole = {**results[0], "confusion": counts.tolist(), "accuracy": float(np.trace(counts) / total)}
    whole |= {"title": title}
    spread = f", {shares.min():.2f} to {shares.max():.2f} % between the folds" if len(results) > 1 else ""
    text = f"{100 * whole['accuracy']:.2f} % of {total:,} pictures read correctly{spread}"
    save(_confusion(whole), out / "confusion.png")
    lines = [
        f"# {whole['title']}",
        "",
        f"{text}. Each picture was read once, by a network that had not seen it.",
        "",
        "| fold | pictures | read correctly | epochs | seconds of training |",
        "|---|---:|---:|---:|---:|",
        *map(_fold, results),
        "",
        "![what is, and what the networks read](confusion.png)",
        "",
        *_table(whole),
        "",
    ]
    write_text(out / "report.md", "\n".join(lines))
    return text


def _fold(result: Result) -> str:
    seconds, count = sum(row["seconds"] for row in result["history"]), int(np.sum(result["confusion"]))
    share, epochs = f"{100 * result['accuracy']:.2f} %", len(result["history"])
    return f"| {result['title']} | {count:,} | {share} | {epochs} | {seconds:.0f} |"


def _table(result: Result) -> list[str]:
    return [
        "| class | pictures | read correctly | most often misread as |",
        "|---|---:|---:|---|",
        *(f"| {name} | {count} | {share:.1f} % | {wrong} |" for name, count, share, wrong in classes(result)),
    ]


def _best(result: Result) -> list[str]:
    seen = result.get("watched", "test pictures")
    lines = [f"The figures are the last epoch's. `best.keras` holds the epoch that did best on the {seen}:"]
    if seen == "test pictures":
        return [
            *lines,
            "use it, but do not compare by it, because an epoch chosen by the test set flatters itself.",
        ]
    return [*lines, "the test pictures had no part in choosing it."]


def classes(result: Result) -> list[tuple[str, int, float, str]]:
    """List every class: name, test pictures, percent read correctly, and what it is most often misread as."""
    names, table = result["classes"], np.array(result["confusion"])
    rows = []
    for i, name in enumerate(names):
        others = np.where(np.arange(len(names)) == i, -1, table[i])
        worst = int(np.argmax(others))
        wrong = f"{names[worst]} ({others[worst]})" if others[worst] > 0 else "-"
        rows.append((name, int(table[i].sum()), 100 * table[i, i] / max(1, table[i].sum()), wrong))
    return rows


def read_as(result: Result, what: str, other: str) -> tuple[int, int]:
    """Count the test pictures of class `what` that are read as `other`, and all of that class."""
    row = result["confusion"][result["classes"].index(what)]
    return row[result["classes"].index(other)], sum(row)


def pyplot() -> Any:
    """Import matplotlib for files alone, in this project's style."""
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot

    pyplot.rcParams.update(STYLE)
    return pyplot


def save(figure: Any, path: Path) -> None:
    """Write a figure as PNG, whole or not at all, and close it."""
    beside = path.with_name(path.name + ".tmp")
    figure.savefig(beside, format="png", bbox_inches="tight", facecolor="white", metadata={"Software": None})
    pyplot().close(figure)
    beside.replace(path)


def write_text(path: Path, text: str) -> None:
    """Write a text whole or not at all."""
    beside = path.with_name(path.name + ".tmp")
    beside.write_text(text, encoding="utf-8")
    beside.replace(path)


def _curves(result: Result) -> Any:
    history, seen = result["history"], result.get("watched", "test pictures")
    epochs = [row["epoch"] for row in history]
    figure, (left, right) = pyplot().subplots(1, 2, figsize=(9, 3.4), layout="constrained")
    for axes, name, scale in ((left, "loss", 1), (right, "accuracy", 100)):
        for key, colour, style in ((name, COLOURS[0], "--"), (f"val_{name}", COLOURS[1], "-")):
            values = [scale * row[key] for row in history]
            axes.plot(
                epochs,
                values,
                style,
                color=colour,
                marker="o",
                markersize=3.5,
                lw=1.8,
                label=seen if key.startswith("val") else "training pictures, with dropout",
            )
        axes.set_xlabel("epoch")
        axes.xaxis.get_major_locator().set_params(integer=True)
    left.set_title("Loss")
    left.set_yscale("log")
    left.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
    left.yaxis.set_minor_formatter(lambda value, _: f"{value:g}" if str(f"{value:e}")[0] in "25" else "")
    right.set_title("Accuracy, %")
    right.set_ylim(top=100.2)
    right.legend(loc="lower right")
    figure.suptitle(
        f"{result['title']}: {100 * result['accuracy']:.2f} % of the test pictures read correctly",
        x=0.01,
        ha="left",
        fontweight="bold",
    )
    return figure


def _confusion(result: Result) -> Any:
    """Draw errors by colour and number; the diagonal, which would outshine them, says its share in grey."""
    names, counts = result["classes"], np.array(result["confusion"])
    wrong = np.where(np.eye(len(names), dtype=bool), 0, counts)
    wrong = wrong / np.maximum(1, counts.sum(axis=1, keepdims=True))
    rights = np.diag(counts) / np.maximum(1, counts.sum(axis=1))
    shown = _most_confused(wrong)
    names, counts, wrong, rights = (
        [names[i] for i in shown],
        counts[np.ix_(shown, shown)],
        wrong[np.ix_(shown, shown)],
        rights[shown],
    )
    size = len(names)
    # Few classes leave room for their names and the title all the same.
    inches = max(5.0, 1.6 + 0.56 * size), max(3.8, 1.3 + 0.5 * size)
    figure, axes = pyplot().subplots(figsize=inches, layout="constrained")
    top = max(0.02, float(wrong.max()))
    image = axes.imshow(np.ma.masked_equal(wrong, 0), cmap="OrRd", vmin=0, vmax=top, aspect="auto")
    for i in range(size):
        axes.add_patch(pyplot().Rectangle((i - 0.5, i - 0.5), 1, 1, color="#eef1f4", lw=0))
        for j in range(size):
            if i == j:
                axes.text(
                    j, i, f"{100 * rights[i]:.1f}", ha="center", va="center", fontsize=8, color="#5a6572"
                )
            elif counts[i, j]:
                dark = wrong[i, j] > 0.6 * top
                axes.text(
                    j,
                    i,
                    counts[i, j],
                    ha="center",
                    va="center",
                    fontweight="bold",
                    color="white" if dark else INK,
                )
    long = max(map(len, names)) > 4
    axes.set_xticks(range(size), names, rotation=90 if long else 0)
    axes.set_yticks(range(size), names)
    axes.set_xticks(np.arange(-0.5, size), minor=True)
    axes.set_yticks(np.arange(-0.5, size), minor=True)
    axes.grid(False)
    axes.grid(which="minor", color="white", lw=1.5)
    axes.tick_params(which="both", length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.set_xlabel("read as")
    axes.set_ylabel("is", rotation=0, labelpad=12)
    title = f"{result['title']}: pictures misread, and percent read correctly"
    few = f"\nthe {size} of {len(result['classes'])} classes that are confused most"
    axes.set_title(title + (few if size < len(result["classes"]) else ""))
    bar = figure.colorbar(
        image, ax=axes, shrink=0.6, pad=0.02, format=lambda value, _: f"{100 * value:.3g} %"
    )
    bar.outline.set_visible(False)
    bar.set_label("of the class")
    return figure


def _most_confused(wrong: np.ndarray) -> np.ndarray:
    """Return the classes to draw, in their order: all, or both of each pair that is confused most."""
    if len(wrong) <= MOST:
        return np.arange(len(wrong))
    shown: set[int] = set()
    for place in np.argsort(-wrong, axis=None, kind="stable").tolist():
        pair = set(divmod(place, len(wrong)))
        if len(shown | pair) > MOST:
            break
        shown |= pair
    return np.array(sorted(shown))

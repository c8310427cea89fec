"""The heat map of an audit, class × strength for each sweep: as a PNG or SVG file, and as a piece of HTML.

Each cell has the colour of its verdict and the share that was kept, in percent, or the class that it becomes,
so that nothing is told by colour alone.
"""

from __future__ import annotations

import html
import io
from collections.abc import Sequence
from typing import Any

from augkit.audit.cells import WORDS, Cell, Word
from augkit.audit.result import Audit, Column, counts

PAPER: dict[Word, tuple[str, str]] = {
    "keeps": ("#009e73", "#111111"),
    "becomes": ("#d55e00", "#111111"),
    "destroys": ("#4d4d4d", "#ffffff"),
    "fragile": ("#f0e442", "#1a1a1a"),
    "unsure": ("#e3e3e0", "#1a1a1a"),
}
"""Background and ink of each verdict: colour-blind people tell the colours apart (Okabe & Ito 2008), and
words stand out from them by 4.5 to 1 or more.
"""

MEANS: dict[Word, str] = {
    "keeps": "the clean network still reads the class",
    "becomes": "it reads another, and so do networks that were taught the change",
    "destroys": "no network tells the class any more",
    "fragile": "it fails, but a network that was taught the change does not",
    "unsure": "too few pictures to say",
}

_CELL, _FONT = 0.42, 7.5  # inches, points


def words(cell: Cell) -> str:
    """Return what stands in a cell, such as "97" or "→9"."""
    if cell.verdict == "becomes":
        return f"→{cell.other}"
    return f"{100 * cell.kept.seen:.0f}" if cell.kept.of else "?"


def sentence(cell: Cell, unit: str = "") -> str:
    """Say a cell in words, with its numbers."""
    kept, taught = cell.kept, cell.taught
    said = f"{cell.label} at {cell.sweep} {cell.strength:g}{unit}: "
    said += f"{cell.verdict}{f' {cell.other}' if cell.verdict == 'becomes' else ''}; "
    said += f"kept {_percent(kept.seen)} ({_percent(kept.low)} to {_percent(kept.high)})"
    said += f", by a network that was taught the change {_percent(taught.seen)}"
    if cell.other:
        said += f"; read as {cell.other} {_percent(cell.reads.seen)}, excess {_percent(cell.excess.seen)}"
    if cell.verdict == "unsure":
        said += f"; {_more(cell.more)}"
    return said


def _more(more: int | None) -> str:
    return "no number of pictures would decide" if more is None else f"{more:,} more pictures would decide"


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def page(audit: Audit, sweeps: Sequence[str] = ()) -> str:
    """Return the heat map as a piece of HTML that needs nothing else; a cell's numbers show on hovering."""
    parts = [_head(audit)]
    for name in sweeps or audit.sweeps:
        columns = [column for column in audit.columns if column.sweep == name]
        parts.append(_table(audit, name, columns))
    return f'<div class="augkit-audit">{"".join(parts)}</div>'


def _head(audit: Audit) -> str:
    found = counts(audit.cells)
    keys = "".join(
        f'<li style="margin:2px 0"><span style="{_style(word)};padding:1px 7px">{word}</span> '
        f"{html.escape(MEANS[word])} ({found[word]:,})</li>"
        for word in WORDS
    )
    alarms = "".join(f"<p><strong>{html.escape(alarm)}</strong></p>" for alarm in audit.alarms)
    said = f"{sum(audit.pictures):,} pictures of {html.escape(audit.source)}, {len(audit.cells):,} cells"
    return (
        f"<p>{said}. A number is the share kept, in percent; an arrow names what it becomes.</p>"
        f'{alarms}<ul style="list-style:none;padding:0">{keys}</ul>'
    )


def _table(audit: Audit, name: str, columns: Sequence[Column]) -> str:
    heads = "".join(f'<th scope="col" style="font-weight:500">{_head_of(column)}</th>' for column in columns)
    rows = "".join(
        f'<tr><th scope="row" style="text-align:left;padding-right:8px">{html.escape(label)}</th>'
        + "".join(_td(cell, columns[0].unit) for cell in audit.of(name, label))
        + "</tr>"
        for label in audit.classes
    )
    caption = f"{html.escape(name)} ({html.escape(columns[0].unit.strip() or columns[0].axis)})"
    return (
        f'<div style="overflow-x:auto" role="region" tabindex="0" aria-label="{caption}">'
        '<table style="border-collapse:separate;border-spacing:1px;'
        'font:12px/1.5 system-ui,sans-serif;text-align:center;margin:12px 0">'
        f'<caption style="text-align:left;font-weight:600">{caption}</caption>'
        f"<thead><tr><td></td>{heads}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _td(cell: Cell, unit: str) -> str:
    told = html.escape(sentence(cell, unit), quote=True)
    return (
        f'<td style="{_style(cell.verdict)};min-width:2.2em" title="{told}">{html.escape(words(cell))}</td>'
    )


def _style(word: Word) -> str:
    paper, ink = PAPER[word]
    return f"background:{paper};color:{ink}"


def _head_of(column: Column) -> str:
    return f"{column.strength:g}".replace("-", "−")


def drawn(audit: Audit, sweeps: Sequence[str] = (), kind: str = "png") -> bytes:
    """Draw the heat map with matplotlib.

    Args:
        audit:  what to draw.
        sweeps: which; all of them if empty.
        kind:   "png" or "svg".

    Returns:
        The bytes of the file.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    names = list(sweeps or audit.sweeps)
    tables = [(name, [column for column in audit.columns if column.sweep == name]) for name in names]
    rows, widest = len(audit.classes), max(len(columns) for _, columns in tables)
    longest = max(len(label) for label in audit.classes)
    left, step = 0.5 + 0.075 * longest, (rows + 2.4) * _CELL * 0.62
    width, height = left + widest * _CELL + 0.2, 0.75 + step * len(tables)
    figure = Figure(figsize=(max(width, 8.5), height), dpi=110, facecolor="#fafaf8")
    FigureCanvasAgg(figure)
    title = f"What survives of {sum(audit.pictures):,} pictures of {audit.source}, class × strength"
    figure.text(
        0.15 / figure.get_figwidth(), 1 - 0.22 / height, title, fontsize=12, va="center", weight="bold"
    )
    _legend(figure, audit, height)
    for number, (name, columns) in enumerate(tables):
        bottom = height - 0.75 - step * (number + 1) + 0.5 * _CELL
        box = (left / figure.get_figwidth(), bottom / height)
        size = (len(columns) * _CELL / figure.get_figwidth(), rows * _CELL * 0.62 / height)
        _panel(figure.add_axes((*box, *size)), audit, name, columns)
    out = io.BytesIO()
    figure.savefig(out, format=kind, metadata={"Date": None} if kind == "svg" else None)
    return out.getvalue()


def _legend(figure: Any, audit: Audit, height: float) -> None:
    found, wide = counts(audit.cells), figure.get_figwidth()
    for number, word in enumerate(WORDS):
        paper, ink = PAPER[word]
        figure.text(
            (0.15 + 1.45 * number) / wide,
            1 - 0.52 / height,
            f" {word} {found[word]:,} ",
            fontsize=8.5,
            va="center",
            color=ink,
            bbox={"facecolor": paper, "edgecolor": "none", "pad": 2.5},
        )


def _panel(axes: Any, audit: Audit, name: str, columns: Sequence[Column]) -> None:
    from matplotlib.colors import to_rgb

    grid = [list(audit.of(name, label)) for label in audit.classes]
    axes.imshow([[to_rgb(PAPER[cell.verdict][0]) for cell in row] for row in grid], aspect="auto")
    for y, row in enumerate(grid):
        for x, cell in enumerate(row):
            ink = PAPER[cell.verdict][1]
            axes.text(x, y, words(cell), ha="center", va="center", color=ink, fontsize=_FONT)
    unit = columns[0].unit.strip()
    axes.set_title(f"{name}{f' ({unit})' if unit else ''}", loc="left", fontsize=9.5)
    axes.set_xticks(range(len(columns)), [_head_of(column) for column in columns], fontsize=_FONT)
    axes.set_yticks(range(len(grid)), audit.classes, fontsize=_FONT)
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)

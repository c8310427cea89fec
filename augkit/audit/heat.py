"""The heat map of an audit, class × strength for each sweep: as a PNG or SVG file, and as a piece of HTML.

Each cell has the colour of its verdict and the share that was kept, in percent, or the class that it becomes,
so that nothing is told by colour alone.
"""

from __future__ import annotations

import html
import io
from collections import Counter
from collections.abc import Sequence
from typing import Any, Literal

from augkit.audit.cells import Cell, Word
from augkit.audit.result import Audit, Column

Shade = Word | Literal["frail"]
PAPER: dict[Shade, tuple[str, str]] = {
    "keeps": ("#009e73", "#111111"),
    "frail": ("#9fdcc5", "#1a1a1a"),
    "becomes": ("#d55e00", "#111111"),
    "destroys": ("#4d4d4d", "#ffffff"),
    "fragile": ("#f0e442", "#1a1a1a"),
    "unsure": ("#e3e3e0", "#1a1a1a"),
}
"""Background and ink of each verdict: colour-blind people tell the colours apart (Okabe & Ito 2008), and
words stand out from them by 4.5 to 1 or more.
"""

MEANS: dict[Shade, str] = {
    "keeps": "the clean network still reads the class",
    "frail": "kept: it reads it in most pictures, and a network that was taught the change nearly always",
    "becomes": "it reads another, and so do networks that were taught the change",
    "destroys": "no network tells the class any more",
    "fragile": "it fails, but a network that was taught the change does not",
    "unsure": "too few pictures to say",
}

_WIDE, _HIGH, _GAP = 0.25, 0.165, 0.22  # of a cell, and between tables: inches
_HEAD, _OVER, _UNDER = 0.72, 0.26, 0.36  # above all tables, above each, and below it: inches
_FONT, _LEAST, _DOTS = 6.5, 7.0, 200  # points, inches across, dots an inch


def words(cell: Cell) -> str:
    """Return what stands in a cell, such as "97" or "→9"."""
    if cell.verdict == "becomes":
        return f"→{cell.other}"
    return f"{100 * cell.kept.seen:.0f}" if cell.kept.of else "?"


def sentence(cell: Cell, unit: str = "") -> str:
    """Say a cell in words, with its numbers."""
    kept, taught = cell.kept, cell.taught
    said = f"{cell.label} at {cell.sweep} {cell.strength:g}{unit}: "
    said += f"{_named(_shade(cell))}{f' {cell.other}' if cell.verdict == 'becomes' else ''}; "
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
    keys = "".join(
        f'<li style="margin:2px 0"><span style="{_style(shade)};padding:1px 7px">{_named(shade)}</span> '
        f"{html.escape(MEANS[shade])} ({count:,})</li>"
        for shade, count in _shades(audit).items()
    )
    alarms = "".join(f"<p><strong>{html.escape(alarm)}</strong></p>" for alarm in audit.alarms)
    said = f"{sum(audit.pictures):,} pictures of {html.escape(audit.source)}, {len(audit.cells):,} cells"
    return (
        f"<p>{said}. A number is the share that a network which saw no change still reads, in percent; an "
        f"arrow names what the class becomes.</p>"
        f'{alarms}<ul style="list-style:none;padding:0">{keys}</ul>'
    )


def _shade(cell: Cell) -> Shade:
    return "frail" if cell.frail else cell.verdict


def _named(shade: Shade) -> str:
    return "keeps, frail" if shade == "frail" else shade


def _shades(audit: Audit) -> dict[Shade, int]:
    """Return how many cells have each shade, in the order of PAPER."""
    found = Counter(_shade(cell) for cell in audit.cells)
    return {shade: found[shade] for shade in PAPER}


def _table(audit: Audit, name: str, columns: Sequence[Column]) -> str:
    heads = "".join(f'<th scope="col" style="font-weight:500">{_head_of(column)}</th>' for column in columns)
    rows = "".join(
        f'<tr><th scope="row" style="text-align:left;padding-right:8px">{html.escape(label)}</th>'
        + "".join(_td(cell, columns[0].unit) for cell in audit.of(name, label))
        + "</tr>"
        for label in audit.classes
    )
    caption = html.escape(_caption(name, columns[0]))
    return (
        f'<div style="overflow-x:auto" role="region" tabindex="0" aria-label="{caption}">'
        '<table style="border-collapse:separate;border-spacing:1px;'
        'font:12px/1.5 system-ui,sans-serif;text-align:center;margin:12px 0">'
        f'<caption style="text-align:left;font-weight:600">{caption}</caption>'
        f"<thead><tr><td></td>{heads}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _caption(name: str, column: Column) -> str:
    """Return a sweep's name, and what its strengths count where the name does not say it."""
    unit = column.unit.strip()
    return name if unit in ("", name) else f"{name} ({unit})"


def _td(cell: Cell, unit: str) -> str:
    told = html.escape(sentence(cell, unit), quote=True)
    return (
        f'<td style="{_style(_shade(cell))};min-width:2.2em" title="{told}">{html.escape(words(cell))}</td>'
    )


def _style(word: Shade) -> str:
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
    gutter = 0.14 + 0.06 * max(len(label) for label in audit.classes)
    across = max(_LEAST, gutter + max(len(columns) for _, columns in tables) * _WIDE + 0.1)
    rows = _rows([gutter + len(columns) * _WIDE for _, columns in tables], across)
    tall = len(audit.classes) * _HIGH
    down = _HEAD + len(rows) * (_OVER + tall + _UNDER)
    figure = Figure(figsize=(across, down), dpi=_DOTS, facecolor="#fafaf8")
    FigureCanvasAgg(figure)
    _title(figure, audit)
    for number, row in enumerate(rows):
        bottom = down - _HEAD - number * (_OVER + tall + _UNDER) - _OVER - tall
        left = 0.0
        for name, columns in tables[row]:
            box = ((left + gutter) / across, bottom / down, len(columns) * _WIDE / across, tall / down)
            _panel(figure.add_axes(box), audit, name, columns)
            left += gutter + len(columns) * _WIDE + _GAP
    out = io.BytesIO()
    figure.savefig(out, format=kind, metadata={"Date": None} if kind == "svg" else None)
    return out.getvalue()


def _rows(widths: Sequence[float], across: float) -> list[slice]:
    """Lay tables side by side, in order, as many in a row as fit; return which are in each."""
    rows, start, used = [], 0, 0.0
    for at, width in enumerate(widths):
        if at > start and used + _GAP + width > across:
            rows.append(slice(start, at))
            start, used = at, 0.0
        used += width + (_GAP if at > start else 0.0)
    return [*rows, slice(start, len(widths))]


def _title(figure: Any, audit: Audit) -> None:
    """Write above all tables what is shown, and what the colours say."""
    across, down = figure.get_size_inches()
    title = f"What survives of {sum(audit.pictures):,} pictures of {audit.source}: class by strength"
    figure.text(0.1 / across, 1 - 0.19 / down, title, fontsize=9, va="center", weight="bold")
    left = 0.13
    for shade, count in _shades(audit).items():
        paper, ink = PAPER[shade]
        said = f"{_named(shade)} {count:,}"
        box = {"facecolor": paper, "edgecolor": "none", "pad": 2.5}
        place = (left / across, 1 - 0.46 / down)
        figure.text(*place, said, fontsize=_FONT, va="center", color=ink, bbox=box)
        left += 0.2 + 0.05 * len(said)


def _panel(axes: Any, audit: Audit, name: str, columns: Sequence[Column]) -> None:
    from matplotlib.colors import to_rgb

    grid = [list(audit.of(name, label)) for label in audit.classes]
    axes.imshow([[to_rgb(PAPER[_shade(cell)][0]) for cell in row] for row in grid], aspect="auto")
    for y, row in enumerate(grid):
        for x, cell in enumerate(row):
            ink = PAPER[_shade(cell)][1]
            axes.text(x, y, words(cell), ha="center", va="center", color=ink, fontsize=_FONT)
    axes.set_title(_caption(name, columns[0]), loc="left", fontsize=_FONT + 1, pad=3)
    heads = [_head_of(column) for column in columns]
    upright = max(len(head) for head in heads) < 4
    axes.set_xticks(range(len(columns)), heads, fontsize=_FONT - 0.5, rotation=0 if upright else 90)
    axes.set_yticks(range(len(grid)), audit.classes, fontsize=_FONT)
    axes.tick_params(length=0, pad=2)
    for spine in axes.spines.values():
        spine.set_visible(False)

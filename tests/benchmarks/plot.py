"""The plot: how fast each tool is, a panel for each section, on a logarithmic scale."""

from __future__ import annotations

import io
import math
from collections.abc import Mapping

from tests.benchmarks.report import Section, number

PANELS = ("photos", "digits", "generate")
_OURS, _FLOOR, _THEIRS = "#1b6ca8", "#b8b8b8", "#d9a441"


def drawn(found: Mapping[str, Section]) -> bytes | None:
    """Return an SVG of the panels whose sections were run; None without any."""
    shown = {name: _rates(found[name]) for name in PANELS if name in found and _rates(found[name])}
    if not shown:
        return None
    import matplotlib

    with matplotlib.rc_context({"svg.hashsalt": "augkit", "font.size": 9, "svg.fonttype": "path"}):
        return _figure(found, shown)


def _figure(found: Mapping[str, Section], shown: dict[str, dict[str, float]]) -> bytes:
    from matplotlib.figure import Figure
    from matplotlib.ticker import NullFormatter

    heights = [len(rates) + 1.5 for rates in shown.values()]
    figure = Figure(figsize=(8.5, 0.27 * sum(heights) + 0.4), layout="constrained")
    panels = figure.subplots(len(shown), 1, height_ratios=heights, squeeze=False)[:, 0]
    for axes, (name, rates) in zip(panels, shown.items(), strict=True):
        names = sorted(rates, key=lambda one: rates[one])
        colours = [_colour(one) for one in names]
        # Dots, not bars: a logarithmic axis has no zero for a bar to begin at.
        axes.scatter([rates[one] for one in names], names, c=colours, s=42, zorder=2)
        for one in names:
            axes.annotate(
                number(rates[one]), (rates[one], one), (9, 0), textcoords="offset points", va="center"
            )
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.set_xlim(10 ** math.floor(math.log10(min(rates.values()))), max(rates.values()) * 3)
        axes.set_ylim(-0.7, len(names) - 0.3)
        axes.grid(color="#e6e6e6", zorder=0)
        axes.set_title(f"{found[name].title}, pictures a second, one thread", loc="left", fontsize=10)
        axes.spines[["top", "right"]].set_visible(False)
        axes.tick_params(axis="y", length=0)
    out = io.BytesIO()
    figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
    return out.getvalue()


def _rates(section: Section) -> dict[str, float]:
    head = "rate: "
    return {
        name.removeprefix(head): value for name, value in section.numbers.items() if name.startswith(head)
    }


def _colour(name: str) -> str:
    if name.startswith("augkit"):
        return _OURS
    return _FLOOR if name.startswith(("floor", "resize", "the same")) else _THEIRS

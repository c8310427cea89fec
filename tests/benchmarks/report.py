"""What a section found, as plain data and as Markdown."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable


@dataclasses.dataclass
class Section:
    """Hold what one section found.

    Attributes:
        name:    what `make bench ARGS=...` calls it.
        title:   its heading.
        about:   how it was measured.
        head:    the table's column heads; all but the first are numbers.
        rows:    the table.
        numbers: what targets and plots ask for, by name.
        remarks: what was skipped, and why.
        load:    the load average when it began.
        seconds: how long it took.
    """

    name: str
    title: str
    about: str
    head: list[str]
    rows: list[list[str]] = dataclasses.field(default_factory=list)
    numbers: dict[str, float] = dataclasses.field(default_factory=dict)
    remarks: list[str] = dataclasses.field(default_factory=list)
    load: float = 0.0
    seconds: float = 0.0

    def markdown(self) -> str:
        """Return heading, table and words."""
        remarks = [f"- {remark}" for remark in self.remarks]
        body = ["", *table(self.head, self.rows)] if self.rows else []
        note = f"*{self.about} Load {self.load:.2f}, {self.seconds:.0f} s.*"
        parts = [f"## {self.title}", *body, "", note, *(["", *remarks] if remarks else [])]
        return "\n".join(parts) + "\n"


def table(head: list[str], rows: Iterable[list[str]]) -> list[str]:
    """Return a Markdown table, first column to the left, the others to the right."""
    line = ["---", *["---:"] * (len(head) - 1)]
    return ["| " + " | ".join(cells) + " |" for cells in (head, line, *rows)]


def number(value: float) -> str:
    """Write a number to three digits, with commas."""
    if value != value:  # NaN
        return "–"
    if abs(value) >= 100:
        return f"{float(f'{value:.3g}'):,.0f}"
    return f"{value:.3g}" if abs(value) < 10 else f"{value:.1f}"


def times(ratios: list[float]) -> str:
    """Write the median of sorted ratios, and the least and the greatest."""
    middle = (ratios[(len(ratios) - 1) // 2] + ratios[len(ratios) // 2]) / 2
    return f"{number(middle)}× ({number(ratios[0])}–{number(ratios[-1])})"

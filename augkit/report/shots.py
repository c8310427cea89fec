"""Contact sheets of a data set, class by class, from the pictures as they were written."""

from __future__ import annotations

import contextlib
import itertools
import math
from typing import Any

from augkit import codec
from augkit.errors import AugkitError
from augkit.policy import Policy
from augkit.report.contents import Contents
from augkit.safety import value_in_words
from augkit.show import Cell, Gallery, Row
from augkit.steps import in_suite
from augkit.store.formats import FORMATS
from augkit.store.sites import Site

SHOWN = (20, 2, 6)
"""Of how many classes, how many sources of each, and how many pictures of each source."""

_CELL = 96


def gallery(found: Contents, site: Site) -> Gallery:
    """Show the first sources of each class, a row each, the original first; what is harmed is left out."""
    rows: list[Row] = []
    for label in found.classes:
        title = label
        for _, made in itertools.groupby(found.first.get(label, []), key=lambda row: row["source"]):
            cells = [cell for row in made if (cell := _cell(found, row, site)) is not None]
            if cells:
                rows.append(Row(title, cells))
                title = ""
    return Gallery(tuple(rows), "", cell=_CELL)


def _cell(found: Contents, row: dict[str, Any], site: Site) -> Cell | None:
    read = FORMATS[found.said.get("format", "folder")].read
    try:
        with contextlib.closing(site.opened(row["file"])) as file:
            data = read(file, row.get("place", 0), row["bytes"])
        picture = codec.decode(data, name=row["file"])
    except (AugkitError, OSError, ValueError):
        return None
    if row["copy"] == 0 or found.plan is None:
        return Cell(picture, "original" if found.plan is not None else "", "first" if found.plan else "plain")
    said = drawn(found.plan.policy, row) or "unchanged"
    if row["label_after"] != row["label"]:
        return Cell(picture, said, "other", f"→ {row['label_after']}")
    return Cell(picture, said)


def drawn(policy: Policy, row: dict[str, Any]) -> str:
    """Say the drawn values of a row of the manifest, a line for each step that was done."""
    lines = []
    for step in policy.leaves():
        numbers = step.op.drawn()
        values = [(number, row.get(f"{step.name}.{number.name}", math.nan)) for number in numbers]
        done = [(number, value) for number, value in values if not math.isnan(value)]
        if not done and math.isnan(row.get(step.name, math.nan)):
            continue
        telling = [(number, value) for number, value in done if number.telling]
        said = [
            f"{'' if len(telling) == 1 else number.name.removesuffix('_degrees') + ' '}"
            f"{value_in_words(number.name, value)}"
            for number, value in telling
        ]
        lines.append(" ".join([in_suite(step) or step.name, *said]))
    return "\n".join(lines)

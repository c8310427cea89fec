"""Some of a source's classes, in an order that somebody wants."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from augkit.errors import UsageError, did_you_mean
from augkit.sources import columns, records

if TYPE_CHECKING:
    from datasets import DatasetDict


def classes(data: DatasetDict, wanted: Sequence[str]) -> DatasetDict:
    """Keep the pictures of some classes, and number those classes in the order in which they are named.

    A split in which none of them stands is left out.

    Raises:
        UsageError: there is no such class, or one is named twice.
    """
    from datasets import DatasetDict

    known = records.class_names(data)
    names = _named(wanted, known)
    number = np.full(len(known), -1, np.int64)
    for place, name in enumerate(names):
        number[known.index(name)] = place
    parts = {}
    for split, part in data.items():
        new = number[records.labels(part)]
        more = {"repair": part["repair"][:]} if "repair" in part.column_names else {}
        rows = np.flatnonzero(new >= 0)
        if len(rows):
            parts[split] = columns.joined(part, records.keys(part), new, names, **more).select(rows)
    if not parts:
        raise UsageError(f"no picture is of {', '.join(names)}")
    return DatasetDict(parts)


def _named(wanted: Iterable[str], known: Sequence[str]) -> list[str]:
    """Return the class names in what was given: each is a name, or several with commas between them."""
    names: list[str] = []
    for given in wanted:
        names += [given] if given in known else [name.strip() for name in given.split(",") if name.strip()]
    for name in names:
        if name not in known:
            few = ", ".join(known[:10]) + (" …" if len(known) > 10 else "")
            fix = did_you_mean(name, known) or f"its {len(known)} classes are {few}"
            raise UsageError(f"the source has no class {name!r}", fix=fix)
        if names.count(name) > 1:
            raise UsageError(f"the class {name!r} is named twice")
    if not names:
        raise UsageError("no class is named", fix="write --classes cat,dog")
    return names

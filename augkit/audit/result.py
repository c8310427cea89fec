"""The result of an audit: what it measured, on what, and how it says so.

`result.json` holds one object:

    format     2
    source     what was audited; pictures: how many of each class; classes: their names
    reader     "reference" or the path of the network that read instead (the oracle)
    terms      kept, excess, slight (see `cells.Terms`), cells, alpha (of one interval)
    folds, seed, effort (pictures shown, clean and taught), size (height, width, channels), version
    upright    for each class: clean and taught, the share read rightly before any change, as [hits, of,
               low, high]
    columns    for each sweep × strength: sweep, axis, unit, strength, value (on the axis), moved (share of
               pictures that it changes at all)
    cells      for each class × column: label, sweep, strength, value, verdict, other, kept, taught, reads,
               excess, worst (shares, as above), confidence, more, frail: see `cells.Cell`
    disputes   pictures whose label both networks confidently dispute, worst first: key, label, reads,
               probability (of what they read), said (of its own label)
    alarms     what is wrong with the data, a sentence each
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from augkit.audit import files
from augkit.audit.cells import WORDS, Cell, Terms
from augkit.audit.proportions import Share
from augkit.errors import StoreError, UsageError

FILE = "result.json"
_FORMAT = 2


@dataclasses.dataclass(frozen=True)
class Column:
    """Hold one sweep at one strength, and the share of pictures that it changes at all."""

    sweep: str
    axis: str
    unit: str
    strength: float
    value: float
    moved: float

    def said(self) -> str:
        """Return the strength with its unit."""
        return f"{self.strength:g}{self.unit}"


@dataclasses.dataclass(frozen=True)
class Dispute:
    """Hold one picture whose label the networks confidently dispute.

    Attributes:
        key:         its key.
        label:       its label.
        reads:       what they read.
        probability: of that, the lesser of the two.
        said:        of its label, the greater of the two.
    """

    key: str
    label: str
    reads: str
    probability: float
    said: float


@dataclasses.dataclass(frozen=True, eq=False)
class Audit:
    """Hold everything that an audit found."""

    source: str
    classes: tuple[str, ...]
    pictures: tuple[int, ...]
    reader: str
    terms: Terms
    folds: int
    seed: int
    effort: dict[str, int]
    size: tuple[int, ...]
    version: str
    upright: dict[str, tuple[Share, Share]]
    columns: tuple[Column, ...]
    cells: tuple[Cell, ...]
    disputes: tuple[Dispute, ...] = ()
    alarms: tuple[str, ...] = ()

    def of(self, sweep: str, label: str) -> Iterator[Cell]:
        """Yield the cells of one class along one sweep, in the order of its strengths."""
        return (cell for cell in self.cells if cell.sweep == sweep and cell.label == label)

    def at(self, sweep: str, strength: float, label: str) -> Cell:
        """Return one cell; UsageError where there is none."""
        for cell in self.of(sweep, label):
            if cell.strength == strength:
                return cell
        raise UsageError(f"no cell for {label!r} at {sweep} {strength:g}")

    @property
    def sweeps(self) -> tuple[str, ...]:
        """Return the names of the sweeps, in order."""
        return tuple(dict.fromkeys(column.sweep for column in self.columns))

    def canonical(self) -> dict[str, Any]:
        """Return the result as plain data, as the top of this file lays it out."""
        return {
            "format": _FORMAT,
            "source": self.source,
            "classes": list(self.classes),
            "pictures": list(self.pictures),
            "reader": self.reader,
            "terms": {**dataclasses.asdict(self.terms), "alpha": self.terms.alpha},
            "folds": self.folds,
            "seed": self.seed,
            "effort": self.effort,
            "size": list(self.size),
            "version": self.version,
            "upright": {
                name: {"clean": _plain(clean), "taught": _plain(taught)}
                for name, (clean, taught) in self.upright.items()
            },
            "columns": [dataclasses.asdict(column) for column in self.columns],
            "cells": [cell.canonical() for cell in self.cells],
            "disputes": [dataclasses.asdict(dispute) for dispute in self.disputes],
            "alarms": list(self.alarms),
        }

    def save(self, folder: Path) -> Path:
        """Write `result.json` into a folder, whole or not at all; return its path."""
        path = folder / FILE
        files.plain(path, self.canonical())
        return path

    def _repr_html_(self) -> str:
        from augkit.audit import heat

        return heat.page(self)


def load(path: str | Path) -> Audit:
    """Read the result of an audit: its `result.json`, or the folder that holds it.

    Raises:
        StoreError: there is none, or it is not one.
    """
    where = Path(path) / FILE if Path(path).is_dir() else Path(path)
    try:
        plain = json.loads(where.read_text("utf-8"))
        return _audit(plain)
    except OSError as error:
        raise StoreError(
            f"no result of an audit ({error.strerror})", where=str(where), fix="run augkit audit first"
        ) from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise StoreError(
            "this is no result of an audit", where=str(where), fix="run augkit audit again"
        ) from error


def _audit(plain: dict[str, Any]) -> Audit:
    if plain["format"] != _FORMAT:
        raise ValueError(plain["format"])
    terms = {name: plain["terms"][name] for name in ("kept", "cells", "excess", "slight")}
    same = ("source", "reader", "folds", "seed", "effort", "version")
    return Audit(
        **{name: plain[name] for name in same},
        classes=tuple(plain["classes"]),
        pictures=tuple(plain["pictures"]),
        terms=Terms(**terms),
        size=tuple(plain["size"]),
        upright={
            name: (Share(*told["clean"]), Share(*told["taught"])) for name, told in plain["upright"].items()
        },
        columns=tuple(Column(**column) for column in plain["columns"]),
        cells=tuple(Cell.parse(cell) for cell in plain["cells"]),
        disputes=tuple(Dispute(**dispute) for dispute in plain["disputes"]),
        alarms=tuple(plain["alarms"]),
    )


def _plain(share: Share) -> list[float]:
    return [share.hits, share.of, round(share.low, 5), round(share.high, 5)]


def counts(cells: tuple[Cell, ...]) -> dict[str, int]:
    """Return how many cells have each verdict."""
    return {word: sum(cell.verdict == word for cell in cells) for word in WORDS}

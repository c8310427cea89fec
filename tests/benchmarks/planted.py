"""Planted faults: what `augkit audit` finds of what was put into real digits, and what else it raises."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from datasets import DatasetDict
from numpy.typing import NDArray

from augkit import audit, codec, sources
from augkit.audit import Effort as Training
from augkit.audit import Request
from augkit.audit.cells import Cell
from augkit.sources import records
from tests.benchmarks.on_disk import scratch
from tests.benchmarks.report import Section
from tests.benchmarks.rounds import Effort

Digits = tuple[NDArray[np.uint8], NDArray[np.int64]]

TWINS = ("27 64", "34 67", "23 47", "47 36", "24 37")
"""Digits that get a mirror twin, and those that get a half-turn twin.

None of them is its own twin or that of another that is there: no 0, 1, 5, 8 among them, and never 6 with 9.
"""

SEEDS = 10
_EACH = 150  # pictures of a class with a twin, or of one that has none
_MIRRORED, _TURNED = (-10.0, 0.0, 10.0), (-10.0, -5.0, 5.0, 10.0, 165.0, 180.0, -165.0)
_HALF = {165.0, 180.0, -165.0}
_LONG = Training(clean=12_000, turned=40_000, taught=40_000)
_SHORT = Training(clean=8_000, turned=4_000, taught=4_000)


@dataclasses.dataclass
class Found:
    """Count what was planted: found, not decided, missed; and what was raised where nothing was planted."""

    planted: int = 0
    found: int = 0
    unsure: int = 0
    others: int = 0
    wrong: int = 0

    def add(self, planted: bool, found: bool, unsure: bool = False) -> None:
        """Count one cell, or one class."""
        self.planted += planted
        self.others += not planted
        self.found += planted and found
        self.unsure += planted and unsure
        self.wrong += found and not planted

    def row(self, name: str, audits: int) -> list[str]:
        """Return the row of the table."""
        raised = self.found + self.wrong
        precision = f"{self.found} of {raised}" if raised else "nothing raised"
        recall = f"{self.found} of {self.planted}" if self.planted else "nothing planted"
        return [name, f"{audits}", recall, f"{self.unsure}", f"{self.wrong} of {self.others}", precision]

    def __add__(self, other: Found) -> Found:
        """Add up two counts."""
        mine, more = dataclasses.astuple(self), dataclasses.astuple(other)
        return Found(*(one + two for one, two in zip(mine, more, strict=True)))


def section(effort: Effort) -> Section:
    """Audit real digits into which faults were planted."""
    heads = [
        "planted",
        "audits",
        "found (recall)",
        "unsure",
        "raised elsewhere",
        "right of all raised (precision)",
    ]
    found = Section("audit", "Faults planted in real digits", _ABOUT, heads)
    whole = digits()
    few = effort.share < 1
    counts: dict[str, tuple[Found, int]] = {}
    with scratch() as root:
        for audits in (
            twins(whole, root, TWINS[:1] if few else TWINS),
            labels(whole, root, 1 if few else SEEDS),
        ):
            for some in audits:
                for name, count in some.items():
                    before, times = counts.get(name, (Found(), 0))
                    counts[name] = (before + count, times + 1)
    found.rows = [count.row(name, times) for name, (count, times) in counts.items()]
    found.numbers = {name: float(count.wrong) for name, (count, _) in counts.items()}
    return found


_ABOUT = (
    "mnist-sample. Twins: a digit's pictures are dealt into two classes, and those of one are mirrored, or "
    "turned by 180°; tried are mirrors at −10°, 0°, 10° and turns by ±5°, ±10°, 180°, ±165°; 150 pictures "
    "of a class. Found is a cell that becomes its twin; any other cell that becomes anything is raised "
    "elsewhere. Shuffled: in one class of ten each picture was drawn from all digits. Found is an alarm for "
    "that class. A change that does nothing: contrast 1×. Two folds; the reference networks, shown fewer "
    "pictures than by default."
)


def digits() -> Digits:
    """Read the digits, uint8 (N, 28, 28, 1), and their labels."""
    part = sources.load("mnist-sample")["train"]
    cells = part.with_format(None)["image"][:]
    return np.stack([codec.decode(records.content(cell)) for cell in cells]), records.labels(part)


def _data(parts: dict[str, NDArray[np.uint8]]) -> DatasetDict:
    """Make a data set of classes of pictures."""
    keys = [f"{name}/{number}" for name, some in parts.items() for number in range(len(some))]
    cells = [codec.encode(picture) for some in parts.values() for picture in some]
    labels = [label for label, some in enumerate(parts.values()) for _ in some]
    return DatasetDict({"train": records.dataset(keys, cells, labels, tuple(parts))})


def twins(whole: Digits, root: Path, pairs: Sequence[str] = TWINS) -> Iterator[dict[str, Found]]:
    """Plant mirror twins and half-turn twins; yield what each audit found."""
    for pair in pairs:
        mirrored, turned = pair.split()
        parts: dict[str, NDArray[np.uint8]] = {}
        for digit in (*mirrored, *turned, "0", "8"):
            some = whole[0][whole[1] == int(digit)]
            if digit in "08":
                parts[digit] = some[:_EACH]
                continue
            kind = "m" if digit in mirrored else "t"
            other = some[_EACH : 2 * _EACH]
            parts[digit + kind] = some[:_EACH]
            parts[f"{digit}{kind}'"] = other[:, :, ::-1] if kind == "m" else other[:, ::-1, ::-1]
        request = Request(
            source="twins",
            sweeps=("turn", "mirrored"),
            at={"turn": _TURNED, "mirrored": _MIRRORED},
            pictures=_EACH,
            folds=2,
            seed=TWINS.index(pair),
            effort=_LONG,
        )
        mirrors, turns = Found(), Found()
        for cell in audit.audit(_data(parts), request, root / f"twins-{pair.replace(' ', '-')}").cells:
            (mirrors if cell.sweep == "mirrored" else turns).add(*_twin(cell))
        yield {"mirror twins (cells)": mirrors, "half-turn twins (cells)": turns}


def _twin(cell: Cell) -> tuple[bool, bool, bool]:
    """Tell whether a cell was planted, whether it becomes what it should, and whether it is unsure."""
    kind = {"m": "mirrored", "t": "turn"}.get(cell.label[1:2])
    planted = cell.sweep == kind and (kind == "mirrored" or cell.strength in _HALF)
    twin = cell.label[:-1] if cell.label.endswith("'") else f"{cell.label}'"
    becomes = cell.verdict == "becomes" and (not planted or cell.other == twin)
    return planted, becomes, cell.verdict == "unsure"


def labels(whole: Digits, root: Path, seeds: int = SEEDS, first: int = 0) -> Iterator[dict[str, Found]]:
    """Plant nothing, and for every other seed also shuffle the labels of one class; yield what was found."""
    for seed in range(first, first + seeds):
        for planted in ("", f"{seed}")[: 1 + (seed % 2 == 0)]:
            yield _labels(whole, root / f"labels-{seed}-{planted or 'none'}", seed, planted)


def _labels(whole: Digits, out: Path, seed: int, planted: str) -> dict[str, Found]:
    random = np.random.default_rng(seed)
    parts = {}
    for digit in map(str, range(10)):
        of = np.arange(len(whole[1])) if digit == planted else np.flatnonzero(whole[1] == int(digit))
        parts[digit] = whole[0][random.choice(of, 100, replace=False)]
    request = Request(
        source="digits",
        sweeps=("contrast", "brightness"),
        at={"contrast": (0.9, 1.0), "brightness": (0.05,)},
        pictures=100,
        folds=2,
        seed=seed,
        effort=_SHORT,
    )
    result = audit.audit(_data(parts), request, out)
    alarms, idle, cells = Found(), Found(), Found()
    for digit in parts:
        alarms.add(digit == planted, any(f"{digit!r}" in alarm for alarm in result.alarms))
    for column in result.columns:
        idle.add((column.sweep, column.strength) == ("contrast", 1.0), column.moved == 0)
    for cell in result.cells:
        cells.add(False, cell.verdict in ("becomes", "destroys", "fragile"))
    found = {"a change that does nothing (columns)": idle}
    if planted:
        return {"labels of one class shuffled (alarms)": alarms, **found}
    return {"nothing (alarms)": alarms, "nothing (cells not kept)": cells, **found}

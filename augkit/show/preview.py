"""Previews: what a policy makes of some pictures of a data set, and what makes it unsafe."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from augkit import codec, keys
from augkit.draw import Draws, draw
from augkit.errors import UsageError
from augkit.render import render
from augkit.safety import Finding, Verdict, drawn_in_words, guarded, survived
from augkit.show.sheet import Cell, Row, contact_sheet
from augkit.sources.records import class_names, labels
from augkit.sources.records import keys as source_keys

if TYPE_CHECKING:
    from datasets import Dataset, DatasetDict

Picture = NDArray[np.uint8]


def copies(verdict: Verdict, data: DatasetDict, rows: int, columns: int, seed: int) -> Picture:
    """Draw a row for each of some sources: the original, then copies with their drawn values beneath.

    A copy whose label its class does not survive is framed in red; one that the policy's guard relabels says
    what it becomes.

    Returns:
        uint8, H×W×3: the sheet.
    """
    part, names = _part(verdict, data), class_names(data)
    chosen = _spread(part, rows, seed)
    sheet = []
    for index in chosen:
        picture, key, label = _source(part, index)
        drawn = _draws(verdict, names, key, label, picture, columns, seed)
        good = survived(drawn, verdict.task, names)
        cells = [Cell(picture, names[label], "first")]
        for i in range(columns):
            after = int(drawn.labels[i])
            fine = bool(good[i]) or after != label
            said = drawn_in_words(drawn, i).replace(", ", "\n")
            said += f"\n→ {names[after]}" if after != label else ""
            cells.append(Cell(render(picture, drawn, i), said, "plain" if fine else "alarm"))
        sheet.append(Row(names[label], cells))
    return contact_sheet(sheet, title=Path(verdict.policy.file).name, note=_note(verdict))


def witnesses(verdict: Verdict, data: DatasetDict) -> Picture:
    """Draw a row for each finding that has a witness: what its classes look like, before and after.

    Returns:
        uint8, H×W×3: the sheet.

    Raises:
        UsageError: nothing is unsafe.
    """
    part, names = _part(verdict, data), class_names(data)
    found = [finding for finding in (*verdict.findings, *verdict.waived) if finding.witness is not None]
    if not found:
        raise UsageError(f"nothing in {verdict.policy.file} is unsafe for the task {verdict.task.name}")
    rows = [Row(finding.code, list(_evidence(finding, part, names))) for finding in found]
    return contact_sheet(rows, title=f"Why {Path(verdict.policy.file).name} is refused", note=_note(verdict))


def _evidence(finding: Finding, part: Dataset, names: tuple[str, ...]) -> Iterator[Cell]:
    """Yield, for up to four classes at stake, a source and what the witness makes of it."""
    becomes = dict(finding.becomes)
    at_stake = [name for name in names if name in becomes] or [
        name for name in names if name in finding.classes
    ]
    assert finding.witness is not None
    of_class = labels(part)
    for name in (at_stake or list(names))[:4]:
        index = np.flatnonzero(of_class == names.index(name))
        if len(index):
            picture, _, _ = _source(part, int(index[len(index) // 2]))
            after = f"now reads {becomes[name]}" if name in becomes else f"no {name} looks so"
            yield Cell(picture, name, "first")
            yield Cell(
                render(picture, finding.witness, 0), f"{drawn_in_words(finding.witness)}\n{after}", "alarm"
            )


def _part(verdict: Verdict, data: DatasetDict) -> Dataset:
    """Return the split that the policy augments, or the first there is."""
    wanted = [split for split in verdict.policy.splits if split in data]
    return data[wanted[0] if wanted else next(iter(data))]


def _spread(part: Dataset, rows: int, seed: int) -> list[int]:
    """Choose sources by a keyed shuffle, the classes in turn."""
    of_class = labels(part)
    words = keys.words([f"{seed} {key}" for key in source_keys(part)])
    order = np.argsort(words, kind="stable")
    turns: dict[int, int] = {}
    ranked = []
    for index in order.tolist():
        label = int(of_class[index])
        turns[label] = turns.get(label, -1) + 1
        ranked.append((turns[label], label, index))
    return [index for _, _, index in sorted(ranked)[:rows]]


def _source(part: Dataset, index: int) -> tuple[Picture, str, int]:
    row = part[index]
    image = row["image"]
    data = image["bytes"] if image["bytes"] is not None else Path(image["path"]).read_bytes()
    return codec.decode(data, name=row["key"]), row["key"], int(row["label"])


def _draws(
    verdict: Verdict, names: tuple[str, ...], key: str, label: int, picture: Picture, columns: int, seed: int
) -> Draws:
    """Make the draws that `generate` would make of this source, safe or not."""
    numbers = np.arange(1, columns + 1)
    aspects = np.full(columns, picture.shape[1] / picture.shape[0])
    known = np.full(columns, label, dtype=np.int64)
    drawn = draw(verdict.policy, [key] * columns, numbers, seed=seed, aspects=aspects, labels=known)

    def again(at: NDArray[np.int64], attempt: int) -> Draws:
        return draw(
            verdict.policy,
            [key] * len(at),
            numbers[at],
            seed=seed,
            aspects=aspects[at],
            labels=known[at],
            attempt=attempt,
        )

    return guarded(drawn, verdict.task, names, again)


def _note(verdict: Verdict) -> str:
    reach = "; ".join(verdict.reach.in_words()) or "nothing changes"
    return f"{verdict.word} for the task {verdict.task.name}; at most: {reach}"

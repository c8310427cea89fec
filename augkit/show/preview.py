"""Previews: what a policy makes of some pictures of a data set, and what makes it unsafe."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from augkit import codec, keys
from augkit.draw import Draws
from augkit.errors import PictureError, SourceError, UsageError
from augkit.render import render
from augkit.safety import Finding, Verdict, draw_guarded, drawn_in_words, survived
from augkit.show.gallery import Gallery
from augkit.show.sheet import Cell, Row, Tone
from augkit.sources.records import class_names, content, in_turn, labels

if TYPE_CHECKING:
    from datasets import Dataset, DatasetDict

Picture = NDArray[np.uint8]


def copies(verdict: Verdict, data: DatasetDict, rows: int, columns: int, seed: int) -> Gallery:
    """Show a row for each of some sources: the original, then copies, each with its drawn values and what is
    to be thought of it beneath.

    A copy that its class does not survive is framed in red and called unsafe; one that the policy's guard
    relabels is framed in blue and says what it becomes.  Pictures that cannot be read are passed over.

    Raises:
        SourceError: no picture can be read.
    """
    names = class_names(data)
    found = _readable(_part(verdict, data), rows, seed)
    shown = tuple(_shown(verdict, names, source, columns, seed) for source in found)
    return Gallery(shown, Path(verdict.policy.file).name, _note(verdict), verdict.word)


def originals(data: DatasetDict, rows: int, seed: int) -> list[tuple[str, Picture]]:
    """Return some pictures of a data set and what they are called, the classes in turn.

    Raises:
        SourceError: no picture can be read.
    """
    part, names = data[next(iter(data))], class_names(data)
    return [(names[label], picture) for picture, _, label in _readable(part, rows, seed)]


def _readable(part: Dataset, rows: int, seed: int) -> list[tuple[Picture, str, int]]:
    """Return pictures with their keys and labels, passing over those that cannot be read."""
    found: list[tuple[Picture, str, int]] = []
    for index in in_turn(part, seed):
        try:
            found.append(_source(part, index))
        except PictureError:  # `generate` quarantines it
            continue
        if len(found) == rows:
            break
    if not found:
        raise SourceError("none of the pictures can be read")
    return found


def _shown(
    verdict: Verdict, names: tuple[str, ...], source: tuple[Picture, str, int], columns: int, seed: int
) -> Row:
    picture, key, label = source
    words, known = np.repeat(keys.words([key]), columns), np.full(columns, label, dtype=np.int64)
    aspects, copies = np.full(columns, picture.shape[1] / picture.shape[0]), np.arange(1, columns + 1)
    drawn = draw_guarded(verdict.policy, verdict.task, names, words, known, copies, aspects, seed)
    good = survived(drawn, verdict.task, names)
    cells = [Cell(picture, key, "first")]
    for i in range(columns):
        said = drawn_in_words(drawn, i, short=True).replace(", ", "\n")
        tone, word = _thought(drawn, i, label, bool(good[i]), verdict, names)
        cells.append(Cell(render(picture, drawn, i), said, tone, word))
    return Row(names[label], cells)


def _thought(
    drawn: Draws, i: int, label: int, good: bool, verdict: Verdict, names: tuple[str, ...]
) -> tuple[Tone, str]:
    """Return the frame and the word of one copy; nobody judges for the task none."""
    after = int(drawn.labels[i])
    if after != label:
        return "other", f"→ {names[after]}"
    if not drawn.accepted[i]:
        return "plain" if good else "alarm", "dropped"
    if not good:
        return "alarm", "unsafe"
    return "plain", "" if verdict.task.survives_everything else "safe"


def witnesses(verdict: Verdict, data: DatasetDict) -> Gallery:
    """Show a row for each finding that has a witness: what its classes look like, before and after.

    Raises:
        UsageError: nothing is unsafe.
    """
    part, names = _part(verdict, data), class_names(data)
    found = [finding for finding in (*verdict.findings, *verdict.waived) if finding.witness is not None]
    if not found:
        raise UsageError(f"nothing in {verdict.policy.file} is unsafe for the task {verdict.task.name}")
    rows = tuple(
        Row(finding.code, list(_evidence(finding, part, names)), _sentence(finding)) for finding in found
    )
    name = Path(verdict.policy.file).name
    title = f"What {name} allows" if verdict.safe else f"Why {name} is refused"
    return Gallery(rows, title, _note(verdict), verdict.word)


def _sentence(finding: Finding) -> str:
    ending = f"Allowed because: {finding.reason}" if finding.reason else f"Fix: {finding.fix}"
    return f"{finding.where}: {finding.name}: {finding.problem}. {ending}."


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
            yield Cell(render(picture, finding.witness, 0), drawn_in_words(finding.witness), "alarm", after)


def _part(verdict: Verdict, data: DatasetDict) -> Dataset:
    """Return the split that the policy augments, or the first there is."""
    wanted = [split for split in verdict.policy.splits if split in data]
    return data[wanted[0] if wanted else next(iter(data))]


def _source(part: Dataset, index: int) -> tuple[Picture, str, int]:
    row = part[index]
    return codec.decode(content(row["image"]), name=row["key"]), row["key"], int(row["label"])


def _note(verdict: Verdict) -> str:
    reach = "; ".join(verdict.reach.in_words()) or "nothing changes"
    return f"{verdict.word} for the task {verdict.task.name}; at most: {reach}"

"""A part of a data set: what one of several machines makes of it, each knowing nothing of the others.

Part i of n makes the shards whose number leaves i - 1 when divided by n.  Membership follows from the numbers
alone, so that any n makes the same shards, each once.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Collection, Iterable
from pathlib import Path

from augkit.errors import UsageError
from augkit.store import disk

NOTES = f"{disk.RUN}/parts"
_NOTED = re.compile(r"(\d+)-of-(\d+)")


@dataclasses.dataclass(frozen=True)
class Part:
    """Say which part of how many; the first is 1."""

    number: int
    of: int

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"

    @property
    def name(self) -> str:
        """Return the part's name as one of a file."""
        return f"{self.number}-of-{self.of}"

    @property
    def tmp(self) -> str:
        """Return where this part writes before it moves: no other part sweeps there."""
        return f"{disk.TMP}/{self.name}"

    @property
    def lock(self) -> str:
        """Return the file that whoever makes this part holds locked."""
        return f"{disk.RUN}/lock-{self.name}"

    def others(self, shards: int) -> set[int]:
        """Return the numbers of the shards that are made elsewhere."""
        return set(range(shards)) - set(range(self.number - 1, shards, self.of))

    def note(self, out: Path) -> None:
        """Write down that this part was begun here, for `noted`."""
        (out / NOTES).mkdir(exist_ok=True)
        (out / NOTES / self.name).touch()


def parsed(text: str) -> Part | None:
    """Read "2/8" as the second of eight parts; None of an empty text.

    Raises:
        UsageError: it is something else.
    """
    if not text.strip():
        return None
    found = re.fullmatch(r"\s*(\d{1,9})\s*/\s*(\d{1,9})\s*", text, re.ASCII)
    number, of = (int(found[1]), int(found[2])) if found else (0, 0)
    if not 1 <= number <= of:
        fix = f"parts count from 1: --shard 1/{of or 8} to --shard {of or 8}/{of or 8}"
        raise UsageError(f"got {text!r} for a part, want a number and how many there are, as 2/8", fix=fix)
    return Part(number, of)


def noted(out: Path) -> list[Part]:
    """Return the parts that were begun in a folder, in order."""
    found = (_NOTED.fullmatch(path.name) for path in (out / NOTES).glob("*"))
    return sorted(
        (Part(int(name[1]), int(name[2])) for name in found if name), key=lambda p: (p.of, p.number)
    )


def missing(shards: Collection[int], begun: Iterable[Part]) -> str:
    """Say which parts have to be run again for the shards that are missing; nothing where that is unclear."""
    counts = {part.of for part in begun}
    if len(counts) != 1:
        return ""
    (of,) = counts
    numbers = sorted({shard % of + 1 for shard in shards})
    named = ", ".join(f"--shard {number}/{of}" for number in numbers[:10])
    return named + (f" and {len(numbers) - 10} more" if len(numbers) > 10 else "")

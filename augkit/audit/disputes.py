"""Disputes: what the audit of a made data set found, and how it says so."""

from __future__ import annotations

import dataclasses
from collections import Counter
from typing import Any

FILE = "made.json"


@dataclasses.dataclass(frozen=True)
class Disputed:
    """Hold one picture whose label is confidently disputed.

    Attributes:
        file:        the picture, or the shard it is in.
        split, source, copy: where it comes from.
        label, label_after: of its source, and its own.
        reads:       what the networks read.
        probability: of that; the lesser of the two.
        both:        whether both networks dispute it, and not the one alone that knows originals only.
        drawn:       the values drawn for it.
    """

    file: str
    split: str
    source: str
    copy: int
    label: str
    label_after: str
    reads: str
    probability: float
    both: bool
    drawn: dict[str, float]

    def text(self) -> str:
        """Return it as a line."""
        drawn = ", ".join(f"{name} {value:.3g}" for name, value in self.drawn.items())
        what = f"copy {self.copy}" if self.copy else "the original"
        return (
            f"{self.file}: {what} of {self.source}, labelled {self.label_after}, reads {self.reads} "
            f"({self.probability:.0%} sure){f'; {drawn}' if drawn else ''}"
        )


@dataclasses.dataclass(frozen=True)
class Twice:
    """Hold pictures of different sources that are equal or look alike.

    Attributes:
        files:  theirs.
        equal:  whether they are byte for byte the same.
        splits: the splits that they are in.
        labels: their labels.
    """

    files: tuple[str, ...]
    equal: bool
    splits: tuple[str, ...]
    labels: tuple[str, ...]

    @property
    def leaks(self) -> bool:
        """Tell whether they stand in several splits."""
        return len(self.splits) > 1

    def text(self) -> str:
        """Return it as a line."""
        shown = ", ".join(self.files[:4]) + (
            f" and {len(self.files) - 4} more" if len(self.files) > 4 else ""
        )
        said = f"{shown}: {'the same bytes' if self.equal else 'look alike'}"
        said += f", in {' and '.join(self.splits)}" if self.leaks else ""
        return said + (f", labelled {' and '.join(self.labels)}" if len(self.labels) > 1 else "")


@dataclasses.dataclass(frozen=True, eq=False)
class Made:
    """Hold what was found in a data set that augkit made."""

    out: str
    pictures: int
    disputed: tuple[Disputed, ...]
    strange: Counter[str]
    twice: tuple[Twice, ...]

    @property
    def ok(self) -> bool:
        """Tell whether no label is disputed by both networks and nothing leaks between splits."""
        return not any(one.both for one in self.disputed) and not any(two.leaks for two in self.twice)

    def canonical(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "format": 1,
            "out": self.out,
            "pictures": self.pictures,
            "disputed": [dataclasses.asdict(one) for one in self.disputed],
            "pairs": dict(self.strange),
            "twice": [{**dataclasses.asdict(two), "leaks": two.leaks} for two in self.twice],
        }

    def text(self, most: int = 20) -> str:
        """Return it as `augkit audit OUT` prints it, at most so many lines of a kind."""
        both = [one for one in self.disputed if one.both]
        alone = len(self.disputed) - len(both)
        leaks = [two for two in self.twice if two.leaks]
        lines = [
            f"{self.out}: {self.pictures:,} pictures; {len(both):,} labels disputed by both networks, "
            f"{alone:,} by the one that knows originals alone; {len(self.twice):,} groups of pictures of "
            f"several sources that are equal or look alike, {len(leaks):,} of them in several splits"
        ]
        lines += _some("labels in dispute, worst first", [one.text() for one in both], most)
        pairs = [f"{pair}: {count:,}" for pair, count in self.strange.most_common()]
        lines += _some("disputed labels, by class and by what is read", pairs, most)
        lines += _some("there more than once", [two.text() for two in self.twice], most)
        return "\n".join(lines)


def _some(head: str, lines: list[str], most: int) -> list[str]:
    if not lines:
        return []
    more = [f"  and {len(lines) - most:,} more in {FILE}"] if len(lines) > most else []
    return ["", head, *(f"  {line}" for line in lines[:most]), *more]

"""Cells: what became of one class under one change of one strength, and how sure that is.

Two learners answer for each cell.  The *clean* one has seen no change: where it still reads the class, the
class is kept.  Where it does not, it is often confidently wrong about pictures that are merely strange to it.
The *taught* one was trained with all changes and the original labels: what it still confuses is confused for
any learner.  Only both together tell a picture that *becomes* another class from one that is *fragile*.

The intervals of one kind hold for all cells of an audit together: with probability 1 - `ALPHA` none of them
misses (Bonferroni).  A verdict is given only where the whole interval allows no other.
"""

from __future__ import annotations

import dataclasses
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from augkit.audit.proportions import Share, difference, more_to_decide, share

Word = Literal["keeps", "becomes", "destroys", "fragile", "unsure"]
WORDS: tuple[Word, ...] = ("keeps", "becomes", "destroys", "fragile", "unsure")
Labels = NDArray[np.int64]

ALPHA = 0.05
_HALF = 0.5


@dataclasses.dataclass(frozen=True)
class Terms:
    """Say what counts as what.

    Attributes:
        kept:   of the pictures that the clean network reads rightly upright, it must read at least so many
            rightly after the change for the class to be kept.
        excess: a picture becomes another class where the taught network takes certainly more than this share
            more for it after the change than upright.
        slight: it is fragile where that is certainly no more than this.
        cells:  how many cells the audit has, which the intervals of one kind hold for together.
    """

    kept: float
    cells: int
    excess: float = 0.01
    slight: float = 0.10

    @property
    def alpha(self) -> float:
        """Return in how many cases one interval may miss."""
        return ALPHA / max(1, self.cells)


@dataclasses.dataclass(frozen=True)
class Cell:
    """Hold what was measured of one class under one change.

    Attributes:
        label:      the class.
        sweep:      the sweep, and `strength` how far it went; `value` is the same as a number on its axis.
        verdict:    one of WORDS.
        other:      the class that the clean network reads most beside its own, "" for none; what a picture
            becomes where the verdict says so.
        kept:       share of pictures that the clean network still reads rightly, of those it does upright.
        taught:     the same of the taught network.
        reads:      share of those `kept` is a share of that the clean network reads as `other`.
        excess:     how much more often the taught network takes a picture for `other` than upright.
        confidence: mean calibrated probability of what the clean network reads.
        more:       how many more pictures of the class would decide; 0 where it is decided, None where more
            than a million.
    """

    label: str
    sweep: str
    strength: float
    value: float
    verdict: Word
    other: str
    kept: Share
    taught: Share
    reads: Share
    excess: Share
    confidence: float
    more: int | None = 0

    def canonical(self) -> dict[str, Any]:
        """Return the cell as plain data."""
        plain: dict[str, Any] = {}
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if isinstance(value, Share):
                value = [value.hits, value.of, round(value.low, 5), round(value.high, 5)]
            plain[field.name] = value
        return plain

    @classmethod
    def parse(cls, plain: dict[str, Any]) -> Cell:
        """Read what `canonical` returned."""
        shares = {name: Share(*plain[name]) for name in ("kept", "taught", "reads", "excess")}
        return cls(**{**plain, **shares})


@dataclasses.dataclass(frozen=True, eq=False)
class Readings:
    """Hold what both networks read in pictures of one class, int64 (N,) each.

    Attributes:
        clean, taught:               after the change.
        clean_upright, taught_upright: before it.
        confidence:                  float (N,), the clean network's, after the change.
    """

    clean: Labels
    taught: Labels
    clean_upright: Labels
    taught_upright: Labels
    confidence: NDArray[np.floating[Any]]


def judged(
    label: int, names: tuple[str, ...], read: Readings, terms: Terms, at: tuple[str, float, float]
) -> Cell:
    """Judge one cell.

    Args:
        label: the class's number.
        names: the class names.
        read:  what the networks read in its pictures.
        terms: what counts as what.
        at:    sweep, strength, and value on the axis.
    """
    alpha = terms.alpha
    told = read.clean_upright == label
    knew = read.taught_upright == label
    kept = share(int((read.clean[told] == label).sum()), int(told.sum()), alpha)
    taught = share(int((read.taught[knew] == label).sum()), int(knew.sum()), alpha)
    other = _other(label, read.clean[told], len(names))
    reads = share(int((read.clean[told] == other).sum()), int(told.sum()), alpha)
    after, before = read.taught == other, read.taught_upright == other
    excess = difference(int((after & ~before).sum()), int((before & ~after).sum()), len(read.taught), alpha)
    verdict, shares = _verdict(kept, taught, reads, excess, terms)
    more = _more(shares, alpha) if shares else 0
    confidence = round(float(read.confidence.mean()), 4) if len(read.confidence) else 0.0
    name = names[other] if reads.hits else ""
    return Cell(names[label], *at, verdict, name, kept, taught, reads, excess, confidence, more)


def _other(label: int, read: Labels, classes: int) -> int:
    counts = np.bincount(read, minlength=classes)
    counts[label] = -1
    return int(counts.argmax())


def _verdict(
    kept: Share, taught: Share, reads: Share, excess: Share, terms: Terms
) -> tuple[Word, list[tuple[Share, float]]]:
    """Return the verdict; where it is unsure also the shares to know better, each with its bound."""
    if kept.low >= terms.kept:
        return "keeps", []
    if kept.high >= terms.kept:
        return "unsure", [(kept, terms.kept)]
    if reads.high > _HALF:  # the clean network may mostly read the other
        if reads.low > _HALF and excess.low > terms.excess:
            return "becomes", []
        if excess.high > terms.slight:
            return "unsure", [(excess, terms.excess), (excess, terms.slight), (reads, _HALF)]
    if taught.high < _HALF:
        return "destroys", []
    if taught.low > _HALF:
        return "fragile", []
    return "unsure", [(taught, _HALF)]


def _more(shares: list[tuple[Share, float]], alpha: float) -> int | None:
    """Return how many more pictures would decide the first of some shares that can be decided."""
    needed = [more_to_decide(open_, bound, alpha) for open_, bound in shares]
    return min((more for more in needed if more is not None), default=None)

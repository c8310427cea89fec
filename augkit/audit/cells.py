"""Cells: what became of one class under one change of one strength, and how sure that is.

Two learners answer for each cell.  The *clean* one has seen no change: what it reads in most pictures is what
they look like to somebody who expects nothing.  It is often confidently wrong about pictures that are merely
strange to it.  The *taught* one was trained with all changes and the original labels: what it still confuses
is confused for any learner, for a picture that looks like another class's upright one cannot be told from it.
Neither is enough alone, and the verdicts rest on both:

keeps     the clean network still reads the class nearly always (`Terms.kept`).  Or it reads it in most
          pictures, the taught one nearly always, and that one takes it for no other class notably more often
          (`Terms.slight`) than upright: the class is what it looks like, and what can be known.  Such a cell
          is kept, though fragile (`Cell.frail`): a network wants to be taught the change.
becomes   the clean network reads one other class in most pictures, and the taught one certainly confuses that
          pair more than upright (`Terms.excess`).
destroys  both fail, and there is no such other class.
fragile   the clean network fails, the taught one does not: strange, but not lost.
unsure    the intervals allow several of these.

So a 6 upside down becomes a 9; a 7 upside down, which a clean network takes for a 6, is fragile; a 0 upside
down is kept, though a clean network misses one in five.

The intervals of one kind hold for all cells of an audit together: with probability 1 - `ALPHA` none of them
misses (Bonferroni).  A verdict is given only where the whole interval allows no other.
"""

from __future__ import annotations

import dataclasses
import itertools
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from augkit.audit.proportions import Share, difference, more_to_decide, share

Word = Literal["keeps", "becomes", "destroys", "fragile", "unsure"]
WORDS: tuple[Word, ...] = ("keeps", "becomes", "destroys", "fragile", "unsure")
Labels = NDArray[np.int64]

ALPHA = 0.05
_HALF = 0.5
_SHARES = ("kept", "taught", "reads", "excess", "worst")


@dataclasses.dataclass(frozen=True)
class Terms:
    """Say what counts as what.

    Attributes:
        kept:   of the pictures that a network reads rightly upright, "nearly always" is at least so many.
        excess: a picture becomes another class where the taught network takes certainly more than this share
            more for it after the change than upright.
        slight: it does not where that is certainly no more than this.
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
        worst:      the same for the class for which that is most, whichever it is; it holds for all classes
            together.
        confidence: mean calibrated probability of what the clean network reads.
        more:       how many more pictures of the class would decide; 0 where it is decided, None where more
            than a million.
        frail:      whether it is kept although the clean network alone does not say so for certain.
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
    worst: Share
    confidence: float
    more: int | None = 0
    frail: bool = False

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
        shares = {name: Share(*plain[name]) for name in _SHARES}
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
    excess = _excess(read, other, alpha)
    worst = _worst(label, len(names), read, alpha)
    verdict, more = _verdict(_ways(kept, taught, reads, excess, worst, terms), alpha)
    name = names[other] if reads.hits else ""
    confidence = round(float(read.confidence.mean()), 4) if len(read.confidence) else 0.0
    frail = verdict == "keeps" and kept.low < terms.kept
    shares = (kept, taught, reads, excess, worst)
    return Cell(names[label], *at, verdict, name, *shares, confidence, more, frail)


def _other(label: int, read: Labels, classes: int) -> int:
    counts = np.bincount(read, minlength=classes)
    counts[label] = -1
    return int(counts.argmax())


def _excess(read: Readings, other: int, alpha: float) -> Share:
    """Return how much more often the taught network takes pictures for a class than upright."""
    after, before = read.taught == other, read.taught_upright == other
    return difference(int((after & ~before).sum()), int((before & ~after).sum()), len(read.taught), alpha)


def _worst(label: int, classes: int, read: Readings, alpha: float) -> Share:
    """Return the greatest excess that any other class may have.

    That no class has more is true only if it is of each, so the upper end is that of one; that one has as
    much may be chance in any, so the lower end holds for all together.
    """
    apart = read.taught != read.taught_upright
    gained = np.delete(np.bincount(read.taught[apart], minlength=classes), label)
    lost = np.delete(np.bincount(read.taught_upright[apart], minlength=classes), label)
    pairs = set(zip(gained.tolist(), lost.tolist(), strict=True))
    one_by_one = [difference(more, fewer, len(read.taught), alpha) for more, fewer in pairs]
    worst = max(one_by_one, key=lambda one: (one.high, one.hits))
    together = difference(worst.more, worst.more - worst.hits, worst.of, alpha / (classes - 1))
    return dataclasses.replace(worst, low=together.low)


@dataclasses.dataclass(frozen=True)
class _Claim:
    """Claim that a share is above a bound, or below it."""

    share: Share
    bound: float
    above: bool

    @property
    def certain(self) -> bool:
        return self.share.low >= self.bound if self.above else self.share.high < self.bound

    @property
    def likely(self) -> bool:
        return bool(self.share.seen >= self.bound if self.above else self.share.seen < self.bound)


_Ways = list[tuple[_Claim, ...]]  # to a verdict: each is enough, if all that it claims is true


def _ways(
    kept: Share, taught: Share, reads: Share, excess: Share, worst: Share, terms: Terms
) -> dict[Word, _Ways]:
    """Return for each verdict what has to be true of the shares: the table at the top of this file."""

    def above(one: Share, bound: float) -> _Claim:
        return _Claim(one, bound, True)

    def below(one: Share, bound: float) -> _Claim:
        return _Claim(one, bound, False)

    keeps: _Ways = [
        (above(kept, terms.kept),),
        (above(kept, _HALF), above(taught, terms.kept), below(worst, terms.slight)),
    ]
    fails: _Ways = [
        (below(kept, _HALF),),
        (below(kept, terms.kept), below(taught, terms.kept)),
        (below(kept, terms.kept), above(worst, terms.slight)),
    ]
    another: _Ways = [(above(reads, _HALF), above(excess, terms.excess))]
    none: _Ways = [(below(reads, _HALF),), (below(excess, terms.slight),)]
    return {
        "keeps": keeps,
        "becomes": _all(fails, another),
        "destroys": _all(fails, none, [(below(taught, _HALF),)]),
        "fragile": _all(fails, none, [(above(taught, _HALF),)]),
    }


def _all(*several: _Ways) -> _Ways:
    """Return the ways in which one of each is true."""
    return [tuple(itertools.chain(*some)) for some in itertools.product(*several)]


def _verdict(ways: dict[Word, _Ways], alpha: float) -> tuple[Word, int | None]:
    """Return the one verdict that is certain, or that none is, and how many more pictures would decide."""
    for word, some in ways.items():
        if any(all(claim.certain for claim in way) for way in some):
            return word, 0
    likely = [way for some in ways.values() for way in some if all(claim.likely for claim in way)]
    needed = [_more(way, alpha) for way in likely]
    return "unsure", min((more for more in needed if more is not None), default=None)


def _more(way: tuple[_Claim, ...], alpha: float) -> int | None:
    """Return how many more pictures would make certain all that is likely, None for too many."""
    needed = [more_to_decide(one.share, one.bound, alpha) for one in way if not one.certain]
    return None if None in needed else max((more for more in needed if more is not None), default=None)

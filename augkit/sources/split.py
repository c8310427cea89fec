"""Who goes into which split: by a hash of seed and key, so that neither order nor machine matters."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from augkit.errors import SourceError, UsageError
from augkit.sources import records

if TYPE_CHECKING:
    from datasets import DatasetDict

_NAMES = {2: ("train", "test"), 3: ("train", "validation", "test")}


def check(data: DatasetDict, split: str) -> None:
    """Refuse shares that make no sense, a source that is split already, or one with copies, which would go to
    other splits than what they were made of; UsageError says which.
    """
    _shares(split)
    if len(data) != 1:
        have = ", ".join(data)
        raise UsageError(
            f"got --split {split} for a source that is split already ({have})", fix="leave it out"
        )
    if any(map(records.holds_copies, data.values())):
        problem = f"got --split {split} for a data set that holds copies of its pictures"
        raise UsageError(problem, fix="divide the data set that it was made of, and augment its train split")


def divided(
    data: DatasetDict,
    split: str,
    *,
    stratify: bool = False,
    seed: int = 0,
    groups: NDArray[np.int64] | None = None,
) -> DatasetDict:
    """Divide a source of one split into train, (validation) and test, by shares in percent as "80/10/10".

    Within each class (with `stratify`) or over all, pictures are ranked by a hash of seed and key, and the
    ranks are cut: a picture more moves at most one other across each cut.

    Args:
        data:     the source.
        split:    the shares.
        stratify: whether each class is divided by itself.
        seed:     what the hash begins with.
        groups:   int64 (N,), a number for each picture: those of one number go where the first of them in
            rank goes, whatever their classes.

    Raises:
        UsageError: the shares are not two or three numbers that add up to 100, or the source is split
            already.
    """
    from datasets import DatasetDict

    check(data, split)
    shares = _shares(split)
    (part,) = data.values()
    rank = _rank(records.keys(part), seed)
    leader = _leaders(rank, np.arange(len(rank)) if groups is None else groups)
    place = _places(rank, records.labels(part), leader, shares, stratify)
    parts = {}
    for number, name in enumerate(_NAMES[len(shares)]):
        rows = np.flatnonzero(place == number)
        if not len(rows):
            many = len(np.unique(leader))
            few = f"only {many} pictures" + (" that differ" if many < len(part) else "")
            raise SourceError(f"--split {split} leaves nothing for {name}: {few}")
        parts[name] = part.select(rows)
    return DatasetDict(parts)


def _places(
    rank: NDArray[np.uint64],
    labels: NDArray[np.int64],
    leader: NDArray[np.int64],
    shares: list[float],
    stratify: bool,
) -> NDArray[np.int64]:
    """Return for each picture the number of its split."""
    weight = np.bincount(leader, minlength=len(rank))
    leaders = np.flatnonzero(weight)
    strata = [leaders[labels[leaders] == label] for label in np.unique(labels)] if stratify else [leaders]
    place = np.zeros(len(rank), np.int64)
    for stratum in strata:
        ordered = stratum[np.argsort(rank[stratum], kind="stable")]
        ends = np.cumsum(weight[ordered])
        cuts = np.rint(np.cumsum(shares[:-1]) / 100 * (ends[-1] if len(ends) else 0))
        middles = ends - weight[ordered] / 2  # a group goes where the middle of it lies
        place[ordered] = np.searchsorted(cuts, middles)
    return place[leader]


def _leaders(rank: NDArray[np.uint64], groups: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return for each picture the first of its group in rank."""
    order = np.lexsort((rank, groups))
    starts = np.r_[True, groups[order][1:] != groups[order][:-1]]
    leader = np.empty(len(rank), np.int64)
    leader[order] = order[np.flatnonzero(starts)[np.cumsum(starts) - 1]]
    return leader


def limited(data: DatasetDict, limit: int, *, seed: int = 0) -> DatasetDict:
    """Keep at most `limit` pictures of each split, spread evenly over its classes; UsageError below 1."""
    from datasets import DatasetDict

    if limit < 1:
        raise UsageError(f"got a limit of {limit}, want 1 or more")
    kept = {}
    for name, part in data.items():
        rank, labels = _rank(records.keys(part), seed), records.labels(part)
        place = np.empty(len(rank), np.int64)  # of a picture within its class
        for label in np.unique(labels):
            group = np.flatnonzero(labels == label)
            place[group[np.argsort(rank[group], kind="stable")]] = np.arange(len(group))
        order = np.lexsort((rank, labels, place))
        kept[name] = part.select(np.sort(order[:limit]))
    return DatasetDict(kept)


def _shares(split: str) -> list[float]:
    try:
        shares = [float(text) for text in split.split("/")]
    except ValueError:
        shares = []
    if (
        len(shares) not in _NAMES
        or not all(share > 0 for share in shares)
        or not abs(sum(shares) - 100) < 1e-9
    ):
        fix = "write 80/20 for train and test, 80/10/10 for train, validation and test"
        raise UsageError(
            f"got --split {split}, want two or three shares in percent that add up to 100", fix=fix
        )
    return shares


def _rank(keys: list[str], seed: int) -> NDArray[np.uint64]:
    salt = str(seed).encode()
    words = (hashlib.blake2b(key.encode(), digest_size=8, key=salt).digest() for key in keys)
    return np.frombuffer(b"".join(words), dtype="<u8").astype(np.uint64)

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


def divided(data: DatasetDict, split: str, *, stratify: bool = False, seed: int = 0) -> DatasetDict:
    """Divide a source of one split into train, (validation) and test, by shares in percent as "80/10/10".

    Within each class (with `stratify`) or over all, pictures are ranked by a hash of seed and key, and the
    ranks are cut: a picture more moves at most one other across each cut.

    Raises:
        UsageError: the shares are not two or three numbers that add up to 100, or the source is split
            already.
    """
    from datasets import DatasetDict

    shares = _shares(split)
    if len(data) != 1:
        have = ", ".join(data)
        raise UsageError(
            f"got --split {split} for a source that is split already ({have})", fix="leave it out"
        )
    (part,) = data.values()
    rank = _rank(records.keys(part), seed)
    labels = records.labels(part)
    groups = (
        [np.flatnonzero(labels == label) for label in np.unique(labels)]
        if stratify
        else [np.arange(len(rank))]
    )
    taken: list[list[NDArray[np.int64]]] = [[] for _ in shares]
    for group in groups:
        ordered = group[np.argsort(rank[group], kind="stable")]
        cuts = np.rint(np.cumsum(shares[:-1]) / 100 * len(ordered)).astype(int)
        for pieces, piece in zip(taken, np.split(ordered, cuts), strict=True):
            pieces.append(piece)
    picked = [np.sort(np.concatenate(pieces)) for pieces in taken]
    for name, rows in zip(_NAMES[len(shares)], picked, strict=True):
        if not len(rows):
            raise SourceError(f"--split {split} leaves nothing for {name}: only {len(part)} pictures")
    return DatasetDict(
        {name: part.select(rows) for name, rows in zip(_NAMES[len(shares)], picked, strict=True)}
    )


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

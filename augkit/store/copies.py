"""How many copies each source gets: by its class, or so many that all classes have as many pictures."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from augkit import keys as addresses
from augkit.plan import Plan


def of_each(plan: Plan, labels: NDArray[np.int64], keys: Iterable[str]) -> NDArray[np.int64]:
    """Return the number of copies of each source of a split that is augmented.

    Where classes are balanced, the class that gets the most pictures decides how many each gets; what does
    not go evenly over a class's sources goes to those whose keys' hashes come first.

    Args:
        plan:   says how many.
        labels: int64 (N,).
        keys:   N source keys; looked at only where classes are balanced.

    Returns:
        int64 (N,).
    """
    by_class = np.array([plan.copies_of(label) for label in range(len(plan.classes))], dtype=np.int64)
    if not plan.balance:
        return by_class[labels]
    kept = 1 if plan.keep_originals else 0
    sources = np.bincount(labels, minlength=len(plan.classes))
    most = int((sources * (by_class + kept)).max(initial=0))
    words = np.fromiter(map(addresses.word, keys), dtype=np.uint64, count=len(labels))
    copies = np.zeros(len(labels), dtype=np.int64)
    for label in np.flatnonzero(sources):
        rows = np.flatnonzero(labels == label)
        each, more = divmod(most - kept * len(rows), len(rows))
        copies[rows] = each
        copies[rows[np.argsort(words[rows], kind="stable")[:more]]] += 1
    return copies

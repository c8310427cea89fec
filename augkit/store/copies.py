"""How many copies each source gets: by its class, or so many that all classes have as many pictures."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from augkit import keys as addresses
from augkit.errors import UsageError, did_you_mean
from augkit.plan import Plan

USUAL = 4


def parsed(given: Sequence[str], classes: Sequence[str]) -> int | dict[str, int]:
    """Read numbers of copies: "4" for every class, "6=8,9=8" for some, "2,6=8" for both.

    Several are joined; a class whose name has a comma stands in one of its own.

    Raises:
        UsageError: one is no number, or there is no such class.
    """
    usual, some = USUAL, {}
    for text in given:
        alone = text.rpartition("=")[0].strip() in classes
        for part in [text] if alone else text.split(","):
            name, named, number = (piece.strip() for piece in part.rpartition("="))
            if not (number.isascii() and number.isdigit()):
                fix = "write --copies 4, or --copies 6=8,9=8 for some classes"
                raise UsageError(f"got {text!r} copies, want a number from 0 up", fix=fix)
            if not named:
                usual = int(number)
            elif name not in classes:
                few = ", ".join(classes[:10]) + (" …" if len(classes) > 10 else "")
                fix = did_you_mean(name, classes) or f"its {len(classes)} classes are {few}"
                raise UsageError(f"the source has no class {name!r}", fix=fix)
            else:
                some[name] = int(number)
    return {name: some.get(name, usual) for name in classes} if some else usual


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

"""How many sources may be bad: below that they are left out with a reason, above it the run stops."""

from __future__ import annotations

import math
import re
from pathlib import Path

from augkit.errors import StoreError, UsageError
from augkit.store import manifest

SHARE = "1%"
_NAMED = 10


def allowed(most: str, sources: int) -> int:
    """Return how many of the sources may be bad.

    Args:
        most:    a share, such as "1%" (which always forgives one, unless it is 0), or a number of pictures.
        sources: how many there are.

    Raises:
        UsageError: it is neither.
    """
    text = most.strip()
    if re.fullmatch(r"\d+(\.\d+)?\s*%", text) and (share := float(text.rstrip("% "))) <= 100:
        return max(1, math.floor(share / 100 * sources)) if share else 0
    if re.fullmatch(r"\d+", text):
        return int(text)
    raise UsageError(f"got {most!r} for how many may be bad, want a share such as 1%, or a number such as 20")


class Bad:
    """Count bad sources while shards are made, and stop when there are too many.

    Attributes:
        count: how many there were.
    """

    def __init__(self, out: Path, most: str, sources: int, count: int = 0) -> None:
        self._out, self._most, self._sources = out, most, sources
        self._allowed = allowed(most, sources)
        self.count = count

    def more(self, count: int) -> None:
        """Count some more.

        Raises:
            StoreError: there are too many, or no source is good; the first ten are named.
        """
        self.count += count
        if self.count <= self._allowed and self.count < self._sources:
            return
        first = manifest.bad(self._out, _NAMED)
        lines = [f"  {split}: {key!r}: {reason}" for split, key, reason in first]
        if self.count > len(first):
            lines.append(f"  and {self.count - len(first):,} more so far")
        raise StoreError(
            "\n".join([f"{self.count:,} of {self._sources:,} sources cannot be read", *lines]),
            where=str(self._out),
            fix=f"repair the source, or leave more out: --max-bad is {self._most}",
        )

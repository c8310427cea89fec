"""Places in a text as a browser counts them: UTF-16 units, lines that end in a line feed."""

from __future__ import annotations

import bisect
import dataclasses
import functools

_COMMENT = " #"


@dataclasses.dataclass(frozen=True)
class Offsets:
    """Turn places in a text into those of a browser."""

    text: str

    @functools.cached_property
    def _wide(self) -> list[int]:
        """Return the places of characters that take two units."""
        return [place for place, letter in enumerate(self.text) if letter > "\uffff"]

    @functools.cached_property
    def _lines(self) -> list[int]:
        """Return where each line begins."""
        return [0, *(place + 1 for place, letter in enumerate(self.text) if letter == "\n")]

    def of(self, place: int) -> int:
        """Return an offset in characters as one in UTF-16 units."""
        return place + bisect.bisect_left(self._wide, place)

    def at(self, line: int, column: int) -> tuple[int, int]:
        """Return where what stands at a line and column (both from 1) begins, and where it ends on that line:
        before its comment, and after one character at least; all in UTF-16 units.
        """
        line = min(max(line, 1), len(self._lines))
        begin = self._lines[line - 1]
        end = self._lines[line] - 1 if line < len(self._lines) else len(self.text)
        start = min(begin + max(column, 1) - 1, end)
        words = self.text[start:end].partition(_COMMENT)[0].rstrip()
        stop = start + len(words) if words else min(start + 1, end)
        return self.of(min(start, stop)), self.of(stop)

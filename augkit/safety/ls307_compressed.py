"""Compresses a class to blocks.

Why: at the lowest qualities a JPEG file keeps one level for each block of 8×8 pixels: of a digit of 28×28,
a chessboard.

Example:

    version: 1
    task: digits
    steps:
      - jpeg: {quality: [5, 90]}

Use instead:

    version: 1
    task: digits
    steps:
      - jpeg: {quality: [30, 95]}
"""

from __future__ import annotations

from collections.abc import Iterator

from augkit.safety.case import Case
from augkit.safety.finding import Finding

CODE, NAME = "LS307", "compressed"


def check(case: Case) -> Iterator[Finding]:
    """Yield a finding for each limit that is not proved to hold."""
    for found in case.outside("quality"):
        yield found.finding((CODE, NAME), "compresses to a JPEG quality of {}", "raise the low end of {}")

"""Bends the picture further than a class survives.

Why: strokes pulled far enough out of place close a 3 to an 8 and open a 0 to a 6.

Example:

    version: 1
    task: digits
    steps:
      - elastic: {displacement: [0.0, 0.08], smoothness: [0.2, 0.4]}

Use instead:

    version: 1
    task: digits
    steps:
      - elastic: {displacement: [0.0, 0.03]}
"""

from __future__ import annotations

from collections.abc import Iterator

from augkit.safety.case import Case
from augkit.safety.finding import Finding

CODE, NAME = "LS306", "displaced"


def check(case: Case) -> Iterator[Finding]:
    """Yield a finding for each limit that is not proved to hold."""
    for found in case.outside("displaced"):
        yield found.finding((CODE, NAME), "moves parts by {} of the side", "narrow {}")

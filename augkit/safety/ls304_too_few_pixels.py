"""Leaves fewer pixels than a class can be told by.

Why: four pixels across do not hold a digit, and thirty do not hold a bird's beak.

Example:

    version: 1
    task: digits
    steps:
      - downscale: {to: [4, 28]}

Use instead:

    version: 1
    task: digits
    steps:
      - downscale: {to: [14, 28]}
"""

from __future__ import annotations

from collections.abc import Iterator

from augkit.safety.case import Case
from augkit.safety.finding import Finding

CODE, NAME = "LS304", "too-few-pixels"


def check(case: Case) -> Iterator[Finding]:
    """Yield a finding for each limit that is not proved to hold."""
    for found in case.outside("pixels"):
        yield found.finding(
            (CODE, NAME), "leaves {} pixels across the shorter side", "raise the low end of {}"
        )

"""Blurs away what a class is told by.

Why: the gap that makes a 3 of an 8 is narrow.  Blur counts in shares of the side, because the two pixels
of sigma that a photo hardly shows wipe out a digit.  A zoom after it enlarges it.

Example:

    version: 1
    task: digits
    steps:
      - blur: {sigma: [0.0, 0.04]}
      - zoom: {factor: [1.0, 1.28]}

Use instead:

    version: 1
    task: digits
    steps:
      - zoom: {factor: [1.0, 1.2]}
      - blur: {sigma: [0.0, 0.02]}
"""

from __future__ import annotations

from collections.abc import Iterator

from augkit.safety.case import Case
from augkit.safety.finding import Finding

CODE, NAME = "LS303", "blurred"


def check(case: Case) -> Iterator[Finding]:
    """Yield a finding for each limit that is not proved to hold."""
    for found in case.outside("blur"):
        yield found.finding((CODE, NAME), "blurs with a sigma of {} of the side", "narrow {}")

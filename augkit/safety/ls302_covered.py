"""Covers more of the picture than a class can do without.

Why: what makes a 7 a 7 is its top; under a large enough patch every digit is the same.  Shares of several
steps add up, and a shrunken picture is covered the more easily.

Example:

    version: 1
    task: digits
    steps:
      - erase: {width: [0.1, 0.4], height: [0.1, 0.4]}
      - erase: {width: [0.1, 0.4], height: [0.1, 0.4]}

Use instead:

    version: 1
    task: digits
    steps:
      - erase: {width: [0.1, 0.4], height: [0.1, 0.4]}
"""

from __future__ import annotations

from collections.abc import Iterator

from augkit.safety.case import Case
from augkit.safety.finding import Finding

CODE, NAME = "LS302", "covered"


def check(case: Case) -> Iterator[Finding]:
    """Yield a finding for each limit that is not proved to hold."""
    for found in case.outside("covered"):
        yield found.finding((CODE, NAME), "covers {} of the picture", "make {} smaller")

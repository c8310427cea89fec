"""Enlarges or shrinks the picture farther than a class survives.

Why: a digit at a third of its size has nine pixels left, and at twice its size only its middle is in
frame.  Factors of several steps multiply.  What was shrunk before a step such as jpeg or blur has lost its
details there: to enlarge it afterwards brings none of them back.

Example:

    version: 1
    task: digits
    steps:
      - zoom: {factor: [0.4, 1.0]}

Use instead:

    version: 1
    task: digits
    steps:
      - zoom: {factor: [0.8, 1.2]}
"""

from __future__ import annotations

from collections.abc import Iterator

from augkit.safety.case import Case
from augkit.safety.finding import Finding

CODE, NAME = "LS104", "zoomed"


def check(case: Case) -> Iterator[Finding]:
    """Yield a finding for each limit that is not proved to hold."""
    for found in case.outside("zoom"):
        yield found.finding((CODE, NAME), "zooms by a factor of {}", "narrow {}")

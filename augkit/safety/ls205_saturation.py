"""Takes away or adds more colour than a class survives.

Why: what is told by its colour is lost in grey, and colours far too strong are all the same few.
Factors of several steps multiply.

Example:

    version: 1
    task: natural
    steps:
      - saturation: {factor: [0.5, 2.0]}
      - saturation: {factor: [0.5, 2.0]}

Use instead:

    version: 1
    task: natural
    steps:
      - saturation: {factor: [0.5, 1.5]}
"""

from __future__ import annotations

from collections.abc import Iterator

from augkit.safety.case import Case
from augkit.safety.finding import Finding

CODE, NAME = "LS205", "saturation"


def check(case: Case) -> Iterator[Finding]:
    """Yield a finding for each limit that is not proved to hold."""
    for found in case.outside("saturation"):
        yield found.finding((CODE, NAME), "changes saturation by a factor of {}", "narrow {}")

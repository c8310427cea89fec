"""Leaves fewer levels of brightness than a class can do without.

Why: with two levels a photograph is a stencil, and what was told by shading is gone.

Example:

    version: 1
    task: natural
    steps:
      - posterize: {bits: [1, 6]}

Use instead:

    version: 1
    task: natural
    steps:
      - posterize: {bits: [4, 8]}
"""

from __future__ import annotations

from collections.abc import Iterator

from augkit.safety.case import Case
from augkit.safety.finding import Finding

CODE, NAME = "LS207", "too-few-levels"


def check(case: Case) -> Iterator[Finding]:
    """Yield a finding for each limit that is not proved to hold."""
    for found in case.outside("levels"):
        yield found.finding((CODE, NAME), "leaves {} levels of brightness", "raise the low end of {}")

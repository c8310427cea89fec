"""Turns a class farther than it stays itself.

Why: turned by half a turn a 6 reads 9.  Turns add up over the steps: a left-right and an up-down flip make
a half turn, two turns of 15 degrees make 30, and two stretches along different axes turn the picture as
well.

Example:

    version: 1
    task: digits
    steps:
      - rotate: {degrees: [-15, 15]}
      - rotate: {degrees: [-15, 15]}

Use instead:

    version: 1
    task: digits
    steps:
      - rotate: {degrees: [-15, 15]}
"""

from __future__ import annotations

from collections.abc import Iterator

from augkit.safety.case import Case
from augkit.safety.finding import Finding

CODE, NAME = "LS102", "turned-too-far"


def check(case: Case) -> Iterator[Finding]:
    """Yield a finding for each limit that is not proved to hold."""
    for found in case.outside("turn"):
        yield found.finding(
            (CODE, NAME), "turns by {}", "narrow or remove {}, or guard each draw with on_unsafe"
        )

"""Shows a mirrored picture of a class that has no mirror image.

Why: a mirrored 2 is not a 2, a mirrored b is a d, and a mirrored left-turn sign is the right-turn sign.
Two mirrors make a turn, so parity is followed through the whole policy, not step by step.

Example:

    version: 1
    task: digits
    steps:
      - flip_horizontal: {p: 0.5}

Use instead:

    version: 1
    task: digits
    steps:
      - shift: {x: [-0.1, 0.1]}
"""

from __future__ import annotations

from collections.abc import Iterator

from augkit.safety.case import Case
from augkit.safety.finding import Finding

CODE, NAME = "LS101", "mirrored"


def check(case: Case) -> Iterator[Finding]:
    """Yield a finding for each limit that is not proved to hold."""
    for found in case.outside("mirrored"):
        yield found.finding(
            (CODE, NAME),
            "shows a mirrored picture, with a turn of {}",
            "remove {}, or guard each draw with on_unsafe",
        )

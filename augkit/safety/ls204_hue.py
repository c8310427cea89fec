"""Turns hues further than a class survives.

Why: a lemon turned by 90 degrees is a lime, a red light a green one.  Turns of several steps add up, and
past 180 degrees every colour can be every other.

Example:

    version: 1
    task: natural
    steps:
      - hue: {degrees: [-30, 30]}
      - hue: {degrees: [-30, 30]}

Use instead:

    version: 1
    task: natural
    steps:
      - hue: {degrees: [-18, 18]}
"""

from __future__ import annotations

from collections.abc import Iterator

from augkit.safety.case import Case
from augkit.safety.finding import Finding

CODE, NAME = "LS204", "hue"


def check(case: Case) -> Iterator[Finding]:
    """Yield a finding for each limit that is not proved to hold."""
    for found in case.outside("hue"):
        yield found.finding((CODE, NAME), "turns hues by {} degrees", "narrow {}")

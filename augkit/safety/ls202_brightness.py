"""Makes the picture brighter or darker than a class survives.

Why: tones pushed past black or white are gone, and with them what was drawn in them.  Shifts of several
steps add up, and a later gain of contrast enlarges them; what is lost before a step such as jpeg or blur
stays lost.

Example:

    version: 1
    task: digits
    steps:
      - brightness: {shift: [-0.3, 0.3]}
      - contrast: {gain: [1.0, 2.0]}

Use instead:

    version: 1
    task: digits
    steps:
      - brightness: {shift: [-0.2, 0.2]}
"""

from __future__ import annotations

from collections.abc import Iterator

from augkit.safety.case import Case
from augkit.safety.finding import Finding

CODE, NAME = "LS202", "brightness"


def check(case: Case) -> Iterator[Finding]:
    """Yield a finding for each limit that is not proved to hold."""
    for found in case.outside("brightness"):
        yield found.finding((CODE, NAME), "moves middle grey by {} of the full range", "narrow {}")

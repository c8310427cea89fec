"""Takes away or adds more contrast than a class survives.

Why: at a slope near 0 every picture is the same grey, and far above 1 all tones are black or white.
Slopes of several steps multiply; what is lost at one before a step such as jpeg or blur stays lost.

Example:

    version: 1
    task: digits
    steps:
      - contrast: {gain: [0.1, 1.0]}

Use instead:

    version: 1
    task: digits
    steps:
      - contrast: {gain: [0.7, 1.4]}
"""

from __future__ import annotations

from collections.abc import Iterator

from augkit.safety.case import Case
from augkit.safety.finding import Finding

CODE, NAME = "LS201", "contrast"


def check(case: Case) -> Iterator[Finding]:
    """Yield a finding for each limit that is not proved to hold."""
    for found in case.outside("contrast"):
        yield found.finding((CODE, NAME), "changes contrast by a factor of {}", "narrow {}")

"""Adds more noise than a class survives.

Why: noise of half the range drowns thin strokes.  A contrast after it enlarges it.

Example:

    version: 1
    task: digits
    steps:
      - noise: {sigma: [0.0, 0.15]}
      - contrast: {gain: [0.8, 1.6]}

Use instead:

    version: 1
    task: digits
    steps:
      - contrast: {gain: [0.8, 1.6]}
      - noise: {sigma: [0.0, 0.1]}
"""

from __future__ import annotations

from collections.abc import Iterator

from augkit.safety.case import Case
from augkit.safety.finding import Finding

CODE, NAME = "LS305", "noisy"


def check(case: Case) -> Iterator[Finding]:
    """Yield a finding for each limit that is not proved to hold."""
    for found in case.outside("noise"):
        yield found.finding((CODE, NAME), "adds noise with a sigma of {} of the full range", "narrow {}")

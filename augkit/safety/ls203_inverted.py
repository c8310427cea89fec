"""Inverts the tones of a class whose polarity carries its meaning.

Why: an inverted X-ray or traffic sign is not what anyone will ever be shown.

Example:

    version: 1
    task: natural
    steps:
      - invert: {p: 0.5}

Use instead:

    version: 1
    task: natural
    steps:
      - contrast: {gain: [0.8, 1.2]}
"""

from __future__ import annotations

from collections.abc import Iterator

from augkit.safety.case import Case
from augkit.safety.finding import Finding

CODE, NAME = "LS203", "inverted"


def check(case: Case) -> Iterator[Finding]:
    """Yield a finding for each limit that is not proved to hold."""
    for found in case.outside("inverted"):
        yield found.finding((CODE, NAME), "inverts the tones, with a slope of {}", "remove {}")

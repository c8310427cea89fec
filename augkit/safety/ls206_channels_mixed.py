"""Swaps colour channels of a class whose colours carry meaning.

Why: with red and blue swapped a face is blue and the sky is orange: pictures nobody will ever be shown.

Example:

    version: 1
    task: natural
    steps:
      - channel_shuffle: {p: 0.1}

Use instead:

    version: 1
    task: natural
    steps:
      - hue: {degrees: [-18, 18]}
      - grey: {p: 0.1}
"""

from __future__ import annotations

from collections.abc import Iterator

from augkit.safety.case import Case
from augkit.safety.finding import Finding

CODE, NAME = "LS206", "channels-mixed"


def check(case: Case) -> Iterator[Finding]:
    """Yield a finding for each limit that is not proved to hold."""
    for found in case.outside("channels"):
        yield found.finding((CODE, NAME), "mixes the colour channels", "remove {}")

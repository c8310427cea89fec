"""Moves more of the picture out of frame than a class can do without.

Why: what makes a 7 a 7 is its top.  Losses of several steps pile up: a shift and a zoom, each harmless,
can leave half a digit.  Where a crop, or a step such as jpeg, blur or gamma, stands between, what the
first pushed out of frame does not come back.

Example:

    version: 1
    task: digits
    steps:
      - shift: {x: [-0.2, 0.2], y: [-0.2, 0.2]}
      - zoom: {factor: [1.0, 1.2]}

Use instead:

    version: 1
    task: digits
    steps:
      - shift: {x: [-0.1, 0.1], y: [-0.1, 0.1]}
      - zoom: {factor: [0.9, 1.1]}
"""

from __future__ import annotations

from collections.abc import Iterator

from augkit.safety.case import Case
from augkit.safety.finding import Finding

CODE, NAME = "LS301", "out-of-frame"


def check(case: Case) -> Iterator[Finding]:
    """Yield a finding for each limit that is not proved to hold."""
    for found in case.outside("kept"):
        yield found.finding((CODE, NAME), "keeps only {} of the picture in frame", "narrow {}")

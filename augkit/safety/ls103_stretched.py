"""Stretches one axis against the other farther than a class survives.

Why: a stretched 0 is a 1, a flattened one a dash.  Shears stretch too: a shear by 20 degrees has a ratio
of 1.44.  What was stretched before a step such as jpeg or blur has lost details of one axis there.

Example:

    version: 1
    task: digits
    steps:
      - zoom: {x: [0.5, 1.0]}

Use instead:

    version: 1
    task: digits
    steps:
      - zoom: {x: [0.9, 1.1]}
"""

from __future__ import annotations

from collections.abc import Iterator

from augkit.safety.case import Case
from augkit.safety.finding import Finding

CODE, NAME = "LS103", "stretched"


def check(case: Case) -> Iterator[Finding]:
    """Yield a finding for each limit that is not proved to hold."""
    for found in case.outside("stretch"):
        yield found.finding((CODE, NAME), "stretches the axes by a ratio of {}", "narrow {}")

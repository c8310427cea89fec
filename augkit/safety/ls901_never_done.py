"""Holds a step that never happens.

Why: a probability of 0 is a step somebody believes in and no picture ever sees.

Example:

    version: 1
    task: digits
    steps:
      - rotate: {degrees: [-10, 10], p: 0}

Use instead:

    version: 1
    task: digits
    steps:
      - rotate: {degrees: [-10, 10], p: 0.5}
"""

from __future__ import annotations

from collections.abc import Iterator

from augkit.safety.case import Case
from augkit.safety.finding import Finding

CODE, NAME = "LS901", "never-done"


def check(case: Case) -> Iterator[Finding]:
    """Yield a finding for each step whose probability is 0."""
    for leaf in case.policy.leaves():
        if leaf.p == 0:
            yield Finding(
                code=CODE,
                name=NAME,
                where=leaf.where,
                path=leaf.path,
                state="unsafe",
                problem=f"{leaf.name} has probability 0 and never happens",
                fix="remove the step, or give it a probability",
            )

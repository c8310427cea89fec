"""Holds a step that changes nothing.

Why: a range that begins and ends where the step does nothing looks like augmentation in the file and is
none in the data.

Example:

    version: 1
    task: digits
    steps:
      - zoom: {factor: [1.0, 1.0]}

Use instead:

    version: 1
    task: digits
    steps:
      - zoom: {factor: [0.9, 1.1]}
"""

from __future__ import annotations

from collections.abc import Iterator

from augkit.safety.case import Case
from augkit.safety.finding import Finding

CODE, NAME = "LS902", "never-moves"


def check(case: Case) -> Iterator[Finding]:
    """Yield a finding for each step whose ranges lie where it does nothing."""
    for leaf in case.policy.leaves():
        moving = [number for number in leaf.op.drawn() if number.still is not None]
        if moving and all(number.low == number.high == number.still for number in moving):
            ranges = ", ".join(number.name for number in moving)
            yield Finding(
                code=CODE,
                name=NAME,
                where=leaf.where,
                path=leaf.path,
                state="unsafe",
                problem=f"{leaf.name} draws {ranges} from a range that changes nothing",
                fix="widen the range, or remove the step",
            )

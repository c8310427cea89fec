"""Holds a suite of which nothing is left to draw.

Why: `rand_augment` and `trivial_augment` are narrowed to the ops that all labels survive at their strength.
Where none of them is survived, or the policy itself leaves them all out, every picture comes out as it went
in.

Example:

    version: 1
    task: digits
    steps:
      - rand_augment:
          magnitude: 30
          without: [posterize, saturation, solarize]

Use instead:

    version: 1
    task: digits
    steps:
      - rand_augment: {magnitude: 5}
"""

from __future__ import annotations

from collections.abc import Iterator

from augkit.safety.case import Case
from augkit.safety.finding import Finding
from augkit.steps import Choice, Node, Sugar, leaves

CODE, NAME = "LS908", "nothing-left"


def check(case: Case) -> Iterator[Finding]:
    """Yield a finding for each suite that draws from nothing."""
    for node in _suites(case.policy.steps):
        if node.p > 0 and not any(leaves((node,))):
            yield Finding(
                code=CODE,
                name=NAME,
                where=node.where,
                path=node.path,
                state="unsafe",
                problem=f"{node.name} has nothing left to draw: every op that changes a picture is left out",
                fix="lower the magnitude, write shorter 'without', or remove the step",
            )


def _suites(nodes: tuple[Node, ...]) -> Iterator[Sugar]:
    for node in nodes:
        if isinstance(node, Sugar):
            yield node
        elif isinstance(node, Choice):
            for branch in node.branches:
                yield from _suites(branch)

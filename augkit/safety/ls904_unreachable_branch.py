"""Holds a choice whose branches are never taken.

Why: none of the steps below a choice of probability 0, or of 0 out of many, is ever seen by a picture.

Example:

    version: 1
    task: digits
    steps:
      - some_of:
          n: 0
          steps:
            - rotate: {degrees: [-10, 10]}
            - shear: {x_degrees: [-8, 8]}

Use instead:

    version: 1
    task: digits
    steps:
      - some_of:
          n: 1
          steps:
            - rotate: {degrees: [-10, 10]}
            - shear: {x_degrees: [-8, 8]}
"""

from __future__ import annotations

from collections.abc import Iterator

from augkit.safety.case import Case
from augkit.safety.finding import Finding
from augkit.steps import Choice, Node

CODE, NAME = "LS904", "unreachable-branch"


def check(case: Case) -> Iterator[Finding]:
    """Yield a finding for each choice that takes none of its branches; what is inside it goes unsaid."""
    for choice in _idle(case.policy.steps):
        never = "has probability 0" if choice.p == 0 else f"takes 0 of its {len(choice.branches)} branches"
        yield Finding(
            code=CODE,
            name=NAME,
            where=choice.where,
            path=choice.path,
            state="unsafe",
            problem=f"{choice.name} {never}: nothing in it ever happens",
            fix="remove it, or let it be taken",
        )


def _idle(nodes: tuple[Node, ...]) -> Iterator[Choice]:
    for node in nodes:
        if not isinstance(node, Choice):
            continue
        if node.p == 0 or node.most == 0:
            yield node
            continue
        for branch in node.branches:
            yield from _idle(branch)

"""Augments a split that is there to measure with.

Why: a score on changed validation or test pictures says nothing about the pictures that were collected,
and cannot be compared with anyone's.  A policy that wants other splits augmented has to give its reason.
Copies never cross a split, so that there is no rule about that: a policy has no word for where copies go,
every copy is written beside its source, and equal pictures are kept together when a source is divided.

Example:

    version: 1
    task: digits
    splits: [train, test]
    steps:
      - shift: {x: [-0.1, 0.1]}

Use instead:

    version: 1
    task: digits
    splits: [train]
    steps:
      - shift: {x: [-0.1, 0.1]}
"""

from __future__ import annotations

from collections.abc import Iterator

from augkit.safety.case import Case
from augkit.safety.finding import Finding

CODE, NAME = "LS501", "test-split"


def check(case: Case) -> Iterator[Finding]:
    """Yield a finding when other splits than train are augmented."""
    others = [split for split in case.policy.splits if split != "train"]
    if others:
        yield Finding(
            code=CODE,
            name=NAME,
            where=case.policy.place("splits"),
            path="splits",
            state="unsafe",
            problem=f"augments {', '.join(others)}, which measure and do not train",
            fix="write 'splits: [train]', or waive it under 'allow' with the reason",
        )

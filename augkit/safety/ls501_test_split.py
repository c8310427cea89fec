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

from augkit.errors import did_you_mean
from augkit.safety.case import Case
from augkit.safety.finding import Finding

CODE, NAME = "LS501", "test-split"
_MEASURING = ("validation", "test")


def check(case: Case) -> Iterator[Finding]:
    """Yield a finding when other splits than train are augmented."""
    others = [split for split in case.policy.splits if split != "train"]
    if others:
        strangers = [split for split in others if split not in _MEASURING]
        hints = [did_you_mean(split, ("train", *_MEASURING)) for split in strangers]
        fix = "write 'splits: [train]', or waive it under 'allow' with the reason"
        yield Finding(
            code=CODE,
            name=NAME,
            where=case.policy.place("splits"),
            path="splits",
            state="unsafe",
            problem=_problem(others, strangers),
            fix="; ".join([*dict.fromkeys(filter(None, hints)), fix]),
        )


def _problem(others: list[str], strangers: list[str]) -> str:
    if strangers:
        return (
            f"augments {', '.join(others)}, want train alone (most sources have train, validation and test)"
        )
    return f"augments {', '.join(others)}, which measure and do not train"

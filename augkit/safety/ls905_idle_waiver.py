"""Waives a rule that has nothing to say.

Why: a waiver that waives nothing hides the next thing that goes wrong under its code, and a misspelt one
hides nothing at all.

Example:

    version: 1
    task: digits
    steps:
      - shift: {x: [-0.1, 0.1]}
    allow:
      LS102: old pictures were scanned askew

Use instead:

    version: 1
    task: digits
    steps:
      - shift: {x: [-0.1, 0.1]}
"""

from __future__ import annotations

from collections.abc import Iterator

from augkit.safety.case import Case
from augkit.safety.finding import Finding

CODE, NAME = "LS905", "idle-waiver"


def check(case: Case) -> Iterator[Finding]:
    """Yield a finding for each waiver that no finding needs."""
    idle = case.idle_waivers
    others = [code for code in idle if code != CODE]
    for code in others or idle:  # this rule's own waiver has something to waive when another one is idle
        yield Finding(
            code=CODE,
            name=NAME,
            where=case.policy.place(f"allow.{code}"),
            path=f"allow.{code}",
            state="unsafe",
            problem=f"{code} is allowed, but it has no finding here",
            fix="remove the waiver, or correct its code (see 'augkit explain')",
        )

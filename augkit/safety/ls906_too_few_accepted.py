"""Makes draws that a class hardly ever survives.

Why: a guard that throws nearly every draw of a class away spends its time on nothing, and the few draws
that are left lie at the edge of what the class survives.  Below 5 % the policy is the wrong one for that
class.

Example:

    version: 1
    task: digits
    on_unsafe: redraw
    steps:
      - rotate: {degrees: [90, 120]}

Use instead:

    version: 1
    task: digits
    on_unsafe: redraw
    steps:
      - rotate: {degrees: [-60, 60]}
"""

from __future__ import annotations

from collections.abc import Iterator

from augkit.safety.case import Case
from augkit.safety.finding import Finding

CODE, NAME = "LS906", "too-few-accepted"
LEAST = 0.05


def check(case: Case) -> Iterator[Finding]:
    """Yield a finding for the classes that accept fewer than 5 % of a guarded policy's draws."""
    few = {name: share for name, share in case.acceptance.items() if share < LEAST}
    if few:
        said = ", ".join(f"{name} ({share:.1%})" for name, share in few.items())
        yield Finding(
            code=CODE,
            name=NAME,
            where=case.policy.place("on_unsafe"),
            path="on_unsafe",
            state="unsafe",
            problem=f"fewer than {LEAST:.0%} of draws are accepted for {said}",
            fix="narrow the ranges to what these classes survive (see 'augkit tasks')",
            classes=tuple(few),
        )

"""Holds a step of which nobody knows what it does to a picture.

Why: an unknown reach is inside no limit.  Such steps come from the pipelines of other tools, where a function
of your own, or a transform that is in no table, may do anything; the other rules speak of the steps beside.

Example:

    A.Compose([A.Lambda(image=my_function)])

Use instead:

    A.Compose([A.Rotate(limit=10)])
"""

from __future__ import annotations

from collections.abc import Iterator

from augkit.safety.case import Case
from augkit.safety.finding import Finding

CODE, NAME = "LS907", "unknown-effect"


def check(case: Case) -> Iterator[Finding]:
    """Yield a finding for each step of unknown reach."""
    for leaf in case.unknown:
        yield Finding(
            code=CODE,
            name=NAME,
            where=leaf.where,
            path=leaf.path,
            state="unproven",
            problem=f"nobody has declared what {leaf.name} does, so nothing is proved of it",
            fix="use one whose effects are known ('augkit ops'), or look at what it makes and allow it",
        )

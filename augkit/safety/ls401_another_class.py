"""Makes a good picture of another class, and keeps the old label.

Why: a 6 turned by half a turn is not a bad 6 but a good 9.  Kept as a 6 it teaches the network that nines are
sixes; with `on_unsafe: relabel` it is written down as the 9 that it is.

Example:

    version: 1
    task: digits
    steps:
      - rotate: {degrees: [180, 180], p: 0.5}
    allow:
      LS102: the other digits are looked at elsewhere

Use instead:

    version: 1
    task: digits
    on_unsafe: relabel
    steps:
      - rotate: {degrees: [180, 180], p: 0.5}
"""

from __future__ import annotations

from collections.abc import Iterator

from augkit.intervals import Arcs
from augkit.reach import numbers
from augkit.safety.case import Case
from augkit.safety.finding import Finding

CODE, NAME = "LS401", "another-class"


def check(case: Case) -> Iterator[Finding]:
    """Yield a finding for each zone that is reached in which a class becomes another."""
    for axis, does in (("turn", "turns by {}"), ("mirrored", "shows a mirrored picture, with a turn of {}")):
        for found in case.becoming(axis):
            what = f"{'classes' if len(found.classes) > 1 else 'class'} {', '.join(found.classes)}"
            assert isinstance(found.limit, Arcs)  # of a zone, and zones are arcs
            zone = numbers(axis, found.limit.complement())
            but = f"at {zone} {what} would be another class and keep the old label"
            yield found.finding(
                (CODE, NAME), does, "write on_unsafe: relabel, or narrow or remove {}", but=but
            )

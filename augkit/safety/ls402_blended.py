"""Mixes another picture in, and keeps the label of the first.

Why: half a 3 laid over half an 8 is neither.  Mixing helps only with a label mixed alike, and pictures on
disk have one label each.

Example:

    keras.Sequential([keras.layers.MixUp()])

Use instead:

    keras.Sequential([keras.layers.RandomTranslation(0.1, 0.1, fill_mode="constant")])
"""

from __future__ import annotations

from collections.abc import Iterator

from augkit.safety.case import Case
from augkit.safety.finding import Finding

CODE, NAME = "LS402", "blended"


def check(case: Case) -> Iterator[Finding]:
    """Yield a finding for each limit that is not proved to hold."""
    for found in case.outside("blended"):
        yield found.finding((CODE, NAME), "mixes in {} of another picture", "remove {}")

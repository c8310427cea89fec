"""What one bad draw says of all factors: scaled down with the ranges, it stays bad until it does not."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from augkit.draw import numbered
from augkit.policy import Policy
from augkit.safety import Finding
from augkit.safety.measuring import outside
from augkit.steps import Step

FACTORS = np.arange(1, 4096) / 4096
"""The factors that are tried, rising."""

_COARSE = 32
_MARGIN = 1e-6


@dataclasses.dataclass
class Refuted:
    """Know at which factors some draw leaves its limit, whatever else is true.

    Attributes:
        rows:  where among the drawn numbers those stand that a factor moves, and where they do nothing.
        among: bool, for each of `FACTORS` whether it is refuted.
    """

    rows: dict[int, float]
    among: NDArray[np.bool_]

    @classmethod
    def of(cls, policy: Policy, matter: list[Step]) -> Refuted:
        """Know nothing yet of narrowing some steps of a policy."""
        names = {leaf.name for leaf in matter}
        drawn = enumerate(numbered(policy))
        rows = {row: n.still for row, (step, n) in drawn if step.name in names and n.still is not None}
        return cls(rows, np.zeros(len(FACTORS), dtype=np.bool_))

    def open(self, low: float, high: float) -> NDArray[np.float64]:
        """Return the factors between two that are not refuted, rising."""
        return FACTORS[~self.among & (low < FACTORS) & (high > FACTORS)]

    def add(self, finding: Finding, factor: float) -> None:
        """Learn from the witness, if any, of a finding on the text narrowed by a factor."""
        if finding.witness is None or finding.survived is None:
            return
        step = 1 if finding.axis in finding.witness.effects else _COARSE
        tried = FACTORS[::step]
        many = finding.witness.take(np.zeros(len(tried), dtype=np.int64))
        scaled = many.numbers.copy()
        for row, still in self.rows.items():
            scaled[row] = still + tried / factor * (scaled[row] - still)
        bad = outside(dataclasses.replace(many, numbers=scaled), finding.axis, finding.survived) > _MARGIN
        # Scaled up past the factor that it was found at, a draw could be one that the policy does not make.
        self.among |= np.repeat(bad, step)[: len(FACTORS)] & (factor >= FACTORS)

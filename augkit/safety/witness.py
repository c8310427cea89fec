"""The witness: concrete draws of the real sampler that leave a limit, found by search.

Candidates come from the policy's own sampler, once with their numbers as drawn and once at the ends of
their ranges; the most promising are then improved number by number with shrinking steps.  Whatever is found
is a draw that the policy can make.
"""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from augkit import keys
from augkit.draw import Draws, draw, numbered
from augkit.intervals import Interval
from augkit.policy import Policy
from augkit.reach import Limits
from augkit.safety import measuring
from augkit.steps import Step

_SAMPLES = 1024
_STARTS = 48
_CORNERS = 32
_PATTERNS = 40
_ROUNDS = 36
_SEED = 0x5EED

Floats = NDArray[np.float64]


@dataclasses.dataclass(frozen=True, eq=False)
class Witnesses:
    """Look for draws outside limits; the candidates are made once and serve every limit."""

    policy: Policy
    aspect: Interval
    pool: Draws

    @classmethod
    def of(cls, policy: Policy, aspect: Interval) -> Witnesses:
        """Make the candidates."""
        count = 3 * _SAMPLES
        rng_words = keys.raw(
            _SEED, keys.word("witness"), np.arange(count, dtype=np.uint64), np.zeros(count, np.uint64), 2
        )
        chance = keys.uniform(rng_words)
        wide = np.geomspace(aspect.low, aspect.high, 5)[(chance[:, 0] * 5).astype(int)]
        drawn = draw(
            policy,
            [f"candidate {i}" for i in range(count)],
            np.zeros(count, np.int64),
            seed=_SEED,
            aspects=wide,
        )
        return cls(policy, aspect, dataclasses.replace(drawn, numbers=cls._at_ends(policy, drawn.numbers)))

    @staticmethod
    def _at_ends(policy: Policy, numbers: Floats) -> Floats:
        """Leave a third of the draws as they are, and send the others' numbers to the ends, or to an end or
        the middle.
        """
        out = numbers.copy()
        part = numbers.shape[1] // 3
        for row, (_, number) in enumerate(numbered(policy)):
            if number.options or number.low == number.high:
                continue
            share = (numbers[row] - number.low) / (number.high - number.low)
            corner = np.where(share < 0.5, number.low, number.high)
            grid = number.low + np.minimum(np.floor(share * 3), 2) / 2 * (number.high - number.low)
            out[row, part : 2 * part] = corner[part : 2 * part]
            out[row, 2 * part :] = np.minimum(grid[2 * part :], number.high)  # sums may round up
        return out

    def search(self, axis: str, limit: Limits, *, improve: bool = True) -> tuple[float, Draws]:
        """Return how far outside `limit` the worst draw found lies on `axis` (0 or less: inside), and that
        draw.
        """
        limit = measuring.open_ended(axis, limit)
        if axis not in self.pool.effects:
            return self._declared(axis, limit)
        over = self.pool.outside(axis, limit)
        best = np.argsort(-over, kind="stable")[:_STARTS]
        worst, found = over[best[0]], self.pool.take(best[:1])
        if not improve or not np.isfinite(over[best]).any() or not len(self.pool.numbers):
            return float(worst), found
        return self._climb(axis, limit, self.pool.take(best[np.isfinite(over[best])]))

    def _declared(self, axis: str, limit: Limits) -> tuple[float, Draws]:
        """Look among draws at the ends of their ranges, on an axis on which a draw is not measured.

        Every step outside of choices is done, however seldom; draws that do many others come first.
        """
        always = [step.name for step in self.policy.steps if isinstance(step, Step) and step.p > 0]
        active = self.pool.active | np.array([[leaf.name in always] for leaf in self.policy.leaves()])
        _, patterns = np.unique(active, axis=1, return_index=True)
        busiest = patterns[np.argsort(-active[:, patterns].sum(axis=0), kind="stable")][:_PATTERNS]
        at = np.concatenate([busiest, busiest, np.arange(_SAMPLES, _SAMPLES + _CORNERS)])
        rows = [(n.low, n.high) for _, n in numbered(self.policy)]
        ends = np.array(rows, dtype=np.float64).reshape(-1, 2)
        numbers, count = self.pool.numbers[:, at], len(busiest)
        numbers[:, :count], numbers[:, count : 2 * count] = ends[:, :1], ends[:, 1:]
        some = dataclasses.replace(self.pool.take(at), numbers=numbers, active=active[:, at])
        over = measuring.outside(some, axis, limit)
        first = int(np.argmax(over))
        return float(over[first]), some.take(np.array([first]))

    def _climb(self, axis: str, limit: Limits, at: Draws) -> tuple[float, Draws]:
        low, high = (np.array([getattr(n, end) for _, n in numbered(self.policy)]) for end in ("low", "high"))
        fixed = np.array([bool(n.options) for _, n in numbered(self.policy)])
        width = np.where(fixed, 0.0, high - low)
        over = at.outside(axis, limit)
        count = len(at)
        for turn in range(_ROUNDS):
            seeds = np.arange(count, dtype=np.uint64)
            raws = keys.raw(_SEED, keys.word("climb") + turn, seeds, seeds, 2 * len(width))
            move = (2 * keys.uniform(raws[:, : len(width)]) - 1).T * width[:, None] * 0.8 ** (turn % 18)
            still = keys.uniform(raws[:, len(width) :]).T < 0.5
            numbers = np.clip(at.numbers + np.where(still, 0, move), low[:, None], high[:, None])
            trial = dataclasses.replace(at, numbers=numbers)
            trial_over = trial.outside(axis, limit)
            better = trial_over > over
            at = dataclasses.replace(at, numbers=np.where(better, trial.numbers, at.numbers))
            over = np.where(better, trial_over, over)
        first = int(np.argmax(over))
        return float(over[first]), at.take(np.array([first]))

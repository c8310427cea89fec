"""Proportions: their intervals hold what they promise."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy.stats import binom, binomtest, multinomial

from augkit.audit.proportions import difference, more_to_decide, share


@pytest.mark.parametrize(("hits", "of"), [(0, 40), (3, 40), (20, 40), (39, 40), (40, 40), (487, 500)])
def test_an_interval_is_that_of_clopper_and_pearson(hits: int, of: int) -> None:
    theirs = binomtest(hits, of).proportion_ci(confidence_level=0.99, method="exact")
    ours = share(hits, of, 0.01)
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=1e-9)


@pytest.mark.parametrize("of", [20, 137, 500])
@pytest.mark.parametrize("alpha", [0.05, 0.001])
def test_an_interval_misses_no_more_often_than_it_says_whatever_is_true(of: int, alpha: float) -> None:
    """Not by chance: the probability of every count is added up."""
    found = [share(hits, of, alpha) for hits in range(of + 1)]
    low, high = np.array([s.low for s in found]), np.array([s.high for s in found])
    for truth in np.linspace(0.001, 0.999, 199):
        missed = binom.pmf(np.arange(of + 1), of, truth)[(truth < low) | (truth > high)].sum()
        assert missed <= alpha * (1 + 1e-9), truth


@pytest.mark.thorough
@pytest.mark.parametrize(("of", "most"), [(60, 60), (150, 70), (500, 60)])
@pytest.mark.parametrize("alpha", [0.05, 0.001, 1e-5])
def test_a_difference_misses_no_more_often_than_it_says_whatever_is_true(
    of: int, most: int, alpha: float
) -> None:
    """Not by chance: the probability of every outcome that is likely enough to matter is added up."""
    counts = [(more, fewer) for more in range(most + 1) for fewer in range(min(most, of - more) + 1)]
    found = [difference(more, fewer, of, alpha) for more, fewer in counts]
    low, high = np.array([s.low for s in found]), np.array([s.high for s in found])
    outcomes = np.array([(more, fewer, of - more - fewer) for more, fewer in counts])
    for more, fewer in itertools.product([0, 0.001, 0.003, 0.01, 0.02, 0.03, 0.05, 0.1, 0.15], repeat=2):
        if (more + fewer) * of > 0.4 * most:
            continue  # outcomes beyond those counted would matter
        likely = multinomial.pmf(outcomes, of, [more, fewer, 1 - more - fewer])
        missed = likely[(more - fewer < low) | (more - fewer > high)].sum() + max(0.0, 1 - likely.sum())
        assert missed <= alpha, (more, fewer)


@pytest.mark.parametrize("of", [60, 500])
@pytest.mark.parametrize("true", [(0.0, 0.0), (0.12, 0.0), (0.04, 0.03), (0.5, 0.2), (0.01, 0.3)])
def test_a_difference_of_paired_shares_is_covered(of: int, true: tuple[float, float]) -> None:
    more, fewer = true
    drawn = np.random.default_rng(7).multinomial(of, [more, fewer, 1 - more - fewer], size=4000)
    missed = 0
    for gained, lost, _ in drawn:
        found = difference(int(gained), int(lost), of, 0.05)
        missed += not found.low - 1e-12 <= more - fewer <= found.high + 1e-12
    assert missed / len(drawn) <= 0.05 + 3 * (0.05 * 0.95 / len(drawn)) ** 0.5


def test_of_no_pictures_nothing_is_known() -> None:
    nothing = share(0, 0, 0.05)
    assert (nothing.low, nothing.high) == (0, 1)
    assert np.isnan(nothing.seen)


@pytest.mark.parametrize(("hits", "of", "bound"), [(45, 50, 0.8), (12, 20, 0.5), (3, 100, 0.06)])
def test_so_many_more_pictures_decide_and_far_fewer_do_not(hits: int, of: int, bound: float) -> None:
    more = more_to_decide(share(hits, of, 1e-4), bound, 1e-4)
    assert more is not None

    def decided(pictures: float) -> bool:
        found = share(round(hits / of * pictures), int(pictures), 1e-4)
        return not found.low <= bound <= found.high

    assert decided(of + more)
    assert not decided(of + 0.9 * more)


@pytest.mark.parametrize(
    ("more", "fewer", "of", "bound"), [(30, 10, 500, 0.1), (45, 25, 500, 0.01), (9, 9, 90, 0.1)]
)
def test_so_many_more_pictures_decide_a_difference(more: int, fewer: int, of: int, bound: float) -> None:
    alpha = 1e-5
    further = more_to_decide(difference(more, fewer, of, alpha), bound, 1e-3)
    assert further is not None

    def decided(pictures: int) -> bool:
        found = difference(round(more * pictures / of), round(fewer * pictures / of), pictures, alpha)
        return not found.low <= bound <= found.high

    assert decided(of + further)
    assert not decided(of + further // 2)


def test_a_share_at_the_bound_is_never_decided() -> None:
    assert more_to_decide(share(40, 50, 0.01), 0.8, 0.01) is None

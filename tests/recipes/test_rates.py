"""A rate falls as settings say: along a line or a cosine with each step, or by the errors so far."""

from __future__ import annotations

import pytest

from augkit import backend
from recipes.rates import Rate


def rate(falls: str) -> Rate:
    return Rate(falls, 0.08, 10, 3, 2)


@pytest.mark.parametrize(("falls", "half"), [("linear", 0.04), ("cosine", 0.04)])
def test_a_rate_that_falls_with_each_step_ends_at_nothing(falls, half):
    keras, schedule = backend.load(), rate(falls).schedule(100)
    found = [float(keras.ops.convert_to_numpy(schedule(step))) for step in (0, 25, 50, 100)]
    assert found[0] == pytest.approx(0.08) and found[2] == pytest.approx(half, rel=1e-5)
    assert found[3] == pytest.approx(0, abs=1e-8)
    # A cosine stays high longer than a line.
    assert (found[1] > 0.065) == (falls == "cosine")
    assert rate(falls).plateau() is None


def test_a_plateau_begins_at_the_first_rate_and_falls_by_its_errors():
    found = rate("plateau").plateau()
    assert rate("plateau").schedule(100) == 0.08
    assert [found.rate([0.9] * n) for n in (1, 2, 3, 5)] == pytest.approx([0.08, 0.08, 0.008, 0.0008])

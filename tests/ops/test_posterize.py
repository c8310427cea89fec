"""Posterize against float64 NumPy, and its declared effect against measured pixels."""

from __future__ import annotations

import numpy as np
import pytest

from augkit.intervals import Interval
from augkit.ops import OPS, Kernel

RAMP = np.arange(256, dtype=np.uint8).reshape(16, 16, 1)


@pytest.mark.parametrize("bits", [1.0, 1.6, 2.0, 3.3, 5.0, 7.5, 8.0])
def test_posterize_leaves_as_many_levels_as_declared_and_takes_the_nearest(bits: float) -> None:
    made = OPS["posterize"](bits=(bits, 8))
    assert isinstance(made, Kernel)
    after = made.apply(RAMP, {"bits": bits})
    levels = np.linspace(0, 255, round(2**bits))
    assert len(np.unique(after)) == len(levels) == made.effects(Interval(1, 1)).levels.low
    nearest = np.abs(RAMP.reshape(-1, 1) - levels).min(axis=1)
    assert np.abs(np.abs(RAMP.astype(float) - after).ravel() - nearest).max() <= 0.5


def test_posterize_keeps_black_and_white() -> None:
    made = OPS["posterize"](bits=(1, 8))
    assert isinstance(made, Kernel)
    for bits in np.linspace(1, 8, 29):
        after = made.apply(RAMP, {"bits": float(bits)}).ravel()
        assert (after[0], after[255]) == (0, 255)

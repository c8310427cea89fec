"""Erase: what it covers is what it declares."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from augkit.intervals import Interval
from augkit.ops import OPS, Kernel

share = st.floats(0, 1)


def erase(**ranges: tuple[float, float]) -> Kernel:
    made = OPS["erase"](**{"width": (0, 1), "height": (0, 1), **ranges})
    assert isinstance(made, Kernel)
    return made


@given(width=share, height=share, x=share, y=share, rows=st.integers(1, 40), columns=st.integers(1, 40))
@settings(max_examples=150, deadline=None)
def test_the_share_covered_is_width_times_height_at_every_size(
    width: float, height: float, x: float, y: float, rows: int, columns: int
) -> None:
    white = np.full((rows, columns, 3), 255, dtype=np.uint8)
    values = {"width": width, "height": height, "x": x, "y": y, "fill": 0.0}
    after = erase().apply(white, values)
    covered = 1 - after.astype(float).mean() / 255
    rounding = 0.5 / 255 + 1e-9
    assert abs(covered - width * height) <= rounding
    declared = erase(width=(width, width), height=(height, height)).effects(Interval(1, 1)).covered.high
    assert covered <= declared + rounding


@pytest.mark.parametrize(
    "x, y, rows, columns",
    [
        (0, 0, slice(6, 8), slice(0, 5)),
        (1, 1, slice(0, 2), slice(5, 10)),
        (0.4, 0.5, slice(3, 5), slice(2, 7)),
    ],
)
def test_the_rectangle_is_where_it_was_drawn(x: float, y: float, rows: slice, columns: slice) -> None:
    picture = np.arange(80, dtype=np.uint8).reshape(8, 10, 1)
    values = {"width": 0.5, "height": 0.25, "x": x, "y": y, "fill": 200.0}
    wanted = picture.copy()
    wanted[rows, columns] = 200
    assert np.array_equal(erase().apply(picture, values), wanted)


def test_a_pixel_half_covered_is_half_painted_over() -> None:
    picture = np.full((4, 4, 1), 100, dtype=np.uint8)
    values = {"width": 0.375, "height": 1.0, "x": 0.0, "y": 0.0, "fill": 200.0}
    after = erase().apply(picture, values)[0, :, 0]
    assert after.tolist() == [200, 150, 100, 100]

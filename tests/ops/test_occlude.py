"""Erase, cutout and grid mask: what they cover is what they declare."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from augkit import keys
from augkit.intervals import Interval
from augkit.ops import Kernel
from tests.ops.scenes import op, speckled

share = st.floats(0, 1)


def erase(**ranges: tuple[float, float]) -> Kernel:
    return op("erase", **{"width": (0, 1), "height": (0, 1), **ranges})


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


FINE = 16


def fine(height: int, width: int, pixels: int = FINE) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the places of FINE points in each pixel, in pixels from the left and from the top."""
    return tuple((np.arange(n * pixels) + 0.5) / pixels for n in (width, height))  # type: ignore[return-value]


def averaged(hidden: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the share of each pixel's points that is hidden."""
    rows, columns = hidden.shape[0] // FINE, hidden.shape[1] // FINE
    return hidden.reshape(rows, FINE, columns, FINE).mean(axis=(1, 3))


def cutout(**ranges: tuple[float, float]) -> Kernel:
    return op("cutout", **{"holes": (0, 100), "side": (0, 1), **ranges})


def centres(field: int, holes: int) -> NDArray[np.float64]:
    """Return where an address has the squares' centres, as shares of width and height."""
    nobody = np.zeros(1, np.uint64)
    words = keys.raw(field, keys.word("cutout"), nobody, nobody, 2 * holes)[0]
    return np.array([(int(word) >> 11) / 2**53 for word in words]).reshape(holes, 2)


@pytest.mark.parametrize("shape", [(28, 28, 1), (24, 40, 3), (17, 9, 3), (1, 1, 1), (1, 30, 1)])
@pytest.mark.parametrize("holes, side", [(1, 0.5), (1, 1.0), (3, 0.21), (7, 0.1)])
def test_the_squares_of_a_cutout_lie_about_their_centres_and_are_cut_by_the_frame(
    shape: tuple[int, int, int], holes: int, side: float
) -> None:
    height, width = shape[:2]
    half = side * math.sqrt(height * width) / 2
    x, y = fine(height, width)
    for field in range(4):
        picture = speckled(*shape, seed=field)
        left = np.ones((height, width))
        for centre in centres(field, holes) * (width, height):
            square = (np.abs(y - centre[1]) < half)[:, None] & (np.abs(x - centre[0]) < half)
            left = left * (1 - averaged(square))
        drawn = {"holes": float(holes), "side": side, "fill": 70.0, "field": float(field)}
        after = cutout().apply(picture, drawn)
        wanted = 70 + left[:, :, None] * (picture.astype(float) - 70)
        assert np.abs(after - wanted).max() <= 200 * 2 / FINE + 1
        assert np.abs(after - wanted).mean() < 5


@given(
    holes=st.integers(0, 5),
    side=share,
    field=st.integers(0, 2**53 - 1),
    rows=st.integers(1, 40),
    columns=st.integers(1, 40),
)
@settings(max_examples=150, deadline=None)
def test_a_cutout_covers_no_more_than_it_declares(
    holes: int, side: float, field: int, rows: int, columns: int
) -> None:
    white = np.full((rows, columns, 1), 255, dtype=np.uint8)
    drawn = {"holes": float(holes), "side": side, "fill": 0.0, "field": float(field)}
    made = cutout().at(drawn)
    aspect = Interval(columns / rows, columns / rows)
    covered = 1 - made.apply(white, drawn).astype(float).mean() / 255
    assert covered <= made.effects(aspect).covered.high + holes * 0.5 / 255 + 1e-9
    assert made.effects(aspect).covered.high <= made.effects(Interval(0.01, 100)).covered.high


def test_a_cutout_covers_all_that_it_declares_where_squares_are_apart_and_whole() -> None:
    white = np.full((60, 90, 1), 255, dtype=np.uint8)
    most = 0.0
    for field in range(300):
        drawn = {"holes": 3.0, "side": 0.2, "fill": 0.0, "field": float(field)}
        most = max(most, 1 - cutout().apply(white, drawn).astype(float).mean() / 255)
    assert most == pytest.approx(
        cutout(holes=(1, 3), side=(0, 0.2)).effects(Interval(1, 1)).covered.high, abs=2e-3
    )


def test_as_many_squares_are_drawn_as_the_range_has_whole_numbers_each_as_often() -> None:
    drawn, *_ = cutout(holes=(1, 4)).drawn()
    assert drawn.options == (1, 2, 3, 4)
    drawn, *_ = cutout(holes=(0.4, 2.6)).drawn()
    assert drawn.options == (0, 1, 2, 3)


def grid_mask(**ranges: tuple[float, float]) -> Kernel:
    return op("grid_mask", **{"cells": (1, 64), "ratio": (0, 1), **ranges})


@given(
    cells=st.integers(1, 64),
    ratio=share,
    x=share,
    y=share,
    rows=st.integers(1, 60),
    columns=st.integers(1, 60),
)
@settings(max_examples=200, deadline=None)
def test_a_grid_hides_the_square_of_its_ratio_wherever_it_lies(
    cells: int, ratio: float, x: float, y: float, rows: int, columns: int
) -> None:
    white = np.full((rows, columns, 3), 255, dtype=np.uint8)
    drawn = {"cells": float(cells), "ratio": ratio, "fill": 0.0, "x": x, "y": y}
    covered = 1 - grid_mask().apply(white, drawn).astype(float).mean() / 255
    assert abs(covered - ratio**2) <= 0.5 / 255 + 1e-5
    assert covered <= grid_mask().at(drawn).effects(Interval(1, 1)).covered.high + 0.5 / 255 + 1e-5


@pytest.mark.parametrize("shape", [(28, 28, 1), (30, 47, 3), (40, 11, 3), (1, 1, 1), (1, 30, 1)])
@pytest.mark.parametrize("cells, ratio", [(1, 0.4), (2, 0.5), (5, 0.7), (9, 0.2)])
@pytest.mark.parametrize("x, y", [(0, 1), (0.3, 0.85)])
def test_the_holes_are_a_grid_from_the_left_and_the_top(
    shape: tuple[int, int, int], cells: int, ratio: float, x: float, y: float
) -> None:
    height, width = shape[:2]
    side = math.sqrt(width * height)
    along, down = (max(1, round(cells * n / side + 1e-9)) for n in (width, height))
    places = fine(height, width)
    across = (places[0] / width * along - x) % 1 < ratio
    upright = (places[1] / height * down - (1 - y)) % 1 < ratio
    hidden = averaged(upright[:, None] & across)[:, :, None]
    picture = speckled(*shape)
    drawn = {"cells": float(cells), "ratio": ratio, "fill": 30.0, "x": x, "y": y}
    wanted = hidden * 30 + (1 - hidden) * picture
    assert np.abs(grid_mask().apply(picture, drawn) - wanted).max() <= 225 * 2 * max(along, down) / FINE + 1
    assert np.abs(grid_mask().apply(picture, drawn) - wanted).mean() < 5


def test_the_cells_of_a_grid_are_as_square_as_they_can_be() -> None:
    white = np.full((100, 400, 1), 255, dtype=np.uint8)
    after = grid_mask().apply(white, {"cells": 4.0, "ratio": 0.5, "fill": 0.0, "x": 0.0, "y": 1.0})[:, :, 0]
    cell = np.full((50, 50), 255)
    cell[:25, :25] = 0
    assert np.array_equal(after, np.tile(cell, (2, 8)))

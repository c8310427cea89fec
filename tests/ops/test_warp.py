"""Elastic: what it moves, measured on pictures whose levels tell where each pixel came from."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from augkit.intervals import Interval
from augkit.ops import OPS, Kernel
from augkit.ops.warp import bend

ASPECTS = (1.0, 0.5, 1.7)
FIELDS = (0, 1, 2**52 + 1)


def elastic() -> Kernel:
    made = OPS["elastic"](displacement=(0, 0.2), smoothness=(0.05, 0.5))
    assert isinstance(made, Kernel)
    return made


def values(field: int, displacement: float, smoothness: float = 0.2) -> dict[str, float]:
    return {"field": float(field), "displacement": displacement, "smoothness": smoothness}


def looked_up(height: int, width: int, drawn: dict[str, float]) -> NDArray[np.float64]:
    """Measure where each pixel was looked up, in pixels: x and y, float64 (2, H, W)."""
    ramps = np.indices((height, width))[::-1]
    shown = [np.repeat(ramp[:, :, None], 1, axis=2).astype(np.uint8) for ramp in ramps]
    return np.stack([elastic().apply(picture, drawn)[:, :, 0].astype(float) for picture in shown])


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("displacement", [0.01, 0.03])
def test_the_measured_displacement_is_what_is_declared(field: int, displacement: float) -> None:
    height, width = 180, 220
    side = math.sqrt(height * width)
    moved = looked_up(height, width, values(field, displacement)) - np.indices((height, width))[::-1]
    farthest = np.hypot(*moved).max() / side
    declared = elastic().at({"displacement": displacement}).effects(Interval(1, 1)).displaced.high
    assert declared - 1 / side <= farthest <= declared + 1 / side  # levels are whole pixels


@pytest.mark.parametrize("aspect", ASPECTS)
@pytest.mark.parametrize("smoothness", [0.05, 0.2, 0.5])
def test_the_field_moves_parts_and_not_the_whole(aspect: float, smoothness: float) -> None:
    for field in FIELDS:
        moves = bend(field, 0.05, smoothness, aspect)
        rows, columns = np.mgrid[-1:1:65j, -1:1:65j]
        plain = np.stack([np.ones_like(rows), columns, rows]).reshape(3, -1).T
        fitted, *_ = np.linalg.lstsq(plain, moves.reshape(2, -1).T, rcond=None)
        assert np.abs(fitted).max() < 1e-12
        assert np.abs(moves).max() > 0.005


@pytest.mark.parametrize("aspect", ASPECTS)
@pytest.mark.parametrize("smoothness", [0.05, 0.2, 0.5])
def test_nothing_leaves_the_frame_and_nothing_folds(aspect: float, smoothness: float) -> None:
    for field in FIELDS:
        moves = bend(field, 0.2, smoothness, aspect)
        edge = np.concatenate([moves[:, 0], moves[:, -1], moves[:, :, 0], moves[:, :, -1]], axis=1)
        assert np.abs(edge).max() < 1e-12
        wide, high = math.sqrt(aspect), 1 / math.sqrt(aspect)
        slope_x = np.gradient(moves, wide / 64, axis=2)
        slope_y = np.gradient(moves, high / 64, axis=1)
        local = np.moveaxis(np.stack([slope_x, slope_y], axis=1), (0, 1), (2, 3)) + np.eye(2)
        sizes = np.linalg.svd(local, compute_uv=False)
        assert sizes.min() >= 0.5 - 1e-9
        assert sizes.max() <= 1.5 + 1e-9
        assert np.hypot(*moves).max() <= 0.2 + 1e-12


def test_the_bending_is_the_same_at_every_size() -> None:
    small, large = (looked_up(n, n, values(4, 0.04)) / n for n in (64, 192))
    shrunk = np.stack([cv2.resize(plane, (64, 64), interpolation=cv2.INTER_AREA) for plane in large])
    assert np.abs((small + 0.5 / 64) - (shrunk + 0.5 / 192)).max() < 1.2 / 64


def test_another_field_bends_otherwise_and_the_same_field_the_same() -> None:
    one, again, other = (bend(field, 0.03, 0.2, 1.0) for field in (8, 8, 9))
    assert np.array_equal(one, again)
    assert np.abs(one - other).max() > 0.01


@pytest.mark.parametrize("shape", [(1, 1, 1), (1, 9, 3), (7, 2, 1), (3, 3, 3)])
def test_the_smallest_pictures_are_bent_without_harm(shape: tuple[int, int, int]) -> None:
    picture = np.arange(math.prod(shape), dtype=np.uint8).reshape(shape)
    assert elastic().apply(picture, values(1, 0.1)).shape == shape


@pytest.mark.parametrize("height, width", [(17, 17), (12, 30)])
def test_each_pixel_is_looked_up_where_the_field_points_from_its_centre(height: int, width: int) -> None:
    moves = bend(3, 0.06, 0.3, width / height) * math.sqrt(height * width)
    nodes = np.linspace(0, 1, 65)
    x, y = ((np.arange(n) + 0.5) / n for n in (width, height))
    for axis, size in ((0, width), (1, height)):
        columns = np.stack([np.interp(x, nodes, row) for row in moves[axis]])
        expected = np.stack([np.interp(y, nodes, column) for column in columns.T], axis=1)
        steep = 255 // size
        ramp = (np.indices((height, width))[1 - axis] * steep).astype(np.uint8)[:, :, None]
        after = elastic().apply(ramp, values(3, 0.06, 0.3))[:, :, 0].astype(float) - ramp[:, :, 0]
        inside = (slice(1, -1), slice(1, -1))
        assert np.abs(after / steep - expected)[inside].max() < 0.51 / steep + 1 / 32


def test_the_field_is_as_smooth_across_as_down_in_a_long_picture() -> None:
    across, down = 0.0, 0.0
    for field in range(12):
        moves = bend(field, 0.02, 0.1, 4.0)[:, 16:-16, 16:-16]
        across += np.abs(np.diff(moves, axis=2) / (2 / 64)).mean()
        down += np.abs(np.diff(moves, axis=1) / (0.5 / 64)).mean()
    assert 0.7 < across / down < 1.4

"""Elastic and grid distortion: what they move, and by how much parts change."""

from __future__ import annotations

import math
import sys
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage

from augkit import keys, policy, render
from augkit.draw import draw
from augkit.intervals import Interval
from augkit.ops import Kernel
from augkit.ops.warp import bend
from augkit.reach import Reach
from augkit.safety import bound
from tests.ops.scenes import SHAPES, Picture, op, photo, scene

ASPECTS = (1.0, 0.5, 1.7)
FIELDS = (0, 1, 2**52 + 1)


def elastic() -> Kernel:
    return op("elastic", displacement=(0, 0.2), smoothness=(0.05, 0.5))


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


@pytest.mark.parametrize("smoothness", [0.05, 0.1, 0.25, 0.5])
@pytest.mark.parametrize("side", [0.05, 0.1, 0.2])
def test_a_hole_after_bending_hides_no_more_of_the_source_than_is_declared(
    side: float, smoothness: float
) -> None:
    made = policy.parse(f"""version: 1
task: none
steps:
  - elastic: {{displacement: [0, 0.1], smoothness: [{smoothness}, {smoothness}]}}
  - erase: {{width: [{side}, {side}], height: [{side}, {side}]}}
""")
    declared = bound.reach(made, Interval(1, 1)).covered.high
    shares = [_largest_share(bend(float(seed), 0.1, smoothness, 1.0), side) for seed in range(40)]
    assert side**2 < max(shares) <= declared <= 2.3 * side**2


def _largest_share(moves: NDArray[np.float64], side: float) -> float:
    """Return the largest share of the source that a square of this side shows, by the field's own cells."""
    rows, columns = np.mgrid[0:1:65j, 0:1:65j]
    x, y = columns + moves[0], rows + moves[1]
    one, other = (np.stack([at[1:, 1:] - at[:-1, :-1], at[1:, :-1] - at[:-1, 1:]]) for at in (x, y))
    below = np.pad(np.cumsum(np.cumsum(one[0] * other[1] - one[1] * other[0], 0), 1) / 2, ((1, 0), (1, 0)))
    k = int(side * 64)
    return float((below[k:, k:] - below[:-k, k:] - below[k:, :-k] + below[:-k, :-k]).max())


@pytest.mark.parametrize("smoothness", [0.15, 0.25])
def test_bending_a_blurred_edge_blurs_it_no_more_than_is_declared(smoothness: float) -> None:
    made = policy.parse(f"""version: 1
task: none
steps:
  - blur: {{sigma: [0.02, 0.02]}}
  - elastic: {{displacement: [0.1, 0.1], smoothness: [{smoothness}, {smoothness}]}}
""")
    declared = bound.reach(made, Interval(1, 1)).blur.high
    edge = np.zeros((256, 256, 1), np.uint8)
    edge[:, 128:] = 255
    draws = draw(made, [str(i) for i in range(10)], np.ones(10), seed=0, aspects=np.ones(10))
    widest = 0.0
    for i in range(10):
        out = render.render(edge, draws, i)[:, :, 0].astype(float)
        steep = np.hypot(*np.gradient(out))[16:-16]
        widest = max(widest, float((255 / math.sqrt(2 * math.pi) / steep.max(axis=1)).max()) / 256)
    assert 0.022 < widest <= declared <= 0.041


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


def maps(
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    drawn: dict[str, float],
    height: int,
    width: int,
    **settings: Any,
) -> NDArray[np.float64]:
    """Return where each pixel is looked up, x and y in pixels, float64 (2, H, W)."""
    seen: list[NDArray[np.float64]] = []
    made = op(name, **settings)

    def remember(picture: Picture, x: NDArray[np.float32], y: NDArray[np.float32]) -> Picture:
        seen.append(np.stack([x, y]).astype(np.float64))
        return picture

    monkeypatch.setattr(sys.modules[type(made).__module__], "remapped", remember)
    made.apply(np.zeros((height, width, 1), np.uint8), drawn)
    monkeypatch.undo()
    return seen[0]


def local(looked_up: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
    """Measure turn in degrees, zoom and stretch at each pixel but those at the frame."""
    (xx, xy), (yx, yy) = (
        (np.gradient(plane, axis=1)[1:-1, 1:-1], np.gradient(plane, axis=0)[1:-1, 1:-1])
        for plane in looked_up
    )
    area, squares = xx * yy - xy * yx, xx**2 + xy**2 + yx**2 + yy**2
    assert area.min() > 0, "nothing folds"
    ratio = squares / area / 2
    return np.degrees(np.arctan2(yx - xy, xx + yy)), area**-0.5, ratio + np.sqrt(np.maximum(ratio**2 - 1, 0))


def seen_share(looked_up: NDArray[np.float64]) -> float:
    """Measure how much of the picture before is seen: the area that pixels stand for, inside it."""
    height, width = looked_up.shape[1:]
    steps = [np.gradient(plane, axis=axis) for plane in looked_up for axis in (1, 0)]
    area = np.abs(steps[0] * steps[3] - steps[1] * steps[2])
    x, y = looked_up + 0.5
    return float(area[(x >= 0) & (x <= width) & (y >= 0) & (y <= height)].sum() / (height * width))


def farthest(looked_up: NDArray[np.float64]) -> float:
    """Measure the largest displacement, in sides."""
    moved = looked_up - np.indices(looked_up.shape[1:])[::-1]
    return float(np.hypot(*moved).max() / math.sqrt(looked_up[0].size))


FRAMES = [(160, 160), (120, 240), (210, 140)]


@pytest.mark.parametrize("height, width", FRAMES)
@pytest.mark.parametrize("distortion", [0.05, 0.2, 0.45])
@pytest.mark.parametrize("cells", [2, 3, 5, 12])
def test_a_grids_local_change_is_within_what_it_declares(
    monkeypatch: pytest.MonkeyPatch, height: int, width: int, distortion: float, cells: int
) -> None:
    how: dict[str, Any] = {"distortion": (0, distortion), "cells": cells}
    declared = op("grid_distortion", **how).effects(Interval(width / height, width / height))
    wildest = zoomed = went = 0.0
    for field in range(40):
        drawn = {"distortion": distortion, "field": float(field)}
        looked_up = maps(monkeypatch, "grid_distortion", drawn, height, width, **how)
        turn, zoom, stretch = local(looked_up)
        assert np.abs(turn).max() < 1e-3, "nothing turns, nothing folds"
        assert declared.zoom.low * 0.999 <= zoom.min() and zoom.max() <= declared.zoom.high * 1.001
        assert stretch.max() <= declared.stretch.high * 1.002
        assert farthest(looked_up) <= declared.displaced.high + 1e-6
        assert seen_share(looked_up) > 0.99 and looked_up.min() >= -0.5
        wildest, zoomed = max(wildest, float(stretch.max())), max(zoomed, float(zoom.max()))
        went = max(went, farthest(looked_up))
    assert math.log(wildest) > 0.4 * math.log(declared.stretch.high)
    assert zoomed > 1 + 0.5 * (declared.zoom.high - 1)
    assert went > 0.7 * declared.displaced.high
    assert declared.kept == Interval(1, 1) == declared.contrast
    assert declared.turn == Reach().turn


def test_a_grids_lines_go_where_its_field_says() -> None:
    nobody = np.zeros(1, np.uint64)
    words = keys.raw(7, keys.word("grid_distortion"), nobody, nobody, 6)[0]
    even = np.array([(int(word) >> 11) / 2**53 for word in words]).reshape(2, 3)
    lines = np.array([[0, 0.25, 0.5, 0.75, 1]] * 2)
    lines[:, 1:-1] += (2 * even - 1) * 0.3 / 4
    picture = photo(90, 140)
    after = op("grid_distortion", distortion=(0, 0.45), cells=4).apply(
        picture, {"distortion": 0.3, "field": 7.0}
    )
    at = []
    for line, size in zip(lines, (140, 90), strict=True):
        place = (np.arange(size) + 0.5) / size
        cell = np.searchsorted(line, place) - 1
        at.append((cell + (place - line[cell]) / np.diff(line)[cell]) / 4 * size - 0.5)
    rows, columns = np.meshgrid(at[1], at[0], indexing="ij")
    for channel in range(3):
        plane = picture[:, :, channel].astype(float)
        expected = ndimage.map_coordinates(plane, [rows, columns], order=1, mode="nearest")
        assert np.abs(after[:, :, channel] - expected).max() <= 6  # places are rounded to 1/32 of a pixel
        assert np.abs(after[:, :, channel] - expected).mean() < 0.6


@pytest.mark.parametrize("name", ["grid_distortion", "lens", "elastic"])
@pytest.mark.parametrize("shape", SHAPES)
def test_warps_of_any_shape(name: str, shape: tuple[int, int, int]) -> None:
    picture = scene(*shape)
    drawn = {"distortion": 0.2, "displacement": 0.1, "smoothness": 0.2, "field": 5.0}
    first = "displacement" if name == "elastic" else "distortion"
    after = op(name, **{first: (0, 0.2)}).apply(picture, drawn)
    assert after.shape == shape and after.dtype == np.uint8
    if name != "elastic" and max(shape[:2]) == 1:
        assert np.array_equal(after, picture)

"""Compression and fewer pixels against references, and their effects against measured pixels."""

from __future__ import annotations

import io

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from augkit import keys
from augkit.intervals import Interval
from tests.ops.scenes import op, scene

SQUARE = Interval(1, 1)


@pytest.mark.parametrize("quality", [1, 10, 50, 90])
@pytest.mark.parametrize("channels", [1, 3])
def test_jpeg_loses_what_pillows_jpeg_loses(quality: int, channels: int) -> None:
    picture = scene(97, 131, channels)
    ours = op("jpeg", quality=(1, 100)).apply(picture, {"quality": float(quality)})
    file = io.BytesIO()
    Image.fromarray(picture.squeeze()).save(file, "JPEG", quality=quality, subsampling=2)
    theirs = np.asarray(Image.open(file)).reshape(picture.shape)
    assert ours.shape == picture.shape
    assert np.abs(ours.astype(int) - theirs).mean() < 1


def test_jpeg_rounds_quality_up_so_that_no_draw_is_below_what_it_declares() -> None:
    picture = scene(64, 64)
    made = op("jpeg", quality=(1, 100))
    outs = [made.apply(picture, {"quality": q}).tobytes() for q in (19.5, 20.0, 19.0)]
    assert outs[0] == outs[1] != outs[2]


def averages(many: int, few: int) -> NDArray[np.float64]:
    """Return the share of each of `many` pixels in the average that each of `few` takes, (few, many)."""
    ends = np.arange(few + 1) * many / few
    left = np.arange(many)
    shared = np.minimum(left + 1, ends[1:, None]) - np.maximum(left, ends[:-1, None])
    return np.clip(shared, 0, 1) * few / many


def between(few: int, many: int) -> NDArray[np.float64]:
    """Return the weights of `few` pixel centres at `many`, linear between and level beyond, (many, few)."""
    at = np.clip((np.arange(many) + 0.5) * few / many - 0.5, 0, few - 1)
    return np.clip(1 - np.abs(at[:, None] - np.arange(few)), 0, 1)


@pytest.mark.parametrize("shape", [(28, 28, 1), (90, 120, 3), (120, 90, 3)])
@pytest.mark.parametrize("to", [1, 7, 20])
def test_downscale_averages_and_interpolates(shape: tuple[int, int, int], to: int) -> None:
    picture = scene(*shape)
    after = op("downscale", to=(1, 100)).apply(picture, {"to": float(to)})
    through = [between(k, n) @ averages(n, k) for n in shape[:2] for k in [round(n * to / min(shape[:2]))]]
    wanted = np.moveaxis(through[0] @ np.moveaxis(picture, 2, 0) @ through[1].T, 0, 2)
    assert np.abs(after - wanted).max() <= 1.5


@pytest.mark.parametrize("to", [3, 8, 15])
def test_downscale_leaves_no_more_independent_rows_than_it_says(to: int) -> None:
    picture = keys.raw(1, 2, np.zeros(1, np.uint64), np.zeros(1, np.uint64), 64 * 64).reshape(64, 64, 1)
    made = op("downscale", to=(to, 64))
    after = made.apply((picture % 256).astype(np.uint8), {"to": float(to)})[:, :, 0]
    sizes = np.linalg.svd(after.astype(float), compute_uv=False)
    rounding = 64 * 0.29 * 2  # of 64×64 numbers to whole ones
    assert (sizes > rounding).sum() <= made.effects(SQUARE).pixels.low == to


def test_downscale_leaves_a_picture_that_has_no_more_pixels() -> None:
    picture = scene(28, 40)
    for to in (28.0, 27.5, 500.0, 65535.0):
        assert np.array_equal(op("downscale", to=(1, 65535)).apply(picture, {"to": to}), picture)

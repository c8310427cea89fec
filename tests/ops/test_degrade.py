"""Blur, noise, compression and fewer pixels against references, and their effects against measured pixels."""

from __future__ import annotations

import io
import math
from statistics import NormalDist
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from augkit import keys
from augkit.intervals import Interval
from augkit.ops import OPS, Kernel

SQUARE = Interval(1, 1)


def op(name: str, **settings: Any) -> Kernel:
    made = OPS[name](**settings)
    assert isinstance(made, Kernel)
    return made


def scene(height: int, width: int, channels: int = 3) -> NDArray[np.uint8]:
    """Return a picture with soft and hard edges, as far as both go in every channel."""
    y, x = np.mgrid[0 : height * 1.0, 0 : width * 1.0]
    planes = [
        127
        + 60 * np.sin(x / width * 9 + c) * np.cos(y / height * 7)
        + 60 * (x / width + y / height > 1 + c / 9)
        for c in range(channels)
    ]
    return np.clip(np.stack(planes, axis=2), 0, 255).astype(np.uint8)


def gaussian(picture: NDArray[np.uint8], sigma: float) -> NDArray[np.float64]:
    """Blur in float64, the edges continued, the Gaussian cut off at four sigma."""
    reach = math.ceil(4 * sigma)
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    weights /= weights.sum()
    out = picture.astype(np.float64)
    for axis in (0, 1):
        pad = [(reach, reach) if a == axis else (0, 0) for a in range(3)]
        padded = np.pad(out, pad, mode="edge")
        out = sum(  # type: ignore[assignment]
            w * np.take(padded, range(k, k + picture.shape[axis]), axis=axis) for k, w in enumerate(weights)
        )
    return out


@pytest.mark.parametrize("sigma", [0.01, 0.03, 0.08])
@pytest.mark.parametrize("shape", [(60, 60, 1), (45, 80, 3)])
def test_blur_is_a_gaussian_of_sigma_times_the_side(shape: tuple[int, int, int], sigma: float) -> None:
    picture = scene(*shape)
    after = op("blur", sigma=(0, 0.25)).apply(picture, {"sigma": sigma})
    assert after.shape == picture.shape
    assert np.abs(after - gaussian(picture, sigma * math.sqrt(shape[0] * shape[1]))).max() <= 2


@pytest.mark.parametrize("size", [28, 101, 301])
@pytest.mark.parametrize("sigma", [0.02, 0.05, 0.1])
def test_the_measured_blur_is_at_most_what_is_declared_at_every_size(size: int, sigma: float) -> None:
    middle = size // 2
    edge = np.zeros((size, size, 1), dtype=np.uint8)
    edge[:, middle:] = 255
    made = op("blur", sigma=(0, sigma))
    rise = np.diff(made.apply(edge, {"sigma": sigma})[middle, :, 0].astype(float))
    at = np.arange(size - 1)
    mean = (rise * at).sum() / rise.sum()
    measured = math.sqrt((rise * (at - mean) ** 2).sum() / rise.sum()) / size
    declared = made.effects(SQUARE).blur.high
    assert 0.9 * declared - 0.2 / size <= measured <= declared * 1.01


@pytest.mark.parametrize("sigma", [0.02, 0.05, 0.1])
@pytest.mark.parametrize("channels", [1, 3])
def test_the_measured_noise_is_what_is_declared(sigma: float, channels: int) -> None:
    flat = np.full((160, 200, channels), 128, dtype=np.uint8)
    made = op("noise", sigma=(0, sigma))
    noise = made.apply(flat, {"sigma": sigma, "field": 7.0}).astype(float) - 128
    assert abs(noise.std() / 255 / made.effects(SQUARE).noise.high - 1) < 0.02
    assert abs(noise.mean()) < 4 * sigma * 255 / math.sqrt(noise.size)
    for shifted in (np.roll(noise, 1, 0), np.roll(noise, 1, 1)):
        assert abs((noise * shifted).mean() / noise.var()) < 0.03


def test_noise_is_normal() -> None:
    flat = np.full((300, 400, 3), 128, dtype=np.uint8)
    noise = op("noise", sigma=(0, 0.1)).apply(flat, {"sigma": 0.1, "field": 99.0}).astype(float) - 128
    z = noise / noise.std()
    assert abs((z**3).mean()) < 0.02
    assert abs((z**4).mean() - 3) < 0.05
    for bound, share in ((1, 0.6827), (2, 0.9545), (3, 0.9973)):
        assert abs((np.abs(z) <= bound).mean() - share) < 0.015


def test_noise_of_clipped_pixels_is_never_more() -> None:
    for level in (0, 20, 250):
        flat = np.full((100, 100, 1), level, dtype=np.uint8)
        after = op("noise", sigma=(0, 0.2)).apply(flat, {"sigma": 0.2, "field": 3.0})
        assert after.astype(float).std() / 255 <= 0.2


def test_the_noise_of_an_address_is_keys_own_words() -> None:
    address, size = 2**52 + 12345, 40
    flat = np.full((1, size, 1), 128, dtype=np.uint8)
    after = op("noise", sigma=(0, 1)).apply(flat, {"sigma": 0.1, "field": float(address)})
    nobody = np.zeros(1, np.uint64)
    words = keys.raw(address, keys.word("noise"), nobody, nobody, size // 4)[0]
    parts = [int(word) >> shift & 0xFFFF for word in words for shift in (0, 16, 32, 48)]
    wanted = [round(128 + 25.5 * NormalDist().inv_cdf((part + 0.5) / 65536)) for part in parts]
    assert np.abs(after.ravel().astype(int) - wanted).max() <= 1


def test_another_field_is_other_noise_and_the_same_field_the_same() -> None:
    flat = np.full((28, 28, 1), 128, dtype=np.uint8)
    made = op("noise", sigma=(0, 1))
    one, again, other = (made.apply(flat, {"sigma": 0.1, "field": f}) for f in (5.0, 5.0, 6.0))
    assert np.array_equal(one, again)
    assert (one != other).mean() > 0.9


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

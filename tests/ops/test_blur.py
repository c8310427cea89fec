"""Blurs and sharpening against references, and their effects against measured pixels."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageFilter
from scipy import ndimage

from augkit.intervals import Interval
from tests.ops.scenes import SHAPES, gaussian, op, photo, scene, speckled

SQUARE = Interval(1, 1)
LUMA = np.array([0.299, 0.587, 0.114])


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


def spread_of(profile: NDArray[Any]) -> tuple[float, float]:
    """Return the middle and the variance of the rise of an edge."""
    rise = np.diff(profile.astype(float))
    at = np.arange(len(rise))
    mean = float((rise * at).sum() / rise.sum())
    return mean, float((rise * (at - mean) ** 2).sum() / rise.sum())


def edges(size: int) -> dict[int, NDArray[np.uint8]]:
    """Return black and white halves: by the direction in degrees that leads straight across their edge."""
    y, x = np.indices((size, size))
    middle = size // 2
    halves = {0: x >= middle, 90: y >= middle, 45: x - y >= 0, -45: x + y >= size}
    return {degrees: (255 * half[:, :, None]).astype(np.uint8) for degrees, half in halves.items()}


def across(picture: NDArray[np.uint8], degrees: int) -> NDArray[np.uint8]:
    """Return the levels on the way across an edge; a step along a diagonal is two, one down, one across."""
    size = len(picture)
    middle = size // 2
    if degrees == 0:
        return picture[middle, :, 0]
    if degrees == 90:
        return picture[:, middle, 0]
    third = size // 3
    x, y = [middle - third // 2], [middle + third // 2 if degrees == 45 else middle - third // 2]
    for step in range(2 * (third // 2) * 2):
        x.append(x[-1] + step % 2)
        y.append(y[-1] + (1 - step % 2) * (-1 if degrees == 45 else 1))
    return picture[y, x, 0]


@pytest.mark.parametrize("size", [30, 101, 301])
@pytest.mark.parametrize("length", [0.02, 0.06, 0.15])
@pytest.mark.parametrize("degrees", [0, 20, 45, 70, 90, -33, 180])
def test_the_measured_motion_blur_is_at_most_what_is_declared_in_every_direction(
    size: int, length: float, degrees: float
) -> None:
    made = op("motion_blur", length=(0, length))
    declared = made.effects(SQUARE).blur.high * size
    assert declared == pytest.approx(length * size / math.sqrt(12))
    for direction, picture in edges(size).items():
        after = made.apply(picture, {"length": length, "degrees": degrees})
        half_steps = math.sqrt(0.5) if direction in (45, -45) else 1.0
        before, now = (spread_of(across(p, direction)) for p in (picture, after))
        sigma = math.sqrt(now[1]) * half_steps
        assert sigma <= declared * 1.01 + 0.02
        assert abs(now[0] - before[0]) < 0.15, "nothing moves"
        if (direction - degrees) % 180 == 0 and declared > 0.3:
            assert sigma >= 0.93 * declared
        if (direction - degrees) % 180 == 90:
            assert sigma < 0.75, "along the edge nothing but interpolation is seen"


@pytest.mark.parametrize("degrees", [0, 30, -75, 90])
@pytest.mark.parametrize("channels", [1, 3])
def test_a_long_motion_blur_is_the_mean_of_the_picture_pushed_along_a_line(
    degrees: float, channels: int
) -> None:
    picture = photo(90, 120)[:, :, :channels]
    length = 14 / math.sqrt(90 * 120)
    after = op("motion_blur", length=(0, 0.5)).apply(picture, {"length": length, "degrees": degrees})
    angle, total = math.radians(degrees), np.zeros(picture.shape)
    steps = np.linspace(-7, 7, 201)
    for step in steps:
        push = (-step * math.sin(angle), step * math.cos(angle), 0)
        total += ndimage.shift(picture.astype(float), push, order=1, mode="nearest")
    off = np.abs(after - total / len(steps))
    assert off.mean() < 1.0 and off.max() < 16
    other = np.abs(picture - total / len(steps))
    assert off.mean() < other.mean() / 6


@pytest.mark.parametrize("window", [1, 3, 5, 9, 31])
@pytest.mark.parametrize("shape", SHAPES)
def test_a_median_is_scipys(window: int, shape: tuple[int, int, int]) -> None:
    side = math.sqrt(shape[0] * shape[1])
    for picture in (scene(*shape), speckled(*shape)):
        after = op("median_blur", radius=(0, 100)).apply(picture, {"radius": window / 2 / side})
        assert np.array_equal(after, ndimage.median_filter(picture, (window, window, 1), mode="nearest"))


def test_the_window_of_a_median_is_the_largest_odd_one_that_is_no_wider() -> None:
    picture = photo(40, 40)
    made = op("median_blur", radius=(0, 0.25))
    outs = {pixels: made.apply(picture, {"radius": pixels / 40}).tobytes() for pixels in (1.4, 1.5, 2.4, 2.5)}
    assert outs[1.4] == picture.tobytes() != outs[1.5]
    assert outs[1.5] == outs[2.4] != outs[2.5]


def things(size: int, window: int) -> dict[str, NDArray[np.bool_]]:
    """Return convex things from as small as a median of `window` takes away to what it only nibbles at."""
    y, x = np.indices((size, size)) - size // 2
    out = {}
    for part in (0.3, 0.42, 0.47, 0.49):
        wide = part * window
        out[f"line {part}"] = np.abs(x) < wide / 2
        out[f"slanting line {part}"] = np.abs(x + y) < wide * math.sqrt(0.5)
        out[f"disk {part}"] = x**2 + y**2 < (0.8 * wide) ** 2
        out[f"square {part}"] = np.maximum(np.abs(x), np.abs(y)) < 0.72 * wide
        out[f"strip {part}"] = (np.abs(x) < wide) & (np.abs(y) < wide / 2)
    for degrees in (20, 45, 70, 90, 120):
        for turn in (0, 20, 45):
            u = x * math.cos(math.radians(turn)) + y * math.sin(math.radians(turn))
            v = y * math.cos(math.radians(turn)) - x * math.sin(math.radians(turn))
            out[f"corner {degrees} {turn}"] = np.abs(np.arctan2(v, u)) < math.radians(degrees / 2)
    return out


def test_what_a_median_takes_away_has_under_half_its_contrast_under_the_declared_blur() -> None:
    size, window = 241, 41
    made = op("median_blur", radius=(0, window / 2 / size))
    declared = made.effects(SQUARE).blur.high * size
    taken, worst = 0, 0.0
    for name, thing in things(size, window).items():
        white = (255 * thing[:, :, None]).astype(np.uint8)
        after = made.apply(white, {"radius": window / 2 / size})
        gone = thing & (after[:, :, 0] == 0)
        taken += bool(gone.any())
        left = gaussian(thing.astype(float), declared)[gone]
        assert not gone.any() or left.max() < 0.5, name
        worst = max(worst, left.max() if gone.any() else 0.0)
    assert taken > 20
    assert worst > 0.45, "and a much smaller blur would not do"


def test_the_median_of_a_window_past_255_pixels_keeps_edges_and_takes_specks() -> None:
    made = op("median_blur", radius=(0, 0.25))
    half, speck = np.zeros((2, 600, 640, 1), dtype=np.uint8)
    half[:, 300:] = 255
    speck[100:300, 100:300] = 255
    after = made.apply(half, {"radius": 0.25})
    assert after.shape == half.shape
    assert not after[:, :298].any() and (after[:, 302:] == 255).all()
    assert not made.apply(speck, {"radius": 0.25}).any()
    assert made.apply(speck, {"radius": 0.2}).any()


@pytest.mark.parametrize("strength", [0.3, 1.0, 4.0])
@pytest.mark.parametrize("sigma", [0.7, 2.0, 5.0])
@pytest.mark.parametrize("channels", [1, 3])
def test_sharpening_adds_what_sets_luma_apart_from_its_blur(
    strength: float, sigma: float, channels: int
) -> None:
    made = op("sharpen", strength=(0, 10), radius=(0, 0.25))
    for picture in (photo(70, 91)[:, :, :channels], speckled(33, 20, channels)):
        luma = picture @ LUMA if channels == 3 else picture[:, :, 0].astype(float)
        detail = luma - gaussian(luma, sigma, sigmas=3)
        wanted = np.clip(picture + strength * detail[:, :, None], 0, 255)
        radius = sigma / math.sqrt(picture.shape[0] * picture.shape[1])
        after = made.apply(picture, {"strength": strength, "radius": radius})
        assert np.abs(after - wanted).max() <= 0.6 + 0.1 * strength


def test_sharpening_grey_is_pillows_unsharp_mask() -> None:
    picture = photo(120, 160)[:, :, :1]
    radius = 2 / math.sqrt(120 * 160)
    ours = op("sharpen", strength=(0, 2)).apply(picture, {"strength": 1.5, "radius": radius})
    theirs = Image.fromarray(picture[:, :, 0]).filter(ImageFilter.UnsharpMask(2, 150, 0))
    off = np.abs(ours[:, :, 0].astype(int) - np.asarray(theirs))
    assert off.mean() < 1.5
    assert off.mean() < np.abs(picture[:, :, 0].astype(int) - np.asarray(theirs)).mean() / 8


@pytest.mark.parametrize("strength", [0.4, 2.0])
def test_every_pixel_is_sharpened_along_a_line_that_is_declared(strength: float) -> None:
    picture = np.where(speckled(40, 40, 1) > 127, 255, speckled(40, 40, 1, seed=1)).astype(np.uint8)
    made = op("sharpen", strength=(0, strength), radius=(0, 0.1))
    declared = made.effects(SQUARE)
    x = picture / 255 - 0.5
    y = made.apply(picture, {"strength": strength, "radius": 0.1}) / 255 - 0.5
    ends = [y - slope * x for slope in (declared.contrast.low, declared.contrast.high)]
    held = (y > -0.5) & (y < 0.5)  # what is clipped went farther
    rounding = 1 / 255
    assert (np.minimum(*ends) <= declared.brightness.high + rounding)[held].all()
    assert (np.maximum(*ends) >= declared.brightness.low - rounding)[held].all()


def test_sharpening_goes_as_far_as_it_declares() -> None:
    made = op("sharpen", strength=(0, 0.8), radius=(0, 0.1))
    declared = made.effects(SQUARE)
    speck = np.zeros((60, 60, 1), dtype=np.uint8)
    speck[30, 30] = 128
    after = made.apply(speck, {"strength": 0.8, "radius": 0.1})[30, 30, 0]
    assert (after - 128) / 255 == pytest.approx(declared.brightness.high, rel=0.05)
    stripes = np.full((60, 60, 1), 100, dtype=np.uint8)
    stripes[:, ::2] = 140
    after = made.apply(stripes, {"strength": 0.8, "radius": 0.1})[30, 20:40, 0].astype(float)
    assert np.ptp(after) / 40 == pytest.approx(declared.contrast.high, rel=0.03)


def test_sharpening_leaves_plain_areas_and_gives_edges_no_colours() -> None:
    made = op("sharpen", strength=(0, 3), radius=(0, 0.1))
    drawn = {"strength": 3.0, "radius": 0.03}
    plain = np.full((20, 30, 3), (10, 200, 90), dtype=np.uint8)
    assert np.array_equal(made.apply(plain, drawn), plain)
    soft = (gaussian(photo(80, 80), 2) * 0.3 + 90).astype(np.uint8)
    after = made.apply(soft, drawn)
    assert after.min() > 0 and after.max() < 255 and (after != soft).any()
    for one, other in ((0, 1), (1, 2)):
        before = soft[:, :, one].astype(int) - soft[:, :, other]
        assert np.abs(after[:, :, one].astype(int) - after[:, :, other] - before).max() <= 1


@pytest.mark.parametrize("name", ["blur", "motion_blur", "median_blur", "sharpen"])
@pytest.mark.parametrize("shape", SHAPES)
def test_blurs_of_any_shape(name: str, shape: tuple[int, int, int]) -> None:
    drawn = {"sigma": 0.1, "length": 0.3, "degrees": 20.0, "radius": 0.1, "strength": 2.0}
    first = {"blur": "sigma", "motion_blur": "length", "median_blur": "radius", "sharpen": "strength"}
    picture = scene(*shape)
    after = op(name, **{first[name]: (0, 0.25)}).apply(picture, drawn)
    assert after.shape == shape and after.dtype == np.uint8
    if min(shape[:2]) == 1 == max(shape[:2]):
        assert np.array_equal(after, picture)

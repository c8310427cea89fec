"""Autocontrast, equalize and clahe against Pillow and plain loops, and their cap on the worst of pictures."""

from __future__ import annotations

import itertools
import math
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import sklearn
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image, ImageOps

from augkit.intervals import Interval
from augkit.ops import OPS, Kernel

SQUARE = Interval(1, 1)
NAMES = ("autocontrast", "equalize", "clahe")
SHAPES = [(1, 1, 1), (1, 1, 3), (1, 9, 3), (11, 1, 1), (7, 13, 3), (28, 28, 1)]
Picture = NDArray[np.uint8]


def op(name: str, **given: Any) -> Kernel:
    made = OPS[name](**given)
    assert isinstance(made, Kernel)
    return made


def photograph() -> Picture:
    file = Path(sklearn.__file__).parent / "datasets" / "images" / "flower.jpg"
    return np.asarray(Image.open(file).resize((213, 141)))


def of_levels(*runs: tuple[int, int]) -> Picture:
    """Return a grey picture with so many pixels of each level."""
    return np.concatenate([np.full(count, level, dtype=np.uint8) for level, count in runs])[None, :, None]


ADVERSARIAL = {
    "black": of_levels((0, 50)),
    "white": of_levels((255, 50)),
    "one tone": of_levels((90, 50)),
    "two tones side by side": of_levels((100, 30), (101, 30)),
    "two tones far apart": of_levels((0, 30), (127, 30)),
    "two tones at the ends": of_levels((0, 1), (255, 99)),
    "two bright tones": of_levels((200, 30), (240, 30)),
    "one bright pixel": of_levels((3, 99), (250, 1)),
    "a ramp": of_levels(*((level, 1) for level in range(256))),
    "a dark ramp": of_levels(*((level, 1) for level in range(64))),
    "half a ramp, and much of one tone": of_levels((127, 900), *((level, 1) for level in range(128, 256))),
    "a heavy tone in a ramp": of_levels((60, 5000), *((level, 1) for level in range(256))),
    "heavy tones every fifth level": of_levels(*((level, 1 + 99 * (level % 5 == 0)) for level in range(256))),
    "noise": np.random.default_rng(0).integers(0, 256, (12, 31, 3), dtype=np.uint8),
    "a photograph": photograph(),
    "a dark photograph": photograph() // 4,
}


def reference(picture: Picture, gain: float) -> list[float]:
    """Return the curve of `equalize`, from 0 to 255, with the excess found by bisection."""
    counts = [int((picture == level).sum()) for level in range(256)]
    levels = [level for level in range(256) if counts[level]]
    total = sum(counts[level] for level in levels[:-1])
    steps = [0.0] * 255
    for here, there in itertools.pairwise(levels):
        for step in range(here, there):
            steps[step] = 255 * counts[here] / total / (there - here)
    low, high = 0.0, 255.0
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (low, middle) if sum(min(gain, s + middle) for s in steps) > 255 else (middle, high)
    return [sum(min(gain, s + low) for s in steps[:level]) for level in range(256)]


def tiled(picture: Picture, gain: float, tile: float, strength: float) -> NDArray[np.float64]:
    """Return what `clahe` makes, pixel by pixel."""
    height, width, channels = picture.shape
    side = tile * math.sqrt(height * width)
    down, across = (max(1, min(n, math.floor(n / side + 0.5))) for n in (height, width))
    curves = {}
    for i in range(down):
        for j in range(across):
            rows = [y for y in range(height) if y * down // height == i]
            columns = [x for x in range(width) if x * across // width == j]
            curves[i, j] = reference(picture[np.ix_(rows, columns)], gain)
    out = np.zeros(picture.shape)
    for y, x, c in np.ndindex(height, width, channels):
        v = min(max((y + 0.5) / height * down - 0.5, 0), down - 1)
        u = min(max((x + 0.5) / width * across - 0.5, 0), across - 1)
        level = int(picture[y, x, c])
        for i in {math.floor(v), math.ceil(v)}:
            for j in {math.floor(u), math.ceil(u)}:
                out[y, x, c] += (1 - abs(v - i)) * (1 - abs(u - j)) * curves[i, j][level]
    return picture + strength * (out - picture)


def moved(picture: Picture, after: Picture) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the tones that occur and what became of them, as one curve does it."""
    tones = np.unique(picture)
    became = [np.unique(after[picture == tone]) for tone in tones]
    assert all(len(one) == 1 for one in became), "there is more than one curve"
    return tones.astype(float), np.array([float(one[0]) for one in became])


def assert_within(before: Any, after: Any, declared: Interval) -> None:
    """Hold all pairs of tones to slopes that are declared, one level of rounding aside."""
    apart = (before[:, None] - before[None, :]).ravel()
    became = (after[:, None] - after[None, :]).ravel()[apart > 0]
    apart = apart[apart > 0]
    assert (became >= declared.low * apart - 1.001).all()
    assert (became <= declared.high * apart + 1.001).all()


@pytest.mark.parametrize("name", ["autocontrast", "equalize"])
@pytest.mark.parametrize("kind", ADVERSARIAL)
@pytest.mark.parametrize(
    "gain, strength", [(1.0, 1.0), (1.5, 1.0), (2.0, 0.4), (2.0, 1.0), (6.0, 0.7), (255.0, 1.0)]
)
def test_no_picture_gets_a_slope_or_a_grey_that_is_not_declared(
    name: str, kind: str, gain: float, strength: float
) -> None:
    picture = ADVERSARIAL[kind]
    made = op(name, gain=gain, strength=(0.1, strength))
    reach = made.effects(SQUARE)
    tones, became = moved(picture, made.apply(picture, {"strength": strength}))
    assert_within(tones, became, reach.contrast)
    x, y = tones / 255 - 0.5, became / 255 - 0.5
    ends = [slope * x for slope in (reach.contrast.low, reach.contrast.high)]
    assert (y <= np.maximum(*ends) + reach.brightness.high + 0.51 / 255).all()
    assert (y >= np.minimum(*ends) + reach.brightness.low - 0.51 / 255).all()


@given(
    counts=st.lists(st.tuples(st.integers(0, 255), st.integers(1, 400)), min_size=1, max_size=12),
    gain=st.floats(1, 12),
    strength=st.floats(0.01, 1),
    name=st.sampled_from(["autocontrast", "equalize"]),
)
@settings(max_examples=150, deadline=None)
def test_no_histogram_at_all_gets_a_slope_that_is_not_declared(
    counts: list[tuple[int, int]], gain: float, strength: float, name: str
) -> None:
    picture = of_levels(*counts)
    made = op(name, gain=gain, strength=(strength, strength))
    tones, became = moved(picture, made.apply(picture, {"strength": strength}))
    assert_within(tones, became, made.effects(SQUARE).contrast)


@pytest.mark.parametrize("kind", ADVERSARIAL)
@pytest.mark.parametrize("gain, tile", [(1.0, 0.2), (2.0, 0.125), (4.0, 0.5), (30.0, 0.3)])
def test_no_place_in_a_picture_gets_a_slope_from_clahe_that_is_not_declared(
    kind: str, gain: float, tile: float
) -> None:
    """The three channels of a pixel stand at one place, and so share one curve."""
    plain = ADVERSARIAL[kind]
    flat = np.random.default_rng(4).permutation(plain.ravel())
    side = math.isqrt(len(flat) // 3)
    picture = flat[: 3 * side * side].reshape(side, side, 3) if plain.shape[2] == 1 else plain
    made = op("clahe", gain=gain, tile=tile, strength=(0, 0.8))
    declared = made.effects(SQUARE).contrast
    after = made.apply(picture, {"strength": 0.8}).astype(float)
    for one, other in ((0, 1), (1, 2), (2, 0)):
        apart = picture[:, :, one].astype(float) - picture[:, :, other]
        became = (after[:, :, one] - after[:, :, other]) * np.sign(apart)
        assert (became >= declared.low * np.abs(apart) - 1.001)[apart != 0].all()
        assert (became <= declared.high * np.abs(apart) + 1.001)[apart != 0].all()
        assert not became[apart == 0].any()


def test_the_cap_and_the_brightness_are_reached() -> None:
    two = of_levels((0, 30), (127, 30))
    for name in ("autocontrast", "equalize"):
        for strength in (0.5, 1.0):
            made = op(name, gain=2, strength=(0, strength))
            (black, grey), (stays, bright) = moved(two, made.apply(two, {"strength": strength}))
            reach = made.effects(SQUARE)
            assert (black, stays) == (0, 0)
            assert (bright - stays) / (grey - black) == pytest.approx(reach.contrast.high, abs=0.01)
            assert (bright - grey) / 255 == pytest.approx(reach.brightness.high, abs=0.01)
    dark = of_levels((0, 30), (51, 30))
    made = op("autocontrast", gain=5)
    _, (_, bright) = moved(dark, made.apply(dark, {"strength": 1.0}))
    assert (bright - 51) / 255 == pytest.approx(made.effects(SQUARE).brightness.high)


def test_tones_that_lie_apart_may_fall_together_in_equalize_and_it_says_so() -> None:
    picture = of_levels(*((level, 1000) for level in range(128)), *((level, 1) for level in range(128, 256)))
    made = op("equalize", gain=2)
    tones, became = moved(picture, made.apply(picture, {"strength": 1.0}))
    assert (became[-1] - became[128]) / (tones[-1] - tones[128]) < 0.01
    assert made.effects(SQUARE).contrast == Interval(0, 2)


@pytest.mark.parametrize("name", ["autocontrast", "equalize"])
@pytest.mark.parametrize("kind", ADVERSARIAL)
def test_without_a_cap_they_are_pillows_on_the_channels_side_by_side(name: str, kind: str) -> None:
    picture = ADVERSARIAL[kind]
    if "photograph" not in kind:  # 255 times as many pixels, so that Pillow's whole steps lose nothing
        picture = np.repeat(picture, 255, axis=0)
    beside = Image.fromarray(picture.reshape(picture.shape[0], -1))
    theirs = np.asarray(getattr(ImageOps, name)(beside)).reshape(picture.shape)
    ours = op(name, gain=255).apply(picture, {"strength": 1.0})
    assert np.abs(ours.astype(int) - theirs).max() <= 1


@pytest.mark.parametrize("kind", ADVERSARIAL)
@pytest.mark.parametrize("gain, strength", [(1.3, 1.0), (2.0, 0.6), (9.0, 1.0)])
def test_equalize_hands_out_what_it_cut_off_as_plain_loops_do(
    kind: str, gain: float, strength: float
) -> None:
    picture = ADVERSARIAL[kind][:40, :70]
    curve = np.array(reference(picture, gain))
    wanted = picture + strength * (curve[picture] - picture)
    after = op("equalize", gain=gain).apply(picture, {"strength": strength})
    assert np.abs(after - wanted).max() <= 0.501


@pytest.mark.parametrize("shape", [(9, 14, 3), (21, 8, 1), (1, 9, 3), (1, 1, 1)])
@pytest.mark.parametrize(
    "gain, tile, strength", [(2.0, 0.3, 1.0), (4.0, 0.125, 0.5), (1.5, 1.0, 1.0), (50.0, 0.02, 1.0)]
)
def test_clahe_is_what_plain_loops_make(
    shape: tuple[int, int, int], gain: float, tile: float, strength: float
) -> None:
    picture = np.random.default_rng(8).binomial(255, 0.3, shape).astype(np.uint8)
    if tile == 0.02:
        picture = picture[:5, :5]
    after = op("clahe", gain=gain, tile=tile).apply(picture, {"strength": strength})
    assert np.abs(after - tiled(picture, gain, tile, strength)).max() <= 0.51


def test_clahe_does_to_a_photograph_what_opencvs_does() -> None:
    grey = cv2.cvtColor(photograph(), cv2.COLOR_RGB2GRAY)
    theirs = cv2.createCLAHE(3.0, (8, 8)).apply(grey) - grey.astype(float)
    ours = op("clahe", gain=3).apply(grey[:, :, None], {"strength": 1.0})[:, :, 0] - grey.astype(float)
    assert np.corrcoef(ours.ravel(), theirs.ravel())[0, 1] > 0.8
    assert 0.6 < np.abs(ours).mean() / np.abs(theirs).mean() < 1.6


def test_clahe_of_one_tile_is_equalize() -> None:
    picture = photograph()
    one = op("clahe", tile=1).apply(picture[:141, :141], {"strength": 0.7})
    assert np.array_equal(one, op("equalize").apply(picture[:141, :141], {"strength": 0.7}))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("shape", SHAPES)
def test_every_size_keeps_its_shape_and_its_picture(name: str, shape: tuple[int, int, int]) -> None:
    picture = np.random.default_rng(2).integers(40, 90, shape, dtype=np.uint8)
    before = picture.copy()
    after = op(name).apply(picture, {"strength": 1.0})
    assert after.shape == shape and after.dtype == np.uint8
    assert np.array_equal(picture, before)


@pytest.mark.parametrize("name", NAMES)
def test_a_grey_picture_in_three_channels_stays_grey_and_comes_out_as_in_one(name: str) -> None:
    grey = photograph()[:, :, 1:2]
    after = op(name).apply(np.repeat(grey, 3, axis=2), {"strength": 1.0})
    assert np.array_equal(after, np.repeat(op(name).apply(grey, {"strength": 1.0}), 3, axis=2))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("gain", [1.0, 2.0])
def test_with_no_strength_or_no_gain_nothing_happens_and_nothing_is_declared(name: str, gain: float) -> None:
    strength = 0.0 if gain == 2 else 1.0
    made = op(name, gain=gain, strength=(strength, strength))
    for picture in ADVERSARIAL.values():
        assert np.array_equal(made.apply(picture, {"strength": strength}), picture)
    reach = made.effects(SQUARE)
    assert (reach.contrast, reach.brightness) == (Interval(1, 1), Interval(0, 0))


@pytest.mark.parametrize("name", NAMES)
def test_half_the_strength_goes_half_of_the_way(name: str) -> None:
    picture = photograph()
    whole, half = (op(name).apply(picture, {"strength": s}).astype(float) for s in (1.0, 0.5))
    assert np.abs(half - (whole + picture) / 2).max() <= 0.76


def test_a_poppy_field_keeps_its_red_and_loses_it_where_each_channel_is_stretched_by_itself() -> None:
    rng = np.random.default_rng(6)
    field = np.stack([rng.integers(180, 250, (40, 40)), *rng.integers(10, 60, (2, 40, 40))], axis=2)

    def redness(picture: Any) -> float:
        return float((picture[:, :, 0].astype(int) - picture[:, :, 1:].max(axis=2)).min())

    for name in NAMES:
        assert redness(op(name).apply(field.astype(np.uint8), {"strength": 1.0})) > 0
    assert redness(np.asarray(ImageOps.equalize(Image.fromarray(field.astype(np.uint8))))) < 0

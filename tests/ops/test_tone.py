"""Curves of tone against Pillow and float64 NumPy, and their declared effects against measured ones."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import sklearn
from numpy.typing import NDArray
from PIL import Image, ImageOps

from augkit import policy
from augkit.intervals import Interval
from augkit.ops import OPS, Curve
from augkit.render import render
from augkit.safety import bound
from tests.policies import drawn, read

SQUARE = Interval(1, 1)
RAMP = np.arange(256, dtype=np.uint8).reshape(16, 16, 1)
EXPONENTS = (0.1, 0.45, 0.8, 1.0, 1.25, 2.2, 6.0, 10.0)


def curve(name: str, **settings: Any) -> Curve:
    made = OPS[name](**settings)
    assert isinstance(made, Curve)
    return made


def photograph() -> NDArray[np.uint8]:
    file = Path(sklearn.__file__).parent / "datasets" / "images" / "china.jpg"
    return np.asarray(Image.open(file).resize((213, 141)))


def heights(made: Curve, x: NDArray[np.float64], **values: float) -> NDArray[np.float64]:
    columns = {name: np.array([[value]]) for name, value in values.items()}
    out: NDArray[np.float64] = made.levels(x[None, :], columns)[0]
    return out


def power(exponent: float, count: int = 200_001) -> NDArray[np.float64]:
    """Add up slopes in proportion to (x + 0.055)**(g - 1), the rise from 0 to 1, at even steps of [0, 1]."""
    middles = (np.arange(count - 1) + 0.5) / (count - 1)
    rise = np.exp((exponent - 1) * np.log(middles + 0.055))
    return np.concatenate([[0], np.cumsum(rise) / rise.sum()])


@pytest.mark.parametrize("exponent", EXPONENTS)
def test_gamma_is_a_power_taken_a_little_above_black(exponent: float) -> None:
    wanted = power(exponent)
    ours = heights(curve("gamma", exponent=(0.1, 10)), np.linspace(0, 1, len(wanted)), exponent=exponent)
    assert np.abs(ours - wanted).max() < 1e-6
    picture = photograph()
    after = curve("gamma", exponent=(0.1, 10)).apply(picture, {"exponent": exponent})
    assert np.abs(after - 255 * wanted[picture.astype(int) * 200_000 // 255]).max() <= 0.51


@pytest.mark.parametrize("exponent", [0.7, 0.8, 1.2, 1.5])
def test_gamma_is_near_the_plain_power_that_other_tools_take(exponent: float) -> None:
    plain = 255 * (np.arange(256) / 255) ** exponent
    ours = curve("gamma", exponent=(0.1, 10)).apply(RAMP, {"exponent": exponent}).ravel()
    assert np.abs(ours - plain).max() <= 13
    assert ((ours > np.arange(256)) == (exponent < 1))[20:235].all()


@pytest.mark.parametrize("low", EXPONENTS)
@pytest.mark.parametrize("high", EXPONENTS)
def test_the_slopes_of_gamma_and_its_middle_grey_are_as_far_apart_as_declared(
    low: float, high: float
) -> None:
    if low > high:
        low, high = high, low
    reach = curve("gamma", exponent=(low, high)).effects(SQUARE)
    curves = [power(g, 20_001) for g in np.linspace(low, high, 7)]
    slopes = np.concatenate([np.diff(y) * 20_000 for y in curves])
    assert slopes.min() == pytest.approx(reach.contrast.low, rel=2e-2)
    assert slopes.max() == pytest.approx(reach.contrast.high, rel=2e-2)
    assert slopes.min() >= reach.contrast.low * (1 - 1e-6)
    assert slopes.max() <= reach.contrast.high * (1 + 1e-6)
    moved = [y[10_000] - 0.5 for y in curves]
    assert min(*moved, 0.0) == pytest.approx(reach.brightness.low, abs=1e-4)
    assert max(*moved, 0.0) == pytest.approx(reach.brightness.high, abs=1e-4)


def pure_colours() -> NDArray[np.uint8]:
    """Return the colours that have one channel full and one empty, uint8 (N, 1, 3)."""
    one = [(255, k, 0) for k in range(0, 256, 3)]
    every = [np.array(one)[:, order] for order in itertools.permutations(range(3))]
    return np.concatenate(every)[:, None].astype(np.uint8)


def turn(before: NDArray[Any], after: NDArray[Any]) -> NDArray[np.float64]:
    """Return how far hues turn on the hexcone, in degrees without sign."""
    hues = [
        cv2.cvtColor(picture.astype(np.float32) / 255, cv2.COLOR_RGB2HSV)[:, :, 0].astype(float)
        for picture in (before, after)
    ]
    return np.abs((hues[1] - hues[0] + 180) % 360 - 180)


@pytest.mark.parametrize("exponent", EXPONENTS)
def test_a_gamma_turns_pure_colours_as_far_as_declared_and_no_colour_farther(exponent: float) -> None:
    made = curve("gamma", exponent=(min(exponent, 1.0), max(exponent, 1.0)))
    declared = made.effects(SQUARE).hue.high
    colours = pure_colours()
    turned = turn(colours, made.apply(colours, {"exponent": exponent})).max()
    assert turned == pytest.approx(declared, abs=0.4)
    some = np.random.default_rng(3).uniform(0, 1, (200_000, 3))
    after = np.stack([heights(made, some[:, c], exponent=exponent) for c in range(3)], axis=1)
    apart = np.minimum(np.ptp(some, axis=1), np.ptp(after, axis=1)) > 0.02
    assert turn(255 * some[apart, None], 255 * after[apart, None]).max() <= declared + 0.05


@pytest.mark.parametrize(
    "steps",
    [
        "  - contrast: {gain: [0.5, 2.0]}",
        "  - brightness: {shift: [-0.2, 0.2]}",
        "  - brightness: {shift: [0.12, 0.125]}\n  - contrast: {gain: [1.55, 1.6]}",
        "  - contrast: {gain: [1.9, 2.0]}\n  - brightness: {shift: [0.35, 0.4]}",
        "  - contrast: {gain: [0.8, 1.25]}\n  - gamma: {exponent: [0.8, 1.25]}",
        "  - invert\n  - contrast: {gain: [0.8, 1.25]}\n  - invert",
    ],
)
def test_tone_steps_turn_no_hue_that_they_do_not_clip_farther_than_declared(steps: str) -> None:
    made = policy.parse(f"version: 1\ntask: none\nsteps:\n{steps}\n")
    declared = bound.reach(made, SQUARE).hue.high
    some = np.random.default_rng(4).integers(0, 256, (100, 100, 3)).astype(np.uint8)
    seen = 0
    draws = drawn(made, 20)
    for i in range(20):
        after = render(some, draws, i)
        whole = ((after > 0) & (after < 255)).all(axis=2)
        strong = np.minimum(np.ptp(some, axis=2), np.ptp(after, axis=2)) > 60  # a level is a degree there
        seen += int((whole & strong).sum())
        assert turn(some, after)[whole & strong].max(initial=0) <= declared + 1.5
    assert seen > 1000


def test_ordinary_gammas_are_within_what_photographs_survive_and_a_plain_root_is_not() -> None:
    assert curve("gamma", exponent=(0.7, 1.5)).effects(SQUARE).contrast.inside(Interval(0.3, 2.5))
    assert not curve("gamma", exponent=(0.5, 1)).effects(SQUARE).contrast.inside(Interval(0.3, 2.5))


@pytest.mark.parametrize(
    "name, still", [("gamma", "exponent"), ("posterize", "bits"), ("solarize", "threshold")]
)
def test_a_curve_at_rest_between_steps_gives_back_what_they_left_unclipped(name: str, still: str) -> None:
    rest = {"gamma": 1, "posterize": 8, "solarize": 1}[name]
    shifts = [{"brightness": {"shift": [shift, shift]}} for shift in (0.6, -0.6)]
    steps = [shifts[0], {name: {still: [rest, rest]}}, shifts[1]]
    draws = drawn(read({"version": 1, "task": "none", "steps": steps}), 1, corners=False)
    assert np.array_equal(render(RAMP, draws, 0), RAMP)


@pytest.mark.parametrize("threshold", [0, 1, 77, 128, 200, 255, 256])
def test_solarize_is_pillows(threshold: int) -> None:
    for picture in (photograph(), RAMP):
        ours = curve("solarize", threshold=(0, 1)).apply(picture, {"threshold": threshold / 256})
        theirs = ImageOps.solarize(Image.fromarray(picture.squeeze()), threshold)
        assert np.array_equal(ours, np.asarray(theirs).reshape(picture.shape))


def test_solarize_takes_the_same_threshold_after_a_line_as_alone() -> None:
    alone = curve("solarize", threshold=(0, 1)).apply(RAMP, {"threshold": 0.5})
    steps = [
        {"contrast": {"gain": [3, 3]}},
        {"contrast": {"gain": [1 / 3, 1 / 3]}},
        {"solarize": {"threshold": [0.5, 0.5]}},
    ]
    draws = drawn(read({"version": 1, "task": "none", "steps": steps}), 1, corners=False)
    assert np.array_equal(render(RAMP, draws, 0), alone)


@pytest.mark.parametrize(
    "low, high", [(0, 0), (0, 1), (0.2, 0.3), (0.3, 0.9), (0.5, 0.5), (0.7, 0.75), (0.99, 1)]
)
def test_solarize_leaves_as_many_levels_as_declared(low: float, high: float) -> None:
    made = curve("solarize", threshold=(low, high))
    ends = np.unique(np.clip([low, high, 0.5, *np.linspace(low, high, 60)], low, high))
    left = [len(np.unique(made.apply(RAMP, {"threshold": float(t)}))) for t in ends]
    assert min(left) == made.effects(SQUARE).levels.low


@pytest.mark.parametrize("threshold", [0.0, 0.2, 0.6, 0.95])
def test_solarize_keeps_a_tone_or_inverts_it_and_declares_both(threshold: float) -> None:
    made = curve("solarize", threshold=(threshold, 1))
    after = made.apply(RAMP, {"threshold": threshold}).astype(int)
    assert ((after == RAMP) | (after == 255 - RAMP.astype(int))).all()
    reach = made.effects(SQUARE)
    assert reach.inverted == Interval(1, 1) and reach.contrast == Interval(0, 1)
    assert reach.brightness == Interval(0, 0)


@pytest.mark.parametrize("bits", [1.0, 1.6, 2.0, 3.3, 5.0, 7.5, 8.0])
def test_posterize_leaves_as_many_levels_as_declared_and_takes_the_nearest(bits: float) -> None:
    made = curve("posterize", bits=(bits, 8))
    after = made.apply(RAMP, {"bits": bits})
    levels = np.linspace(0, 255, round(2**bits))
    assert len(np.unique(after)) == len(levels) == made.effects(SQUARE).levels.low
    nearest = np.abs(RAMP.reshape(-1, 1) - levels).min(axis=1)
    assert np.abs(np.abs(RAMP.astype(float) - after).ravel() - nearest).max() <= 0.5


def test_posterize_keeps_black_and_white() -> None:
    for bits in np.linspace(1, 8, 29):
        after = curve("posterize", bits=(1, 8)).apply(RAMP, {"bits": float(bits)}).ravel()
        assert (after[0], after[255]) == (0, 255)


@pytest.mark.parametrize("shape", [(1, 1, 1), (1, 1, 3), (1, 7, 3), (13, 1, 1), (7, 11, 3)])
@pytest.mark.parametrize(
    "name, values",
    [("gamma", {"exponent": 0.5}), ("solarize", {"threshold": 0.4}), ("posterize", {"bits": 2.0})],
)
def test_every_size_is_looked_up_pixel_by_pixel(
    shape: tuple[int, int, int], name: str, values: dict[str, float]
) -> None:
    picture = np.random.default_rng(3).integers(0, 256, shape, dtype=np.uint8)
    made = curve(name, **{key: (value, value) for key, value in values.items()})
    table = made.apply(RAMP, values).ravel()
    assert np.array_equal(made.apply(picture, values), table[picture])

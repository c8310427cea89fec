"""Colour ops against Pillow and float64 NumPy, and their declared effects against measured pixels."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageEnhance

from augkit.intervals import Interval
from augkit.ops import OPS, Colour, Kernel
from augkit.render import render
from tests.policies import drawn, read

SQUARE = Interval(1, 1)
LUMA = np.array([0.299, 0.587, 0.114])


def colours(low: int = 0, high: int = 256, seed: int = 1) -> NDArray[np.uint8]:
    return np.random.Philox(seed).random_raw(48 * 64 * 3).reshape(48, 64, 3).__mod__(high - low).astype(
        np.uint8
    ) + np.uint8(low)


def op(name: str, **settings: Any) -> Kernel:
    made = OPS[name](**settings)
    assert isinstance(made, Kernel)
    return made


def hue_of(picture: NDArray[Any]) -> NDArray[np.float64]:
    """Return the hue of HSV in degrees, in float64, NaN for grey pixels."""
    red, green, blue = np.moveaxis(picture.astype(np.float64), 2, 0)
    most, least = picture.max(axis=2).astype(float), picture.min(axis=2).astype(float)
    chroma = np.where(most > least, most - least, np.nan)
    sector = np.where(
        most == red,
        (green - blue) / chroma % 6,
        np.where(most == green, (blue - red) / chroma + 2, (red - green) / chroma + 4),
    )
    return 60 * sector


def turned(before: NDArray[Any], after: NDArray[Any]) -> NDArray[np.float64]:
    return (hue_of(after) - hue_of(before) + 180) % 360 - 180


def vivid(picture: NDArray[np.uint8], least: int) -> NDArray[np.bool_]:
    chroma = picture.max(axis=2).astype(int) - picture.min(axis=2)
    return chroma >= least


@pytest.mark.parametrize("factor", [0.0, 0.3, 0.8, 1.0, 1.4])
def test_saturation_is_pillows_where_no_colour_leaves_the_range(factor: float) -> None:
    picture = colours(90, 150)
    ours = op("saturation", factor=(0, 2)).apply(picture, {"factor": factor})
    theirs = np.asarray(ImageEnhance.Color(Image.fromarray(picture)).enhance(factor))
    assert np.abs(ours.astype(int) - theirs).max() <= 1 + factor  # Pillow rounds the grey first


@pytest.mark.parametrize("factor", [0.5, 1.5, 4.0, 10.0])
def test_saturation_turns_no_hue_and_moves_no_luma(factor: float) -> None:
    picture = colours()
    after = op("saturation", factor=(0, 10)).apply(picture, {"factor": factor})
    strong = vivid(picture, 80) & vivid(after, 40)
    assert strong.mean() > 0.5
    assert np.abs(turned(picture, after)[strong]).max() < 2.0
    assert np.abs((after - picture.astype(float)) @ LUMA).max() <= 0.51


@pytest.mark.parametrize("low, high", [(0.0, 0.4), (0.5, 2.0), (1.5, 4.0)])
def test_the_measured_saturation_lies_in_what_is_declared(low: float, high: float) -> None:
    picture = colours(40, 216)
    made = op("saturation", factor=(low, high))
    reach = made.effects(SQUARE).saturation
    grey = (picture @ LUMA)[:, :, None]
    for factor in (low, (low + high) / 2, high):
        after = made.apply(picture, {"factor": factor})
        away = np.abs(picture - grey).max(axis=2)
        measured = (np.abs(after - grey).max(axis=2) / away)[away > 60]
        assert measured.min() >= reach.low - 0.02
        assert measured.max() <= reach.high + 0.02


@pytest.mark.parametrize("degrees", [-180, -75, 10, 90, 179])
def test_hue_turns_every_colour_by_what_was_drawn_and_keeps_value_and_saturation(degrees: float) -> None:
    picture = colours()
    after = op("hue", degrees=(-180, 180)).apply(picture, {"degrees": degrees})
    strong = vivid(picture, 100)
    error = (turned(picture, after) - degrees + 180) % 360 - 180
    assert np.abs(error[strong]).max() < 1.0
    assert np.abs(after.max(axis=2).astype(int) - picture.max(axis=2)).max() <= 1
    assert np.abs(after.min(axis=2).astype(int) - picture.min(axis=2)).max() <= 1


def test_a_hue_turn_of_120_degrees_moves_red_to_green_to_blue() -> None:
    picture = colours()
    after = op("hue", degrees=(120, 120)).apply(picture, {"degrees": 120.0})
    assert np.array_equal(after, np.roll(picture, 1, axis=2))


@pytest.mark.parametrize("degrees", [(-20.0, 35.0), (-90.0, 10.0), (0.0, 180.0)])
def test_the_measured_hue_turn_lies_in_what_is_declared(degrees: tuple[float, float]) -> None:
    picture = colours()
    made = op("hue", degrees=degrees)
    most = made.effects(SQUARE).hue.high
    strong = vivid(picture, 100)
    turns = [
        np.abs(turned(picture, made.apply(picture, {"degrees": value})))[strong].max() for value in degrees
    ]
    assert most - 1 <= max(turns) <= most + 1


def test_grey_is_pillows() -> None:
    picture = colours()
    after = op("grey").apply(picture, {})
    theirs = np.asarray(Image.fromarray(picture).convert("L"))
    assert np.array_equal(after[:, :, 0], after[:, :, 1])
    assert np.array_equal(after[:, :, 0], after[:, :, 2])
    assert np.abs(after[:, :, 0].astype(int) - theirs).max() <= 1
    assert op("grey").effects(SQUARE).saturation == Interval(0, 0)


def test_channel_shuffle_draws_each_order_but_the_pictures_own() -> None:
    picture = colours()
    made = op("channel_shuffle")
    (order,) = made.drawn()
    after = {made.apply(picture, {"order": option}).tobytes() for option in order.options}
    wanted = {picture[:, :, list(p)].tobytes() for p in itertools.permutations(range(3)) if p != (0, 1, 2)}
    assert after == wanted
    assert made.effects(SQUARE).channels == Interval(0, 1)


@pytest.mark.parametrize("order, named", enumerate(["rbg", "grb", "gbr", "brg", "bgr"], start=1))
def test_the_orders_of_channel_shuffle_are_those_it_names(order: int, named: str) -> None:
    picture = colours()
    after = op("channel_shuffle").apply(picture, {"order": float(order)})
    assert np.array_equal(after, picture[:, :, ["rgb".index(letter) for letter in named]])


@pytest.mark.parametrize(
    "name, settings, values",
    [
        ("saturation", {"factor": (0, 2)}, {"factor": 0.0}),
        ("hue", {"degrees": (0, 90)}, {"degrees": 90.0}),
        ("grey", {}, {}),
        ("channel_shuffle", {}, {"order": 3.0}),
        ("channel_drop", {}, {"channel": 1.0}),
        ("white_balance", {"kelvin": (3000, 9000)}, {"kelvin": 3000.0}),
        ("pca_colour", {}, {"sigma": 0.1, "first": 0.9, "second": 0.1, "third": 0.2}),
    ],
)
def test_colour_ops_leave_grey_pictures_as_they_are(
    name: str, settings: dict[str, Any], values: dict[str, float]
) -> None:
    picture = colours()[:, :, :1]
    assert np.array_equal(op(name, **settings).apply(picture, values), picture)


@pytest.mark.parametrize("channel", [0, 1, 2])
def test_channel_drop_is_albumentations(channel: int) -> None:
    from albumentations.augmentations.dropout.functional import channel_dropout

    picture = colours()
    made = op("channel_drop")
    (number,) = made.drawn()
    assert number.options == (0.0, 1.0, 2.0)
    after = made.apply(picture, {"channel": float(channel)})
    assert np.array_equal(after, channel_dropout(picture.copy(), (channel,), 0))


def test_channel_drop_does_to_pure_colours_and_greys_what_it_declares() -> None:
    made = op("channel_drop")
    reach = made.effects(SQUARE)
    orders = list(itertools.permutations(range(3)))
    pure = np.array([np.array([255, middle, 0])[list(order)] for order in orders for middle in range(256)])
    chroma, turns = [], []
    for channel in (0.0, 1.0, 2.0):
        after = made.apply(pure[None].astype(np.uint8), {"channel": channel})
        left = after.max(axis=2).astype(int) - after.min(axis=2)
        chroma += [left.min() / 255, left.max() / 255]
        turns.append(np.abs(turned(pure[None], after))[left > 0].max())
    assert (min(chroma), max(chroma)) == (reach.saturation.low, reach.saturation.high)
    assert 119 < max(turns) <= reach.hue.high
    assert (reach.contrast, reach.brightness) == (Interval(0, 1), Interval(-0.5, 0))
    assert reach.channels == Interval(0, 1)


FUSED = {
    "saturation": {"factor": [0.4, 0.4]},
    "grey": {},
    "channel_shuffle": {},
    "channel_drop": {},
    "white_balance": {"kelvin": [3200, 3200]},
    "pca_colour": {"sigma": [0.6, 0.6]},
}


@pytest.mark.parametrize("name", FUSED)
def test_a_colour_rendered_as_a_matrix_is_the_one_applied(name: str) -> None:
    body = FUSED[name]
    picture = colours()
    draws = drawn(read({"version": 1, "task": "none", "steps": [{name: body}]}), 6, aspects=(0.75, 0.75))
    made = op(name, **{key: tuple(ends) for key, ends in body.items()})
    assert isinstance(made, Colour) and made.linear
    for i in range(6):
        values = {n.name: float(row[i]) for n, row in zip(made.drawn(), draws.numbers, strict=True)}
        assert np.abs(render(picture, draws, i).astype(int) - made.apply(picture, values)).max() <= 1


def test_saturation_is_a_matrix_only_where_no_colour_can_leave_the_range() -> None:
    weak, strong = (OPS["saturation"](factor=(0.5, high)) for high in (1.0, 1.01))
    assert isinstance(weak, Colour) and isinstance(strong, Colour)
    assert weak.linear and not strong.linear


POINTWISE = {
    **{name: {key: tuple(ends) for key, ends in body.items()} for name, body in FUSED.items()},
    "hue": {"degrees": (35, 35)},
    "gamma": {"exponent": (0.6, 0.6)},
    "solarize": {"threshold": (0.4, 0.4)},
    "posterize": {"bits": (2, 2)},
}


@pytest.mark.parametrize("name", POINTWISE)
def test_a_pointwise_op_does_the_same_to_a_pixel_wherever_and_beside_whatever_it_is(name: str) -> None:
    made = op(name, **POINTWISE[name])
    assert made.pointwise
    values = {number.name: number.low for number in made.drawn()}
    picture = colours()
    flat = picture.reshape(-1, 1, 3)
    order = np.random.default_rng(5).permutation(len(flat))
    after = made.apply(picture, values).reshape(-1, 1, 3)
    assert np.array_equal(made.apply(flat[order], values), after[order])
    assert np.array_equal(made.apply(flat[7:8], values), after[7:8])


@pytest.mark.parametrize("name", ["autocontrast", "equalize", "clahe", "blur"])
def test_what_looks_at_other_pixels_does_not_call_itself_pointwise(name: str) -> None:
    assert not op(name, **({"sigma": (0.1, 0.1)} if name == "blur" else {})).pointwise


@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 9, 3), (13, 1, 3), (7, 11, 3)])
@pytest.mark.parametrize("name", POINTWISE)
def test_every_size_of_picture_is_coloured(name: str, shape: tuple[int, int, int]) -> None:
    picture = np.random.default_rng(2).integers(0, 256, shape, dtype=np.uint8)
    before = picture.copy()
    made = op(name, **POINTWISE[name])
    after = made.apply(picture, {number.name: number.low for number in made.drawn()})
    assert after.shape == shape and after.dtype == np.uint8
    assert np.array_equal(picture, before)

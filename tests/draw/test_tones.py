"""Tone maps that no line describes: their slopes and middle grey, by difference quotients of their own."""

from __future__ import annotations

import dataclasses
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from augkit import policy
from augkit.draw import Draws, draw
from augkit.intervals import Interval
from augkit.ops import OPS, Curve
from augkit.reach import TONE
from augkit.safety import bound
from tests.policies import TONAL, drawn, policies

CURVES = tuple(name for name, op in OPS.items() if issubclass(op, Curve))
COLOURS = ("white_balance", "pca_colour", "channel_drop", "channel_shuffle", "grey")


def one(steps: str) -> Draws:
    made = policy.parse(f"version: 1\ntask: none\nsteps:\n{steps}\n", "tones.yaml")
    return draw(made, ["a"], np.ones(1, np.int64), seed=0, aspects=np.ones(1))


def bent(x: np.ndarray, g: float) -> np.ndarray:
    """Return the gamma curve by its definition, one number at a time."""
    e = 0.055
    return np.array([
        ((v + e) ** g - e**g) / ((1 + e) ** g - e**g) if 0 <= v <= 1 else v - min(max(v, 0), 1) + (v > 1)
        for v in x
    ])  # fmt: skip


def quotients(curve) -> np.ndarray:
    """Return the slopes of a curve at all levels that it leaves between black and white."""
    x = np.arange(256) / 255
    y = curve(x)
    near = np.clip(x, 1e-7, 1 - 1e-7)
    slopes = (curve(near + 1e-7) - curve(near - 1e-7)) / 2e-7
    return slopes[(y >= 0) & (y <= 1)]


@pytest.mark.parametrize(
    ("gain", "shift", "g"), [(1, 0, 2.0), (1.3, -0.1, 0.6), (0.7, 0.2, 3.0), (2, 0, 1.5)]
)
def test_the_slopes_of_a_line_and_a_gamma_are_those_of_their_curve(gain, shift, g):
    draws = one(
        f"  - contrast: {{gain: [{gain}, {gain}]}}\n  - brightness: {{shift: [{shift}, {shift}]}}\n"
        f"  - gamma: {{exponent: [{g}, {g}]}}"
    )
    slopes = quotients(lambda x: bent(gain * (x - 0.5) + 0.5 + shift, g))
    assert draws.reached("contrast")[:, 0] == pytest.approx([slopes.min(), slopes.max()], rel=1e-4)
    assert draws.reached("brightness")[:, 0] == pytest.approx(bent(np.array([0.5 + shift]), g) - 0.5)
    assert np.isnan(draws.reached("inverted")).all()


def test_beyond_white_a_gamma_goes_on_with_a_slope_of_one_and_may_come_back():
    draws = one(
        "  - brightness: {shift: [0.79, 0.79]}\n  - gamma: {exponent: [3, 3]}\n"
        "  - brightness: {shift: [-0.79, -0.79]}"
    )
    slopes = quotients(lambda x: bent(x + 0.79, 3) - 0.79)
    assert draws.reached("contrast")[:, 0] == pytest.approx([slopes.min(), slopes.max()], rel=1e-4)
    assert slopes.min() == pytest.approx(1)


def test_what_ends_beyond_white_or_black_has_no_slope_to_be_seen():
    whole = one("  - gamma: {exponent: [3, 3]}").reached("contrast")[1, 0]
    cut = one("  - gamma: {exponent: [3, 3]}\n  - contrast: {gain: [2, 2]}").reached("contrast")[1, 0]
    assert whole > 2.5
    assert cut < 2 * whole * 0.9, "the steepest part is white"
    white = one(
        "  - gamma: {exponent: [3, 3]}\n  - brightness: {shift: [1, 1]}\n  - brightness: {shift: [1, 1]}"
    )
    assert white.reached("contrast")[1, 0] == pytest.approx(whole), "where nothing is seen all of it counts"


def test_a_part_that_is_solarized_is_inverted_and_the_rest_is_not():
    draws = one("  - solarize: {threshold: [0.5, 0.5]}")
    assert draws.reached("inverted")[:, 0].tolist() == [1, 1]
    assert draws.reached("contrast")[:, 0].tolist() == [0, 1], "two tones fall together where it folds"
    everything = one("  - solarize: {threshold: [0, 0]}")
    assert np.isnan(everything.effects["contrast"]).all() and everything.effects["inverted"][0] == 1


def test_a_curve_that_takes_brightness_back_leaves_middle_grey_where_it_is():
    g = 1.995
    draws = one(f"  - brightness: {{shift: [0.2, 0.2]}}\n  - gamma: {{exponent: [{g}, {g}]}}")
    assert abs(draws.effects["brightness"][0]) < 0.03


def test_levels_alone_bend_nothing():
    draws = one("  - posterize: {bits: [1, 1]}\n  - contrast: {gain: [2, 2]}")
    assert draws.reached("contrast").tolist() == [[2.0]] and draws.effects["brightness"][0] == 0


def test_light_of_another_colour_multiplies_each_channel():
    draws = one("  - brightness: {shift: [0.1, 0.1]}\n  - white_balance: {kelvin: [3500, 3500]}")
    grey = np.full((1, 1, 3), 128, np.uint8)
    lit = OPS["white_balance"](kelvin=(3500.0, 3500.0)).apply(grey, {"kelvin": 3500.0})  # type: ignore[attr-defined,call-arg]
    gains = lit.ravel() / 128
    low, high = draws.reached("contrast")[:, 0]
    assert [low, high] == pytest.approx([gains.min(), gains.max()], abs=0.01)
    moved = np.sort(draws.reached("brightness")[:, 0])
    assert moved == pytest.approx(np.sort(0.6 * gains - 0.5), abs=0.01)


def test_a_colour_that_is_added_moves_each_channel():
    draws = one("  - pca_colour: {sigma: [1, 1]}")
    _, _, values = draws.done[0]
    drawn_ = {name: float(value[0]) for name, value in values.items()}
    lit = OPS["pca_colour"](sigma=(1.0, 1.0)).apply(np.full((1, 1, 3), 128, np.uint8), drawn_)  # type: ignore[attr-defined,call-arg]
    assert draws.reached("brightness")[:, 0] == pytest.approx(lit.ravel() / 255 - 128 / 255, abs=0.003)
    assert np.ptp(lit) > 3


def test_a_channel_that_is_dropped_has_no_contrast():
    draws = one("  - channel_drop\n  - invert")
    assert np.isnan(draws.reached("contrast")).all()
    assert draws.reached("inverted")[:, 0].tolist() == [0, 1]


@given(policies(ops=CURVES + TONAL + COLOURS, steps=5, depth=2, modest=False))
@settings(max_examples=80, deadline=None)
def test_the_tones_of_every_draw_lie_inside_the_reach_of_its_policy(some):
    reach = bound.reach(some, Interval(1, 1))
    draws = drawn(some, 60)
    for axis in TONE:
        values = draws.reached(axis)
        assert (reach.on(axis).excess(values) / np.maximum(1, np.abs(np.nan_to_num(values)))).max() < 1e-6, (
            axis
        )


@given(policies(ops=TONAL, steps=5, depth=1), st.randoms(use_true_random=False))
@settings(max_examples=30, deadline=None)
def test_a_curve_at_rest_changes_no_measure(some, rng: random.Random):
    gamma = policy.parse("version: 1\ntask: none\nsteps: [{gamma: {exponent: [1, 1]}}]\n", "g.yaml").steps
    at = rng.randint(0, len(some.steps))
    longer = dataclasses.replace(some, steps=(*some.steps[:at], *gamma, *some.steps[at:]))
    draws, same = drawn(some, 40, corners=False), drawn(longer, 40, corners=False)
    for axis in TONE:
        np.testing.assert_allclose(same.effects[axis], draws.effects[axis], atol=1e-9)

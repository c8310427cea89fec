"""Blends mix pictures and say by how much: against float64 NumPy, loops over pixels, and SciPy's Beta."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from augkit.errors import PolicyError
from augkit.ops import OPS
from augkit.ops.blend import Cutmix, Mixup
from augkit.policy import parse

SHAPES = [(5, 28, 28, 1), (4, 17, 31, 3), (3, 1, 1, 1), (3, 1, 9, 3), (1, 8, 8, 3), (0, 6, 6, 1)]


def values(count: int, seed: int = 0) -> dict[str, np.ndarray]:
    random = np.random.default_rng(seed)
    numbers = {name: random.random(count) for name in ("radius", "x", "y")}
    return {**numbers, "angle": 360 * random.random(count)}


def batch(shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(sum(shape))
    one, other = random.integers(0, 256, (2, *shape), dtype=np.uint8)
    return one, other


@pytest.mark.parametrize("alpha", [0.05, 0.2, 0.4, 0.5, 1, 2, 7.5, 100])
@pytest.mark.parametrize("kind", [Mixup, Cutmix])
def test_shares_follow_the_beta_distribution(kind, alpha):
    shares = kind(alpha=alpha).share(values(20_000, seed=3))
    inner = (shares > 1e-9) & (shares < 1 - 1e-9)  # nearer to the ends, floats lie farther apart than shares
    known = stats.beta(alpha, alpha)
    assert inner.mean() == pytest.approx(known.cdf(1 - 1e-9) - known.cdf(1e-9), abs=0.015)
    within = (known.cdf(shares[inner]) - known.cdf(1e-9)) / (known.cdf(1 - 1e-9) - known.cdf(1e-9))
    assert stats.kstest(within, "uniform").pvalue > 1e-3


def test_no_drawn_number_gives_a_share_that_is_none():
    ends = np.array([0.0, 5e-324, 2.0**-53, 0.5, 1 - 2.0**-53])
    radius, angle = (grid.ravel() for grid in np.meshgrid(ends, [0.0, 90.0, 180.0, 270.0, 359.999]))
    for alpha in (0.01, 1, 100):
        shares = Mixup(alpha=alpha).share({"radius": radius, "angle": angle})
        assert ((shares >= 0) & (shares <= 1)).all()


def test_a_share_is_that_of_the_formula_by_hand():
    radius, angle, alpha = 0.3, 200.0, 0.7
    t = math.sqrt(radius ** (-1 / alpha) - 1) * math.cos(math.radians(angle))
    share = Mixup(alpha=alpha).share({"radius": np.array([radius]), "angle": np.array([angle])})
    assert share[0] == pytest.approx(0.5 + 0.5 * t / math.sqrt(1 + t * t), rel=1e-12)


@pytest.mark.parametrize("shape", SHAPES)
def test_mixup_is_the_weighted_sum(shape):
    one, other = batch(shape)
    before = one.copy(), other.copy()
    mixed, shares = Mixup(alpha=0.8).blend(one, other, values(len(one)))
    weights = shares[:, None, None, None]
    assert mixed.dtype == np.uint8 and mixed.shape == one.shape and shares.dtype == np.float64
    assert np.abs(mixed - (weights * one + (1 - weights) * other)).max(initial=0) <= 0.501
    assert (one == before[0]).all() and (other == before[1]).all() and not np.shares_memory(mixed, one)


@pytest.mark.parametrize("shape", SHAPES)
def test_cutmix_takes_the_pixels_in_a_rectangle_and_no_other(shape):
    one, other = batch(shape)
    drawn = values(len(one), seed=7)
    op = Cutmix(alpha=1.0)
    mixed, kept = op.blend(one, other, drawn)
    count, height, width, _ = shape
    for i in range(count):
        side = math.sqrt(1 - float(op.share({k: v[i : i + 1] for k, v in drawn.items()})[0]))
        x, y = float(drawn["x"][i]), 1 - float(drawn["y"][i])
        mine = 0
        for row in range(height):
            for column in range(width):
                # A pixel is covered when its middle lies within the rectangle, drawn to whole pixels.
                left, right = (round((x + half * side) * width) for half in (-0.5, 0.5))
                top, bottom = (round((y + half * side) * height) for half in (-0.5, 0.5))
                inside = left < column + 0.5 < right and top < row + 0.5 < bottom
                mine += not inside
                source = other if inside else one
                assert (mixed[i, row, column] == source[i, row, column]).all()
        assert kept[i] == pytest.approx(mine / (width * height), abs=1e-12)
    assert not np.shares_memory(mixed, one)


@pytest.mark.parametrize("name", ["mixup", "cutmix"])
def test_the_share_of_the_label_is_that_of_the_pixels(name):
    """White mixed into black: how light it gets is how much of the white there is."""
    black, white = np.zeros((50, 40, 40, 1), np.uint8), np.full((50, 40, 40, 1), 255, np.uint8)
    mixed, kept = OPS[name]().blend(black, white, values(50, seed=11))
    assert np.abs(mixed.mean(axis=(1, 2, 3)) / 255 - (1 - kept)).max() < 0.5 / 255 + 1e-9
    assert kept.min() < 0.4 and kept.max() > 0.8


def test_the_middle_of_the_rectangle_is_where_a_reader_sees_it():
    black, white = np.zeros((1, 20, 20, 1), np.uint8), np.full((1, 20, 20, 1), 255, np.uint8)
    drawn = {"radius": [0.9], "angle": [90.0], "x": [0.0], "y": [1.0]}  # half of it kept; left and top
    mixed, _ = Cutmix().blend(black, white, {name: np.array(v) for name, v in drawn.items()})
    assert mixed[0, 0, 0, 0] == 255 and mixed[0, -1, -1, 0] == mixed[0, 0, -1, 0] == mixed[0, -1, 0, 0] == 0


def test_alpha_is_held_to_its_limits():
    with pytest.raises(PolicyError, match="alpha"):
        parse("version: 1\ntask: none\nsteps:\n  - mixup: {alpha: 0}\n")
    (step,) = parse("version: 1\ntask: none\nsteps:\n  - cutmix\n").leaves()
    assert step.op == Cutmix(alpha=1.0)

"""White balance and PCA colour against physics and plain loops, and their declared effects against pixels."""

from __future__ import annotations

import itertools
import math
import statistics
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from augkit import policy
from augkit.errors import PolicyError, UsageError
from augkit.intervals import Interval
from augkit.ops import OPS, Colour
from augkit.reach import Reach

SQUARE = Interval(1, 1)
LUMA = np.array([0.299, 0.587, 0.114])
KELVINS = (2500.0, 3000.0, 3900.0, 4100.0, 5000.0, 6500.0, 8000.0, 11000.0, 15000.0)
QUANTILES = ("first", "second", "third")
Floats = NDArray[np.float64]


def colour(name: str, **given: Any) -> Colour:
    made = OPS[name](**given)
    assert isinstance(made, Colour)
    return made


def matrix(made: Colour, **values: float) -> Floats:
    return made.mix({name: np.array([value]) for name, value in values.items()})[0]


def pure(steps: int = 60) -> Floats:
    """Return colours with one channel full and one empty, float64 (N, 3)."""
    middle = np.linspace(0, 1, steps)
    parts = [np.stack([np.ones(steps), middle, np.zeros(steps)], axis=1)[:, list(order)]
             for order in itertools.permutations(range(3))]  # fmt: skip
    return np.concatenate(parts)


def hue_of(colours: Floats) -> Floats:
    """Return the hue of the hexcone, in degrees, by the length of the way around it."""
    most, least = colours.max(axis=1), colours.min(axis=1)
    scaled = (colours - least[:, None]) / (most - least)[:, None]
    red, green, blue = scaled.T
    sector = np.argmax(scaled, axis=1)
    return 60 * np.choose(sector, [green - blue, 2 + blue - red, 4 + red - green])


def assert_within(made: Colour, matrices: list[Floats]) -> None:
    """Hold what matrices do to pure colours and greys, clipped or not, to what is declared."""
    reach: Reach = made.effects(SQUARE)
    before = pure()
    for mix in matrices:
        plain = before @ mix[:, :3].T + mix[:, 3]
        for after in (plain, np.clip(plain, 0, 1)):
            chroma = after.max(axis=1) - after.min(axis=1)
            assert chroma.min() >= reach.saturation.low - 1e-9
            assert chroma.max() <= reach.saturation.high + 1e-9
            turn = np.abs((hue_of(after) - hue_of(before) + 180) % 360 - 180)
            assert turn[chroma > 1e-9].max() <= reach.hue.high + 1e-6
        slopes, moved = mix[:, :3].sum(axis=1), mix[:, :3].sum(axis=1) / 2 + mix[:, 3] - 0.5
        assert all(slope in reach.contrast for slope in slopes)
        assert all(move in reach.brightness for move in moved)


def light(kelvin: float) -> Floats:
    """Return a black body in linear sRGB, from Planck's law and the observer of Wyman 2013, JCGT 2(2)."""
    nm = np.arange(380.0, 781.0)
    spectrum = nm**-5 / np.expm1(1.438777e7 / (nm * kelvin))

    def lobe(height: float, at: float, left: float, right: float) -> Floats:
        return height * np.exp(-0.5 * ((nm - at) / np.where(nm < at, left, right)) ** 2)

    observer = [
        lobe(1.056, 599.8, 37.9, 31.0) + lobe(0.362, 442.0, 16.0, 26.7) - lobe(0.065, 501.1, 20.4, 26.2),
        lobe(0.821, 568.8, 46.9, 40.5) + lobe(0.286, 530.9, 16.3, 31.1),
        lobe(1.217, 437.0, 11.8, 36.0) + lobe(0.681, 459.0, 26.0, 13.8),
    ]
    primaries = np.array([[0.64, 0.33, 0.03], [0.30, 0.60, 0.10], [0.15, 0.06, 0.79]]).T
    white = np.array([0.3127, 0.3290, 0.3583]) / 0.3290
    to_xyz = primaries * np.linalg.solve(primaries, white)
    return np.linalg.solve(to_xyz, np.array([(spectrum * one).sum() for one in observer]))


@pytest.mark.parametrize("kelvin", KELVINS)
def test_white_balance_multiplies_channels_as_light_of_that_temperature(kelvin: float) -> None:
    ratio = (light(kelvin) / light(6500)) ** (1 / 2.2)
    mix = matrix(colour("white_balance", kelvin=(2500, 15000)), kelvin=kelvin)
    gains = np.diag(mix[:, :3])
    assert np.array_equal(mix[:, :3], np.diag(gains)) and not mix[:, 3].any()
    np.testing.assert_allclose(gains / gains[1], ratio / ratio[1], rtol=0.02)
    assert gains @ LUMA == pytest.approx(1)


def test_below_daylight_it_is_warm_and_above_it_cold_as_in_planckian_jitter() -> None:
    from albumentations.augmentations.pixel.functional import PLANCKIAN_COEFFS

    table = PLANCKIAN_COEFFS["blackbody"]
    for kelvin in (3000, 5000, 9000, 15000):
        ours = np.diag(matrix(colour("white_balance", kelvin=(2500, 15000)), kelvin=float(kelvin))[:, :3])
        theirs = np.array(table[kelvin]) / np.array(table[6500])
        assert np.array_equal(np.argsort(ours), np.argsort(theirs))
        assert (ours[0] > ours[2]) == (kelvin < 6500)


@pytest.mark.parametrize("ends", [(2500.0, 15000.0), (2500.0, 4000.0), (5000.0, 7000.0), (9000.0, 9000.0)])
def test_white_balance_does_to_pure_colours_and_greys_what_it_declares(ends: tuple[float, float]) -> None:
    made = colour("white_balance", kelvin=ends)
    matrices = [matrix(made, kelvin=float(k)) for k in np.linspace(*ends, 60)]
    assert_within(made, matrices)
    gains = np.array([np.diag(mix[:, :3]) for mix in matrices])
    reach = made.effects(SQUARE)
    assert (gains.min(), gains.max()) == pytest.approx((reach.contrast.low, reach.contrast.high))


@pytest.mark.parametrize("kelvin", [3000.0, 12000.0])
def test_white_balance_turns_some_pure_colour_as_far_as_it_declares(kelvin: float) -> None:
    made = colour("white_balance", kelvin=(kelvin, kelvin))
    before = pure(2000)
    after = before @ matrix(made, kelvin=kelvin)[:, :3].T
    turn = np.abs((hue_of(after) - hue_of(before) + 180) % 360 - 180).max()
    assert turn == pytest.approx(made.effects(SQUARE).hue.high, rel=1e-3)


def lighting(alphas: Floats, values: Floats, vectors: Floats) -> Floats:
    """Return what fb.resnet.torch's `Lighting` adds to red, green and blue."""
    return np.array([sum(vectors[c][k] * alphas[k] * values[k] for k in range(3)) for c in range(3)])


@pytest.mark.parametrize("quantiles", [(0.5, 0.5, 0.5), (0.0, 1.0, 0.3), (0.1, 0.8, 0.99)])
def test_pca_colour_adds_what_the_paper_says(quantiles: tuple[float, float, float]) -> None:
    values = np.array([0.2175, 0.0188, 0.0045])
    vectors = np.array([[-0.5675, 0.7192, 0.4009], [-0.5808, -0.0045, -0.8140], [-0.5836, -0.6948, 0.4203]])
    unit = statistics.NormalDist()
    least, most = unit.cdf(-3), unit.cdf(3)
    alphas = np.array([0.1 * unit.inv_cdf(least + q * (most - least)) for q in quantiles])
    made = colour("pca_colour")
    mix = matrix(made, sigma=0.1, **dict(zip(QUANTILES, quantiles, strict=True)))
    np.testing.assert_allclose(mix[:, 3], lighting(alphas, values, vectors), atol=1e-12)
    assert np.array_equal(mix[:, :3], np.eye(3))
    picture = np.random.default_rng(1).integers(30, 220, (9, 7, 3), dtype=np.uint8)
    after = made.apply(picture, {"sigma": 0.1, **dict(zip(QUANTILES, quantiles, strict=True))})
    assert np.abs(after - (picture + 255 * mix[:, 3])).max() <= 0.501


def test_the_numbers_of_pca_colour_are_normal_with_the_standard_deviation_given() -> None:
    even = (np.arange(20_000) + 0.5) / 20_000
    made = colour("pca_colour", eigenvalues=(1, 0, 0), eigenvectors=(1, 0, 0, 0, 1, 0, 0, 0, 1))
    half = np.full(len(even), 0.5)
    mix = made.mix({"sigma": np.full(len(even), 0.1), "first": even, "second": half, "third": half})
    drawn = mix[:, 0, 3]
    assert abs(drawn.mean()) < 1e-6
    assert drawn.std() == pytest.approx(0.1, rel=0.02)
    assert np.abs(drawn).max() <= 0.3
    for sigmas, share in ((1, 0.6827), (2, 0.9545)):
        assert (np.abs(drawn) <= 0.1 * sigmas).mean() == pytest.approx(share, abs=0.003)
    assert not mix[:, 1:, 3].any()


@pytest.mark.parametrize("sigma", [0.0, 0.1, 0.5, 1.2, 2.0])
@pytest.mark.parametrize("own", [False, True])
def test_pca_colour_does_to_pure_colours_and_greys_what_it_declares(sigma: float, own: bool) -> None:
    given: dict[str, Any] = {}
    if own:
        turned, _ = np.linalg.qr(np.random.default_rng(3).normal(size=(3, 3)))
        given = {"eigenvalues": (0.1, 0.08, 0.05), "eigenvectors": tuple(turned.ravel())}
    made = colour("pca_colour", sigma=(0, sigma), **given)
    box = itertools.product((0.0, 0.02, 0.5, 1.0), repeat=3)
    matrices = [matrix(made, sigma=sigma, **dict(zip(QUANTILES, q, strict=True))) for q in box]
    assert_within(made, matrices)
    moved = max(float(mix[:, 3].max()) for mix in matrices)
    assert moved == pytest.approx(made.effects(SQUARE).brightness.high)


def test_alexnets_colours_are_safe_for_fruit_whose_colour_is_its_class() -> None:
    reach = colour("pca_colour").effects(SQUARE)
    assert reach.hue.high < 3
    assert reach.brightness.high < 0.05
    assert reach.saturation.low > 0.95


def test_the_order_of_red_and_blue_is_the_documented_one() -> None:
    """The second component is red against blue: its vector is the second column, red's entry first."""
    mix = matrix(colour("pca_colour"), sigma=0.1, first=0.5, second=1.0, third=0.5)
    red, green, blue = mix[:, 3]
    assert red > 0.004 and blue < -0.003 and abs(green) < 1e-4


def test_vectors_that_are_not_at_right_angles_are_refused_at_their_place() -> None:
    with pytest.raises(UsageError) as raised:
        colour("pca_colour", eigenvectors=(1.0,) * 9)
    assert raised.value.where == "eigenvectors"
    text = "version: 1\ntask: natural\nsteps:\n  - pca_colour: {eigenvectors: [1, 0, 0, 0, 1, 0, 1, 0, 1]}\n"
    with pytest.raises(PolicyError, match=r"p\.yaml:4:18: .*right angles(.|\n)*a column for each vector"):
        policy.parse(text, "p.yaml")


def test_too_few_numbers_are_refused_with_what_is_wanted() -> None:
    text = "version: 1\ntask: natural\nsteps:\n  - pca_colour: {eigenvalues: [0.2, 0.1]}\n"
    with pytest.raises(PolicyError, match=r"want a list of 3 numbers from 0 to 1"):
        policy.parse(text, "p.yaml")


def test_the_data_sets_own_components_are_read_from_yaml_and_written_back() -> None:
    text = (
        "version: 1\ntask: natural\nsteps:\n  - pca_colour: {sigma: [0, 0.2], eigenvalues: [0.1, 0.05, 0.01],"
        " eigenvectors: [1, 0, 0, 0, 1, 0, 0, 0, 1]}\n"
    )
    made = policy.parse(text, "p.yaml")
    assert policy.parse(policy.dump(made), "p.yaml") == made
    (step,) = made.leaves()
    assert isinstance(step.op, Colour)
    reach = step.op.effects(SQUARE)
    assert reach.brightness.high == pytest.approx(3 * 0.2 * 0.1)
    assert reach.hue.high == pytest.approx(-60 * math.log(1 - 3 * 0.2 * (0.1 + 0.05)))

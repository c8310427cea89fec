"""Noise: its distribution and its sigma, measured, against what is declared."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from augkit import keys, policy, render
from augkit.draw import draw
from augkit.intervals import Interval
from augkit.safety import bound
from tests.ops.scenes import SHAPES, op, scene, speckled

SQUARE = Interval(1, 1)
NOBODY = np.zeros(1, np.uint64)


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


@pytest.mark.parametrize(
    ("first", "later"),
    [
        ("noise: {sigma: [0.05, 0.05]}", "saturation: {factor: [3, 3]}"),
        ("noise: {sigma: [0.02, 0.02]}", "saturation: {factor: [1.4, 1.4]}"),
        ("noise: {sigma: [0.05, 0.05]}", "saturation: {factor: [0, 0.5]}"),
        ("noise: {sigma: [0.05, 0.05]}", "hue: {degrees: [60, 60]}"),
        ("noise: {sigma: [0.05, 0.05]}", "hue: {degrees: [10, 10]}"),
        ("noise: {sigma: [0.05, 0.05]}", "hue: {degrees: [-100, -100]}"),
        ("noise: {sigma: [0.05, 0.05]}", "white_balance: {kelvin: [2500, 2500]}"),
        ("noise: {sigma: [0.05, 0.05]}", "channel_shuffle"),
        ("noise: {sigma: [0.05, 0.05]}", "grey"),
        ("salt_pepper: {share: [0.02, 0.02]}", "saturation: {factor: [2, 2]}"),
        (
            "noise: {sigma: [0.02, 0.02]}",
            "saturation: {factor: [2, 2]}\n  - hue: {degrees: [40, 40]}\n  - saturation: {factor: [2, 2]}",
        ),
        ("noise: {sigma: [0.03, 0.03]}\n  - channel_drop", "saturation: {factor: [3, 3]}"),
    ],
)
def test_the_noise_of_a_grey_is_within_what_is_declared_after_its_colours_are_changed(
    first: str, later: str
) -> None:
    made = policy.parse(f"version: 1\ntask: none\nsteps:\n  - {first}\n  - {later}\n")
    declared = bound.reach(made, SQUARE).noise.high
    grey = np.full((200, 200, 3), 128, dtype=np.uint8)
    for key in "abc":
        out = render.render(grey, draw(made, [key], [1], seed=0, aspects=np.ones(1)), 0)
        assert out.std(axis=(0, 1)).max() / 255 <= declared * 1.02


def test_noise_is_normal() -> None:
    flat = np.full((300, 400, 3), 128, dtype=np.uint8)
    noise = op("noise", sigma=(0, 0.1)).apply(flat, {"sigma": 0.1, "field": 99.0}).astype(float) - 128
    z = noise / noise.std()
    assert abs((z**3).mean()) < 0.02
    assert abs((z**4).mean() - 3) < 0.05
    for most, share in ((1, 0.6827), (2, 0.9545), (3, 0.9973)):
        assert abs((np.abs(z) <= most).mean() - share) < 0.015


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


def counted(level: int, photons: float, *, field: float = 11.0) -> NDArray[np.float64]:
    """Return 120,000 pixels of one level after shot noise."""
    flat = np.full((200, 200, 3), level, dtype=np.uint8)
    made = op("shot_noise", sigma=(0, 1))
    return made.apply(flat, {"sigma": photons**-0.5, "field": field}).astype(np.float64).ravel()


@pytest.mark.parametrize("photons", [1.0, 3.0, 12.5, 61.0, 255.0])
@pytest.mark.parametrize("level", [1, 30, 128, 255])
def test_shot_noise_counts_are_poisson_numbers(level: int, photons: float) -> None:
    found = counted(level, photons)
    count = np.arange(400)
    levels = np.minimum(np.rint(count * 255 / photons), 255).astype(int)
    chance = np.zeros(256)
    np.add.at(chance, levels, stats.poisson(level * photons / 255).pmf(count))
    share = np.bincount(found.astype(int), minlength=256) / len(found)
    assert np.abs(share - chance).sum() / 2 < 0.025
    assert np.abs(share - chance).max() < 0.006


@pytest.mark.parametrize("photons", [257.0, 1000.0, 20_000.0])
@pytest.mark.parametrize("level", [1, 8, 60, 200])
def test_where_photons_are_many_the_levels_are_distributed_as_counts_are(level: int, photons: float) -> None:
    found = counted(level, photons)
    ends = np.arange(256)
    below = (found[:, None] <= ends).mean(axis=0)
    expected = stats.poisson(level * photons / 255).cdf(np.floor((ends + 0.5) * photons / 255))
    assert np.abs(below - expected)[:255].max() < (0.03 if photons < 1000 else 0.012)


@pytest.mark.parametrize("photons", [2.0, 10.0, 100.0, 256.0, 300.0, 5000.0])
def test_the_measured_shot_noise_is_the_root_of_the_light_and_never_more_than_at_white(
    photons: float,
) -> None:
    declared = op("shot_noise", sigma=(0, photons**-0.5)).effects(SQUARE).noise.high
    for level in (10, 60, 120, 200, 255):
        found = counted(level, photons) / 255
        rounding = 1 / 255 / math.sqrt(12)
        assert math.sqrt(max(0.0, found.var() - rounding**2)) <= declared * 1.01
        clipped = level + 4 * 255 * declared * math.sqrt(level / 255) > 255
        if not clipped:
            assert abs(found.mean() * 255 / level - 1) < 0.02
            wanted = math.hypot(declared * math.sqrt(level / 255), 0 if photons < 257 else rounding)
            assert abs(found.std() / wanted - 1) < 0.03


def test_black_has_no_shot_noise_and_the_least_sigma_that_does_anything_is_unseen() -> None:
    for photons in (1.0, 100.0, 1000.0, 1e6):
        assert not counted(0, photons).any()
    picture = speckled(40, 50)
    made = op("shot_noise", sigma=(0, 1))
    for sigma in (0.0, 1e-200, 1e-5, 3.1e-4, 3.3e-4):
        assert np.array_equal(made.apply(picture, {"sigma": sigma, "field": 5.0}), picture)
    assert not np.array_equal(made.apply(picture, {"sigma": 2e-3, "field": 5.0}), picture)


def test_shot_noise_has_its_own_words_for_each_pixel_and_channel() -> None:
    flat = np.full((60, 70, 3), 128, dtype=np.uint8)
    made = op("shot_noise", sigma=(0, 1))
    one, again, other = (made.apply(flat, {"sigma": 40**-0.5, "field": f}) for f in (5.0, 5.0, 6.0))
    assert np.array_equal(one, again)
    assert (one != other).mean() > 0.8
    noise = one.astype(float) - one.mean()
    for shifted in (np.roll(noise, 1, 0), np.roll(noise, 1, 1), np.roll(noise, 1, 2)):
        assert abs((noise * shifted).mean() / noise.var()) < 0.05
    words = keys.raw(5, keys.word("shot_noise"), NOBODY, NOBODY, 2)[0]
    parts = [int(word) >> shift & 0xFFFF for word in words for shift in (0, 16, 32, 48)]
    wanted = stats.poisson(40 * 128 / 255).ppf([((part >> 4) + 0.5) / 4096 for part in parts]) * 255 / 40
    assert one.ravel()[:8].tolist() == np.rint(wanted).tolist()


@pytest.mark.parametrize("share", [0.0, 0.013, 0.2, 0.5, 1.0])
@pytest.mark.parametrize("salt", [0.0, 0.3, 0.5, 1.0])
@pytest.mark.parametrize("shape", [*SHAPES, (40, 61, 3)])
def test_salt_and_pepper_are_as_many_pixels_as_they_say_all_channels_together(
    shape: tuple[int, int, int], salt: float, share: float
) -> None:
    grey = np.full(shape, 100, dtype=np.uint8)
    made = op("salt_pepper", share=(0, share), salt=(salt, salt))
    after = made.apply(grey, {"share": share, "salt": salt, "field": 3.0})
    pixels = shape[0] * shape[1]
    white, black = (after == 255).all(axis=2).sum(), (after == 0).all(axis=2).sum()
    assert white == math.floor(share * salt * pixels + 1e-6)
    assert black == math.floor(share * (1 - salt) * pixels + 1e-6)
    assert (after == 100).all(axis=2).sum() == pixels - white - black
    assert (white + black) / pixels <= made.effects(SQUARE).covered.high + 1e-9


@pytest.mark.parametrize("salt", [(0.5, 0.5), (0.0, 1.0), (0.2, 0.4)])
def test_the_measured_noise_of_salt_and_pepper_is_at_most_what_is_declared(salt: tuple[float, float]) -> None:
    made = op("salt_pepper", share=(0, 0.2), salt=salt)
    declared = made.effects(SQUARE).noise.high
    worst = 0.0
    for level in (0, 60, 128, 255):
        flat = np.full((100, 100, 1), level, dtype=np.uint8)
        for part in salt:
            after = made.apply(flat, {"share": 0.2, "salt": part, "field": 8.0})
            worst = max(worst, math.sqrt(((after - flat.astype(float)) ** 2).mean()) / 255)
    assert 0.99 * declared <= worst <= declared + 1e-9


def test_salt_and_pepper_fall_anywhere() -> None:
    flat = np.full((50, 80, 1), 100, dtype=np.uint8)
    made = op("salt_pepper", share=(0, 1))
    hits = np.zeros((50, 80))
    for field in range(300):
        hits += made.apply(flat, {"share": 0.1, "salt": 0.5, "field": float(field)})[:, :, 0] != 100
    assert hits.sum() == 300 * 400
    assert stats.chisquare(hits.ravel()).pvalue > 1e-4
    assert np.corrcoef(hits[:, 1:].ravel(), hits[:, :-1].ravel())[0, 1] < 0.06


def test_the_places_of_salt_are_those_of_the_smallest_words() -> None:
    words = keys.raw(9, keys.word("salt_pepper"), NOBODY, NOBODY, 50)[0]
    halves = [int(word) >> shift & 0xFFFFFFFF for word in words for shift in (0, 32)]
    order = np.argsort(halves)
    flat = np.full((10, 10, 1), 100, dtype=np.uint8)
    after = op("salt_pepper", share=(0, 1)).apply(flat, {"share": 0.2, "salt": 0.25, "field": 9.0}).ravel()
    assert set(np.flatnonzero(after == 255)) == set(order[:5])
    assert set(np.flatnonzero(after == 0)) == set(order[5:20])


@pytest.mark.parametrize("name", ["noise", "shot_noise", "salt_pepper"])
@pytest.mark.parametrize("shape", SHAPES)
def test_noise_of_any_shape(name: str, shape: tuple[int, int, int]) -> None:
    settings = {
        "noise": {"sigma": (0, 1)},
        "shot_noise": {"sigma": (0, 1)},
        "salt_pepper": {"share": (0, 1)},
    }
    drawn = {"sigma": 0.2, "share": 0.4, "salt": 0.5, "field": 2.0}
    picture = scene(*shape)
    after = op(name, **settings[name]).apply(picture, drawn)
    assert after.shape == shape and after.dtype == np.uint8

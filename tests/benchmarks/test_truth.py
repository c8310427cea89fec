"""The truth that quality is measured against."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from augkit.render import render
from tests.benchmarks import pictures, policies, truth

NOTHING = float("nan")


def smooth(height=40, width=60, channels=3, seed=0):
    noise = np.random.default_rng(seed).integers(0, 256, (height, width, channels), dtype=np.uint8)
    return cv2.normalize(cv2.GaussianBlur(noise, (0, 0), 4), None, 20, 235, cv2.NORM_MINMAX).reshape(
        noise.shape
    )


def at_rest(picture):
    return truth.truth(picture, {}, (picture.shape[1], picture.shape[0]))


@pytest.mark.parametrize(
    ("values", "permuted"),
    [
        ({"flip_horizontal": 1.0}, lambda picture: picture[:, ::-1]),
        ({"flip_horizontal": NOTHING}, lambda picture: picture),
        ({"rotate.degrees": 90.0}, np.rot90),
        ({"rotate.degrees": 180.0}, lambda picture: picture[::-1, ::-1]),
        (
            {"zoom.factor": 1.0, "shift.x": 0.0, "shift.y": 0.0, "shear.x_degrees": 0.0},
            lambda picture: picture,
        ),
    ],
)
def test_flips_and_quarter_turns_permute_pixels(values, permuted):
    square = smooth(40, 40)
    np.testing.assert_allclose(truth.truth(square, values, (40, 40)), permuted(at_rest(square)), atol=1e-9)


def test_positive_shifts_go_right_and_up():
    picture = smooth(40, 60)
    moved = truth.truth(picture, {"shift.x": 0.1, "shift.y": 0.25}, (60, 40))
    np.testing.assert_allclose(moved[:29, 7:], at_rest(picture)[10:39, 1:54], atol=1e-9)


def test_a_positive_shear_leans_the_top_to_the_right():
    picture = np.zeros((41, 41, 1), np.uint8)
    picture[:, 20] = 255
    leant = truth.truth(picture, {"shear.x_degrees": 20.0}, (41, 41))[:, :, 0]
    assert leant[2].argmax() > 24 and leant[20].argmax() == 20 and leant[38].argmax() < 16


def test_a_window_of_the_whole_picture_is_the_picture_and_place_nothing_is_left_and_bottom():
    picture = smooth(40, 40)
    window = {f"random_resized_crop.{name}": value for name, value in (("area", 1.0), ("ratio", 1.0))}
    place = {"random_resized_crop.x": 0.0, "random_resized_crop.y": 0.0}
    np.testing.assert_allclose(truth.truth(picture, window | place, (40, 40)), at_rest(picture), atol=1e-9)
    corner = truth.truth(picture, window | place | {"random_resized_crop.area": 0.25}, (20, 20))
    np.testing.assert_allclose(corner[:19, 1:], at_rest(picture)[20:39, 1:20], atol=1e-9)


@pytest.mark.parametrize(("level", "after"), [(10, 0), (100, 70.5), (130, 130.5), (250, 255)])
def test_tones_are_lines_about_middle_grey_clipped_once(level, after):
    plain = np.full((9, 9, 1), level, np.uint8)
    values = {"brightness.shift": -1 / 255, "contrast.gain": 2.0}
    assert truth.truth(plain, values, (9, 9))[4, 4, 0] == pytest.approx(after)


def test_augkit_and_steps_one_by_one_mean_the_same_pictures():
    some = [smooth(90, 120, seed=seed) for seed in range(8)]
    draws = policies.drawn(policies.photo_plan(), some, [0] * 8)
    for i, picture in enumerate(some):
        values = {name: float(column[i]) for name, column in draws.values.items()}
        true = truth.truth(picture, values, (224, 224))
        where = truth.compared(values, (120, 90), (224, 224))
        assert where.mean() > 0.1
        for made in (
            render(picture, draws, i),
            truth.separately(picture, values, (224, 224)),
            truth.in_one_affine(picture, values, (224, 224)),
        ):
            assert truth.decibels(made, true, where) > 42


def test_what_lies_near_an_edge_on_the_way_is_not_compared():
    shifted = {"shift.x": 0.5, "shift.y": 0.0}
    where = truth.compared(shifted, (20, 10), (20, 10))
    assert where[2:8, 12:].all() and where.sum() == 6 * 8
    turned = truth.compared(shifted | {"rotate.degrees": 180.0}, (20, 10), (20, 10))
    assert turned[2:8, 2:8].all() and turned.sum() == 6 * 6


def test_one_level_off_is_48_decibels():
    true = np.full((4, 4, 1), 99.0)
    assert truth.decibels(np.full((4, 4, 1), 100, np.uint8), true, np.ones((4, 4), bool)) == pytest.approx(
        48.13, abs=0.01
    )


def test_a_blurred_picture_is_less_sharp_and_itself_as_sharp():
    picture, where = pictures.photographs()[0][:100, :100], np.ones((100, 100), bool)
    assert truth.sharpness(picture, picture.astype(float), where) == pytest.approx(1)
    assert truth.sharpness(cv2.blur(picture, (3, 3)), picture.astype(float), where) < 0.7

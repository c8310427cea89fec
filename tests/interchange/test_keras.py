from __future__ import annotations

import os
from typing import Any

import numpy as np
import pytest

from augkit import backend, interchange, policy, render, safety, tasks
from augkit.draw import draw
from augkit.interchange import Converted
from augkit.interchange import keras as keras_layers
from augkit.interchange.builder import Builder
from augkit.intervals import Interval
from augkit.reach import Reach
from augkit.safety import bound
from augkit.steps import Choice, Step

SQUARE = Interval(1, 1)


@pytest.fixture(scope="module")
def layers() -> Any:
    backend.choose(os.environ.get("KERAS_BACKEND"))
    import keras

    return keras.layers


def read(*given: Any, task: str = "digits", **terms: Any) -> Converted:
    import keras

    return interchange.read(keras.Sequential(list(given)), task=task, name="aug", **terms)


def judged(*given: Any, task: str = "digits", **terms: Any) -> safety.Verdict:
    return safety.judge(read(*given, task=task, **terms).policy, tasks.load(task))


def codes(verdict: safety.Verdict) -> set[str]:
    return {finding.code for finding in verdict.findings}


def picture() -> np.ndarray:
    y, x = np.mgrid[0:60, 0:60] / 59.0
    blobs = [(0.4, 0.35, 0.06, 220), (0.6, 0.6, 0.09, 160), (0.65, 0.4, 0.05, 200)]
    values = sum(level * np.exp(-((x - a) ** 2 + (y - b) ** 2) / (2 * s * s)) for a, b, s, level in blobs)
    return np.clip(values, 0, 255).astype(np.uint8)[:, :, None]


def test_the_default_flip_of_digits_is_refused_for_its_half_turn_and_not_for_a_mirror(layers: Any) -> None:
    verdict = judged(layers.RandomFlip())
    assert verdict.word == "unsafe"
    assert "LS102" in codes(verdict) and "LS101" not in codes(verdict)
    (turned,) = [finding for finding in verdict.findings if finding.code == "LS102"]
    assert abs(turned.value) == pytest.approx(180) and turned.where == "aug: layers[0] RandomFlip"
    assert any(("6", "9") in finding.becomes for finding in verdict.findings)


def test_the_default_flip_really_draws_a_picture_or_its_half_turn(layers: Any) -> None:
    """Hold the reading against Keras itself."""
    many = np.repeat(picture()[None].astype("float32"), 64, axis=0)
    out = np.asarray(layers.RandomFlip(seed=1)(many, training=True)).astype(np.uint8)
    plain, turned = picture(), picture()[::-1, ::-1]
    kinds = [(made == plain).all() * 1 + (made == turned).all() * 2 for made in out]
    assert set(kinds) == {1, 2}


@pytest.mark.parametrize(("mode", "code"), [("horizontal", "LS101"), ("vertical", "LS101")])
def test_a_flip_of_one_axis_is_refused_for_its_mirror(layers: Any, mode: str, code: str) -> None:
    assert codes(judged(layers.RandomFlip(mode))) == {code}


def test_rand_augment_of_digits_is_refused_for_turns_of_up_to_a_half(layers: Any) -> None:
    verdict = judged(layers.RandAugment(), side=28)
    turned = [finding for finding in verdict.findings if finding.code == "LS102"]
    assert turned and all(finding.state == "unsafe" for finding in turned)
    assert all("RandAugment" in finding.where for finding in turned)
    once = judged(layers.RandAugment(num_ops=1), side=28)
    rotations = [step for step in once.policy.leaves() if step.name.startswith("rotate")]
    assert [step.op.degrees for step in rotations] == [(0.0, 180.0)]  # type: ignore[attr-defined]


def test_rand_augment_repeats_the_draw_of_a_layer_drawn_twice(layers: Any) -> None:
    found = read(layers.RandAugment())
    assert len(found.policy.steps) == 2
    assert all(isinstance(step, Choice) and len(step.branches) == 11 for step in found.policy.steps)
    assert any("repeats its numbers" in note.text for note in found.notes)


def test_a_small_rotation_is_safe_and_a_tenth_of_a_circle_is_not(layers: Any) -> None:
    assert judged(layers.RandomRotation(0.05, fill_mode="constant")).safe
    assert codes(judged(layers.RandomRotation(0.1, fill_mode="constant"))) == {"LS102"}


LAYERS: list[tuple[str, dict[str, Any]]] = [
    ("RandomRotation", {"factor": (0.1, 0.1)}),
    ("RandomRotation", {"factor": (-0.05, -0.05)}),
    ("RandomTranslation", {"height_factor": (0.2, 0.2), "width_factor": (-0.1, -0.1)}),
    ("RandomZoom", {"height_factor": (0.3, 0.3)}),
    ("RandomZoom", {"height_factor": (-0.2, -0.2), "width_factor": (0.1, 0.1)}),
]


@pytest.mark.parametrize(("name", "arguments"), LAYERS)
def test_a_layer_and_its_policy_make_the_same_picture(
    layers: Any, name: str, arguments: dict[str, Any]
) -> None:
    layer = getattr(layers, name)(**arguments, fill_mode="constant")
    theirs = np.asarray(layer(picture()[None].astype("float32"), training=True))[0]
    found = read(layer)
    drawn = draw(found.policy, ["a"], np.array([1]), seed=0, aspects=np.ones(1))
    mine = render.render(picture(), drawn, 0)
    assert np.abs(theirs - mine).mean() < 1.0
    assert np.abs(theirs - picture()).mean() > 3


def test_a_shear_moves_the_middle_because_it_leans_about_the_corner(layers: Any) -> None:
    (step,) = read(layers.RandomShear(x_factor=0.3, fill_mode="constant")).policy.steps
    assert isinstance(step, Step)
    reach = step.op.effects(SQUARE)
    many = np.repeat(picture()[None].astype("float32"), 32, axis=0)
    made = layers.RandomShear(x_factor=0.3, fill_mode="constant")(many, training=True)
    kept = np.asarray(made).sum(axis=(1, 2, 3)) / picture().sum()
    assert kept.min() < 1 and reach.kept.low < 0.95
    assert max(high for _, high in reach.turn.arcs) == pytest.approx(np.degrees(np.arctan(0.15)), abs=0.1)


def test_one_contrast_factor_never_lowers_contrast(layers: Any) -> None:
    (step,) = read(layers.RandomContrast(0.5)).policy.steps
    assert isinstance(step, Step)
    reach = step.op.effects(SQUARE)
    assert (reach.contrast.low, reach.contrast.high) == pytest.approx((1.0, 1.5))
    many = np.repeat(picture()[None].astype("float32"), 64, axis=0)
    made = np.asarray(layers.RandomContrast(0.5, value_range=(-999, 999))(many, training=True))
    spread = made.std(axis=(1, 2, 3)) / picture().std()
    assert spread.min() >= 0.999 and spread.max() <= 1.501


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("RandomRotation", {"factor": 0.05}),
        ("RandomTranslation", {"height_factor": 0.2, "width_factor": 0.2}),
        ("RandomShear", {"x_factor": 0.2}),
        ("RandomZoom", {"height_factor": 0.3}),
    ],
)
def test_layers_reflect_unless_told_otherwise_and_are_judged_so(
    layers: Any, name: str, arguments: dict[str, Any]
) -> None:
    layer = getattr(layers, name)
    found = read(layer(**arguments))
    assert found.policy.border == "reflect"
    assert "LS101" in codes(judged(layer(**arguments))), "a digit has no mirror image"
    assert "LS101" not in codes(judged(layer(**arguments, fill_mode="constant")))


@pytest.mark.parametrize("keeps", ["crop_to_aspect_ratio", "pad_to_aspect_ratio"])
@pytest.mark.parametrize("height", [20, 30])
def test_a_resize_that_keeps_the_aspect_is_judged_and_done_as_our_own(
    layers: Any, keeps: str, height: int
) -> None:
    layer = layers.Resizing(height, 20, **{keeps: True})
    found = read(layer, aspect=Interval(0.5, 2))
    own = "centre_crop" if keeps == "crop_to_aspect_ratio" else "pad"
    text = f"version: 1\ntask: digits\nsteps:\n  - {own}: {{aspect: {20 / height}}}\n"
    alone = bound.reach(policy.parse(text), Interval(0.5, 2))
    reach = bound.reach(found.policy, Interval(0.5, 2))
    assert (reach.zoom, reach.kept) == (alone.zoom, alone.kept)
    assert reach.stretch.high == pytest.approx(1) and reach.pixels.low == 20
    for shape in [(40, 60), (60, 40)]:
        smooth = np.add.outer(np.arange(shape[0]), np.arange(shape[1]))[:, :, None].astype(np.uint8)
        theirs = np.asarray(layer(smooth.astype("float32")))
        one = draw(found.policy, ["a"], [1], seed=0, aspects=np.array([shape[1] / shape[0]]))
        ours = render.render(smooth, one, 0).astype(float)
        assert ours.shape == theirs.shape == (height, 20, 1)
        assert np.median(np.abs(ours - theirs)) <= 2, "to a pixel, of the 40 to 60 across"


def test_a_resize_of_some_pictures_only_is_declared_as_it_is_done(layers: Any) -> None:
    build = Builder("aug", "Keras", Interval(0.5, 2), 0)
    with build.choice():
        (step,) = keras_layers.READERS["Resizing"](
            build, {"height": 20, "width": 20, "crop_to_aspect_ratio": True}, "aug"
        )
    assert isinstance(step, Step)
    reach = step.op.effects(SQUARE)
    assert (reach.zoom.high, reach.kept.low) == (pytest.approx(2**0.5), pytest.approx(0.5))


def test_a_border_that_wraps_counts_as_doing_anything(layers: Any) -> None:
    found = read(layers.RandomTranslation(0.1, 0.1, fill_mode="wrap"))
    assert "LS907" in codes(safety.judge(found.policy, tasks.load("digits")))
    assert any("a border that wraps" in note.text for note in found.notes)
    assert found.carried().policy.border == "edge" and len(found.carried().policy.steps) == 1


def test_inputs_are_left_to_the_network(layers: Any) -> None:
    found = read(layers.Rescaling(1 / 255), layers.RandomFlip("horizontal"))
    assert len(found.policy.steps) == 1 and "Rescaling" in found.notes[0].where


def test_brightness_is_native_and_hue_counts_half_the_circle(layers: Any) -> None:
    found = read(layers.RandomBrightness(0.2), layers.RandomHue((0.0, 0.1)))
    shown = found.policy.canonical()["steps"]
    assert shown[0]["brightness"]["shift"] == [-0.2, 0.2]
    assert shown[1]["hue"]["degrees"] == pytest.approx([-18, 18])


def test_a_probability_drawn_itself_is_halved(layers: Any) -> None:
    found = read(layers.RandomInvert(1.0), layers.RandomInvert((0.4, 0.4)))
    assert [step.p for step in found.policy.steps] == [0.5, 0.4]


OTHERS: list[tuple[str, dict[str, Any]]] = [
    ("RandomPerspective", {}),
    ("RandomElasticTransform", {}),
    ("RandomSaturation", {"factor": (0.4, 0.6)}),
    ("RandomColorDegeneration", {"factor": 0.3}),
    ("RandomPosterization", {"factor": 4}),
    ("Solarization", {"addition_factor": 0.1, "threshold_factor": 0.3}),
    ("RandomSharpness", {"factor": (0.0, 0.3)}),
    ("RandomGaussianBlur", {"sigma": (0.1, 1.0)}),
    ("RandomErasing", {"fill_value": 0.0}),
    ("AutoContrast", {}),
    ("Equalization", {}),
    ("RandomGrayscale", {}),
    ("MixUp", {}),
    ("CutMix", {}),
    ("ContrastLimitedAdaptiveHistogramEqualization", {}),
    ("Resizing", {"height": 14, "width": 14}),
    ("CenterCrop", {"height": 20, "width": 20}),
    ("RandomColorJitter", {"brightness_factor": 0.2}),
]


@pytest.mark.parametrize(("name", "arguments"), OTHERS)
def test_other_layers_have_a_reach_of_their_own(layers: Any, name: str, arguments: dict[str, Any]) -> None:
    found = interchange.read(getattr(layers, name)(**arguments), task="digits", side=28)
    (step,) = found.policy.steps
    assert isinstance(step, Step)
    assert step.op.effects(SQUARE) not in (Reach(), Reach.unknown())


def test_every_preprocessing_layer_of_keras_is_known_or_said_to_be_unknown(layers: Any) -> None:
    from augkit.interchange import keras

    home = "image_preprocessing"
    found = {name for name, kind in vars(layers).items() if home in getattr(kind, "__module__", "")}
    assert found - set(keras.READERS) - set(keras._INPUTS) == {"AugMix"}


def test_an_unknown_layer_is_inside_no_limit(layers: Any) -> None:
    (step,) = read(layers.AugMix()).policy.steps
    assert isinstance(step, Step) and step.op.effects(SQUARE) == Reach.unknown()

"""The classes here have the names and attributes of torchvision's, which is not needed to read them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from augkit import affine, interchange, safety, tasks
from augkit.draw import draw
from augkit.interchange import Converted
from augkit.intervals import Interval
from augkit.ops.foreign import Albumentations, Declared
from augkit.reach import Reach
from augkit.steps import Choice, Step

SQUARE = Interval(1, 1)


def transform(name: str, module: str = "torchvision.transforms.v2._geometry", **attributes: Any) -> Any:
    """Return an object as torchvision makes it: a class of that name, with these attributes."""
    return type(name, (), {"__module__": module})().__class__.__new__(
        type(name, (), {"__module__": module, **attributes})
    )


def compose(*transforms: Any, module: str = "torchvision.transforms.transforms") -> Any:
    return transform("Compose", module, transforms=list(transforms))


def read(*transforms: Any, task: str = "digits", **terms: Any) -> Converted:
    return interchange.read(compose(*transforms), task=task, name="aug", **terms)


def steps(*transforms: Any, **terms: Any) -> list[Any]:
    return [next(iter(step.items())) for step in read(*transforms, **terms).policy.canonical()["steps"]]


def judged(*transforms: Any, task: str = "digits", **terms: Any) -> safety.Verdict:
    return safety.judge(read(*transforms, task=task, **terms).policy, tasks.load(task))


def codes(verdict: safety.Verdict) -> set[str]:
    return {finding.code for finding in verdict.findings}


FLIP = transform("RandomHorizontalFlip", p=0.5)
ROTATION: dict[str, Any] = {"expand": False, "center": None, "fill": 0}
AFFINE: dict[str, Any] = {"translate": None, "scale": None, "shear": None, "center": None, "fill": 0}


def test_a_flip_of_digits_is_refused_at_its_place() -> None:
    verdict = judged(transform("ToImage"), FLIP)
    assert codes(verdict) == {"LS101"}
    assert {finding.where for finding in verdict.findings} == {"aug: transforms[1] RandomHorizontalFlip"}


def test_types_are_left_out_with_a_word() -> None:
    found = read(transform("ToTensor"), transform("Normalize", mean=[0.5], std=[0.5]), transform("ToDtype"))
    assert found.policy.steps == () and len(found.notes) == 3


def test_a_rotation_is_counter_clockwise_and_an_affine_rotation_clockwise() -> None:
    assert steps(transform("RandomRotation", degrees=[10.0, 20.0], **ROTATION)) == [
        ("rotate", {"degrees": [10.0, 20.0], "p": 1.0})
    ]
    assert steps(transform("RandomAffine", degrees=[10.0, 20.0], **AFFINE)) == [
        ("rotate", {"degrees": [-20.0, -10.0], "p": 1.0})
    ]


def matrix(angle: float, scale: float, x: float, y: float) -> np.ndarray:
    """Return the linear part that torchvision documents, R(a) S SHy(y) SHx(x), in pixels with y down."""
    a, x, y = np.radians([angle, x, y])
    turn = np.array([[np.cos(a), -np.sin(a)], [np.sin(a), np.cos(a)]])
    return scale * turn @ np.array([[1, 0], [-np.tan(y), 1]]) @ np.array([[1, -np.tan(x)], [0, 1]])


def test_an_affine_leans_scales_turns_and_shifts_in_torchvisions_order() -> None:
    given = {**AFFINE, "scale": (0.8, 0.8), "shear": [10.0, 10.0, -15.0, -15.0], "translate": (0.1, 0.2)}
    found = read(transform("RandomAffine", degrees=[30.0, 30.0], **given))
    drawn = draw(found.policy, ["a"], np.array([1]), seed=0, aspects=np.ones(1))
    a, b, _, c, d, _ = (float(entry[0]) for entry in drawn.whole.through)
    assert np.array([[a, -b], [-c, d]]) == pytest.approx(matrix(30, 0.8, 10, -15))
    assert found.policy.canonical()["steps"][-1]["shift"]["x"] == [-0.1, 0.1]
    assert affine.pose((a, b, 0, c, d, 0))[2] == pytest.approx(0.8)


def test_groups_keep_their_probability_and_their_choice() -> None:
    (applied,) = steps(
        transform("RandomApply", transforms=[FLIP, transform("RandomVerticalFlip", p=1.0)], p=0.3)
    )
    assert applied[0] == "one_of" and applied[1]["p"] == 0.3 and len(applied[1]["steps"][0]) == 2
    (chosen,) = steps(
        transform("RandomChoice", transforms=[FLIP, transform("RandomInvert", p=1.0)], p=[0.5, 0.5])
    )
    assert [next(iter(branch)) for branch in chosen[1]["steps"]] == ["flip_horizontal", "invert"]
    odd = read(transform("RandomChoice", transforms=[FLIP, transform("RandomInvert", p=1.0)], p=[0.9, 0.1]))
    assert "odds" in odd.notes[0].text


def test_a_random_order_is_every_order() -> None:
    found = read(transform("RandomOrder", transforms=[FLIP, transform("RandomInvert", p=1.0)]))
    (choice,) = found.policy.steps
    assert isinstance(choice, Choice) and len(choice.branches) == 2


def test_the_training_pipeline_of_imagenet_is_safe_for_photographs() -> None:
    crop = transform("RandomResizedCrop", size=[224, 224], scale=(0.1, 1.0), ratio=(3 / 4, 4 / 3))
    verdict = judged(crop, FLIP, transform("ToTensor"), task="natural")
    assert verdict.safe, verdict.text()
    assert verdict.reach.stretch.high == pytest.approx(2), "the whole of a picture twice as wide as high"
    assert judged(crop, task="digits").reach.stretch.high == pytest.approx(4 / 3)


def test_a_resize_to_two_numbers_stretches_and_to_one_does_not() -> None:
    wide = Interval(2, 2)
    (squeezed,) = read(transform("Resize", size=[224, 224]), aspect=wide).policy.steps
    (scaled,) = read(transform("Resize", size=256), aspect=wide).policy.steps
    assert squeezed.op.effects(wide).stretch.high == pytest.approx(2)  # type: ignore[union-attr]
    assert scaled.op.effects(wide).stretch.high == 1  # type: ignore[union-attr]
    assert scaled.op.effects(wide).pixels.low == 256  # type: ignore[union-attr]


def test_a_centre_crop_after_a_resize_keeps_the_share_of_its_pixels() -> None:
    found = read(transform("Resize", size=256), transform("CenterCrop", size=(224, 224)))
    assert safety.judge(found.policy, tasks.load("digits")).reach.kept.low == pytest.approx((224 / 256) ** 2)


def test_the_padded_crop_of_small_pictures_is_a_shift() -> None:
    crop = transform(
        "RandomCrop", size=(32, 32), padding=4, pad_if_needed=False, fill=0, padding_mode="constant"
    )
    assert steps(crop, side=32) == [("shift", {"x": [-0.125, 0.125], "y": [-0.125, 0.125], "p": 1.0})]
    assert any("give --side" in note.text for note in read(crop).notes)


@pytest.mark.parametrize("mode", ["reflect", "symmetric", "edge", "constant"])
def test_padding_that_reflects_is_judged_by_the_mirror_images_that_come_in(mode: str) -> None:
    crop = {"fill": 0, "padding_mode": mode, "padding": None, "pad_if_needed": False}
    for made in (
        transform("RandomCrop", **{**crop, "size": (28, 28), "padding": 4}),
        transform("RandomCrop", **{**crop, "size": (32, 32), "padding": 6}),
        transform("RandomCrop", **{**crop, "size": (32, 32), "pad_if_needed": True}),
        transform("Pad", padding=4, fill=0, padding_mode=mode),
        transform("Pad", padding=[1, 2, 3, 4], fill=0, padding_mode=mode),
    ):
        assert ("LS101" in codes(judged(made, side=28))) == (mode in ("reflect", "symmetric")), made


def test_the_two_versions_order_their_padding_differently() -> None:
    crop = {"size": (32, 32), "pad_if_needed": False, "fill": 0, "padding_mode": "constant"}
    one = transform("RandomCrop", "torchvision.transforms.transforms", padding=[8, 0, 0, 0], **crop)
    two = transform("RandomCrop", padding=[8, 0, 0, 0], **crop)
    other = transform("RandomCrop", padding=[0, 8, 0, 0], **crop)
    assert (
        steps(one, side=32)
        == steps(two, side=32)
        == [("shift", {"x": [0.0, 0.25], "y": [0.0, 0.0], "p": 1.0})]
    )
    assert steps(other, side=32) == [("shift", {"x": [-0.25, 0.0], "y": [0.0, 0.0], "p": 1.0})]


def test_colour_jitter_keeps_its_ranges_and_leaves_out_what_is_none() -> None:
    jitter = transform(
        "ColorJitter", brightness=(0.6, 1.4), contrast=None, saturation=(0.9, 1.1), hue=(-0.1, 0.1)
    )
    (step,) = read(jitter).policy.steps
    assert isinstance(step, Step) and isinstance(step.op, Albumentations)
    reach = step.op.effects(SQUARE)
    assert (reach.contrast.low, reach.contrast.high) == (0.6, 1.4)
    assert reach.hue.high == pytest.approx(36) and reach.saturation.high == 1.1


def test_erasing_turns_its_ratio_over() -> None:
    erasing = transform("RandomErasing", p=0.5, scale=(0.02, 0.33), ratio=(0.3, 2.0), value=0)
    (step,) = read(erasing).carried().policy.canonical()["steps"]
    assert step["albumentations"]["ratio"] == pytest.approx([0.5, 1 / 0.3])


def test_rand_augment_turns_as_far_as_its_magnitude_says_and_twice_that() -> None:
    augment = {"num_ops": 2, "num_magnitude_bins": 31, "fill": None}
    weak = judged(transform("RandAugment", magnitude=9, **augment), task="none", side=224)
    assert 18 in weak.reach.turn and not max(high for _, high in weak.reach.turn.arcs) >= 60
    strong = judged(transform("RandAugment", magnitude=30, **augment), side=224)
    assert "LS102" in codes(strong)


def test_trivial_augment_turns_by_up_to_135_degrees() -> None:
    verdict = judged(transform("TrivialAugmentWide", num_magnitude_bins=31), side=32)
    assert "LS102" in codes(verdict)
    assert verdict.reach.turn.arcs == ((-135, 135),)


def test_auto_augment_draws_one_of_its_pairs() -> None:
    pairs = [(("Rotate", 0.6, 9), ("Invert", 0.2, None)), (("ShearX", 1.0, 0), ("Equalize", 0.0, None))]
    v1 = read(transform("AutoAugment", policies=pairs))
    assert v1.policy.steps == read(transform("AutoAugment", _policies=pairs)).policy.steps
    (choice,) = v1.policy.steps
    assert isinstance(choice, Choice)
    (turn, invert), nothing = choice.branches
    assert (turn.p, invert.p) == (0.6, 0.2) and nothing == ()
    assert turn.op.degrees == (-30.0, 30.0)  # type: ignore[union-attr]


def test_mixing_records_is_declared() -> None:
    (step,) = read(transform("MixUp", alpha=1.0)).policy.steps
    assert isinstance(step, Step) and step.op.effects(SQUARE).blended.high == 1


def test_a_perspective_declares_at_least_what_its_corners_do() -> None:
    given = transform("RandomPerspective", distortion_scale=0.2, p=1.0, fill=0)
    (step,) = read(given).policy.steps
    assert isinstance(step, Step)
    reach = step.op.effects(SQUARE)
    assert isinstance(step.op, Declared) and reach.kept.low > 0.97
    lean = np.degrees(np.arctan(0.1))  # one corner of a side moves inwards by a tenth of it
    assert max(high for _, high in reach.turn.arcs) > lean / 2 and reach.zoom.low < 0.9


@pytest.mark.parametrize("name", ["SomethingNew", "Lambda", "FiveCrop", "AugMix", "RandomIoUCrop"])
def test_what_is_not_known_is_inside_no_limit_and_named(name: str) -> None:
    found = read(transform(name))
    (step,) = found.policy.steps
    assert isinstance(step, Step) and step.op.effects(SQUARE) == Reach.unknown()
    assert name in found.notes[0].where


def test_a_rotation_that_grows_its_frame_or_has_its_own_centre_is_not_a_plain_one() -> None:
    grown = read(transform("RandomRotation", degrees=[-9.0, 9.0], expand=True, center=None, fill=0))
    assert len(grown.policy.steps) == 2
    centred = read(transform("RandomRotation", degrees=[-9.0, 9.0], expand=False, center=[0, 0], fill=0))
    assert "point of its own" in centred.notes[0].text


def test_a_list_and_a_torch_sequential_are_read_too() -> None:
    assert interchange.read([FLIP], task="none").policy.steps
    torch = transform("Sequential", "torch.nn.modules.container", children=lambda self: iter([FLIP, FLIP]))
    assert len(interchange.read(torch, task="none").policy.steps) == 2


SIMPLE: list[tuple[str, dict[str, Any]]] = [
    ("RandomVerticalFlip", {"p": 0.5}),
    ("RandomGrayscale", {"p": 0.1}),
    ("Grayscale", {"num_output_channels": 3}),
    ("RandomPosterize", {"bits": 4, "p": 0.5}),
    ("RandomSolarize", {"threshold": 128, "p": 0.5}),
    ("RandomEqualize", {"p": 0.5}),
    ("RandomAutocontrast", {"p": 0.5}),
    ("RandomChannelPermutation", {}),
    ("RandomAdjustSharpness", {"sharpness_factor": 0.0, "p": 0.5}),
    ("JPEG", {"quality": [50, 90]}),
    ("GaussianBlur", {"kernel_size": (5, 5), "sigma": [0.1, 2.0]}),
    ("GaussianNoise", {"mean": 0.0, "sigma": 0.1}),
    ("ElasticTransform", {"alpha": [1.0, 1.0], "sigma": [5.0, 5.0], "fill": 0}),
    ("RandomZoomOut", {"side_range": (1.0, 4.0), "fill": 0, "p": 0.5}),
    ("Pad", {"padding": [2], "fill": 0, "padding_mode": "constant"}),
    (
        "RandomPhotometricDistort",
        {
            "brightness": (0.8, 1.2),
            "contrast": (0.5, 1.5),
            "saturation": (0.5, 1.5),
            "hue": (-0.05, 0.05),
            "p": 0.5,
        },
    ),
    ("RandomShortestSize", {"min_size": [200, 256]}),
    ("RandomResize", {"min_size": 200, "max_size": 300}),
]


@pytest.mark.parametrize(("name", "attributes"), SIMPLE)
def test_other_transforms_have_a_reach_of_their_own(name: str, attributes: dict[str, Any]) -> None:
    found = read(transform(name, **attributes), side=64)
    (step,) = found.policy.steps
    assert isinstance(step, Step)
    reach = step.op.effects(SQUARE)
    assert reach not in (Reach(), Reach.unknown())

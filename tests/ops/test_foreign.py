from __future__ import annotations

import hashlib
import inspect
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import albumentations
import numpy as np
import pytest

from augkit import affine, policy, render, safety, tasks
from augkit.draw import draw
from augkit.errors import PolicyError, UsageError
from augkit.intervals import Interval
from augkit.ops import foreign
from augkit.ops.borrowed import EFFECTS, REFUSED, Frame
from augkit.reach import AXES, GEOMETRY, Reach, inside

ROOT = Path(__file__).parents[2]
SQUARE = Interval(1, 1)

ARGUMENTS: dict[str, dict[str, Any]] = {
    "CenterCrop": {"height": 20, "width": 20},
    "Crop": {"x_max": 20, "y_max": 20},
    "CropAndPad": {"percent": [-0.1, 0.1]},
    "FrequencyMasking": {"freq_mask_param": 9},
    "GlassBlur": {"max_delta": 2},
    "GridElasticDeform": {"num_grid_xy": [4, 4], "magnitude": 2},
    "LongestMaxSize": {"max_size": 14},
    "Pad": {"padding": 3},
    "PadIfNeeded": {"min_height": 40, "min_width": 40},
    "RandomCrop": {"height": 20, "width": 20},
    "RandomResizedCrop": {"size": [28, 28]},
    "RandomSizedCrop": {"min_max_height": [14, 24], "size": [28, 28]},
    "Resize": {"height": 14, "width": 14},
    "SmallestMaxSize": {"max_size": 14},
    "TimeMasking": {"time_mask_param": 9},
    "XYMasking": {"num_masks_x": [1, 2], "num_masks_y": 1, "mask_x_length": [1, 5], "mask_y_length": 5},
}
"""Arguments for pictures of 32×32, where a transform has no defaults for them."""


def step(name: str, side: int = 32, **arguments: Any) -> foreign.Albumentations:
    given = json.dumps(arguments or ARGUMENTS.get(name, {}))
    return foreign.Albumentations(name=name, arguments=given, side=side)


def coloured(size: int = 32) -> np.ndarray:
    return np.random.default_rng(5).integers(0, 256, (size, size, 3), dtype=np.uint8)


def digests() -> dict[str, str]:
    """Return a digest of what each transform makes of one colour picture and one grey one."""
    rgb = coloured()
    grey = np.ascontiguousarray(rgb[:, :, :1])
    made = {name: [step(name).apply(p, {"field": 2.0**52 + 1}) for p in (rgb, grey)] for name in EFFECTS}
    return {
        name: hashlib.sha256(b"".join(p.tobytes() for p in pictures)).hexdigest()
        for name, pictures in made.items()
    }


def of_albumentations() -> set[str]:
    found = {name for name, kind in vars(albumentations).items() if inspect.isclass(kind)}
    kinds = {
        name for name in found if issubclass(getattr(albumentations, name), albumentations.BasicTransform)
    }
    return kinds - {"BasicTransform", "DualTransform", "ImageOnlyTransform", "Transform3D"}


def test_every_transform_of_albumentations_is_in_the_table_once() -> None:
    assert albumentations.__version__ == "2.0.8"
    needs_torch = {"ToTensorV2", "ToTensor3D"}  # albumentations has them only beside PyTorch
    assert (set(EFFECTS) | set(REFUSED)) - needs_torch == of_albumentations() - needs_torch
    assert not set(EFFECTS) & set(REFUSED)


@pytest.mark.parametrize("name", sorted(EFFECTS))
def test_a_transform_keeps_size_channels_and_type_and_leaves_its_picture_alone(name: str) -> None:
    for picture in (coloured(), np.ascontiguousarray(coloured()[:, :, :1])):
        before = picture.copy()
        out = step(name).apply(picture, {"field": 3.0})
        assert out.shape == picture.shape and out.dtype == np.uint8
        assert (picture == before).all()


@pytest.mark.parametrize("name", sorted(EFFECTS))
def test_a_transform_keeps_the_shape_of_a_wide_picture(name: str) -> None:
    picture = np.ascontiguousarray(np.tile(coloured(), (1, 2, 1))[:, :48])
    assert step(name).apply(picture, {"field": 3.0}).shape == (32, 48, 3)


def test_the_same_number_makes_the_same_picture_in_any_process() -> None:
    code = "import json; from tests.ops.test_foreign import digests; print(json.dumps(digests()))"
    env = {**os.environ, "PYTHONHASHSEED": "77", "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])}
    np.random.seed(1)
    ran = subprocess.run([sys.executable, "-c", code], env=env, cwd=ROOT, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout) == digests() == digests()


def test_another_number_makes_another_picture() -> None:
    picture = coloured()
    one, other = (step("CoarseDropout").apply(picture, {"field": float(f)}) for f in (1, 2))
    assert (one != other).any()


def test_a_copy_does_not_depend_on_the_copies_made_before_it() -> None:
    read = policy.parse("version: 1\ntask: none\nsteps:\n  - albumentations: {name: GaussNoise}\n")
    picture = coloured()

    def copies(*numbers: int) -> list[np.ndarray]:
        drawn = draw(read, ["a"] * len(numbers), np.array(numbers), seed=1, aspects=np.ones(len(numbers)))
        return [render.render(picture, drawn, i) for i in range(len(numbers))]

    first, second = copies(1, 2)
    assert (copies(2)[0] == second).all() and (first != second).any()


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("Rotate", {"limit": [-30, 50]}),
        ("SafeRotate", {"limit": 90}),
        ("ShiftScaleRotate", {"shift_limit": 0.1, "scale_limit": 0.3, "rotate_limit": 60}),
        ("Affine", {"scale": [0.7, 1.2], "rotate": [-20, 20], "shear": {"x": [-20, 20], "y": [-15, 15]}}),
        ("Affine", {"scale": {"x": [0.7, 1.2], "y": [0.9, 1.4]}, "shear": {"x": 0, "y": [0, 30]}}),
    ],
)
@pytest.mark.parametrize("width", [40, 70])
def test_the_maps_that_affine_transforms_draw_lie_inside_what_is_declared(
    name: str, arguments: dict[str, Any], width: int
) -> None:
    picture = np.zeros((40, width, 1), np.uint8)
    op = step(name, side=40, **arguments)
    reach = op.effects(Interval(width / 40, width / 40))
    made = foreign.transform(op.name, op.arguments)
    for seed in range(300):
        made.set_random_seed(seed)
        made(image=picture)
        (a, b, _), (c, d, _), _ = made.params["matrix"]
        mirrored, turn, zoom, stretch = affine.pose((a, -b, 0, -c, d, 0))  # rows run down, y runs up
        assert not mirrored
        assert float(turn) in reach.turn
        assert float(zoom) in reach.zoom and float(stretch) in reach.stretch


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("RandomResizedCrop", {"size": [40, 40], "scale": [0.3, 0.8], "ratio": [0.6, 1.5]}),
        ("RandomSizedCrop", {"min_max_height": [20, 35], "size": [40, 40]}),
        ("RandomCrop", {"height": 30, "width": 25}),
        ("CenterCrop", {"height": 36, "width": 30}),
        ("RandomCropFromBorders", {"crop_left": 0.2, "crop_top": 0.3}),
        ("Crop", {"x_min": 3, "y_min": 5, "x_max": 30, "y_max": 38}),
    ],
)
def test_the_windows_that_crops_draw_lie_inside_what_is_declared(
    name: str, arguments: dict[str, Any]
) -> None:
    op = step(name, side=40, **arguments)
    reach = op.effects(SQUARE)
    made = foreign.transform(op.name, op.arguments)
    for seed in range(300):
        made.set_random_seed(seed)
        made(image=np.zeros((40, 40, 1), np.uint8))
        left, top, right, bottom = made.params["crop_coords"]
        across, down = (right - left) / 40, (bottom - top) / 40
        assert across * down in reach.kept
        assert (across * down) ** -0.5 in reach.zoom
        assert max(across / down, down / across) in reach.stretch


TONES = {
    "RandomBrightnessContrast": {"brightness_limit": 0.3, "contrast_limit": [-0.5, 0.9]},
    "RandomGamma": {"gamma_limit": [50, 180]},
    "RandomToneCurve": {"scale": 0.2},
    "MultiplicativeNoise": {"multiplier": [0.6, 1.3]},
    "Illumination": {},
    "PlasmaShadow": {},
    "Posterize": {"num_bits": 5},
    "RandomShadow": {},
    "ColorJitter": {"brightness": [0.7, 1.0], "contrast": [0.6, 1.0]},  # clips nothing on the way
    "HueSaturationValue": {"val_shift_limit": 60},
}


@pytest.mark.parametrize("name", sorted(TONES))
def test_the_tones_that_transforms_make_lie_inside_what_is_declared(name: str) -> None:
    ramp = np.tile(np.arange(256, dtype=np.uint8)[None, :, None], (64, 1, 3))
    op = step(name, side=64, **TONES[name])
    reach = op.effects(Interval(4, 4))
    slopes, middles = reach.contrast.either(-reach.inverted), reach.brightness
    for seed in range(60):
        curve = op.apply(ramp, {"field": float(seed)}).astype(float).mean(axis=2) / 255
        free = np.abs(curve - 0.5) < 0.5
        rise = (curve[:, 16:] - curve[:, :-16]) / (16 / 255)
        rise = rise[free[:, 16:] & free[:, :-16]]
        local = 1.0 if name in ("Illumination", "PlasmaShadow", "RandomShadow") else 0.0
        if not local:  # the light also changes from place to place
            assert rise.min() >= slopes.low - 0.15 and rise.max() <= slopes.high + 0.15
        assert curve[:, 128].min() - 0.502 >= middles.low - 0.01
        assert curve[:, 128].max() - 0.502 <= middles.high + 0.01


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("CoarseDropout", {"num_holes_range": [1, 3], "hole_height_range": [0.1, 0.3]}),
        ("Erasing", {"scale": [0.1, 0.4]}),
        ("GridDropout", {"ratio": 0.4}),
        ("XYMasking", ARGUMENTS["XYMasking"]),
        ("PixelDropout", {"dropout_prob": 0.1}),
        ("SaltAndPepper", {"amount": [0.05, 0.2]}),
        ("RandomGravel", {}),
        ("RandomRain", {"brightness_coefficient": 1.0}),
    ],
)
def test_what_transforms_hide_is_no_more_than_declared(name: str, arguments: dict[str, Any]) -> None:
    picture = np.full((32, 32, 3), 90, np.uint8)
    op = step(name, **arguments)
    for seed in range(60):
        hidden = (op.apply(picture, {"field": float(seed)}) != 90).any(axis=2).mean()
        assert float(hidden) in op.effects(SQUARE).covered


@pytest.mark.parametrize(
    "name", ["Blur", "GaussianBlur", "MotionBlur", "Defocus", "AdvancedBlur", "GlassBlur"]
)
def test_an_edge_is_spread_by_no_more_than_the_blur_declared(name: str) -> None:
    picture = np.zeros((96, 96, 1), np.uint8)
    picture[:, 48:] = 255
    op = step(name, side=96, **({"max_delta": 2} if name == "GlassBlur" else {}))
    for seed in range(20):
        out = op.apply(picture, {"field": float(seed)})[30:66, :, 0].astype(float)
        spread = np.clip(np.diff(out.mean(axis=0)), 0, None)
        at = np.arange(95)
        centre = (spread * at).sum() / spread.sum()
        sigma = np.sqrt((spread * (at - centre) ** 2).sum() / spread.sum())
        assert sigma / 96 <= op.effects(SQUARE).blur.high + 0.5 / 96


@pytest.mark.parametrize("name", ["GaussNoise", "ShotNoise", "ISONoise", "SaltAndPepper", "PixelDropout"])
def test_noise_is_no_stronger_than_declared(name: str) -> None:
    for level in (20, 120, 230):
        picture = np.full((64, 64, 3), level, np.uint8)
        for seed in range(10):
            out = step(name, side=64).apply(picture, {"field": float(seed)}) / 255
            assert out.std(axis=(0, 1)).max() <= step(name, side=64).effects(SQUARE).noise.high + 0.02


BORDERED: list[tuple[str, dict[str, Any]]] = [
    ("Affine", {"translate_percent": {"x": [-0.3, 0.3], "y": [0, 0]}}),
    ("Affine", {"scale": [0.4, 0.6]}),
    ("Affine", {"scale": [1.0, 1.5]}),
    ("Affine", {}),
    ("Rotate", {"limit": [30, 40]}),
    ("Rotate", {"limit": [30, 40], "crop_border": True}),
    ("SafeRotate", {"limit": [30, 40]}),
    ("ElasticTransform", {"alpha": 4, "sigma": 8}),
    ("GridDistortion", {"distort_limit": [0.4, 0.5], "normalized": False}),
    ("GridDistortion", {"distort_limit": [-0.5, 0.5], "normalized": True}),
    ("OpticalDistortion", {"distort_limit": [-0.3, 0.3]}),
    ("CropAndPad", {"percent": [0.2, 0.3]}),
    ("CropAndPad", {"percent": [-0.2, -0.1]}),
    ("Pad", {"padding": 8}),
    ("PadIfNeeded", {"min_height": 48, "min_width": 48}),
    ("PadIfNeeded", {"min_height": 16, "min_width": 16}),
    ("RandomCrop", {"height": 48, "width": 48, "pad_if_needed": True}),
    ("CenterCrop", {"height": 48, "width": 20, "pad_if_needed": True}),
    ("CenterCrop", {"height": 20, "width": 20, "pad_if_needed": True}),
    ("Crop", {"x_min": 8, "x_max": 40, "y_max": 32, "pad_if_needed": True}),
    ("Perspective", {}),
]


@pytest.mark.parametrize("mode", [2, 4])
@pytest.mark.parametrize(("name", "arguments"), BORDERED)
def test_a_border_that_reflects_is_declared_where_mirror_images_come_in(
    name: str, arguments: dict[str, Any], mode: int
) -> None:
    used, plain = (step(name, border_mode=border, **arguments) for border in (mode, 0))
    bright = np.full((32, 32, 1), 200, np.uint8)
    shown = [
        float((used.apply(bright, {"field": seed}) != plain.apply(bright, {"field": seed})).mean())
        for seed in map(float, range(20))
    ]
    brought_in = max(shown) > 0.02  # what a constant border shows black
    assert (not used.effects(SQUARE).mirrored.empty) == brought_in
    assert plain.effects(SQUARE).mirrored.empty
    wraps = step(name, border_mode=3, **arguments).effects(SQUARE)
    assert wraps == (Reach.unknown() if brought_in else plain.effects(SQUARE))


def test_another_tools_reflecting_border_is_no_safer_than_our_own() -> None:
    affine = "{name: Affine, translate_percent: {x: [-0.2, 0.2], y: [0, 0]}, border_mode: 4}"
    theirs = policy.parse(f"version: 1\ntask: digits\nsteps:\n  - albumentations: {affine}\n")
    ours = "version: 1\ntask: digits\nborder: reflect\nsteps:\n  - shift: {x: [-0.2, 0.2]}\n"
    found = [safety.judge(p, tasks.load("digits")) for p in (theirs, policy.parse(ours))]
    assert all(verdict.word != "safe" for verdict in found)
    assert {f.code for f in found[0].findings} == {f.code for f in found[1].findings}


@pytest.mark.parametrize("name", sorted(EFFECTS))
def test_effects_are_ordered_and_finite_where_the_axis_is(name: str) -> None:
    for frame in (SQUARE, Interval(0.5, 2.0)):
        reach = step(name).effects(frame)
        for axis in AXES:
            limits = reach.on(axis)
            if isinstance(limits, Interval) and not limits.empty:
                assert limits.low <= limits.high
                assert limits == AXES[axis].any or inside(limits, AXES[axis].whole), axis


def test_more_blur_declares_more_blur() -> None:
    weak, strong = (step("GaussianBlur", sigma_limit=[0.1, s]).effects(SQUARE).blur for s in (1.0, 2.0))
    assert strong.high == pytest.approx(2 * weak.high)


def test_pixels_are_a_larger_share_of_a_smaller_picture() -> None:
    small, large = (step("Blur", side=side).effects(SQUARE).blur.high for side in (28, 224))
    assert small == pytest.approx(8 * large)


def test_a_mirroring_transform_declares_its_mirror() -> None:
    assert step("HorizontalFlip").effects(SQUARE) == Reach(
        turn=step("VerticalFlip").effects(SQUARE).turn,
        mirrored=step("HorizontalFlip").effects(SQUARE).mirrored,
    )
    assert 0 in step("HorizontalFlip").effects(SQUARE).mirrored
    assert 180 in step("VerticalFlip").effects(SQUARE).mirrored


POLICY = "version: 1\ntask: digits\nsteps:\n  - albumentations: {{{}}}\n"


@pytest.mark.parametrize(
    ("body", "column", "told", "fix"),
    [
        ("name: GausianBlur", 22, "want a transform of albumentations 2.0.8", "did you mean GaussianBlur?"),
        ("name: MaskDropout", 22, "places what it does by boxes or masks", "leave it out"),
        ("name: Pad3D", 22, "works on volumes", "leave it out"),
        (
            "name: Blur, blur_limits: 3",
            34,
            "want an argument of Blur: blur_limit",
            "did you mean blur_limit?",
        ),
        ("name: Rotate, limit: [1, 2, 3]", 36, "does not take this limit", ""),
        ("name: GaussNoise, std_range: [0, 9]", 40, "does not take this std_range", ""),
        ("name: Blur, side: 2.5", 34, "want a whole number of pixels", ""),
        ("blur_limit: 3", 5, "'name' is missing", "add name:"),
    ],
)
def test_a_mistake_in_a_step_is_placed_at_line_and_column(
    body: str, column: int, told: str, fix: str
) -> None:
    with pytest.raises(PolicyError) as caught:
        policy.parse(POLICY.format(body), "p.yaml")
    assert caught.value.where.startswith(f"p.yaml:4:{column}:")
    assert told in caught.value.problem and fix in caught.value.fix


def test_a_step_is_written_as_it_was_read() -> None:
    read = policy.parse(POLICY.format("name: Affine, scale: {x: [0.9, 1.1], y: 1.0}, side: 64, p: 0.3"))
    assert read.canonical()["steps"] == [
        {"albumentations": {"name": "Affine", "scale": {"x": [0.9, 1.1], "y": 1.0}, "side": 64, "p": 0.3}}
    ]
    assert policy.parse(policy.dump(read)) == read


def judged(steps: str, task: str = "digits", more: str = "") -> safety.Verdict:
    read = policy.parse(f"version: 1\ntask: {task}\n{more}steps:\n{steps}")
    return safety.judge(read, tasks.load(task))


def test_a_small_transform_is_proved_safe() -> None:
    assert judged("  - albumentations: {name: CoarseDropout, p: 0.3}\n").word == "safe"


def test_a_kernel_that_turns_is_added_to_the_turns_of_other_steps() -> None:
    step_ = "  - albumentations: {name: Rotate, limit: 12}\n"
    assert judged(step_).safe
    both = judged(step_ + "  - rotate: {degrees: [-12, 12]}\n")
    assert {finding.code for finding in both.findings} == {"LS102"}


def test_a_kernel_that_turns_too_far_is_not_proved_safe_by_the_maps_of_other_steps() -> None:
    verdict = judged("  - albumentations: {name: Rotate, limit: 170}\n  - rotate: {degrees: [-1, 1]}\n")
    assert "LS102" in {finding.code for finding in verdict.findings}
    assert verdict.word == "unsafe"


def test_a_guard_that_sees_only_maps_does_not_let_a_kernel_through() -> None:
    steps = "  - albumentations: {name: HorizontalFlip, p: 0.5}\n  - rotate: {degrees: [-10, 10]}\n"
    verdict = judged(steps, more="on_unsafe: redraw\n")
    assert "LS101" in {finding.code for finding in verdict.findings}


def test_a_guard_still_checks_turns_draw_by_draw_beside_a_kernel_that_moves_nothing() -> None:
    steps = "  - albumentations: {name: GaussNoise, std_range: [0, 0.05]}\n  - rotate: {degrees: [-60, 60]}\n"
    assert judged(steps, more="on_unsafe: redraw\n").safe


def test_a_step_that_nobody_declared_is_inside_no_limit() -> None:
    unknown = foreign.Declared(name="Mystery", reach=Reach.unknown())
    assert set(unknown.effects(SQUARE).outside(tasks.load("digits").default)) >= set(GEOMETRY)
    with pytest.raises(UsageError, match="step of another tool"):
        unknown.apply(coloured(), {})


def test_a_picture_smaller_than_judged_is_refused() -> None:
    with pytest.raises(UsageError) as caught:
        step("GaussianBlur", side=64, sigma_limit=[0.1, 1.0]).apply(coloured(32), {"field": 1.0})
    assert "side: 32" in caught.value.fix


def test_a_larger_picture_is_taken_by_a_blur_and_refused_by_a_crop() -> None:
    picture = coloured(64)
    assert step("GaussianBlur").apply(picture, {"field": 1.0}).shape == picture.shape
    with pytest.raises(UsageError):
        step("RandomCrop").apply(picture, {"field": 1.0})


def test_a_frame_of_its_own_is_stretched_by_a_resize() -> None:
    resize = step("Resize", height=32, width=64)
    assert resize.effects(SQUARE).stretch.high == 1
    away = Frame(SQUARE, 32, keeps=False)
    alone = foreign.Albumentations(name="Resize", arguments=resize.arguments, shape=away)
    assert alone.effects(SQUARE).stretch.high == pytest.approx(2)


def test_an_argument_that_is_no_number_is_refused() -> None:
    with pytest.raises(UsageError, match="got nan, want a number"):
        foreign.transform("Affine", '{"rotate": [NaN, 5]}')

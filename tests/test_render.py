"""Rendered pictures, held against a reference in float64, exact permutations and albumentations."""

from __future__ import annotations

import dataclasses
import random

import albumentations as A
import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from augkit import affine
from augkit.draw import Draws
from augkit.errors import UsageError
from augkit.ops import OPS, Blend, Colour, Curve, Geometric, Op, Projective
from augkit.ops.geometric import FlipHorizontal, Rotate
from augkit.ops.tone import Brightness, Contrast, Invert
from augkit.policy import Policy
from augkit.render import reductions, render, render_batch
from augkit.render.warp import shrinks
from augkit.steps import Step
from tests.policies import GEOMETRIC, TONAL, a_step, drawn, read, written

FUSED = GEOMETRIC + TONAL


def policy_of(*steps: object, **more: object) -> Policy:
    return read({"version": 1, "task": "none", "steps": list(steps), **more})


def one(*steps: object, aspect: float = 1.0, **more: object) -> Draws:
    return drawn(policy_of(*steps, **more), 1, aspects=(aspect, aspect), corners=False)


def smooth(height: int, width: int, channels: int, seed: int = 0) -> np.ndarray:
    """Make a picture whose neighbours differ little, so that 1/32 of a pixel is no visible error."""
    coarse = np.random.default_rng(seed).integers(0, 256, (6, 6, channels)).astype(np.float32)
    picture = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.clip(np.rint(picture), 0, 255).astype(np.uint8).reshape(height, width, channels)


def plane(height: int, width: int, points: int = 1) -> np.ndarray:
    """Return the pixel centres of a picture in the frame of `augkit.affine`, homogeneous, (3, H, W); or, in
    each direction, so many evenly spread points of each pixel.
    """
    y, x = (np.mgrid[: height * points, : width * points].astype(float) + 0.5) / points - 0.5
    side = np.sqrt(height * width)
    return np.stack([(x - (width - 1) / 2) / side, ((height - 1) / 2 - y) / side, np.ones_like(x)])


def matrix(through: affine.Map, i: int) -> np.ndarray:
    a, b, tx, c, d, ty = (float(entry[i]) for entry in through)
    return np.array([[a, b, tx], [c, d, ty], [0, 0, 1]])


def sampled(picture: np.ndarray, at: np.ndarray, sheet: np.ndarray) -> np.ndarray:
    """Read a picture that lies on a sheet, linearly between pixel centres, in float64."""
    height, width, channels = picture.shape
    pad = 2
    wide = np.full((height + 2 * pad, width + 2 * pad, channels), sheet, dtype=float)
    wide[pad:-pad, pad:-pad] = picture
    side = np.sqrt(height * width)
    x = np.clip(at[0] * side + (width - 1) / 2, -1.5, width + 0.5) + pad
    y = np.clip((height - 1) / 2 - at[1] * side, -1.5, height + 0.5) + pad
    left, top = np.floor(x).astype(int), np.floor(y).astype(int)
    u, v = (x - left)[..., None], (y - top)[..., None]
    upper = wide[top, left] * (1 - u) + wide[top, left + 1] * u
    lower = wide[top + 1, left] * (1 - u) + wide[top + 1, left + 1] * u
    return upper * (1 - v) + lower * v


def averaged(values: np.ndarray, points: int) -> np.ndarray:
    height, width, *rest = values.shape
    return values.reshape(height // points, points, width // points, points, *rest).mean(axis=(1, 3))


def shrink(draws: Draws, i: int) -> float:
    """Return how many source pixels lie beside each other in an output pixel, where they are most."""
    return 1 / max(np.linalg.svd(matrix(draws.whole.through, i)[:2, :2], compute_uv=False)[-1], 1e-9)


def reference(picture: np.ndarray, draws: Draws, i: int, points: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Render draw `i`, each pixel looked up in the source, at so many points in each direction; and say which
    lie at a window's edge.
    """
    height, width, channels = picture.shape
    fill = draws.policy.fill
    sheet = np.array(
        fill if channels == 3 and len(fill) == 3 else [round(sum(fill) / len(fill))] * channels, float
    )
    run = draws.whole
    source = np.tensordot(np.linalg.inv(matrix(run.through, i)), plane(height, width, points), axes=1)
    out = sampled(picture, source, sheet)
    edge = np.zeros(out.shape[:2], dtype=bool)
    half = np.array(affine.half_sides(width / height))[:, None, None]
    for done, through, _ in run.windows:
        if done[i]:
            window = matrix(through, i)
            seen = np.tensordot(window, source, axes=1)[:2]
            steepest = np.linalg.norm((window @ np.linalg.inv(matrix(run.through, i)))[:2, :2], 2)
            near = 1.5 * max(steepest, 1.0) / np.sqrt(height * width)
            inside = (np.abs(seen) <= half).all(axis=0)
            edge |= (np.abs(np.abs(seen) - half) < near).any(axis=0)
            out = np.where(inside[..., None], out, sheet)
    out, edge = averaged(out, points), averaged(edge, points) > 0
    slope, level = (float(value[i]) for value in run.line)
    return np.clip((slope * (out / 255 - 0.5) + 0.5 + level) * 255, 0, 255), edge


def assert_like_the_reference(picture: np.ndarray, draws: Draws, i: int) -> None:
    slope = abs(float(draws.whole.line[0][i]))
    if shrink(draws, i) > 1.29:
        expected, edge = reference(picture, draws, i, points=8)
        gap = np.abs(render(picture, draws, i).astype(float) - expected)[~edge]
        # Averages of other points of a pixel: where the sheet meets the picture they differ by some levels.
        assert gap.sum() <= (1 + 4 * slope) * max(gap.size, 1), gap.mean()
        return
    expected, edge = reference(picture, draws, i)
    gap = np.abs(render(picture, draws, i).astype(float) - expected)[~edge]
    # The sheet meets the picture at up to 255 levels a pixel, of which 1/32 of a pixel is 8.
    assert gap.max(initial=0) <= 2 + slope * 10, gap.max()
    # OpenCV looks up at 32nds of a pixel, which shows where a crop is enlarged many times.
    allowed = 0.6 + (0.5 if shrink(draws, i) < 0.1 else 0.3) * slope
    assert gap.sum() <= allowed * max(gap.size, 1), gap.mean()


@given(
    st.randoms(use_true_random=False),
    st.sampled_from([(40, 40), (33, 50), (64, 30)]),
    st.sampled_from([1, 3]),
)
@settings(max_examples=60, deadline=None)
def test_a_fused_picture_is_the_float64_reference(rng, size, channels):
    plain = written(rng, ops=FUSED, steps=4, depth=1) | {"fill": [rng.randrange(256) for _ in range(3)]}
    draws = drawn(read(plain), 4, aspects=(size[1] / size[0],) * 2)
    for i in range(4):
        assert_like_the_reference(smooth(*size, channels), draws, i)


@pytest.mark.parametrize(
    "steps",
    [
        [{"crop": {"side": [0.5, 0.5]}}, {"zoom": {"factor": [0.6, 0.6]}}],
        [{"crop": {"side": [0.6, 0.6]}}, {"rotate": {"degrees": [30, 30]}}],
        [{"zoom": {"factor": [0.5, 0.5]}}, {"crop": {"side": [0.5, 0.5]}}, {"shift": {"x": [0.3, 0.3]}}],
        [
            {"crop": {"side": [0.8, 0.8]}},
            {"shear": {"x_degrees": [20, 20]}},
            {"crop": {"side": [0.8, 0.8]}},
            {"zoom": {"factor": [0.5, 0.5]}},
        ],
    ],
)
def test_what_a_crop_left_outside_does_not_come_back(steps):
    draws = one(*steps, aspect=1.5, fill=[200, 10, 90])
    picture = smooth(48, 72, 3)
    assert_like_the_reference(picture, draws, 0)
    expected, edge = reference(picture, draws, 0)
    sheet = np.isclose(expected, [200, 10, 90]).all(axis=2) & ~edge
    assert 0.05 < sheet.mean() < 0.95, "some of the sheet shows"
    assert (render(picture, draws, 0)[sheet] == [200, 10, 90]).all()


@pytest.mark.parametrize("size", [(7, 7), (8, 8), (6, 9), (9, 6), (1, 5), (5, 1), (1, 1)])
@pytest.mark.parametrize("channels", [1, 3])
def test_flips_and_half_turns_move_pixels_and_change_none(size, channels):
    picture = np.random.default_rng(0).integers(0, 256, (*size, channels), dtype=np.uint8)
    aspect = size[1] / size[0]
    assert (render(picture, one("flip_horizontal", aspect=aspect), 0) == picture[:, ::-1]).all()
    assert (render(picture, one("flip_vertical", aspect=aspect), 0) == picture[::-1]).all()
    assert (
        render(picture, one("flip_vertical", "flip_horizontal", aspect=aspect), 0) == picture[::-1, ::-1]
    ).all()
    half = one({"rotate": {"degrees": [180, 180]}}, aspect=aspect)
    assert (render(picture, half, 0) == picture[::-1, ::-1]).all()


@pytest.mark.parametrize("side", [1, 2, 7, 28, 64])
def test_the_eight_symmetries_of_a_square_move_pixels_and_change_none(side):
    picture = np.random.default_rng(0).integers(0, 256, (side, side, 3), dtype=np.uint8)
    draws = drawn(policy_of("quarter_turn"), 12, corners=False)
    assert set(draws.numbers[0]) == {1.0, 2.0, 3.0}
    for i in range(12):
        assert (render(picture, draws, i) == np.rot90(picture, int(draws.numbers[0, i]))).all()
    assert (render(picture, one("transpose"), 0) == picture.transpose(1, 0, 2)).all()
    both = one("transpose", "flip_horizontal")
    assert (render(picture, both, 0) == np.rot90(picture, -1)).all()
    for degrees, turns in [(90, 1), (-90, 3)]:
        assert (
            render(picture, one({"rotate": {"degrees": [degrees, degrees]}}), 0) == np.rot90(picture, turns)
        ).all()


@pytest.mark.parametrize("shift", [1, -3])
def test_a_shift_by_whole_pixels_moves_pixels_and_lets_the_sheet_in(shift):
    picture = np.random.default_rng(0).integers(0, 256, (10, 20, 1), dtype=np.uint8)
    out = render(picture, one({"shift": {"x": [shift / 20] * 2, "y": [0.1, 0.1]}}, aspect=2, fill=7), 0)
    expected = np.full_like(picture, 7)
    columns = slice(max(shift, 0), 20 + min(shift, 0)), slice(max(-shift, 0), 20 + min(-shift, 0))
    expected[:-1, columns[0]] = picture[1:, columns[1]]
    assert (out == expected).all()


def test_a_crop_of_half_the_side_shows_that_half_twice_as_large():
    picture = np.zeros((40, 40, 1), np.uint8)
    picture[:20, 20:] = 200  # top right
    draws = drawn(policy_of({"crop": {"side": [0.5, 0.5]}}), 1, corners=False)
    draws.numbers[:] = np.array([[0.5], [1.0], [1.0]])
    assert (render(picture, draws, 0)[2:-2, 2:-2] == 200).all()


def test_the_edge_of_the_picture_continues_where_the_policy_says_so():
    picture = np.repeat(np.arange(20, dtype=np.uint8)[:, None, None] * 10, 30, axis=1)
    draws = one(
        {"shift": {"x": [0.5, 0.5]}}, {"zoom": {"factor": [0.5, 0.5]}}, aspect=1.5, border="edge", fill=255
    )
    out = render(picture, draws, 0)
    assert (out == out[:, :1]).all(), "every row is one level, to both sides"
    # Halved, the outermost rows have something of their neighbours.
    assert out[0].max() <= 5 and out[-1].min() >= 185


@pytest.mark.parametrize("order", [0, 1])
def test_a_change_of_tone_colours_the_corners_whether_it_comes_before_a_turn_or_after(order):
    steps = [{"rotate": {"degrees": [45, 45]}}, "invert"]
    picture = np.full((31, 31, 1), 60, np.uint8)
    out = render(picture, one(*(steps if order else steps[::-1]), fill=20), 0)
    assert out[0, 0, 0] == 235 and out[15, 15, 0] == 195


def test_tones_are_clipped_once_at_the_end():
    picture = np.arange(256, dtype=np.uint8).reshape(16, 16, 1)
    there_and_back = [
        {"contrast": {"gain": [4, 4]}},
        {"brightness": {"shift": [0.5, 0.5]}},
        {"brightness": {"shift": [-0.5, -0.5]}},
        {"contrast": {"gain": [0.25, 0.25]}},
    ]
    assert (render(picture, one(*there_and_back), 0) == picture).all()
    bright = render(picture, one({"brightness": {"shift": [0.5, 0.5]}}), 0)
    assert np.abs(bright.astype(int) - np.minimum(picture + 127.5, 255)).max() <= 0.5


def test_doing_nothing_gives_the_same_pixels_in_a_new_array():
    picture = np.random.default_rng(0).integers(0, 256, (9, 9, 3), dtype=np.uint8)
    out = render(picture, one({"zoom": {"factor": [1, 1]}}, {"rotate": {"degrees": [10, 20], "p": 0}}), 0)
    assert (out == picture).all() and not np.shares_memory(out, picture)


@pytest.mark.parametrize(
    "view",
    [
        lambda p: p[::-1],
        lambda p: p[:, ::-1],
        lambda p: p[::2, ::2],
        lambda p: p[:, :, ::-1],
        lambda p: p.transpose(1, 0, 2),
        lambda p: np.asfortranarray(p),
        lambda p: np.broadcast_to(p[:1], p.shape),
    ],
)
def test_any_view_of_a_picture_is_rendered_as_its_copy_and_stays_as_it_is(view):
    original = np.random.default_rng(0).integers(0, 256, (12, 12, 3), dtype=np.uint8)
    seen = view(original)
    original.flags.writeable = False
    draws = one({"rotate": {"degrees": [20, 20]}}, "invert")
    assert (render(seen, draws, 0) == render(np.ascontiguousarray(seen), draws, 0)).all()
    batch = render_batch(np.stack([seen]), draws)
    assert (batch[0] == render(seen, draws, 0)).all()


@pytest.mark.parametrize(
    "picture",
    [
        np.zeros((4, 4, 1), np.float32),
        np.zeros((4, 4), np.uint8),
        np.zeros((4, 4, 4), np.uint8),
        np.zeros((4, 4, 2), np.uint8),
        np.zeros((0, 4, 1), np.uint8),
        np.zeros((4, 0, 3), np.uint8),
        np.zeros((4, 4, 3), np.uint16),
        np.zeros((4, 4, 1), bool),
        "picture",
        None,
        [[1]],
    ],
)
def test_what_is_no_picture_is_refused(picture):
    with pytest.raises(UsageError, match="want uint8"):
        render(picture, one("invert"), 0)


def test_a_batch_is_the_pictures_one_by_one():
    rng = random.Random(11)
    for seed in range(25):
        draws = drawn(read(written(rng, steps=4, depth=2)), 6, aspects=(1.25, 1.25), seed=seed)
        for channels in (1, 3):
            pictures = np.random.default_rng(seed).integers(0, 256, (6, 24, 30, channels), dtype=np.uint8)
            before = pictures.copy()
            together = render_batch(pictures, draws)
            assert (together == [render(picture, draws, i) for i, picture in enumerate(pictures)]).all()
            assert (pictures == before).all() and not np.shares_memory(together, pictures)


def test_an_empty_batch_stays_empty():
    draws = one("invert").take(np.zeros(0, np.int64))
    assert render_batch(np.zeros((0, 8, 8, 1), np.uint8), draws).shape == (0, 8, 8, 1)


ALBUMENTED = [
    ({"rotate": {"degrees": [25, 25]}}, {"rotate": 25}),
    ({"rotate": {"degrees": [-130, -130]}}, {"rotate": -130}),
    ({"zoom": {"factor": [1.3, 1.3]}}, {"scale": 1.3}),
    ({"zoom": {"x": [0.8, 0.8], "y": [1.2, 1.2]}}, {"scale": {"x": (0.8, 0.8), "y": (1.2, 1.2)}}),
    (
        {"shift": {"x": [0.1, 0.1], "y": [-0.2, -0.2]}},
        {"translate_percent": {"x": (0.1, 0.1), "y": (0.2, 0.2)}},
    ),
    ({"shear": {"x_degrees": [15, 15]}}, {"shear": {"x": (15, 15), "y": (0, 0)}}),
    ({"shear": {"y_degrees": [15, 15]}}, {"shear": {"x": (0, 0), "y": (15, 15)}}),
]


@pytest.mark.parametrize("step, settings_", ALBUMENTED)
def test_albumentations_makes_the_same_picture_of_the_same_numbers(step, settings_):
    still = {"scale": 1.0, "rotate": 0, "shear": 0, "translate_percent": 0}
    theirs = A.Affine(**(still | settings_), fill=9, p=1, interpolation=cv2.INTER_LINEAR, keep_ratio=False)
    for size in [(60, 60), (50, 80)]:
        picture = smooth(*size, 3)
        ours = render(picture, one(step, aspect=size[1] / size[0], fill=9), 0).astype(int)
        gap = np.abs(ours - theirs(image=picture)["image"].astype(int))
        assert np.quantile(gap, 0.97) <= 3, "beyond rounding"
        assert gap.mean() < 1


@pytest.mark.parametrize(
    "step, theirs",
    [
        ("flip_horizontal", A.HorizontalFlip(p=1)),
        ("flip_vertical", A.VerticalFlip(p=1)),
        ("transpose", A.Transpose(p=1)),
        ("invert", A.InvertImg(p=1)),
    ],
)
def test_albumentations_flips_and_inverts_alike(step, theirs):
    picture = np.random.default_rng(3).integers(0, 256, (17, 17, 3), dtype=np.uint8)
    assert (render(picture, one(step), 0) == theirs(image=picture)["image"]).all()


@dataclasses.dataclass(frozen=True, kw_only=True)
class Squeeze(Geometric):
    """Resize to 24×16, for tests."""

    filter: str = "linear"

    def matrix(self, values, aspect):
        wide = np.sqrt(1.5 / aspect)
        return (wide, 0.0, 0.0, 0.0, 1 / wide, 0.0)

    @property
    def reshapes(self):
        return True

    @property
    def aspect_after(self):
        return 1.5

    def size_after(self, width, height):
        return 24, 16


@dataclasses.dataclass(frozen=True, kw_only=True)
class Tilt(Projective):
    """A homography, for tests."""

    def homography(self, values, aspect):
        return (1.0, 0.1, 0.02, 0.0, 1.0, 0.0, 0.2, -0.3, 1.0)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Root(Curve):
    """A square root, for tests."""

    def levels(self, x, values):
        return np.sqrt(np.clip(x, 0, 1))


@dataclasses.dataclass(frozen=True, kw_only=True)
class Swap(Colour):
    """Give red half of blue and a quarter more, for tests."""

    def mix(self, values):
        return np.array([[[0.5, 0, 0.5, 0.25], [0, 1, 0, 0], [1, 0, 0, 0]]])


def made_of(*ops: Op, count: int = 1, aspect: float = 1.0, **more: object) -> Draws:
    steps = tuple(Step(op, 1.0, f"step#{i}", "test", "") for i, op in enumerate(ops))
    return drawn(Policy(steps=steps, task="none", **more), count, aspects=(aspect, aspect), corners=False)


def test_a_run_is_resampled_straight_to_the_size_that_a_step_asks_for():
    picture = smooth(64, 48, 3)
    draws = made_of(FlipHorizontal(), Squeeze(), aspect=0.75)
    assert len(draws.parts(0)[0]) == 1
    made = render(picture, draws, 0)
    assert made.shape == (16, 24, 3)
    truth = cv2.resize(picture[:, ::-1], (24, 16), interpolation=cv2.INTER_AREA)
    assert np.abs(made.astype(int) - truth).mean() < 1.5
    assert (render_batch(picture[None], draws)[0] == made).all()


def test_steps_after_a_change_of_size_see_the_new_frame():
    picture = smooth(60, 60, 1)
    turned = render(picture, made_of(Squeeze(), Rotate(degrees=(90, 90))), 0)
    squeezed = cv2.resize(picture, (24, 16), interpolation=cv2.INTER_AREA)[:, :, None]
    again = render(squeezed, made_of(Rotate(degrees=(90, 90)), aspect=1.5), 0)
    assert np.abs(turned.astype(int) - again)[:, 6:18].mean() < 3, "by a quarter turn in the frame of 24×16"


def test_nothing_aliases_where_a_run_shrinks():
    stripes = np.tile(np.array([0, 255], np.uint8), 60)[None, :, None].repeat(120, axis=0)
    for factor in (0.2, 0.37, 0.5, 0.71):
        made = render(stripes, one({"zoom": {"factor": [factor, factor]}}, border="edge"), 0)
        assert 90 < made.mean() < 165 and made.std() < 80, factor


def test_a_homography_is_the_float64_reference_and_fuses_with_the_maps_around_it():
    picture = smooth(40, 60, 3)
    draws = made_of(FlipHorizontal(), Tilt(), aspect=1.5, fill=(7,))
    assert len(draws.parts(0)[0]) == 1
    whole = np.array([[1, 0.1, 0.02], [0, 1, 0], [0.2, -0.3, 1]]) @ np.diag([-1.0, 1.0, 1.0])
    x, y, w = np.tensordot(np.linalg.inv(whole), plane(40, 60), axes=1)
    truth = sampled(picture, np.stack([x / w, y / w]), np.full(3, 7.0))
    made = render(picture, draws, 0)
    assert np.abs(made - truth).mean() < 1 and np.quantile(np.abs(made - truth), 0.95) <= 3
    assert (render_batch(picture[None], draws)[0] == made).all()


def test_a_curve_is_one_table_with_the_tones_around_it_and_clips_only_where_it_must():
    picture = np.arange(256, dtype=np.uint8).reshape(16, 16, 1)
    draws = made_of(Contrast(gain=(0.5, 0.5)), Root(), Brightness(shift=(0.1, 0.1)))
    assert len(draws.parts(0)[0]) == 1
    x = 0.5 * (picture / 255 - 0.5) + 0.5
    truth = np.rint(np.clip(np.sqrt(x) + 0.1, 0, 1) * 255)
    assert (render(picture, draws, 0) == truth).all()
    assert (render_batch(picture[None], draws)[0] == truth).all()


def test_colours_and_tones_before_them_are_one_matrix():
    picture = np.random.default_rng(2).integers(0, 256, (9, 7, 3), dtype=np.uint8)
    draws = made_of(Brightness(shift=(0.3, 0.3)), Contrast(gain=(0.7, 0.7)), Swap(), Swap(), Invert())
    assert len(draws.parts(0)[0]) == 1
    x = (picture / 255 + 0.3 - 0.5) * 0.7 + 0.5
    matrix_ = Swap().mix({})[0]
    for _ in range(2):
        x = x @ matrix_[:, :3].T + matrix_[:, 3]
    truth = np.clip((1 - x) * 255, 0, 255)
    made = render(picture, draws, 0)
    assert np.abs(made - truth).max() <= 0.6
    assert (render_batch(picture[None], draws)[0] == made).all()


def test_a_grey_picture_keeps_its_tones_where_colours_are_mixed():
    picture = np.arange(256, dtype=np.uint8).reshape(16, 16, 1)
    for ops in ([Brightness(shift=(0.2, 0.2)), Swap()], [Swap(), Brightness(shift=(0.2, 0.2))]):
        expected = np.clip(np.rint(picture + 51.0), 0, 255)
        assert (render(picture, made_of(*ops), 0) == expected).all()


def test_a_curve_before_a_turn_is_done_before_it_and_takes_the_sheet_along():
    picture = np.full((20, 20, 1), 64, np.uint8)
    draws = made_of(Root(), Rotate(degrees=(45, 45)), fill=(64,))
    assert len(draws.parts(0)[0]) == 2
    assert (render(picture, draws, 0) == 128).all(), "the corners too"
    assert (render_batch(picture[None], draws)[0] == 128).all()


def test_grey_pixels_mixed_in_before_a_turn_colour_the_sheet():
    picture = np.full((20, 20, 3), 100, np.uint8)
    draws = made_of(Root(), Swap(), Rotate(degrees=(30, 30)), fill=(100,))
    made = render(picture, draws, 0)
    assert (made == made[10, 10]).all()


@pytest.mark.parametrize("border, rows", [("constant", [9, 9]), ("edge", [0, 190]), ("reflect", [40, 150])])
def test_what_lies_outside_is_what_the_border_says(border, rows):
    picture = np.repeat(np.arange(20, dtype=np.uint8)[:, None, None] * 10, 20, axis=1)
    up = one({"shift": {"y": [0.25, 0.25]}}, border=border, fill=9)
    down = one({"shift": {"y": [-0.25, -0.25]}}, border=border, fill=9)
    assert render(picture, down, 0)[0].max() == rows[0]
    assert render(picture, up, 0)[-1].max() == rows[1]


@pytest.mark.parametrize("border", ["edge", "reflect"])
def test_a_crops_window_ends_the_picture_for_every_border(border):
    steps = [{"crop": {"side": [0.5, 0.5]}}, {"shift": {"x": [0.25, 0.25]}}]
    draws = one(*steps, border=border)
    picture = smooth(48, 48, 1)
    x, y = draws.numbers[1, 0], draws.numbers[2, 0]
    left, top = 24 * x, 24 * (1 - y)
    fine = np.arange(48) / 48 * 24 - 0.25 - 6
    inner = np.clip(fine, -0.25, None) if border == "edge" else np.where(fine < -0.5, -1 - fine, fine)
    columns, rows = left + inner, top + (np.arange(48) + 0.5) / 48 * 24 - 0.5
    maps = np.meshgrid(columns.astype(np.float32), rows.astype(np.float32))
    truth = cv2.remap(picture, *maps, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)[:, :, None]
    assert np.quantile(np.abs(render(picture, draws, 0).astype(int) - truth), 0.97) <= 3


def test_a_picture_read_at_half_its_size_is_rendered_as_the_whole_one():
    whole = smooth(201, 301, 3)
    half = cv2.resize(
        np.pad(whole, ((0, 1), (0, 1), (0, 0)), mode="edge"), (151, 101), interpolation=cv2.INTER_AREA
    )
    draws = made_of(Rotate(degrees=(10, 10)), Squeeze(), aspect=301 / 201)
    assert reductions(draws, np.array([[301, 201]])) == [4]
    small = render(half, draws, 0, size=(301, 201), by=2)
    assert small.shape == (16, 24, 3)
    assert np.abs(small.astype(int) - render(whole, draws, 0)).mean() < 1.5


def test_of_a_source_that_is_read_small_two_pixels_are_left_for_each_that_is_made():
    policy = policy_of({"random_resized_crop": {}}, {"resize": {"width": 64, "height": 64}})
    sizes = np.array([(400, 300), (1600, 1200), (4000, 3000)] * 30)
    draws = drawn(policy, len(sizes), aspects=(4 / 3, 4 / 3), corners=False)
    by, fewest = reductions(draws, sizes), shrinks(draws.groups[0].parts[0], sizes)
    assert set(by.tolist()) == {1, 2, 4, 8}
    assert ((by == 1) | (fewest >= 2 * by)).all() and ((by == 8) | (fewest < 4 * by)).all()


def detailed(height: int, width: int) -> np.ndarray:
    """Make a picture that has detail down to two pixels or so, as photographs have."""
    noise = np.random.default_rng(0).normal(size=(height, width, 3))
    blurred = cv2.GaussianBlur(noise, (0, 0), 1.0)
    return np.clip(128 + blurred / blurred.std() * 45, 0, 255).astype(np.uint8)


@pytest.mark.parametrize(
    "factor, least", [(0.8, 40), (0.55, 41), (0.45, 42), (0.36, 43), (0.3, 42), (0.24, 35), (0.2, 35)]
)
def test_detail_that_shrinks_is_averaged_and_does_not_alias(factor, least):
    draws = one({"zoom": {"factor": [factor] * 2}}, {"rotate": {"degrees": [10, 10]}}, aspect=151 / 121)
    picture = detailed(121, 151)
    expected, _ = reference(picture, draws, 0, points=6)
    inside = reference(np.full_like(picture, 255), draws, 0)[0][:, :, 0] > 254
    inside = cv2.erode(inside.astype(np.uint8), np.ones((5, 5))) > 0
    gap = (render(picture, draws, 0) - expected)[inside]
    assert 10 * np.log10(255**2 / (gap**2).mean()) >= least, "decibels"


@pytest.mark.parametrize("size", [(64, 48), (201, 301), (130, 99)])
def test_a_picture_that_only_gets_fewer_pixels_gets_no_darker_at_its_edges(size):
    white = np.full((*size, 3), 255, np.uint8)
    draws = made_of(FlipHorizontal(), Squeeze(), aspect=size[1] / size[0], fill=(0,))
    assert (render(white, draws, 0) == 255).all()


def test_a_picture_that_is_not_shrunk_is_read_whole():
    draws = made_of(Rotate(degrees=(10, 10)))
    assert reductions(draws, np.array([[300, 200]])) == [1]
    assert reductions(made_of(Squeeze(filter="nearest")), np.array([[300, 200]])) == [1]


def test_a_small_picture_is_the_same_wherever_in_a_batch_it_stands():
    policy = policy_of({"rotate": {"degrees": [-30, 30]}}, {"shift": {"x": [-0.1, 0.1], "y": [-0.1, 0.1]}})
    draws = drawn(policy, 3000, corners=False)
    pictures = np.random.default_rng(5).integers(0, 256, (3000, 20, 20, 1), dtype=np.uint8)
    together = render_batch(pictures, draws)
    turned = np.arange(3000)[::-1]
    assert (render_batch(pictures[turned], draws.take(turned))[turned] == together).all()
    assert all((render(pictures[i], draws, i) == together[i]).all() for i in range(0, 3000, 97))


HALF = {"p": 0.5}
RUNS_END_HERE_AND_THERE = (
    (
        {"gamma": {"exponent": [0.5, 2]}},
        {"rotate": {"degrees": [-9, 9], **HALF}},
        {"contrast": {"gain": [1, 2]}},
    ),
    (
        {"brightness": {"shift": [0.9, 0.9]}},
        {"gamma": {"exponent": [0.9, 0.9]}},
        {"flip_horizontal": HALF},
        {"brightness": {"shift": [-0.9, -0.9]}},
    ),
    (
        {"solarize": {"threshold": [0.5, 0.5], **HALF}},
        {"shift": {"x": [-0.1, 0.1], **HALF}},
        {"grey": HALF},
    ),
)
FEW = [policy_of(*steps) for steps in RUNS_END_HERE_AND_THERE]
MANY = [read(written(random.Random(seed), steps=5, depth=2, modest=True)) for seed in range(12)]


@pytest.mark.parametrize("policy", FEW + MANY, ids=range(len(FEW + MANY)))
def test_no_picture_depends_on_what_is_done_to_the_others_of_its_batch(policy):
    draws = drawn(policy, 16, corners=False)
    pictures = np.random.default_rng(5).integers(0, 256, (16, 20, 20, 3), dtype=np.uint8)
    together = render_batch(pictures, draws)
    for i in range(16):
        alone = render(pictures[i], draws.take(np.array([i])), 0)
        assert (alone == together[i]).all() and (alone == render(pictures[i], draws, i)).all()


@pytest.mark.parametrize("name", sorted(name for name, op in OPS.items() if not issubclass(op, Blend)))
def test_no_op_touches_the_picture_that_it_is_given_whatever_tones_follow(name):
    step = a_step(random.Random(name), (name,))
    step[name].pop("p", None)
    tones = [{"brightness": {"shift": [0.1, 0.2]}}, {"gamma": {"exponent": [0.5, 0.7]}}]
    for steps in ([step], [step, *tones], [*tones, step]):
        draws = drawn(read({"version": 1, "task": "none", "steps": steps}), 2, aspects=(32 / 24, 32 / 24))
        picture = smooth(24, 32, 3)
        before, batch = picture.copy(), np.stack([picture, picture])
        render(picture, draws, 0)
        render_batch(batch, draws)
        assert np.array_equal(picture, before) and np.array_equal(batch[1], before)


def test_sources_are_read_as_much_smaller_together_as_each_alone():
    policy = policy_of(
        {"zoom": {"factor": [0.8, 1.25]}},
        {"random_resized_crop": {}},
        {"resize": {"width": 64, "height": 64}},
    )
    sizes = np.array([(400, 300), (1600, 1200), (4000, 3000), (1600, 1200)] * 8)
    draws = drawn(policy, len(sizes), aspects=(4 / 3, 4 / 3), corners=False)
    each = [int(reductions(draws.take(np.array([i])), sizes[i : i + 1])[0]) for i in range(len(sizes))]
    assert reductions(draws, sizes).tolist() == each and len(set(each)) > 2

"""Windows, margins and sizes, held against slices, paddings and other libraries' resizing."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from augkit.affine import kept
from augkit.draw import Draws
from augkit.errors import PictureError, PolicyError
from augkit.intervals import Interval
from augkit.ops.crops import CentreCrop, RandomResizedCrop
from augkit.ops.framing import Pad, Resize
from augkit.render import reductions, render, render_batch
from tests.policies import drawn, read


def draws_of(
    *steps: object, count: int = 1, aspect: float = 1.0, corners: bool = False, **more: object
) -> Draws:
    policy = read({"version": 1, "task": "none", "steps": list(steps), **more})
    return drawn(policy, count, aspects=(aspect, aspect), corners=corners)


def made(picture: np.ndarray, *steps: object, **more: object) -> np.ndarray:
    aspect = picture.shape[1] / picture.shape[0]
    return render(picture, draws_of(*steps, aspect=aspect, **more), 0)


def noise(height: int, width: int, channels: int = 3) -> np.ndarray:
    return np.random.default_rng(height * width).integers(0, 256, (height, width, channels), dtype=np.uint8)


def photo(height: int, width: int) -> np.ndarray:
    coarse = np.random.default_rng(4).integers(0, 256, (9, 9, 3)).astype(np.float32)
    return np.clip(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC), 0, 255).astype(
        np.uint8
    )


@pytest.mark.parametrize(
    "size, crop, rows, columns",
    [
        ((20, 30), {"aspect": 1.0}, slice(0, 20), slice(5, 25)),
        ((30, 20), {"aspect": 1.0}, slice(5, 25), slice(0, 20)),
        ((40, 40), {"side": 0.5}, slice(10, 30), slice(10, 30)),
        ((40, 60), {"side": 0.8, "aspect": 1.0}, slice(4, 36), slice(14, 46)),
        ((24, 24), {"aspect": 2.0}, slice(6, 18), slice(0, 24)),
    ],
)
def test_a_centre_crop_of_whole_pixels_is_a_slice(size, crop, rows, columns):
    picture = noise(*size)
    assert (made(picture, {"centre_crop": crop}) == picture[rows, columns]).all()


@pytest.mark.parametrize(
    "size, pad, margins",
    [
        ((20, 30), {"aspect": 1.0}, ((5, 5), (0, 0))),
        ((30, 20), {"aspect": 1.0}, ((0, 0), (5, 5))),
        ((20, 40), {"share": 0.1}, ((2, 2), (4, 4))),
        ((20, 40), {"share": 0.1, "aspect": 1.0}, ((14, 14), (4, 4))),
    ],
)
def test_a_pad_by_whole_pixels_puts_the_sheet_around(size, pad, margins):
    picture = noise(*size, 1)
    expected = np.pad(picture, (*margins, (0, 0)), constant_values=77)
    assert (made(picture, {"pad": pad}, fill=77) == expected).all()


PADDED = {"pad": {"share": 10}}


@pytest.mark.parametrize(
    ("size", "steps", "told"),
    [
        ((1000, 1500), [PADDED], "1500×1000 would become 31500×21000"),
        ((50, 50), [PADDED, {"blur": {"sigma": [0.01, 0.02]}}, PADDED], "1050×1050 would become 22050×22050"),
        ((1, 60_000), [{"resize": {"shorter": 224}}], "60000×1 would become 13440000×224"),
    ],
)
def test_no_picture_becomes_larger_than_one_that_may_be_read(size, steps, told):
    picture = noise(*size, channels=1)
    with pytest.raises(PictureError, match=f"{told}, more than 89,478,485 pixels"):
        made(picture, *steps)
    draws = draws_of(*steps, count=3, aspect=size[1] / size[0])
    with pytest.raises(PictureError, match="more than 89,478,485 pixels"):
        render_batch(np.stack([picture] * 3), draws)
    assert made(noise(50, 50), PADDED, {"resize": {"shorter": 5}}).shape == (5, 5, 3)


def test_a_pad_draws_out_or_mirrors_where_the_border_says_so():
    picture = noise(20, 40, 1)
    for border, mode in (("edge", "edge"), ("reflect", "symmetric")):
        expected = np.pad(picture, ((2, 2), (4, 4), (0, 0)), mode=mode)
        assert (made(picture, {"pad": {"share": 0.1}}, border=border) == expected).all()


def test_a_centre_crop_undoes_a_pad():
    picture = noise(20, 30)
    assert (made(picture, {"pad": {"aspect": 1.0}}, {"centre_crop": {"aspect": 1.5}}) == picture).all()


@pytest.mark.parametrize("filter_, pillow", [("cubic", Image.BICUBIC), ("linear", Image.BILINEAR)])
def test_enlarging_is_like_pillows(filter_, pillow):
    picture = photo(30, 40)
    ours = made(picture, {"resize": {"width": 100, "height": 90, "filter": filter_}}, border="edge")
    theirs = np.asarray(Image.fromarray(picture).resize((100, 90), pillow)).astype(int)
    inner = np.s_[5:-5, 5:-5]
    assert ours.shape == theirs.shape and np.abs(ours.astype(int) - theirs)[inner].max() <= 10


@pytest.mark.parametrize("filter_", ["area", "linear"])
@pytest.mark.parametrize("size", [(20, 30), (31, 33), (50, 45), (60, 85)])
def test_a_plain_resize_averages_as_opencv_does(filter_, size):
    picture = photo(97, 101)
    ours = made(picture, {"resize": {"width": size[1], "height": size[0], "filter": filter_}})
    assert (ours == cv2.resize(picture, size[::-1], interpolation=cv2.INTER_AREA)).all()


@pytest.mark.parametrize("filter_, most", [("area", 2.5), ("linear", 3.0), ("cubic", 3.0), ("lanczos", 3.0)])
@pytest.mark.parametrize("size", [(20, 30), (31, 33), (50, 45), (60, 85)])
def test_shrinking_with_other_steps_averages_nearly_so(filter_, most, size):
    picture = photo(97, 101)
    resize = {"resize": {"width": size[1], "height": size[0], "filter": filter_}}
    ours = made(picture, "flip_horizontal", resize, border="edge").astype(int)
    theirs = cv2.resize(picture[:, ::-1], size[::-1], interpolation=cv2.INTER_AREA)
    assert ours.shape == theirs.shape and np.abs(ours - theirs).mean() < most


def test_nearest_takes_pixels_as_they_are():
    picture = noise(12, 12)
    twice = made(picture, {"resize": {"width": 24, "height": 24, "filter": "nearest"}})
    assert (twice == picture.repeat(2, axis=0).repeat(2, axis=1)).all()


def test_the_shorter_side_is_what_is_asked_for_and_the_aspect_stays():
    for size in ((375, 500), (500, 375), (33, 100)):
        shape = made(noise(*size), {"resize": {"shorter": 32}}).shape
        assert min(shape[:2]) == 32 and shape[1] / shape[0] == pytest.approx(size[1] / size[0], rel=0.02)


def test_krizhevskys_frame_is_one_resampling_of_the_source():
    steps = [
        {"resize": {"shorter": 256}},
        {"centre_crop": {"aspect": 1.0}},
        {"crop": {"side": [0.875, 0.875]}},
    ]
    draws = draws_of(*steps, {"resize": {"width": 224, "height": 224}}, aspect=4 / 3)
    assert len(draws.parts(0)[0]) == 1
    assert render(photo(375, 500), draws, 0).shape == (224, 224, 3)


def test_a_random_resized_crop_shows_its_window_and_nothing_else():
    picture = np.indices((120, 160)).astype(np.uint8).transpose(1, 2, 0)
    picture = np.concatenate([picture, np.zeros_like(picture[:, :, :1])], axis=2)
    step = {"random_resized_crop": {"area": [0.1, 0.9], "ratio": [0.5, 2.0]}}
    draws = draws_of(step, {"resize": {"width": 32, "height": 32}}, count=40, aspect=160 / 120)
    for i in range(40):
        area, ratio, x, y = draws.numbers[:, i]
        wide = min(160, max((area * 19200 * ratio) ** 0.5, area * 160))
        high = area * 19200 / wide
        left, top = x * (160 - wide), (1 - y) * (120 - high)
        out = render(picture, draws, i).astype(float)
        columns = left + (np.arange(32) + 0.5) / 32 * wide - 0.5
        rows = top + (np.arange(32) + 0.5) / 32 * high - 0.5
        assert np.abs(out[:, :, 1] - columns).max() < 1.5 and np.abs(out[:, :, 0] - rows[:, None]).max() < 1.5


@given(
    st.tuples(st.floats(0.01, 1), st.floats(0, 1)),
    st.tuples(st.floats(0.2, 2), st.floats(1, 3)),
    st.tuples(st.floats(0.4, 2), st.floats(1, 2)),
)
@settings(max_examples=60, deadline=None)
def test_a_random_resized_crop_declares_all_it_reaches_and_little_more(areas, ratios, aspects):
    area = areas[0], areas[0] + areas[1] * (1 - areas[0])
    op = RandomResizedCrop(area=area, ratio=(ratios[0], ratios[0] * ratios[1]))
    aspect = Interval(aspects[0], aspects[0] * aspects[1])
    declared = op.effects(aspect)
    grid = [np.linspace(*ends, 9) for ends in (op.area, op.ratio, (aspect.low, aspect.high))]
    area_, ratio, at = (part.ravel() for part in np.meshgrid(*grid))
    a, _, tx, _, d, ty = op.matrix({"area": area_, "ratio": ratio, "x": 0 * at, "y": 0 * at}, at)
    share = kept([(a, 0 * a, tx / np.sqrt(at) * 2, 0 * a, d, ty * np.sqrt(at) * 2)])
    np.testing.assert_allclose(share, area_, rtol=1e-9)
    np.testing.assert_allclose(np.sqrt(a * d), area_**-0.5, rtol=1e-9)
    assert (declared.kept.low, declared.zoom.low, declared.zoom.high) == pytest.approx(
        (area[0], area[1] ** -0.5, area[0] ** -0.5)
    )
    assert np.maximum(a / d, d / a).max() == pytest.approx(declared.stretch.high)
    fits = (area_ * ratio <= at) & (area_ * at <= ratio)
    np.testing.assert_allclose((d / a * at)[fits], ratio[fits], rtol=1e-9)


@pytest.mark.parametrize("op", [CentreCrop(aspect=1.0), CentreCrop(side=0.7), Pad(aspect=1.2, share=0.1)])
def test_framing_declares_the_zoom_that_its_matrix_has(op):
    aspect = Interval(0.6, 1.9)
    at = np.linspace(aspect.low, aspect.high, 400)
    at = np.append(at, [op.aspect] if op.aspect else [])
    zoom = np.broadcast_to(op.matrix({}, at)[0], at.shape)
    declared = op.effects(aspect).zoom
    assert (zoom.min(), zoom.max()) == pytest.approx((declared.low, declared.high))


def test_a_resize_declares_the_change_of_aspect_and_the_pixels_left():
    declared = Resize(width=224, height=224).effects(Interval(500 / 375, 500 / 375))
    assert declared.stretch.high == pytest.approx(4 / 3) and declared.pixels.low == 224
    assert Resize(shorter=48).effects(Interval(1, 1)).stretch.high == 1
    assert Resize(shorter=48).effects(Interval(0.5, 2)).stretch.high == pytest.approx(48.5 / 48)


@given(st.integers(1, 300), st.integers(1, 300), st.integers(1, 40), st.floats(0.5, 1), st.floats(1, 2))
@settings(max_examples=300, deadline=None)
def test_rounding_to_whole_pixels_stretches_no_more_than_is_declared(width, height, shorter, less, more):
    op, aspect = Resize(shorter=shorter), width / height
    wide, high = op.size_after(width, height)
    assert min(wide, high) == shorter
    stretched = wide / high / aspect
    for known in (Interval(aspect, aspect), Interval(aspect * less, aspect * more)):
        declared = op.effects(known).stretch.high
        assert max(stretched, 1 / stretched) <= declared + 1e-8 and declared <= 1 + 0.5 / shorter


def test_a_batch_changes_its_size_as_its_pictures_do():
    steps = [{"rotate": {"degrees": [-20, 20]}}, {"resize": {"width": 20, "height": 28}}]
    draws = draws_of(*steps, {"contrast": {"gain": [0.5, 1.5]}}, count=9)
    pictures = np.stack([noise(28, 28, 1)] * 9)
    together = render_batch(pictures, draws)
    assert together.shape == (9, 28, 20, 1)
    assert all((together[i] == render(pictures[i], draws, i)).all() for i in range(9))


def test_a_large_source_may_be_read_small():
    draws = draws_of({"resize": {"width": 224, "height": 224}}, aspect=4 / 3)
    sizes = [(400, 300), (1600, 1200), (4000, 3000)]
    assert [reductions(draws, np.array([size])).item() for size in sizes] == [1, 2, 4]


@pytest.mark.parametrize(
    "step, words",
    [
        ({"resize": {}}, "width and height, or shorter"),
        ({"resize": {"width": 20}}, "width and height, or shorter"),
        ({"resize": {"width": 20, "height": 20, "shorter": 9}}, "width and height, or shorter"),
        ({"resize": {"width": 20000, "height": 20000}}, "want at most 89,478,485 pixels"),
        ({"resize": {"shorter": 20000}}, "want at most 89,478,485 pixels"),
        ({"resize": {"width": 0, "height": 3}}, "got 0, want a whole number from 1"),
        ({"resize": {"width": 2.5, "height": 3}}, "got 2.5, want a whole number"),
        ({"resize": {"shorter": 9, "filter": "bicubic"}}, "bicubic"),
        ({"resize": {"shorter": 9, "p": 0.5}}, "done to all of them or to none"),
        ({"one_of": [{"pad": {"aspect": 1}}, "invert"]}, "done to all of them or to none"),
        ({"centre_crop": {"side": 1.5}}, "got 1.5, want a number from 0.01 to 1"),
    ],
)
def test_a_size_that_makes_no_sense_is_refused_where_it_stands(step, words):
    with pytest.raises(PolicyError, match=words):
        read({"version": 1, "task": "none", "steps": [step]})

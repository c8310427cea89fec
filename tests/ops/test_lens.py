"""The lens: OpenCV's own model of one, and its effects measured on a fine grid."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest

from augkit.intervals import Interval
from augkit.reach import Reach
from tests.ops.scenes import op, photo
from tests.ops.test_warp import FRAMES, farthest, local, maps, seen_share

DISTORTIONS = (-0.3, -0.1, 0.02, 0.15, 0.3)
WIDE = {"distortion": (-0.3, 0.3)}


@pytest.mark.parametrize("height, width", [(480, 480), (360, 720), (630, 420), (200, 1200)])
@pytest.mark.parametrize("distortion", DISTORTIONS)
def test_a_lens_does_what_it_declares_and_all_of_it(
    monkeypatch: pytest.MonkeyPatch, height: int, width: int, distortion: float
) -> None:
    looked_up = maps(monkeypatch, "lens", {"distortion": distortion}, height, width, **WIDE)
    aspect = Interval(width / height, width / height)
    declared = op("lens", distortion=(distortion, distortion)).effects(aspect)
    turn, zoom, stretch = local(looked_up)
    assert np.abs(turn).max() < 0.01 and declared.turn == Reach().turn
    assert declared.zoom.low * 0.999 <= zoom.min() <= declared.zoom.low * 1.02
    assert declared.zoom.high * 0.95 <= zoom.max() <= declared.zoom.high * 1.001
    assert 0.93 * declared.stretch.high <= stretch.max() <= declared.stretch.high * 1.01
    assert 0.97 * declared.displaced.high <= farthest(looked_up) <= declared.displaced.high
    assert declared.kept.low - 3 / min(height, width) <= seen_share(looked_up) <= declared.kept.low + 0.02


def kept(distortion: float, aspect: float) -> float:
    """Sum up what is seen in each direction from the middle, all the way to the frame or less."""
    angle = np.arange(20_000) * (2 * math.pi / 20_000)
    wide, high = math.sqrt(aspect) / 2, 1 / math.sqrt(aspect) / 2
    with np.errstate(divide="ignore"):
        to_frame = np.minimum(wide / np.abs(np.cos(angle)), high / np.abs(np.sin(angle)))
    x, y = np.meshgrid(*((np.arange(400) + 0.5) / 400 * side for side in (wide, high)))
    square, farthest_ = x**2 + y**2, wide**2 + high**2
    rest = (square**2).mean() / square.mean() / farthest_
    shown = to_frame * (1 + distortion * (rest - to_frame**2 / farthest_))
    return float((np.minimum(shown, to_frame) ** 2).mean() * math.pi)


@pytest.mark.parametrize("ends", [(-0.3, 0.3), (-0.2, -0.1), (0.0, 0.25), (0.1, 0.2)])
@pytest.mark.parametrize("aspect", [(1.0, 1.0), (0.5, 2.0), (1.3, 1.8), (0.2, 0.9), (0.1, 12.0)])
def test_what_a_lens_declares_holds_for_every_distortion_and_shape_within(
    ends: tuple[float, float], aspect: tuple[float, float]
) -> None:
    declared = op("lens", distortion=ends).effects(Interval(*aspect))
    for distortion in np.linspace(*ends, 9):
        for wide in np.geomspace(*aspect, 15):
            one = op("lens", distortion=(distortion, distortion)).effects(Interval(wide, wide))
            for axis in ("stretch", "zoom", "displaced"):
                inner, outer = one.on(axis), declared.on(axis)
                assert isinstance(inner, Interval) and isinstance(outer, Interval)
                assert outer.low <= inner.low + 1e-9 and inner.high <= outer.high + 1e-9, (axis, wide)
            measured = kept(distortion, wide)
            assert declared.kept.low <= measured + 2e-5, wide
            assert one.kept.low >= measured - 0.002 * abs(distortion) - 1e-4


@pytest.mark.parametrize("height, width", FRAMES)
def test_the_whole_stays_as_large_as_it_was(monkeypatch: pytest.MonkeyPatch, height: int, width: int) -> None:
    middle = np.array([(width - 1) / 2, (height - 1) / 2])[:, None, None]
    after = np.indices((height, width))[::-1] - middle
    for distortion in DISTORTIONS:
        before = maps(monkeypatch, "lens", {"distortion": distortion}, height, width, **WIDE) - middle
        assert (before * after).sum() / (after**2).sum() == pytest.approx(1, abs=1e-4)
        assert np.abs(before.mean(axis=(1, 2))).max() < 1e-3


@pytest.mark.parametrize("height, width", [(91, 91), (80, 130), (121, 64)])
@pytest.mark.parametrize("distortion", DISTORTIONS)
@pytest.mark.parametrize("channels", [1, 3])
def test_a_lens_is_opencvs_model_of_one_with_one_coefficient(
    height: int, width: int, distortion: float, channels: int
) -> None:
    picture = photo(height, width)[:, :, :channels]
    y, x = ((np.arange(n) - (n - 1) / 2) / math.hypot(height, width) * 2 for n in (height, width))
    square = y[:, None] ** 2 + x**2
    scale = 1 + distortion * (square**2).mean() / square.mean()
    radius = math.hypot(height, width) / 2
    after_focal = radius / scale
    camera, fresh = (
        np.array([[focal, 0, (width - 1) / 2], [0, focal, (height - 1) / 2], [0, 0, 1]])
        for focal in (radius, after_focal)
    )
    first = -distortion / scale * (after_focal / radius) ** 2
    maps_ = cv2.initUndistortRectifyMap(
        camera, np.array([first, 0, 0, 0.0]), None, fresh, (width, height), cv2.CV_32FC1
    )
    wanted = cv2.remap(picture, *maps_, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    after = op("lens", **WIDE).apply(picture, {"distortion": distortion})
    off = np.abs(after.astype(int) - wanted.reshape(picture.shape))
    assert off.mean() < 0.5 and off.max() < 16
    assert off.mean() < np.abs(picture.astype(int) - wanted.reshape(picture.shape)).mean() / 8 + 0.1


def test_below_0_is_a_barrel_and_above_a_pincushion() -> None:
    picture = np.zeros((101, 101, 1), dtype=np.uint8)
    picture[:, 15:18] = 255
    for distortion, bows in ((-0.3, 1), (0.3, -1)):
        after = op("lens", **WIDE).apply(picture, {"distortion": distortion})[:, :, 0]
        middle, end = (
            float((row * np.arange(101)).sum() / row.sum()) for row in after[[50, 2]].astype(float)
        )
        assert (end - middle) * bows > 3, "a barrel's sides go outwards in the middle"

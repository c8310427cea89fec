"""Tilted pictures, held against Pillow and against the Jacobian measured point by point."""

from __future__ import annotations

import itertools

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from augkit import affine
from augkit.intervals import Interval
from augkit.ops.perspective import Perspective
from augkit.render import render
from tests.policies import drawn, read

tilts = st.floats(-0.4, 0.4)


def moved(x: float, y: float, aspect: float, at: np.ndarray) -> np.ndarray:
    """Move points of the frame, (2, N)."""
    matrix = np.array(Perspective().homography({"x": x, "y": y}, aspect), dtype=float).reshape(3, 3)
    u, v, w = matrix @ np.vstack([at, np.ones(at.shape[1])])
    return np.stack([u / w, v / w])


def grid(aspect: float, points: int = 41) -> np.ndarray:
    half = np.array([np.sqrt(aspect) / 2, 0.5 / np.sqrt(aspect)])
    x, y = np.meshgrid(*(np.linspace(-side, side, points) for side in half))
    return np.stack([x.ravel(), y.ravel()])


@given(tilts, tilts, st.floats(0.5, 2))
@settings(max_examples=80, deadline=None)
def test_what_a_tilt_does_anywhere_lies_inside_what_it_declares(x, y, aspect):
    declared = Perspective(x=(min(x, 0), max(x, 0)), y=(min(y, 0), max(y, 0))).effects(
        Interval(aspect * 0.9, aspect * 1.1)
    )
    at = grid(aspect)
    mirrored, turn, zoom, stretch = affine.pose(jacobian(x, y, aspect, at))
    assert not mirrored.any()
    assert declared.turn.excess(turn).max() <= 1e-4
    assert declared.zoom.excess(zoom).max() <= 1e-6 and declared.stretch.excess(stretch).max() <= 1e-5
    assert np.hypot(*(moved(x, y, aspect, at) - at)).max() <= declared.displaced.high + 1e-9
    assert left_in_frame(x, y) >= declared.kept.low - 1e-9


def left_in_frame(x: float, y: float) -> float:
    """Return the share of a square that stays in frame: the square cut along one line after another."""
    left = [(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)]
    # What comes to lie on the frame's edge: ±X = 1 - x X - y Y, and so with Y.
    for nx, ny in ((1 + x, y), (x - 1, y), (x, 1 + y), (x, y - 1)):
        room = [1 - nx * u - ny * v for u, v in left]
        cut = []
        for i, (u, v) in enumerate(left):
            (before_u, before_v), before = left[i - 1], room[i - 1]
            if (before < 0) != (room[i] < 0):
                share = before / (before - room[i])
                cut.append((before_u + share * (u - before_u), before_v + share * (v - before_v)))
            if room[i] >= 0:
                cut.append((u, v))
        left = cut
    return sum(left[i - 1][0] * v - left[i - 1][1] * u for i, (u, v) in enumerate(left)) / 8


def jacobian(x: float, y: float, aspect: float, at: np.ndarray, step: float = 1e-6) -> affine.Map:
    """Measure the local map at points of the frame."""
    along, up = (
        (moved(x, y, aspect, at + d) - moved(x, y, aspect, at - d)) / (2 * step)
        for d in (np.array([[step], [0]]), np.array([[0], [step]]))
    )
    zero = np.zeros(at.shape[1])
    return (along[0], up[0], zero, along[1], up[1], zero)


ranges = st.tuples(tilts, tilts).map(lambda ends: (min(ends), max(ends)))


@given(ranges, ranges, st.floats(0.5, 2), st.floats(1, 1.5))
@settings(max_examples=60, deadline=None)
def test_tilts_declare_no_more_than_some_draw_does_to_some_part(xs, ys, low, wider):
    declared = Perspective(x=xs, y=ys).effects(Interval(low, low * wider))
    turns, zooms, stretches, far = [], [], [], []
    for x, y, aspect in itertools.product(xs, ys, (low, low * wider)):
        at = grid(aspect, 2)
        _, turn, zoom, stretch = affine.pose(jacobian(x, y, aspect, at))
        turns, zooms, stretches = [*turns, *turn], [*zooms, *zoom], [*stretches, *stretch]
        far += [*np.hypot(*(moved(x, y, aspect, at) - at))]
    left = [left_in_frame(x, y) for x, y in itertools.product(xs, ys)]
    ((least, most),) = declared.turn.arcs
    assert (least, most) == pytest.approx((min(turns), max(turns)), abs=1e-4)
    assert (declared.zoom.low, declared.zoom.high) == pytest.approx((min(zooms), max(zooms)), rel=1e-5)
    assert declared.stretch.high == pytest.approx(max(stretches), rel=1e-4)
    assert declared.displaced.high == pytest.approx(max(far))
    assert declared.kept.low == pytest.approx(min(left), abs=1e-9)


@given(ranges, ranges, st.floats(0, 1), st.floats(0, 1))
@settings(max_examples=60, deadline=None)
def test_no_tilt_inside_the_ranges_keeps_less_than_one_at_their_ends(xs, ys, across, up):
    x, y = xs[0] + across * (xs[1] - xs[0]), ys[0] + up * (ys[1] - ys[0])
    assert left_in_frame(x, y) >= Perspective(x=xs, y=ys).effects(Interval(0.5, 3)).kept.low - 1e-9


def test_the_right_side_comes_nearer_and_the_middle_stays():
    corners = np.array([[0.5, 0.5, -0.5, 0.0], [0.5, -0.5, 0.5, 0.0]])
    out = moved(0.25, 0, 1, corners)
    assert out[:, 0] == pytest.approx([2 / 3, 2 / 3]) and out[:, 2] == pytest.approx([-0.4, 0.4])
    assert out[:, 3] == pytest.approx([0, 0])
    assert moved(0, 0.25, 1, corners)[:, 0] == pytest.approx([2 / 3, 2 / 3]), "and the top"


@pytest.mark.parametrize("size", [(60, 60), (50, 80)])
def test_pillow_makes_the_same_picture_of_the_same_homography(size):
    height, width = size
    coarse = np.random.default_rng(0).integers(0, 256, (6, 6, 3)).astype(np.float32)
    picture = np.clip(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC), 0, 255).astype(
        np.uint8
    )
    step = {"perspective": {"x": [0.2, 0.2], "y": [-0.1, -0.1]}}
    policy = read({"version": 1, "task": "none", "steps": [step]})
    ours = render(picture, drawn(policy, 1, aspects=(width / height,) * 2, corners=False), 0).astype(int)
    # In pixels from corner to corner, as Pillow counts: back from the output to the source.
    frame = np.array([[2 / width, 0, -1], [0, -2 / height, 1], [0, 0, 1]])
    through = np.linalg.inv(frame) @ np.array([[1, 0, 0], [0, 1, 0], [-0.2, 0.1, 1]]) @ frame
    back = np.linalg.inv(through)
    theirs = Image.fromarray(picture).transform(
        (width, height), Image.PERSPECTIVE, (back / back[2, 2]).ravel()[:8], Image.BILINEAR
    )
    gap = np.abs(ours - np.asarray(theirs).astype(int))[4:-4, 4:-4]
    assert np.quantile(gap, 0.9) <= 3
    alone = Perspective().apply(picture, {"x": 0.2, "y": -0.1}).astype(int)
    assert np.quantile(np.abs(ours - alone), 0.9) <= 3

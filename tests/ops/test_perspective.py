"""Tilted pictures, held against Pillow and against the Jacobian measured point by point."""

from __future__ import annotations

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
    at, step = grid(aspect), 1e-6
    jacobian = [
        (moved(x, y, aspect, at + d) - moved(x, y, aspect, at - d)) / (2 * step)
        for d in (np.array([[step], [0]]), np.array([[0], [step]]))
    ]
    zero = np.zeros(at.shape[1])
    linear = (jacobian[0][0], jacobian[1][0], zero, jacobian[0][1], jacobian[1][1], zero)
    mirrored, turn, zoom, stretch = affine.pose(linear)
    assert not mirrored.any()
    assert declared.turn.excess(turn).max() <= 1e-4
    assert declared.zoom.excess(zoom).max() <= 1e-6 and declared.stretch.excess(stretch).max() <= 1e-5
    assert np.hypot(*(moved(x, y, aspect, at) - at)).max() <= declared.displaced.high + 1e-9
    fine = grid(aspect, 201)
    inside = (np.abs(moved(x, y, aspect, fine)) <= np.abs(fine).max(axis=1)[:, None] + 1e-9).all(axis=0)
    assert inside.mean() >= declared.kept.low - 0.01


@given(tilts)
@settings(max_examples=20, deadline=None)
def test_one_tilt_declares_little_more_than_it_does(x):
    declared = Perspective(x=(x, x)).effects(Interval(1, 1))
    at = np.array([[0.5, -0.5], [0.5, 0.5]])
    steep = 1 / (1 - abs(x)) ** 1.5
    assert declared.zoom.high == pytest.approx(steep)
    assert declared.displaced.high == pytest.approx(np.hypot(*(moved(x, 0, 1, at) - at)).max())


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

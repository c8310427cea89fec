"""Effects of albumentations' transforms that move each part of the picture in its own way."""

from __future__ import annotations

import functools
import itertools
import math
from typing import Any

import numpy as np

from augkit.intervals import Arcs, Interval
from augkit.ops.borrowed.frame import (
    BENT,
    TAIL,
    Effect,
    Frame,
    bent_by,
    bordered,
    joined,
    pair,
    up_to,
)
from augkit.reach import Reach


def perspective(t: Any, frame: Frame) -> Reach:
    """Enlarge what is between corners moved inwards by at most a third of the side."""
    return BENT if t.fit_output else perspective_within(min(0.32, TAIL * pair(t.scale)[1]), frame)


def perspective_within(inset: float, frame: Frame, *, shrinks: bool = False) -> Reach:
    """Declare a map between the frame and a quadrangle whose corners lie within `inset` of the frame's, as
    shares of the sides: the quadrangle onto the frame or, where it `shrinks`, the frame onto it.
    """
    wide = (round(width / height, 6) for width, height in frame.sizes())
    return joined([_corners(round(inset, 6), aspect, shrinks) for aspect in wide])


@functools.cache
def _corners(inset: float, aspect: float, shrinks: bool) -> Reach:
    """Measure the maps at many points, corners at their extremes.

    What lies between the measured points is allowed for by a tenth.
    """
    if inset == 0:
        return Reach()
    sides = np.array([aspect**0.5, aspect**-0.5])
    whole = np.array([[0, 0], [1, 0], [1, 1], [0, 1]]) * sides
    inwards = np.array([[1, 1], [-1, 1], [-1, -1], [1, -1]])
    turns, stretches, zooms, kept = [0.0], [1.0], [1.0], 1.0
    grid = np.stack(np.meshgrid(*[np.linspace(0, 1, 5)] * 2), -1).reshape(-1, 2) * sides
    for moved in itertools.product((0.0, inset), repeat=8):
        corners = whole + inwards * np.array(moved).reshape(4, 2) * sides
        inner = _homography(whole, corners)
        through, at = (inner, grid) if shrinks else (np.linalg.inv(inner), _sent(inner, grid))
        turn, stretch, zoom = _poses(through, at)
        turns += [float(turn.min()), float(turn.max())]
        stretches.append(float(stretch.max()))
        zooms += [float(zoom.min()), float(zoom.max())]
        kept = min(kept, 1.0 if shrinks else _area(corners))
    far = 1.1 * max(map(abs, turns))
    return Reach(
        turn=Arcs.of((-far, far)),
        stretch=Interval(1, 1.1 * max(stretches)),
        zoom=Interval(min(zooms) / 1.1, 1.1 * max(zooms)),
        kept=Interval(0.98 * kept, 1),
        displaced=up_to(math.hypot(inset, inset) * max(sides)),
    )


def _homography(source: Any, target: Any) -> Any:
    rows = []
    for (x, y), (u, v) in zip(source, target, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
    return np.append(np.linalg.solve(np.array(rows), target.ravel()), 1.0).reshape(3, 3)


def _sent(through: Any, points: Any) -> Any:
    homogeneous = np.column_stack([points, np.ones(len(points))]) @ through.T
    return homogeneous[:, :2] / homogeneous[:, 2:]


def _poses(through: Any, points: Any) -> tuple[Any, Any, Any]:
    """Return turn in degrees, stretch and zoom of a homography at some points."""
    at = np.column_stack([points, np.ones(len(points))])
    w = at @ through[2]
    u, v = (at @ through[0]) / w, (at @ through[1]) / w
    a, b = (through[0, 0] - u * through[2, 0]) / w, (through[0, 1] - u * through[2, 1]) / w
    c, d = (through[1, 0] - v * through[2, 0]) / w, (through[1, 1] - v * through[2, 1]) / w
    long, short = np.hypot(a + d, c - b), np.hypot(a - d, b + c)
    turn = np.degrees(np.arctan2(c - b, a + d))
    return turn, (long + short) / np.maximum(long - short, 1e-9), np.sqrt(np.abs(a * d - b * c))


def _area(corners: Any) -> float:
    x, y = corners[:, 0], corners[:, 1]
    return float(abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1)))) / 2


def elastic(t: Any, frame: Frame) -> Reach:
    """Bend by `alpha` pixels of smoothed noise: no point farther, no slope beyond what smoothing leaves."""
    size = 17 if t.approximate else 2 * round(4 * t.sigma) + 1
    weights = np.exp(-0.5 * ((np.arange(size) - size // 2) / t.sigma) ** 2)
    slope = 2 * float((weights / weights.sum()).max())
    return bordered(bent_by(2 * t.alpha * slope, frame.share(t.alpha) * math.sqrt(2)), t.border_mode)


def grid_elastic(t: Any, frame: Frame) -> Reach:
    """Move the inner corners of a grid by up to `magnitude` pixels."""
    cell = max(1.0, frame.side // max(t.num_grid_xy))
    if max(t.num_grid_xy) == 1:
        return Reach()
    return bent_by(4 * t.magnitude / cell, frame.share(t.magnitude) * math.sqrt(2))


def grid_distortion(t: Any, frame: Frame) -> Reach:
    """Stretch columns and rows, each by a factor of its own; nothing turns unless a factor is negative."""
    low, high = (1 + end for end in pair(t.distort_limit))
    if low <= 0:
        return BENT
    if low == high:
        return Reach()
    pixels = max(2, frame.side // (t.num_steps + 1))
    least, most = (low / high, high / low) if t.normalized else (low, high)
    most *= pixels / (pixels - 1)
    whole = Reach(
        zoom=Interval(1 / most, 1 / least),
        stretch=Interval(1, most / least),
        kept=Interval(min(1.0, 1.0 if t.normalized else low) ** 2 * 0.9, 1),
        displaced=up_to(min(1.0, (most - least) / 2) * math.sqrt(2)),
    )
    return bordered(whole, t.border_mode)


def optical(t: Any, frame: Frame) -> Reach:
    """Bend along the radius, as lenses do."""
    k = max(map(abs, pair(t.distort_limit)))
    along, radial = (0.75 * k, 2.75 * k) if t.mode == "camera" else (k, 3 * k)
    if radial >= 1:
        return BENT
    wide = frame.longest
    turn = math.degrees(math.atan2(k * (wide - 1 / wide), 2 * (1 - radial))) if t.mode == "camera" else 0.0
    bent = Reach(
        turn=Arcs.of((-turn, turn)),
        stretch=Interval(1, ((1 + radial) / (1 - radial)) * (wide if turn else 1.0)),
        zoom=Interval(1 / (1 + radial), 1 / (1 - radial)),
        kept=Interval((1 - along) ** 2, 1),
        displaced=up_to(along * math.hypot(1, wide) / 2),
    )
    return bordered(bent, t.border_mode)


def unbounded(t: Any, frame: Frame) -> Reach:
    """Bend without a bound: these splines and weights fold and turn parts of the picture at any setting."""
    return BENT


def shuffled_tiles(t: Any, frame: Frame) -> Reach:
    """Swap tiles: parts move as far as the picture goes."""
    return Reach() if tuple(t.grid) == (1, 1) else Reach(displaced=up_to(math.hypot(1, frame.longest)))


def thickened(t: Any, frame: Frame) -> Reach:
    """Grow bright or dark parts by a kernel of a few pixels; what is thinner is lost as under a blur."""
    pixels = pair(t.scale)[1]
    return Reach(displaced=up_to(frame.share(pixels / 2)), blur=up_to(frame.share(pixels / 2)))


WARPED: dict[str, Effect] = {
    "Perspective": perspective,
    "ElasticTransform": elastic,
    "GridElasticDeform": grid_elastic,
    "GridDistortion": grid_distortion,
    "OpticalDistortion": optical,
    "ThinPlateSpline": unbounded,
    "PiecewiseAffine": unbounded,
    "RandomGridShuffle": shuffled_tiles,
    "Morphological": thickened,
}

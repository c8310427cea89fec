"""Perspective: the picture as a camera sees it that looks at it askew."""

from __future__ import annotations

import dataclasses
import functools
import itertools
import math
from collections.abc import Mapping
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from augkit.intervals import Arcs, Interval
from augkit.ops.op import Drawn, Projective, Values
from augkit.ops.setting import Range, setting
from augkit.reach import Reach


@dataclasses.dataclass(frozen=True, kw_only=True)
class Perspective(Projective):
    """Tilt the picture: one side comes nearer and grows, the other goes away and shrinks.

    The middle of the picture stays where it is, upright and of the same size.

    Draws:   x and y, each even over its range: how much nearer (positive) the right side, or the top, is than
             the middle, as a share of the distance to the camera; what is nearer by x is 1 / (1 - x) times as
             large
    Corners: what comes in from outside takes the policy's `fill`
    Source:  Hartley & Zisserman 2004, "Multiple View Geometry", section 2.4; the middle stays as it is, where
             torchvision moves each corner on its own, which turns and zooms the whole as well
    """

    x: Range = setting(-0.4, 0.4, unit="share of the distance", still=0, default=(0.0, 0.0))
    y: Range = setting(-0.4, 0.4, unit="share of the distance", still=0, default=(0.0, 0.0))

    def drawn(self) -> tuple[Drawn, ...]:
        """Return the two tilts."""
        return (Drawn("x", *self.x, still=0), Drawn("y", *self.y, still=0))

    def homography(self, values: Values, aspect: Any) -> tuple[Any, ...]:
        """Return the identity but for its last row: w = 1 - x · (share of the way right) - y · (… up)."""
        root = np.sqrt(aspect)
        return (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, -2 * values["x"] / root, -2 * values["y"] * root, 1.0)

    def apply(self, picture: NDArray[np.uint8], values: Mapping[str, float]) -> NDArray[np.uint8]:
        """Tilt a picture on its own, on a black sheet."""
        height, width = picture.shape[:2]
        matrix = np.array(self.homography(values, width / height), dtype=np.float64).reshape(3, 3)
        side = math.sqrt(width * height)
        frame = np.array(
            [[1 / side, 0, -(width - 1) / 2 / side], [0, -1 / side, (height - 1) / 2 / side], [0, 0, 1]]
        )
        through = np.linalg.inv(frame) @ matrix @ frame
        out = cv2.warpPerspective(picture, through, (width, height), flags=cv2.INTER_LINEAR)
        return np.asarray(out, dtype=np.uint8).reshape(picture.shape)

    def effects(self, aspect: Interval) -> Reach:
        """Turn, stretch, zoom and move the parts of the picture, each by a bound over all of it."""
        if (0.0, 0.0) == self.x == self.y:
            return Reach()
        return _bounds(self.x, self.y, aspect)


@functools.lru_cache(maxsize=256)
def _bounds(x_range: Range, y_range: Range, aspect: Interval) -> Reach:
    """Bound what tilts do anywhere in the picture; some draw reaches each end, at a corner.

    A point p, at shares X and Y of the way to the sides, moves to p / w with w = 1 - e, e = x X + y Y = p·q.
    There the local Jacobian is (I + p qᵀ/w) / w.  Its determinant is w⁻³: the zoom is w^-1.5.  Its stretch r
    has r + 1/r = 2 + m² with m² = |p|² |q|² / w; |p| |q| is largest at a corner, for an aspect at the end of
    its range: its square is convex in the aspect's logarithm.
    """
    most_x, most_y = (max(map(abs, ends)) for ends in (x_range, y_range))
    e = most_x + most_y
    stretch, displaced = 1.0, 0.0
    for end in (aspect.low, aspect.high):
        half_width, half_height = math.sqrt(end) / 2, 0.5 / math.sqrt(end)
        far = math.hypot(half_width, half_height)
        m = far * math.hypot(most_x / half_width, most_y / half_height) / math.sqrt(1 - e)
        stretch = max(stretch, (m / 2 + math.hypot(1, m / 2)) ** 2)
        displaced = max(displaced, far * e / (1 - e))
    return Reach(
        turn=Arcs.of(_turns(x_range, y_range, aspect)),
        zoom=Interval((1 + e) ** -1.5, (1 - e) ** -1.5),
        stretch=Interval(1, stretch),
        kept=Interval(_kept(most_x, most_y), 1),
        displaced=Interval(0, displaced),
    )


def _turns(x_range: Range, y_range: Range, aspect: Interval) -> tuple[float, float]:
    """Return the least and the greatest turn of any part, in degrees.

    The Jacobian's turn has the tangent (x Y / aspect - y X aspect) / (2 - x X - y Y): over X and Y, and over
    x and y, a quotient of lines, which has its extremes at corners.  Of all four corners together it has them
    where the aspect is at an end of its range: its two terms rise and fall there, or are both convex.
    """
    places = itertools.product(x_range, y_range, (-1, 1), (-1, 1), (aspect.low, aspect.high))
    turns = [math.atan2(x * up / a - y * right * a, 2 - x * right - y * up) for x, y, right, up, a in places]
    return math.degrees(min(turns)), math.degrees(max(turns))


def _kept(x: float, y: float) -> float:
    """Return the share of the picture that a tilt by x and y, each 0 or more, leaves in frame.

    In the direction of a point (X, Y) on the frame's edge with e = x X + y Y all stays as far as 1 / (1 + e),
    but for e < 0, where all stays.  The share is thus half of 1 plus the mean over the edge of (1 + |e|)^-2,
    which is the closed form here; it falls as x or y grows.
    """
    less, more = sorted((x, y))
    if more == 0:
        return 1.0
    return 0.5 + (2 + more - less**2 / more) / (4 * ((1 + more) ** 2 - less**2))

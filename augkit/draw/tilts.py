"""What each draw does to points where homographies are among its maps: here this and there that.

Every part of the picture is turned, zoomed and stretched by the local Jacobian.  It is measured at a grid of
points of the source and of what comes out, at those of them that no frame on the way leaves out.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from augkit import affine
from augkit.affine import IDENTITY, HalfPlane
from augkit.draw.fusing import Done, ends
from augkit.draw.planes import Plane, chosen, composed, filled, nine
from augkit.draw.runs import Window
from augkit.ops import Geometric, Projective

Floats = NDArray[np.float64]

_GRID = 7
_SLACK = 1e-9


@dataclasses.dataclass(frozen=True, eq=False)
class Tilt:
    """Hold the composed homography of each draw.

    Attributes:
        before: float64 (N,), width over height of the source.
        frames: where points may be lost: before each homography, after each cropping step, wherever a run
            ends, and at last.
        clips:  for each frame whether what is outside it is gone.
    """

    before: Floats
    frames: tuple[Window, ...]
    clips: tuple[bool, ...]

    @property
    def through(self) -> Plane:
        """Return the whole homography."""
        return self.frames[-1].through

    def poses(self) -> Mapping[str, Floats]:
        """Return turn and mirrored in degrees, zoom and stretch at every point, float64 (P, N); NaN where a
        point is not seen or an axis does not speak of it.
        """
        side = np.linspace(-1, 1, _GRID)
        right, up = (grid.ravel()[:, None] for grid in np.meshgrid(side, side))
        x, y = _on_frame(right, up, self.before)
        ends = _sent(_inverse(self.through), *_on_frame(right, up, self.frames[-1].aspect))
        x, y = np.concatenate([x, ends[0]]), np.concatenate([y, ends[1]])
        seen = _inside(x, y, self.before) & np.concatenate([np.ones_like(ends[2] > 0), ends[2] > 0])
        for frame in self.frames:
            u, v, w = _sent(frame.through, x, y)
            seen &= ~frame.done | ((w > 0) & _inside(u, v, frame.aspect))
        mirrored, turn, zoom, stretch = affine.pose(_jacobian(self.through, x, y))
        return {
            "turn": np.where(seen & ~mirrored, turn, np.nan),
            "mirrored": np.where(seen & mirrored, turn, np.nan),
            "zoom": np.where(seen, zoom, np.nan),
            "stretch": np.where(seen, stretch, np.nan),
        }

    def kept(self) -> Floats:
        """Return the share of the source that is in frame at last, float64 (N,): lines stay lines."""
        half_width, half_height = affine.half_sides(self.before)
        planes: list[HalfPlane] = _edges(half_width, half_height)
        for frame, clips in zip(self.frames, self.clips, strict=True):
            if clips:
                planes += _pulled_back(frame)
        return affine.area([tuple(np.broadcast_arrays(*plane)) for plane in planes])  # type: ignore[misc]


def tilt(steps: Sequence[Done], aspects: Floats) -> Tilt | None:
    """Compose the steps that move points; None where none of them is a homography."""
    if not any(isinstance(op, Projective) and done.any() for op, done, _ in steps):
        return None
    through: Plane = IDENTITY
    aspect, frames, clips = aspects, list[Window](), list[bool]()
    for (op, done, values), end in zip(steps, ends(steps), strict=True):
        if end.any():
            frames.append(Window(end, through, aspect))
            clips.append(True)
        if isinstance(op, Geometric):
            through = chosen(done, composed(op.matrix(values, aspect), through), through)
            if op.aspect_after is not None:
                aspect = np.full_like(aspect, op.aspect_after)
        elif isinstance(op, Projective):
            frames.append(Window(done, through, aspect))
            through = chosen(done, composed(op.homography(values, aspect), through), through)
        if isinstance(op, Projective) or (isinstance(op, Geometric) and op.clips):
            if isinstance(op, Geometric):
                frames.append(Window(done, through, aspect))
            clips.append(isinstance(op, Geometric))
    frames.append(Window(np.ones(len(aspects), dtype=np.bool_), through, aspect))
    whole = tuple(f._replace(through=filled(nine(f.through), len(aspects))) for f in frames)
    return Tilt(aspects, whole, (*clips, True))


def _on_frame(right: Floats, up: Floats, aspect: Floats) -> tuple[Floats, Floats]:
    half_width, half_height = affine.half_sides(aspect)
    return right * half_width, up * half_height


def _inside(x: Floats, y: Floats, aspect: Floats) -> NDArray[np.bool_]:
    half_width, half_height = affine.half_sides(aspect)
    inside: NDArray[np.bool_] = (np.abs(x) <= half_width + _SLACK) & (np.abs(y) <= half_height + _SLACK)
    return inside


def _sent(through: Plane, x: Floats, y: Floats) -> tuple[Floats, Floats, Floats]:
    """Return where points go, and their weight, which is above 0 in front of the camera."""
    a, b, tx, c, d, ty, g, h, i = through
    w = g * x + h * y + i
    safe = np.where(np.abs(w) < 1e-12, 1e-12, w)
    return (a * x + b * y + tx) / safe, (c * x + d * y + ty) / safe, w


def _inverse(through: Plane) -> Plane:
    """Return the homography back, its weight as positive as before."""
    a, b, tx, c, d, ty, g, h, i = through
    back = (
        d * i - ty * h, tx * h - b * i, b * ty - tx * d,
        ty * g - c * i, a * i - tx * g, tx * c - a * ty,
        c * h - d * g, b * g - a * h, a * d - b * c,
    )  # fmt: skip
    sign = np.sign(a * back[0] + b * back[3] + tx * back[6])
    return tuple(entry * sign for entry in back)


def _jacobian(through: Plane, x: Floats, y: Floats) -> tuple[Any, Any, Any, Any, Any, Any]:
    a, b, _, c, d, _, g, h, _ = through
    u, v, w = _sent(through, x, y)
    w = np.where(np.abs(w) < 1e-12, 1e-12, w)
    return (a - u * g) / w, (b - u * h) / w, 0.0, (c - v * g) / w, (d - v * h) / w, 0.0


def _edges(half_width: Any, half_height: Any) -> list[HalfPlane]:
    across = [(1.0, 0.0, half_width), (-1.0, 0.0, half_width)]
    return [*across, (0.0, 1.0, half_height), (0.0, -1.0, half_height)]


def _pulled_back(frame: Window) -> list[HalfPlane]:
    """Return the half-planes of the points that a homography sends into a frame, in front of the camera."""
    a, b, tx, c, d, ty, g, h, i = frame.through
    half_width, half_height = affine.half_sides(frame.aspect)
    planes: list[HalfPlane] = [(-g, -h, i)]
    for nx, ny, far in _edges(half_width, half_height):
        planes.append((
            nx * a + ny * c - far * g, nx * b + ny * d - far * h, far * i - nx * tx - ny * ty
        ))  # fmt: skip
    everywhere = (0.0, 0.0, 1.0)
    return [chosen(frame.done, plane, everywhere) for plane in planes]

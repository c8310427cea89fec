"""The op that bends the picture as a lens does."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from augkit.intervals import Interval
from augkit.ops.op import Kernel
from augkit.ops.setting import Range, setting
from augkit.ops.warp import remapped
from augkit.reach import Reach

Picture = NDArray[np.uint8]
Floats = NDArray[np.float64]

_BETWEEN = 2e-3
_PLACES = 256


@dataclasses.dataclass(frozen=True, kw_only=True)
class Lens(Kernel):
    """Bend the picture along its radii as a lens does: to a barrel below 0, to a pincushion above.

    A pixel at the distance r from the middle shows what was at r · (1 + distortion · (g - r²/R²)), R the
    distance to the corners.  With g = mean(r⁴) / (mean(r²) R²) over the frame the zoom that comes nearest to
    this, by least squares, is none: the whole stays as large as it was.

    Draws:   distortion, even over the range: at a corner, how much nearer to the middle than from the
             middle's own scale the picture shown there was
    Edges:   are continued outwards, into the corners of a barrel
    Source:  Brown 1971, Photogrammetric Engineering 37(8), the first radial term, from the picture after to
             the one before; the scale is our own
    """

    distortion: Range = setting(-0.3, 0.3, unit="share of the distance at a corner", still=0)

    def apply(self, picture: Picture, values: Mapping[str, float]) -> Picture:
        """Look up each pixel along its radius."""
        distortion = values["distortion"]
        if distortion == 0:
            return picture
        height, width = picture.shape[:2]
        across, down = (_from_middle(pixels) for pixels in (width, height))
        square = across**2 + down[:, None] ** 2
        farthest = np.float32((width**2 + height**2) / 4)
        factor = square * np.float32(-distortion / farthest) + np.float32(
            1 + distortion * _rest(width / height)
        )
        x, y = (
            across * factor + np.float32((width - 1) / 2),
            down[:, None] * factor + np.float32((height - 1) / 2),
        )
        return remapped(picture, x, y)

    def effects(self, aspect: Interval) -> Reach:
        """Zoom and stretch least or most in the middle or at the corners, at an end of the range, in the
        squarest or the longest picture; a map along radii has symmetric slopes, and turns nothing.
        """
        shapes = {aspect.low, aspect.high} | ({1.0} if 1.0 in aspect else set())
        seen = [_at(distortion, a) for distortion in {*self.distortion, 0.0} for a in shapes]
        zooms, stretches, kept, displaced = zip(*seen, strict=True)
        return Reach(
            stretch=Interval(1, max(stretches)),
            zoom=Interval(min(map(min, zooms)), max(map(max, zooms))),
            kept=Interval(min(kept), 1),
            displaced=Interval(0, max(displaced)),
        )


def _from_middle(pixels: int) -> NDArray[np.float32]:
    return np.arange(pixels, dtype=np.float32) - np.float32((pixels - 1) / 2)


def _rest(aspect: float) -> float:
    """Return r²/R² of the circle that stays where it is: mean(r⁴) / (mean(r²) R²) over a frame."""
    p, q = aspect, 1 / aspect  # the squares of its sides
    return (p * p / 5 + 2 * p * q / 9 + q * q / 5) * 3 / (p + q) ** 2


def _at(distortion: float, aspect: float) -> tuple[tuple[float, float], float, float, float]:
    """Return the zooms in the middle and at a corner, the largest stretch, the share kept and the farthest
    displacement, of one distortion of a frame.
    """
    rest, corner = _rest(aspect), math.sqrt(aspect + 1 / aspect) / 2
    middle = 1 + distortion * rest
    around, along = (1 + distortion * (rest - times) for times in (1, 3))
    return (
        (1 / middle, 1 / math.sqrt(around * along)),
        max(around, along) / min(around, along),
        _kept(distortion, rest, aspect),
        abs(distortion) * (1 - rest) * corner,
    )


def _kept(distortion: float, rest: float, aspect: float) -> float:
    """Return the share of the picture that is seen afterwards: along each radius all that the frame's edge
    looks up, or all there is.  For shapes between those asked for 0.002 of the distortion is allowed.
    """
    p, q = aspect / 4, 1 / aspect / 4
    at = ((np.arange(_PLACES) + 0.5) / _PLACES) ** 2
    seen = [
        np.minimum(1, 1 + distortion * (rest - (side + other * at) / (p + q))) ** 2
        for side, other in ((p, q), (q, p))
    ]
    return float(np.mean(seen)) - _BETWEEN * abs(distortion)

"""Ops that mix each picture with another one of its batch, labels and all."""

from __future__ import annotations

import dataclasses

import cv2
import numpy as np
from numpy.typing import NDArray

from augkit.ops.op import Blend, Drawn, Values
from augkit.ops.setting import number

Picture = NDArray[np.uint8]
Floats = NDArray[np.float64]


@dataclasses.dataclass(frozen=True, kw_only=True)
class _BetaBlend(Blend):
    """Mix by a share that follows Beta(alpha, alpha)."""

    alpha: float = number(0.01, 100, unit="of Beta(alpha, alpha)", default=1.0)

    def drawn(self) -> tuple[Drawn, ...]:
        """Return the two numbers that a share is made of."""
        return (Drawn("radius", 0, 1), Drawn("angle", 0, 360))

    def share(self, values: Values) -> Floats:
        """Return the drawn shares, float64 (N,), each in [0, 1] and distributed as Beta(alpha, alpha).

        With U the radius and C the cosine of the angle, T² = (U^(-1/alpha) - 1) · C² is the square of a
        Student's t of 2 alpha degrees of freedom, over those degrees (Bailey 1994, Mathematics of Computation
        62), and (1 ± √(T² / (1 + T²))) / 2 follows Beta(alpha, alpha), with the sign of C: exact for
        every alpha, where the inverse of the incomplete beta function needs iterations.
        """
        cosine = np.cos(np.radians(np.asarray(values["angle"], dtype=np.float64)))
        with np.errstate(divide="ignore", over="ignore"):
            radius = np.log(np.asarray(values["radius"], dtype=np.float64))
            squared = np.expm1(-radius / self.alpha) * cosine**2
            away = 1 / np.sqrt(1 + 1 / squared)  # which is 1 where `squared` is infinite, and 0 where it is 0
        return np.asarray((1 + np.copysign(away, cosine)) / 2, dtype=np.float64)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Mixup(_BetaBlend):
    """Lay another picture of the batch over this one, and mix the labels in the same shares.

    Draws:   radius and angle, which make the share that the picture keeps, Beta(alpha, alpha)
    Edges:   none: the two pictures lie exactly over each other
    Source:  Zhang et al. 2018, ICLR, "mixup: Beyond empirical risk minimization", whose code draws one share
             for a whole batch; here every picture has its own, and never itself for a partner
    """

    def blend(self, pictures: Picture, partners: Picture, values: Values) -> tuple[Picture, Floats]:
        """Return the sums and the shares."""
        shares = self.share(values)
        out = np.empty(pictures.shape, np.uint8)
        rows = [
            each.reshape(*each.shape[:2], each.shape[2] * each.shape[3]) for each in (pictures, partners, out)
        ]
        for one, other, mixed, share in zip(*rows, shares.tolist(), strict=True):
            cv2.addWeighted(one, share, other, 1 - share, 0, dst=mixed)
        return out, shares


@dataclasses.dataclass(frozen=True, kw_only=True)
class Cutmix(_BetaBlend):
    """Put a rectangle of another picture of the batch into this one, and mix the labels by its area.

    Draws:   radius and angle, which make the share λ to be kept, Beta(alpha, alpha); the rectangle's middle x
             and y, even over the picture: 0 is left and bottom, 1 right and top
    Edges:   the rectangle lies where it lies in the other picture, has √(1 - λ) of each side and is cut at
             the frame; it covers whole pixels, and the label follows the number of those
    Source:  Yun et al. 2019, ICCV, "CutMix", whose code draws one rectangle for a whole batch; here every
             picture has its own, and never itself for a partner
    """

    def drawn(self) -> tuple[Drawn, ...]:
        """Return the numbers of the share, and the place."""
        return (*super().drawn(), Drawn("x", 0, 1), Drawn("y", 0, 1))

    def blend(self, pictures: Picture, partners: Picture, values: Values) -> tuple[Picture, Floats]:
        """Return the pictures with their rectangles, and the shares of the pixels that they keep."""
        height, width = pictures.shape[1:3]
        side = np.sqrt(1 - self.share(values))
        left, right = _edges(np.asarray(values["x"]), side, width)
        top, bottom = _edges(1 - np.asarray(values["y"]), side, height)
        out = pictures.copy()
        for i in range(len(pictures)):
            window = slice(top[i], bottom[i]), slice(left[i], right[i])
            out[i][window] = partners[i][window]
        return out, 1 - (right - left) * (bottom - top) / (width * height)


def _edges(middle: Floats, side: Floats, pixels: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the first pixel of each strip and the first after it, int64 (N,) each."""
    ends = [np.clip(np.rint((middle + half * side) * pixels), 0, pixels) for half in (-0.5, 0.5)]
    return ends[0].astype(np.int64), ends[1].astype(np.int64)

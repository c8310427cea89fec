"""The frame that effects are declared for, and the pieces that several declarations share.

Conventions of this table, where a transform draws or reads pixels in ways that no single number bounds:

- a normal number is taken to stay within `TAIL` sigmas, which one draw in 500 million leaves;
- the slope of a bent tone curve is taken over a sixteenth of the range: fewer levels are noise;
- what shifts colours by an amount is turned into an angle and a factor for colours of a saturation of a
  quarter and more: below that a pixel is nearly grey, and has hardly a hue to turn;
- pixels count for a picture whose shorter side has `Frame.side` of them.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np

from augkit.intervals import ANY, CIRCLE, NOWHERE, Arcs, Interval
from augkit.reach import IMAGES, Reach

TAIL = 6.0
_COLOURFUL = 0.25
_CHORD = 16
_REFLECTS = (cv2.BORDER_REFLECT, cv2.BORDER_REFLECT_101)


@dataclasses.dataclass(frozen=True)
class Frame:
    """Describe the pictures that a transform is declared for.

    Attributes:
        aspect: width over height.
        side:   pixels across the shorter side.
        keeps:  whether what comes out is scaled back to the shape that went in, as an op of augkit does;
                elsewhere a crop of another shape, or a resize, gives the frame its own shape.
    """

    aspect: Interval
    side: int
    keeps: bool = True

    @property
    def longest(self) -> float:
        """Return the longer side over the shorter, at most."""
        return max(self.aspect.high, 1 / self.aspect.low, 1.0)

    def sizes(self) -> list[tuple[float, float]]:
        """Return width and height in pixels at both ends of the aspect, and in the square between them."""
        ratios = {self.aspect.low, self.aspect.high} | ({1.0} if 1.0 in self.aspect else set())
        return [(self.side * max(a, 1.0), self.side * max(1 / a, 1.0)) for a in sorted(ratios)]

    def share(self, pixels: float) -> float:
        """Return a number of pixels as a share of the side, at most."""
        return pixels / self.side


Effect = Callable[[Any, Frame], Reach]
"""What a transform, made with its arguments, can do to such pictures."""


def up_to(value: float) -> Interval:
    """Return 0 to `value`."""
    return Interval(0, max(0.0, value))


def pair(value: Any) -> tuple[float, float]:
    """Return a range as two numbers; one number is a range of its own."""
    low, high = value if isinstance(value, tuple | list) else (value, value)
    return float(low), float(high)


def bordered(reach: Reach, mode: int) -> Reach:
    """Add to what a transform does what its border shows, by OpenCV's number of it: mirror images of the
    picture where it reflects, and nobody knows what where it repeats the picture.

    Nothing, where the transform does nothing and so shows no border.
    """
    if reach == Reach() or mode not in (*_REFLECTS, cv2.BORDER_WRAP):
        return reach
    return IMAGES.then(reach) if mode in _REFLECTS else Reach.unknown()


def nothing(t: Any, frame: Frame) -> Reach:
    """Declare that nothing changes."""
    return Reach()


BENT = Reach(
    turn=CIRCLE, mirrored=CIRCLE, stretch=Interval(1, math.inf), zoom=Interval(0, math.inf),
    kept=Interval(0, 1), displaced=Interval(0, math.inf),
)  # fmt: skip
"""Geometry that nothing bounds."""

RECOLOURED = Reach(
    hue=Interval(0, 180), saturation=Interval(0, math.inf), channels=Interval(0, 1),
    contrast=Interval(0, math.inf), brightness=ANY,
)  # fmt: skip
"""Colours and tones that nothing bounds."""


def line(low: float, high: float, least: float, most: float) -> Reach:
    """Declare tones along lines: slopes from `low` to `high`, middle grey moved by `least` to `most`.

    Negative slopes invert.
    """
    return Reach(
        contrast=Interval(max(low, 0.0), high) if high >= 0 else Interval(math.inf, -math.inf),
        inverted=Interval(max(0.0, -high), -low) if low < 0 else Interval(math.inf, -math.inf),
        brightness=Interval(least, most),
    )


def gain(low: float, high: float) -> Reach:
    """Declare tones multiplied by `low` to `high`: the slope changes, and middle grey with it."""
    return line(low, high, (low - 1) / 2, (high - 1) / 2)


def about_a_mean(low: float, high: float) -> Reach:
    """Declare contrast of `low` to `high` about a mean that lies anywhere."""
    most = max(abs(1 - low), abs(1 - high)) / 2
    return line(low, high, -most, most)


def curves(tables: Any) -> Reach:
    """Declare tone curves, float64 (N, 257) over even steps of [0, 1], by their slopes, middle grey, and how
    far they turn the hue of a pure colour.
    """
    step = 256 // _CHORD
    slopes = (tables[:, step:] - tables[:, :-step]) * _CHORD
    middle = tables[:, 128] - 0.5
    tones = line(float(slopes.min()), float(slopes.max()), float(middle.min()), float(middle.max()))
    return dataclasses.replace(tones, hue=up_to(60 * float(np.abs(tables - np.linspace(0, 1, 257)).max())))


def cast(amount: float) -> Reach:
    """Declare channels moved apart by up to `amount` of the full range."""
    if amount <= 0:
        return Reach()
    apart = amount / _COLOURFUL
    return Reach(
        hue=Interval(0, math.degrees(math.asin(min(1.0, apart))) if apart < 1 else 180.0),
        saturation=Interval(max(0.0, 1 - apart), 1 + apart),
    )


def bent_by(steepness: float, displaced: float) -> Reach:
    """Declare a warp whose displacement has slopes with a largest singular value of `steepness` anywhere.

    A point of the picture after shows the point of the picture before that lies up to `displaced` sides off.
    """
    if steepness >= 1:
        return dataclasses.replace(BENT, displaced=Interval(0, displaced))
    turn = math.degrees(math.asin(steepness))
    return Reach(
        turn=Arcs.of((-turn, turn)),
        stretch=Interval(1, (1 + steepness) / (1 - steepness)),
        zoom=Interval(1 / (1 + steepness), 1 / (1 - steepness)),
        kept=Interval(max(0.0, 1 - 2 * displaced) ** 2, 1),
        displaced=Interval(0, displaced),
    )


def window(across: Interval, down: Interval, *, squeezed: bool = False) -> Reach:
    """Declare a window that becomes the whole frame.

    Args:
        across, down: the window's sides as shares of the picture's; above 1 where the picture was padded.
        squeezed:     whether the frame keeps the picture's shape, so that another shape is stretched.
    """
    if across.low <= 0 or down.low <= 0:
        return dataclasses.replace(BENT, turn=Reach().turn, mirrored=NOWHERE, displaced=Interval(0, 0))
    ratio = max(across.high / down.low, down.high / across.low) if squeezed else 1.0
    area = across.low * down.low, across.high * down.high
    return Reach(
        zoom=Interval(area[1] ** -0.5, area[0] ** -0.5),
        stretch=Interval(1, max(1.0, ratio)),
        kept=Interval(min(1.0, across.low) * min(1.0, down.low), 1),
    )


def joined(reaches: list[Reach]) -> Reach:
    """Return the reach of any one of several."""
    total = reaches[0]
    for other in reaches[1:]:
        total = total.either(other)
    return total


def gamma_curves(low: float, high: float) -> Any:
    """Return y = x**gamma at both ends of a range, float64 (2, 257)."""
    x = np.linspace(0, 1, 257)
    return np.stack([x**low, x**high])

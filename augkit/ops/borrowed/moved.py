"""Effects of albumentations' transforms that flip, turn, lean, scale and shift the picture."""

from __future__ import annotations

import dataclasses
import itertools
import math
from typing import Any

import numpy as np

from augkit.intervals import CIRCLE, NOWHERE, Arcs, Interval
from augkit.ops.borrowed.frame import (
    BENT,
    Effect,
    Frame,
    bordered,
    nothing,
    pair,
    window,
)
from augkit.ops.geometric import Rotate, Shear, Shift, Zoom
from augkit.reach import Reach

_LEFT_RIGHT = Reach(turn=NOWHERE, mirrored=Arcs.of((0, 0)))
_UP_DOWN = Reach(turn=NOWHERE, mirrored=Arcs.of((180, 180)))
_QUARTERS = Arcs.of((0, 0), (90, 90), (180, 180), (270, 270))


def _turned(frame: Frame, turn: Arcs, mirrored: Arcs) -> Reach:
    """Declare quarter turns and mirrors, after which width and height have changed places."""
    return Reach(turn=turn, mirrored=mirrored, stretch=Interval(1, frame.longest**2 if frame.keeps else 1.0))


def flip_horizontal(t: Any, frame: Frame) -> Reach:
    """Mirror, with no turn."""
    return _LEFT_RIGHT


def flip_vertical(t: Any, frame: Frame) -> Reach:
    """Mirror, with a half turn."""
    return _UP_DOWN


def transpose(t: Any, frame: Frame) -> Reach:
    """Mirror, with a quarter turn."""
    return _turned(frame, turn=NOWHERE, mirrored=Arcs.of((90, 90)))


def quarter_turns(t: Any, frame: Frame) -> Reach:
    """Turn by 0, 90, 180 or 270 degrees."""
    return _turned(frame, turn=_QUARTERS, mirrored=NOWHERE)


def square_symmetry(t: Any, frame: Frame) -> Reach:
    """Turn by quarters, mirrored or not."""
    return _turned(frame, turn=_QUARTERS, mirrored=_QUARTERS)


def rotation(low: float, high: float, aspect: Interval) -> Reach:
    """Declare a turn by `low` to `high` degrees that keeps the frame."""
    if high - low >= 360:
        low, high = -180.0, 180.0
    elif low < -180 or high > 180:
        return Rotate(degrees=(-180, 180)).effects(aspect).then(Reach())
    return Rotate(degrees=(low, high)).effects(aspect)


def rotate(t: Any, frame: Frame) -> Reach:
    """Turn; with `crop_border` cut the largest rectangle without corners, and enlarge it."""
    low, high = pair(t.limit)
    turned = rotation(low, high, frame.aspect)
    if not t.crop_border:
        return bordered(turned, t.border_mode)
    shares = _inscribed(low, high, frame)
    cut = window(Interval(0.97 * min(x for x, _ in shares), 1), Interval(0.97 * min(y for _, y in shares), 1))
    ratio = max(max(x / y, y / x) for x, y in shares)
    return Reach(turn=turned.turn, zoom=cut.zoom, kept=cut.kept, stretch=Interval(1, 1.06 * ratio))


def _inscribed(low: float, high: float, frame: Frame) -> list[tuple[float, float]]:
    """Return the sides of the largest upright rectangles in the turned picture, as shares of its own."""
    out = []
    for (width, height), angle in itertools.product(frame.sizes(), np.radians(np.linspace(low, high, 361))):
        sin, cos = abs(math.sin(angle)), abs(math.cos(angle))
        long, short = max(width, height), min(width, height)
        if short <= 2 * sin * cos * long or abs(sin - cos) < 1e-10:
            half = short / 2
            wide, high_ = (half / sin, half / cos) if width >= height else (half / cos, half / sin)
        else:
            double = cos * cos - sin * sin
            wide = (width * cos - height * sin) / double
            high_ = (height * cos - width * sin) / double
        out.append((wide / width, high_ / height))
    return out


def safe_rotate(t: Any, frame: Frame) -> Reach:
    """Turn, and shrink so that the corners stay in the frame, each side by as much as it needs."""
    low, high = pair(t.limit)
    scales = []
    for (width, height), angle in itertools.product(frame.sizes(), np.radians(np.linspace(low, high, 361))):
        sin, cos = abs(math.sin(angle)), abs(math.cos(angle))
        scales.append((width / (height * sin + width * cos), height / (height * cos + width * sin)))
    turned = Reach(
        turn=rotation(low, high, frame.aspect).turn,
        zoom=Interval(0.98 * min(math.sqrt(x * y) for x, y in scales), 1.05),
        stretch=Interval(1, 1.05 * max(max(x / y, y / x) for x, y in scales)),
    )
    return bordered(turned, t.border_mode)


def affine(t: Any, frame: Frame) -> Reach:
    """Zoom, turn, shear and shift, in that order; with `fit_output` the frame follows the picture."""
    whole = _moved(t, frame)
    enlarges = dataclasses.replace(whole, zoom=Reach().zoom, stretch=Reach().stretch, kept=Reach().kept)
    least = min(pair(t.scale["x"])[0], pair(t.scale["y"])[0])
    if least >= 1 and enlarges == Reach() and _shifted(t, frame) == Reach():
        return whole
    return bordered(whole, t.border_mode)


def _moved(t: Any, frame: Frame) -> Reach:
    (x_low, x_high), (y_low, y_high) = pair(t.scale["x"]), pair(t.scale["y"])
    if min(x_low, y_low) <= 0:
        return BENT
    if t.keep_ratio:
        zoom = Zoom(factor=(x_low, x_high)).effects(frame.aspect)
    else:
        zoom = Zoom(x=(x_low, x_high), y=(y_low, y_high)).effects(frame.aspect)
    turned = zoom.then(rotation(*pair(t.rotate), frame.aspect))
    whole = turned.then(sheared(pair(t.shear["x"]), pair(t.shear["y"]), frame)).then(_shifted(t, frame))
    if not t.fit_output:
        return whole
    mirrored = whole.mirrored if whole.mirrored.empty else CIRCLE
    loose = Reach(turn=CIRCLE, mirrored=mirrored, stretch=BENT.stretch, zoom=BENT.zoom)
    return loose if (pair(t.rotate) != (0, 0) or whole.stretch.high > 1) else Reach()


def sheared(x: tuple[float, float], y: tuple[float, float], frame: Frame) -> Reach:
    """Declare one matrix that leans both ways at once, [[1, tan x], [tan y, 1]]."""
    if max(map(abs, x)) == 0 or max(map(abs, y)) == 0:
        if max(map(abs, (*x, *y))) > 60:
            return BENT
        return Shear(x_degrees=x, y_degrees=y).effects(frame.aspect)
    ks, ms = ([math.tan(math.radians(end)) for end in ends] for ends in (x, y))
    k, m = max(map(abs, ks)), max(map(abs, ms))
    if max(map(abs, (*x, *y))) >= 89 or k * m >= 0.99:
        return BENT
    turns = [math.degrees(math.atan2(b - a, 2)) for a in ks for b in ms]
    tanh = (k + m) / 2
    areas = [1 - a * b for a in ks for b in ms]
    return Reach(
        turn=Arcs.of((min(turns), max(turns))),
        stretch=Interval(1, (1 + tanh) / (1 - tanh) if tanh < 1 else math.inf),
        zoom=Interval(math.sqrt(min(areas)), math.sqrt(max(areas))),
        kept=Interval(max(0.0, 1 - (k + m) * frame.longest / 2), 1),
    )


def _shifted(t: Any, frame: Frame) -> Reach:
    if t.translate_percent is not None:
        x, y = pair(t.translate_percent["x"]), pair(t.translate_percent["y"])
    else:
        shift = t.translate_px or {"x": (0, 0), "y": (0, 0)}
        x, y = (tuple(frame.share(end) for end in pair(shift[axis])) for axis in ("x", "y"))  # type: ignore[assignment]
    return Shift(x=_within(x), y=_within(y)).effects(frame.aspect)


def _within(ends: tuple[float, float]) -> tuple[float, float]:
    return max(-1.0, min(1.0, ends[0])), max(-1.0, min(1.0, ends[1]))


MOVED: dict[str, Effect] = {
    "NoOp": nothing,
    "HorizontalFlip": flip_horizontal,
    "TimeReverse": flip_horizontal,
    "VerticalFlip": flip_vertical,
    "Transpose": transpose,
    "RandomRotate90": quarter_turns,
    "D4": square_symmetry,
    "SquareSymmetry": square_symmetry,
    "Rotate": rotate,
    "SafeRotate": safe_rotate,
    "Affine": affine,
    "ShiftScaleRotate": affine,
}

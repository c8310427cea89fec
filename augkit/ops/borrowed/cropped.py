"""Effects of albumentations' transforms that change the frame: crops, pads and resizes."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np

from augkit.intervals import Interval
from augkit.ops.borrowed.frame import (
    BENT,
    Effect,
    Frame,
    bordered,
    joined,
    pair,
    window,
)
from augkit.reach import Reach


def cropped(t: Any, frame: Frame) -> Reach:
    """Cut out a window of some pixels (padded first, where asked for), which then fills the frame."""
    cut = joined([
        window(_one(t.width / width), _one(t.height / height), squeezed=frame.keeps)
        for width, height in frame.sizes()
    ])  # fmt: skip
    beyond = any(t.width > width or t.height > height for width, height in frame.sizes())
    return bordered(cut, t.border_mode) if t.pad_if_needed and beyond else cut


def fixed_crop(t: Any, frame: Frame) -> Reach:
    """Cut out a window at a fixed place, which may reach out of the picture."""
    reaches = []
    for width, height in frame.sizes():
        wide, high = min(t.x_max, width) - t.x_min, min(t.y_max, height) - t.y_min
        if wide <= 0 or high <= 0:
            return BENT
        across, down = (t.x_max - t.x_min) / width, (t.y_max - t.y_min) / height
        cut = window(_one(across), _one(down), squeezed=frame.keeps)
        kept = min(cut.kept.low, wide * high / (width * height))
        reaches.append(dataclasses.replace(cut, kept=Interval(kept, 1)))
    beyond = any(t.x_max > width or t.y_max > height for width, height in frame.sizes())
    return bordered(joined(reaches), t.border_mode) if t.pad_if_needed and beyond else joined(reaches)


def sized_crop(t: Any, frame: Frame) -> Reach:
    """Cut out a window of a drawn height and a fixed ratio, and scale it to `size`."""
    low, high = pair(t.min_max_height)
    shape = frame.aspect if frame.keeps else _one(t.size[1] / t.size[0])
    squeezed = max(1.0, t.w2h_ratio / shape.low, shape.high / t.w2h_ratio)
    cut = joined([
        window(
            Interval(max(1.0, low * t.w2h_ratio - 1) / width, high * t.w2h_ratio / width),
            Interval(low / height, high / height),
        )
        for width, height in frame.sizes()
    ])  # fmt: skip
    return Reach(zoom=cut.zoom, kept=cut.kept, stretch=Interval(1, squeezed * (1 + 1 / low)))


def resized_crop(t: Any, frame: Frame) -> Reach:
    """Cut out a share of the area in a drawn ratio, and scale it to `size`."""
    shape = frame.aspect if frame.keeps else _one(t.size[1] / t.size[0])
    return share_cropped(pair(t.scale), pair(t.ratio), shape, frame)


def share_cropped(
    scale: tuple[float, float], ratio: tuple[float, float], shape: Interval, frame: Frame
) -> Reach:
    """Declare a window of a share `scale` of the area and a width `ratio` times its height, scaled to a
    frame of width over height `shape`.

    Where no such window fits, the largest one in the middle is taken.
    """
    pixels = math.sqrt(max(scale[0], 1e-6)) * frame.side
    rounding = 1 + 1 / max(pixels, 1.0)
    least = max(1e-6, min(scale[0] / rounding**2, _fallback(ratio, frame)))
    return Reach(
        zoom=Interval(min(1.0, scale[1] ** -0.5) / rounding, least**-0.5),
        stretch=Interval(1, max(1.0, ratio[1] / shape.low, shape.high / ratio[0]) * rounding),
        kept=Interval(least, 1),
    )


def _fallback(ratio: tuple[float, float], frame: Frame) -> float:
    thin, wide = frame.aspect.low / ratio[0], ratio[1] / frame.aspect.high
    return min(1.0, thin, wide)


def border_crop(t: Any, frame: Frame) -> Reach:
    """Cut off a drawn share of each side."""
    across, down = 1 - t.crop_left - t.crop_right, 1 - t.crop_top - t.crop_bottom
    slack = frame.share(2)
    return window(
        Interval(max(0.0, across - slack), 1), Interval(max(0.0, down - slack), 1), squeezed=frame.keeps
    )


def crop_and_pad(t: Any, frame: Frame) -> Reach:
    """Cut off or add on at each side, by shares or by pixels; the result fills the frame."""
    given = t.percent if t.percent is not None else t.px
    flat = [float(v) for v in np.ravel(np.array(given, dtype=object)) for v in np.ravel(v)]
    scale = 1.0 if t.percent is not None else 1 / frame.side
    low, high = min(flat) * scale, max(flat) * scale
    sides = Interval(max(0.0, 1 + 2 * low - frame.share(1)), 1 + 2 * high + frame.share(1))
    out = window(sides, sides, squeezed=t.keep_size or frame.keeps)
    kept = Interval(max(0.0, 1 + 2 * min(low, 0.0)) ** 2, 1)
    whole = Reach(zoom=out.zoom, stretch=out.stretch, kept=kept)
    return bordered(whole, t.border_mode) if high > 0 else whole


def padded(t: Any, frame: Frame) -> Reach:
    """Add a border of some pixels; the whole is then scaled to the frame."""
    flat = [float(v) for v in np.ravel(t.padding)]
    left, top, right, bottom = {1: flat * 4, 2: flat * 2, 4: flat}[len(flat)]
    grown = joined([
        window(
            _one(1 + (left + right) / width), _one(1 + (top + bottom) / height), squeezed=frame.keeps
        )
        for width, height in frame.sizes()
    ])  # fmt: skip
    return bordered(grown, t.border_mode)


def padded_to(t: Any, frame: Frame) -> Reach:
    """Add a border up to a least size or to a multiple."""
    out = []
    for width, height in frame.sizes():
        wide = max(width, t.min_width) if t.min_width else width + t.pad_width_divisor
        high = max(height, t.min_height) if t.min_height else height + t.pad_height_divisor
        out.append(window(Interval(1, wide / width), Interval(1, high / height), squeezed=frame.keeps))
    return bordered(joined(out), t.border_mode)


def resized(t: Any, frame: Frame) -> Reach:
    """Scale to a size: another shape is stretched, fewer pixels are fewer pixels."""
    shape = t.width / t.height
    stretch = 1.0 if frame.keeps else max(1.0, frame.aspect.high / shape, shape / frame.aspect.low)
    fewest = min(t.width, t.height)
    return Reach(stretch=Interval(1, stretch), pixels=Interval(fewest, math.inf))


def rescaled(t: Any, frame: Frame) -> Reach:
    """Scale by a factor: fewer pixels, and nothing else."""
    fewest = math.floor(frame.side * (1 + min(pair(t.scale_limit))))
    return BENT if fewest < 1 else Reach(pixels=Interval(fewest, math.inf))


def longest_sized(t: Any, frame: Frame) -> Reach:
    """Scale so that the longer side has a number of pixels: fewer pixels, and nothing else."""
    return Reach(pixels=Interval(max(1.0, math.floor(_fewest(t) / frame.longest)), math.inf))


def smallest_sized(t: Any, frame: Frame) -> Reach:
    """Scale so that the shorter side has a number of pixels: fewer pixels, and nothing else."""
    least = _fewest(t) if t.max_size is not None else math.floor(_fewest(t) / frame.longest)
    return Reach(pixels=Interval(max(1.0, least), math.inf))


def _fewest(t: Any) -> float:
    given = t.max_size if t.max_size is not None else [side for side in t.max_size_hw if side is not None]
    return float(np.min(given))


def _one(value: float) -> Interval:
    return Interval(value, value)


CROPPED: dict[str, Effect] = {
    "RandomCrop": cropped,
    "CenterCrop": cropped,
    "Crop": fixed_crop,
    "RandomSizedCrop": sized_crop,
    "RandomResizedCrop": resized_crop,
    "RandomCropFromBorders": border_crop,
    "CropAndPad": crop_and_pad,
    "Pad": padded,
    "PadIfNeeded": padded_to,
    "Resize": resized,
    "RandomScale": rescaled,
    "LongestMaxSize": longest_sized,
    "SmallestMaxSize": smallest_sized,
}

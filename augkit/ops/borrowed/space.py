"""Effects of albumentations' transforms that move points: flips, turns, crops, pads and warps."""

from __future__ import annotations

import dataclasses
import functools
import itertools
import math
from typing import Any

import numpy as np

from augkit.intervals import CIRCLE, NOWHERE, Arcs, Interval
from augkit.ops.borrowed.frame import (
    BENT,
    TAIL,
    Effect,
    Frame,
    bent_by,
    joined,
    nothing,
    pair,
    up_to,
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
        return turned
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
    return Reach(
        turn=rotation(low, high, frame.aspect).turn,
        zoom=Interval(0.98 * min(math.sqrt(x * y) for x, y in scales), 1.05),
        stretch=Interval(1, 1.05 * max(max(x / y, y / x) for x, y in scales)),
    )


def affine(t: Any, frame: Frame) -> Reach:
    """Zoom, turn, shear and shift, in that order; with `fit_output` the frame follows the picture."""
    (x_low, x_high), (y_low, y_high) = pair(t.scale["x"]), pair(t.scale["y"])
    if min(x_low, y_low) <= 0:
        return BENT
    if t.keep_ratio:
        zoom = Zoom(factor=(x_low, x_high)).effects(frame.aspect)
    else:
        zoom = Zoom(x=(x_low, x_high), y=(y_low, y_high)).effects(frame.aspect)
    turned = zoom.then(rotation(*pair(t.rotate), frame.aspect))
    whole = turned.then(_sheared(pair(t.shear["x"]), pair(t.shear["y"]), frame)).then(_shifted(t, frame))
    if not t.fit_output:
        return whole
    mirrored = whole.mirrored if whole.mirrored.empty else CIRCLE
    loose = Reach(turn=CIRCLE, mirrored=mirrored, stretch=BENT.stretch, zoom=BENT.zoom)
    return loose if (pair(t.rotate) != (0, 0) or whole.stretch.high > 1) else Reach()


def _sheared(x: tuple[float, float], y: tuple[float, float], frame: Frame) -> Reach:
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


def perspective(t: Any, frame: Frame) -> Reach:
    """Move the corners inwards by at most a third of the side, and enlarge what is between them."""
    if t.fit_output:
        return BENT
    inset = min(0.32, TAIL * pair(t.scale)[1])
    return joined([_corners(round(inset, 6), round(width / height, 6)) for width, height in frame.sizes()])


@functools.cache
def _corners(inset: float, aspect: float) -> Reach:
    """Measure, at many points, the maps that carry a quadrangle onto the frame, corners at their extremes.

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
        turn, stretch, zoom = _poses(np.linalg.inv(_homography(whole, corners)), corners, whole, grid)
        turns += [float(turn.min()), float(turn.max())]
        stretches.append(float(stretch.max()))
        zooms += [float(zoom.min()), float(zoom.max())]
        kept = min(kept, _area(corners))
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


def _poses(through: Any, corners: Any, whole: Any, grid: Any) -> tuple[Any, Any, Any]:
    """Return turn in degrees, stretch and zoom of a homography at the points it sends to `grid`."""
    back = np.linalg.inv(through)
    homogeneous = np.column_stack([grid, np.ones(len(grid))]) @ back.T
    at = homogeneous / homogeneous[:, 2:]
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
    return bent_by(2 * t.alpha * slope, frame.share(t.alpha) * math.sqrt(2))


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
    return Reach(
        zoom=Interval(1 / most, 1 / least),
        stretch=Interval(1, most / least),
        kept=Interval(min(1.0, 1.0 if t.normalized else low) ** 2 * 0.9, 1),
        displaced=up_to(min(1.0, (most - least) / 2) * math.sqrt(2)),
    )


def optical(t: Any, frame: Frame) -> Reach:
    """Bend along the radius, as lenses do."""
    k = max(map(abs, pair(t.distort_limit)))
    along, radial = (0.75 * k, 2.75 * k) if t.mode == "camera" else (k, 3 * k)
    if radial >= 1:
        return BENT
    wide = frame.longest
    turn = math.degrees(math.atan2(k * (wide - 1 / wide), 2 * (1 - radial))) if t.mode == "camera" else 0.0
    return Reach(
        turn=Arcs.of((-turn, turn)),
        stretch=Interval(1, ((1 + radial) / (1 - radial)) * (wide if turn else 1.0)),
        zoom=Interval(1 / (1 + radial), 1 / (1 - radial)),
        kept=Interval((1 - along) ** 2, 1),
        displaced=up_to(along * math.hypot(1, wide) / 2),
    )


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


def cropped(t: Any, frame: Frame) -> Reach:
    """Cut out a window of some pixels (padded first, where asked for), which then fills the frame."""
    return joined([
        window(_one(t.width / width), _one(t.height / height), squeezed=frame.keeps)
        for width, height in frame.sizes()
    ])  # fmt: skip


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
    return joined(reaches)


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
    return Reach(zoom=out.zoom, stretch=out.stretch, kept=Interval(max(0.0, 1 + 2 * min(low, 0.0)) ** 2, 1))


def padded(t: Any, frame: Frame) -> Reach:
    """Add a border of some pixels; the whole is then scaled to the frame."""
    flat = [float(v) for v in np.ravel(t.padding)]
    left, top, right, bottom = {1: flat * 4, 2: flat * 2, 4: flat}[len(flat)]
    return joined([
        window(
            _one(1 + (left + right) / width), _one(1 + (top + bottom) / height), squeezed=frame.keeps
        )
        for width, height in frame.sizes()
    ])  # fmt: skip


def padded_to(t: Any, frame: Frame) -> Reach:
    """Add a border up to a least size or to a multiple."""
    out = []
    for width, height in frame.sizes():
        wide = max(width, t.min_width) if t.min_width else width + t.pad_width_divisor
        high = max(height, t.min_height) if t.min_height else height + t.pad_height_divisor
        out.append(window(Interval(1, wide / width), Interval(1, high / height), squeezed=frame.keeps))
    return joined(out)


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


def max_sized(t: Any, frame: Frame) -> Reach:
    """Scale so that one side has a number of pixels: fewer pixels, and nothing else."""
    given = t.max_size if t.max_size is not None else [side for side in t.max_size_hw if side is not None]
    fewest = min(float(side) for side in np.ravel(given))
    return Reach(pixels=Interval(max(1.0, math.floor(fewest / frame.longest)), math.inf))


def _one(value: float) -> Interval:
    return Interval(value, value)


SPACE: dict[str, Effect] = {
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
    "Perspective": perspective,
    "ElasticTransform": elastic,
    "GridElasticDeform": grid_elastic,
    "GridDistortion": grid_distortion,
    "OpticalDistortion": optical,
    "ThinPlateSpline": unbounded,
    "PiecewiseAffine": unbounded,
    "RandomGridShuffle": shuffled_tiles,
    "Morphological": thickened,
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
    "LongestMaxSize": max_sized,
    "SmallestMaxSize": max_sized,
}

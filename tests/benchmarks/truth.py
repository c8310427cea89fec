"""The truth about a picture: what the steps mean, in float64, looked up at 4×4 points in each pixel.

Written apart from augkit: pixel corners count from the top left, y down, step after step on a canvas of the
source's size.  Also the same steps as other tools do them, one resampling and rounding each, with OpenCV.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import cv2
import numpy as np
from numpy.typing import NDArray

from tests.benchmarks.pictures import Picture

Floats = NDArray[np.float64]
Size = tuple[int, int]
Values = Mapping[str, float]

OVER = 4
MARGIN = 2.0
"""Pixels within which an edge, of the source or of a canvas on the way, is not compared."""


def moves(values: Values, size: Size, after: Size) -> list[Floats]:
    """Return the step-by-step maps of one draw, 3×3 each, corner coordinates, in the order of our policies.

    Args:
        values: drawn numbers by column, NaN where a step is not done; steps that are missing are left out.
        size:   width and height of the source.
        after:  of the output.
    """
    width, height = size
    centre = np.array([[1, 0, width / 2], [0, 1, height / 2], [0, 0, 1.0]])
    out = []

    def about_centre(a: float, b: float, c: float, d: float) -> None:
        out.append(centre @ np.array([[a, b, 0], [c, d, 0], [0, 0, 1.0]]) @ np.linalg.inv(centre))

    if not math.isnan(values.get("flip_horizontal", math.nan)):
        about_centre(-1, 0, 0, 1)
    if "shift.x" in values:
        across, up = values["shift.x"] * width, values["shift.y"] * height
        out.append(np.array([[1, 0, across], [0, 1, -up], [0, 0, 1.0]]))
    if "zoom.factor" in values:
        about_centre(values["zoom.factor"], 0, 0, values["zoom.factor"])
    if "rotate.degrees" in values:
        angle = math.radians(values["rotate.degrees"])
        about_centre(math.cos(angle), math.sin(angle), -math.sin(angle), math.cos(angle))
    if "shear.x_degrees" in values:
        about_centre(1, -math.tan(math.radians(values["shear.x_degrees"])), 0, 1)
    if "random_resized_crop.area" in values:
        out.append(_crop(values, size, after))
    return out


def _crop(values: Values, size: Size, after: Size) -> Floats:
    """Return the map that carries the drawn window onto the output: place (0, 0) is left and bottom."""
    width, height = size
    ratio, pixels = values["random_resized_crop.ratio"], values["random_resized_crop.area"] * width * height
    wide = min(max(math.sqrt(pixels * ratio), pixels / height), width)
    high = pixels / wide
    left = values["random_resized_crop.x"] * (width - wide)
    top = (1 - values["random_resized_crop.y"]) * (height - high)
    kx, ky = after[0] / wide, after[1] / high
    return np.array([[kx, 0, -kx * left], [0, ky, -ky * top], [0, 0, 1.0]])


def tones(values: Values) -> list[tuple[float, float]]:
    """Return the tone lines of one draw in order, contrast and brightness each, on [0, 1] about a half."""
    out = []
    if "brightness.shift" in values:
        out.append((1.0, values["brightness.shift"]))
    if "contrast.gain" in values:
        out.append((values["contrast.gain"], 0.0))
    return out


def truth(picture: Picture, values: Values, after: Size) -> Floats:
    """Return the true picture, float64 H×W×C in levels, clipped to 0 to 255 and not rounded."""
    size = (picture.shape[1], picture.shape[0])
    back = np.linalg.inv(_composed(moves(values, size, after)))
    x, y = np.meshgrid(*((np.arange(side * OVER) + 0.5) / OVER for side in after))
    fine = _looked_up(picture, back, x, y)
    levels = fine.reshape(after[1], OVER, after[0], OVER, -1).mean(axis=(1, 3)) / 255
    for gain, shift in tones(values):
        levels = gain * (levels - 0.5) + 0.5 + shift
    out: Floats = np.clip(levels, 0, 1) * 255
    return out


def _looked_up(picture: Picture, back: Floats, x: Floats, y: Floats) -> Floats:
    """Interpolate linearly between pixel centres in float64; outside of the picture there is black."""
    height, width, _ = picture.shape
    sheet = np.zeros((height + 2, width + 2, picture.shape[2]))
    sheet[1:-1, 1:-1] = picture
    u = np.clip(back[0, 0] * x + back[0, 1] * y + back[0, 2] + 0.5, 0, width + 1)
    v = np.clip(back[1, 0] * x + back[1, 1] * y + back[1, 2] + 0.5, 0, height + 1)
    left, top = np.minimum(u.astype(int), width), np.minimum(v.astype(int), height)
    u, v = (u - left)[:, :, None], (v - top)[:, :, None]
    upper = sheet[top, left] * (1 - u) + sheet[top, left + 1] * u
    lower = sheet[top + 1, left] * (1 - u) + sheet[top + 1, left + 1] * u
    out: Floats = upper * (1 - v) + lower * v
    return out


def compared(values: Values, size: Size, after: Size) -> NDArray[np.bool_]:
    """Tell which output pixels come from well inside the source and every canvas on the way, bool H×W."""
    steps = moves(values, size, after)
    x, y = np.meshgrid(*((np.arange(side) + 0.5) for side in after))
    inside = np.ones(x.shape, dtype=np.bool_)
    point = np.stack([x, y, np.ones_like(x)])
    for step in steps[::-1]:
        point = np.tensordot(np.linalg.inv(step), point, axes=1)
        for along, side in zip(point, size, strict=False):
            inside &= (along >= MARGIN) & (along <= side - MARGIN)
    return inside


def separately(picture: Picture, values: Values, after: Size) -> Picture:
    """Do one step after another with OpenCV, as pipelines do: a resampling or table, and a rounding each."""
    return _in_steps(picture, moves(values, (picture.shape[1], picture.shape[0]), after), values, after)


def in_one_affine(picture: Picture, values: Values, after: Size) -> Picture:
    """Do all moves as one resampling, the crop as another, and all tones as one table."""
    steps = moves(values, (picture.shape[1], picture.shape[0]), after)
    crops = steps[-1:] if "random_resized_crop.area" in values else []
    moved = [_composed(steps[: len(steps) - len(crops)]), *crops]
    gain, shift = 1.0, 0.0
    for one, other in tones(values):
        gain, shift = one * gain, one * shift + other
    return _in_steps(picture, moved, {}, after, [(gain, shift)])


def _in_steps(
    picture: Picture,
    steps: list[Floats],
    values: Values,
    after: Size,
    lines: list[tuple[float, float]] | None = None,
) -> Picture:
    out, size = picture, (picture.shape[1], picture.shape[0])
    half = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1]])
    for number, step in enumerate(steps):
        matrix = (np.linalg.inv(half) @ step @ half)[:2]
        into = after if number + 1 == len(steps) else size
        out = np.asarray(cv2.warpAffine(out, matrix, into, flags=cv2.INTER_LINEAR), np.uint8)
    for gain, shift in tones(values) if lines is None else lines:
        levels = gain * (np.arange(256) / 255 - 0.5) + 0.5 + shift
        out = np.asarray(cv2.LUT(out, np.rint(np.clip(levels, 0, 1) * 255).astype(np.uint8)), np.uint8)
    return out.reshape(after[1], after[0], -1)


def _composed(steps: list[Floats]) -> Floats:
    out = np.eye(3)
    for step in steps:
        out = step @ out
    return out


def decibels(made: Picture, true: Floats, where: NDArray[np.bool_]) -> float:
    """Return the peak signal-to-noise ratio over some pixels, in dB."""
    error = (made.astype(np.float64) - true)[where]
    return float(10 * np.log10(255**2 / max(float((error**2).mean()), 1e-12)))


def sharpness(made: Picture, true: Floats, where: NDArray[np.bool_]) -> float:
    """Return how strong edges are against the truth's: the root mean square of the Laplacian, as a share."""
    inner = cv2.erode(where.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(np.bool_)

    def strength(levels: NDArray[np.floating]) -> float:
        edges = cv2.Laplacian(levels, cv2.CV_64F).reshape(levels.shape)[inner]
        return float((edges**2).mean())

    return math.sqrt(strength(made.astype(np.float64)) / max(strength(true), 1e-12))

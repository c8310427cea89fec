"""Policies done apart from augkit: their own draws, and what those do, measured by other arithmetic.

Nothing here calls `augkit.draw`, `augkit.ops` or `augkit.reach`: a policy is read as plain data, draws come
from NumPy's generator, maps are 3×3 matrices on a sheet in picture heights with y down, poses come from a
singular value decomposition, what is kept from clipped polygons, and tones from curves at many places.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator
from typing import Any

import numpy as np

Plain = dict[str, Any]

RANGES: dict[str, dict[str, tuple[float, float]]] = {
    "shift": {"x": (0, 0), "y": (0, 0)},
    "flip_horizontal": {},
    "flip_vertical": {},
    "transpose": {},
    "quarter_turn": {"quarters": (1, 3)},
    "zoom": {"factor": (1, 1), "x": (1, 1), "y": (1, 1)},
    "rotate": {"degrees": (0, 0)},
    "shear": {"x_degrees": (0, 0), "y_degrees": (0, 0)},
    "aspect": {"ratio": (1, 1)},
    "crop": {"side": (1, 1), "x": (0, 1), "y": (0, 1)},
    "random_resized_crop": {"area": (0.08, 1), "ratio": (3 / 4, 4 / 3), "x": (0, 1), "y": (0, 1)},
    "centre_crop": {},
    "pad": {},
    "resize": {},
    "contrast": {"gain": (1, 1)},
    "brightness": {"shift": (0, 0)},
    "invert": {},
    "gamma": {"exponent": (1, 1)},
    "solarize": {"threshold": (1, 1)},
}
"""What each op draws and between which ends, where the policy does not say: from the ops' pages."""

_LEVELS = np.linspace(0, 1, 2049)


@dataclasses.dataclass
class Leaf:
    """One step of a policy as it is written: its op, what it is given, and the ends of what it draws."""

    op: str
    given: Plain
    ends: dict[str, tuple[float, float]]


@dataclasses.dataclass
class Sample:
    """Draws of a policy: which leaves are done (L, N), and what each draws, arrays (N,)."""

    leaves: list[Leaf]
    done: np.ndarray
    numbers: list[dict[str, np.ndarray]]
    aspect: np.ndarray


def leaves(nodes: list[Any]) -> Iterator[Leaf]:
    for node in nodes:
        ((op, body),) = node.items()
        if op in ("one_of", "some_of"):
            for branch in body["steps"]:
                yield from leaves(branch if isinstance(branch, list) else [branch])
        else:
            given = {key: value for key, value in (body or {}).items() if key != "p"}
            ends = {k: tuple(given[k]) if k in given else still for k, still in RANGES[op].items()}
            yield Leaf(op, given, ends)


def sample(steps: list[Any], count: int, aspect: tuple[float, float], rng: np.random.Generator) -> Sample:
    """Draw: what may happen happens often, and every other number lies at an end of its range."""
    out = list(leaves(steps))
    done: list[np.ndarray] = []
    _choose(steps, np.ones(count, bool), rng, done)
    numbers = []
    for leaf in out:
        drawn = {}
        for name, (low, high) in leaf.ends.items():
            value = rng.uniform(low, high, count)
            ends = rng.random(count)
            value = np.where(ends < 0.25, low, np.where(ends < 0.5, high, value))
            drawn[name] = np.rint(value) if name == "quarters" else value
        numbers.append(drawn)
    shapes = np.exp(rng.uniform(*np.log(aspect), count))
    pick = rng.random(count)
    shapes = np.where(pick < 0.25, aspect[0], np.where(pick < 0.5, aspect[1], shapes))
    return Sample(out, np.array(done).reshape(len(out), count), numbers, shapes)


def _choose(nodes: list[Any], on: np.ndarray, rng: np.random.Generator, done: list[np.ndarray]) -> None:
    for node in nodes:
        ((op, body),) = node.items()
        p = float((body or {}).get("p", 1))
        mine = on & (rng.random(len(on)) < (p if p in (0, 1) else 0.5))
        if op not in ("one_of", "some_of"):
            done.append(mine)
            continue
        branches = [b if isinstance(b, list) else [b] for b in body["steps"]]
        n = 1 if op == "one_of" else body["n"]
        least, most = n if isinstance(n, list) else (n, n)
        how_many = rng.integers(least, most + 1, len(on))
        rank = rng.random((len(branches), len(on))).argsort(axis=0).argsort(axis=0)
        for branch, place in zip(branches, rank, strict=True):
            _choose(branch, mine & (place < how_many), rng, done)


@dataclasses.dataclass
class Measured:
    """What draws do: angles in degrees, NaN where a draw does not speak of an axis; slopes, all of each."""

    turn: np.ndarray
    mirrored: np.ndarray
    stretch: np.ndarray
    zoom: np.ndarray
    kept: np.ndarray
    brightness: np.ndarray
    contrast: np.ndarray
    inverted: np.ndarray


def measure(drawn: Sample) -> Measured:
    count = len(drawn.aspect)
    whole = np.tile(np.eye(3), (count, 1, 1))
    wide, high = drawn.aspect.copy(), np.ones(count)
    start = wide.copy()
    windows: list[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]] = []
    level = np.tile(_LEVELS, (count, 1))
    for leaf, done, numbers in zip(drawn.leaves, drawn.done, drawn.numbers, strict=True):
        if leaf.op in _TONES:
            level = np.where(done[:, None], _TONES[leaf.op](level, numbers), level)
            continue
        move, new_wide, new_high, window = _moved(leaf, numbers, wide, high)
        if window is not None:
            windows.append((done, whole.copy(), *window))
        whole = np.where(done[:, None, None], move @ whole, whole)
        wide, high = np.where(done, new_wide, wide), np.where(done, new_high, high)
    # Both frames to one area, their middles at 0, y up.
    linear = whole[:, :2, :2] * np.sqrt(start * 1.0 / (wide * high))[:, None, None]
    linear = linear * np.array([[1, -1], [-1, 1]])
    u, s, vt = np.linalg.svd(linear)
    flipped = np.linalg.det(linear) < 0
    # linear = turn · stretch, or turn · stretch · flip: the polar part of what is left without the flip.
    polar = np.where(flipped[:, None, None], u @ vt @ np.diag([-1.0, 1.0]), u @ vt)
    angle = np.degrees(np.arctan2(polar[:, 1, 0], polar[:, 0, 0]))
    windows.append((np.ones(count, bool), whole, -wide / 2, -high / 2, wide / 2, high / 2))
    slopes = np.diff(level, axis=1) * (len(_LEVELS) - 1)
    return Measured(
        turn=np.where(flipped, np.nan, angle),
        mirrored=np.where(flipped, angle, np.nan),
        stretch=s[:, 0] / s[:, 1],
        zoom=np.sqrt(s[:, 0] * s[:, 1]),
        kept=np.array([_kept(start[i], windows, i) for i in range(count)]),
        brightness=level[:, len(_LEVELS) // 2] - 0.5,
        contrast=np.where(slopes >= 0, slopes, np.nan),
        inverted=np.where(slopes < -1e-9, -slopes, np.nan),
    )


def _mat(a: Any, b: Any, c: Any, d: Any, x: Any = 0.0, y: Any = 0.0) -> np.ndarray:
    entries = np.broadcast_arrays(a, b, x, c, d, y, 0.0, 0.0, 1.0)
    return np.stack(entries, axis=-1).reshape(-1, 3, 3).astype(float)


def _moved(
    leaf: Leaf, n: dict[str, np.ndarray], wide: np.ndarray, high: np.ndarray
) -> tuple[np.ndarray, Any, Any, Any]:
    """Return the matrix about the frame's middle with y down, the frame after, and a window if one is cut."""
    op, ones = leaf.op, np.ones_like(wide)
    if op == "shift":
        return _mat(ones, 0, 0, 1, n["x"] * wide, -n["y"] * high), wide, high, None
    if op == "flip_horizontal":
        return _mat(-ones, 0, 0, 1), wide, high, None
    if op == "flip_vertical":
        return _mat(ones, 0, 0, -1), wide, high, None
    if op == "transpose":  # rows become columns: (x, y) is seen at (y, x), y down
        return _mat(0 * ones, 1, 1, 0), wide, high, None
    if op in ("rotate", "quarter_turn"):
        angle = np.radians(n["degrees"] if op == "rotate" else 90 * n["quarters"])
        return _mat(np.cos(angle), np.sin(angle), -np.sin(angle), np.cos(angle)), wide, high, None
    if op == "zoom":
        return _mat(n["factor"] * n["x"], 0, 0, n["factor"] * n["y"]), wide, high, None
    if op == "aspect":
        return _mat(np.sqrt(n["ratio"]), 0, 0, 1 / np.sqrt(n["ratio"])), wide, high, None
    if op == "shear":  # the top, at negative y, leans to the right; then the right side is lifted
        kx, ky = np.tan(np.radians(n["x_degrees"])), np.tan(np.radians(n["y_degrees"]))
        return _mat(ones, 0, -ky, 1) @ _mat(ones, -kx, 0, 1), wide, high, None
    return _framed(leaf, n, wide, high)


def _framed(
    leaf: Leaf, n: dict[str, np.ndarray], wide: np.ndarray, high: np.ndarray
) -> tuple[np.ndarray, Any, Any, Any]:
    op, given, ones = leaf.op, leaf.given, np.ones_like(wide)
    if op == "resize":
        if "shorter" in given:
            return _mat(ones, 0, 0, 1), wide, high, None
        return (
            _mat(given["width"] / wide, 0, 0, given["height"] / high),
            given["width"],
            given["height"],
            None,
        )
    if op == "pad":
        new = [side * (1 + 2 * given.get("share", 0)) for side in (wide, high)]
        shape = given.get("aspect")
        if shape is not None:
            new = [np.maximum(new[0], new[1] * shape), np.maximum(new[1], new[0] / shape)]
        return _mat(ones, 0, 0, 1), *new, None
    if op == "centre_crop":
        new = [side * given.get("side", 1) for side in (wide, high)]
        shape = given.get("aspect")
        if shape is not None:
            new = [np.minimum(new[0], new[1] * shape), np.minimum(new[1], new[0] / shape)]
        return _mat(ones, 0, 0, 1), *new, (-new[0] / 2, -new[1] / 2, new[0] / 2, new[1] / 2)
    if op == "crop":
        part_x = part_y = n["side"]
    else:  # a window whose shape gives way, so that it fits and keeps its area
        part_x = np.sqrt(n["area"] * n["ratio"] * high / wide)
        part_x = np.clip(part_x, n["area"], 1)
        part_y = n["area"] / part_x
    left = (n["x"] * (1 - part_x) - 0.5) * wide
    bottom = (n["y"] * (1 - part_y) - 0.5) * high  # from below
    top = -(bottom + part_y * high)
    window = (left, top, left + part_x * wide, top + part_y * high)
    move = _mat(
        1 / part_x, 0, 0, 1 / part_y,
        -(window[0] + window[2]) / 2 / part_x, -(window[1] + window[3]) / 2 / part_y,
    )  # fmt: skip
    return move, wide, high, window


def _gamma(x: np.ndarray, n: dict[str, np.ndarray]) -> np.ndarray:
    e, g = 0.055, n["exponent"][:, None]
    held = np.clip(x, 0, 1)
    return ((held + e) ** g - e**g) / ((1 + e) ** g - e**g) + x - held


def _solarized(x: np.ndarray, n: dict[str, np.ndarray]) -> np.ndarray:
    at = n["threshold"][:, None]
    return np.where((255 * x >= 256 * at) & (at < 1), 1 - x, x)


_TONES: dict[str, Any] = {
    "contrast": lambda x, n: 0.5 + n["gain"][:, None] * (x - 0.5),
    "brightness": lambda x, n: x + n["shift"][:, None],
    "invert": lambda x, n: 1 - x,
    "gamma": _gamma,
    "solarize": _solarized,
}


def _kept(wide: float, windows: list[Any], i: int) -> float:
    """Return the share of the source that lies in every window, by cutting its rectangle edge by edge."""
    shape = [(-wide / 2, -0.5), (wide / 2, -0.5), (wide / 2, 0.5), (-wide / 2, 0.5)]
    for done, whole, left, top, right, bottom in windows:
        if not done[i]:
            continue
        m = whole[i]
        for row, sign, at in ((0, -1, left[i]), (0, 1, right[i]), (1, -1, top[i]), (1, 1, bottom[i])):
            # sign · (m[row] · (x, y, 1)) <= sign · at
            shape = _cut(shape, sign * m[row, 0], sign * m[row, 1], sign * (at - m[row, 2]))
    area = 0.0
    for (x0, y0), (x1, y1) in zip(shape, shape[1:] + shape[:1], strict=True):
        area += x0 * y1 - x1 * y0
    return abs(area) / 2 / wide


def _cut(shape: list[tuple[float, float]], a: float, b: float, c: float) -> list[tuple[float, float]]:
    """Return the part of a convex polygon where a x + b y <= c."""
    out: list[tuple[float, float]] = []
    for (x0, y0), (x1, y1) in zip(shape, shape[1:] + shape[:1], strict=True):
        d0, d1 = a * x0 + b * y0 - c, a * x1 + b * y1 - c
        if d0 <= 0:
            out.append((x0, y0))
        if (d0 < 0 < d1) or (d1 < 0 < d0):
            t = d0 / (d0 - d1)
            out.append((x0 + t * (x1 - x0), y0 + t * (y1 - y0)))
    return out if len(out) > 2 else []


def off(angles: np.ndarray, arcs: list[tuple[float, float]]) -> np.ndarray:
    """Return by how many degrees angles miss a set of arcs; 0 inside, and where there is no angle."""
    miss = np.full(angles.shape, math.inf if arcs else 180.0)
    for low, high in arcs:
        if high - low >= 360:
            return np.zeros(angles.shape)
        beyond = (angles - low) % 360
        short = np.minimum(beyond - (high - low), 360 - beyond)
        miss = np.minimum(miss, np.where(beyond <= high - low + 1e-9, 0, short))
    return np.where(np.isnan(angles), 0.0, miss)

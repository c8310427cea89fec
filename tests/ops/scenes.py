"""Pictures that ops are tried on, and the plain blur that some are compared with."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from augkit.ops import OPS, Kernel

Picture = NDArray[np.uint8]

SHAPES = [(60, 60, 1), (45, 80, 3), (31, 17, 3), (1, 1, 1), (1, 9, 3), (7, 1, 1)]


def op(name: str, **settings: Any) -> Kernel:
    made = OPS[name](**settings)
    assert isinstance(made, Kernel)
    return made


def scene(height: int, width: int, channels: int = 3) -> Picture:
    """Return a picture with soft and hard edges, as far as both go in every channel."""
    y, x = np.mgrid[0 : height * 1.0, 0 : width * 1.0]
    planes = [
        127
        + 60 * np.sin(x / width * 9 + c) * np.cos(y / height * 7)
        + 60 * (x / width + y / height > 1 + c / 9)
        for c in range(channels)
    ]
    return np.clip(np.stack(planes, axis=2), 0, 255).astype(np.uint8)


def photo(height: int, width: int) -> Picture:
    """Return a part of a real photograph."""
    from sklearn.datasets import load_sample_image

    whole = np.asarray(load_sample_image("china.jpg"))
    return np.ascontiguousarray(whole[150 : 150 + height, 200 : 200 + width])


def speckled(height: int, width: int, channels: int = 3, seed: int = 0) -> Picture:
    """Return a picture of random pixels."""
    return np.random.default_rng(seed).integers(0, 256, (height, width, channels), dtype=np.uint8)


def gaussian(picture: NDArray[Any], sigma: float, *, sigmas: float = 4) -> NDArray[np.float64]:
    """Blur in float64, the edges continued, the Gaussian cut off at so many sigmas."""
    reach = math.ceil(sigmas * sigma)
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    weights /= weights.sum()
    out = picture.astype(np.float64)
    for axis in (0, 1):
        pad = [(reach, reach) if a == axis else (0, 0) for a in range(picture.ndim)]
        padded = np.pad(out, pad, mode="edge")
        out = sum(  # type: ignore[assignment]
            w * np.take(padded, range(k, k + picture.shape[axis]), axis=axis) for k, w in enumerate(weights)
        )
    return out

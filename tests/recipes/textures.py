"""Ten classes of made pictures, textures and shapes in any colours, that an AlexNet can be seen to learn."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from augkit import codec

Floats = NDArray[np.float64]

POLICY = """
version: 1
task: natural
steps:
  - resize: {shorter: 108}
  - centre_crop: {aspect: 1}
  - crop: {side: [0.88, 0.88]}         # 95 of 108, which leaves 2 x 2 before the dense layers
  - flip_horizontal: {p: 0.5}
  - pca_colour: {sigma: [0.1, 0.1]}
  - resize: {width: 95, height: 95}
"""


def _blobs(x: Floats, y: Floats, chance: np.random.Generator) -> Floats:
    smooth = cv2.GaussianBlur(chance.normal(size=x.shape), (0, 0), chance.uniform(4, 7))
    return np.asarray(np.tanh(3 * smooth / smooth.std()))


# name: from places in pixels, about a point near the middle, to levels of -1 to 1; f is what a pixel turns
DRAWN: dict[str, Callable[[Floats, Floats, float, np.random.Generator], Floats]] = {
    "level": lambda x, y, f, chance: np.sin(y * f),
    "upright": lambda x, y, f, chance: np.sin(x * f),
    "aslant": lambda x, y, f, chance: np.sin((x + chance.choice([-1, 1]) * y) * f / 1.4),
    "checkers": lambda x, y, f, chance: np.sign(np.sin(x * f / 2) * np.sin(y * f / 2)),
    "dots": lambda x, y, f, chance: np.sign(np.cos(x * f) + np.cos(y * f) - 1.1),
    "rings": lambda x, y, f, chance: np.sin(np.hypot(x, y) * f),
    "rays": lambda x, y, f, chance: np.sign(np.sin(np.arctan2(y, x) * chance.integers(5, 9))),
    "squares": lambda x, y, f, chance: np.sin(np.maximum(abs(x), abs(y)) * f),
    "blobs": lambda x, y, f, chance: _blobs(x, y, chance),
    "grain": lambda x, y, f, chance: np.tanh(2 * chance.normal(size=x.shape)),
}


def picture(label: int, number: int) -> NDArray[np.uint8]:
    """Draw one, uint8 of about 150 x 135 x 3; no two are alike."""
    chance = np.random.default_rng(10_000 * label + number)
    width, height = chance.integers(135, 165), chance.integers(128, 145)
    across, down = np.meshgrid(np.arange(width), np.arange(height))
    x, y = across - chance.normal(width / 2, 12), down - chance.normal(height / 2, 12)
    level = list(DRAWN.values())[label](x, y, chance.uniform(0.35, 0.6), chance)
    dark, light = chance.uniform(0, 110, 3), chance.uniform(140, 255, 3)
    share = (level[:, :, None] + 1) / 2
    levels = dark + (light - dark) * share + chance.normal(0, 10, (height, width, 3))
    return np.clip(levels, 0, 255).astype(np.uint8)


def make(root: Path, train: int, test: int) -> Path:
    """Write root/train and root/val, so many JPEG files of each class, and the policy; return root."""
    for split, count, first in (("train", train, 0), ("val", test, 5_000)):
        for label, name in enumerate(DRAWN):
            folder = root / split / name
            folder.mkdir(parents=True)
            for number in range(first, first + count):
                (folder / f"{number}.jpg").write_bytes(codec.encode(picture(label, number), "jpeg"))
    (root / "policy.yaml").write_text(POLICY, encoding="utf-8")
    return root

"""Transforms that raise detail declare at least what they do to pixels, and what our own op declares."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from augkit.intervals import Interval
from augkit.ops import OPS
from augkit.ops.foreign import Albumentations
from augkit.reach import Reach

SQUARE = Interval(1, 1)
RAISING: list[tuple[str, dict[str, Any]]] = [
    ("Sharpen", {"alpha": [0.1, 0.1], "lightness": [1.0, 1.0]}),
    ("Sharpen", {"alpha": [0.2, 0.4], "lightness": [0.5, 1.0]}),
    ("Sharpen", {"alpha": [0.5, 0.5], "method": "gaussian", "kernel_size": 5, "sigma": 1.0}),
    ("UnsharpMask", {"alpha": [0.5, 0.5], "blur_limit": [3, 7], "threshold": 0}),
    ("Emboss", {"alpha": [0.2, 0.2], "strength": [0.3, 0.3]}),
]


def made(name: str, given: dict[str, Any]) -> Albumentations:
    return Albumentations(name=name, arguments=json.dumps(given))


@pytest.mark.parametrize(("name", "given"), RAISING)
def test_a_dot_is_raised_as_declared_and_no_farther(name: str, given: dict[str, Any]) -> None:
    op = made(name, given)
    reach, rng = op.effects(SQUARE), np.random.default_rng(0)
    raised, moved = [], []
    for seed in range(6):
        dot = np.full((41, 41, 3), 128, np.uint8)
        dot[20, 20] = 148
        raised.append((float(op.apply(dot, {"field": float(seed)})[20, 20, 0]) - 128) / 20)
        stark = np.repeat(np.where(rng.random((41, 41, 1)) < 0.5, 0, 255), 3, axis=2).astype(np.uint8)
        stark[20, 20] = 128
        moved.append((float(op.apply(stark, {"field": float(seed)})[20, 20, 0]) - 128) / 255)
    assert reach.contrast.low - 0.05 <= min(raised) <= max(raised) <= reach.contrast.high + 0.05
    assert reach.brightness.low - 0.01 <= min(moved) <= max(moved) <= reach.brightness.high + 0.01
    if name == "Sharpen" and "method" not in given:
        assert max(raised) > 0.8 * reach.contrast.high


def test_an_unsharp_mask_declares_what_sharpen_declares() -> None:
    ours = OPS["sharpen"](strength=(0.2, 0.5)).effects(SQUARE)  # type: ignore[call-arg]
    assert made("UnsharpMask", {"alpha": [0.2, 0.5]}).effects(SQUARE) == ours
    assert ours != Reach()


def test_bytes_that_go_round_make_what_is_darker_lighter() -> None:
    op = made("Sharpen", {"alpha": [0.5, 0.5], "method": "gaussian"})
    dark = np.full((9, 9, 3), 100, np.uint8)
    dark[4, 4] = 90
    assert op.apply(dark, {"field": 1.0})[4, 4, 0] > 200
    assert not op.effects(SQUARE).inverted.empty

"""What is done to the pictures, as augkit's policies; `peers` says the same in the words of other tools."""

from __future__ import annotations

import numpy as np

from augkit import policy, safety, tasks
from augkit.draw import Draws
from augkit.intervals import Interval
from augkit.plan import Plan
from tests.benchmarks import pictures
from tests.benchmarks.pictures import Picture

PHOTO = """
version: 1
task: natural
on_unsafe: redraw          # each draw is held against what photographs survive
steps:
  - flip_horizontal: {p: 0.5}
  - shift: {x: [-0.1, 0.1], y: [-0.1, 0.1]}
  - zoom: {factor: [0.8, 1.25]}
  - rotate: {degrees: [-15, 15]}
  - shear: {x_degrees: [-10, 10]}
  - random_resized_crop: {area: [0.25, 1]}
  - resize: {width: 224, height: 224}
  - brightness: {shift: [-0.3, 0.3]}
  - contrast: {gain: [0.7, 1.3]}
"""

DIGIT = """
version: 1
task: digits
steps:
  - shift: {x: [-0.0714, 0.0714], y: [-0.0714, 0.0714]}   # two pixels of 28
  - zoom: {factor: [0.9, 1.1]}
  - rotate: {degrees: [-10, 10]}
  - shear: {x_degrees: [-8, 8]}
  - contrast: {gain: [0.7, 1.3]}
"""

SHAPES = Interval(0.75, 2.0)
"""Width over height of the photos: no photo is outside it."""


def photo_plan(copies: int = 1, *, keep_originals: bool = False) -> Plan:
    """Return the judged plan for photos."""
    judged = safety.judge(policy.parse(PHOTO, "photo"), tasks.load("natural"), aspect=SHAPES)
    return Plan(judged.safe_policy(), pictures.CLASSES, copies=copies, keep_originals=keep_originals)


def digit_plan(copies: int = 1, *, keep_originals: bool = False) -> Plan:
    """Return the judged plan for digits."""
    judged = safety.judge(policy.parse(DIGIT, "digit"), tasks.load("digits"))
    return Plan(judged.safe_policy(), pictures.DIGITS, copies=copies, keep_originals=keep_originals)


def drawn(plan: Plan, some: list[Picture] | Picture, labels: list[int], copy: int = 1) -> Draws:
    """Draw for pictures in memory: keys hashed, numbers drawn, guarded, and written down as provenance."""
    count = len(some)
    keys = [f"picture-{number:05d}" for number in range(count)]
    sizes = np.array([(picture.shape[1], picture.shape[0]) for picture in some], dtype=np.int64)
    draws = plan.draw(keys, np.asarray(labels, np.int64), np.full(count, copy, np.int64), sizes)
    _ = draws.values
    return draws

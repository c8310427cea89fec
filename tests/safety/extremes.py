"""How far random policies really go: found by dense search, apart from the witnesses and proofs."""

from __future__ import annotations

import dataclasses
import math
import random

import numpy as np

from augkit.draw import Draws, numbered
from augkit.intervals import Arcs, Interval
from augkit.policy import Policy
from augkit.reach import Limits
from tests.policies import GEOMETRIC, TONAL, drawn, read, written

AXES = ("turn", "mirrored", "stretch", "zoom", "kept", "contrast", "inverted", "brightness")
LEAST = 0.01
"""An axis that moves by less than this is not worth a limit."""


def affine_and_tone(rng: random.Random, most: int = 8) -> Policy:
    """Make a random policy of maps and lines with one to `most` drawn numbers."""
    while True:
        plain = written(rng, ops=GEOMETRIC + TONAL, steps=6, depth=rng.choice([0, 0, 1]))
        policy = read(plain)
        if 1 <= sum(number.low < number.high for _, number in numbered(policy)) <= most:
            return policy


def far(draws: Draws, axis: str) -> np.ndarray:
    """Return how far each draw goes on an axis, 0 at rest; minus infinity where it does not speak of it."""
    value = draws.effects[axis]
    return np.nan_to_num(how_far(axis, value), nan=-np.inf)


def how_far(axis: str, value: np.ndarray) -> np.ndarray:
    if axis in ("stretch", "zoom"):
        return np.abs(np.log(value))
    if axis == "kept":
        return 1 - value
    return value if axis in ("contrast", "inverted") else np.abs(value)


def extreme(
    policy: Policy, axis: str, rng: random.Random, count: int = 1280, rounds: int = 45
) -> float | None:
    """Search for the farthest draw: many at random and at corners, the best improved by shrinking steps."""
    draws = drawn(policy, count, seed=rng.randrange(2**32))
    score = far(draws, axis)
    best = np.argsort(-score)[:64]
    if score[best[0]] < LEAST:
        return None
    at, score = draws.take(best), score[best]
    low, high = (np.array([[getattr(n, end)] for _, n in numbered(policy)]) for end in ("low", "high"))
    fixed = np.array([[bool(n.options)] for _, n in numbered(policy)])
    chance = np.random.default_rng(rng.randrange(2**32))
    for turn in range(rounds):
        width = (high - low) * 0.8 ** (turn % 23)
        still = fixed | (chance.random(at.numbers.shape) < 0.5)
        move = np.where(still, 0, width * chance.uniform(-1, 1, at.numbers.shape))
        trial = dataclasses.replace(at, numbers=np.clip(at.numbers + move, low, high))
        new = far(trial, axis)
        better = new > score
        at = dataclasses.replace(at, numbers=np.where(better, trial.numbers, at.numbers))
        score = np.where(better, new, score)
    return float(score.max())


def limit_at(axis: str, distance: float) -> Limits | None:
    """Return the limits that reach `distance` from rest, or None where that is everything."""
    if axis in ("turn", "mirrored"):
        return Arcs.of((-distance, distance)) if distance < 180 else None
    if axis == "kept":
        return Interval(1 - distance, 1) if distance <= 1 else None
    if axis == "stretch":
        return Interval(1, math.exp(distance))
    if axis == "zoom":
        return Interval(math.exp(-distance), math.exp(distance))
    return Interval(0, distance) if axis in ("contrast", "inverted") else Interval(-distance, distance)

"""Verdicts against draws that augkit had no hand in: `apart` draws, does and measures policies by itself.

What is judged safe no draw leaves; what is judged unsafe is shown by a draw that the policy can make and that
leaves the limit by the other arithmetic too; what is reached holds every draw.
"""

from __future__ import annotations

import json
import math
import random
from typing import Any

import numpy as np
import pytest

from augkit import policy, tasks
from augkit.intervals import Arcs, Interval
from augkit.policy import Policy
from augkit.reach import Limits
from augkit.safety import judge
from augkit.safety.settle import Settler
from tests.safety import apart
from tests.safety.test_proof import can_make

AXES = ("turn", "mirrored", "stretch", "zoom", "kept", "brightness", "contrast", "inverted")
CLOSE = 1e-5
SEEN = dict.fromkeys(("contrast", "inverted"), -0.005)
"""A slope between two of many places is a little less steep than the steepest, at the end of a gamma."""
TASKS = ("digits", "traffic-signs", "latin-letters", "natural", "chest-xray", "aerial", "hands")

_FAR: dict[str, Any] = {
    "shift": {"x": (-0.4, 0.4), "y": (-0.4, 0.4)},
    "zoom": {"factor": (0.4, 2.5), "x": (0.5, 2), "y": (0.5, 2)},
    "rotate": {"degrees": (-180, 180)},
    "shear": {"x_degrees": (-40, 40), "y_degrees": (-40, 40)},
    "aspect": {"ratio": (0.5, 2)},
    "crop": {"side": (0.4, 1)},
    "random_resized_crop": {"area": (0.1, 1), "ratio": (0.4, 2.5)},
    "contrast": {"gain": (0, 2.5)},
    "brightness": {"shift": (-0.5, 0.5)},
    "gamma": {"exponent": (0.4, 3)},
    "solarize": {"threshold": (0, 1)},
    **{op: {} for op in ("flip_horizontal", "flip_vertical", "transpose", "quarter_turn", "invert")},
}
_SIZED: list[dict[str, Any]] = [
    {"resize": {"width": 300, "height": 200}},
    {"resize": {"width": 64, "height": 64}},
    {"resize": {"shorter": 4000}},
    {"pad": {"share": 0.2}},
    {"pad": {"aspect": 1.0}},
    {"pad": {"aspect": 0.6, "share": 0.1}},
    {"centre_crop": {"side": 0.7}},
    {"centre_crop": {"aspect": 1.0}},
    {"centre_crop": {"aspect": 1.6, "side": 0.9}},
]


def step(rng: random.Random, width: float) -> dict[str, Any]:
    op = rng.choice(list(_FAR))
    body: dict[str, Any] = {}
    for name, (low, high) in _FAR[op].items():
        if len(_FAR[op]) > 1 and rng.random() < 0.4:
            continue
        middle, half = (low + high) / 2, width * (high - low) / 2
        ends = sorted(round(min(high, max(low, rng.gauss(middle, half))), 2) for _ in range(2))
        body[name] = [ends[0], rng.choice(ends)] if rng.random() < 0.9 else [ends[1], ends[1]]
    if op in ("rotate", "crop", "random_resized_crop", "contrast", "brightness", "gamma", "solarize"):
        body = body or {k: list(v) for k, v in _FAR[op].items()}
    if rng.random() < 0.4:
        body["p"] = rng.choice([0, 0.01, 0.5, 1])
    return {op: body}


def nodes(rng: random.Random, depth: int, width: float) -> list[dict[str, Any]]:
    out: list[dict[str, Any]] = []
    for _ in range(rng.choice([1, 1, 2, 2, 3])):
        if depth == 0 or rng.random() < 0.65:
            out.append(step(rng, width))
            continue
        some = [nodes(rng, depth - 1, width) for _ in range(rng.choice([1, 2, 2, 3]))]
        branches = [branch[0] if len(branch) == 1 else branch for branch in some]
        body: dict[str, Any] = {"steps": branches} | ({"p": 0.5} if rng.random() < 0.3 else {})
        if rng.random() < 0.5:
            out.append({"one_of": body})
        else:
            ends = sorted(rng.randint(0, len(branches)) for _ in range(2))
            out.append({"some_of": {"n": rng.choice([ends, ends[1]]), **body}})
    return out


def made(seed: int) -> tuple[list[dict[str, Any]], Policy, tuple[float, float], np.random.Generator]:
    rng = random.Random(seed)
    steps = nodes(rng, rng.choice([0, 1, 2]), rng.choice([0.1, 0.3, 1.0]))
    for _ in range(rng.choice([0, 0, 1, 2])):
        steps.insert(rng.randint(0, len(steps)), rng.choice(_SIZED))
    aspect = rng.choice([(1.0, 1.0), (1.0, 1.0), (0.6, 0.6), (0.75, 1.5), (1.3, 2.0)])
    read = policy.parse(json.dumps({"version": 1, "task": "digits", "steps": steps}), "apart.yaml")
    return steps, read, aspect, np.random.default_rng(seed)


def beyond(found: apart.Measured, axis: str, limit: Limits) -> np.ndarray:
    """Return how far draws lie outside a limit, float64 (N,)."""
    values = getattr(found, axis)
    if isinstance(limit, Arcs):
        return apart.off(values, list(limit.arcs))
    over = np.fmax(limit.low - values, values - limit.high)
    if limit.low > limit.high:
        over = np.where(np.isnan(values), np.nan, math.inf)
    scale = np.maximum(1, np.abs(np.nan_to_num(values)))
    over = np.nan_to_num(over / scale, nan=0.0, posinf=math.inf)
    return over if over.ndim == 1 else over.max(axis=1)


def measurable(steps: list[Any]) -> list[str]:
    """Return the axes that `apart` can measure: where solarize jumps there is no slope."""
    jumps = any(leaf.op == "solarize" for leaf in apart.leaves(steps))
    return [axis for axis in AXES if not (jumps and axis in ("contrast", "inverted"))]


def of_witness(steps: list[Any], read: Policy, witness: Any) -> apart.Measured:
    """Measure a witness by the other arithmetic, from its numbers alone."""
    out = list(apart.leaves(steps))
    numbers, row = [], 0
    for leaf, mine in zip(out, read.leaves(), strict=True):
        drawn = {}
        for number in mine.op.drawn():
            drawn[number.name] = witness.numbers[row]
            row += 1
        assert set(drawn) == set(leaf.ends), leaf.op
        numbers.append(drawn)
    return apart.measure(apart.Sample(out, witness.active, numbers, witness.aspects))


def farther(
    steps: list[Any], start: apart.Sample, axis: str, limit: Limits, rng: np.random.Generator
) -> np.ndarray:
    """Climb from the draws that go farthest beyond a limit, and return how far they get."""
    best = np.argsort(-beyond(apart.measure(start), axis, limit))[:24]
    done, shapes = start.done[:, best], start.aspect[best]
    at = [{k: v[best] for k, v in drawn.items()} for drawn in start.numbers]
    far = beyond(apart.measure(apart.Sample(start.leaves, done, at, shapes)), axis, limit)
    for turn in range(12):
        trial = []
        for leaf, drawn in zip(start.leaves, at, strict=True):
            moved = {}
            for name, (low, high) in leaf.ends.items():
                by = (high - low) * 0.6**turn * rng.uniform(-1, 1, len(best)) * (rng.random(len(best)) < 0.6)
                moved[name] = np.clip(drawn[name] + (0 if name == "quarters" else by), low, high)
            trial.append(moved)
        new = beyond(apart.measure(apart.Sample(start.leaves, done, trial, shapes)), axis, limit)
        better = new > far
        at = [{k: np.where(better, t[k], a[k]) for k in a} for t, a in zip(trial, at, strict=True)]
        far = np.where(better, new, far)
    return far


def hold_one(seed: int, count: int) -> set[str]:
    """Attack one random policy; return the answers that it met."""
    steps, read, aspect, rng = made(seed)
    span, met = Interval(*aspect), set()
    drawn = apart.sample(steps, count, aspect, rng)
    found = apart.measure(drawn)
    settler = Settler(read, span)
    for axis in measurable(steps):
        over = beyond(found, axis, settler.reach.on(axis))
        assert over.max() <= CLOSE, (seed, axis, "beyond the reach", steps, aspect, over.max())
        limit = near(found, axis, rng)
        if limit is None:
            continue
        answer = settler.settle(axis, limit)
        met.add(answer.state)
        if answer.state == "safe":
            far = farther(steps, drawn, axis, limit, rng).max()
            assert far <= CLOSE, (seed, axis, "not safe", limit, steps, aspect, far)
        if answer.state == "unsafe":
            assert answer.witness is not None and can_make(answer.witness)
            far = beyond(of_witness(steps, read, answer.witness), axis, limit)
            assert far[0] > SEEN.get(axis, 0), (seed, axis, "not a witness", limit, steps, aspect)
    name = random.Random(seed).choice(TASKS)
    task = tasks.load(name)
    verdict = judge(read, task, aspect=span)
    codes = {finding.code for finding in verdict.findings}
    for limits, classes in task.limits().items():
        for axis in measurable(steps):
            out = beyond(found, axis, limits.on(axis)).max()
            assert out <= CLOSE or codes & RULES_ON[axis], (seed, name, classes, axis, out, steps, aspect)
    for finding in verdict.findings:
        if finding.axis in measurable(steps) and finding.witness is not None and finding.survived is not None:
            far = beyond(of_witness(steps, read, finding.witness), finding.axis, finding.survived)
            assert far[0] > SEEN.get(finding.axis, 0), (seed, name, finding.text(), steps, aspect)
            assert can_make(finding.witness)
    return met


RULES_ON = {
    "turn": {"LS102", "LS401"},
    "mirrored": {"LS101", "LS401"},
    "stretch": {"LS103"},
    "zoom": {"LS104"},
    "contrast": {"LS201"},
    "brightness": {"LS202"},
    "inverted": {"LS203"},
    "kept": {"LS301"},
}


def near(found: apart.Measured, axis: str, rng: np.random.Generator) -> Limits | None:
    """Return a limit near how far draws were seen to go: a little wider, a little narrower, or just so."""
    values = getattr(found, axis)
    values = values[~np.isnan(values)]
    if not len(values):
        return None
    by = rng.choice([0.93, 0.99, 1.0, 1.001, 1.01, 1.06])
    if axis in ("turn", "mirrored"):
        far = float(np.abs(values).max()) * by
        return Arcs.of((-far, far)) if 0 < far < 180 else Arcs.of((-90, 90))
    low, high = float(values.min()), float(values.max())
    if axis == "kept":
        return Interval(min(1.0, 1 - (1 - low) * by), 1)
    if axis == "stretch":
        return Interval(1, high**by)
    if axis == "zoom":
        return Interval(min(1.0, low**by), max(1.0, high**by))
    return Interval(min(0.0, low * by), high * by)


@pytest.mark.thorough
@pytest.mark.parametrize("part", range(3))
def test_no_draw_made_apart_breaks_a_verdict(part: int) -> None:
    met: set[str] = set()
    for seed in range(1000 * part, 1000 * part + 4):
        met |= hold_one(seed, 150)
    assert {"safe", "unsafe"} <= met


@pytest.mark.slow
@pytest.mark.parametrize("part", range(10))
def test_no_draw_made_apart_breaks_a_verdict_a_thousand_times_over(part: int) -> None:
    for seed in range(1_000_000 + 1000 * part, 1_001_000 + 1000 * part):
        hold_one(seed, 400)

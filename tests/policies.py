"""Random policies and addresses, for properties that hold for every policy that can be written.

One writer serves both: hypothesis through `policies()`, which shrinks, and seeded runs of any size through
`written(random.Random(seed))`.
"""

from __future__ import annotations

import dataclasses
import json
import random
from typing import Any

import numpy as np
from hypothesis import strategies as st

from augkit import policy as policies_
from augkit.draw import Draws, draw
from augkit.ops import OPS, Geometric, Limits, Tone
from augkit.policy import Policy

MODEST = {
    "shift": 0.3,
    "zoom": 0.5,
    "rotate": 60,
    "shear": 30,
    "crop": 0.5,
    "contrast": 0.8,
    "brightness": 0.4,
}
"""How far from doing nothing the settings of an op go in ordinary policies; a new op goes its whole way."""

FRAMING: dict[str, tuple[dict[str, Any], ...]] = {
    "centre_crop": ({"side": 0.8}, {"aspect": 1.0}, {"aspect": 1.5, "side": 0.9}),
    "pad": ({"share": 0.1}, {"aspect": 1.0}, {"aspect": 0.7, "share": 0.05}),
    "resize": ({"width": 40, "height": 40}, {"width": 50, "height": 30}, {"shorter": 36}),
}
"""What steps that change the size of pictures take: they stand on their own and have no ranges."""

MOVING = tuple(name for name in OPS if name not in FRAMING)
GEOMETRIC = tuple(name for name in MOVING if issubclass(OPS[name], Geometric))
TONAL = tuple(name for name, op in OPS.items() if issubclass(op, Tone))


def limits_of(op: str) -> dict[str, Limits]:
    """Return the limits of each range of an op."""
    return {
        field.name: field.metadata["limits"]
        for field in dataclasses.fields(OPS[op])
        if "limits" in field.metadata
    }


def a_range(
    rng: random.Random, limits: Limits, within: float | None, *, rest: bool | None = None
) -> list[float]:
    """Write a range inside the limits, `within` so far of doing nothing; at times a single number.

    `rest` says whether it holds what does nothing; None leaves it to chance.
    """
    low, high = limits.low, limits.high
    if within is not None and limits.still is not None:
        low, high = max(low, limits.still - within), min(high, limits.still + within)
    ends = sorted(round(rng.uniform(low, high), 3) for _ in range(2))
    if limits.still is not None and (rest or (rest is None and rng.random() < 0.4)):
        ends = [min(ends[0], limits.still), max(ends[1], limits.still)]
    if rng.random() < 0.1:
        ends = [ends[0], ends[0]]
    return [min(max(end, limits.low), limits.high) for end in ends]


def a_step(rng: random.Random, ops: tuple[str, ...], *, modest: bool = True) -> dict[str, Any]:
    """Write one step."""
    name = rng.choice(ops)
    if name in FRAMING:
        return {name: dict(rng.choice(FRAMING[name]))}
    limits = limits_of(name)
    needed = [f.name for f in dataclasses.fields(OPS[name]) if f.default is dataclasses.MISSING]
    given = [key for key in limits if key in needed or rng.random() < 0.7] or list(limits)[:1]
    body: dict[str, Any] = {
        key: a_range(rng, limits[key], MODEST.get(name) if modest else None) for key in given
    }
    if rng.random() < 0.5:
        body["p"] = rng.choice([0, 0.001, 0.25, 0.5, 1])
    return {name: body}


def a_node(rng: random.Random, ops: tuple[str, ...], depth: int, *, modest: bool = True) -> dict[str, Any]:
    """Write one step or choice, choices nested up to `depth`."""
    if depth == 0 or rng.random() < 0.7:
        return a_step(rng, ops, modest=modest)
    branches: list[Any] = []
    for _ in range(rng.randint(1, 3)):
        some = [a_node(rng, ops, depth - 1, modest=modest) for _ in range(rng.choice([1, 1, 1, 2]))]
        branches.append(some[0] if len(some) == 1 else some)
    body: dict[str, Any] = {"steps": branches}
    if rng.random() < 0.5:
        body["p"] = rng.choice([0, 0.5, 1])
    if rng.random() < 0.5:
        return {"one_of": body}
    least = rng.randint(0, len(branches))
    return {"some_of": {"n": [least, rng.randint(least, len(branches))], **body}}


def written(
    rng: random.Random,
    *,
    ops: tuple[str, ...] = MOVING,
    steps: int = 5,
    depth: int = 2,
    modest: bool = True,
    framing: bool = False,
) -> dict[str, Any]:
    """Write a policy as plain data; at times with a step that changes the size of pictures."""
    nodes = [a_node(rng, ops, depth, modest=modest) for _ in range(rng.randint(1, steps))]
    if framing and rng.random() < 0.25:
        nodes.insert(rng.randint(0, len(nodes)), a_step(rng, tuple(FRAMING)))
    return {"version": 1, "task": "digits", "steps": nodes}


def read(plain: dict[str, Any], name: str = "random.yaml") -> Policy:
    """Read a policy written as plain data; JSON is YAML."""
    return policies_.parse(json.dumps(plain), name)


def policies(**how: Any) -> st.SearchStrategy[Policy]:
    """Return a strategy of policies; arguments as `written`."""
    return st.randoms(use_true_random=False).map(lambda rng: read(written(rng, **how)))


def drawn(
    policy: Policy,
    count: int,
    *,
    seed: int = 0,
    aspects: tuple[float, float] = (1.0, 1.0),
    corners: bool = True,
) -> Draws:
    """Draw from a policy; where `corners`, every other draw has its numbers sent to an end of their range."""
    draws = draw(
        policy,
        [f"picture {i}" for i in range(count)],
        np.ones(count, np.int64),
        seed=seed,
        aspects=np.geomspace(*aspects, count),
    )
    if not corners:
        return draws
    numbers, row = draws.numbers.copy(), 0
    for step in policy.leaves():
        for number in step.op.drawn():
            if not number.options:
                middle = (number.low + number.high) / 2
                numbers[row, ::2] = np.where(numbers[row, ::2] < middle, number.low, number.high)
            row += 1
    return dataclasses.replace(draws, numbers=numbers)

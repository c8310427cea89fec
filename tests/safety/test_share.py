"""The bounds that proofs rest on: each held against many concrete draws of the boxes it speaks of."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from augkit import affine
from augkit.intervals import Arcs, Interval
from augkit.ops import OPS, Geometric
from augkit.policy import Policy
from augkit.safety import share, turning
from augkit.safety.chains import Chain, chains
from augkit.safety.maps import Maps
from tests.policies import FRAMING, GEOMETRIC, drawn, limits_of, policies, read

boxes = st.tuples(st.integers(0, 2**32), st.sampled_from([1.0, 0.3, 0.05, 0.01]))
some_aspects = st.sampled_from([Interval(1, 1), Interval(0.7, 1.4), Interval(1.5, 1.5)])


def some_chain(policy: Policy, seed: int) -> Chain:
    found = chains(policy, Geometric, 2000) or []
    return found[seed % len(found)]


def cut(maps: Maps, seed: int, share_of_range: float, count: int = 6) -> tuple[np.ndarray, np.ndarray]:
    """Cut some boxes out of the box of a chain."""
    chance = np.random.default_rng(seed)
    width = (maps.high - maps.low)[:, None]
    low = maps.low[:, None] + chance.random((len(width), count)) * width * (1 - share_of_range)
    return low, np.minimum(low + share_of_range * width, maps.high[:, None])


def kept(maps: Maps, numbers: np.ndarray) -> np.ndarray:
    return affine.kept(maps.frames(list(numbers)))


def assert_slopes_hold(maps: Maps, seed: int, size: float) -> None:
    low, high = cut(maps, seed, size)
    falls, rises = share.slopes(maps, low, high)
    chance = np.random.default_rng(seed)
    for i in np.flatnonzero((high - low).min(axis=1) > 1e-9):
        for _ in range(6):
            start = low + chance.random(low.shape) * (high - low)
            stop = start.copy()
            stop[i] = low[i] + chance.random(low.shape[1]) * (high - low)[i]
            ends = falls[i] * (stop[i] - start[i]), rises[i] * (stop[i] - start[i])
            rise = kept(maps, stop) - kept(maps, start)
            assert (rise >= np.minimum(*ends) - 1e-9).all() and (rise <= np.maximum(*ends) + 1e-9).all(), (
                maps.free
            )


@pytest.mark.thorough
@given(policies(ops=GEOMETRIC, steps=4, depth=1), boxes, some_aspects)
@settings(max_examples=120, deadline=None)
def test_no_draw_of_a_box_changes_the_share_faster_than_the_slopes(policy, box, aspect):
    seed, size = box
    assert_slopes_hold(Maps(some_chain(policy, seed), aspect), seed, size)


CROP, TURN = {"crop": {"side": [0.6, 0.9]}}, {"rotate": {"degrees": [5, 25]}}
UP, ASIDE = {"shift": {"y": [0.05, 0.1]}}, {"shift": {"x": [0.05, 0.1]}}


@pytest.mark.parametrize(
    "steps",
    [
        [CROP, UP],
        [CROP, ASIDE],
        [TURN, CROP, UP],
        [CROP, UP, CROP],
        [CROP, ASIDE, "flip_vertical", UP],
        [UP, CROP, UP],
        [CROP, {"zoom": {"x": [1, 1.2]}}],
        [TURN, CROP, {"zoom": {"y": [0.8, 1.2]}}, UP],
    ],
)
@pytest.mark.parametrize("size", [1.0, 0.2, 0.01])
def test_an_edge_that_two_frames_share_is_counted_once(steps, size):
    (chain,) = chains(read({"version": 1, "task": "none", "steps": steps}), Geometric, 9) or []
    maps = Maps(chain, Interval(1, 1))
    for seed in range(4):
        assert_slopes_hold(maps, seed, size)
    low, high = cut(maps, 0, 1e-3)
    falls, rises = share.slopes(maps, low, high)
    assert (rises - falls).max() < 0.2, "and counted, so that a small box has sharp slopes"


@given(policies(ops=GEOMETRIC, steps=4, depth=1), boxes, some_aspects)
@settings(max_examples=80, deadline=None)
def test_a_box_is_closed_only_when_all_its_draws_are_inside(policy, box, aspect):
    seed, size = box
    assert_closed_boxes_hold(Maps(some_chain(policy, seed), aspect), seed, size)


def assert_closed_boxes_hold(maps: Maps, seed: int, size: float) -> None:
    low, high = cut(maps, seed, size)
    chance = np.random.default_rng(seed)
    points = low[:, :, None] + chance.random((*low.shape, 150)) * (high - low)[:, :, None]
    points[:, :, ::3] = np.where(
        chance.random(points[:, :, ::3].shape) < 0.5, low[:, :, None], high[:, :, None]
    )
    flat = points.reshape(len(low), -1)
    shares = kept(maps, flat).reshape(low.shape[1], -1)
    limit = Interval(float(np.quantile(shares, 0.02)), 1)
    judged = share.judge(maps, limit, low, high)
    if judged.outside is None:
        assert (shares.min(axis=1)[~judged.open] >= limit.low - 1e-6).all()
        assert (judged.low >= low).all() and (judged.high <= high).all()
        ends = np.clip(points, judged.low[:, :, None], judged.high[:, :, None])
        least = kept(maps, ends.reshape(len(low), -1)).reshape(shares.shape)
        assert (least <= shares + 1e-6).all(), "a number is set to an end only where that keeps least"
    _, turn, _, stretch = affine.pose(maps.whole(list(flat)))
    turns = turn.reshape(shares.shape)
    around = float(turns[0, 0])
    for bound, values in [
        (Arcs.of((around - 25, around + 40), (around + 41, around + 90)), turns),
        (Interval(1, float(np.quantile(stretch, 0.98)) + 1e-3), stretch.reshape(shares.shape)),
    ]:
        closed = np.ones(low.shape[1], dtype=bool)
        for side in (1.0, -1.0) if isinstance(bound, Arcs) else (1.0,):
            found = turning.judge(maps, bound, low, high, np.full(low.shape[1], side))
            closed &= ~found.open & (found.outside is None)
        assert (bound.excess(values).max(axis=1)[closed] <= 1e-6).all()


@pytest.mark.parametrize("name", [name for name, op in OPS.items() if issubclass(op, Geometric)])
def test_what_is_called_even_shifts_or_scales_alike_in_all_directions(name):
    rng = random.Random(4)
    wide = {key: (limit.low, limit.high) for key, limit in limits_of(name).items()}
    op = OPS[name](**(FRAMING[name][1] if name in FRAMING else wide))
    assert isinstance(op, Geometric)
    ranges = {number.name: number for number in op.drawn()}
    assert set(op.even) <= set(ranges)
    for moving in op.even:
        for _ in range(20):
            values = {n: rng.uniform(max(d.low, 0.1), min(d.high, 3)) for n, d in ranges.items()}
            ends = [
                values | {moving: rng.uniform(max(ranges[moving].low, 0.1), min(ranges[moving].high, 3))}
                for _ in range(3)
            ]
            maps = [op.matrix(end, 1.3) for end in (values, *ends)]
            steps = [affine.compose(after, affine.inverse(maps[0])) for after in maps[1:]]
            scales = [a for a, *_ in steps]
            for a, b, _, c, d, _ in steps:
                assert (b, c) == (0, 0) and a == pytest.approx(d)
            for shifts in ([tx for _, _, tx, *_ in steps], [step[5] for step in steps]):
                along = scales if np.ptp(scales) > 1e-9 else [end[moving] for end in ends]
                line = np.polyfit(along, shifts, 1)
                np.testing.assert_allclose(np.polyval(line, along), shifts, atol=1e-9)


@given(policies(ops=GEOMETRIC, steps=4, depth=1), st.integers(0, 2**32))
@settings(max_examples=80, deadline=None)
def test_along_what_is_even_the_share_is_least_at_an_end(policy, seed):
    maps = Maps(some_chain(policy, seed), Interval(1, 1))
    chance = np.random.default_rng(seed)
    for i in maps.even:
        numbers = np.repeat(
            maps.low[:, None] + chance.random((len(maps.low), 1)) * (maps.high - maps.low)[:, None], 41, 1
        )
        numbers[i] = np.linspace(maps.low[i], maps.high[i], 41)
        shares = kept(maps, numbers)
        assert shares.min() >= min(shares[0], shares[-1]) - 1e-9, maps.free[i]


@given(policies(ops=GEOMETRIC, steps=5, depth=2), st.integers(0, 2**32))
@settings(max_examples=60, deadline=None)
def test_chains_are_all_the_ways_of_a_policy(policy, seed):
    found = chains(policy, Geometric, 2000)
    draws = drawn(policy, 60, seed=seed, corners=False)
    names = [step.name for step in policy.leaves() if isinstance(step.op, Geometric)]
    rows = [i for i, step in enumerate(policy.leaves()) if isinstance(step.op, Geometric)]
    ways = {tuple(step.name for step in chain.steps) for chain in found or ()}
    resting = set()
    for step in policy.leaves():
        moving = [number for number in step.op.drawn() if number.still is not None]
        if moving and all(number.low <= number.still <= number.high for number in moving):
            resting.add(step.name)
    for active in draws.active[rows].T:
        done = tuple(name for name, on in zip(names, active, strict=True) if on)
        assert any(set(done) <= set(way) and set(way) - set(done) <= resting for way in ways)


def test_a_frame_that_is_the_one_before_it_is_left_out():
    def frames(*steps: object) -> int:
        policy = read({"version": 1, "task": "none", "steps": list(steps)})
        (chain,) = chains(policy, Geometric, 9) or []
        return Maps(chain, Interval(1, 1)).last

    crop = {"crop": {"side": [0.8, 1]}}
    assert frames(crop) == 1
    assert frames(crop, "flip_horizontal", "transpose") == 1
    assert frames(crop, {"rotate": {"degrees": [-5, 5]}}) == 2
    assert (
        frames({"rotate": {"degrees": [-5, 5]}}, crop, "flip_vertical", crop, {"shift": {"x": [0.1, 0.1]}})
        == 3
    )


def test_chains_that_end_in_a_symmetry_of_the_frame_have_one_core():
    policy = read(
        {
            "version": 1,
            "task": "none",
            "steps": ["quarter_turn", {"rotate": {"degrees": [1, 5]}}, "quarter_turn"],
        }
    )
    found = chains(policy, Geometric, 99) or []
    assert len(found) == 9
    assert len({chain.core(Interval(1, 1)) for chain in found}) == 1
    assert len({chain.core(Interval(0.5, 2)) for chain in found}) > 1, (
        "a picture that is not square is turned to lie"
    )

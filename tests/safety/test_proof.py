"""Answers are sound for every policy, and decisive for maps and lines of up to eight drawn numbers."""

from __future__ import annotations

import collections
import dataclasses
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from augkit import policy, tasks
from augkit.draw import Draws
from augkit.intervals import Arcs, Interval
from augkit.ops import Kernel
from augkit.policy import Policy
from augkit.reach import AXES as ALL_AXES
from augkit.safety import bound, branch, judge, measuring, survived
from augkit.safety.settle import Settler
from augkit.steps import Choice, Node
from tests.policies import GEOMETRIC, MODEST, TONAL, drawn, policies, read, written
from tests.safety.extremes import AXES, affine_and_tone, extreme, how_far, limit_at

SQUARE = Interval(1, 1)
MOST_UNPROVEN = 0.02
MOST_WORK = 8_000_000
"""What two answers may cost: on one quiet core less than two seconds."""


def can_make(draws: Draws, i: int = 0) -> bool:
    """Tell whether a policy can make a draw: each step done or not as its probabilities and choices allow."""
    rows = {step.name: row for row, step in enumerate(draws.policy.leaves())}

    def leaves(nodes: tuple[Node, ...]) -> list[str]:
        names: list[str] = []
        for node in nodes:
            for branch_ in node.branches if isinstance(node, Choice) else ():
                names += leaves(branch_)
            names += [] if isinstance(node, Choice) else [node.name]
        return names

    def whole(nodes: tuple[Node, ...], on: bool) -> bool:
        return all(one(node, on) for node in nodes)

    def one(node: Node, on: bool) -> bool:
        if not on or node.p == 0:
            return not any(draws.active[rows[name], i] for name in leaves((node,)))
        if not isinstance(node, Choice):
            return bool(draws.active[rows[node.name], i]) or node.p < 1
        if node.p < 1 and one(node, False):
            return True
        must = [whole(branch_, True) and not whole(branch_, False) for branch_ in node.branches]
        either = [whole(branch_, True) and whole(branch_, False) for branch_ in node.branches]
        fits = all(whole(branch_, True) or whole(branch_, False) for branch_ in node.branches)
        return fits and sum(must) <= node.most and node.least <= sum(must) + sum(either)

    row, held = 0, True
    for step in draws.policy.leaves():
        for number in step.op.drawn():
            value = draws.numbers[row, i]
            held &= value in number.options if number.options else number.low <= value <= number.high
            row += 1
    return bool(held) and whole(draws.policy.steps, True)


@given(policies(steps=5, depth=3), st.floats(0.5, 1.5), st.floats(1, 2))
@settings(max_examples=50, deadline=None)
def test_every_draw_lies_inside_the_reach_of_its_policy(some, narrow, wide):
    aspect = Interval(narrow, narrow * wide)
    reach = bound.reach(some, aspect)
    draws = drawn(some, 200, aspects=(aspect.low, aspect.high))
    for axis, values in draws.effects.items():
        assert reach.on(axis).excess(values).max() < 1e-6, axis
    if any(isinstance(step.op, Kernel) for step in some.leaves()):
        few = draws.take(np.arange(6))
        for axis in ALL_AXES:
            assert reach.on(axis).excess(measuring.measure(few, axis)).max() < 1e-6, axis


@given(policies(steps=3, depth=1, modest=False, ops=GEOMETRIC + TONAL))
@settings(max_examples=60, deadline=None)
def test_the_reach_holds_however_far_the_settings_go(some):
    reach = bound.reach(some, SQUARE)
    draws = drawn(some, 200)
    for axis, values in draws.effects.items():
        if axis == "stretch":  # a ratio beyond a million is all rounding
            values = np.minimum(values, 1e6)
        assert (reach.on(axis).excess(values) / np.maximum(1, np.abs(np.nan_to_num(values)))).max() < 1e-6, (
            axis
        )


@given(
    policies(ops=GEOMETRIC + TONAL, steps=4, depth=2),
    st.sampled_from(AXES),
    st.floats(0.02, 1),
    st.floats(0.7, 1.2),
)
@settings(max_examples=80, deadline=None)
def test_safe_means_no_draw_leaves_and_unsafe_comes_with_one_that_does(some, axis, share, narrow):
    span = {"turn": 90, "mirrored": 180, "kept": 0.6, "stretch": 1, "zoom": 1}.get(axis, 1.5)
    limit, aspect = limit_at(axis, share * span), Interval(narrow, narrow * 1.3)
    answer = Settler(some, aspect).settle(axis, limit or ALL_AXES[axis].any)
    limit = limit or ALL_AXES[axis].any
    if answer.state == "safe":
        draws = drawn(some, 1500, aspects=(aspect.low, aspect.high))
        assert limit.excess(draws.effects[axis]).max() <= 1e-5
    elif answer.state == "unsafe":
        witness = answer.witness
        assert witness is not None and len(witness) == 1
        assert limit.excess(witness.effects[axis])[0] > 0
        assert answer.value == witness.effects[axis][0]
        assert aspect.low - 1e-9 <= witness.aspects[0] <= aspect.high + 1e-9
        assert can_make(witness)


@given(st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_what_is_judged_safe_keeps_every_class_within_its_limits(rng):
    task = tasks.load("digits")
    plain = written(rng, ops=GEOMETRIC + TONAL, steps=3, depth=2)
    gentle = read(_softened(plain, 0.25))
    if judge(gentle, task).safe:
        draws = drawn(gentle, 2000)
        for label, _ in enumerate(task.classes):
            mine = dataclasses.replace(draws, label_before=np.full(2000, label), labels=np.full(2000, label))
            assert survived(mine, task, task.classes).all()


def _softened(value: object, factor: float) -> object:
    """Draw the ranges of a written policy together around doing nothing."""
    rest = {"zoom": 1.0, "crop": 1.0, "contrast": 1.0}

    def soft(node: dict) -> dict:
        ((name, body),) = node.items()
        if name in ("one_of", "some_of"):
            branches = [[soft(n) for n in b] if isinstance(b, list) else soft(b) for b in body["steps"]]
            return {name: {**body, "steps": branches}}
        if name not in MODEST:
            return {name: {**body, "p": 0}}
        still = rest.get(name, 0.0)
        return {
            name: {
                k: [still + factor * (end - still) for end in v] if isinstance(v, list) else v
                for k, v in body.items()
            }
        }

    assert isinstance(value, dict)
    return {**value, "steps": [soft(node) for node in value["steps"]]}


def decided(seed: int, counts: collections.Counter, work: list[int]) -> None:
    """Settle one axis of one random policy with a limit 5 % beyond and one 5 % short of how far it goes."""
    rng = random.Random(seed)
    some = affine_and_tone(rng)
    for axis in rng.sample(AXES, len(AXES)):
        farthest = extreme(some, axis, rng)
        if farthest is not None:
            break
    else:
        return
    for _ in range(20):
        settler = Settler(some, SQUARE)
        beyond, short = limit_at(axis, 1.05 * farthest), limit_at(axis, 0.95 * farthest)
        work.append(0)
        answers = {
            "safe": beyond and settler.settle(axis, beyond),
            "unsafe": short and settler.settle(axis, short),
        }
        if not (answers["safe"] and answers["safe"].state == "unsafe"):
            break
        # The witness goes farther than the search did; where it really does, the extreme was not found.
        assert limit_at(axis, farthest).excess(answers["safe"].witness.effects[axis])[0] > 0
        farthest = float(how_far(axis, np.array(answers["safe"].value)))
    for wanted, answer in answers.items():
        if answer:
            counts[axis, wanted, answer.state] += 1


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return a list to whose last number the work of every search is added."""
    spent = [0]
    search = branch.search

    def counted(maps, axis, limit, budget):
        out = search(maps, axis, limit, budget)
        spent[-1] += out[2]
        return out

    monkeypatch.setattr(branch, "search", counted)
    return spent


def assert_decisive(seeds: range, work: list[int]) -> collections.Counter:
    counts: collections.Counter = collections.Counter()
    for seed in seeds:
        decided(seed, counts, work)
    wrong = {key: count for key, count in counts.items() if key[2] not in (key[1], "unproven")}
    unproven = sum(count for key, count in counts.items() if key[2] == "unproven")
    assert not wrong
    assert unproven <= MOST_UNPROVEN * counts.total(), counts
    assert max(work) <= MOST_WORK
    return counts


@pytest.mark.parametrize("part", range(2))
def test_a_limit_five_percent_away_is_decided(part, work):
    assert assert_decisive(range(1000 * part, 1000 * part + 50), work).total() > 60


@pytest.mark.slow
@pytest.mark.parametrize("part", range(10))
def test_a_limit_five_percent_away_is_decided_a_thousand_times_over(part, work):
    assert_decisive(range(1_000_000 + 1000 * part, 1_001_000 + 1000 * part), work)


def of(steps: str) -> Policy:
    return policy.parse(
        "version: 1\ntask: digits\nsteps:\n" + "".join(f"  - {step}\n" for step in steps.split(" · "))
    )


STRETCHED_TWICE = "zoom: {x: [1, 1.5]} · rotate: {degrees: [45, 45]} · zoom: {x: [1, 1.5]}"
SHEARED_TWICE = "shear: {x_degrees: [-20, 20]} · shear: {x_degrees: [-20, 20]}"
TURNED_WINDOW = "crop: {side: [0.8, 1]} · rotate: {degrees: [-30, 30]}"
BRIGHTER_OR_DARKER = (
    "brightness: {shift: [0.2, 0.2]} · one_of: ["
    "[contrast: {gain: [2, 2]}, brightness: {shift: [-0.3, -0.3]}], "
    "[contrast: {gain: [0.5, 0.5]}, brightness: {shift: [0.1, 0.1]}]]"
)
FLIPS = "flip_horizontal: {p: 0.5} · flip_vertical: {p: 0.5}"
SETTLED = [
    ("rotate: {degrees: [-10, 10]} · rotate: {degrees: [-10, 10]}", "turn", Arcs.of((-20, 20)), "safe"),
    ("rotate: {degrees: [-10, 10]} · rotate: {degrees: [-10, 10.1]}", "turn", Arcs.of((-20, 20)), "unsafe"),
    # Two stretches of 1.5 along axes 45° apart: the plain product is 2.25, what they really reach 1.78.
    (STRETCHED_TWICE, "stretch", Interval(1, 1.8), "safe"),
    (STRETCHED_TWICE, "stretch", Interval(1, 1.75), "unsafe"),
    # Two shears along one axis are one shear: by the tangents 0.364 twice, a turn of atan 0.364.
    (SHEARED_TWICE, "turn", Arcs.of((-20.1, 20.1)), "safe"),
    (SHEARED_TWICE, "turn", Arcs.of((-19.9, 19.9)), "unsafe"),
    # What a shift moves out a shift moves in again, unless a window lies between.
    ("shift: {x: [0.2, 0.2]} · shift: {x: [-0.2, -0.2]}", "kept", Interval(0.99, 1), "safe"),
    (
        "shift: {x: [0.2, 0.2]} · crop: {side: [1, 1]} · shift: {x: [-0.2, -0.2]}",
        "kept",
        Interval(0.81, 1),
        "unsafe",
    ),
    # Twice 0.2 less 0.3, or half of 0.2 and 0.1: never both doubled and raised.
    (BRIGHTER_OR_DARKER, "brightness", Interval(0, 0.21), "safe"),
    # A crop anywhere, then a turn: where the window lies does not matter.
    (TURNED_WINDOW, "kept", Interval(0.53, 1), "safe"),
    (TURNED_WINDOW, "kept", Interval(0.55, 1), "unsafe"),
    (FLIPS, "turn", Arcs.of((0, 0), (180, 180)), "safe"),
    (FLIPS, "turn", Arcs.of((-90, 90)), "unsafe"),
    ("some_of: {n: 1, steps: [flip_horizontal, flip_vertical]}", "turn", Arcs.of((0, 0)), "safe"),
    ("rotate: {degrees: [30, 40], p: 0.0001}", "turn", Arcs.of((-20, 20)), "unsafe"),
]


@pytest.mark.parametrize(("steps", "axis", "limit", "state"), SETTLED)
def test_a_composition_is_settled_by_what_it_really_does(steps, axis, limit, state):
    assert Settler(of(steps), SQUARE).settle(axis, limit).state == state


def test_a_gap_between_two_arcs_is_not_jumped_over():
    some = of("rotate: {degrees: [-10, 35]}")
    for gap in (1.0, 0.01, 1e-4):
        limit = Arcs.of((-20, 21), (21 + gap, 40))
        answer, found = branch.prove(some, "turn", limit, SQUARE)
        assert answer is False and found is not None
        assert limit.excess(found.effects["turn"])[0] > 0


def test_a_search_that_spends_its_budget_says_so(monkeypatch):
    hard = (
        "rotate: {degrees: [-40, 40]} · shear: {x_degrees: [-20, 20]} · zoom: {x: [0.8, 1.2], y: [0.9, 1.3]}"
    )
    assert Settler(of(hard), SQUARE).settle("kept", Interval(0.59, 1)).state == "safe"
    monkeypatch.setitem(branch._MAX_WORK, "kept", 3)
    answer = Settler(of(hard), SQUARE).settle("kept", Interval(0.59, 1))
    assert answer.state == "unproven" and answer.witness is None


def test_each_distinct_limit_is_settled_once(monkeypatch):
    settler, calls = Settler(of("rotate: {degrees: [-30, 30]}"), SQUARE), []
    monkeypatch.setattr(settler, "_settle", lambda axis, limit: calls.append(limit) or "answer")
    for _ in range(3):
        settler.settle("turn", Arcs.of((-20, 20)))
    assert len(calls) == 1


@given(policies(ops=GEOMETRIC + TONAL, steps=4, depth=2), st.sampled_from(AXES))
@settings(max_examples=40, deadline=None)
def test_every_candidate_and_every_witness_is_a_draw_of_the_policy(some, axis):
    settler = Settler(some, SQUARE)
    pool = settler.witnesses.pool
    for i in range(0, len(pool), 199):
        assert can_make(pool, i)
    answer = settler.settle(axis, ALL_AXES[axis].still)
    if answer.witness is not None:
        assert can_make(answer.witness)


def test_a_candidate_at_the_end_of_its_range_is_not_beyond_it():
    pool = Settler(of("brightness: {shift: [-0.25, 0.078]}"), SQUARE).witnesses.pool
    assert pool.numbers.max() == 0.078, "-0.25 + (0.078 - -0.25) is more"


@pytest.mark.parametrize(
    "steps",
    [
        "contrast: {gain: [1.5, 2]} · rotate: {degrees: [-30, 30]} · invert",
        "one_of: [[invert, rotate: {degrees: [25, 30]}], [transpose, brightness: {shift: [0.1, 0.2]}]]",
        "some_of: {n: 2, steps: [invert, rotate: {degrees: [25, 30]}, contrast: {gain: [1.5, 2]}]}",
    ],
)
def test_what_a_proof_finds_outside_is_a_draw_with_all_that_is_always_done(steps):
    answer, found = branch.prove(of(steps), "turn", Arcs.of((-20, 20)), SQUARE)
    assert answer is False and found is not None
    assert can_make(found)

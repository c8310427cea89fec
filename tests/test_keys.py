"""Random numbers come by address: the same on every machine, and untouched by what else is drawn."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from augkit import keys, policy
from augkit.draw import Draws, draw
from tests.policies import policies

words = st.integers(0, 2**64 - 1)
GOLDEN = Path(__file__).with_name("golden_draws.json")

# The text is frozen with the digest: a draw of this policy is the same for ever.
POLICY = """
version: 1
task: digits
steps:
  - shift: {x: [-0.1, 0.1], y: [-0.1, 0.1]}
  - zoom: {factor: [0.9, 1.1]}
  - rotate: {degrees: [-12, 12], p: 0.8}
  - one_of:
      - shear: {x_degrees: [-8, 8]}
      - [quarter_turn, rotate: {degrees: [-3, 3], p: 0.5}]
      - crop: {side: [0.8, 1.0]}
  - some_of:
      n: [1, 2]
      p: 0.9
      steps:
        - contrast: {gain: [0.8, 1.2], p: 0.5}
        - brightness: {shift: [-0.1, 0.1]}
        - invert
"""


def ours(seed: int, step: int, copy: int, source: int, count: int) -> list[int]:
    return keys.raw(seed, step, np.array([copy], np.uint64), np.array([source], np.uint64), count)[0].tolist()


@given(words, words, words, words, st.integers(1, 11))
@settings(max_examples=200)
def test_raw_words_are_those_of_numpys_philox_bit_for_bit(seed, step, copy, source, count):
    counter = np.array([0, step, copy, source], np.uint64)  # a list of large and small ints turns to floats
    theirs = np.random.Philox(key=seed, counter=counter).random_raw(count)
    assert ours(seed, step, copy, source, count) == theirs.tolist()


def test_many_addresses_at_once_are_the_same_as_one_by_one():
    copies, sources = np.arange(50, dtype=np.uint64), keys.words([f"s{i}" for i in range(50)])
    together = keys.raw(7, 9, copies, sources, 6)
    apart = [ours(7, 9, int(c), int(s), 6) for c, s in zip(copies, sources, strict=True)]
    assert together.tolist() == apart


def test_the_block_is_left_to_the_end_and_the_step_may_overflow():
    assert ours(1, 2**64 + 5, 0, 0, 3) == ours(1, 5, 0, 0, 3)
    assert keys.raw(1, 2, np.empty(0, np.uint64), np.empty(0, np.uint64), 3).shape == (0, 3)


def test_a_word_is_the_first_bytes_of_blake2b():
    assert keys.word("train/six/é.png") == int.from_bytes(
        hashlib.blake2b("train/six/é.png".encode(), digest_size=8).digest(), "little"
    )
    assert keys.word("not\udcff utf-8") != keys.word("not utf-8")


@given(words)
def test_uniform_is_in_the_half_open_unit_interval(raw):
    value = float(keys.uniform(np.array([raw], np.uint64))[0])
    assert 0 <= value < 1
    assert value == (raw >> 11) / 2**53


def test_uniform_is_even():
    raws = keys.raw(3, 4, np.arange(4000, dtype=np.uint64), np.zeros(4000, np.uint64), 25).ravel()
    counts = np.histogram(keys.uniform(raws), bins=50, range=(0, 1))[0]
    assert ((counts - 2000) ** 2 / 2000).sum() < 85  # chi-square of 49 degrees, 99.9th percentile


@pytest.mark.parametrize("weights", [[1], [1, 1], [1, 3], [5, 0, 1], [0, 1]])
def test_a_choice_is_in_proportion_to_its_weights(weights):
    raws = keys.raw(5, 6, np.arange(5000, dtype=np.uint64), np.zeros(5000, np.uint64), 4).ravel()
    shares = np.bincount(keys.choice(raws, weights), minlength=len(weights)) / len(raws)
    np.testing.assert_allclose(shares, np.array(weights) / sum(weights), atol=0.012)


def test_the_largest_word_chooses_the_last():
    assert keys.choice(np.array([2**64 - 1], np.uint64), [1, 1, 1])[0] == 2


def drawn(count: int = 1250) -> Draws:
    sources = [f"train/{i % 10}/{i:05d}.png" for i in range(count)]
    return draw(policy.parse(POLICY), sources, np.arange(count) % 5, seed=20_240_229, aspects=np.ones(count))


def decided(draws: Draws, i: int) -> dict[str, float]:
    return {name: float(value[i]) for name, value in draws.values.items() if value[i] == value[i]}


def golden(draws: Draws) -> dict[str, object]:
    numbers = np.where(np.repeat(draws.active, _numbers_of(draws), axis=0), draws.numbers, 0.0)
    return {
        "decisions": int(draws.active.size + numbers.size),
        "done": hashlib.sha256(np.packbits(draws.active).tobytes()).hexdigest(),
        "numbers": hashlib.sha256(numbers.astype("<f8").tobytes()).hexdigest(),
        "done by step": dict(
            zip([step.name for step in draws.policy.leaves()], draws.active.sum(1).tolist(), strict=True)
        ),
        "first": [decided(draws, i) for i in range(5)],
    }


def _numbers_of(draws: Draws) -> list[int]:
    return [len(step.op.drawn()) for step in draws.policy.leaves()]


def test_promise_13_ten_thousand_decisions_are_those_of_every_other_machine():
    found = golden(drawn())
    assert found["decisions"] >= 10_000
    assert found == json.loads(GOLDEN.read_text(encoding="utf-8"))


def same(one: Draws, at: np.ndarray, other: Draws, there: np.ndarray) -> None:
    assert (one.active[:, at] == other.active[:, there]).all()
    assert (one.numbers[:, at] == other.numbers[:, there]).all()


def test_promise_15_other_sources_copies_and_their_order_change_no_draw():
    text = policy.parse(POLICY)
    few = draw(text, ["a", "b", "c"], [0, 1, 2], seed=1, aspects=np.ones(3))
    many = draw(
        text, ["x", "c", "b", "a", "a", "y"], [0, 2, 1, 0, 7, 3], seed=1, aspects=np.array([2, 1, 1, 1, 1, 1])
    )
    same(few, np.arange(3), many, np.array([3, 2, 1]))
    assert not (many.numbers[:, 3] == many.numbers[:, 4]).all(), "another copy is another draw"


@pytest.mark.parametrize("added", ["  - transpose: {p: 0.5}\n", "  - rotate: {degrees: [-1, 1]}\n"])
def test_promise_15_another_step_at_the_end_changes_no_draw_before_it(added):
    plain = draw(policy.parse(POLICY), ["a", "b"], [1, 1], seed=1, aspects=np.ones(2))
    longer = draw(policy.parse(POLICY + added), ["a", "b"], [1, 1], seed=1, aspects=np.ones(2))
    assert (longer.active[: len(plain.active)] == plain.active).all()
    assert (longer.numbers[: len(plain.numbers)] == plain.numbers).all()


def test_promise_15_another_op_in_front_changes_no_draw_after_it():
    longer = POLICY.replace("steps:\n  - shift", "steps:\n  - transpose: {p: 0.5}\n  - shift", 1)
    plain = draw(policy.parse(POLICY), ["a", "b"], [1, 1], seed=1, aspects=np.ones(2))
    more = draw(policy.parse(longer), ["a", "b"], [1, 1], seed=1, aspects=np.ones(2))
    assert (more.active[1:] == plain.active).all()
    assert (more.numbers == plain.numbers).all()


@given(policies(steps=4), st.integers(0, 2**64 - 1))
@settings(max_examples=40, deadline=None)
def test_a_draw_depends_on_its_address_alone(random_policy, seed):
    names = [f"s{i}" for i in range(7)]
    whole = draw(random_policy, names, range(7), seed=seed, aspects=np.ones(7))
    for i in (0, 3, 6):
        alone = draw(random_policy, [names[i]], [i], seed=seed, aspects=np.ones(1))
        same(alone, np.arange(1), whole, np.array([i]))


def test_another_seed_attempt_or_source_is_another_draw():
    text = policy.parse(POLICY)
    base = draw(text, ["a"], [1], seed=1, aspects=np.ones(1)).numbers
    for how in ({"seed": 2}, {"attempt": 1}):
        assert not (draw(text, ["a"], [1], **{"seed": 1, **how}, aspects=np.ones(1)).numbers == base).all()
    assert not (draw(text, ["b"], [1], seed=1, aspects=np.ones(1)).numbers == base).all()

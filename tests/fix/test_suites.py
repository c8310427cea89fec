"""Mending policies with suites: an op that is too much is left out of them, in the file's own spelling."""

from __future__ import annotations

import random

import pytest

from augkit import policy, tasks
from augkit.fix import fix
from augkit.fix.text import Text
from augkit.safety import judge
from augkit.suites import TABLE
from tests.policies import GEOMETRIC, TONAL, a_step

HEAD = "version: 1\ntask: digits\nsteps:\n"
TURN = "  - rotate: {degrees: [18, 18]}\n"
NARROWED = "  - rotate: {degrees: [14.9, 14.9]}\n"


def mended(steps: str) -> str:
    done = fix(HEAD + steps, "p.yaml", tasks.load("digits"))
    assert done.verdict.safe, done.verdict.text()
    assert judge(policy.parse(done.after), tasks.load("digits")).safe
    assert done.after.startswith(HEAD)
    return done.after.removeprefix(HEAD)


@pytest.mark.parametrize(
    "before, after",
    [
        ("  - rand_augment\n", "  - rand_augment: {without: [rotate]}\n"),
        ("  - rand_augment   # mine\n", "  - rand_augment: {without: [rotate]}   # mine\n"),
        ("  - rand_augment:\n", "  - rand_augment: {without: [rotate]}\n"),
        ("  - rand_augment:   # mine\n", "  - rand_augment: {without: [rotate]}   # mine\n"),
        ("  - rand_augment: ~\n", "  - rand_augment: {without: [rotate]}\n"),
        ("  - rand_augment: {}\n", "  - rand_augment: {without: [rotate]}\n"),
        ("  - rand_augment: { n: 2 } # two\n", "  - rand_augment: { without: [rotate], n: 2 } # two\n"),
        ("  - rand_augment: {without: [], n: 2}\n", "  - rand_augment: {without: [rotate], n: 2}\n"),
        (
            "  - rand_augment: {without: [equalize]}\n",
            "  - rand_augment: {without: [rotate, equalize]}\n",
        ),
        (
            "  - rand_augment:\n      n: 2   # two\n      magnitude: 9\n",
            "  - rand_augment:\n      without: [rotate]\n      n: 2   # two\n      magnitude: 9\n",
        ),
        (
            "  - rand_augment:\n      n: 2\n      without:\n        - equalize  # no\n",
            "  - rand_augment:\n      n: 2\n      without:\n        - rotate\n        - equalize  # no\n",
        ),
    ],
)
def test_an_op_is_left_out_in_the_spelling_of_the_file(before: str, after: str) -> None:
    text = Text(HEAD + TURN + before, "p.yaml")
    assert text.without_op(text.policy.steps[1].path, "rotate").text == HEAD + TURN + after
    assert "rotate" in policy.parse(HEAD + TURN + after).canonical()["steps"][1]["rand_augment"]["without"]


def test_in_a_list_in_brackets_a_word_becomes_a_step_with_settings() -> None:
    text = Text(f"{HEAD}  - one_of: [rand_augment, invert]\n", "p.yaml")
    fewer = text.without_op("steps[0].one_of[0]", "rotate")
    assert fewer.text == f"{HEAD}  - one_of: [rand_augment: {{without: [rotate]}}, invert]\n"
    assert not any(leaf.name.endswith("rotate") for leaf in fewer.policy.leaves())


def test_an_op_that_leaves_another_step_next_to_nothing_is_left_out() -> None:
    done = fix(f"{HEAD}{TURN}  - rand_augment\n", "p", tasks.load("digits"))
    assert done.after == f"{HEAD}{NARROWED}  - rand_augment: {{without: [rotate]}}\n" and done.verdict.safe
    assert done.done[0] == "left rotate out of rand_augment: LS102 turned-too-far"


def test_a_step_that_keeps_most_of_its_range_is_narrowed_and_the_suite_stays() -> None:
    assert mended("  - rotate: {degrees: [-3, 3]}\n  - rand_augment\n") == (
        "  - rotate: {degrees: [-2, 2]}\n  - rand_augment\n"
    )


def test_two_suites_that_are_too_much_together_lose_what_is_too_much() -> None:
    suite = "  - rand_augment: {n: 1, magnitude: 15, without: [shear_x, shear_y, shift_x, shift_y]}\n"
    after = mended(suite + suite)
    assert after.count("rotate, ") == 1 and after.count("rand_augment") == 2


def test_a_suite_of_which_nothing_is_left_is_removed() -> None:
    out = ", ".join(name for name in TABLE if name != "rotate")
    done = fix(f"{HEAD}  - invert\n  - rand_augment: {{n: 3, without: [{out}]}}\n", "p", tasks.load("digits"))
    assert done.after == f"{HEAD}  - invert\n" and done.verdict.safe
    assert done.done == ("removed steps[1].rand_augment: LS908 nothing-left",)


@pytest.mark.parametrize("seed", range(4))
def test_after_a_fix_any_policy_with_suites_is_safe(seed: int) -> None:
    rng = random.Random(seed)
    steps = [a_step(rng, (*GEOMETRIC, *TONAL)) for _ in range(rng.randint(0, 2))]
    for _ in range(rng.randint(1, 2)):
        out = rng.sample(list(TABLE), rng.choice([0, 0, 2, 13]))
        body = {"n": rng.randint(1, 2), "magnitude": rng.choice([0, 3, 9, 30]), "p": rng.choice([0, 0.5, 1])}
        suite = {"rand_augment": {**body, "without": out}} if rng.random() < 0.7 else {"trivial_augment": {}}
        steps.insert(rng.randint(0, len(steps)), {"one_of": [suite]} if rng.random() < 0.2 else suite)
    mode = rng.choice(["refuse", "refuse", "redraw", "clip"])
    plain = {"version": 1, "task": rng.choice(["digits", "natural", "traffic-signs"]), "on_unsafe": mode}
    text = policy.dump(policy.parse(policy.text({**plain, "steps": steps})))
    task = tasks.load(str(plain["task"]))
    done = fix(text, "p.yaml", task)
    assert judge(policy.parse(done.after), task).safe, done.verdict.text()

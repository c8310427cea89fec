"""A suite keeps exactly the ops that all labels survive, and what is made of a policy knows no others."""

from __future__ import annotations

import json

import numpy as np
import pytest

from augkit import policy, tasks
from augkit.plan import Plan
from augkit.policy import Policy
from augkit.safety import OF_STEPS, Verdict, judge, narrowed, survived
from augkit.steps import Sugar
from augkit.suites import SUITES, TABLE, RandAugment
from tests.policies import drawn


def read(steps: str, task: str, more: str = "") -> Policy:
    return policy.parse(f"version: 1\ntask: {task}\n{more}steps:\n{steps}", "policy.yaml")


def judged(step: str, task: str, more: str = "") -> Verdict:
    return judge(read(f"  - {step}\n", task, more), tasks.load(task))


def left_out(verdict: Verdict) -> set[str]:
    (node,) = verdict.policy.steps
    assert isinstance(node, Sugar)
    return {*node.suite.without}


def alone(suite: RandAugment, name: str, task: str) -> Policy:
    """Write one op of a suite as a plain policy: as many choices between its signs as the suite draws ops."""
    ways = [
        {word: {f: list(v) if isinstance(v := getattr(op, f), tuple) else v for f in op.__dataclass_fields__}}
        for op in suite.ops(name)
        for word in [{"Shift": "shift", "Shear": "shear"}.get(type(op).__name__, type(op).__name__.lower())]
    ]
    steps = [{"one_of": ways}] * suite.n if ways else []
    return policy.parse(json.dumps({"version": 1, "task": task, "steps": steps}))


@pytest.mark.thorough
@pytest.mark.parametrize("task", ["digits", "natural", "traffic-signs", "pathology"])
@pytest.mark.parametrize("n, magnitude", [(1, 30), (2, 9), (3, 14)])
def test_an_op_stays_where_a_policy_of_nothing_else_is_safe(task: str, n: int, magnitude: int) -> None:
    suite = RandAugment(n=n, magnitude=magnitude)
    out = left_out(judged(f"rand_augment: {{n: {n}, magnitude: {magnitude}}}", task))
    for name in TABLE:
        codes = {f.code for f in judge(alone(suite, name, task), tasks.load(task)).findings}
        assert (name in out) == any(code < "LS5" for code in codes), (name, codes)


def test_an_op_that_is_survived_once_is_not_kept_to_be_done_twice() -> None:
    once, twice = (judged(f"rand_augment: {{n: {n}, magnitude: 15}}", "digits") for n in (1, 2))
    assert "rotate" not in left_out(once) and "rotate" in left_out(twice)
    assert once.safe and twice.safe


def test_one_line_says_what_was_left_out_and_why() -> None:
    verdict = judged("rand_augment: {n: 3, magnitude: 9, without: [solarize]}", "digits")
    (line,) = verdict.left_out
    assert line.startswith(
        "rand_augment uses 5 of 14 ops; left out: shift_x (keeps at least 59.2 % in frame)"
    )
    assert "rotate (turns by exactly 27° " in line and "solarize" not in line and "\n" not in line
    assert f"\n  {line}" in verdict.text()
    assert verdict.canonical()["left_out"] == [line]


def test_where_nothing_is_left_out_nothing_is_said() -> None:
    verdict = judged("rand_augment: {magnitude: 1, without: [solarize, autocontrast, equalize]}", "digits")
    assert verdict.left_out == () and "uses" not in verdict.text() and "left_out" not in verdict.canonical()


@pytest.mark.parametrize("word", SUITES)
def test_the_task_none_uses_all_of_it(word: str) -> None:
    verdict = judged(word, "none")
    assert verdict.safe and left_out(verdict) == set() and verdict.left_out == ()


@pytest.mark.parametrize("task", tasks.names())
@pytest.mark.parametrize("step", ["rand_augment", "rand_augment: {n: 3, magnitude: 25}", "trivial_augment"])
def test_with_every_task_a_suite_alone_is_safe_and_its_draws_are_survived(task: str, step: str) -> None:
    verdict = judged(step, task)
    assert verdict.safe, verdict.text()
    kept = verdict.safe_policy().policy
    loaded = tasks.load(task)
    names = loaded.classes or ("any",)
    draws = drawn(kept, 300, aspects=(loaded.aspect.low, loaded.aspect.high))
    for label in range(len(names)):
        labels = np.full(300, label)
        mine = type(draws)(kept, draws.aspects, draws.active, draws.numbers, labels, labels, draws.accepted)
        assert survived(mine, loaded, names).all(), names[label]


def test_the_plan_holds_the_narrowed_policy_and_writes_it_as_one_line() -> None:
    verdict = judged("rand_augment: {n: 3}", "digits")
    plan = Plan(verdict.safe_policy(), tasks.load("digits").classes)
    (step,) = plan.describe()["policy"]["steps"]
    assert step["rand_augment"]["without"] == [name for name in TABLE if name in left_out(verdict)]
    again = policy.parse(policy.dump(verdict.policy))
    assert again == verdict.policy
    second = judge(again, tasks.load("digits"))
    assert second.safe and second.left_out == () and second.policy == verdict.policy
    assert Plan(second.safe_policy(), plan.classes).describe()["policy"] == plan.describe()["policy"]


def test_classes_of_the_data_decide_and_not_those_of_the_task() -> None:
    made = read("  - rand_augment: {n: 2, magnitude: 20}\n", "digits")
    round_ones = judge(made, tasks.load("digits"), classes=("0", "8"))
    assert "rotate" in left_out(judge(made, tasks.load("digits"))) and "rotate" not in left_out(round_ones)


def test_a_guard_turns_and_leaves_out_only_what_it_cannot_measure() -> None:
    verdict = judged("trivial_augment", "natural", "on_unsafe: redraw\n")
    out = left_out(verdict)
    assert not out & {"rotate", "shear_x", "shear_y", "shift_x"}
    assert "posterize" in out  # no draw is measured for its levels


def test_a_waiver_leaves_nothing_out_and_is_used() -> None:
    verdict = judged("rand_augment: {n: 3}", "digits", "allow: {LS102: people read them}\n")
    assert "rotate" not in left_out(verdict)
    assert {finding.code for finding in verdict.waived} == {"LS102"}


def test_suites_in_choices_are_narrowed_and_one_that_is_never_done_is_not() -> None:
    made = read("  - one_of: [rand_augment, {trivial_augment: {p: 0}}]\n", "latin-letters")
    kept, lines = narrowed(made, tasks.load("latin-letters"), OF_STEPS)
    assert len(lines) == 1 and lines[0].startswith("rand_augment uses 8 of 14 ops")
    names = {leaf.name for leaf in kept.leaves()}
    assert "rand_augment.1.rotate" not in names and "trivial_augment.1.rotate" in names


def test_a_policy_without_suites_stays_the_very_same() -> None:
    made = read("  - rotate: {degrees: [-90, 90]}\n", "digits")
    assert narrowed(made, tasks.load("digits"), OF_STEPS) == (made, ())
    assert judge(made, tasks.load("digits")).policy is made


def test_the_shape_of_the_pictures_decides_what_a_turn_loses() -> None:
    made = read("  - rand_augment: {n: 1, magnitude: 30, without: [shift_x, shift_y]}\n", "t")
    text = "version: 1\ntask: t\nclasses: any\nsurvives: {kept: 0.7, turn: any, stretch: 2}\naspect: "
    square, wide = (judge(made, tasks.parse(f"{text}[{end}, {end}]\n")) for end in (1, 4))
    assert "rotate" not in left_out(square) and "rotate" in left_out(wide)
    assert judge(made, square.task, aspect=wide.aspect).left_out == wide.left_out


def test_the_shape_that_pictures_are_given_before_a_suite_is_the_one_it_is_judged_by() -> None:
    task = tasks.parse(
        "version: 1\ntask: t\nclasses: any\nsurvives: {kept: 0.7, turn: any, stretch: 9, pixels: 1}\n"
    )
    suite = "  - rand_augment: {n: 1, magnitude: 30, without: [shift_x, shift_y]}\n"
    for width, stays in ((25, True), (100, False)):
        made = read(f"  - resize: {{width: {width}, height: 25}}\n{suite}", "t")
        kept, _ = narrowed(made, task, OF_STEPS)
        names = {leaf.name for leaf in kept.leaves()}
        assert ("rand_augment.1.rotate" in names) == stays

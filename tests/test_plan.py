"""A plan fixes everything that decides the pictures, and nothing else."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
from ruamel.yaml import YAML

from augkit import keys, policy, store, tasks
from augkit.errors import TaskError, UnsafePolicyError, UsageError
from augkit.intervals import Interval
from augkit.plan import Plan
from augkit.safety import SafePolicy, Verdict, judge
from tests.store import making

DIGITS = tuple("0123456789")
TEXT = (
    "version: 1\ntask: digits\nsteps:\n"
    "  - rotate: {degrees: [-12, 12], p: 0.8}\n  - contrast: {gain: [0.8, 1.2]}\n"
)


def verdict_of(text: str = TEXT, file: str = "plan.yaml", **how: object) -> Verdict:
    made = policy.parse(text, file)
    return judge(made, tasks.load(made.task), **how)


def plan_of(
    text: str = TEXT, file: str = "plan.yaml", classes: tuple[str, ...] = DIGITS, **how: object
) -> Plan:
    return Plan(verdict_of(text, file).safe_policy(), classes, **how)


def drawn(
    plan: Plan,
    names: list[str],
    labels: list[int] | None = None,
    copies: list[int] | None = None,
    width: int = 28,
):
    count = len(names)
    sizes = np.tile([width, 28], (count, 1))
    return plan.draw(names, np.array(labels or [6] * count), np.array(copies or [1] * count), sizes)


def test_the_digest_is_known():
    """Other digests are other data sets: a change here breaks every output that is resumed."""
    assert plan_of(seed=7, copies=2).describe()["format"] == 1
    assert len(plan_of().digest) == 64
    assert json.loads(json.dumps(plan_of().describe())) == plan_of().describe()


def test_the_same_policy_elsewhere_is_the_same_plan():
    assert plan_of().digest == plan_of("\n\n" + TEXT, "other.yaml").digest
    spelled = TEXT.replace("{gain: [0.8, 1.2]}", "{gain: [0.8, 1.2], p: 1}") + "on_unsafe: refuse\nfill: 0\n"
    assert plan_of().digest == plan_of(spelled).digest


@pytest.mark.parametrize(
    "other",
    [
        {"seed": 1},
        {"copies": 5},
        {"keep_originals": False},
        {"classes": DIGITS[::-1]},
        {"classes": DIGITS[:5]},
        {"text": TEXT.replace("-12", "-11")},
        {"text": TEXT.replace("0.8}", "0.7}")},
        {"text": TEXT + "fill: 9\n"},
        {"text": TEXT + "border: edge\n"},
        {"text": TEXT + "on_unsafe: redraw\n"},
        {"text": TEXT.replace("digits", "none")},
        {"text": TEXT.replace("  - contrast", "  - shift: {x: [-0.01, 0.01]}\n  - contrast")},
    ],
)
def test_whatever_decides_a_picture_is_in_the_digest(other):
    assert plan_of(**other).digest != plan_of().digest


def test_waivers_and_their_reasons_are_in_the_digest():
    wide = TEXT.replace("[-12, 12]", "[-25, 25]") + "allow: {LS102: why not}\n"
    waived = plan_of(wide)
    assert waived.describe()["verdict"]["waived"][0]["reason"] == "why not"
    assert waived.digest != plan_of(wide.replace("why not", "because")).digest


def test_a_plan_is_made_from_a_safe_policy_and_from_nothing_else():
    with pytest.raises(UnsafePolicyError, match="LS102") as caught:
        plan_of(TEXT.replace("[-12, 12]", "[-25, 25]"))
    assert str(caught.value).startswith("plan.yaml:4:5: ")
    with pytest.raises(UnsafePolicyError):
        SafePolicy(verdict_of(TEXT.replace("[-12, 12]", "[-25, 25]")))


@pytest.mark.parametrize(
    "wrong", [{"seed": -1}, {"seed": 2**64}, {"copies": -1}, {"copies": 0, "keep_originals": False}]
)
def test_numbers_that_make_no_plan_are_refused(wrong):
    with pytest.raises(UsageError, match="got"):
        plan_of(**wrong)


def test_classes_that_are_not_the_tasks_are_refused():
    with pytest.raises(TaskError, match="'ten'"):
        plan_of(classes=("0", "ten"))


def test_a_draw_depends_on_the_source_the_copy_and_the_seed_alone():
    plan = plan_of(seed=5)
    both = drawn(plan, ["a", "b"], copies=[1, 2])
    assert (drawn(plan, ["b"], copies=[2]).numbers[:, 0] == both.numbers[:, 1]).all()
    assert (
        drawn(plan_of(seed=5, copies=9, keep_originals=False), ["a"]).numbers[:, 0] == both.numbers[:, 0]
    ).all()
    assert (drawn(plan_of(seed=6), ["a"]).numbers[:, 0] != both.numbers[:, 0]).all()
    assert (drawn(plan, ["a"], copies=[2]).numbers[:, 0] != both.numbers[:, 0]).all()


def test_pictures_of_a_shape_that_was_not_judged_are_refused():
    with pytest.raises(UsageError, match="judged for 1 to 1") as caught:
        drawn(plan_of(), ["a"], width=56)
    assert "Interval(low, high)" in str(caught.value)
    wide = Plan(verdict_of(aspect=Interval(0.5, 2)).safe_policy(), DIGITS)
    assert len(drawn(wide, ["a"], width=56)) == 1
    assert len(drawn(plan_of(TEXT.replace("digits", "none")), ["a"], width=280)) == 1, "no promise, no shape"


MIXED = TEXT + "  - one_of:\n      - mixup: {alpha: 0.2}\n      - cutmix: {p: 0.5}\n"


def test_a_plan_draws_alike_from_keys_and_from_their_words():
    plan, names = plan_of(seed=5), ["a", "b"]
    sizes, one = np.full((2, 2), 28), np.ones(2, np.int64)
    by_words = plan.draw(keys.words(names), one, one, sizes)
    assert (by_words.numbers == plan.draw(names, one, one, sizes).numbers).all()


def test_mixing_is_judged_safe_and_decides_the_digest():
    assert verdict_of(MIXED).safe
    assert [step.name for step in plan_of(MIXED).blends] == ["mixup", "cutmix"]
    assert plan_of().blends == () and plan_of(MIXED).digest != plan_of().digest
    assert plan_of(MIXED).digest != plan_of(MIXED.replace("alpha: 0.2", "alpha: 0.3")).digest


def test_pictures_are_mixed_when_they_are_finished_and_not_before():
    with pytest.raises(UsageError, match="mixup stands before contrast") as caught:
        plan_of(TEXT.replace("  - contrast", "  - mixup\n  - contrast"))
    assert str(caught.value).startswith("plan.yaml:5:5: ") and "to the end" in str(caught.value)
    with pytest.raises(UsageError, match="cutmix stands before invert"):
        plan_of(TEXT.replace("digits", "none") + "  - one_of: [cutmix, invert]\n")


def test_one_draw_of_a_mixing_policy_is_drawn_like_any_other():
    draws = drawn(plan_of(MIXED), [f"k{number}" for number in range(200)])
    chosen = [np.isfinite(draws.values[f"{name}.radius"]) for name in ("mixup", "cutmix")]
    assert not (chosen[0] & chosen[1]).any() and 70 < chosen[0].sum() < 130 and 25 < chosen[1].sum() < 75
    assert (draws.numbers == drawn(plan_of(MIXED), [f"k{number}" for number in range(200)]).numbers).all()


def test_generate_refuses_to_write_mixed_pictures(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="a file has one label") as caught:
        store.generate(plan_of(MIXED), making.source(4), tmp_path / "out", progress=False)
    assert str(caught.value).startswith("plan.yaml:7:9: mixup mixes ") and "augkit.feed" in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_no_pictures_are_no_draws():
    assert len(plan_of().draw([], np.empty(0, np.int64), np.empty(0, np.int64), np.empty((0, 2)))) == 0


def test_a_plan_is_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        plan_of().seed = 3  # type: ignore[misc]


def test_a_task_saved_beside_what_was_made_makes_the_same_plan(tmp_path: Path) -> None:
    made = plan_of()
    saved = tmp_path / "task.yaml"
    with saved.open("wb") as file:
        YAML().dump(made.safe.task.canonical(), file)
    again = Plan(judge(made.safe.policy, tasks.load(saved)).safe_policy(), DIGITS)
    assert again.digest == made.digest

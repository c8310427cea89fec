"""Each draw is held against its own class: redrawn, clipped, relabelled or dropped, by itself."""

from __future__ import annotations

import dataclasses
import random

import numpy as np
import pytest

from augkit import policy, tasks
from augkit.draw import Draws, draw
from augkit.intervals import Interval
from augkit.plan import Plan
from augkit.policy import Policy
from augkit.safety import judge, survived
from augkit.safety.guard import acceptance, guarded
from tests.policies import GEOMETRIC, TONAL, read, written

DIGITS = tuple("0123456789")


def policy_of(steps: str, mode: str) -> Policy:
    return policy.parse(f"version: 1\ntask: digits\non_unsafe: {mode}\nsteps:\n{steps}\n", "guard.yaml")


def plan_of(steps: str, mode: str) -> Plan:
    return Plan(judge(policy_of(steps, mode), tasks.load("digits")).safe_policy(), DIGITS, seed=3)


def drawn(plan: Plan, label: str, count: int = 800) -> Draws:
    labels = np.full(count, DIGITS.index(label))
    sizes = np.full((count, 2), 28)
    return plan.draw([f"train/{label}/{i}" for i in range(count)], labels, np.ones(count, np.int64), sizes)


ROTATE = "  - rotate: {degrees: [-180, 180]}"


def test_redraw_gives_an_8_every_angle_and_a_6_only_within_20_degrees():
    plan = plan_of(ROTATE, "redraw")
    eight, six = drawn(plan, "8"), drawn(plan, "6")
    assert eight.accepted.all() and six.accepted.mean() > 0.99
    assert np.histogram(eight.effects["turn"], bins=12, range=(-180, 180))[0].min() > 30
    turns = six.effects["turn"][six.accepted]
    assert np.abs(turns).max() <= 20 + 1e-6 and np.abs(turns).max() > 18
    assert np.histogram(turns, bins=4, range=(-20, 20))[0].min() > 130, "evenly within what is left"
    assert (six.labels == 6).all()


def test_relabel_makes_a_half_turned_6_a_9():
    plan = plan_of(ROTATE, "relabel")
    six = drawn(plan, "6")
    turns, good = six.effects["turn"], six.accepted
    half = np.abs(turns) > 90
    assert good.mean() > 0.99
    assert set(six.labels[good & half]) == {9} and set(six.labels[good & ~half]) == {6}
    assert np.abs(turns[good & half]).min() >= 165 - 1e-6 and np.abs(turns[good & ~half]).max() <= 20 + 1e-6
    assert (six.label_before == 6).all()
    assert 0.35 < (good & half).mean() < 0.5, "30 degrees of 70"
    assert set(drawn(plan, "8").labels) == {8}
    assert set(drawn(plan, "7").labels) == {7}


def test_relabel_asks_of_the_other_axes_what_the_class_survives():
    plan = plan_of(f"{ROTATE}\n  - contrast: {{gain: [0.01, 1.0]}}", "relabel")
    six = drawn(plan, "6")
    assert {6, 9} == set(six.labels[six.accepted])
    assert six.effects["contrast"][six.accepted].min() >= 0.4 - 1e-6


def letters_policy(steps: str) -> Policy:
    return policy.parse(
        f"version: 1\ntask: latin-letters\non_unsafe: relabel\nsteps:\n{steps}\n", "guard.yaml"
    )


def test_relabel_asks_of_the_other_axes_what_the_class_it_becomes_survives():
    task = tasks.load("latin-letters")
    steps = "  - rotate: {degrees: [180, 180], p: 0.5}\n  - zoom: {factor: [0.65, 1.2]}"
    plan = Plan(judge(letters_policy(steps), task).safe_policy(), task.classes, seed=3)
    for before, after, zooms in [("n", "u", (0.85, 1.18)), ("u", "n", (0.85, 1.18)), ("b", "q", (0.65, 1.2))]:
        labels, names = np.full(600, task.classes.index(before)), [f"train/{before}/{i}" for i in range(600)]
        letters = plan.draw(names, labels, np.ones(600, np.int64), np.full((600, 2), 28))
        became = letters.accepted & (letters.labels == task.classes.index(after))
        assert became.sum() > 100
        seen = letters.effects["zoom"][became]
        assert (
            zooms[0] - 1e-6 <= seen.min() < zooms[0] + 0.05
            and zooms[1] - 0.05 < seen.max() <= zooms[1] + 1e-6
        )


def test_the_acceptance_of_a_class_counts_what_the_class_it_becomes_survives():
    steps = "  - flip_horizontal\n  - zoom: {factor: [0.65, 1.18]}"
    shares = judge(letters_policy(steps), tasks.load("latin-letters")).acceptance
    assert shares["b"] == 1, "it becomes d, which survives these zooms"
    assert shares["q"] == pytest.approx((1.18 - 0.85) / (1.2 - 0.65), abs=0.04), (
        "it becomes p, which does not"
    )


def test_clip_shortens_the_values_to_the_limit_and_no_further():
    plan = plan_of("  - rotate: {degrees: [-40, 40]}\n  - zoom: {factor: [0.9, 1.1]}", "clip")
    six = drawn(plan, "6")
    as_drawn = draw(
        plan.safe.policy, [f"train/6/{i}" for i in range(800)], np.ones(800), seed=3, aspects=np.ones(800)
    )
    beyond = np.abs(as_drawn.effects["turn"]) > 20
    assert six.accepted.all() and 0.3 < beyond.mean() < 0.7
    assert np.abs(six.effects["turn"]).max() <= 20 + 1e-6
    assert np.abs(six.effects["turn"][beyond]).min() > 19.98, "to the limit"
    assert (six.numbers[:, ~beyond] == as_drawn.numbers[:, ~beyond]).all(), "what is survived stays as drawn"
    factor = six.numbers[0] / as_drawn.numbers[0]
    np.testing.assert_allclose(six.numbers[1] - 1, factor * (as_drawn.numbers[1] - 1), atol=1e-12)


def test_what_cannot_be_clipped_is_drawn_again_and_clipped():
    plan = plan_of("  - rotate: {degrees: [-100, 100]}\n  - flip_horizontal: {p: 0.5}", "clip")
    six = drawn(plan, "6")
    assert six.accepted.all()
    assert np.isnan(six.effects["mirrored"]).all()
    assert (np.abs(six.effects["turn"]) > 19.9).mean() > 0.6


def test_drop_leaves_out_what_is_not_survived_and_draws_nothing_again():
    plan = plan_of("  - rotate: {degrees: [-40, 40]}", "drop")
    six = drawn(plan, "6")
    assert (six.accepted == (np.abs(six.effects["turn"]) <= 20)).all()
    assert 0.4 < six.accepted.mean() < 0.6


def test_a_class_that_accepts_nothing_is_given_nothing():
    unsupported = policy_of("  - rotate: {degrees: [90, 100]}", "redraw")
    task = tasks.load("digits")
    assert [finding.code for finding in judge(unsupported, task).findings] == ["LS906"]
    calls = []

    def again(at: np.ndarray, attempt: int) -> Draws:
        calls.append((at.tolist(), attempt))
        return dataclasses.replace(start.take(at), accepted=np.ones(len(at), bool))

    start = draw(unsupported, ["a", "b"], [1, 1], seed=0, aspects=np.ones(2), labels=np.array([6, 8]))
    out = guarded(start, task, DIGITS, again)
    assert out.accepted.tolist() == [False, True]
    assert calls == [([0], attempt) for attempt in range(1, 64)]
    assert (out.numbers == start.numbers).all(), "a draw past help stays as it was"


@pytest.mark.parametrize("mode", ["redraw", "clip", "relabel", "drop"])
def test_pictures_drawn_one_by_one_are_those_drawn_all_at_once_in_any_order(mode):
    steps = f"{ROTATE}\n  - flip_horizontal: {{p: 0.2}}\n  - contrast: {{gain: [0.3, 1.5], p: 0.5}}"
    plan = plan_of(steps, mode)
    names = [f"train/{i}" for i in range(40)]
    labels, copies = np.arange(40) % 10, np.arange(40) % 3 + 1
    sizes = np.full((40, 2), 28)
    whole = plan.draw(names, labels, copies, sizes)
    for order in (np.arange(40)[::-1], np.arange(0, 40, 7)):
        part = plan.draw([names[i] for i in order], labels[order], copies[order], sizes[order])
        for mine, theirs in [(part.numbers, whole.numbers[:, order]), (part.active, whole.active[:, order])]:
            assert (mine == theirs).all()
        assert (part.labels == whole.labels[order]).all() and (part.accepted == whole.accepted[order]).all()
    for i in range(0, 40, 9):
        alone = plan.draw([names[i]], labels[i : i + 1], copies[i : i + 1], sizes[i : i + 1])
        assert (alone.numbers[:, 0] == whole.numbers[:, i]).all()
        assert (alone.labels[0], alone.accepted[0]) == (whole.labels[i], whole.accepted[i])


@pytest.mark.parametrize("mode", ["redraw", "clip", "relabel", "drop"])
def test_every_accepted_draw_of_any_policy_is_survived_or_relabelled(mode):
    rng, task = random.Random(5), tasks.load("digits")
    for seed in range(12):
        some = dataclasses.replace(
            read(written(rng, ops=GEOMETRIC + TONAL, steps=4, depth=2)), on_unsafe=mode
        )
        labels = np.arange(40) % 10
        names = [f"s{i}" for i in range(40)]

        def again(at, attempt, some=some, labels=labels, seed=seed):
            return draw(
                some,
                [f"s{i}" for i in at],
                np.ones(len(at)),
                seed=seed,
                aspects=np.ones(len(at)),
                labels=labels[at],
                attempt=attempt,
            )

        start = draw(some, names, np.ones(40), seed=seed, aspects=np.ones(40), labels=labels)
        out = guarded(start, task, DIGITS, again)
        good = out.accepted
        assert survived(out, task, DIGITS)[good & (out.labels == out.label_before)].all()
        for i in np.flatnonzero(good & (out.labels != out.label_before)):
            assert mode == "relabel"
            before, after = DIGITS[out.label_before[i]], DIGITS[out.labels[i]]
            assert task.partner(before, "turn", float(out.effects["turn"][i])) == after
        after = dataclasses.replace(out, label_before=out.labels)
        assert survived(after, task, DIGITS, but=("turn", "mirrored"))[good].all()


def test_the_acceptance_of_a_class_is_the_share_of_draws_it_survives():
    counted = policy_of("  - rotate: {degrees: [-40, 40]}\n  - flip_horizontal: {p: 0.25}", "redraw")
    verdict = judge(counted, tasks.load("digits"))
    expected = {"6": 0.75 * 0.5, "8": 1.0, "1": 0.75 * 0.5 + 0.25 * 0.25, "3": 0.75 * 0.5}
    for name, share in expected.items():
        assert verdict.acceptance[name] == pytest.approx(share, abs=0.045), name
    relabel = dataclasses.replace(policy_of(ROTATE, "relabel"))
    shares = judge(relabel, tasks.load("digits")).acceptance
    assert shares["6"] == pytest.approx((40 + 30) / 360, abs=0.045)
    assert shares["7"] == pytest.approx(40 / 360, abs=0.045)
    assert shares["0"] == 1
    clipped = judge(
        policy_of(f"{ROTATE}\n  - flip_horizontal: {{p: 0.25}}", "clip"), tasks.load("digits")
    ).acceptance
    assert clipped["6"] == pytest.approx(0.75, abs=0.045)


def test_acceptance_counts_a_given_sample():
    made = policy_of(ROTATE, "redraw")
    sample = draw(made, [str(i) for i in range(500)], np.ones(500), seed=1, aspects=np.ones(500))
    found = acceptance(made, tasks.load("digits"), ("6",), sample)
    assert found == {"6": float((np.abs(sample.effects["turn"]) <= 20).mean())}


def test_a_policy_that_refuses_passes_draws_on_as_they_are():
    made = policy_of(ROTATE, "refuse")
    start = draw(made, ["a"], [1], seed=1, aspects=np.ones(1), labels=np.array([6]))
    assert guarded(start, tasks.load("digits"), DIGITS, lambda at, attempt: start) is start


def test_a_guard_survives_no_value_of_an_axis_that_it_does_not_have():
    task = tasks.load("digits")
    mirrored = draw(
        policy_of("  - flip_horizontal", "drop"),
        ["a", "b"],
        [1, 1],
        seed=0,
        aspects=np.ones(2),
        labels=np.array([6, 8]),
    )
    assert survived(mirrored, task, DIGITS).tolist() == [False, True]
    assert Interval(0.4, 2.5) == task.survives("6").contrast

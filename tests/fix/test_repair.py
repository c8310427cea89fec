"""Mending policies: what is safe stays, what is not is mended by the least, and what cannot be is said."""

from __future__ import annotations

import json
import random

import pytest

from augkit import policy, safety, tasks
from augkit.errors import PolicyError
from augkit.fix import Fixed, fix
from tests.policies import GEOMETRIC, TONAL, read, written

HEAD = "version: 1\ntask: digits\n"


def fixed(steps: str, *classes: str, task: str = "digits", more: str = "") -> Fixed:
    """Mend a policy of some steps, one a line."""
    lines = "".join(f"  - {step.strip()}\n" for step in steps.strip().splitlines())
    text = f"{HEAD}{more}steps:\n{lines}"
    return fix(text, "p.yaml", tasks.load(task), classes=classes or None)


def steps(mended: Fixed) -> list[str]:
    return [line.strip(" -") for line in mended.after.splitlines() if line.startswith("  -")]


def test_a_safe_policy_is_left_as_it_is() -> None:
    mended = fixed("rotate: {degrees: [-5.00, 5]}")
    assert (mended.done, mended.after, mended.diff()) == ((), mended.before, "")
    assert mended.verdict.safe


def test_a_range_is_narrowed_to_the_limit_and_the_rest_keeps_its_spelling() -> None:
    mended = fixed("rotate: {degrees: [-30, 10], p: 0.80}   # lean\nshift: {x: [-0.10, 0.1]}")
    assert steps(mended) == ["rotate: {degrees: [-20, 6.67], p: 0.80}   # lean", "shift: {x: [-0.10, 0.1]}"]
    assert mended.done == ("narrowed rotate to 67%: LS102 turned-too-far",)
    assert mended.diff() == (
        "--- p.yaml\n+++ p.yaml\n@@ -1,5 +1,5 @@\n version: 1\n task: digits\n steps:\n"
        "-  - rotate: {degrees: [-30, 10], p: 0.80}   # lean\n"
        "+  - rotate: {degrees: [-20, 6.67], p: 0.80}   # lean\n"
        "   - shift: {x: [-0.10, 0.1]}\n"
    )


def test_steps_that_are_too_much_together_are_narrowed_by_one_factor() -> None:
    mended = fixed("rotate: {degrees: [-24, 24]}\nrotate: {degrees: [-16, 16]}")
    assert steps(mended) == ["rotate: {degrees: [-12, 12]}", "rotate: {degrees: [-8, 8]}"]


def test_what_is_found_could_not_be_a_twentieth_wider() -> None:
    mended = fixed("rotate: {degrees: [-30, 30]}\nshear: {x_degrees: [-20, 20], y_degrees: [-10, 10]}")
    wider = mended.after
    for leaf in policy.parse(mended.after).leaves():
        for number in leaf.op.drawn():
            wider = wider.replace(f"{number.high:g}", f"{number.high * 1.05:g}")
    assert mended.verdict.safe
    assert not safety.judge(policy.parse(wider), tasks.load("digits")).safe


def test_a_flip_that_no_class_survives_is_removed() -> None:
    assert steps(fixed("flip_horizontal: {p: 0.5}\nrotate: {degrees: [-5, 5]}")) == [
        "rotate: {degrees: [-5, 5]}"
    ]


def test_only_the_flip_that_does_harm_is_removed() -> None:
    mended = fixed("flip_horizontal: {p: 0.5}\nflip_vertical: {p: 0.5}", "35", task="traffic-signs")
    assert steps(mended) == ["flip_horizontal: {p: 0.5}"]


def test_a_turn_is_narrowed_before_a_flip_is_removed() -> None:
    mended = fixed("flip_horizontal\nrotate: {degrees: [-15, 15]}", "11", task="traffic-signs")
    assert steps(mended) == ["flip_horizontal", "rotate: {degrees: [-10, 10]}"]


def test_a_step_that_nothing_survives_is_removed_rather_than_narrowed_to_nothing() -> None:
    mended = fixed("contrast: {gain: [0.9, 1.1]}\nhue: {degrees: [-9, 9]}", task="none")
    assert mended.verdict.safe and not mended.done
    strict = tasks.parse("version: 1\ntask: strict\nclasses: any\nsurvives: {contrast: [0.5, 2]}\n")
    text = f"{HEAD}steps:\n- contrast: {{gain: [0.9, 1.1]}}\n- rotate: {{degrees: [-9, 9]}}\n"
    assert fix(text, "p", strict).after == f"{HEAD}steps:\n- contrast: {{gain: [0.9, 1.1]}}\n"


def test_steps_and_waivers_that_say_nothing_are_removed() -> None:
    mended = fixed(
        """shift: {x: [-0.1, 0.1]}
        zoom: {factor: [1, 1]}
        rotate: {degrees: [-5, 5], p: 0}
        some_of: {n: 0, steps: [shear: {x_degrees: [-5, 5]}]}""",
        more="allow:\n  LS101: no reason\n",
    )
    assert steps(mended) == ["shift: {x: [-0.1, 0.1]}"]
    assert "allow" not in mended.after


def test_a_step_and_the_one_that_undoes_it_are_both_removed() -> None:
    mended = fixed("flip_horizontal\ncontrast: {gain: [0.9, 1.1]}\nflip_horizontal", task="natural")
    assert steps(mended) == ["contrast: {gain: [0.9, 1.1]}"]


def test_a_waiver_that_is_needed_no_more_goes_with_its_reason() -> None:
    mended = fixed(
        "rotate: {degrees: [-180, 180]}",
        "2",
        more="allow:\n  LS301: corners are empty\n",
        task="house-numbers",
    )
    assert steps(mended) == ["rotate: {degrees: [-20, 20]}"]
    assert "allow" not in mended.after


def test_a_waived_finding_is_not_mended() -> None:
    mended = fixed("rotate: {degrees: [-45, 45]}", "2", more="allow:\n  LS102: it is meant\n")
    assert mended.verdict.safe and not mended.done


def test_a_guarded_policy_is_narrowed_until_every_class_accepts_enough() -> None:
    mended = fixed("rotate: {degrees: [90, 120]}", more="on_unsafe: redraw\n")
    assert mended.verdict.safe
    assert min(mended.verdict.acceptance.values()) >= 0.05
    assert steps(mended)[0].startswith("rotate: {degrees: [")


def test_an_augmented_test_split_is_left_to_people_and_the_rest_is_mended() -> None:
    mended = fixed("rotate: {degrees: [-30, 30]}", more="splits: [train, test]\n")
    assert steps(mended) == ["rotate: {degrees: [-20, 20]}"]
    assert [finding.code for finding in mended.verdict.findings] == ["LS501"]


def test_what_was_mended_needs_no_mending() -> None:
    once = fixed("one_of: [invert, zoom: {factor: [0.2, 3]}, flip_vertical]\nshear: {x_degrees: [-40, 20]}")
    twice = fix(once.after, "p.yaml", tasks.load("digits"))
    assert twice.done == () and twice.after == once.after


def test_a_diff_says_where_a_file_has_no_last_newline() -> None:
    mended = fix(f"{HEAD}steps:\n- rotate: {{degrees: [-30, 30]}}", "p.yaml", tasks.load("digits"))
    assert mended.diff().endswith(
        "-- rotate: {degrees: [-30, 30]}\n\\ No newline at end of file\n"
        "+- rotate: {degrees: [-20, 20]}\n\\ No newline at end of file\n"
    )


def test_lines_that_end_in_a_carriage_return_alone_are_refused() -> None:
    with pytest.raises(PolicyError, match="end in a carriage return alone"):
        fix("version: 1\rtask: digits\rsteps: []\r", "p.yaml", tasks.load("digits"))


def mend_and_judge(seed: int) -> None:
    """Mend a random policy and see that a fresh reading of the file is safe, its comment still there."""
    rng = random.Random(seed)
    plain = written(rng, ops=(*GEOMETRIC, *TONAL), steps=3)
    plain["task"] = rng.choice(["digits", "natural", "traffic-signs", "hands"])
    plain["on_unsafe"] = rng.choice(["refuse", "refuse", "refuse", "redraw", "clip", "relabel", "drop"])
    text = json.dumps(plain) if rng.random() < 0.3 else "# mine\n" + policy.dump(read(plain))
    task = tasks.load(plain["task"])
    mended = fix(text, "p.yaml", task)
    again = safety.judge(policy.parse(mended.after), task)
    assert again.safe, (seed, mended.done, again.text())
    assert mended.after.startswith(text[:6])
    assert bool(mended.done) != safety.judge(policy.parse(text), task).safe


@pytest.mark.parametrize("seed", range(6))
def test_a_mended_policy_is_safe(seed: int) -> None:
    mend_and_judge(seed)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(6, 250))
def test_many_mended_policies_are_safe(seed: int) -> None:
    mend_and_judge(seed)


def test_a_range_that_is_a_default_is_narrowed_and_not_removed():
    text = "version: 1\ntask: digits\nsteps:\n  - equalize  # as drawn\n  - pad: {share: 0.05}\n"
    found = fix(text, "x.yaml", tasks.load("digits"))
    assert found.verdict.safe
    ((_, op),) = [
        (step.name, step.op) for step in policy.parse(found.after).leaves() if step.name == "equalize"
    ]
    assert 0.5 < op.strength[0] <= op.strength[1] < 0.6
    assert "# as drawn" in found.after and "pad: {share: 0.05}" in found.after


def test_a_default_is_not_written_out_where_another_step_is_removed():
    text = "version: 1\ntask: natural\nsteps:\n  - invert\n  - autocontrast\n"
    found = fix(text, "x.yaml", tasks.load("natural"))
    assert found.after == text.replace("  - invert\n", "")

"""Safety: hold what a policy can do against what a task's labels survive.  `RULES` is the one table of rules.

To add a rule, write its file and its line here; its docstring is its page, and its two examples are its
tests.
"""

from __future__ import annotations

from augkit.intervals import Interval
from augkit.policy import Policy
from augkit.safety import (
    ls101_mirrored,
    ls102_turned_too_far,
    ls103_stretched,
    ls104_zoomed,
    ls201_contrast,
    ls202_brightness,
    ls203_inverted,
    ls204_hue,
    ls205_saturation,
    ls206_channels_mixed,
    ls207_too_few_levels,
    ls301_out_of_frame,
    ls302_covered,
    ls303_blurred,
    ls304_too_few_pixels,
    ls305_noisy,
    ls306_displaced,
    ls307_compressed,
    ls401_another_class,
    ls402_blended,
    ls501_test_split,
    ls901_never_done,
    ls902_never_moves,
    ls903_undone_by_the_next,
    ls904_unreachable_branch,
    ls905_idle_waiver,
    ls906_too_few_accepted,
    ls907_unknown_effect,
    ls908_nothing_left,
)
from augkit.safety.case import Case, Rule
from augkit.safety.drawn import found_in
from augkit.safety.finding import Finding, drawn_in_words, value_in_words
from augkit.safety.guard import draw_guarded, survived
from augkit.safety.narrowing import narrowed
from augkit.safety.verdict import SafePolicy, Verdict
from augkit.tasks import Task

RULES: dict[str, Rule] = {
    "LS101": ls101_mirrored,
    "LS102": ls102_turned_too_far,
    "LS103": ls103_stretched,
    "LS104": ls104_zoomed,
    "LS201": ls201_contrast,
    "LS202": ls202_brightness,
    "LS203": ls203_inverted,
    "LS204": ls204_hue,
    "LS205": ls205_saturation,
    "LS206": ls206_channels_mixed,
    "LS207": ls207_too_few_levels,
    "LS301": ls301_out_of_frame,
    "LS302": ls302_covered,
    "LS303": ls303_blurred,
    "LS304": ls304_too_few_pixels,
    "LS305": ls305_noisy,
    "LS306": ls306_displaced,
    "LS307": ls307_compressed,
    "LS401": ls401_another_class,
    "LS402": ls402_blended,
    "LS501": ls501_test_split,
    "LS901": ls901_never_done,
    "LS902": ls902_never_moves,
    "LS903": ls903_undone_by_the_next,
    "LS904": ls904_unreachable_branch,
    "LS906": ls906_too_few_accepted,
    "LS907": ls907_unknown_effect,
    "LS908": ls908_nothing_left,
    "LS905": ls905_idle_waiver,
}

OF_STEPS = tuple(rule for code, rule in RULES.items() if code < "LS5")
"""The rules on what steps do to pictures and labels."""

OF_DRAWS = (*OF_STEPS, RULES["LS907"])
"""The rules that a single draw can break, for `found_in`."""

__all__ = [
    "OF_DRAWS",
    "OF_STEPS",
    "RULES",
    "Case",
    "Finding",
    "Rule",
    "SafePolicy",
    "Verdict",
    "draw_guarded",
    "drawn_in_words",
    "found_in",
    "judge",
    "narrowed",
    "survived",
    "value_in_words",
]


def judge(
    policy: Policy, task: Task, *, classes: tuple[str, ...] | None = None, aspect: Interval | None = None
) -> Verdict:
    """Judge a policy against a task, its suites (`rand_augment`) narrowed to what the task survives.

    Args:
        policy:  what may be done to pictures.
        task:    what labels survive.
        classes: the data's class names; the task's own when not given.
        aspect:  width over height of the data's pictures; the task's own when not given.

    Raises:
        TaskError: `classes` are not those of the task.
    """
    if classes is not None:
        task.fit(classes)
    policy, left_out = narrowed(policy, task, OF_STEPS, classes=classes, aspect=aspect)
    case = Case(policy, task, classes, aspect)
    waivers = dict(policy.allow)
    found: list[Finding] = []
    waived: list[Finding] = []
    for code, rule in RULES.items():
        for finding in rule.check(case):
            if code in waivers:
                case.used_waivers.add(code)
                waived.append(finding.allowed(waivers[code]))
            else:
                found.append(finding)
    reach = case.settler.reach
    findings = _in_order(found), _in_order(waived)
    return Verdict(policy, task, reach, case.aspect, *findings, case.acceptance, left_out)


def _in_order(findings: list[Finding]) -> tuple[Finding, ...]:
    def place(finding: Finding) -> tuple[int, ...]:
        numbers = [int(part) for part in finding.where.rsplit(":", 2)[1:] if part.isdigit()]
        return tuple(numbers)

    return tuple(sorted(findings, key=lambda finding: (place(finding), finding.code)))

"""What every rule promises, held over `RULES`: a new rule is covered the moment it is listed."""

from __future__ import annotations

import dataclasses
import functools
import math
import re
import textwrap
from pathlib import Path
from types import ModuleType
from typing import cast

import pytest

from augkit import backend, interchange, policy, tasks
from augkit.intervals import Arcs, Interval
from augkit.ops import OPS, Op
from augkit.ops.degrade import MOST_PIXELS
from augkit.policy import Policy
from augkit.reach import AXES, Reach
from augkit.safety import RULES, Finding, Verdict, judge
from augkit.steps import Step
from augkit.tasks import Task
from tests.policies import FRAMING

EITHER_WAY = Interval(0.5, 2.0)
REASON = "looked at 200 of them, and they are what they say"


@functools.cache
def written(code: str, title: str) -> Policy:
    """Return the policy under "Example" or "Use instead"; one without a version is a pipeline in Python."""
    blocks = re.split(r"^(Example|Use instead):\n", RULES[code].__doc__ or "", flags=re.MULTILINE)
    text = textwrap.dedent(blocks[blocks.index(title) + 1])
    if text.lstrip().startswith("version:"):
        return policy.parse(text, "policy.yaml")
    names: dict[str, object] = {"my_function": _as_it_was}
    if "keras" in text:
        names["keras"] = backend.load()
    else:
        import albumentations

        names["A"] = albumentations
    return interchange.read(eval(text.strip(), names), task="digits", name="pipeline.py").policy


def _as_it_was(image: object, **_: object) -> object:
    return image


@functools.cache
def verdict(code: str, title: str = "Example") -> Verdict:
    made = written(code, title)
    return judge(made, tasks.load(made.task))


def page(code: str) -> str:
    return RULES[code].__doc__ or ""


ON_AN_AXIS = [
    pytest.param(finding, id=f"{code}-{finding.axis}-{'-'.join(finding.classes[:3])}".replace(" ", "-"))
    for code in RULES
    if "version:" in page(code)
    for finding in verdict(code).findings
    if finding.axis
]


@pytest.mark.parametrize("code", RULES)
def test_the_example_of_a_rule_fires_that_rule_and_no_other(code: str) -> None:
    assert {finding.code for finding in verdict(code).findings} == {code}


@pytest.mark.parametrize("code", RULES)
def test_what_a_rule_says_to_use_instead_is_safe(code: str) -> None:
    assert verdict(code, "Use instead").word == "safe"
    assert written(code, "Use instead").steps != () and not written(code, "Use instead").allow


@pytest.mark.parametrize("code", RULES)
def test_the_code_leads_to_the_file_and_the_file_to_the_code(code: str) -> None:
    rule = cast(ModuleType, RULES[code])
    file = f"{code.lower()}_{RULES[code].NAME.replace('-', '_')}.py"
    assert Path(rule.__file__ or "").name == file
    assert code == RULES[code].CODE


def test_every_file_of_a_rule_is_listed() -> None:
    folder = Path(cast(ModuleType, RULES["LS101"]).__file__ or "").parent
    listed = {cast(ModuleType, rule).__file__ for rule in RULES.values()}
    assert {str(path) for path in folder.glob("ls[0-9]*.py")} == listed


def test_names_are_unique() -> None:
    names = [rule.NAME for rule in RULES.values()]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("code", RULES)
def test_a_name_reads_after_the_word_allow(code: str) -> None:
    name = RULES[code].NAME
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", name)
    assert name.split("-")[0] not in ("allow", "no", "not", "un", "dont", "rule"), "said of what is there"
    assert len(name) <= 24


@pytest.mark.parametrize("code", RULES)
def test_the_page_of_a_rule_says_what_why_and_what_to_do_instead(code: str) -> None:
    first, *rest = page(code).split("\n")
    assert re.fullmatch(r"[A-Z][a-z]+ .*[a-z]\.", first), "one sentence, on a line of its own"
    titles = re.findall(r"^(Why|Example|Use instead):", "\n".join(rest), flags=re.MULTILINE)
    assert titles == ["Why", "Example", "Use instead"]
    why = page(code).split("Why:")[1].split("Example:")[0].strip()
    assert len(why) > 60 and why.endswith(".")


@pytest.mark.parametrize("code", RULES)
def test_a_waiver_with_its_reason_lets_the_example_through_and_is_written_down(code: str) -> None:
    made = written(code, "Example")
    waived = judge(dataclasses.replace(made, allow=(*made.allow, (code, REASON))), tasks.load(made.task))
    assert waived.safe
    mine = [finding for finding in waived.waived if finding.code == code]
    before = [finding.problem for finding in verdict(code).findings]
    assert [finding.problem for finding in mine] == before
    assert {finding.reason for finding in mine} == {REASON}
    assert f"allowed because: {REASON}" in waived.text()
    assert REASON in str(waived.canonical()["waived"])
    assert waived.safe_policy().policy.allow[-1] == (code, REASON)


@pytest.mark.parametrize("code", [code for code in RULES if code != "LS905"])
def test_a_waiver_of_another_rule_lets_nothing_through(code: str) -> None:
    made, other = written(code, "Example"), "LS901" if code != "LS901" else "LS902"
    held = judge(dataclasses.replace(made, allow=(*made.allow, (other, REASON))), tasks.load(made.task))
    assert {finding.code for finding in held.findings} == {code, "LS905"}


def widest(kind: type[Op]) -> Op:
    """Return the op with every range as wide as its limits; of those without ranges, one that moves much."""
    (name,) = [name for name, listed in OPS.items() if listed is kind]
    wide: dict[str, object] = dict(FRAMING[name][1]) if name in FRAMING else {}
    for field in dataclasses.fields(kind):
        if "limits" in field.metadata:
            wide[field.name] = field.metadata["limits"].low, field.metadata["limits"].high
    return kind(**wide)


def moved(op: Op) -> list[str]:
    """Return the axes that an op declares it moves."""
    effects, still = op.effects(EITHER_WAY), Reach()
    return [axis for axis in AXES if effects.on(axis) != still.on(axis)]


MOVED = [(name, axis) for name, kind in OPS.items() for axis in moved(widest(kind))]
GONE = {("flip_horizontal", "turn"), ("flip_vertical", "turn"), ("transpose", "turn"), ("invert", "contrast")}
"""What these take away (the picture that is not mirrored, not inverted), which no class can miss."""


@pytest.mark.parametrize("name, axis", [pair for pair in MOVED if pair not in GONE])
def test_every_axis_that_an_op_moves_has_a_rule(name: str, axis: str) -> None:
    limit = Reach().on(axis) if axis != "pixels" else Interval(MOST_PIXELS, math.inf)
    survived = dataclasses.replace(Reach.unknown(), **{axis: limit})
    task = Task("still", "", (), survived, aspect=EITHER_WAY)
    step = Step(widest(OPS[name]), 1.0, name, "policy.yaml:1:1", name)
    found = judge(Policy(steps=(step,), task="still"), task)
    assert not found.safe
    assert {finding.axis for finding in found.findings} == {axis}
    assert len({finding.code for finding in found.findings}) == 1
    assert found.findings[0].where == "policy.yaml:1:1"


def test_each_axis_has_one_rule_of_its_own() -> None:
    rules: dict[str, set[str]] = {}
    for param in ON_AN_AXIS:
        (finding,) = param.values
        if finding.code != "LS401":  # which speaks of turns and mirrors as well, for other classes
            rules.setdefault(finding.axis, set()).add(finding.code)
    assert set(rules) == {axis for _, axis in MOVED}
    assert all(len(codes) == 1 for codes in rules.values())


def ends(finding: Finding) -> list[float]:
    """Return the numbers that bound what the classes survive; none where they survive none of it."""
    limit, kind = finding.survived, AXES[finding.axis]
    assert limit is not None
    if finding.code == "LS401":
        assert isinstance(limit, Arcs)
        limit = limit.complement()
    if isinstance(limit, Arcs):
        return [end for arc in limit.arcs for end in arc]
    some = {"most": [limit.high], "least": [limit.low]}.get(kind.kind, [limit.low, limit.high])
    return [] if limit.empty or limit == kind.still else some


def said(text: str) -> list[float]:
    return [float(number) for number in re.findall(r"-?\d+(?:\.\d+)?", text)]


@pytest.mark.parametrize("finding", ON_AN_AXIS)
def test_a_message_names_the_place_the_classes_both_numbers_and_a_fix(finding: Finding) -> None:
    first, *rest = finding.text().split("\n")
    assert re.match(rf"policy\.yaml:\d+:\d+: {finding.code} {RULES[finding.code].NAME}: [a-z]", first)
    named = re.search(r"\bclass(?:es)? ((?:\w+, )*\w+) (?:survive|do|would)", first)
    every = finding.classes == ("every class",)
    assert named is None if every else named is not None and tuple(named[1].split(", ")) == finding.classes
    assert not every or re.search("(every|no) class survives", first)
    does, _, survived = finding.problem.partition(", but ")
    if finding.axis != "channels":  # mixed or not, there is no number
        assert any(math.isclose(number, finding.value, rel_tol=5e-3, abs_tol=1e-9) for number in said(does))
    assert all(any(math.isclose(n, end, rel_tol=1e-3) for n in said(survived)) for end in ends(finding))
    assert ends(finding) or "survive" in survived
    assert any(line.startswith("  for example: ") for line in rest)
    assert rest[-1].startswith("  fix: ") and len(rest[-1]) > len("  fix: narrow ")


@pytest.mark.parametrize("code", RULES)
def test_every_finding_stands_alone_in_a_log(code: str) -> None:
    for finding in verdict(code).findings:
        assert finding.where.startswith(("policy.yaml:", "pipeline.py:"))
        assert finding.problem and "\n" not in finding.problem and not finding.problem.endswith(".")
        assert finding.fix and "\n" not in finding.fix
        for word in ("nan", "None", "inf", "{}", "[]"):
            assert not re.search(rf"(?<!\w){re.escape(word)}(?!\w)", finding.text())


@pytest.mark.parametrize("finding", ON_AN_AXIS)
def test_the_fix_names_steps_that_are_in_the_policy(finding: Finding) -> None:
    names = {leaf.name for leaf in written(finding.code, "Example").leaves()}
    assert any(re.search(rf"(?<![\w#]){re.escape(name)}(?![\w#])", finding.fix) for name in names)


def test_the_idle_waivers_are_looked_for_last() -> None:
    assert list(RULES)[-1] == "LS905"


def test_the_waiver_of_idle_waivers_is_not_idle_when_it_waives_one() -> None:
    made = policy.parse(
        "version: 1\ntask: digits\nsteps:\n  - shift: {x: [-0.1, 0.1]}\n"
        "allow:\n  LS102: old scans\n  LS905: the list is shared by many policies\n"
    )
    (only,) = judge(made, tasks.load("digits")).waived
    assert only.path == "allow.LS102"

"""The texts that commands print: verdicts, and pages on rules, tasks and ops, made from the code itself."""

from __future__ import annotations

import dataclasses
import inspect
import re
import textwrap
from collections.abc import Iterator

from augkit import tasks
from augkit.errors import AugkitError, UsageError, did_you_mean
from augkit.ops import OPS, Op
from augkit.ops.borrowed import EFFECTS, REFUSED
from augkit.ops.foreign import Albumentations
from augkit.reach import AXES, numbers
from augkit.safety import RULES, Verdict
from augkit.steps import CHOICES, FOREIGN, wanted
from augkit.suites import SUITES, Suite
from augkit.tasks import Task

_PLACE = re.compile(r"(.+?):(\d+):(\d+)(?:: (.+))?", re.DOTALL)


def verdict(judged: Verdict, *, show_reach: bool = False) -> str:
    """Return the verdict, and with `show_reach` a phrase for each axis that moves, a line each."""
    if not show_reach:
        return judged.text()
    said = [f"  {line}" for line in judged.reach.in_words()] or ["  nothing changes"]
    return "\n".join([judged.text(), "reach, axis by axis (a bound: nothing goes beyond it)", *said])


def plain_outcome(outcome: Verdict | AugkitError, policy: str) -> dict[str, object]:
    """Return what came of judging a policy as plain data: the verdict, or what is wrong with the file."""
    if isinstance(outcome, Verdict):
        return outcome.canonical() | {"policy": outcome.policy.file}
    said = {"where": outcome.where, "problem": outcome.problem, "fix": outcome.fix}
    return {"verdict": "error", **said, "policy": policy}


def github(outcome: Verdict | AugkitError, policy: str) -> Iterator[str]:
    """Yield a GitHub workflow command for each finding, or for what is wrong with the file."""
    if isinstance(outcome, AugkitError):
        yield _annotation(outcome.where, policy, "no policy", outcome.problem, outcome.fix)
        return
    for each in outcome.findings:
        yield _annotation(each.where, policy, f"{each.code} {each.name}", each.problem, each.fix)


def _annotation(where: str, policy: str, title: str, problem: str, fix: str) -> str:
    """Return the GitHub workflow command that marks a place, or else the policy's first line."""
    found = _PLACE.fullmatch(where)
    file, line, column, path = found.groups() if found else (policy, 1, 1, where.removeprefix(policy))
    text = f"{path.strip(': ')}: " if path else ""
    text += f"{problem} Fix: {fix}" if fix else problem
    text = text.replace("%", "%25").replace("\n", "%0A")
    return f"::error file={file},line={line},col={column},title={title}::{text}"


def rules() -> str:
    """Return a line for each rule."""
    lines = [f"{code}  {rule.NAME:<16}  {_first(rule)}" for code, rule in sorted(RULES.items())]
    return "\n".join([*lines, "", "'augkit explain CODE' shows one whole."])


def rule(code: str) -> str:
    """Return the page of one rule: its docstring."""
    found = RULES[code]
    return f"{code} {found.NAME}\n\n{inspect.cleandoc(found.__doc__ or '')}"


def plain_rule(code: str) -> dict[str, str]:
    """Return one rule as plain data."""
    name, about = RULES[code].NAME, _first(RULES[code])
    return {"code": code, "name": name, "about": about, "text": inspect.cleandoc(RULES[code].__doc__ or "")}


def tasks_list() -> str:
    """Return a line for each built-in task."""
    lines = [f"{name:<14} {tasks.load(name).about}" for name in tasks.names()]
    return "\n".join([*lines, "", "'augkit tasks NAME' shows what its labels survive."])


def task(shown: Task) -> str:
    """Return what the labels of a task survive, classes that survive the same together, and why."""
    lines = _folded(f"{shown.name}: {shown.about}")
    if shown.classes:
        lines += _folded(f"{len(shown.classes)} classes: {', '.join(shown.classes)}")
    if shown.survives_everything:
        return "\n".join([*lines, "", "every class survives everything"])
    lines += ["", "every class survives" + (", but for those below," if shown.excepted else "")]
    default = shown.default
    lines += [f"  {axis:<11} {numbers(axis, default.on(axis))} ({AXES[axis].unit})" for axis in AXES]
    if shown.excepted:
        lines += ["", "but", *_excepted(shown)]
    if shown.becomes:
        lines += ["", "becomes another class"]
    for zone in shown.becomes:
        lines += _folded(f"  {zone.axis} {numbers(zone.axis, zone.arcs)}: {_swaps(dict(zone.classes))}")
    if shown.because:
        lines += ["", "because (what is given no source here is a convention)"]
    for axis, (text, source) in shown.because:
        lines += _folded(f"  {axis}: {text}{f' ({source})' if source else ''}")
    return "\n".join(lines)


def _excepted(shown: Task) -> list[str]:
    """Return a line for each limit that some classes have and others do not."""
    lines = []
    for axis in AXES:
        groups: dict[object, list[str]] = {}
        for name, limits in shown.excepted:
            if limits.on(axis) != shown.default.on(axis):
                groups.setdefault(numbers(axis, limits.on(axis)), []).append(name)
        for said, names in groups.items():
            lines += _folded(f"  {axis} {said}: {', '.join(names)}")
    return lines


def _swaps(becomes: dict[str, str]) -> str:
    """Say which classes become which, pairs that swap once."""
    pairs = [(one, other) for one, other in becomes.items() if becomes.get(other) == one]
    said = [
        f"{one} and {other} swap" for i, (one, other) in enumerate(pairs) if (other, one) not in pairs[:i]
    ]
    said += [f"{one} reads {other}" for one, other in becomes.items() if (one, other) not in pairs]
    return ", ".join(said)


def _folded(text: str) -> list[str]:
    indent = len(text) - len(text.lstrip())
    return textwrap.wrap(
        text, 110, subsequent_indent=" " * (indent + 4), break_long_words=False, break_on_hyphens=False
    )


def ops_list() -> str:
    """Return a line for each op."""
    lines = [
        f"{name:<16} {_first(kind)}" for name, kind in {**OPS, **SUITES, FOREIGN: Albumentations}.items()
    ]
    choices = f"{' and '.join(CHOICES)} pick among steps; every step takes p, its probability."
    return "\n".join([*lines, "", choices, "'augkit ops NAME' shows the settings of one."])


def plain_ops(name: str = "") -> list[dict[str, object]]:
    """Return all steps that a policy can use, or one, as plain data: what each is for, and what its settings
    take, in the words of the JSON Schema of policies.
    """
    from augkit import schema

    steps = schema.policy()["definitions"]["step"]["anyOf"][0]["properties"]
    return [
        {
            "name": word,
            "about": _first(_known(word)),
            "text": steps[word]["description"],
            "settings": steps[word]["properties"],
            "required": steps[word].get("required", []),
        }
        for word in ([name] if name else steps)
        if name or word not in CHOICES
    ]


def _known(name: str) -> type[Op | Suite | Albumentations]:
    """Return the class of an op; UsageError where there is none of this name."""
    kinds = {**OPS, **SUITES, FOREIGN: Albumentations}
    if name not in kinds:
        raise UsageError(f"no op {name!r}; the ops are {', '.join(kinds)}", fix=did_you_mean(name, kinds))
    return kinds[name]


def op(name: str) -> str:
    """Return the page of one op: its docstring and its settings."""
    if name == FOREIGN:
        return _albumentations()
    kind = _known(name)
    lines = [name, "", inspect.cleandoc(kind.__doc__ or ""), "", "Settings"]
    for field in dataclasses.fields(kind):
        if field.default is dataclasses.MISSING:
            given = "required"
        elif field.default is None:
            given = "may be left out"
        else:
            default = list(field.default) if isinstance(field.default, tuple) else field.default
            given = f"default {default}"
        lines.append(f"  {field.name}: {wanted(field)}; {given}")
    lines.append("  p: probability, 0 to 1; default 1")
    return "\n".join(lines)


def _albumentations() -> str:
    """Return the page of the op `albumentations`: its docstring, and the transforms it can use."""
    names = textwrap.wrap(", ".join(sorted(EFFECTS)), 108, initial_indent="  ", subsequent_indent="  ")
    why: dict[str, list[str]] = {}
    for name, reason in REFUSED.items():
        why.setdefault(reason, []).append(name)
    refused = [
        line
        for reason, members in why.items()
        for line in textwrap.wrap(
            f"{', '.join(members)}: {reason}", 108, initial_indent="  ", subsequent_indent="    "
        )
    ]
    about = inspect.cleandoc(Albumentations.__doc__ or "").partition("\n\nAttributes:")[0]
    return "\n".join([
        "albumentations", "", about, "", "Settings", "  name: a transform; its own arguments beside it",
        "  side: pixels across the shorter side of the pictures; default 28",
        "  p: probability, 0 to 1; default 1",
        "", "Transforms", *names, "", "Not for classification", *refused,
    ])  # fmt: skip


def _first(documented: object) -> str:
    return inspect.cleandoc(getattr(documented, "__doc__", "") or "").split("\n")[0]

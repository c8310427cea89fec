"""The texts that commands print: verdicts, and pages on rules, tasks and ops, made from the code itself."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Iterator

from augkit import tasks
from augkit.errors import UsageError, did_you_mean
from augkit.ops import OPS, Limits
from augkit.policy import CHOICES
from augkit.reach import AXES, numbers
from augkit.safety import RULES, Verdict
from augkit.tasks import Task


def verdict(judged: Verdict, *, show_reach: bool = False) -> str:
    """Return the verdict, and with `show_reach` a line for each axis that moves."""
    if not show_reach:
        return judged.text()
    lines = [f"  {axis:<11} {numbers(axis, judged.reach.on(axis))} ({AXES[axis].unit})" for axis in AXES]
    still = {axis: numbers(axis, AXES[axis].still) for axis in AXES}
    moved = [
        line
        for axis, line in zip(AXES, lines, strict=True)
        if numbers(axis, judged.reach.on(axis)) != still[axis]
    ]
    return "\n".join(
        [judged.text(), "reach, by axis (a bound: nothing goes beyond it)", *(moved or ["  nothing moves"])]
    )


def github(judged: Verdict) -> Iterator[str]:
    """Yield a GitHub workflow command for each finding."""
    for finding in judged.findings:
        file, line, column = (
            finding.where.rsplit(":", 2) if finding.where.count(":") >= 2 else (finding.where, "1", "1")
        )
        text = f"{finding.problem} Fix: {finding.fix}".replace("%", "%25").replace("\n", "%0A")
        yield f"::error file={file},line={line},col={column},title={finding.code} {finding.name}::{text}"


def rules() -> str:
    """Return a line for each rule."""
    lines = [f"{code}  {rule.NAME:<16}  {_first(rule)}" for code, rule in sorted(RULES.items())]
    return "\n".join([*lines, "", "'augkit explain CODE' shows one whole."])


def rule(code: str) -> str:
    """Return the page of one rule: its docstring."""
    found = RULES[code]
    return f"{code} {found.NAME}\n\n{inspect.cleandoc(found.__doc__ or '')}"


def tasks_list() -> str:
    """Return a line for each built-in task."""
    lines = [f"{name:<14} {tasks.load(name).about}" for name in tasks.names()]
    return "\n".join([*lines, "", "'augkit tasks NAME' shows what its labels survive."])


def task(shown: Task) -> str:
    """Return what the labels of a task survive, class by class, and why."""
    lines = [f"{shown.name}: {shown.about}", ""]
    default = shown.default
    if shown.survives_everything:
        return "\n".join([*lines, "every class survives everything"])
    lines.append(
        "every class survives" if not shown.excepted else "every class survives, unless excepted below,"
    )
    lines += [f"  {axis:<11} {numbers(axis, default.on(axis))} ({AXES[axis].unit})" for axis in AXES]
    for name, limits in shown.excepted:
        for axis in AXES:
            if limits.on(axis) != default.on(axis):
                lines.append(f"  class {name}: {axis} {numbers(axis, limits.on(axis))}")
    for zone in shown.becomes:
        swaps = ", ".join(f"{one} reads {other}" for one, other in zone.classes)
        lines.append(f"becomes: {zone.axis} {numbers(zone.axis, zone.arcs)}: {swaps}")
    if shown.because:
        lines += ["", "because"]
        lines += [
            f"  {axis}: {text}{f' ({source})' if source else ''}" for axis, (text, source) in shown.because
        ]
    return "\n".join(lines)


def ops_list() -> str:
    """Return a line for each op."""
    lines = [f"{name:<16} {_first(kind)}" for name, kind in OPS.items()]
    choices = f"{' and '.join(CHOICES)} pick among steps; every step takes p, its probability."
    return "\n".join([*lines, "", choices, "'augkit ops NAME' shows the settings of one."])


def op(name: str) -> str:
    """Return the page of one op: its docstring and its settings."""
    if name not in OPS:
        raise UsageError(f"no op {name!r}; the ops are {', '.join(OPS)}", fix=did_you_mean(name, OPS))
    lines = [name, "", inspect.cleandoc(OPS[name].__doc__ or ""), "", "Settings"]
    for field in dataclasses.fields(OPS[name]):
        limits: Limits = field.metadata["limits"]
        given = "required" if field.default is dataclasses.MISSING else f"default {list(field.default)}"
        lines.append(f"  {field.name}: [low, high], numbers {limits}; {given}")
    lines.append("  p: probability, 0 to 1; default 1")
    return "\n".join(lines)


def _first(documented: object) -> str:
    return inspect.cleandoc(getattr(documented, "__doc__", "") or "").split("\n")[0]

"""Narrowing: a suite (`rand_augment`) is judged as what is left of it, the ops that all labels survive.

An op of its table stays if every class survives it at its strength, as often in a row as the suite draws,
with nothing before and after it.  What the ops that stay do together, and with the rest of the policy, is
then judged as anything else is.  Where each draw is guarded (`on_unsafe: redraw`) an op may go beyond what
can be measured of a draw, and is left out only for what cannot: levels, blur, noise.  What the policy allows
leaves nothing out.
"""

from __future__ import annotations

import dataclasses
import functools

from augkit.intervals import Arcs, Interval
from augkit.policy import Policy
from augkit.reach import phrase
from augkit.safety.bound import shape_after
from augkit.safety.case import Case, Rule
from augkit.safety.finding import Finding
from augkit.steps import Node, Step, Sugar, sugar
from augkit.suites import TABLE, left
from augkit.tasks import Task

Rules = tuple[Rule, ...]


def narrowed(
    policy: Policy,
    task: Task,
    rules: Rules,
    *,
    classes: tuple[str, ...] | None = None,
    aspect: Interval | None = None,
) -> tuple[Policy, tuple[str, ...]]:
    """Return a policy with its suites narrowed to what a task survives, and a line for each that was.

    Args:
        policy, task, classes, aspect: as for `judge`.
        rules: those that an op must not break.
    """
    if task.survives_everything:
        return policy, ()
    lines: list[str] = []
    shape, steps = aspect or task.aspect, list[Node]()
    for node in policy.steps:
        steps.append(_node(node, dataclasses.replace(policy, steps=()), (task, rules, classes, shape), lines))
        shape = shape_after(node.op, shape) if isinstance(node, Step) else shape
    return (dataclasses.replace(policy, steps=tuple(steps)) if lines else policy), tuple(lines)


_Terms = tuple[Task, Rules, tuple[str, ...] | None, Interval]


def _node(node: Node, frame: Policy, terms: _Terms, lines: list[str]) -> Node:
    """Narrow a node; `frame` is the policy that it stands in, its steps left aside."""
    if isinstance(node, Step) or node.p == 0:
        return node
    if isinstance(node, Sugar):
        return _sugar(node, frame, terms, lines)
    branches = tuple(tuple(_node(one, frame, terms, lines) for one in branch) for branch in node.branches)
    return dataclasses.replace(node, branches=branches)


def _sugar(node: Sugar, frame: Policy, terms: _Terms, lines: list[str]) -> Sugar:
    drawn = left(node.suite)
    reasons = {name: why for name in drawn if (why := _refused(node, name, frame, terms))}
    if not reasons:
        return node
    said = ", ".join(f"{name} ({why})" for name, why in reasons.items())
    lines.append(f"{node.name} uses {len(drawn) - len(reasons)} of {len(TABLE)} ops; left out: {said}")
    without = {*node.suite.without, *reasons}
    if without == {*TABLE}:  # nothing is safe to draw; LS908 says so
        without.remove("identity")
    suite = dataclasses.replace(node.suite, without=tuple(without))
    return sugar(suite, node.p, node.name, node.where, node.path)


def _refused(node: Sugar, name: str, frame: Policy, terms: _Terms) -> str:
    """Say why an op of a suite is left out; nothing where it stays."""
    only = dataclasses.replace(node.suite, without=tuple(other for other in TABLE if other != name))
    alone = sugar(only, 1.0, node.name, "", "")
    return _found(dataclasses.replace(frame, steps=(alone,), file="", places={}), *terms)


@functools.lru_cache(maxsize=1024)  # mending judges a policy many times over, with the same suites
def _found(
    policy: Policy, task: Task, rules: Rules, classes: tuple[str, ...] | None, aspect: Interval
) -> str:
    case = Case(policy, task, classes, aspect)
    allowed = dict(policy.allow)
    for rule in rules:
        for finding in rule.check(case) if rule.CODE not in allowed else ():
            return _does(finding)
    return ""


def _does(finding: Finding) -> str:
    """Say what an op does that is not survived: of a draw that shows it, else by the bound."""
    if finding.reached is None:
        return finding.problem
    if finding.state != "unsafe":
        return f"not proved safe: {phrase(finding.axis, finding.reached)}"
    at = finding.value, finding.value
    return phrase(finding.axis, Arcs.of(at) if isinstance(finding.reached, Arcs) else Interval(*at))

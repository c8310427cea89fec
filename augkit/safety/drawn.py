"""Draws held one by one: the rules on steps, asked of a single draw and its own class.

A draw is a policy that leaves nothing to chance, so the same rules find the same words for it.  What a step
of another tool did is known by its declaration alone; what that leaves open is unproven.
"""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from augkit.draw import Draws
from augkit.intervals import Arcs, Interval
from augkit.ops.foreign import Foreign
from augkit.reach import AXES, Limits, Reach, inside
from augkit.safety import bound, measuring, reflected
from augkit.safety.case import Case, Rule
from augkit.safety.finding import Finding
from augkit.safety.settle import MEASURED, Answer, Settler
from augkit.steps import Node
from augkit.tasks import Task

_MARGIN = 1e-6

Bools = NDArray[np.bool_]
_RELABELLED = ("turn", "mirrored")


def found_in(
    draws: Draws, task: Task, classes: tuple[str, ...], rules: tuple[Rule, ...]
) -> list[tuple[Finding, ...]]:
    """Return for each of N draws what rules find in it, for the class (`label_before`) of its picture; the
    worst first.

    Where the guard has relabelled a draw its turn and its mirror are what the task says they are, and are
    not found.

    Args:
        draws:   N draws with labels, guarded if their policy guards.
        task:    what labels survive.
        classes: the data's class names, in the order of their labels.
        rules:   those that are asked.
    """
    fine = clear(draws, task, classes)
    whole = None if fine.all() else bound.reach(draws.policy, _aspect(draws))
    return [() if fine[i] else asked(draws, i, task, classes, rules, whole) for i in range(len(draws))]


def clear(draws: Draws, task: Task, classes: tuple[str, ...]) -> Bools:
    """Tell for each draw whether it is plain that no rule on steps finds anything; bool (N,).

    It is where the bound of the whole policy is inside what its class survives or the measure of the draw is,
    axis by axis, and its class becomes no other.
    """
    out: Bools = draws.labels == draws.label_before
    if not len(draws):
        return out
    aspect = _aspect(draws)
    reach = bound.reach(draws.policy, aspect)
    mirrors = bound.reflects(draws.policy, aspect)
    groups: dict[Reach, list[int]] = {}
    for index, name in enumerate(classes):
        groups.setdefault(task.survives(name), []).append(index)
    for limits, members in groups.items():
        mine = np.isin(draws.label_before, members)
        for axis in AXES if mine.any() else ():
            limit = limits.on(axis)
            if inside(reach.on(axis), limit):
                continue
            whole = axis in MEASURED and measuring.unmeasured(draws.policy, axis, aspect) == Reach()
            if not whole or (mirrors and axis in _RELABELLED):
                out[mine] = False
            else:
                out[mine] &= draws.outside(axis, limit)[mine] <= _MARGIN
    for zone in task.becomes:
        theirs = [index for index, name in enumerate(classes) if name in dict(zone.classes)]
        reached = draws.outside(zone.axis, zone.arcs.complement()) > _MARGIN
        out[np.isin(draws.label_before, theirs) & reached] = False
    return out


def _aspect(draws: Draws) -> Interval:
    return Interval(float(draws.aspects.min()), float(draws.aspects.max()))


def asked(
    draws: Draws,
    i: int,
    task: Task,
    classes: tuple[str, ...],
    rules: tuple[Rule, ...],
    whole: Reach | None = None,
) -> tuple[Finding, ...]:
    """Return what rules find in one draw, asked one by one; arguments as for `found_in`, and the reach of the
    policy, if it is known: what that keeps, no draw leaves.
    """
    one = _alone(draws, i)
    case = _Case(one, task, classes[int(draws.label_before[i])], whole)
    found = [finding for rule in rules for finding in rule.check(case)]
    if draws.labels[i] != draws.label_before[i]:
        found = [finding for finding in found if finding.axis not in _RELABELLED]
    return tuple(sorted(found, key=lambda one: (one.state != "unsafe", not one.becomes, one.code)))


class _Case(Case):
    """Hold one draw against what one class survives."""

    def __init__(self, draw: Draws, task: Task, name: str, whole: Reach | None) -> None:
        aspect = _aspect(draw)
        super().__init__(draw.policy, task, (name,), aspect)
        self.settler = _Settler(draw, aspect, whole)


class _Settler(Settler):
    """Settle limits of one draw: by the bound of its policy, by its measure, or by its own bound."""

    def __init__(self, draw: Draws, aspect: Interval, whole: Reach | None) -> None:
        super().__init__(draw.policy, aspect)
        self.draw, self.whole = draw, whole

    def _settle(self, axis: str, limit: Limits) -> Answer:
        if self.whole is not None and inside(self.whole.on(axis), limit):
            return Answer("safe", self.whole.on(axis))
        if axis not in MEASURED and inside(self.reach.on(axis), limit):
            return Answer("safe", self.reach.on(axis))
        measured = measuring.reached(self.draw, axis)[:, 0]
        over = measuring.open_ended(axis, limit).excess(measured)
        value = float(measured[np.argmax(over)])
        if over.max() > _MARGIN and measuring.certain(self.draw, axis, limit):
            return Answer("unsafe", _exactly(axis, value), value, self.draw)
        beside = axis in _RELABELLED and self.reflects
        if over.max() <= _MARGIN and not beside and self._whole(axis):
            return Answer("safe", _exactly(axis, value), value)
        reached = self.reach.on(axis)
        if inside(reached, limit):
            return Answer("safe", reached)
        if beside:
            image = reflected.worst(self.draw, axis, limit)
            if image is not None:
                return Answer("unsafe", reached, image.turn, self.draw, border=True)
        return Answer("safe" if over.max() <= _MARGIN and self._whole(axis) else "unproven", reached, value)

    def _whole(self, axis: str) -> bool:
        """Tell whether the measure of the draw is all there is to it on one axis."""
        if axis in MEASURED:
            return measuring.unmeasured(self.policy, axis, self.aspect) == Reach()
        return not self._unseen(axis)


def _exactly(axis: str, value: float) -> Limits:
    """Return the limits that hold one value alone; nothing where a draw does not speak of the axis."""
    if axis in _RELABELLED:
        return Arcs(()) if np.isnan(value) else Arcs.of((value, value))
    return Interval(np.inf, -np.inf) if np.isnan(value) else Interval(value, value)


def _alone(draws: Draws, i: int) -> Draws:
    """Return one draw (N = 1) of a policy that can make no other: the steps done, narrowed to its numbers."""
    steps: list[Node] = []
    rows: list[int] = []
    row = 0
    for step, done in zip(draws.policy.leaves(), draws.active[:, i], strict=True):
        drawn = step.op.drawn()
        if done:
            values = {number.name: float(draws.numbers[row + k, i]) for k, number in enumerate(drawn)}
            op = step.op if isinstance(step.op, Foreign) else step.op.at(values)
            steps.append(dataclasses.replace(step, op=op, p=1.0))
            rows += range(row, row + len(drawn))
        row += len(drawn)
    policy = dataclasses.replace(draws.policy, steps=tuple(steps), on_unsafe="refuse", allow=())
    active = np.ones((len(steps), 1), dtype=np.bool_)
    one = draws.take(np.array([i]))
    return dataclasses.replace(one, policy=policy, active=active, numbers=draws.numbers[rows][:, [i]])

"""The case before the rules: a policy, a task, and every limit settled on demand."""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Iterator
from typing import Protocol

import numpy as np

from augkit.draw import ON_THE_WAY, draw
from augkit.intervals import Arcs, Interval
from augkit.ops.foreign import Foreign
from augkit.policy import Policy
from augkit.reach import AXES, Limits, Reach, numbers
from augkit.safety.bound import along
from augkit.safety.finding import Finding
from augkit.safety.guard import acceptance
from augkit.safety.measuring import unmeasured
from augkit.safety.settle import MEASURED, Answer, Settler, culprits
from augkit.steps import Choice, Node, Step
from augkit.tasks import Task

_MARGIN = 1e-6
_OTHER_BORDER = "write 'border: edge' or 'border: constant', or bring nothing in from outside"


class Rule(Protocol):
    """What a rule's file defines: its code, its name (which reads after the word allow), and its check."""

    CODE: str
    NAME: str

    def check(self, case: Case, /) -> Iterator[Finding]:
        """Yield what is wrong."""
        ...


@dataclasses.dataclass(frozen=True, eq=False)
class Outside:
    """Say that an axis leaves what some classes survive, or is not proved to stay inside."""

    axis: str
    limit: Limits
    classes: tuple[str, ...]
    answer: Answer
    case: Case

    def finding(self, rule: tuple[str, str], does: str, fix: str, *, but: str = "") -> Finding:
        """Make the finding.

        Args:
            rule: code and name.
            does: what the policy does, such as "turns by {}"; {} takes the number.
            fix:  what to do; {} takes the steps that matter.
            but:  what is wrong with that; what the classes survive, if left out.
        """
        step, steps = self._steps()
        border = self.answer.border
        if border:
            does, fix = f"beside the picture, where the border reflects, {does}", _OTHER_BORDER
        survived = but or self._survive()
        if self._on_the_way():
            does = f"{does} on the way"
        if self.answer.state == "unsafe":
            problem = f"{does.format(_shown(self.axis, self.answer.value))}, but {survived}"
        else:
            reached = numbers(self.axis, self.answer.reached)
            problem = f"not proved safe: {does.format(reached)} by the bound; {survived}"
            if math.isfinite(self.answer.value):
                problem += f"; the worst draw found is {_shown(self.axis, self.answer.value)}"
        return Finding(
            code=rule[0],
            name=rule[1],
            where=step.where if step else self.case.policy.place("border" if border else "steps"),
            path=step.path if step else "border" if border else "steps",
            state="unsafe" if self.answer.state == "unsafe" else "unproven",
            problem=problem,
            fix=_worded(fix, step).format(steps),
            axis=self.axis,
            reached=self.answer.reached,
            survived=self.limit,
            value=self.answer.value,
            classes=self.classes,
            becomes=self._becomes(),
            witness=self.answer.witness,
        )

    def _steps(self) -> tuple[Step | None, str]:
        """Return the last step that matters, and the names of all that do."""
        if self.answer.border:
            return None, ""
        leaves = list(self.case.settler.policy.leaves())
        if self.answer.witness is None:
            shaped = along(leaves, self.case.aspect)
            moving = [leaf for leaf, aspect in shaped if leaf.p > 0 and self._moves(leaf, aspect)]
        else:
            moving = [leaves[i] for i in culprits(self.answer.witness, self.axis, self.limit)]
        names = [leaf.name for leaf in moving]
        said = " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
        return (moving[-1] if moving else None), said or "the steps"

    def _on_the_way(self) -> bool:
        """Tell whether it is a picture made on the way that leaves the limit, and not the finished one."""
        draw = self.answer.witness
        if draw is None or self.axis not in ON_THE_WAY:
            return False
        return bool(self.limit.excess(draw.at_last(self.axis)).max() <= _MARGIN)

    def _moves(self, leaf: Step, aspect: Interval) -> bool:
        effects = leaf.op.effects(aspect)
        return type(effects)().on(self.axis) != effects.on(self.axis)

    def _survive(self) -> str:
        axis, one = AXES[self.axis], len(self.classes) == 1
        if self.limit.empty or (axis.kind == "most" and self.limit == axis.still):
            if self.classes == ("every class",):
                return "no class survives it"
            return f"{_named(self.classes)} {'does' if one else 'do'} not survive it"
        at = "it at " if axis.parity else ""
        return (
            f"{_named(self.classes)} {'survives' if one else 'survive'} {at}{numbers(self.axis, self.limit)}"
        )

    def _becomes(self) -> tuple[tuple[str, str], ...]:
        if self.answer.witness is None:
            return ()
        partners = (
            (name, self.case.task.partner(name, self.axis, self.answer.value)) for name in self.classes
        )
        return tuple((name, partner) for name, partner in partners if partner is not None)


class Case:
    """Hold a policy against a task."""

    def __init__(
        self,
        policy: Policy,
        task: Task,
        classes: tuple[str, ...] | None = None,
        aspect: Interval | None = None,
    ) -> None:
        self.policy, self.task = policy, task
        self.aspect = aspect or task.aspect
        self.classes = classes
        self.groups = task.limits(classes)
        self.settler = Settler(self._of_known_effect(), self.aspect)
        self.used_waivers: set[str] = set()

    @functools.cached_property
    def unknown(self) -> tuple[Step, ...]:
        """Return the steps of unknown reach, unless the task survives everything."""
        if self.task.survives_everything:
            return ()
        shaped = along(self.policy.leaves(), self.aspect)
        foreign = ((leaf, aspect) for leaf, aspect in shaped if isinstance(leaf.op, Foreign))
        return tuple(leaf for leaf, aspect in foreign if leaf.op.effects(aspect) == Reach.unknown())

    def _of_known_effect(self) -> Policy:
        """Return the policy without the steps of unknown reach: LS907 speaks of those, others of the rest."""
        names = {leaf.name for leaf in self.unknown}
        return (
            dataclasses.replace(self.policy, steps=_without(self.policy.steps, names))
            if names
            else self.policy
        )

    @functools.cached_property
    def acceptance(self) -> dict[str, float]:
        """Return for each class the share of a guarded policy's draws that it accepts.

        Empty when nothing is guarded.
        """
        names = self.classes or self.task.classes
        if not self.guarded or not names:
            return {}
        count = 2000
        aspects = np.geomspace(self.aspect.low, self.aspect.high, count)
        sample = draw(
            self.policy,
            [f"sample {i}" for i in range(count)],
            np.ones(count, np.int64),
            seed=0,
            aspects=aspects,
        )
        return acceptance(self.policy, self.task, names, sample)

    @property
    def idle_waivers(self) -> list[str]:
        """Return the waived codes that no finding so far has needed."""
        return [code for code, _ in self.policy.allow if code not in self.used_waivers]

    @property
    def guarded(self) -> bool:
        """Tell whether each draw is checked against its class, so that the policy's whole reach need not be
        survived.
        """
        return self.policy.on_unsafe != "refuse"

    def outside(self, axis: str) -> Iterator[Outside]:
        """Yield what is not proved inside on one axis, once for each distinct limit."""
        if self.guarded and axis in MEASURED and self._guard_sees(axis):
            return
        by_limit: dict[Limits, list[str]] = {}
        for limits, names in self.groups.items():
            for name in names:
                by_limit.setdefault(self._or_becomes(axis, name, limits.on(axis)), []).append(name)
        yield from self._settled(axis, by_limit)

    def _guard_sees(self, axis: str) -> bool:
        """Tell whether a guard's measure of a draw is all there is to it on one axis."""
        beside = axis in ("turn", "mirrored") and self.settler.reflects
        return not beside and unmeasured(self.policy, axis, self.aspect) == Reach()

    def becoming(self, axis: str) -> Iterator[Outside]:
        """Yield the zones of the task that are reached without relabelling, once for each distinct zone."""
        if self.guarded:
            return
        by_limit: dict[Limits, list[str]] = {}
        for zone in self.task.becomes:
            for name, _ in zone.classes:
                if zone.axis == axis and (self.classes is None or name in self.classes):
                    by_limit.setdefault(zone.arcs.complement(), []).append(name)
        yield from self._settled(axis, by_limit)

    def _or_becomes(self, axis: str, name: str, limit: Limits) -> Limits:
        """Add to what a class survives the zones where it becomes another: `becoming` finds those."""
        for zone in self.task.becomes:
            if zone.axis == axis and name in dict(zone.classes) and isinstance(limit, Arcs):
                limit = limit.either(zone.arcs)
        return limit

    def _settled(self, axis: str, by_limit: dict[Limits, list[str]]) -> Iterator[Outside]:
        order = {name: i for i, name in enumerate(self.classes or self.task.classes)}
        for limit, members in sorted(by_limit.items(), key=lambda entry: entry[0].width):
            answer = self.settler.settle(axis, limit)
            if answer.state != "safe":
                classes = tuple(sorted(members, key=lambda name: order.get(name, 0)))
                yield Outside(axis, limit, classes, answer, self)


def _worded(fix: str, step: Step | None) -> str:
    """Say "remove" or "change" of a step that has no range to narrow."""
    if step is None or isinstance(step.op, Foreign):
        return fix
    if any(not number.options for number in step.op.drawn()):
        return fix
    return fix.replace("narrow or remove", "remove").replace("narrow", "change")


def _without(nodes: tuple[Node, ...], names: set[str]) -> tuple[Node, ...]:
    kept: list[Node] = []
    for node in nodes:
        if isinstance(node, Choice):
            branches = tuple(_without(branch, names) for branch in node.branches)
            kept.append(dataclasses.replace(node, branches=branches))
        elif node.name not in names:
            kept.append(node)
    return tuple(kept)


def _named(classes: tuple[str, ...]) -> str:
    if classes == ("every class",):
        return "every class"
    shown = ", ".join(classes[:12]) + (f" and {len(classes) - 12} more" if len(classes) > 12 else "")
    return f"{'class' if len(classes) == 1 else 'classes'} {shown}"


def _shown(axis: str, value: float) -> str:
    if axis in ("turn", "mirrored"):
        return f"{180.0 if abs(value) > 179.9995 else round(value, 9) + 0.0:.4g}°"
    return f"{value:.3g}"

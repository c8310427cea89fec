"""Findings: what a rule has to say about a policy, with proof."""

from __future__ import annotations

import dataclasses
from typing import Any, Literal

from augkit.draw import Draws
from augkit.reach import AXES, Limits, numbers
from augkit.steps import in_suite


@dataclasses.dataclass(frozen=True, eq=False)
class Finding:
    """Say what is wrong with a policy, where, for which classes, and what to do.

    Attributes:
        code, name: the rule.
        where:      `file:line:col` of the step or key.
        path:       such as `steps[1].rotate`.
        state:      "unsafe" (there is a witness, or the file itself says so) or "unproven".
        problem:    one sentence.
        fix:        one sentence.
        axis, reached, survived, value: the axis and its numbers, where the finding is about one.
        classes:    the classes whose labels are at stake.
        becomes:    (class, what it becomes), as far as the task says.
        witness:    a draw (N = 1) that shows it.
        reason:     why it is allowed, when a waiver covers it.
    """

    code: str
    name: str
    where: str
    path: str
    state: Literal["unsafe", "unproven"]
    problem: str
    fix: str
    axis: str = ""
    reached: Limits | None = None
    survived: Limits | None = None
    value: float = float("nan")
    classes: tuple[str, ...] = ()
    becomes: tuple[tuple[str, str], ...] = ()
    witness: Draws | None = None
    reason: str = ""

    def allowed(self, reason: str) -> Finding:
        """Return the finding with the reason why it is allowed."""
        return dataclasses.replace(self, reason=reason)

    def text(self) -> str:
        """Return the finding as `check` prints it."""
        head = f"{self.where}: {self.code} {self.name}: {self.problem}"
        lines = [head]
        if self.witness is not None:
            lines.append(f"  for example: {drawn_in_words(self.witness)}")
        if self.becomes:
            lines.append(f"  then {', and '.join(f'a {one} reads {other}' for one, other in self.becomes)}")
        lines.append(f"  allowed because: {self.reason}" if self.reason else f"  fix: {self.fix}")
        return "\n".join(lines)

    def canonical(self) -> dict[str, Any]:
        """Return the finding as plain data."""
        out: dict[str, Any] = {"code": self.code, "name": self.name, "where": self.where, "path": self.path}
        out |= {"state": self.state, "problem": self.problem, "fix": self.fix}
        if self.axis and self.reached is not None and self.survived is not None:
            out |= {"axis": self.axis, "unit": AXES[self.axis].unit}
            out |= {
                "reached": numbers(self.axis, self.reached),
                "survived": numbers(self.axis, self.survived),
            }
            out |= {"found": None if self.value != self.value else round(self.value, 6)}
        if self.classes:
            out["classes"] = list(self.classes)
        if self.becomes:
            out["becomes"] = dict(self.becomes)
        if self.witness is not None:
            drawn = {name: float(value[0]) for name, value in self.witness.values.items()}
            out["witness"] = {name: round(value, 9) for name, value in drawn.items() if value == value}
        if self.reason:
            out["reason"] = self.reason
        return out


def drawn_in_words(draw: Draws, i: int = 0, *, short: bool = False) -> str:
    """Say the drawn values of one draw, such as "rotate 17.3°, shift x 0.05 y -0.1".

    Steps that do nothing are left out; `short` calls those of a suite by their names in its table.
    """
    parts = []
    row = 0
    for index, step in enumerate(draw.policy.leaves()):
        drawn = step.op.drawn()
        values = [(n, float(draw.numbers[row + k, i])) for k, n in enumerate(drawn)]
        row += len(drawn)
        shown = [(n, value) for n, value in values if n.telling]
        moving = [(n, value) for n, value in shown if n.still is None or abs(value - n.still) > 1e-9]
        settles = [n for n, _ in shown if n.still is not None or n.options]
        at_rest = not any(n.still is not None or n.options for n, _ in moving) if settles else not shown
        if not draw.active[index, i] or (drawn and at_rest):
            continue
        alone = len(shown) == 1
        said = [
            f"{'' if alone else n.name.removesuffix('_degrees') + ' '}{value_in_words(n.name, value)}"
            for n, value in moving
        ]
        parts.append(" ".join([(short and in_suite(step)) or step.name, *said]))
    return ", ".join(parts) or "nothing drawn"


def value_in_words(name: str, value: float) -> str:
    """Say one drawn value, such as "17.3°", "0.05" or "7684"."""
    degrees = name.endswith("degrees")
    if abs(value) >= 1000:
        said = f"{value:.0f}"
    elif abs(value) < 1e-4:
        said = "0"
    else:
        said = f"{value:.2g}" if abs(value) < 1 and not degrees else f"{value:.3g}"
    return f"{said}°" if degrees else said

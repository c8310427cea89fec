"""Mend a policy finding by finding: remove what says nothing, narrow what matters, remove what cannot shrink.

Whatever is tried is judged as the file that would be written, rounded numbers and all.
"""

from __future__ import annotations

import collections
import dataclasses
import difflib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from augkit.errors import PolicyError, printable
from augkit.fix.refuted import Refuted
from augkit.fix.text import Number, Text
from augkit.intervals import Interval
from augkit.policy import Policy
from augkit.reach import Reach
from augkit.safety import OF_STEPS, RULES, Case, Finding, Verdict, judge, narrowed
from augkit.safety.ls903_undone_by_the_next import undone
from augkit.safety.measuring import outside
from augkit.safety.settle import culprits
from augkit.steps import Step, in_suite
from augkit.tasks import Task

_AWAY = 1 / 16
_HALVINGS = 2
_LITTLE = 0.5
_MARGIN = 1e-6
_ROUNDS = 200
_SYMMETRY = ("LS101", "LS102", "LS401")


@dataclasses.dataclass(frozen=True, eq=False)
class Fixed:
    """Hold a policy's file before and after it was mended.

    Attributes:
        file:          where the policy was read from.
        before, after: the text of the file; equal when nothing was done.
        done:          what was done and for which rule, a phrase for each change.
        verdict:       the verdict on `after`; what it still finds, nothing in the steps can mend.
    """

    file: str
    before: str
    after: str
    done: tuple[str, ...]
    verdict: Verdict

    def diff(self) -> str:
        """Return the change as a unified diff that `patch` applies; empty when nothing was done."""
        lines = difflib.unified_diff(
            self.before.splitlines(keepends=True),
            self.after.splitlines(keepends=True),
            printable(self.file),
            printable(self.file),
        )
        ended = (line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)
        return "".join(ended)

    def canonical(self) -> dict[str, Any]:
        """Return it as plain data, with the verdict on what there is now."""
        verdict = self.verdict.canonical()
        return {"policy": self.file, "done": list(self.done), "diff": self.diff(), **verdict}


def fix(
    text: str,
    file: str,
    task: Task,
    *,
    classes: tuple[str, ...] | None = None,
    aspect: Interval | None = None,
) -> Fixed:
    """Mend a policy so that `judge` finds nothing, as far as its steps can mend it.

    The steps that a finding cannot do without are narrowed by the largest common factor towards doing nothing
    that removes it; where that is not enough, the one that cannot shrink (a flip, a quarter turn) is removed,
    and an op of a suite is left out of it.
    Comments and spelling of everything else stay.

    Args:
        text:    the policy's file.
        file:    its name, for messages and the diff.
        task:    what labels survive.
        classes: the data's class names; the task's own when not given.
        aspect:  width over height of the data's pictures; the task's own when not given.

    Raises:
        PolicyError: the text is no policy.
        TaskError: `classes` are not those of the task.
    """
    if "\r" in text.replace("\r\n", ""):
        raise PolicyError(
            "its lines end in a carriage return alone", where=file, fix="end them in line feeds"
        )
    repair = _Repair(task, classes, aspect)
    now, done, hopeless = Text(text, file), list[str](), set[str]()
    for _ in range(_ROUNDS):
        verdict = repair.judge(now)
        found = [finding for finding in verdict.findings if finding.code not in hopeless]
        # What says nothing goes first: it needs no measuring, and there is less to measure without it.
        for code in dict.fromkeys(finding.code for finding in sorted(found, key=lambda one: bool(one.axis))):
            now = repair.cleared(now, [one for one in found if one.code == code], done, hopeless)
        if not found:
            break
    return Fixed(file, text, now.text, tuple(done), verdict)


@dataclasses.dataclass(frozen=True)
class _Repair:
    """Try changes for one task."""

    task: Task
    classes: tuple[str, ...] | None
    aspect: Interval | None

    def judge(self, text: Text) -> Verdict:
        return judge(text.policy, self.task, classes=self.classes, aspect=self.aspect)

    def policy(self, text: Text) -> Policy:
        """Return the policy as it is judged: its suites narrowed."""
        return narrowed(text.policy, self.task, OF_STEPS, classes=self.classes, aspect=self.aspect)[0]

    def cleared(self, text: Text, found: list[Finding], done: list[str], hopeless: set[str]) -> Text:
        """Return the text without what one rule finds, noted in `done`; what stays is noted in `hopeless`."""
        code, name = found[0].code, found[0].name
        if code == "LS905":
            for finding in found:
                waived = finding.path.removeprefix("allow.")
                text = text.without_waiver(waived)
                done.append(f"removed the waiver of {waived}: {code} {name}")
            return text
        for _ in range(_ROUNDS):
            if not (found := self._findings(text, code)):
                return text
            mended = self._mended(text, found[0])
            if mended is None:
                break
            text = mended[0]
            done.append(f"{mended[1]}: {code} {name}")
        hopeless.add(code)
        return text

    def _mended(self, text: Text, finding: Finding) -> tuple[Text, str] | None:
        """Return the text with one finding less, and what was done; None where no step can mend it."""
        if finding.code == "LS903":
            aspect = self.aspect or self.task.aspect
            first, second = next(undone(text.policy.steps, (aspect.low, aspect.high)))
            done = f"removed {first.name} and {second.name}"
            return text.without_step(second.path).without_step(first.path), done
        if finding.path.startswith("steps[") and not finding.axis:
            return text.without_step(finding.path), f"removed {finding.path}"
        if finding.path.startswith(("steps", "on_unsafe")):
            return self._narrowed(text, finding)
        return None

    def _narrowed(self, text: Text, finding: Finding) -> tuple[Text, str] | None:
        """Narrow the steps that matter, or else remove one that cannot shrink, or else narrow more steps."""
        leaves = [leaf for leaf in self.policy(text).leaves() if leaf.p > 0]
        matter = self._matter(text, finding)
        plain = text
        while True:
            text, matter = self._spelled(text, matter)
            numbers = _numbers(text, matter)
            resting = text.replaced({number: number.still for number in numbers})
            left = self._findings(resting, finding.code)
            if numbers and not left:
                return self._largest(text, finding, matter)
            if rigid := [leaf for leaf in matter if not text.numbers(leaf)]:
                return self._removed(plain, rigid)
            names = {leaf.name for one in left for leaf in self._matter(resting, one)}
            more = [leaf for leaf in leaves if leaf not in matter]
            if not more:
                return None
            matter += [leaf for leaf in more if leaf.name in names] or more

    def _spelled(self, text: Text, steps: list[Step]) -> tuple[Text, list[Step]]:
        """Return the text with the ranges of some steps written out that are defaults, and those steps."""
        names = {step.name for step in steps}
        for name in [step.name for step in steps if not in_suite(step)]:
            text = text.spelled(next(leaf for leaf in self.policy(text).leaves() if leaf.name == name))
        found = {leaf.name: leaf for leaf in self.policy(text).leaves() if leaf.name in names}
        return text, [found[step.name] for step in steps]

    def _largest(self, text: Text, finding: Finding, matter: list[Step]) -> tuple[Text, str]:
        """Narrow by the largest factor that leaves no finding; where none above 0 does, remove the steps.

        Where one of several alike would be left with next to nothing, all that add to it are narrowed; where
        a suite would leave a step with next to nothing, an op is left out of the suite.
        """
        factor, sharp = self._factor(text, finding, matter)
        if factor < _LITTLE and len(adding := _adding(finding)) > len(matter):
            together = self._factor(text, finding, adding)
            matter, (factor, sharp) = (
                (adding, together) if together[0] >= 2 * factor else (matter, (factor, sharp))
            )
        if factor < _LITTLE and (drawn := [leaf for leaf in matter if in_suite(leaf)]):
            return self._removed(text, drawn)
        moved = [leaf for leaf in matter if _numbers(text, [leaf])]
        names = " and ".join(leaf.name for leaf in moved)
        if not factor:
            for leaf in reversed([leaf for leaf in text.policy.leaves() if leaf in moved]):
                text = text.without_step(leaf.path)
            return text, f"removed {names}"
        narrowed = _scaled(text, matter, factor)
        rounded = _scaled(text, matter, factor, nearest=True)
        if sharp and not self._findings(rounded, finding.code):
            narrowed = rounded
        return narrowed, f"narrowed {names} to {factor:.0%}"

    def _factor(self, text: Text, finding: Finding, matter: list[Step]) -> tuple[float, bool]:
        """Return the largest factor found that leaves no finding (0 where there is none), and whether a draw
        refutes all larger ones.

        A draw known to be bad tells at once where it stays bad.  Where nothing is proved and no draw says
        why, longer and longer steps lead away from the limit to where proofs are easy, and halves lead back.
        """
        refuted = Refuted.of(self.policy(text), [leaf for leaf in matter if text.numbers(leaf)])
        refuted.add(finding, 1.0)
        low, high, away = 0.0, 1.0, 0.0
        while not low and len(left := refuted.open(0.0, high * (1 - away))):
            factor = float(left[-1])
            found = self._findings(_scaled(text, matter, factor), finding.code)
            for one in found:
                refuted.add(one, factor)
            low, high = (0.0, factor) if found else (factor, high)
            if found and factor in refuted.open(0.0, 1.0):
                away = min(max(2 * away, _AWAY), 0.5)
        for _ in range(_HALVINGS):
            left = refuted.open(low, high)
            if not low or not len(left) or high - low < low / 8:
                break
            factor = float(left[len(left) // 2])
            clean = not self._findings(_scaled(text, matter, factor), finding.code)
            low, high = (factor, high) if clean else (low, factor)
        return low, away == 0

    def _findings(self, text: Text, code: str) -> list[Finding]:
        """Return what one rule finds, waivers left aside."""
        return list(RULES[code].check(Case(self.policy(text), self.task, self.classes, self.aspect)))

    def _matter(self, text: Text, finding: Finding) -> list[Step]:
        """Return the steps that a finding cannot do without; all of them where it names none."""
        if finding.witness is not None and finding.survived is not None:
            leaves = list(finding.witness.policy.leaves())
            return [leaves[i] for i in culprits(finding.witness, finding.axis, finding.survived)]
        aspect, rest = self.aspect or self.task.aspect, Reach()
        moving = [leaf for leaf in self.policy(text).leaves() if leaf.p > 0]
        if finding.axis:
            moving = [m for m in moving if m.op.effects(aspect).on(finding.axis) != rest.on(finding.axis)]
        return moving

    def _removed(self, text: Text, rigid: list[Step]) -> tuple[Text, str]:
        """Remove the worst of some steps; one that a suite draws is left out of it."""
        worst = self._worst(text, rigid)
        if op := in_suite(worst):
            return text.without_op(worst.path, op), f"left {op} out of {worst.name.partition('.')[0]}"
        return text.without_step(worst.path), f"removed {worst.name}"

    def _worst(self, text: Text, rigid: list[Step]) -> Step:
        """Return the step that most findings on mirrors and turns cannot do without; the last of several."""
        found = [one for code in _SYMMETRY for one in self._findings(text, code)] if len(rigid) > 1 else []
        votes = collections.Counter(leaf.name for one in found for leaf in self._matter(text, one))
        return max(reversed(rigid), key=lambda leaf: votes[leaf.name])


def _numbers(text: Text, steps: list[Step]) -> list[Number]:
    return [n for step in steps for n in text.numbers(step) if n.value != n.still]


def _scaled(text: Text, steps: list[Step], factor: float, *, nearest: bool = False) -> Text:
    return text.replaced({n: n.scaled(factor, nearest=nearest) for n in _numbers(text, steps)})


def _adding(finding: Finding) -> list[Step]:
    """Return the steps without which a witness would lie less far outside."""
    witness, limit = finding.witness, finding.survived
    if witness is None or limit is None:
        return []

    def over(active: NDArray[np.bool_]) -> float:
        return float(outside(dataclasses.replace(witness, active=active[:, None]), finding.axis, limit)[0])

    done = witness.active[:, 0]
    whole = over(done)
    alone = np.eye(len(done), dtype=np.bool_)
    leaves = enumerate(witness.policy.leaves())
    return [leaf for i, leaf in leaves if done[i] and over(done & ~alone[i]) < whole - _MARGIN]

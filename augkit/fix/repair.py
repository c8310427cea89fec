"""Mend a policy finding by finding: remove what says nothing, narrow what matters, remove what cannot shrink.

Whatever is tried is judged as the file that would be written, rounded numbers and all.
"""

from __future__ import annotations

import collections
import dataclasses
import difflib

import numpy as np
from numpy.typing import NDArray

from augkit.draw import numbered
from augkit.errors import PolicyError
from augkit.fix.text import Number, Text
from augkit.intervals import Interval
from augkit.policy import Step
from augkit.reach import Reach
from augkit.safety import RULES, Case, Finding, Verdict, judge
from augkit.safety.bound import measure
from augkit.safety.ls903_undone_by_the_next import undone
from augkit.safety.settle import culprits
from augkit.tasks import Task

_FACTORS = np.arange(1, 4096) / 4096
_COARSE = 32
_TOLERANCE = 1 / 128
_MARGIN = 1e-6
_ROUNDS = 500


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
            self.file,
            self.file,
        )
        ended = (line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)
        return "".join(ended)


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
    that removes it; where that is not enough, the one that cannot shrink (a flip, a quarter turn) is removed.
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
    now, done, hopeless = Text(text, file), [], set[str]()
    verdict = repair.judge(now)
    for _ in range(_ROUNDS):
        open_ = [finding for finding in verdict.findings if finding.code not in hopeless]
        if not open_:
            break
        finding = min(open_, key=lambda one: bool(one.axis))
        mended = repair.mended(now, finding, verdict)
        if mended is None:
            hopeless.add(finding.code)
            continue
        now, what = mended
        done.append(f"{what}: {finding.code} {finding.name}")
        verdict = repair.judge(now)
    return Fixed(file, text, now.text, tuple(done), verdict)


@dataclasses.dataclass(frozen=True)
class _Repair:
    """Try changes for one task."""

    task: Task
    classes: tuple[str, ...] | None
    aspect: Interval | None

    def judge(self, text: Text) -> Verdict:
        return judge(text.policy, self.task, classes=self.classes, aspect=self.aspect)

    def mended(self, text: Text, finding: Finding, verdict: Verdict) -> tuple[Text, str] | None:
        """Return the text with one finding less, and what was done; None where no step can mend it."""
        if finding.path.startswith("allow."):
            code = finding.path.removeprefix("allow.")
            return text.without_waiver(code), f"removed the waiver of {code}"
        if finding.code == "LS903":
            aspect = self.aspect or self.task.aspect
            first, second = next(undone(text.policy.steps, (aspect.low, aspect.high)))
            done = f"removed {first.name} and {second.name}"
            return text.without_step(second.path).without_step(first.path), done
        if finding.path.startswith("steps[") and not finding.axis:
            return text.without_step(finding.path), f"removed {finding.path}"
        if finding.path.startswith(("steps", "on_unsafe")):
            return self._narrowed(text, finding, verdict)
        return None

    def _narrowed(self, text: Text, finding: Finding, verdict: Verdict) -> tuple[Text, str] | None:
        """Narrow the steps that matter, or else remove one that cannot shrink, or else narrow more steps."""
        leaves = [leaf for leaf in text.policy.leaves() if leaf.p > 0]
        matter = self._matter(text, finding)
        while True:
            numbers = [n for leaf in matter for n in text.numbers(leaf) if n.value != n.still]
            resting = text.replaced({number: number.still for number in numbers})
            left = self._findings(resting, finding.code)
            if numbers and not left:
                return self._largest(text, finding, numbers, matter)
            if rigid := [leaf for leaf in matter if not text.numbers(leaf)]:
                worst = self._worst(text, rigid, verdict)
                return text.without_step(worst.path), f"removed {worst.name}"
            names = {leaf.name for one in left for leaf in self._matter(resting, one)}
            more = [leaf for leaf in leaves if leaf not in matter]
            if not more:
                return None
            matter += [leaf for leaf in more if leaf.name in names] or more

    def _largest(
        self, text: Text, finding: Finding, numbers: list[Number], matter: list[Step]
    ) -> tuple[Text, str] | None:
        """Narrow by the largest factor that leaves no finding; where none above 0 does, remove the steps.

        A draw known to be bad tells at once at which factors it stays bad; what no draw tells is halved.
        """
        refuted = _Refuted.of(text, numbers, matter)
        refuted.add(finding, 1.0)
        low, high, best, halving = 0.0, 1.0, None, False
        while len(left := refuted.open(low, high)) and not (halving and best and high - low < _TOLERANCE):
            factor = float(left[len(left) // 2 if halving else -1])
            trial = _scaled(text, numbers, factor)
            found = self._findings(trial, finding.code)
            if not found:
                low, best = factor, trial
                if not halving:
                    break
                continue
            for one in found:
                refuted.add(one, factor)
            halving |= factor in refuted.open(low, high)
            high = factor
        names = " and ".join(leaf.name for leaf in matter if text.numbers(leaf))
        if best is None:
            for leaf in reversed([leaf for leaf in text.policy.leaves() if leaf in matter]):
                text = text.without_step(leaf.path)
            return text, f"removed {names}"
        rounded = _scaled(text, numbers, low, nearest=True)
        return (best if self._findings(rounded, finding.code) else rounded), f"narrowed {names} to {low:.0%}"

    def _findings(self, text: Text, code: str) -> list[Finding]:
        """Return what one rule finds, waivers left aside."""
        return list(RULES[code].check(Case(text.policy, self.task, self.classes, self.aspect)))

    def _matter(self, text: Text, finding: Finding) -> list[Step]:
        """Return the steps that a finding cannot do without; all of them where it names none."""
        leaves = list(text.policy.leaves())
        if finding.witness is not None and finding.survived is not None:
            return [leaves[i] for i in culprits(finding.witness, finding.axis, finding.survived)]
        aspect, rest = self.aspect or self.task.aspect, Reach()
        moving = [leaf for leaf in leaves if leaf.p > 0]
        if finding.axis:
            moving = [m for m in moving if m.op.effects(aspect).on(finding.axis) != rest.on(finding.axis)]
        return moving

    def _worst(self, text: Text, rigid: list[Step], verdict: Verdict) -> Step:
        """Return the step that most findings cannot do without; the last of several."""
        votes = collections.Counter(leaf.name for one in verdict.findings for leaf in self._matter(text, one))
        return max(reversed(rigid), key=lambda leaf: votes[leaf.name])


@dataclasses.dataclass
class _Refuted:
    """Know at which factors some draw is bad whatever else is true.

    Attributes:
        rows:  where among the drawn numbers those stand that a factor moves, and where they do nothing.
        among: bool, for each of `_FACTORS` whether it is refuted.
    """

    rows: dict[int, float]
    among: NDArray[np.bool_]

    @classmethod
    def of(cls, text: Text, numbers: list[Number], matter: list[Step]) -> _Refuted:
        names = {leaf.name for leaf in matter}
        drawn = enumerate(numbered(text.policy))
        rows = {row: n.still for row, (step, n) in drawn if step.name in names and n.still is not None}
        return cls(rows, np.zeros(len(_FACTORS), dtype=np.bool_))

    def open(self, low: float, high: float) -> NDArray[np.float64]:
        """Return the factors between two that are not refuted, rising."""
        return _FACTORS[~self.among & (low < _FACTORS) & (high > _FACTORS)]

    def add(self, finding: Finding, factor: float) -> None:
        """Learn from the witness, if any, of a finding on the text narrowed by a factor."""
        if finding.witness is None or finding.survived is None:
            return
        step = 1 if finding.axis in finding.witness.effects else _COARSE
        tried = _FACTORS[::step]
        many = finding.witness.take(np.zeros(len(tried), dtype=np.int64))
        scaled = many.numbers.copy()
        for row, still in self.rows.items():
            scaled[row] = still + tried / factor * (scaled[row] - still)
        bad = (
            finding.survived.excess(measure(dataclasses.replace(many, numbers=scaled), finding.axis))
            > _MARGIN
        )
        # Scaled up past the factor that it was found at, a draw could be one that the policy does not make.
        self.among |= np.repeat(bad, step)[: len(_FACTORS)] & (factor >= _FACTORS)


def _scaled(text: Text, numbers: list[Number], factor: float, *, nearest: bool = False) -> Text:
    return text.replaced({number: number.scaled(factor, nearest=nearest) for number in numbers})

"""The verdict on a policy, and the policy that a plan may be made from."""

from __future__ import annotations

import dataclasses
from typing import Any

from augkit import page
from augkit.errors import UnsafePolicyError
from augkit.intervals import Interval
from augkit.policy import Policy
from augkit.reach import Reach
from augkit.safety.finding import Finding
from augkit.tasks import Task


@dataclasses.dataclass(frozen=True, eq=False)
class Verdict:
    """Say whether a policy keeps the labels of a task.

    Attributes:
        policy, task: what was judged; the policy's suites (`rand_augment`) narrowed.
        reach:        everything the policy can do, by the bound; steps of unknown effect (LS907) left aside.
        aspect:       width over height of the pictures it was judged for.
        findings:     what is wrong, in the order of the file.
        waived:       findings that the policy allows, with its reasons.
        acceptance:   for a guarded policy, the share of draws that each class accepts.
        left_out:     what suites (`rand_augment`) were narrowed by, a line for each.
    """

    policy: Policy
    task: Task
    reach: Reach
    aspect: Interval
    findings: tuple[Finding, ...]
    waived: tuple[Finding, ...]
    acceptance: dict[str, float]
    left_out: tuple[str, ...] = ()

    @property
    def safe(self) -> bool:
        """Tell whether nothing is unsafe or unproven."""
        return not self.findings

    @property
    def word(self) -> str:
        """Return "safe", "unsafe" or "unproven"."""
        if self.safe:
            return "safe"
        return "unsafe" if any(finding.state == "unsafe" for finding in self.findings) else "unproven"

    def safe_policy(self) -> SafePolicy:
        """Return the policy that a plan may be made from; UnsafePolicyError when there are findings."""
        return SafePolicy(self)

    def text(self) -> str:
        """Return the verdict as `augkit check` prints it."""
        parts = [finding.text() for finding in (*self.findings, *self.waived)]
        return "\n\n".join([*parts, self.summary()])

    def summary(self) -> str:
        """Return the last lines of the verdict: the answer, and what was judged."""
        lines = [f"{self.policy.file}: {self.word} for the task {self.task.name}{self._count()}"]
        lines.append(f"  {self._whose()}: {'; '.join(self.reach.in_words()) or 'nothing changes'}")
        lines += [f"  {line}" for line in self.left_out]
        if self.task.survives_everything:
            lines.append("  the task none makes no promise about labels: nothing was refused")
        if self.acceptance:
            said = ", ".join(f"{name} {share:.0%}" for name, share in self.acceptance.items())
            lines.append(f"  on_unsafe: {self.policy.on_unsafe}; draws accepted as drawn, by class: {said}")
        return "\n".join(lines)

    def canonical(self) -> dict[str, Any]:
        """Return the verdict as plain data."""
        left_out = {"left_out": list(self.left_out)} if self.left_out else {}
        return {
            "verdict": self.word,
            "task": self.task.name,
            "aspect": [float(self.aspect.low), float(self.aspect.high)],
            "reach": self.reach.in_words(),
            "findings": [finding.canonical() for finding in self.findings],
            "waived": [finding.canonical() for finding in self.waived],
            "acceptance": {name: round(share, 6) for name, share in self.acceptance.items()},
            **left_out,
        }

    def _repr_html_(self) -> str:
        from augkit.safety import shown

        return page.fragment(shown.fragment(self))

    def _whose(self) -> str:
        unknown = any(finding.code == "LS907" for finding in (*self.findings, *self.waived))
        return "all other steps together" if unknown else "all steps together"

    def _count(self) -> str:
        if not self.findings:
            classes = len(self.task.classes)
            whose = f"each of its {classes} classes" if classes else "every class"
            allowed = ", ".join(sorted({finding.code for finding in self.waived}))
            return f", but for what it allows ({allowed})" if allowed else f", proved for {whose}"
        rules = ", ".join(sorted({finding.code for finding in self.findings}))
        return f": {len(self.findings)} finding{'s' if len(self.findings) > 1 else ''} ({rules})"


class SafePolicy:
    """Hold a policy that was judged and found safe, or that allows what was found.

    Nothing else makes a plan.
    """

    def __init__(self, verdict: Verdict) -> None:
        if not verdict.safe:
            first = verdict.findings[0]
            raise UnsafePolicyError(
                f"{verdict.word} for the task {verdict.task.name}: {first.code} {first.problem}",
                where=first.where,
                fix=f"{first.fix} ('augkit check {verdict.policy.file}' shows all that was found)",
            )
        self.policy, self.task, self.verdict = verdict.policy, verdict.task, verdict

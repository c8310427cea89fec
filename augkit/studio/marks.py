"""Marks: what an editor underlines, from errors and findings."""

from __future__ import annotations

import re
from typing import Any

from augkit.errors import AugkitError
from augkit.safety import Finding, drawn_in_words
from augkit.studio.offsets import Offsets

Mark = dict[str, Any]

_PLACE = re.compile(r":(\d+)(?::(\d+))?(?:: |$)")


def of_error(error: AugkitError, text: str, file: str) -> Mark:
    """Return the mark of what keeps a text from being a policy, or its pictures from being seen."""
    own = error.where.startswith(file)
    begin, end = _range(error.where, text, file)
    problem = error.problem if own or not error.where else f"{error.where}: {error.problem}"
    return {
        "from": begin, "to": end, "severity": "error", "code": "", "name": "",
        "problem": problem, "example": "", "fix": error.fix,
    }  # fmt: skip


def of_finding(finding: Finding, text: str, file: str) -> Mark:
    """Return the mark of a finding; one that the policy allows is no more than a remark."""
    begin, end = _range(finding.where, text, file)
    severity = "info" if finding.reason else "error" if finding.state == "unsafe" else "warning"
    return {
        "from": begin, "to": end, "severity": severity, "code": finding.code, "name": finding.name,
        "problem": finding.problem, "example": example(finding), "state": finding.state,
        "fix": f"allowed because: {finding.reason}" if finding.reason else finding.fix,
    }  # fmt: skip


def example(finding: Finding) -> str:
    """Say the draw that shows a finding, and what its classes then read."""
    said = [f"for example: {drawn_in_words(finding.witness)}"] if finding.witness is not None else []
    said += [f"a {one} then reads {other}" for one, other in finding.becomes[:3]]
    return "; ".join(said)


def _range(where: str, text: str, file: str) -> tuple[int, int]:
    found = _PLACE.search(where, len(file)) if where.startswith(file) else None
    line, column = (int(found[1]), int(found[2] or 1)) if found else (1, 1)
    return Offsets(text).at(line, column)

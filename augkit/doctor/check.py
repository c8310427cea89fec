"""One thing that the doctor looked at."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import Any, Literal


@dataclasses.dataclass(frozen=True)
class Check:
    """Say what was looked at, how it is, and what to do about it.

    Attributes:
        name:  what was looked at, such as "opencv".
        state: "ok"; "note", which augkit can work with; or "problem", which it cannot.
        found: what was found, as one sentence.
        fix:   what to do about it; empty where nothing needs doing.
    """

    name: str
    state: Literal["ok", "note", "problem"]
    found: str
    fix: str = ""


def plain(checks: Iterable[Check]) -> dict[str, Any]:
    """Return checks as plain data, for --json."""
    some = list(checks)
    well = all(check.state != "problem" for check in some)
    return {"well": well, "checks": [dataclasses.asdict(check) for check in some]}

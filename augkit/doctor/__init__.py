"""Doctor: look at everything that augkit stands on, and say what is wrong and what to do about it.

Nothing here imports what it looks at: a library that breaks or crashes is tried in a process of its own, so
that the doctor also comes where augkit itself cannot start.
"""

from __future__ import annotations

import platform
from collections.abc import Iterable
from pathlib import Path

from augkit import __version__
from augkit.doctor import backends, machine, opencv, packages
from augkit.doctor.check import Check, plain

__all__ = ["Check", "ailment", "examine", "plain", "text"]


def examine(folder: Path = Path(), *, every_backend: bool = False) -> list[Check]:
    """Look at Python, the packages, OpenCV, Keras's backends, and the machine.

    Args:
        folder:        where data sets are to be made: its disk and its locks are tried.
        every_backend: try each installed backend of Keras, not only the one that would be used; seconds each.
    """
    return [
        *packages.checks(),
        *opencv.checks(),
        *backends.checks(every=every_backend),
        *machine.checks(folder),
    ]


def ailment(error: BaseException) -> str:
    """Return what the doctor has to say of an import that failed, or nothing where all it needs is well.

    It reads as augkit's other errors do: what is wrong, and a line with the fix.
    """
    broken = [check for check in [*packages.checks(), *opencv.checks()] if check.state == "problem"]
    if not broken:
        return ""
    lines = [f"augkit cannot work with what is installed here: {broken[0].found} ({error})"]
    lines += [f"  fix: {broken[0].fix}"]
    lines += ["  'augkit doctor' looks at everything and says more"]
    return "\n".join(lines)


def text(checks: Iterable[Check]) -> str:
    """Return what was found, a line each, the fix beneath what needs one, and the sum of it all."""
    some = list(checks)
    width = max(len(check.name) for check in some)
    lines = [f"augkit {__version__}, Python {platform.python_version()}, {platform.platform(terse=True)}", ""]
    for check in some:
        lines.append(f"{check.state:<8} {check.name:<{width}}  {check.found}")
        if check.fix:
            lines.append(f"{'':<8} {'':<{width}}  fix: {check.fix}")
    problems, notes = (sum(check.state == state for check in some) for state in ("problem", "note"))
    lines.append("")
    said = [_counted(problems, "problem")] if problems else ["augkit has all it needs"]
    said += [_counted(notes, "note")] if notes else []
    return "\n".join([*lines, "; ".join(said)])


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"

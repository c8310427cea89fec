"""What goes wrong with disks: they lose power, give errors that pass or stay, and are full."""

from __future__ import annotations

import os
from pathlib import Path

from augkit.store import disk


class Crash(BaseException):
    """Stand for a power cut: nothing but tests catches it."""


STEPS = ((disk, "put"), (disk, "sync"), (disk, "settle"), (os, "replace"), (Path, "replace"))


def crashing(monkeypatch, at: int, steps=STEPS) -> None:
    """Crash at the `at`-th step that changes the disk, whichever it is."""
    left = [at]

    def stepping(function):
        def step(*arguments, **named):
            left[0] -= 1
            if left[0] == 0:
                raise Crash
            return function(*arguments, **named)

        return step

    for module, name in steps:
        monkeypatch.setattr(module, name, stepping(getattr(module, name)))


def failing(monkeypatch, call: str, number: int, at: int, times: int = 10**9) -> list[int]:
    """Let a call of the system fail some times, or for ever, from the `at`-th on; the list counts calls and
    failures.
    """
    real, counts = getattr(os, call), [0, 0]

    def fails(*arguments, **named):
        counts[0] += 1
        if at <= counts[0] < at + times:
            counts[1] += 1
            raise OSError(number, os.strerror(number))
        return real(*arguments, **named)

    monkeypatch.setattr(os, call, fails)
    return counts

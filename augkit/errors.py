"""What can go wrong, and how it is said.

    AugkitError
    ├── UsageError         a command or a function was asked for something it does not do
    ├── PolicyError        a policy file is not a policy
    ├── TaskError          a task file is not a task, or does not fit the data
    ├── BackendError       Keras has no usable backend
    ├── UnsafePolicyError  a policy does what the task's labels do not survive
    ├── SourceError        a data set cannot be read
    ├── PictureError       one picture cannot be read
    └── StoreError         an output cannot be written, or is not what it says it is

Every error says where, what was given and what is wrong, and the fix.  Its first line stands alone in a log.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


class AugkitError(Exception):
    """Say where something is wrong, what is wrong, and how to mend it.

    Args:
        problem: what was given and what is wanted, as one sentence.
        where:   `file:line:col: path` or the like; may be empty.
        fix:     what to do about it; may be empty.
    """

    exit_code = 2

    def __init__(self, problem: str, *, where: str = "", fix: str = "") -> None:
        self.problem, self.where, self.fix = problem, where, fix
        super().__init__(problem, where, fix)

    def __str__(self) -> str:
        first = f"{self.where}: {self.problem}" if self.where else self.problem
        return printable(f"{first}\n  fix: {self.fix}" if self.fix else first)

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (type(self), self.problem, self.where, self.fix)


def _rebuild(kind: type[AugkitError], problem: str, where: str, fix: str) -> AugkitError:
    return kind(problem, where=where, fix=fix)


class UsageError(AugkitError):
    """Refuse a request that makes no sense as it stands."""


class PolicyError(AugkitError):
    """Refuse a file that is not a policy."""


class TaskError(AugkitError):
    """Refuse a file that is not a task, or a task that does not fit the data."""


class BackendError(AugkitError):
    """Say that Keras has no usable backend, and which to install."""


class UnsafePolicyError(AugkitError):
    """Refuse a policy that does what the labels of its task do not survive."""

    exit_code = 1


class SourceError(AugkitError):
    """Say that a data set cannot be read."""

    exit_code = 3


class PictureError(AugkitError):
    """Say that one picture cannot be read; it costs that picture and no other."""

    exit_code = 3


class StoreError(AugkitError):
    """Say that an output cannot be written, or is not what it says it is."""

    exit_code = 3


def printable(text: str) -> str:
    """Return text that commands no terminal: names of files and classes may hold anything.

    Controls other than line ends and tabs, and halves of characters, stand as escapes such as \\x1b.
    """
    return _CONTROLS.sub(lambda found: ascii(found[0])[1:-1], text)


def did_you_mean(given: str, known: Iterable[str]) -> str:
    """Return "did you mean X?" for the nearest known word, or an empty string."""
    near = difflib.get_close_matches(given[:60], list(known), n=1, cutoff=0.55)
    return f"did you mean {near[0]}?" if near else ""

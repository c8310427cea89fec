"""What the tests of engines give them to do; a module of its own, because each worker imports it."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from augkit.errors import PictureError


def double(task: int, attempt: int) -> int:
    return task * 2


def die_at_three(task: int, attempt: int) -> tuple[int, int]:
    if task == 3 and attempt < 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return task, attempt


def always_die(task: int, attempt: int) -> None:
    os._exit(7)


def refuse_three(task: int, attempt: int) -> int:
    if task == 3:
        raise PictureError("no picture", where="three.png")
    return task


def break_at_three(task: int, attempt: int) -> int:
    return 1 // (3 - task)


def note(task: tuple[str, int], attempt: int) -> int:
    Path(task[0], f"{task[1]}-{os.getpid()}").touch()
    return os.getpid()

"""A task file for classes of one's own, made from a built-in task."""

from __future__ import annotations

import json
from collections.abc import Mapping

from augkit import document, tasks
from augkit.errors import UsageError, did_you_mean
from augkit.starter.policy import MODELINE
from augkit.tasks import Task

_WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")

_EXCEPT = """except:                          # what one class survives and others do not
  {}: {{turn: [-5, 5]}}
"""


def own_task(
    task: str, classes: tuple[str, ...], given: Mapping[str, str] | None = None, *, schema: str = ""
) -> str:
    """Return the text of a task file for classes of one's own; nothing where the built-in task has them all.

    A task that names no classes is copied, with these in it, to be changed; one that names its own is kept,
    and each class is said to stand for one of those.

    Args:
        task:    the name of a built-in task.
        classes: the class names of the data.
        given:   which class of the task a class stands for, where its name does not say so.
        schema:  where an editor finds the schema of tasks.

    Raises:
        UsageError: a class stands for none of the task's; the message lists both.
    """
    model = tasks.load(task)
    if model.survives_everything or set(classes) <= set(model.classes):
        return ""
    head = MODELINE.format(schema) if schema else ""
    if not model.classes:
        return head + _copied(task, model, classes)
    stands_for = {name: (given or {}).get(name) or _alike(name, model.classes) for name in classes}
    unknown = [name for name, theirs in stands_for.items() if theirs not in model.classes]
    if unknown:
        raise UsageError(
            f"which class of {task} is {', '.join(map(repr, unknown))}? the data have {_listed(classes)}, "
            f"the task {_listed(model.classes)}",
            fix=_which(task, unknown[0], stands_for[unknown[0]], model.classes),
        )
    lines = [f"  {json.dumps(n, ensure_ascii=False)}: {json.dumps(t)}" for n, t in stands_for.items()]
    return head + "\n".join([
        f"# Your names for the classes of {task}; what they survive is said by 'augkit tasks {task}'.",
        "version: 1", f"task: my-{task}", f"like: {task}", "classes:", *lines, "",
    ])  # fmt: skip


def _which(task: str, name: str, meant: str | None, known: tuple[str, ...]) -> str:
    """Say how to name what a class stands for, or to take another task."""
    if meant:
        hint = did_you_mean(meant, known)
        return hint or f"want one of {_listed(known)}"
    return (
        f"say it: --classes '{name}={known[0]}'; or, if your pictures are none of {task}, "
        "take another task: 'augkit tasks' lists them"
    )


def _copied(task: str, model: Task, classes: tuple[str, ...]) -> str:
    """Return a built-in task's file with a name and classes of one's own."""
    text = document.text(model.file)
    rows = [line for line in text.splitlines() if not line.startswith("# yaml-language-server")]
    listed = json.dumps(list(classes), ensure_ascii=False)
    swaps = {f"task: {task}": f"task: my-{task}", "classes: any": f"classes: {listed}"}
    out = [swaps.get(row, row) for row in rows]
    example = _EXCEPT.format(json.dumps(classes[0], ensure_ascii=False))
    at = next(i for i, row in enumerate(out) if row.startswith("because:"))
    if not model.excepted:
        out[at:at] = [f"# {row}" for row in example.splitlines()]
    note = f"# What your classes survive: a copy of the task {task}, to be changed where yours differ."
    return "\n".join([note, *out]) + "\n"


def _alike(name: str, known: tuple[str, ...]) -> str | None:
    """Return the class that a name says by itself: itself, a number written otherwise, or a digit's word."""
    if name in known:
        return name
    if name.isdigit() and str(int(name)) in known:
        return str(int(name))
    word = name.strip().lower()
    if word in _WORDS and str(_WORDS.index(word)) in known:
        return str(_WORDS.index(word))
    near = [one for one in known if one.lower() == word]
    return near[0] if len(near) == 1 else None


def _listed(names: tuple[str, ...]) -> str:
    shown = ", ".join(repr(name) for name in names[:12])
    return shown if len(names) <= 12 else f"{shown} and {len(names) - 12} more"

"""Tasks: what labels survive.  One YAML file for each built-in task; a path names one of your own."""

from __future__ import annotations

from pathlib import Path

from augkit.errors import TaskError, did_you_mean
from augkit.tasks.file import built_in, names, parse, read
from augkit.tasks.task import Task, Zone

__all__ = ["Task", "Zone", "load", "names", "parse"]


def load(name: str | Path, *, beside: str | Path | None = None, where: str = "") -> Task:
    """Load a built-in task by name, or a task of your own by path.

    Args:
        name:   a name from `names()`, or the path of a YAML file.
        beside: the policy file that names it; a relative path is looked for beside that file too.
        where:  the place that names it, for the error, such as `file:line:col`.

    Raises:
        TaskError: there is no such task, or the file is not one.
    """
    text = str(name)
    if text in names():
        return built_in(text)
    looked = [Path(text)] if beside is None else [Path(beside).parent / text, Path(text)]
    for path in looked:
        if path.is_file():
            return read(path)
    hint = did_you_mean(text, names())
    raise TaskError(
        f"no task {text!r}; built in are {', '.join(names())}",
        where=where,
        fix=hint or "give one of these names, or the path of a task file",
    )

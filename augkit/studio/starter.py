"""The starter: a first policy for a data set, already narrowed to what its labels survive."""

from __future__ import annotations

from augkit import fix, tasks
from augkit.errors import TaskError
from augkit.tasks import Task

_TEXT = """\
# What may be done to your pictures; 'augkit tasks {task}' says what their labels survive.
version: 1
task: {task}
steps:
  - shift: {{x: [-0.1, 0.1], y: [-0.1, 0.1]}}    # shares of the side
  - zoom: {{factor: [0.9, 1.1]}}
  - rotate: {{degrees: [-10, 10], p: 0.8}}
  - contrast: {{gain: [0.8, 1.2], p: 0.5}}
"""


def starter(classes: tuple[str, ...], task: str = "") -> str:
    """Return the text of a policy that is safe for a task: the one named, or the first that knows the
    classes, or else `natural`.

    Raises:
        TaskError: the task named does not know the classes.
    """
    name = task or next((name for name in tasks.names() if _fits(tasks.load(name), classes)), "natural")
    known = tasks.load(name)
    known.fit(classes)
    return fix.fix(_TEXT.format(task=name), "starter", known, classes=classes).after


def _fits(task: Task, classes: tuple[str, ...]) -> bool:
    """Tell whether a task is about just such classes."""
    try:
        task.fit(classes)
    except TaskError:
        return False
    return bool(task.classes)

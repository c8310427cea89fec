"""What several commands do first: read a policy and its task, and judge it, for a data set if any."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from augkit.cli import plain
from augkit.errors import UsageError

if TYPE_CHECKING:
    from datasets import DatasetDict

    from augkit.fix import Fixed
    from augkit.intervals import Interval
    from augkit.policy import Policy
    from augkit.safety import Verdict
    from augkit.tasks import Task

Against = Annotated[str, typer.Option(metavar="TASK", help="Judge against this task, not the policy's own.")]


def judge(path: Path, *, task: str = "", source: str = "", side: int = 0) -> Verdict:
    """Judge a policy file, or a foreign pipeline, against its own task or another, for a data set if one is
    named; `side` is the pixels across the shorter side of a foreign pipeline's pictures, if known.
    """
    from augkit import interchange, sources

    if interchange.foreign(str(path)):
        return _foreign(str(path), task=task, source=source, side=side)
    return judge_for(path, sources.load(source) if source else None, task=task)


def _foreign(spec: str, *, task: str, source: str, side: int) -> Verdict:
    """Judge a foreign pipeline against a task, for a data set if one is named; tell its notes."""
    from augkit import interchange, safety, sources, tasks

    if not task:
        raise UsageError(
            "a pipeline of another tool names no task", where=spec, fix="say which: --task digits, or another"
        )
    judged = tasks.load(task)
    classes, shape = _data(judged, sources.load(source) if source else None, ("train",))
    read = interchange.load(spec, task=task, aspect=shape or judged.aspect, side=side)
    for note in read.notes:
        plain.say(f"note: {note}")
    return safety.judge(read.policy, judged, classes=classes, aspect=shape)


def judge_for(path: Path, data: DatasetDict | None, *, task: str = "") -> Verdict:
    """Judge a policy file for the classes and picture sizes of a data set."""
    from augkit import policy as policies
    from augkit import safety

    policy = policies.load(path)
    judged, classes, shape = terms(policy, path, data, task=task)
    return safety.judge(policy, judged, classes=classes, aspect=shape)


def mend(path: Path, *, task: str = "", source: str = "") -> Fixed:
    """Mend a policy file for its own task or another, for a data set if one is named."""
    from augkit import document, sources
    from augkit import fix as fixing
    from augkit import policy as policies

    data = sources.load(source) if source else None
    text = document.text(path)
    judged, classes, shape = terms(policies.parse(text, str(path)), path, data, task=task)
    return fixing.fix(text, str(path), judged, classes=classes, aspect=shape)


def terms(
    policy: Policy, path: Path, data: DatasetDict | None, *, task: str
) -> tuple[Task, tuple[str, ...] | None, Interval | None]:
    """Return what a policy is judged by: the task, and the classes and picture shapes of the data, if any."""
    judged = task_of(policy, path, task=task)
    return judged, *_data(judged, data, policy.splits)


def task_of(policy: Policy, path: Path, *, task: str = "") -> Task:
    """Return the task that a policy names, or another that is given; errors name the line in the policy."""
    from augkit import tasks

    if task:
        return tasks.load(task)
    return tasks.load(policy.task, beside=path, where=f"{policy.place('task')}: task")


def _data(
    judged: Task, data: DatasetDict | None, splits: tuple[str, ...]
) -> tuple[tuple[str, ...] | None, Interval | None]:
    """Return the classes of the data, and the shapes of their pictures where the task minds any."""
    from augkit.sources.aspects import aspects
    from augkit.sources.records import class_names

    if data is None:
        return None, None
    return class_names(data), None if judged.survives_everything else aspects(data, splits)

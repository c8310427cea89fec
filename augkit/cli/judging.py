"""What several commands do first: read a policy and its task, and judge it, for a data set if any."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from augkit import document, interchange, safety, sources, tasks
from augkit import fix as fixing
from augkit import policy as policies
from augkit.cli import foreign
from augkit.intervals import Interval
from augkit.policy import Policy
from augkit.sources.aspects import aspects
from augkit.sources.records import class_names
from augkit.tasks import Task

if TYPE_CHECKING:
    from datasets import DatasetDict

Against = Annotated[str, typer.Option(metavar="TASK", help="Judge against this task, not the policy's own.")]


def judge(path: Path, *, task: str = "", source: str = "", side: int = 0) -> safety.Verdict:
    """Judge a policy file, or a foreign pipeline, against its own task or another, for a data set if one is
    named; `side` is the pixels across the shorter side of a foreign pipeline's pictures, if known.
    """
    if interchange.foreign(str(path)):
        return foreign.judge(str(path), task=task, source=source, side=side)
    return judge_for(path, sources.load(source) if source else None, task=task)


def judge_for(path: Path, data: DatasetDict | None, *, task: str = "") -> safety.Verdict:
    """Judge a policy file for the classes and picture sizes of a data set."""
    policy = policies.load(path)
    judged, classes, shape = terms(policy, path, data, task=task)
    return safety.judge(policy, judged, classes=classes, aspect=shape)


def mend(path: Path, *, task: str = "", source: str = "") -> fixing.Fixed:
    """Mend a policy file for its own task or another, for a data set if one is named."""
    data = sources.load(source) if source else None
    text = document.text(path)
    judged, classes, shape = terms(policies.parse(text, str(path)), path, data, task=task)
    return fixing.fix(text, str(path), judged, classes=classes, aspect=shape)


def terms(
    policy: Policy, path: Path, data: DatasetDict | None, *, task: str
) -> tuple[Task, tuple[str, ...] | None, Interval | None]:
    """Return what a policy is judged by: the task, and the classes and picture shapes of the data, if any."""
    judged = tasks.load(task or policy.task, beside=None if task else path)
    if data is None:
        return judged, None, None
    shape = None if judged.survives_everything else aspects(data, policy.splits)
    return judged, class_names(data), shape

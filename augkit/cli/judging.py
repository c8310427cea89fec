"""What several commands do first: read a policy and its task, and judge it, for a data set if any."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from augkit import policy as policies
from augkit import safety, sources, tasks
from augkit.sources.aspects import aspects
from augkit.sources.records import class_names

if TYPE_CHECKING:
    from datasets import DatasetDict


def judge(path: Path, *, task: str = "", source: str = "") -> safety.Verdict:
    """Judge a policy file against its own task or another, for a data set if one is named."""
    return judge_for(path, sources.load(source) if source else None, task=task)


def judge_for(path: Path, data: DatasetDict | None, *, task: str = "") -> safety.Verdict:
    """Judge a policy file for the classes and picture sizes of a data set."""
    policy = policies.load(path)
    judged = tasks.load(task or policy.task, beside=None if task else path)
    if data is None:
        return safety.judge(policy, judged)
    shape = None if judged.survives_everything else aspects(data, policy.splits)
    return safety.judge(policy, judged, classes=class_names(data), aspect=shape)

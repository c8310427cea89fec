"""Advice: what a command says to do next; whoever follows it gets from pictures to a safe data set."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from augkit.errors import printable

if TYPE_CHECKING:
    from augkit.safety import Verdict

ANY = "YOUR-PICTURES"
_ANY = f"{ANY} is a folder of class folders, or a source: augkit build --list"


def command(*words: object) -> str:
    """Return a command as it can be given to a shell: what has spaces in it is quoted."""
    return printable(shlex.join(["augkit", *map(str, words)]))


def after_init(policy: str, data: str) -> str:
    """Say what to do with a new policy."""
    lines = [
        command("check", policy, *(["--data", data] if data else [])),
        command("preview", policy, data or ANY, "--out", "preview.png"),
        command("generate", policy, data or ANY, "augmented", "--copies", 4),
    ]
    return "\n".join(["next:", *(f"  {line}" for line in lines), *([] if data else [_ANY])])


def after_check(judged: Verdict, policy: str, *, task: str, data: str) -> str:
    """Say what to do with a policy, or another tool's pipeline, that was judged."""
    from augkit import interchange

    if interchange.foreign(policy):
        return f"next: {command('convert', policy, '--task', judged.task.name, '--out', 'policy.yaml')}"
    more = ["--task", task] if task else []
    if judged.safe:
        return f"next: {command('preview', policy, data or ANY, *more)} shows what it makes of pictures"
    more += ["--data", data] if data else []
    fix, why = command("fix", policy, *more), command("explain", judged.findings[0].code)
    return f"next: {fix} shows the least change that is safe; {why} says why"


def after_preview(judged: Verdict, policy: str, source: str, *, task: str) -> str:
    """Say what to do with a policy that was looked at."""
    if not judged.safe:
        return after_check(judged, policy, task=task, data=source)
    more = ["--task", task] if task else []
    return (
        f"next: {command('generate', policy, source, 'augmented', '--copies', 4, *more)} makes the data set"
    )


def after_build(out: str) -> str:
    """Say what to do with a data set that has no copies yet."""
    init = command("init", "--task", "TASK", "--data", out)
    return f"next: {init} writes a first policy; augkit tasks lists the tasks"


def after_generate(out: str) -> str:
    """Say what to do with a data set that was made."""
    return f"next:\n  {command('verify', out)}\n  {command('report', out)}"


def after_report(out: str, page: str) -> str:
    """Say what to do with a report, and with the data set after it."""
    return printable(
        f"next: open {page} in a browser; {out}/README.md says how to load the pictures for training"
    )

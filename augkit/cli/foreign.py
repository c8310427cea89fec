"""Commands about pipelines of other tools: convert; and how check reads one."""

from __future__ import annotations

import inspect
import json
import textwrap
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from augkit import interchange, safety, sources, tasks
from augkit import policy as policies
from augkit.cli import files, plain
from augkit.errors import UsageError
from augkit.interchange import Note
from augkit.ops.borrowed import EFFECTS, REFUSED
from augkit.ops.foreign import Albumentations
from augkit.sources.aspects import aspects
from augkit.sources.records import class_names


class Form(StrEnum):
    """What a pipeline is converted to."""

    policy = "policy"
    albumentations = "albumentations"


def add_to(app: typer.Typer) -> None:
    """Add these commands to the app."""
    app.command()(convert)


def convert(
    given: Annotated[
        str,
        typer.Argument(
            metavar="IN",
            help="A policy, a pipeline that albumentations saved, or module:name of a pipeline of "
            "albumentations, torchvision or Keras in Python (its module is run).",
        ),
    ],
    to: Annotated[Form, typer.Option(help="What to write.")] = Form.policy,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The file to write; else it is printed.")
    ] = None,
    task: Annotated[
        str, typer.Option(metavar="TASK", help="The task that a new policy is for; 'none' if left out.")
    ] = "",
    side: Annotated[
        int, typer.Option(min=0, metavar="PIXELS", help="Pixels across the pictures' shorter side.")
    ] = 0,
) -> None:
    """Turn a pipeline of another tool into a policy, or back.

    From albumentations, torchvision and Keras; back to albumentations.  What could not be carried is said.

    Example: augkit convert aug.json --task digits --out policy.yaml
    """
    if interchange.foreign(given):
        read = interchange.load(given, task=task or "none", side=side).carried()
        policy, notes = read.policy, list(read.notes)
        if not task:
            notes.append(Note(given, "it names no task; 'none' lets everything through: give --task"))
    else:
        policy, notes = policies.load(given), []
    if to is Form.policy:
        text = policies.dump(policy)
    else:
        exported = interchange.to_albumentations(policy, (side, side) if side else None)
        notes += exported.notes
        text = _written(exported.document, out)
    for note in notes:
        plain.say(f"note: {note}")
    if out is None:
        print(text, end="")
        return
    files.write(text.encode(), out, "policy" if to is Form.policy else "pipeline")
    plain.say(f"wrote {out}")


def _written(document: dict[str, object], out: Path | None) -> str:
    if out is not None and out.suffix in (".yaml", ".yml"):
        return policies.text(document)
    return json.dumps(document, indent=2) + "\n"


def judge(spec: str, *, task: str, source: str, side: int) -> safety.Verdict:
    """Judge a foreign pipeline against a task, for a data set if one is named; its notes go to stderr."""
    if not task:
        raise UsageError(
            "a pipeline of another tool names no task", where=spec, fix="say which: --task digits, or another"
        )
    judged = tasks.load(task)
    data = sources.load(source) if source else None
    shape = None if data is None or judged.survives_everything else aspects(data, ("train",))
    read = interchange.load(spec, task=task, aspect=shape or judged.aspect, side=side)
    for note in read.notes:
        plain.say(f"note: {note}")
    classes = None if data is None else class_names(data)
    return safety.judge(read.policy, judged, classes=classes, aspect=shape)


def page() -> str:
    """Return the page of the op `albumentations`: its docstring, and the transforms it can use."""
    names = textwrap.wrap(", ".join(sorted(EFFECTS)), 108, initial_indent="  ", subsequent_indent="  ")
    why: dict[str, list[str]] = {}
    for name, reason in REFUSED.items():
        why.setdefault(reason, []).append(name)
    refused = [
        line
        for reason, members in why.items()
        for line in textwrap.wrap(
            f"{', '.join(members)}: {reason}", 108, initial_indent="  ", subsequent_indent="    "
        )
    ]
    about = inspect.cleandoc(Albumentations.__doc__ or "").partition("\n\nAttributes:")[0]
    return "\n".join([
        "albumentations", "", about, "", "Settings", "  name: a transform; its own arguments beside it",
        "  side: pixels across the shorter side of the pictures; default 28",
        "  p: probability, 0 to 1; default 1",
        "", "Transforms", *names, "", "Not for classification", *refused,
    ])  # fmt: skip

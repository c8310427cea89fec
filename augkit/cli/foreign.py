"""Commands about pipelines of other tools: convert."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from augkit.cli import files, plain


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
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace a file that is there already.")
    ] = False,
) -> None:
    """Turn a pipeline of another tool into a policy, or back.

    From albumentations, torchvision and Keras; back to albumentations.  What could not be carried is said.

    Example: augkit convert aug.json --task digits --out policy.yaml
    """
    from augkit import interchange
    from augkit import policy as policies

    if out is not None:
        files.must_be_free([out], overwrite=overwrite)
    if interchange.foreign(given):
        read = interchange.load(given, task=task or "none", side=side).carried()
        policy, notes = read.policy, list(read.notes)
        if not task:
            notes.append(
                interchange.Note(given, "it names no task; 'none' lets everything through: give --task")
            )
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
    from augkit import policy as policies

    if out is not None and out.suffix in (".yaml", ".yml"):
        return policies.text(document)
    return json.dumps(document, indent=2) + "\n"

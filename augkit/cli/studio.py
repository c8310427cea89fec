"""The command that opens the studio."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from augkit.errors import StoreError, UsageError


def add_to(app: typer.Typer) -> None:
    """Add this command to the app."""
    app.command()(studio)


def studio(
    policy: Annotated[Path, typer.Argument(help="The policy file; it need not be safe, nor finished.")],
    data: Annotated[str, typer.Option(help="A source such as mnist-sample, or a folder of class folders.")],
    task: Annotated[str, typer.Option(help="Judge against this task, not the policy's own.")] = "",
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port of the page; 0 is any free one.")] = 0,
    browse: Annotated[bool, typer.Option("--open", help="Open the page in your browser.")] = False,
    new: Annotated[bool, typer.Option("--new", help="Write a first policy where there is none.")] = False,
) -> None:
    """Write a policy on a page of this machine, its pictures and their verdicts beside it, until Ctrl-C.

    Example: augkit studio recipes/policies/digits.yaml --data mnist-sample --open
    """
    try:
        from augkit.studio.serve import serve
    except ImportError as error:
        problem = f"the studio's page needs a package that is not installed ({error.name})"
        raise UsageError(problem, fix="pip install 'augkit[studio]'") from None
    from augkit import sources
    from augkit.sources.records import class_names
    from augkit.studio import Desk, starter

    missing = not policy.exists()
    if missing and not (new or _wanted(policy)):
        fix = f"augkit studio {policy} --data {data} --new writes a first one there"
        raise UsageError("there is no such policy", where=str(policy), fix=fix)
    pictures = sources.load(data, say=lambda words: print(words, file=sys.stderr))
    if missing:
        _write(policy, starter(class_names(pictures), task))
        print(f"wrote {policy}", file=sys.stderr)
    desk = Desk(policy, data, pictures, task)
    desk.open()  # says now what cannot be read
    serve(desk, port=port, browse=browse, say=_said)
    print("\nstudio closed", file=sys.stderr)


def _wanted(policy: Path) -> bool:
    """Ask whoever sits at the terminal, if anybody does, whether a first policy is to be written."""
    if not sys.stdin.isatty():
        return False
    return typer.confirm(f"There is no {policy}. Write a first policy there?", default=True, err=True)


def _write(policy: Path, text: str) -> None:
    try:
        policy.parent.mkdir(parents=True, exist_ok=True)
        with policy.open("x", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        problem = f"the policy cannot be written ({error.strerror or error})"
        raise StoreError(problem, where=str(policy), fix="choose another name") from None


def _said(address: str) -> None:
    print(f"The studio is open at\n\n  {address}\n", flush=True)
    print("Its address is a secret of this machine. Ctrl-C closes it.", file=sys.stderr)

"""The command that opens the studio."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from augkit.cli import plain, starting
from augkit.cli.judging import Against
from augkit.errors import UsageError


def add_to(app: typer.Typer) -> None:
    """Add this command to the app."""
    app.command()(studio)


def studio(
    policy: Annotated[
        Path, typer.Argument(metavar="POLICY", help="The policy file; it need not be safe, nor finished.")
    ],
    data: Annotated[
        str,
        typer.Option(metavar="SOURCE", help="A source such as mnist-sample, or a folder of class folders."),
    ],
    task: Against = "",
    port: Annotated[
        int, typer.Option(min=0, max=65535, metavar="NUMBER", help="The port of the page; 0 is any free one.")
    ] = 0,
    browse: Annotated[bool, typer.Option("--open", help="Open the page in your browser.")] = False,
) -> None:
    """Write a policy on a page, pictures and verdicts beside it.

    The page is this machine's own and nobody else's; it is open until Ctrl-C.

    \b
    Example: augkit studio recipes/policies/digits.yaml --data mnist-sample --open
    """
    try:
        from augkit.studio.serve import serve
    except ImportError as error:
        problem = f"the studio's page needs a package that is not installed ({error.name})"
        raise UsageError(problem, fix="pip install 'augkit[studio]'") from None
    from augkit import sources
    from augkit.studio import Desk

    if not policy.exists():
        _begin(policy, data, task)
        task = ""  # the new file names it
    pictures = sources.load(data, say=plain.say)
    desk = Desk(policy, data, pictures, task)
    desk.open()  # says now what cannot be read
    serve(desk, port=port, browse=browse, say=_said)
    plain.say("\nstudio closed")


def _begin(policy: Path, data: str, task: str) -> None:
    """Offer to write a first policy to whoever sits at the terminal; say how it is written if nobody does.

    Raises:
        UsageError: nobody wants one.
    """
    wanted = sys.stdin.isatty() and typer.confirm(
        f"There is no {policy}. Write a first policy there, proved safe?", default=True, err=True
    )
    if not wanted:
        init = shlex.join(["augkit", "init", "--task", task or "TASK", "--data", data, "--out", str(policy)])
        problem = "there is no such policy"
        raise UsageError(problem, where=str(policy), fix=f"'{init}' writes a first one, proved safe")
    if not task:
        from augkit import tasks

        plain.say(f"A task says what labels survive: {', '.join(tasks.names())}.")
        task = typer.prompt("What are your labels?", default="natural", err=True)
    starting.init(task=task, data=data, out=policy)


def _said(address: str) -> None:
    print(f"The studio is open at\n\n  {address}\n", flush=True)
    plain.say("Its address is a secret of this machine. Ctrl-C closes it.")

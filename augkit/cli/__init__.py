"""The command line: parse, call one function, print, exit.

Exit codes: 0 fine, 1 findings, 2 wrong usage or an unreadable policy, 3 input or output, 130 interrupted.
"""

from __future__ import annotations

import errno
import os
import sys
from typing import Annotated

import typer

from augkit import __version__
from augkit.cli import (
    auditing,
    data,
    foreign,
    health,
    made,
    measuring,
    pictures,
    plain,
    policies,
    starting,
    studio,
)
from augkit.errors import AugkitError, StoreError

__all__ = ["app", "helps", "main"]

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)

app = typer.Typer(
    name="augkit",
    epilog="To begin: augkit init --task natural --data YOUR-PICTURES. Each command says what to do next, "
    "and 'augkit COMMAND --help' what it takes.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(asked: bool) -> None:
    if asked:
        print(f"augkit {__version__}")
        raise typer.Exit


def augkit(
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_version, help="Print the version, and exit.")
    ] = False,
) -> None:
    """Data augmentation that knows what a label survives."""


app.callback()(augkit)
starting.add_to(app)
policies.add_to(app)
pictures.add_to(app)
data.add_to(app)
made.add_to(app)
measuring.add_to(app)
auditing.add_to(app)
foreign.add_to(app)
health.add_to(app)
studio.add_to(app)


def helps() -> list[tuple[str, str, str]]:
    """Return each command's name, its whole help, and the first sentence of it."""
    group = typer.main.get_command(app)
    with typer.Context(group, info_name="augkit", max_content_width=100, terminal_width=100) as above:
        named = [(name, group.get_command(above, name)) for name in group.list_commands(above)]  # type: ignore[attr-defined]
        return [
            (
                name,
                command.get_help(typer.Context(command, info_name=name, parent=above)),
                _first(command.help),
            )
            for name, command in named
        ]


def _first(text: str | None) -> str:
    return " ".join((text or "").split("\n\n")[0].split())


def main() -> None:
    """Run augkit, and turn what went wrong into a message and an exit code."""
    os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")
    plain.degrade(sys.stdout)
    try:
        try:
            app()
        finally:
            print(end="", flush=True)
    except AugkitError as error:
        print(error, file=sys.stderr)
        raise SystemExit(error.exit_code) from None
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        raise SystemExit(130) from None
    except BrokenPipeError as error:  # what was found out before nobody read it any more still counts
        _let_go()
        raise SystemExit(error.__context__.code if isinstance(error.__context__, SystemExit) else 0) from None
    except SystemExit as stop:
        if not isinstance(stop.__context__, BrokenPipeError):
            raise
        _let_go()
        raise SystemExit(0) from None  # the parser makes it a 1, which says unsafe
    except OSError as error:
        if isinstance(error.filename, str | bytes):
            problem = f"the system refuses this path ({error.strerror})"
            fix = "name another, or look to its permissions"
            said = StoreError(problem, where=os.fsdecode(error.filename), fix=fix)
        elif error.errno in _NO_ROOM:
            _let_go()
            problem = f"it cannot be written ({error.strerror})"
            said = StoreError(problem, where="the output", fix="make room, or send it elsewhere")
        else:  # a library's own, and about no path of the user's
            raise
        print(said, file=sys.stderr)
        raise SystemExit(StoreError.exit_code) from None


def _let_go() -> None:
    """Drop what is printed but not written, at which the interpreter would fail when it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

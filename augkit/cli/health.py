"""Commands about the installation: doctor."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from augkit.cli import plain
from augkit.cli.plain import Json


def add_to(app: typer.Typer) -> None:
    """Add these commands to the app."""
    app.command()(doctor)


def doctor(
    folder: Annotated[
        Path,
        typer.Argument(
            metavar="FOLDER", help="Where data sets are to be made: its disk and locks are tried."
        ),
    ] = Path(),
    every_backend: Annotated[
        bool, typer.Option("--every-backend", help="Try each installed backend of Keras, not only one.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Look at what augkit stands on, and say how to mend it.

    Versions, OpenCV's wheels, Keras's backends and their devices, the processor, memory, disk and locks.
    Exit 1 if something is wrong that augkit cannot work with.

    Example: augkit doctor
    """
    from augkit import doctor as doctors

    found = doctors.examine(folder, every_backend=every_backend)
    if as_json:
        plain.show(doctors.plain(found))
    else:
        plain.words(doctors.text(found))
    if any(check.state == "problem" for check in found):
        raise SystemExit(1)

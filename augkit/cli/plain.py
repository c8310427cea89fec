"""Plain: what commands found or made, as JSON for scripts or in words for people; it commands no terminal.

What standard output cannot encode is escaped, and a verdict is not lost for it.
"""

from __future__ import annotations

import contextlib
import io
import json
import sys
from typing import Annotated, Any, Protocol, TextIO

import typer

from augkit.errors import printable

Json = Annotated[bool, typer.Option("--json", help="Print it as JSON, for scripts.")]


class Told(Protocol):
    """What can be told both ways."""

    def canonical(self) -> dict[str, Any]:
        """Return it as plain data."""

    def text(self) -> str:
        """Return it in words."""


def tell(found: Told, *, as_json: bool) -> None:
    """Print what came of a command, for a script or for a person."""
    if as_json:
        show(found.canonical())
    else:
        words(found.text())


def words(text: str) -> None:
    """Print words, for people; names in them may hold anything."""
    print(printable(text))


def show(plain: object) -> None:
    """Print plain data as JSON; names in it may hold anything, and command no terminal."""
    text = json.dumps(plain, indent=2, ensure_ascii=False)
    print("".join(one if _stands(one) else json.dumps(one)[1:-1] for one in text))


def _stands(one: str) -> bool:
    """Tell whether a character may stand in JSON as it is: what cannot be encoded has an escape there."""
    if one.isascii():
        return one.isprintable() or one == "\n"
    try:
        one.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        return False
    return one.isprintable()


def say(text: str) -> None:
    """Tell the error stream, after what is printed already."""
    with contextlib.suppress(BrokenPipeError):  # met again at the end
        print(end="", flush=True)
    print(printable(text), file=sys.stderr)


def degrade(stream: TextIO) -> None:
    """Have a stream escape what its encoding lacks, and not fail."""
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="backslashreplace")

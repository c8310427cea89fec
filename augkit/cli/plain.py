"""Plain: what commands found or made as JSON, for scripts."""

from __future__ import annotations

import json
from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="Print it as JSON, for scripts.")]


def show(plain: object) -> None:
    """Print plain data as JSON; names in it may hold anything, and command no terminal."""
    text = json.dumps(plain, indent=2, ensure_ascii=False)
    print("".join(one if one.isprintable() or one == "\n" else json.dumps(one)[1:-1] for one in text))

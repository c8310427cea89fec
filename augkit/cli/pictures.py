"""Commands that show pictures: preview."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from numpy.typing import NDArray

from augkit.cli import judging
from augkit.errors import StoreError


def add_to(app: typer.Typer) -> None:
    """Add these commands to the app."""
    app.command()(preview)


def preview(
    policy: Annotated[Path, typer.Argument(help="The policy file; it need not be safe.")],
    source: Annotated[
        str, typer.Argument(help="A source such as mnist-sample, or a folder of class folders.")
    ],
    out: Annotated[Path, typer.Option(help="The picture to write.")] = Path("preview.png"),
    rows: Annotated[int, typer.Option(min=1, max=100, help="How many source pictures.")] = 6,
    copies: Annotated[int, typer.Option(min=1, max=20, help="How many copies of each.")] = 6,
    witness: Annotated[bool, typer.Option(help="Show instead what makes the policy unsafe.")] = False,
    task: Annotated[str, typer.Option(help="Judge against this task, not the policy's own.")] = "",
    seed: Annotated[int, typer.Option(min=0, help="Seed of every random decision.")] = 0,
) -> None:
    """Show what a policy makes of pictures, before anything is generated.

    Example: augkit preview recipes/policies/digits.yaml mnist-sample --out preview.png
    """
    import augkit.show.preview as sheets
    from augkit import sources

    data = sources.load(source)
    verdict = judging.judge_for(policy, data, task=task)
    sheet = sheets.witnesses(verdict, data) if witness else sheets.copies(verdict, data, rows, copies, seed)
    save(sheet, out)
    print(verdict.summary())
    print(f"wrote {out}")


def save(sheet: NDArray[np.uint8], out: Path) -> None:
    """Write a sheet as a PNG file, and the folders it stands in.

    Raises:
        StoreError: it cannot be written.
    """
    from augkit import codec

    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_bytes(codec.encode(sheet, "png"))
    except OSError as error:
        problem = f"the picture cannot be written ({error.strerror})"
        raise StoreError(problem, where=str(out), fix="choose another name with --out") from error

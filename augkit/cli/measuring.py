"""Commands that measure a data set: stats."""

from __future__ import annotations

from typing import Annotated

import typer

from augkit.cli import plain
from augkit.cli.options import Classes, Limit, Seed, Source, Split, Stratify
from augkit.cli.plain import Json


def add_to(app: typer.Typer) -> None:
    """Add these commands to the app."""
    app.command()(stats)


def stats(
    source: Source,
    split: Split = "",
    stratify: Stratify = False,
    seed: Seed = 0,
    splits: Annotated[
        str,
        typer.Option(metavar="NAMES", help="Which splits to read, such as train,test; train if left out."),
    ] = "",
    limit: Limit = None,
    classes: Classes = None,
    as_json: Json = False,
) -> None:
    """Measure the colours, sizes and classes of a data set.

    Mean and spread of each channel, how colours vary, how many pictures of which size each class has.  Every
    pixel of the train split is read, once.  With --split, --stratify and --seed as `generate` gets
    them, these are the pictures that it augments.

    Example: augkit stats mnist-sample --split 80/20
    """
    from augkit import sources
    from augkit.sources import statistics

    data = sources.load(
        source,
        split=split or None,
        stratify=stratify,
        seed=seed,
        limit=limit,
        classes=classes or (),
        say=plain.say,
    )
    wanted = [name.strip() for name in splits.split(",") if name.strip()]
    plain.tell(statistics.measure(data, wanted), as_json=as_json)

"""Arguments and options that several commands take."""

from __future__ import annotations

from typing import Annotated

import typer

Source = Annotated[
    str,
    typer.Argument(
        metavar="SOURCE",
        help="A folder of class folders, here or at a URL such as s3://bucket/photos, or a source such as "
        "mnist-sample: see augkit build --list.",
    ),
]
Out = Annotated[
    str,
    typer.Argument(
        metavar="OUT", help="The folder to make, or a URL such as s3://bucket/out; run again to carry on."
    ),
]
Workers = Annotated[
    int, typer.Option(min=1, metavar="NUMBER", help="Processes; the result is the same for any number.")
]
Engine = Annotated[
    str,
    typer.Option(
        metavar="ENGINE",
        help="Who does the work: local; ray, or ray:HOST:PORT to join a cluster; the same result.",
    ),
]
Seed = Annotated[int, typer.Option(min=0, metavar="NUMBER", help="Seed of every random decision.")]
Split = Annotated[
    str,
    typer.Option(metavar="SHARES", help="Shares in percent: 80/20 is train/test, 80/10/10 adds validation."),
]
Stratify = Annotated[bool, typer.Option("--stratify", help="Give every class the same shares.")]
Limit = Annotated[
    int | None,
    typer.Option(
        min=1, metavar="NUMBER", help="At most so many pictures of each split, spread over its classes."
    ),
]
Classes = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NAMES",
        help="Only these classes, in this order: cat,dog; give it again for a name with a comma.",
    ),
]
Format = Annotated[
    str,
    typer.Option(
        "--format", metavar="FORMAT", help="How pictures are kept: folder, parquet, webdataset or arrow."
    ),
]
MaxBad = Annotated[
    str,
    typer.Option(
        metavar="SHARE", help="Stop when more sources than this cannot be read: a share, or a number."
    ),
]
Overwrite = Annotated[
    bool, typer.Option("--overwrite", help="Delete what augkit made in OUT before, and start anew.")
]

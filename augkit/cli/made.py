"""Commands on data sets that augkit made: merge, verify, replay."""

from __future__ import annotations

from typing import Annotated

import typer

from augkit.cli import plain
from augkit.cli.options import MaxBad
from augkit.cli.plain import Json


def add_to(app: typer.Typer) -> None:
    """Add these commands to the app."""
    app.command()(merge)
    app.command()(verify)
    app.command()(replay)


def merge(
    out: Annotated[
        str,
        typer.Argument(
            metavar="OUT",
            help="Where the parts were made, a folder or a URL, or the folder to make of PARTS.",
        ),
    ],
    parts: Annotated[
        list[str] | None,
        typer.Argument(metavar="PARTS", help="Folders to copy parts from, where each has its own."),
    ] = None,
    max_bad: MaxBad = "1%",
    as_json: Json = False,
) -> None:
    """Make one data set of the parts that --shard made.

    It has the same bytes as one made without parts.  Each part is one command on any machine, with the same
    policy, source and seed; parts may run at the same time, in any order, and again after a failure. They
    share one OUT on shared storage, or have one each: augkit merge OUT PART1 PART2 copies them together. A
    part that is missing is named.

    OUT may be on an object store, as in s3://bucket/out, if all parts were made into it.

    As a job array of Slurm, eight parts and the merge after them:

    \b
      #!/bin/bash
      #SBATCH --array=1-8 --cpus-per-task=16
      augkit generate policy.yaml imagenet:/data/ilsvrc /scratch/out --copies 10 \\
        --format parquet --image-format jpeg:90 \\
        --workers $SLURM_CPUS_PER_TASK --shard $SLURM_ARRAY_TASK_ID/$SLURM_ARRAY_TASK_COUNT

    \b
      job=$(sbatch --parsable make.sh)
      sbatch --dependency=afterok:$job --wrap "augkit merge /scratch/out"

    Example: augkit merge out/digits
    """
    from augkit import store

    plain.tell(store.merge(out, parts or (), max_bad=max_bad, say=plain.say), as_json=as_json)


def verify(
    out: Annotated[
        str, typer.Argument(metavar="OUT", help="A data set that augkit made, in a folder or at a URL.")
    ],
    incremental: Annotated[
        bool,
        typer.Option(
            "--incremental",
            help="Trust files that an earlier such check found right, while size and times stay.",
        ),
    ] = False,
    as_json: Json = False,
) -> None:
    """Check that a data set is whole and unharmed.

    Exit 0 if every picture is as it was written, 1 if not.

    With --incremental, a check that was stopped carries on, and one of a few changes reads only those. It
    finds what programs and people do; what a failing disk does, only a full check finds.

    Example: augkit verify out/digits
    """
    from augkit import store

    found = store.verify(out, incremental=incremental)
    plain.tell(found, as_json=as_json)
    if not found.ok:
        raise SystemExit(1)


def replay(
    out: Annotated[
        str, typer.Argument(metavar="OUT", help="A data set that augkit made, in a folder or at a URL.")
    ],
    row: Annotated[
        str, typer.Argument(metavar="ROW", help="A row of its manifest, from 0, or the name of a picture.")
    ],
    source: Annotated[
        str,
        typer.Option(metavar="SOURCE", help="Where the source picture is, if not in OUT or where it was."),
    ] = "",
    as_json: Json = False,
) -> None:
    """Make one picture of a data set again, and compare.

    It is made from the plan that lies in the data set.  Exit 0 if it is the same, 1 if not.

    Example: augkit replay out/digits 17
    """
    from augkit import store

    found = store.replay(out, row, source=source)
    plain.tell(found, as_json=as_json)
    if not found.ok:
        raise SystemExit(1)

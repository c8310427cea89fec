"""Commands that make data sets: build, generate, merge, verify, replay."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from augkit.cli import advice, judging, plain
from augkit.cli.plain import Json
from augkit.errors import printable

if TYPE_CHECKING:
    from datasets import DatasetDict

    from augkit import store

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


def _list(asked: bool) -> None:
    if asked:
        from augkit import sources

        print(sources.text())
        raise typer.Exit


def add_to(app: typer.Typer) -> None:
    """Add these commands to the app."""
    app.command()(build)
    app.command()(generate)
    app.command()(merge)
    app.command()(verify)
    app.command()(replay)


def build(
    source: Source,
    out: Out,
    split: Split = "",
    stratify: Stratify = False,
    seed: Seed = 0,
    limit: Limit = None,
    classes: Classes = None,
    checksums: Annotated[
        bool,
        typer.Option("--checksums", help="Compare the source's files with their published checksums first."),
    ] = False,
    workers: Workers = 1,
    engine: Engine = "local",
    layout: Format = "folder",
    max_bad: MaxBad = "1%",
    overwrite: Overwrite = False,
    as_json: Json = False,
    listed: Annotated[
        bool, typer.Option("--list", is_eager=True, callback=_list, help="List the sources, and exit.")
    ] = False,
) -> None:
    """Build a data set from a source, without augmentation.

    It is a folder that `datasets` and Keras open as it is.  With --split, pictures that are equal or look
    alike go to one split.

    Example: augkit build mnist-sample data/digits --split 20/80 --stratify
    """
    from augkit import store

    data = _load(source, split, stratify, seed, limit, classes, checksums=checksums)
    made = store.build(
        data,
        out,
        workers=workers,
        engine=engine,
        format=layout,
        max_bad=max_bad,
        overwrite=overwrite,
        command=_command(),
        origin=_origin(source),
        say=_say,
    )
    _tell(made, as_json)
    _say(advice.after_build(str(out)))


def generate(
    policy: Annotated[Path, typer.Argument(metavar="POLICY", help="The policy file.")],
    source: Source,
    out: Out,
    copies: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NUMBER",
            help="Augmented copies of each picture, 4 if left out; other numbers for some classes: 2,cat=8; "
            "give it again for a name with a comma.",
        ),
    ] = None,
    balance: Annotated[
        bool,
        typer.Option(
            "--balance", help="Give smaller classes more copies, so that all have as many pictures."
        ),
    ] = False,
    keep_originals: Annotated[
        bool, typer.Option(help="Keep each original beside its copies, resized where the policy resizes.")
    ] = True,
    task: Annotated[
        str, typer.Option(metavar="TASK", help="Judge against this task; 'none' lets everything through.")
    ] = "",
    seed: Seed = 0,
    split: Split = "",
    stratify: Stratify = False,
    splits: Annotated[
        str, typer.Option(metavar="NAMES", help="Which splits to write, such as train,test; all if left out.")
    ] = "",
    limit: Limit = None,
    classes: Classes = None,
    image_format: Annotated[
        str,
        typer.Option(
            metavar="FORMAT", help="What copies are written as: png, webp (both lossless) or jpeg:95."
        ),
    ] = "png",
    layout: Format = "folder",
    workers: Workers = 1,
    engine: Engine = "local",
    max_bad: MaxBad = "1%",
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run", help="Say how many pictures, bytes and hours it would be, and make nothing."
        ),
    ] = False,
    overwrite: Overwrite = False,
    shard: Annotated[
        str,
        typer.Option(
            metavar="PART",
            help="Make only this part of the work, as 2/8; then augkit merge makes one of all.",
        ),
    ] = "",
    as_json: Json = False,
) -> None:
    """Make the augmented data set, if the policy is safe.

    Run the same command again to carry on after an interruption, or to verify what is there.  Exit 1 if the
    policy is not safe.  On many machines, each makes one part with --shard, and augkit merge makes a data set
    of them all.

    SOURCE and OUT may be on an object store, as in s3://bucket/out (pip install 'augkit[s3]'). Every machine
    at work takes credentials from its environment, a profile, or its role; none may stand in a URL.

    \b
    Example: augkit generate recipes/policies/digits.yaml mnist-sample out/digits --copies 4
    """
    from augkit import store
    from augkit.plan import Plan
    from augkit.sources.records import class_names

    part = store.part_of(shard)
    data = _load(source, split, stratify, seed, limit, classes)
    wanted = tuple(name.strip() for name in splits.split(",") if name.strip()) or None
    verdict = judging.judge_for(policy, store.sample(data, wanted) if dry_run else data, task=task)
    if not verdict.safe:
        if as_json:
            plain.show(verdict.canonical() | {"policy": verdict.policy.file})
        else:
            _say(verdict.text())
        _say(advice.after_check(verdict, str(policy), task=task, data=source))
        raise SystemExit(1)
    names = class_names(data)
    number = store.copies_of(copies or (), names)
    plan = Plan(verdict.safe_policy(), names, seed, number, keep_originals, balance)
    if dry_run:
        expected = store.dry_run(
            plan,
            data,
            out,
            workers=workers,
            splits=wanted,
            format=layout,
            image_format=image_format,
            part=part,
        )
        if as_json:
            plain.show(expected.canonical())
        else:
            print(printable(expected.text()), expected.hours(), sep="\n")
        return
    made = store.generate(
        plan,
        data,
        out,
        workers=workers,
        engine=engine,
        splits=wanted,
        format=layout,
        image_format=image_format,
        max_bad=max_bad,
        overwrite=overwrite,
        command=_command(),
        origin=_origin(source),
        say=_say,
        part=part,
    )
    _tell(made, as_json)
    if part is not None and made.done != "merged already":
        _say(f"Once all {part.of} parts are made: {advice.command('merge', out)}")
    elif part is None:
        _say(advice.after_generate(str(out)))


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

    _tell(store.merge(out, parts or (), max_bad=max_bad, say=_say), as_json)


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
    _tell(found, as_json)
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
    _tell(found, as_json)
    if not found.ok:
        raise SystemExit(1)


def _load(
    source: str,
    split: str,
    stratify: bool,
    seed: int,
    limit: int | None,
    classes: list[str] | None,
    *,
    checksums: bool = False,
) -> DatasetDict:
    """Read a source, and tell the error stream what was found."""
    from augkit import sources

    data = sources.load(
        source,
        split=split or None,
        stratify=stratify,
        seed=seed,
        limit=limit,
        classes=classes or (),
        checksums=checksums,
        say=_say,
    )
    _say(sources.found(data))
    return data


def _tell(found: store.Generated | store.Verified | store.Replayed, as_json: bool) -> None:
    """Print what came of a command, for a person or for a script."""
    if as_json:
        plain.show(found.canonical())
    else:
        print(printable(found.text()))


def _say(text: str) -> None:
    print(printable(text), file=sys.stderr)


def _origin(source: str) -> str:
    """Return a source as it may be named from any folder."""
    return str(Path(source).absolute()) if Path(source).exists() else source


def _command() -> str:
    return " ".join(["augkit", *sys.argv[1:]])

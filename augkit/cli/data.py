"""Commands that make data sets: build, generate."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from augkit.cli import advice, judging, plain
from augkit.cli.options import (
    Classes,
    Engine,
    Format,
    Limit,
    MaxBad,
    Out,
    Overwrite,
    Seed,
    Source,
    Split,
    Stratify,
    Workers,
)
from augkit.cli.plain import Json

if TYPE_CHECKING:
    from datasets import DatasetDict

    from augkit.safety import Verdict
    from augkit.store import Forecast


def _list(asked: bool) -> None:
    if asked:
        from augkit import sources

        print(sources.text())
        raise typer.Exit


def add_to(app: typer.Typer) -> None:
    """Add these commands to the app."""
    app.command()(build)
    app.command()(generate)


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
        say=plain.say,
    )
    plain.tell(made, as_json=as_json)
    plain.say(advice.after_build(str(out)))


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
        _refuse(verdict, as_json)
        plain.say(advice.after_check(verdict, str(policy), task=task, data=source))
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
        _foretell(expected, as_json)
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
        say=plain.say,
        part=part,
    )
    plain.tell(made, as_json=as_json)
    if part is not None and made.done != "merged already":
        plain.say(f"Once all {part.of} parts are made: {advice.command('merge', out)}")
    elif part is None:
        plain.say(advice.after_generate(str(out)))


def _refuse(verdict: Verdict, as_json: bool) -> None:
    """Say why nothing is made, to the error stream unless a script reads it."""
    if as_json:
        plain.show(verdict.canonical() | {"policy": verdict.policy.file})
    else:
        plain.say(verdict.text())


def _foretell(expected: Forecast, as_json: bool) -> None:
    if as_json:
        plain.show(expected.canonical())
    else:
        plain.words(f"{expected.text()}\n{expected.hours()}")


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
        say=plain.say,
    )
    plain.say(sources.found(data))
    return data


def _origin(source: str) -> str:
    """Return a source as it may be named from any folder."""
    return str(Path(source).absolute()) if Path(source).exists() else source


def _command() -> str:
    return " ".join(["augkit", *sys.argv[1:]])

"""Commands to begin with: init."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from augkit.cli import advice, files, plain
from augkit.errors import UsageError

if TYPE_CHECKING:
    from augkit.intervals import Interval

_SCHEMAS = {"policy": "policy.schema.json", "task": "task.schema.json"}


def add_to(app: typer.Typer) -> None:
    """Add these commands to the app."""
    app.command()(init)


def init(
    task: Annotated[
        str, typer.Option(metavar="TASK", help="What your labels are: a built-in task, see augkit tasks.")
    ] = "",
    data: Annotated[
        str,
        typer.Option(
            metavar="SOURCE",
            help="Your pictures: a folder of class folders, or a source such as mnist-sample.",
        ),
    ] = "",
    classes: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAMES",
            help="Your class names, if the pictures are not at hand: cat,dog; or which class of the task "
            "each one is: zero=0,one=1.",
        ),
    ] = None,
    out: Annotated[
        Path, typer.Option(metavar="FILE", help="The policy file to write; others are written beside it.")
    ] = Path("policy.yaml"),
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace files that are there already.")
    ] = False,
) -> None:
    """Write a first policy for your labels, proved safe.

    Where your classes have names of their own, a task file is written beside it, to say what they survive.

    Example: augkit init --task digits

    Example: augkit init --task natural --data photos --out flowers.yaml
    """
    from augkit import starter, tasks

    if not task:
        raise UsageError(
            f"what are your labels? want --task with one of {', '.join(tasks.names())}",
            fix="augkit init --task natural, say; 'augkit tasks' says what each is for",
        )
    if task not in tasks.names():
        tasks.load(task)  # a misspelt name is said to be one
        raise UsageError(f"got {task!r}, want a built-in task", fix=f"one of {', '.join(tasks.names())}")
    files.must_be_free([out], overwrite=overwrite)
    names, given = _named(classes or [])
    aspect = None
    if data:
        names, aspect = _of_data(data, names)
    own = starter.own_task(task, names, given, schema=_SCHEMAS["task"]) if names else ""
    beside = out.with_name("task.yaml" if out.name == "policy.yaml" else f"{out.stem}-task.yaml")
    judged = tasks.parse(own, str(beside)) if own else tasks.load(task)
    text = starter.starter(
        judged, beside.name if own else task, classes=names or None, aspect=aspect, file=str(out)
    )
    texts = {out: text} | ({beside: own} if own else {})
    _write(texts, overwrite=overwrite)
    about = f"a first policy for the task {judged.name}, proved safe" if task != "none" else "a first policy"
    plain.words(f"wrote {out}: {about}")
    if own:
        plain.words(f"wrote {beside}: what your {len(names)} classes survive; change it where yours differ")
    plain.words(advice.after_init(str(out), data))


def _named(given: list[str]) -> tuple[tuple[str, ...], dict[str, str]]:
    """Return the class names of --classes, and which class of the task some are said to be."""
    names: list[str] = []
    stands_for: dict[str, str] = {}
    for entry in (part for text in given for part in text.split(",") if part.strip()):
        name, equals, theirs = (part.strip() for part in entry.partition("="))
        names.append(name)
        if equals:
            stands_for[name] = theirs
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise UsageError(f"the class {twice[0]!r} is given twice", where="--classes", fix="give each once")
    return tuple(names), stands_for


def _of_data(data: str, names: tuple[str, ...]) -> tuple[tuple[str, ...], Interval]:
    """Return the classes and the picture shapes of a data set."""
    from augkit import sources
    from augkit.sources.aspects import aspects
    from augkit.sources.records import class_names

    read = sources.load(data, say=plain.say)
    plain.say(sources.found(read))
    there = class_names(read)
    strangers = [name for name in names if name not in there]
    if strangers:
        raise UsageError(
            f"{strangers[0]!r} is no class of the data, which have {', '.join(map(repr, there[:12]))}",
            where="--classes",
            fix="leave --classes out, or say with it which class of the task one of these is",
        )
    return there, aspects(read, ("train",))


def _write(texts: dict[Path, str], *, overwrite: bool) -> None:
    """Write files whole, and beside them the schemas that they name."""
    from augkit import schema

    files.must_be_free(texts, overwrite=overwrite)
    for kind, name in _SCHEMAS.items():
        path = next(iter(texts)).with_name(name)
        if any(name in text for text in texts.values()) and not path.exists():
            texts = {**texts, path: json.dumps(getattr(schema, kind)(), indent=2, ensure_ascii=False) + "\n"}
    for path, text in texts.items():
        files.write(text.encode(), path, "file")

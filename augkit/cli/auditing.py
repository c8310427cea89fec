"""The command that measures what labels survive: audit."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from augkit.cli import files, judging, plain
from augkit.cli.options import Classes, Seed
from augkit.cli.plain import Json
from augkit.errors import UsageError

if TYPE_CHECKING:
    from augkit.audit import Audit, Request
    from augkit.audit.disputes import Made
    from augkit.audit.effect import Effect


Source = Annotated[
    str,
    typer.Argument(
        metavar="SOURCE",
        help="A folder of class folders, a source (augkit build --list), or a made data set.",
    ),
]
Out = Annotated[
    Path | None,
    typer.Option(
        metavar="FOLDER",
        help="Where result.json, heat.png and what is done so far go; out/audit-SOURCE if left out.",
    ),
]
Policy = Annotated[
    Path | None,
    typer.Option(
        metavar="POLICY",
        help="Measure this policy as a whole instead: affinity, diversity, effect on each class.",
    ),
]
Task = Annotated[
    str,
    typer.Option(
        metavar="TASK", help="Measure at the limits of this task alone; with --policy, guard its draws by it."
    ),
]
Propose = Annotated[Path | None, typer.Option(metavar="FILE", help="Write a task file of what was measured.")]
Against = Annotated[
    str, typer.Option(metavar="TASK", help="List where this task and what was measured disagree.")
]
Oracle = Annotated[
    str,
    typer.Option(
        metavar="FILE", help="A Keras network (.keras) that reads in place of the clean reference network."
    ),
]
Sweeps = Annotated[
    str, typer.Option(metavar="NAMES", help="Only these changes, such as turn,mirrored; all if left out.")
]
Pictures = Annotated[int, typer.Option(min=1, metavar="NUMBER", help="About so many pictures of each class.")]
Folds = Annotated[
    int, typer.Option(min=2, metavar="NUMBER", help="Parts; each is read by networks trained on the others.")
]
Kept = Annotated[
    float, typer.Option(metavar="SHARE", help="What share must still be read for a class to be kept.")
]
Workers = Annotated[
    int,
    typer.Option(
        min=0, metavar="NUMBER", help="Processes, one for each fold at most; 0: as many as there are cores."
    ),
]


def add_to(app: typer.Typer) -> None:
    """Add this command to the app."""
    app.command()(audit)


def audit(
    source: Source,
    out: Out = None,
    policy: Policy = None,
    task: Task = "",
    propose: Propose = None,
    against: Against = "",
    oracle: Oracle = "",
    sweeps: Sweeps = "",
    pictures: Pictures = 500,
    folds: Folds = 4,
    kept: Kept = 0.8,
    workers: Workers = 0,
    seed: Seed = 0,
    classes: Classes = None,
    as_json: Json = False,
) -> None:
    """Measure what labels survive, by networks that read them.

    How far can each class be turned, mirrored, covered … and still be read?  Two networks read the changed
    pictures: one that has seen no change, and one that was taught all of them. Only both together tell what
    becomes another class (a 6 upside down) from what is merely strange to a network (a 7 upside down). It
    takes minutes; interrupted, the same command carries on.

    With --policy it measures a whole policy. Of a data set that augkit generate made it lists the labels that
    networks dispute, and pictures that are there twice.

    Exit 0 if nothing was found; 1 if a task that was named lets wrong labels through, a policy hurts a class
    or has a step that changes nothing, or labels of the data are in dispute.

    \b
    Example: augkit audit mnist-sample --propose out/measured.yaml --against digits
    """
    from augkit.audit import Request, made

    request = Request(
        source=source,
        sweeps=tuple(name.strip() for name in sweeps.split(",") if name.strip()),
        pictures=pictures,
        folds=folds,
        seed=seed,
        kept=kept,
        workers=workers or os.cpu_count() or 1,
        oracle=oracle,
    )
    folder = out or Path("out") / f"audit-{_plain(source)}"
    if policy is not None:
        _refuse("--policy", propose=propose, against=against, oracle=oracle, sweeps=sweeps)
        _policy(policy, request, folder, task, classes, as_json)
    elif made.is_made(source):
        _refuse("a data set that was made", propose=propose, against=against, task=task, sweeps=sweeps)
        _made(request, folder, as_json)
    else:
        _labels(request, folder, propose, task, against, classes, as_json)


def _labels(
    request: Request,
    folder: Path,
    propose: Path | None,
    task: str,
    against: str,
    classes: list[str] | None,
    as_json: bool,
) -> None:
    """Measure what labels survive, hold it against a task, and write and print what was found."""
    from augkit import audit as auditing
    from augkit import sources, tasks
    from augkit.audit import against as comparing
    from augkit.audit import limits, telling
    from augkit.sources.records import class_names

    if against and task:
        raise UsageError(
            "got --task and --against", fix="--against looks at all strengths, --task at its limits"
        )
    held = tasks.load(against or task) if against or task else None
    data = sources.load(request.source, classes=classes or (), say=plain.say)
    plain.say(sources.found(data))
    if held:
        held.fit(class_names(data))
    if held and task:
        request = dataclasses.replace(request, at=limits.strengths(held))
    found = auditing.audit(data, request, folder)
    disagreed = comparing.disagreements(found, held) if held else ()
    written = _written(found, folder, propose)
    if as_json:
        against_it = {"task": held.name, "found": [one.canonical() for one in disagreed]} if held else None
        plain.show(found.canonical() | ({"against": against_it} if held else {}))
    else:
        plain.words(telling.text(found))
        if held:
            plain.words(f"\n{comparing.text(disagreed, held)}")
    plain.say(f"wrote {written}")
    if found.alarms or any(one.grave for one in disagreed):
        raise SystemExit(1)


def _written(found: Audit, folder: Path, propose: Path | None) -> str:
    """Write the heat map and the proposed task of an audit; return what is there now."""
    from augkit.audit import heat, proposal

    files.write(heat.drawn(found), folder / "heat.png", "picture")
    files.write((heat.page(found) + "\n").encode(), folder / "heat.html", "page")
    if propose is None:
        return f"{folder}/result.json, heat.png, heat.html"
    files.write(proposal.proposed(found, propose.stem).encode(), propose, "task", option="--propose")
    return f"{folder}/result.json, heat.png, heat.html; {propose}"


def _policy(
    path: Path, request: Request, folder: Path, task: str, classes: list[str] | None, as_json: bool
) -> None:
    """Measure a policy as a whole, and print it."""
    from augkit import policy as policies
    from augkit import sources
    from augkit.audit import effect

    chosen = policies.load(path)
    guarding = task or chosen.on_unsafe != "refuse"
    found = effect.measured(
        sources.load(request.source, classes=classes or (), say=plain.say),
        chosen,
        judging.task_of(chosen, path, task=task) if guarding else None,
        folder,
        source=request.source,
        most=request.pictures,
        folds=request.folds,
        seed=request.seed,
        workers=request.workers,
    )
    _tell(found, folder / effect.FILE, as_json)


def _made(request: Request, folder: Path, as_json: bool) -> None:
    """Audit a data set that augkit made, and print what was found."""
    from augkit.audit import disputes, made

    found = made.audit(
        request.source,
        folder,
        folds=request.folds,
        seed=request.seed,
        workers=request.workers,
        oracle=request.oracle,
    )
    _tell(found, folder / disputes.FILE, as_json)


def _tell(found: Effect | Made, written: Path, as_json: bool) -> None:
    """Print what was found and where it was written; exit 1 where it is not well."""
    plain.tell(found, as_json=as_json)
    plain.say(f"wrote {written}")
    if not found.ok:
        raise SystemExit(1)


def _refuse(beside: str, **options: object) -> None:
    """Refuse options that say nothing beside another."""
    for name, given in options.items():
        if given:
            raise UsageError(f"got --{name} and {beside}", fix=f"leave out --{name}")


def _plain(source: str) -> str:
    return (
        "".join(letter if letter.isalnum() or letter in "-_" else "-" for letter in source).strip("-")
        or "data"
    )

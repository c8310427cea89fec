"""The command that measures what labels survive: audit."""

from __future__ import annotations

import functools
import json
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from augkit.cli.data import Classes, Seed


def add_to(app: typer.Typer) -> None:
    """Add this command to the app."""
    app.command()(audit)


def audit(
    source: Annotated[
        str,
        typer.Argument(help="A folder of class folders, a source (augkit build --list), or a made data set."),
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            help="Where result.json, heat.png and what is done so far go; out/audit-SOURCE if left out."
        ),
    ] = None,
    propose: Annotated[Path | None, typer.Option(help="Write a task file of what was measured.")] = None,
    against: Annotated[str, typer.Option(help="List where this task and what was measured disagree.")] = "",
    oracle: Annotated[
        str, typer.Option(help="A Keras network (.keras) that reads in place of the clean reference network.")
    ] = "",
    sweeps: Annotated[
        str, typer.Option(help="Only these changes, such as turn,mirrored; all if left out.")
    ] = "",
    pictures: Annotated[int, typer.Option(min=1, help="About so many pictures of each class.")] = 500,
    folds: Annotated[
        int, typer.Option(min=2, help="Parts; each is read by networks trained on the others.")
    ] = 3,
    kept: Annotated[float, typer.Option(help="What share must still be read for a class to be kept.")] = 0.8,
    workers: Annotated[
        int, typer.Option(min=0, help="Processes, one for each fold at most; 0: as many as there are cores.")
    ] = 0,
    seed: Seed = 0,
    classes: Classes = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
) -> None:
    """Measure what labels survive: how far each class can be turned, mirrored, covered … and still be read.

    Two networks read the changed pictures: one that has seen no change, and one that was taught all of them.
    Only both together tell what becomes another class (a 6 upside down) from what is merely strange to a
    network (a 7 upside down). It takes minutes; interrupted, the same command carries on.

    Exit 0; 1 where a task that was named lets wrong labels through, or labels of the data are in dispute.

    Example: augkit audit mnist-sample --propose out/measured.yaml --against digits
    """
    from augkit import audit as auditing
    from augkit import sources, tasks
    from augkit.audit import against as comparing
    from augkit.audit import heat, proposal, telling

    say = functools.partial(print, file=sys.stderr)
    request = auditing.Request(
        source=source,
        sweeps=tuple(name.strip() for name in sweeps.split(",") if name.strip()),
        pictures=pictures,
        folds=folds,
        seed=seed,
        kept=kept,
        workers=workers or os.cpu_count() or 1,
        oracle=oracle,
    )
    task = tasks.load(against) if against else None
    data = sources.load(source, classes=classes or (), say=say)
    say(sources.found(data))
    folder = out or Path("out") / f"audit-{_plain(source)}"
    found = auditing.audit(data, request, folder)
    (folder / "heat.png").write_bytes(heat.drawn(found))
    (folder / "heat.html").write_text(heat.page(found) + "\n", encoding="utf-8")
    if propose is not None:
        propose.parent.mkdir(parents=True, exist_ok=True)
        propose.write_text(proposal.proposed(found, propose.stem), encoding="utf-8")
    disagreed = comparing.disagreements(found, task) if task else ()
    if as_json:
        plain = found.canonical()
        if task:
            plain["against"] = {"task": task.name, "found": [one.canonical() for one in disagreed]}
        print(json.dumps(plain, ensure_ascii=False))
    else:
        print(telling.text(found))
        if task:
            print("", comparing.text(disagreed, task), sep="\n")
    say(f"wrote {folder}/result.json, heat.png, heat.html" + (f"; {propose}" if propose else ""))
    if found.alarms or any(one.grave for one in disagreed):
        raise SystemExit(1)


def _plain(source: str) -> str:
    return (
        "".join(letter if letter.isalnum() or letter in "-_" else "-" for letter in source).strip("-")
        or "data"
    )

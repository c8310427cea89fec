"""Commands about policies, tasks, rules and ops: check, fix, explain, tasks, ops, schema."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from augkit.cli import advice, judging, pictures, plain
from augkit.cli.judging import Against
from augkit.cli.plain import Json
from augkit.errors import AugkitError, PolicyError, TaskError, UsageError, did_you_mean

if TYPE_CHECKING:
    from augkit.fix import Fixed
    from augkit.safety import Verdict


class Format(StrEnum):
    """How a verdict is written."""

    text = "text"
    json = "json"
    github = "github"


class Kind(StrEnum):
    """What a schema is of."""

    policy = "policy"
    task = "task"


def add_to(app: typer.Typer) -> None:
    """Add these commands to the app."""
    app.command()(check)
    app.command()(fix)
    app.command()(explain)
    app.command("tasks")(list_tasks)
    app.command("ops")(list_ops)
    app.command("schema")(print_schema)


def check(
    policy: Annotated[
        list[Path],
        typer.Argument(
            metavar="POLICY",
            help="Policy files; or pipelines that albumentations saved, or module:name of one.",
        ),
    ],
    task: Against = "",
    data: Annotated[
        str, typer.Option(metavar="SOURCE", help="Judge for this data set's classes and picture sizes.")
    ] = "",
    show_reach: Annotated[
        bool, typer.Option("--show-reach", help="Say on each axis what the whole policy can do.")
    ] = False,
    side: Annotated[
        int,
        typer.Option(
            min=0, metavar="PIXELS", help="Pixels across a foreign pipeline's pictures, the shorter side."
        ),
    ] = 0,
    form: Annotated[Format, typer.Option("--format", help="How to write the verdict.")] = Format.text,
    as_json: Json = False,
) -> None:
    """Judge whether policies keep the labels of their task.

    Exit 0 if all are safe, 1 if one is not, 2 if a file is no policy; the others are judged all the same.

    Example: augkit check recipes/policies/digits.yaml
    """
    from augkit.cli import pages

    judged = [(str(path), _judged(path, task, data, side)) for path in policy]
    if as_json or form is Format.json:
        told = [pages.plain_outcome(outcome, path) for path, outcome in judged]
        plain.show(told if len(told) > 1 else told[0])
    elif form is Format.github:
        for path, outcome in judged:
            for line in pages.github(outcome, path):
                plain.words(line)
    gap, following = "", []
    for path, outcome in judged:
        if isinstance(outcome, AugkitError):
            plain.say(str(outcome))
        elif form is Format.text and not as_json:
            plain.words(f"{gap}{pages.verdict(outcome, show_reach=show_reach)}")
            following.append(advice.after_check(outcome, path, task=task, data=data))
            gap = "\n"
    for line in following:
        plain.say(line)
    code = max(_code(outcome) for _, outcome in judged)
    if code:
        raise SystemExit(code)


def _judged(path: Path, task: str, data: str, side: int) -> Verdict | AugkitError:
    """Return the verdict on one file, or what is wrong with the file."""
    try:
        return judging.judge(path, task=task, source=data, side=side)
    except (PolicyError, TaskError, UsageError) as error:
        return error


def _code(outcome: Verdict | AugkitError) -> int:
    if isinstance(outcome, AugkitError):
        return outcome.exit_code
    return 0 if outcome.safe else 1


def fix(
    policy: Annotated[Path, typer.Argument(metavar="POLICY", help="A policy file.")],
    write: Annotated[
        bool, typer.Option("--write", help="Save the file; else its change is shown only.")
    ] = False,
    task: Annotated[
        str, typer.Option(metavar="TASK", help="Fix it for this task, not the policy's own.")
    ] = "",
    data: Annotated[
        str, typer.Option(metavar="SOURCE", help="Fix it for this data set's classes and picture sizes.")
    ] = "",
    as_json: Json = False,
) -> None:
    """Narrow or remove the steps that make a policy unsafe.

    The change is shown as a diff, and saved with --write.  Exit 1 if something is left for you to mend.

    Example: augkit fix recipes/policies/digits-unsafe.yaml
    """
    from augkit.fix import save

    fixed = judging.mend(policy, task=task, source=data)
    saves = bool(fixed.done) and write
    if as_json:
        plain.show(fixed.canonical() | {"saved": saves})
    else:
        _mended(fixed, policy)
    if saves:
        save(policy, fixed.after)
        plain.say(f"saved {policy}")
    elif fixed.done:
        more = [*(["--task", task] if task else []), *(["--data", data] if data else [])]
        plain.say(f"next: {advice.command('fix', policy, *more, '--write')} saves it")
    if not fixed.verdict.safe:
        raise SystemExit(1)


def _mended(fixed: Fixed, policy: Path) -> None:
    """Print the diff, and tell a person what was done and what is left."""
    print(fixed.diff(), end="")
    for done in fixed.done:
        plain.say(done)
    if not fixed.verdict.safe:
        plain.say(f"\nleft to you:\n\n{fixed.verdict.text()}")
    elif not fixed.done:
        plain.say(f"{policy}: safe for the task {fixed.verdict.task.name}, nothing to fix")


def explain(
    code: Annotated[
        str, typer.Argument(metavar="RULE", help="A rule, such as LS102; all rules if left out.")
    ] = "",
    as_json: Json = False,
) -> None:
    """Say what a rule is for, or list all rules.

    Each has an example that breaks it, and one that does not.

    Example: augkit explain LS102
    """
    from augkit import safety
    from augkit.cli import pages

    if not code:
        if as_json:
            plain.show([pages.plain_rule(each) for each in sorted(safety.RULES)])
        else:
            print(pages.rules())
        return
    names = {rule.NAME: name for name, rule in safety.RULES.items()}
    wanted = names.get(code.lower(), code.upper())
    if wanted not in safety.RULES:
        known = [*safety.RULES, *names]
        raise UsageError(
            f"no rule {code!r}; the rules are {', '.join(safety.RULES)}", fix=did_you_mean(code, known)
        )
    if as_json:
        plain.show(pages.plain_rule(wanted))
    else:
        print(pages.rule(wanted))


def list_tasks(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A task; all tasks if left out.")] = "",
    as_json: Json = False,
) -> None:
    """List the tasks, or show what the labels of one survive.

    Example: augkit tasks digits
    """
    from augkit import tasks
    from augkit.cli import pages

    if as_json:
        shown = [tasks.load(one).canonical() for one in ([name] if name else tasks.names())]
        plain.show(shown[0] if name else shown)
        return
    plain.words(pages.task(tasks.load(name)) if name else pages.tasks_list())


def list_ops(
    name: Annotated[str, typer.Argument(metavar="NAME", help="An op; all ops if left out.")] = "",
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Draw what the op does, from nothing to far: the file to write, .png or .html.",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """List the ops of policies, or show one and its settings.

    With --out it is drawn, from nothing to far.

    Example: augkit ops rotate --out rotate.png
    """
    from augkit.cli import pages

    if out is not None and not name:
        raise UsageError("of which op is the picture to be?", fix="augkit ops rotate --out rotate.png")
    if as_json:
        shown = pages.plain_ops(name)
        plain.show(shown[0] if name else shown)
    else:
        print(pages.op(name) if name else pages.ops_list())
    if out is not None:
        from augkit.show.strip import strip

        pictures.save(strip(name), out)
        tell = plain.say if as_json else plain.words
        tell(f"wrote {out}")


def print_schema(
    kind: Annotated[Kind, typer.Argument(metavar="KIND", help="What files the schema is for.")] = Kind.policy,
) -> None:
    """Print the JSON Schema of policies or tasks, for editors.

    Its words are those of draft 7.  An editor takes it by a comment in the first line of the file:

    \b
      # yaml-language-server: $schema=policy.schema.json

    Example: augkit schema policy > policy.schema.json
    """
    from augkit import schema

    plain.show(getattr(schema, kind)())

"""Commands that show pictures: preview, report."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from augkit.cli import advice, files, judging, plain
from augkit.cli.judging import Against
from augkit.cli.options import Seed
from augkit.errors import UsageError

if TYPE_CHECKING:
    from augkit.show.gallery import Gallery

_PAGES = (".html", ".htm")

Policy = Annotated[
    str,
    typer.Argument(
        metavar="POLICY", help="The policy file; it need not be safe. With --op, a source, if any."
    ),
]
Source = Annotated[
    str, typer.Argument(metavar="SOURCE", help="A source such as mnist-sample, or a folder of class folders.")
]
Out = Annotated[
    Path,
    typer.Option(
        metavar="FILE", help="The file to write: a picture (.png), or a page that holds them (.html)."
    ),
]
Rows = Annotated[int, typer.Option(min=1, max=100, metavar="NUMBER", help="How many source pictures.")]
Copies = Annotated[int, typer.Option(min=1, max=20, metavar="NUMBER", help="How many copies of each.")]
Witness = Annotated[bool, typer.Option("--witness", help="Show instead what makes the policy unsafe.")]
OneOp = Annotated[str, typer.Option(metavar="OP", help="Show instead what one op does, from nothing to far.")]
Sweep = Annotated[
    list[str] | None,
    typer.Option(
        metavar="SETTING",
        help="With --op: a setting to sweep, or one between two values: degrees=-30,30.",
    ),
]


def add_to(app: typer.Typer) -> None:
    """Add these commands to the app."""
    app.command()(preview)
    app.command()(report)


def preview(
    policy: Policy = "",
    source: Source = "",
    out: Out = Path("preview.png"),
    rows: Rows = 6,
    copies: Copies = 6,
    witness: Witness = False,
    op: OneOp = "",
    sweep: Sweep = None,
    task: Against = "",
    seed: Seed = 0,
) -> None:
    """Show what a policy makes of your pictures.

    The original first, then its copies, each with what was drawn and what it is worth.  With --witness, what
    makes the policy unsafe; with --op, what one op does, over a range of a setting.

    \b
    Example: augkit preview recipes/policies/digits.yaml mnist-sample --out preview.png
    """
    import augkit.show.preview as galleries
    from augkit import sources

    writable(out)
    if op or sweep:
        _alone(op, source, witness)
        save(_swept(op, sweep or [], policy, min(rows, 3), seed), out)
        plain.words(f"wrote {out}")
        return
    if not policy or not source:
        problem = "a policy file and a source are needed"
        raise UsageError(problem, fix="augkit preview recipes/policies/digits.yaml mnist-sample")
    data = sources.load(source)
    verdict = judging.judge_for(Path(policy), data, task=task)
    if witness:
        save(galleries.witnesses(verdict, data), out)
    else:
        save(galleries.copies(verdict, data, rows, copies, seed), out)
    plain.words(f"{verdict.summary()}\nwrote {out}")
    plain.say(advice.after_preview(verdict, policy, source, task=task))


def report(
    out: Annotated[
        str, typer.Argument(metavar="OUT", help="A data set that augkit made, in a folder or at a URL.")
    ],
    to: Annotated[Path, typer.Option("--out", metavar="FILE", help="The page to write.")] = Path(
        "report.html"
    ),
    run: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FOLDER", help="The folder of a training run, to show how it learned; may be given again."
        ),
    ] = None,
    audit: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE", help="The result of an audit, to show its heat map; may be given again."
        ),
    ] = None,
) -> None:
    """Write a page about a data set that augkit made.

    One HTML file, to be opened from anywhere: the verdict, pictures, classes, drawn values, what was left
    out; and, if they are given, how a network learned and what an audit measured.

    Example: augkit report out/digits --out report.html
    """
    from augkit.report import report as written

    if to.suffix.lower() not in _PAGES and not to.is_dir():
        fix = f"--out {to.with_suffix('.html')}"
        raise UsageError(f"got --out {to}, want a name that ends in .html", fix=fix)
    files.write(written(out, trained=run or (), audited=audit or ()).encode(), to, "page")
    plain.words(f"wrote {to}")
    plain.say(advice.after_report(str(out), str(to)))


def _alone(op: str, source: str, witness: bool) -> None:
    """Refuse a sweep of no op, and an op beside a policy.

    Raises:
        UsageError: one of the two is asked for.
    """
    fix = "augkit preview --op rotate --sweep degrees mnist-sample"
    if not op:
        raise UsageError("--sweep needs --op", fix=fix)
    if source or witness:
        raise UsageError("--op shows an op, and takes no policy and no --witness", fix=fix)


def _swept(op: str, sweep: list[str], source: str, rows: int, seed: int) -> Gallery:
    """Return the strip of an op, over settings such as "degrees" or "degrees=-30,30", on a source if any."""
    from augkit import sources
    from augkit.show.preview import originals
    from augkit.show.strip import strip

    named = [_between(text) for text in sweep]
    ends = {setting: between for setting, between in named if between}
    pictures = originals(sources.load(source), rows, seed) if source else ()
    return strip(op, settings=[setting for setting, _ in named], pictures=pictures, ends=ends)


def _between(text: str) -> tuple[str, tuple[float, float] | None]:
    """Return a setting to sweep, and the two values that it is swept between, if they are given."""
    setting, equals, between = text.partition("=")
    if not equals:
        return setting, None
    try:
        low, high = (float(end) for end in between.split(","))
    except ValueError:
        fix = f"--sweep {setting}, or --sweep {setting}=-30,30"
        raise UsageError(f"got --sweep {text}, want two numbers after '='", fix=fix) from None
    return setting, (low, high)


def writable(out: Path) -> None:
    """Refuse a name that says no kind of file that pictures are saved as, before any work is done.

    Raises:
        UsageError: it ends in neither .png nor .html.
    """
    if out.suffix.lower() not in (".png", *_PAGES) and not out.is_dir():
        raise UsageError(
            f"got --out {out}, want a name that ends in .png or .html",
            fix=f"--out {out.with_suffix('.png')}, or {out.with_suffix('.html')} for a page",
        )


def save(gallery: Gallery, out: Path) -> None:
    """Write a gallery, as a PNG file or an HTML page by the name's ending, and the folders it stands in.

    Raises:
        UsageError: the name ends otherwise.
        StoreError: it cannot be written.
    """
    from augkit import codec

    writable(out)
    page = out.suffix.lower() in _PAGES
    data = gallery.html().encode() if page else codec.encode(gallery.picture(), "png")
    files.write(data, out, "page" if page else "picture")

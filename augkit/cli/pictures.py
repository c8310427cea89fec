"""Commands that show pictures: preview, report."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
import typer
from numpy.typing import NDArray

from augkit.cli import advice, judging
from augkit.errors import StoreError, UsageError

if TYPE_CHECKING:
    from augkit.show.gallery import Gallery

_PAGES = (".html", ".htm")


def add_to(app: typer.Typer) -> None:
    """Add these commands to the app."""
    app.command()(preview)
    app.command()(report)


def preview(
    policy: Annotated[
        str,
        typer.Argument(
            metavar="POLICY", help="The policy file; it need not be safe. With --op, a source, if any."
        ),
    ] = "",
    source: Annotated[
        str,
        typer.Argument(metavar="SOURCE", help="A source such as mnist-sample, or a folder of class folders."),
    ] = "",
    out: Annotated[
        Path,
        typer.Option(
            metavar="FILE", help="The file to write: a picture (.png), or a page that holds them (.html)."
        ),
    ] = Path("preview.png"),
    rows: Annotated[
        int, typer.Option(min=1, max=100, metavar="NUMBER", help="How many source pictures.")
    ] = 6,
    copies: Annotated[
        int, typer.Option(min=1, max=20, metavar="NUMBER", help="How many copies of each.")
    ] = 6,
    witness: Annotated[
        bool, typer.Option("--witness", help="Show instead what makes the policy unsafe.")
    ] = False,
    op: Annotated[
        str, typer.Option(metavar="OP", help="Show instead what one op does, from nothing to far.")
    ] = "",
    sweep: Annotated[
        list[str] | None,
        typer.Option(
            metavar="SETTING",
            help="With --op: a setting to sweep, or one between two values: degrees=-30,30.",
        ),
    ] = None,
    task: Annotated[
        str, typer.Option(metavar="TASK", help="Judge against this task, not the policy's own.")
    ] = "",
    seed: Annotated[int, typer.Option(min=0, metavar="NUMBER", help="Seed of every random decision.")] = 0,
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
    after = ""
    if op or sweep:
        if not op or source or witness:
            problem = (
                "--sweep needs --op" if not op else "--op shows an op, and takes no policy and no --witness"
            )
            raise UsageError(problem, fix="augkit preview --op rotate --sweep degrees mnist-sample")
        pictures = galleries.originals(sources.load(policy), min(rows, 3), seed) if policy else ()
        save(_swept(op, sweep or [], pictures), out)
    else:
        if not policy or not source:
            problem = "a policy file and a source are needed"
            raise UsageError(problem, fix="augkit preview recipes/policies/digits.yaml mnist-sample")
        data = sources.load(source)
        verdict = judging.judge_for(Path(policy), data, task=task)
        shown = galleries.copies(verdict, data, rows, copies, seed) if not witness else None
        save(shown or galleries.witnesses(verdict, data), out)
        print(verdict.summary())
        after = advice.after_preview(verdict, policy, source, task=task)
    print(f"wrote {out}")
    if after:
        print(after, file=sys.stderr)


def report(
    out: Annotated[Path, typer.Argument(metavar="OUT", help="A data set that augkit made.")],
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
    write(written(out, trained=run or (), audited=audit or ()).encode(), to, "page")
    print(f"wrote {to}")
    print(advice.after_report(str(out), str(to)), file=sys.stderr)


def _swept(op: str, sweep: list[str], pictures: Sequence[tuple[str, NDArray[np.uint8]]]) -> Gallery:
    """Return the strip of an op over some of its settings: "degrees", or "degrees=-30,30"."""
    from augkit.show.strip import strip

    ends: dict[str, tuple[float, float]] = {}
    for text in sweep:
        setting, equals, between = text.partition("=")
        if equals:
            try:
                low, high = (float(end) for end in between.split(","))
            except ValueError:
                fix = f"--sweep {setting}, or --sweep {setting}=-30,30"
                raise UsageError(f"got --sweep {text}, want two numbers after '='", fix=fix) from None
            ends[setting] = (low, high)
    return strip(op, settings=[text.partition("=")[0] for text in sweep], pictures=pictures, ends=ends)


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
    write(data, out, "page" if page else "picture")


def write(data: bytes, out: Path, what: str) -> None:
    """Write a file, and the folders it stands in; `what` names it where that fails.

    Raises:
        StoreError: it cannot be written.
    """
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_bytes(data)
    except OSError as error:
        problem = f"the {what} cannot be written ({error.strerror})"
        raise StoreError(problem, where=str(out), fix="choose another name with --out") from error

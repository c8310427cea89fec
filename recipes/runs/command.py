"""The command line that every recipe has: python -m recipes.NAME --out DIR --set a.b=c."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from augkit import document
from augkit.errors import AugkitError, UsageError
from recipes import workers
from recipes.runs import settings
from recipes.runs.folder import MEASURED, SETTINGS, has_begun, replace

T = TypeVar("T")
RECIPES = Path(__file__).parents[1]


def main(
    name: str,
    about: str | None,
    kind: type[T],
    act: Callable[[T, Path], str],
    arguments: Sequence[str] | None = None,
) -> int:
    """Parse, settle the settings, call `act(settings, out)`, print what it returns; return the exit code.

    The settings are those of `recipes/NAME.yaml` or of `--settings FILE`, with what `--set` changes; they are
    saved as OUT/settings.yaml, which `--settings` takes. `about` is the recipe's docstring.
    """
    options = _parser(name, about).parse_args(arguments)

    def asked() -> str:
        held = settings.load(kind, options.settings, options.set)
        if options.show:
            return settings.text(held).rstrip("\n")
        if workers.rank() == 0:  # of the processes that train together one writes
            claim(options.out, held, f"python -m recipes.{name} --settings {SETTINGS} --out ANOTHER")
        return act(held, options.out)

    return ended(asked, options.out, "the same command goes on from the last whole epoch")


def ended(act: Callable[[], str], out: Path, again: str) -> int:
    """Print what `act` returns, or what stopped it, without a traceback; return the exit code.

    `out` is named where an error of the disk names no file; `again` says what to do after Ctrl-C.
    """
    try:
        said = act()
        if said:
            print(said)
    except AugkitError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    except OSError as error:
        print(f"{error.filename or out}: {error.strerror or error}", file=sys.stderr)
        return 3
    except KeyboardInterrupt:
        print(f"interrupted; {again}", file=sys.stderr)
        return 130
    return 0


def claim(out: Path, held: Any, about: str = "") -> None:
    """Make a folder that of these settings, or see that it is already.

    Settings that decide nothing may be others. Where no run has begun the folder takes any, and loses what
    was measured for those before.

    Raises UsageError for a run of other settings, or for something else.
    """
    mine = out / SETTINGS
    if mine.exists():
        read = document.read(mine, UsageError).plain()
        was, now = read if isinstance(read, dict) else {}, settings.plain(held)
        differ = settings.differences(settings.decisive(held, was), settings.decisive(held))
        if not differ:
            return
        if has_begun(out):
            raise UsageError(
                f"the folder holds another run: {'; '.join(differ)}",
                where=str(out),
                fix="name another folder: --out DIR",
            )
        for name, follows in MEASURED.items():
            if any(was.get(key) != now.get(key) for key in follows):
                (out / name).unlink(missing_ok=True)
    elif out.exists() and (not out.is_dir() or any(path.suffix != ".tmp" for path in out.iterdir())):
        raise UsageError(
            "something is there already that is no run", where=str(out), fix="name another folder: --out DIR"
        )
    out.mkdir(parents=True, exist_ok=True)
    replace(mine, lambda file: file.write(settings.text(held, about).encode()))


def _parser(name: str, about: str | None) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=f"python -m recipes.{name}",
        description=about,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--settings",
        type=Path,
        default=RECIPES / f"{name}.yaml",
        metavar="FILE",
        help=f"default recipes/{name}.yaml; settings.yaml of another run makes it again",
    )
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="A.B=VALUE",
        help="change one setting; may be given again",
    )
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("out") / name,
        metavar="DIR",
        help=f"where the run goes, or goes on; default out/{name}",
    )
    parser.add_argument("--show", action="store_true", help="print the settings, and do nothing")
    return parser

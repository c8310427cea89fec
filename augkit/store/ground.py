"""The ground a data set is made on: still the folder that the run began in, and no link leads out of it.

A run that began in a folder must not end in another, because somebody turned a link meanwhile: it would mix
two data sets, or write among files that are nobody's business.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable
from pathlib import Path

from augkit.errors import StoreError
from augkit.store import disk


def token() -> str:
    """Return a name that no other run's token has."""
    return f"here-{secrets.token_hex(8)}"


def holds(tmp: str, token: str) -> bool:
    """Tell whether a run's token still lies where the run put it."""
    return not token or os.path.lexists(f"{tmp}/{token}")


def must_hold(out: str, tmp: str, token: str, folders: Iterable[str] = ()) -> None:
    """Refuse to move files into place where the run's token is gone, or a folder has become a link.

    (A token, and not the number of the folder's inode: several machines see one folder by different numbers,
    and some file systems give it another every day.)

    Args:
        out:     the output folder; it may itself be a link, as long as it leads to the same place.
        tmp:     the run's own folder in it, in which the token lies.
        token:   its name; without one nothing is asked.
        folders: those that files are moved into, relative to `out`.

    Raises:
        StoreError: it is another place than the run began in, or one of the folders is a link.
    """
    if not holds(tmp, token):
        problem = "it is another folder now than when the run began: it was moved, or a link was turned"
        raise StoreError(problem, where=out, fix="put it back, and run the same command again: it carries on")
    must_be_folders(Path(out), folders)


def must_be_folders(out: Path, folders: Iterable[str]) -> None:
    """Refuse links on the way to the folders of an output, which would lead the pictures elsewhere."""
    seen: set[str] = set()
    for folder in (disk.RUN, *folders):
        parts = folder.split("/")
        for path in ("/".join(parts[:depth]) for depth in range(1, len(parts) + 1)):
            if path not in seen and os.path.islink(f"{out}/{path}"):  # noqa: PTH114 - hot
                fix = "put a folder in its place, and run the same command again"
                raise StoreError(f"{path} is a link, want a folder", where=str(out), fix=fix)
            seen.add(path)

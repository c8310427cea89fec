"""Whose a folder is: who may write in it now, what it holds, and what augkit may delete."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from augkit.errors import StoreError
from augkit.sources import urls
from augkit.sources.folder import SPLITS
from augkit.store import checking, disk, ground, manifest
from augkit.store.formats import FORMATS
from augkit.store.identity import differences
from augkit.store.part import Part, noted

OURS = (
    "README.md",
    "contact-sheet.png",
    "croissant.json",
    disk.MARKER,
    disk.PRIVATE,
)  # beside the folders of pictures
PRIVATE = (
    "leaks.json",
    "manifest.parquet",
    "plan.json",
    "policy.resolved.yaml",
    "quarantine.json",
    "task.yaml",
)
_LOCK = f"{disk.RUN}/lock"
_BEGINNING = 120  # seconds; longer than many parts take to begin, one after another


@contextlib.contextmanager
def locked(out: Path, part: Part | None = None) -> Iterator[Callable[[], None]]:
    """Hold the output's lock; refuse a folder that is not augkit's before anything is written to it.

    The lock is the system's own: it ends with the process that holds it, however that ends.  Whoever makes a
    part holds the output's lock while it begins, and from then on, once it calls what this yields, the lock
    of its part alone: other parts are made beside it, and the whole is not.
    """
    if out.exists() and not out.is_dir():
        raise StoreError("it is a file, not a folder", where=str(out), fix="choose another name")
    if out.is_dir() and not (out / disk.PRIVATE).is_dir() and any(out.iterdir()):
        problem = "it is not empty, and augkit did not make it"
        raise StoreError(problem, where=str(out), fix="choose a new folder")
    ground.must_be_folders(out, ())
    (out / disk.RUN).mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as whole, contextlib.ExitStack() as own:
        whole.enter_context(_held(out, _LOCK, "another augkit is writing here", _BEGINNING if part else 0))
        if part is not None:
            own.enter_context(_held(out, part.lock, f"another augkit is making part {part} here"))
        else:
            for each in noted(out):
                with _held(out, each.lock, f"another augkit is making part {each} here"):
                    pass
        yield whole.close if part is not None else lambda: None


@contextlib.contextmanager
def _held(out: Path, name: str, problem: str, patience: float = 0) -> Iterator[None]:
    """Hold one lock, or raise StoreError when another process still holds it after so many seconds."""
    from filelock import FileLock, Timeout

    lock = FileLock(out / name)
    try:
        lock.acquire(timeout=patience)
    except Timeout:
        fix = "wait for it to end, or choose another folder"
        raise StoreError(problem, where=str(out), fix=fix) from None
    except NotImplementedError:
        fix = "write to another disk, and copy what is made"
        raise StoreError("this file system has no locks", where=str(out), fix=fix) from None
    try:
        yield
    finally:
        lock.release()


def there(out: Path) -> dict[str, Any] | None:
    """Return the identity of what an earlier run began here, or None where nothing was.

    Raises:
        StoreError: it cannot be read.
    """
    try:
        found = json.loads((out / disk.PLAN).read_text("utf-8"))
    except FileNotFoundError:
        return None
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise StoreError(f"{disk.PLAN} is damaged", where=str(out), fix="make it anew with --overwrite")
    return found


def same(out: Path, found: dict[str, Any], wanted: dict[str, Any]) -> None:
    """Refuse to go on with what another plan or source began; StoreError names what differs."""
    told = differences(found, wanted, finished=checking.marker(out) is not None)
    if told:
        more = f" (and {len(told) - 3} more)" if len(told) > 3 else ""
        raise StoreError(
            f"it holds another data set: {'; '.join(told[:3])}{more}",
            where=str(out),
            fix="choose another folder, or make it anew with --overwrite",
        )


def apart(out: Path, folders: Iterable[str], roots: Iterable[str]) -> None:
    """Refuse an output that holds its own source, or lies in it or in another output: each would harm one.

    Args:
        out:     the output.
        folders: the folders that source files lie in.
        roots:   the folders of classes; what holds one that is called like a split belongs to the source.

    Raises:
        StoreError: `out` is not apart.
    """
    inside = out.resolve()
    folders, roots = ([each for each in given if not urls.is_url(each)] for given in (folders, roots))
    fix = "choose a folder beside it"
    for folder in sorted({Path(folder).resolve() for folder in folders}):
        if folder.is_relative_to(inside):
            problem = f"it holds pictures of the source, in {folder}"
            raise StoreError(problem, where=str(out), fix="choose another folder")
    for root in sorted({Path(root).resolve() for root in roots}):
        top = root.parent if root.name.lower() in SPLITS else root
        if inside.is_relative_to(top):
            raise StoreError(f"it lies in the source, {top}", where=str(out), fix=fix)
    for parent in inside.parents:
        if (parent / disk.PRIVATE).is_dir():
            raise StoreError(f"it lies in another data set, {parent}", where=str(out), fix=fix)


def emptied(out: Path) -> None:
    """Delete what augkit made in a folder; refuse, before anything is deleted, where it made not all of it.

    What it made is what the manifest names or, in an unfinished output, what is called as it calls pictures.
    """
    made = _pictures(out)
    for path in sorted(disk.files(out)):
        top, depth = path.split("/")[0], path.count("/")
        ours = top in OURS if depth == 0 or top == disk.PRIVATE else False
        if not (ours or (path in made if made is not None else _called_so(path))):
            problem = f"it also holds {path!r}, which augkit did not make"
            raise StoreError(problem, where=str(out), fix="move that away, or choose another folder")
    disk.clear(out)


def _called_so(path: str) -> bool:
    return any(kept.ours(path) for kept in FORMATS.values())


def _pictures(out: Path) -> set[str] | None:
    """Return the files of the pictures of a finished output; None where they are not known."""
    try:
        return {file for file, _ in manifest.files(out)} if checking.marker(out) else None
    except (OSError, ValueError, KeyError):  # Arrow's own errors are among these
        return None

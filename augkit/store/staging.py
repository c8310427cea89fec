"""The folder of this machine in which shards are made that go to a URL; gone when the run is, or by the next.

Shards on their way lie beside it, each in a folder of its own: OUT-shard-7.
"""

from __future__ import annotations

import contextlib
import re
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from augkit.errors import AugkitError, StoreError
from augkit.store import disk
from augkit.store.forecast import Forecast, in_bytes

_PREFIX = "augkit-staging-"
_OWNER = f"{disk.RUN}/owner"  # locked by whoever uses a folder
_FRESH = 60.0  # seconds in which a folder may not be locked yet


@contextlib.contextmanager
def folder() -> Iterator[Path]:
    """Give an empty folder, and take it away again with what workers left beside it; and those of runs that
    were killed.
    """
    from filelock import FileLock, Timeout

    aside = Path(tempfile.gettempdir())
    for old in aside.glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError, Timeout):
            if time.time() - old.stat().st_mtime > _FRESH and (old / _OWNER).exists():
                with FileLock(old / _OWNER, timeout=0):
                    _remove(old)
    root = Path(tempfile.mkdtemp(prefix=_PREFIX))
    (root / disk.RUN).mkdir(parents=True)
    try:
        with FileLock(root / _OWNER):
            yield root
    finally:
        _remove(root)


def of_shard(root: str, number: int) -> Path:
    """Return where a shard is made."""
    return Path(f"{root}-shard-{number}")


def must_fit(expected: Forecast, root: Path, shards: int) -> None:
    """Raise StoreError where there is no room for the shards that are under way at once, of so many."""
    if expected.size is None or not shards:
        return
    needed = expected.size / shards * min(expected.workers, shards)
    free = shutil.disk_usage(root).free
    if needed > free:
        raise StoreError(
            f"too little room for the shards on their way: about {in_bytes(needed)} are needed, "
            f"{in_bytes(free)} are free",
            where=str(root.parent),
            fix="set TMPDIR to a folder of a larger disk, or take fewer --workers",
        )


@contextlib.contextmanager
def called(root: Path, url: str) -> Iterator[None]:
    """Let errors name the URL, and not the folder that stands for it."""
    try:
        yield
    except AugkitError as error:
        inside = re.compile(rf"{re.escape(str(root))}(?![^/\s:])")
        error.where, error.problem = (inside.sub(url, text) for text in (error.where, error.problem))
        raise
    except OSError as error:
        raise disk.explained(error, root) from error


def _remove(root: Path) -> None:
    for each in (*root.parent.glob(f"{root.name}-shard-*"), root):
        shutil.rmtree(each, ignore_errors=True)

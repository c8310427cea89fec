"""Files: how commands write what they made."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from augkit.errors import StoreError, UsageError


def must_be_free(paths: Iterable[Path], *, overwrite: bool) -> None:
    """Refuse to replace files unasked, and paths that name no file.

    Raises:
        UsageError: one of them is there already, or is a folder.
    """
    for path in paths:
        if path.is_dir() or not path.name:
            fix = "name a file with --out, such as policy.yaml"
            raise UsageError("it is a folder, want a file", where=str(path), fix=fix)
        if path.is_file() and not overwrite:
            fix = "name another with --out, or give --overwrite"
            raise UsageError("it is there already", where=str(path), fix=fix)


def write(data: bytes, out: Path, what: str, *, option: str = "--out") -> None:
    """Write a file, and the folders it stands in; `what` and `option` name it where that fails.

    Raises:
        StoreError: it cannot be written.
    """
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_bytes(data)
    except OSError as error:
        problem = f"the {what} cannot be written ({error.strerror})"
        raise StoreError(problem, where=str(out), fix=f"choose another name with {option}") from error

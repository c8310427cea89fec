"""Files: how commands write what they made."""

from __future__ import annotations

from pathlib import Path

from augkit.errors import StoreError


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

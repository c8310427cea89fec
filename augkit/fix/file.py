"""Saving a policy file: whole or not at all, and still the file it was."""

from __future__ import annotations

import codecs
import os
from pathlib import Path

from augkit.errors import StoreError


def save(path: str | Path, text: str) -> None:
    """Replace the text of a file.

    Line ends are those of `text`; a byte order mark, permissions, and links to the file stay as they are.

    Raises:
        StoreError: it cannot be written; then it is as it was.
    """
    real = Path(path).resolve()
    new = real.with_name(f".{real.name}.{os.getpid()}.new")
    try:
        mark = codecs.BOM_UTF8 if real.read_bytes().startswith(codecs.BOM_UTF8) else b""
        try:
            with new.open("xb") as file:
                file.write(mark + text.encode())
                file.flush()
                os.fsync(file.fileno())
            new.chmod(real.stat().st_mode)
            new.replace(real)
        finally:
            new.unlink(missing_ok=True)
    except OSError as error:
        problem = f"cannot be saved: {error.strerror or error}"
        raise StoreError(problem, where=str(path), fix="redirect the diff to a file and apply it") from None

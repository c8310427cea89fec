"""Replaying: one picture of a finished data set is made once more and compared."""

from __future__ import annotations

import json
from pathlib import Path

from augkit.store import disk

_ORIGIN = f"{disk.RUN}/source.json"  # beside the log: it names places of this machine


def remember(out: Path, origin: str) -> None:
    """Write down what the source was called, for a later `replay`."""
    (out / _ORIGIN).write_text(json.dumps({"source": origin}) + "\n", encoding="utf-8")

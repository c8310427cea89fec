"""A run and what it leaves behind: its settings, its folder, its log, its report, and runs side by side."""

from __future__ import annotations

from recipes.runs.folder import (
    Result,
    Row,
    begin,
    finish,
    keep,
    kept,
    mark,
    read_json,
    replace,
    result,
    write_json,
)

__all__ = [
    "Result",
    "Row",
    "begin",
    "finish",
    "keep",
    "kept",
    "mark",
    "read_json",
    "replace",
    "result",
    "write_json",
]

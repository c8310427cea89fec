"""Checking a data set against its manifest and marker: every later harm is found and named."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from augkit.errors import StoreError
from augkit.store import disk, manifest

_SHOWN = 20


@dataclasses.dataclass(frozen=True)
class Verified:
    """Say whether a data set is what it was when it was finished.

    Attributes:
        out:      the folder.
        pictures: how many pictures the manifest names.
        problems: what is wrong, a sentence each.
    """

    out: Path
    pictures: int
    problems: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Tell whether nothing is wrong."""
        return not self.problems

    def text(self) -> str:
        """Return the result as `augkit verify` prints it."""
        if self.ok:
            return f"{self.out}: whole: {self.pictures:,} pictures as they were written"
        lines = [f"  {problem}" for problem in self.problems[:_SHOWN]]
        if len(self.problems) > _SHOWN:
            lines.append(f"  and {len(self.problems) - _SHOWN:,} more")
        head = f"{self.out}: harmed: {len(self.problems):,} problem{'s' if len(self.problems) > 1 else ''}"
        return "\n".join([head, *lines, "  fix: make it anew with --overwrite"])


def marker(out: Path) -> dict[str, Any] | None:
    """Return what the completion marker says, or None where there is none."""
    try:
        said = json.loads((out / disk.MARKER).read_text("utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError):
        return {}
    return said if isinstance(said, dict) else {}


def tree_hash(out: str | Path) -> str:
    """Return the hex SHA-256 over names and contents of everything but `.augkit/run` and the marker."""
    root = Path(out)
    paths = sorted(path for path in disk.files(root) if path != disk.MARKER)
    return joined((path, disk.sha256(root / path)) for path in paths)


def joined(hashes: Iterable[tuple[str, str]]) -> str:
    """Return the tree hash of files whose paths (sorted) and hashes are known."""
    whole = hashlib.sha256()
    for path, digest in hashes:
        whole.update(f"{path}\0{digest}\n".encode("utf-8", "surrogateescape"))
    return whole.hexdigest()


def marked(pictures: dict[str, str], others: dict[str, str]) -> bytes:
    """Return the completion marker of a data set, as it is written, from the hashes of all its files."""
    tree = joined(sorted((pictures | others).items()))
    said = {"version": 1, "pictures": len(pictures), "tree": tree, "files": others}
    return (json.dumps(said, indent=2, ensure_ascii=False) + "\n").encode("utf-8", "surrogateescape")


def pictures(out: Path) -> dict[str, str]:
    """Return path → SHA-256 of every picture that the manifest names."""
    found: dict[str, str] = {}
    for batch in manifest.batches(out, ["file", "sha256"]):
        found.update(zip(batch["file"], batch["sha256"], strict=True))
    return found


def verify(out: str | Path) -> Verified:
    """Compare every file and folder of a finished data set with what was written.

    Raises:
        StoreError: there is no data set, it was never finished, or it cannot be read.
    """
    root = Path(out)
    try:
        said = marker(root)
        if said is None:
            raise _absent(root)
        return _verified(root, said.get("files"))
    except OSError as error:
        where = str(error.filename or root)
        raise StoreError(f"cannot be read ({error.strerror or error})", where=where) from error


def _absent(root: Path) -> StoreError:
    if (root / disk.PLAN).exists():
        fix = "run the command that makes it again: it carries on"
        return StoreError("it is not finished", where=str(root), fix=fix)
    return StoreError("augkit made no data set here", where=str(root), fix="give the folder of one")


def _verified(root: Path, others: Any) -> Verified:
    if not isinstance(others, dict) or manifest.FILE not in others:
        return Verified(root, 0, (f"{disk.MARKER}: it is damaged",))
    there = set(disk.files(root)) - {disk.MARKER}
    problems = _compare(root, others, there)
    if any(problem.startswith(f"{manifest.FILE}:") for problem in problems):
        return Verified(root, 0, tuple(problems))  # which pictures there should be is not known
    expected = pictures(root)
    problems += _compare(root, expected, there)
    problems += [f"{path}: it was added" for path in sorted(there - set(others) - set(expected))]
    if not any(problem.startswith(f"{disk.PLAN}:") for problem in problems):
        problems += _compare_folders(root)
    if (root / disk.MARKER).read_bytes() != marked(expected, others):
        problems.append(f"{disk.MARKER}: it was changed")
    return Verified(root, len(expected), tuple(problems))


def _compare_folders(root: Path) -> list[str]:
    """Compare the folders: one more or less, even if empty, gives others' classes other numbers."""
    plan = json.loads((root / disk.PLAN).read_text("utf-8"))
    expected = {disk.PRIVATE, *plan["source"]}
    expected |= {f"{split}/{folder}" for split in plan["source"] for folder in plan["folders"]}
    there = set(disk.folders(root))
    missing = [f"{path}: the folder is missing" for path in sorted(expected - there)]
    return [*missing, *(f"{path}: the folder was added" for path in sorted(there - expected))]


def _compare(root: Path, expected: dict[str, str], there: set[str]) -> list[str]:
    problems = []
    for path, digest in sorted(expected.items()):
        if path not in there:
            problems.append(f"{path}: it is missing")
        elif _digest(root / path) != digest:
            problems.append(f"{path}: it was changed")
    return problems


def _digest(path: Path) -> str:
    try:
        return disk.sha256(path) if disk.regular(path) else ""
    except OSError:
        return ""

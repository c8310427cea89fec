"""The folder of a training run: begun, gone on with or finished, and never overwritten.

`settings.json` says what the run is; a folder that has it is that run's. `state.npz` is where it stands after
the last whole epoch. `result.json` is written last, so a folder that has it holds a finished run.
"""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from augkit.errors import UsageError

Row = dict[str, float]
Result = dict[str, Any]


SETTINGS = "settings.yaml"
# What recipes measure before a run begins, and the settings that it follows from.
MEASURED = {"aspects.json": ("data", "seed"), "mean.npy": ("data", "seed", "canvas", "mean")}


def begin(run: Path, settings: Mapping[str, Any]) -> Result | None:
    """Return the result of a finished run, or None for one to begin or to go on with.

    Raises UsageError when the folder holds a run of other settings, or something that is no run.
    """
    settings = json.loads(json.dumps(settings))
    mine = run / "settings.json"
    if not mine.exists():
        if run.exists() and any(not _is_ours(path) for path in run.iterdir()):
            raise UsageError(
                "the folder is not empty and holds no run", where=str(run), fix="name another folder"
            )
        return None
    found = json.loads(mine.read_text(encoding="utf-8"))
    differ = [
        f"{key} was {found.get(key)!r} and is now {settings.get(key)!r}"
        for key in sorted({*found, *settings})
        if found.get(key) != settings.get(key)
    ]
    if differ:
        fix = "name another folder, or remove this one"
        if {**found, "backend": settings.get("backend")} == settings:
            fix = f"KERAS_BACKEND={found.get('backend')} goes on with it; or name another folder"
        raise UsageError(f"the folder holds another run: {'; '.join(differ)}", where=str(run), fix=fix)
    return result(run) if (run / "result.json").exists() else None


def mark(run: Path, settings: Mapping[str, Any]) -> None:
    """Make a folder that of a run, once its network stands and nothing is left but to train it."""
    if not (run / "settings.json").exists():
        run.mkdir(parents=True, exist_ok=True)
        write_json(run / "settings.json", settings)


def has_begun(out: Path) -> bool:
    """Tell whether a folder, or one in it, holds more than what stands there before any run begins."""
    return any(not _is_ours(path) for path in out.rglob("*") if not path.is_dir())


def _is_ours(path: Path) -> bool:
    """Tell whether a run may begin beside this file: what a command writes first, or a torn write left."""
    return path.name == SETTINGS or path.name in MEASURED or path.suffix == ".tmp"


def result(run: Path) -> Result:
    """Return the result of a finished run. Raises UsageError when there is none."""
    path = run / "result.json"
    if not path.exists():
        raise UsageError("no finished run here", where=str(run), fix="train it first")
    held: Result = json.loads(path.read_text(encoding="utf-8"))
    return held


def finish(run: Path, result: Result) -> None:
    """Write the result, which makes the run finished, and drop what only an unfinished run needs."""
    write_json(run / "result.json", result)
    (run / "state.npz").unlink(missing_ok=True)


def keep(run: Path, arrays: Sequence[np.ndarray], history: list[Row]) -> None:
    """Write where a run stands after a whole epoch: log.csv to read, and state.npz to go on from."""
    whole = run / "log.csv.tmp"
    with whole.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=list(history[0]))
        writer.writeheader()
        writer.writerows(history)
    whole.replace(run / "log.csv")
    held = {f"v{i}": array for i, array in enumerate(arrays)}
    text = np.array(json.dumps(history))
    replace(run / "state.npz", lambda file: np.savez(file, **held, history=text))


def kept(run: Path) -> tuple[list[np.ndarray], list[Row]]:
    """Read where a run stands: its arrays and its history; both empty when no epoch is whole yet."""
    path = run / "state.npz"
    if not path.exists():
        return [], []
    with np.load(path) as held:
        arrays = [held[f"v{i}"] for i in range(len(held.files) - 1)]
        return arrays, json.loads(str(held["history"]))


def read_json(path: Path) -> Any:
    """Read a value that `write_json` wrote."""
    return json.loads(path.read_text(encoding="utf-8"))


def write_json(path: Path, value: Any) -> None:
    """Write a value as JSON, whole or not at all."""
    replace(path, lambda file: file.write((json.dumps(value, indent=1) + "\n").encode()))


def replace(path: Path, write: Callable[[Any], Any]) -> None:
    """Write a file whole or not at all: beside it first, then in its place."""
    beside = path.with_name(path.name + ".tmp")
    with beside.open("wb") as file:
        write(file)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)

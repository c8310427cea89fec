"""A CSV table of pictures: path,label and, if wanted, split; paths relative to the table."""

from __future__ import annotations

import os
import posixpath
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from augkit.errors import SourceError, did_you_mean
from augkit.sources import columns, records
from augkit.sources.folder import SPLITS
from augkit.sources.request import Request

if TYPE_CHECKING:
    import pandas as pd
    from datasets import DatasetDict

_COLUMNS = {
    "path": ("path", "file_name", "filename", "file"),
    "label": ("label", "class"),
    "split": ("split",),
}
_LAYOUT = "want the columns path,label or path,label,split"


def read(request: Request) -> DatasetDict:
    """Read a CSV table; keys are the paths as it has them.

    Classes stand in the order of text, or of numbers where all labels are numbers.  Without a column of
    splits all pictures are train.

    Raises:
        SourceError: a column, a label or a picture is missing, a path stands twice in a split, or it is a
            link.
    """
    from datasets import DatasetDict

    path = request.path("a CSV table")
    table = _table(path)
    names = columns.named(table["label"])
    place = {name: number for number, name in enumerate(names)}
    parts = {}
    for split in sorted(set(table["split"]), key=lambda name: (name != "train", name == "test", name)):
        rows = table[table["split"] == split]
        keys = [posixpath.normpath(text) for text in rows["path"]]
        twice = rows["path"][rows["path"].map(posixpath.normpath).duplicated()]
        if len(twice):
            raise SourceError(
                f"{twice.iloc[0]!r} stands twice in {split}", where=str(path), fix="leave one out"
            )
        files = [os.path.join(path.parent, text) for text in rows["path"]]  # noqa: PTH118 - hot
        _check(files, path)
        parts[split] = records.dataset(keys, files, [place[label] for label in rows["label"]], names)
    return DatasetDict(parts)


def _table(path: Path) -> pd.DataFrame:
    """Return path, label and split as text, a row for each picture."""
    import pandas as pd

    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except (ValueError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise SourceError(f"no CSV table ({error})", where=str(path), fix=_LAYOUT) from error
    if not isinstance(table.index, pd.RangeIndex):
        raise SourceError("its rows have more fields than its header", where=str(path), fix=_LAYOUT)
    found = {name: next((one for one in known if one in table), None) for name, known in _COLUMNS.items()}
    for name in ("path", "label"):
        if found[name] is None:
            near = next(
                (column for column in table if did_you_mean(str(column).strip().lower(), _COLUMNS[name])),
                None,
            )
            fix = f"rename {near!r} to {name!r}" if near is not None else _LAYOUT
            raise SourceError(
                f"no column {name!r}, only {', '.join(map(str, table))}", where=str(path), fix=fix
            )
        empty = table.index[table[found[name]] == ""]
        if len(empty):
            raise SourceError(
                f"no {name}", where=f"{path}:{empty[0] + 2}", fix="fill it in or leave the row out"
            )
    if not len(table):
        raise SourceError("it has no rows", where=str(path), fix=_LAYOUT)
    split = (
        table[found["split"]].map(lambda text: SPLITS.get(text.lower(), text)) if found["split"] else "train"
    )
    return pd.DataFrame({"path": table[found["path"]], "label": table[found["label"]], "split": split})


def _check(files: list[str], table: Path) -> None:
    missing = []
    for file in files:
        try:
            mode = os.lstat(file).st_mode
        except (FileNotFoundError, NotADirectoryError, ValueError):
            missing.append(file)
            continue
        if not stat.S_ISREG(mode):
            kind = "a link: links are not followed" if stat.S_ISLNK(mode) else "not a file"
            raise SourceError(kind, where=file, fix="name the file itself")
    if missing:
        problem = f"{len(missing):,} of {len(files):,} pictures are not there, the first of them {missing[0]}"
        raise SourceError(problem, where=str(table), fix="paths are relative to the table")

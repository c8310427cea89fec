"""A data set that augkit wrote, read by its manifest: with the original class names and source keys."""

from __future__ import annotations

import contextlib
import json
import os
import re
from typing import TYPE_CHECKING, Any

import numpy as np

from augkit.errors import SourceError
from augkit.sources import members, records, streamed, urls

if TYPE_CHECKING:
    from datasets import Dataset, DatasetDict

_INSIDE = re.compile(r"(?!\.)[^/\\\0]+(/(?!\.)[^/\\\0]+)+")  # neither absolute nor upwards
_COLUMNS = ["file", "split", "source", "copy", "label_after"]
_PLACED = ["place", "bytes"]  # older manifests have no places: each of their files is one picture


def read(root: str) -> DatasetDict:
    """Read a finished data set, in a folder or at a URL.

    The key of a copy is its source's key and its number, as in "k0017#2"; a split that holds copies has a
    column `copy` too, int64, 0 for originals.

    Raises:
        SourceError: it is not finished, or its manifest cannot be read.
    """
    from datasets import DatasetDict

    if not _finished(root):
        fix = "run the command that writes it once more: it carries on where it stopped"
        raise SourceError("augkit has not finished writing this data set", where=root, fix=fix)
    try:
        plan = json.loads(members.read(f"{root}/.augkit/plan.json"))
        classes, kept = plan["classes"], plan.get("format", "folder")
        plain = kept == "folder" and not urls.is_url(root)
        table = _manifest(root, _COLUMNS if plain else _COLUMNS + _PLACED)
    except (OSError, ValueError, KeyError) as error:
        raise SourceError(
            f"its manifest cannot be read ({error})", where=root, fix="augkit verify"
        ) from error
    splits = table["split"].to_numpy(zero_copy_only=False)
    parts = {}
    for split in dict.fromkeys(splits.tolist()):
        part = table.filter(splits == split)
        copied = split in plan.get("copied", ())
        parts[split] = _part(root, part.to_pydict(), classes, kept, copied=copied)
    return DatasetDict(parts)


def _finished(root: str) -> bool:
    if not urls.is_url(root):
        return os.path.exists(f"{root}/augkit.json")  # noqa: PTH110
    try:
        return bool(members.head(f"{root}/augkit.json", 1))
    except FileNotFoundError:
        return False


def _manifest(root: str, wanted: list[str]) -> Any:
    import pyarrow.parquet as pq

    path = f"{root}/.augkit/manifest.parquet"
    if not urls.is_url(root):
        return pq.read_table(path, columns=wanted)
    with contextlib.closing(urls.opened(path)) as file:
        return pq.read_table(file, columns=wanted)


def _part(root: str, table: dict[str, list[Any]], classes: list[str], kept: str, *, copied: bool) -> Dataset:
    """Make one split; `copied` says that it was built of one that held copies, which its keys still tell."""
    numbered = zip(table["source"], table["copy"], strict=True)
    keys = [source if copy == 0 else f"{source}#{copy}" for source, copy in numbered]
    copies = [_number(key) for key in keys] if copied else table["copy"]
    place = {name: number for number, name in enumerate(classes)}
    labels = [place[label] for label in table["label_after"]]
    top = root if urls.is_url(root) else os.path.abspath(root)  # noqa: PTH100
    for file in dict.fromkeys(table["file"]):
        if not _INSIDE.fullmatch(file):
            problem = f"its manifest names {file!r}, want a file in one of its own folders"
            raise SourceError(problem, where=root, fix="do not trust it: make it again, or fetch it anew")
    paths = [f"{top}/{file}" for file in table["file"]]
    if kept in ("parquet", "arrow"):
        from augkit.sources import columns  # which knows folders, and folders know this

        pictures = _pictures(list(dict.fromkeys(paths)), kept)
        part = columns.joined(pictures, keys, np.array(labels, np.int64), classes)
        return columns.followed(_with_copies(part, copies), ())
    if kept == "webdataset" or urls.is_url(root):
        inside = zip(paths, table["place"], table["bytes"], strict=True)
        paths = [members.reference(path, start, size) for path, start, size in inside]
    return _with_copies(records.dataset(keys, paths, labels, classes), copies)


def _with_copies(part: Dataset, copies: list[int]) -> Dataset:
    return part.add_column("copy", copies) if any(copies) else part


def _number(key: str) -> int:
    """Return the number of the copy that a key names, 0 for an original."""
    number = key.rpartition("#")[2]
    return int(number) if number.isdecimal() and "#" in key else 0


def _pictures(files: list[str], kept: str) -> Dataset:
    """Return the pictures of some files, in the order of their rows, which is the manifest's."""
    import datasets

    if urls.is_url(files[0]):
        part = streamed.tables(files, ["image"])
    elif kept == "arrow":
        part = datasets.concatenate_datasets([datasets.Dataset.from_file(file) for file in files])
    else:
        with streamed.bars_off():
            part = datasets.load_dataset("parquet", data_files={"train": files}, split="train")
    return part.select_columns(["image"]).cast_column("image", datasets.Image(decode=False))

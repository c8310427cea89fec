"""A folder of pictures: root/class/picture, root/split/class/picture, or a data set that augkit wrote."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

from augkit.errors import SourceError
from augkit.sources import records

if TYPE_CHECKING:
    from datasets import DatasetDict

EXTENSIONS = (".png", ".jpg", ".jpeg", ".bmp", ".webp", ".gif", ".tif", ".tiff", ".ppm", ".pgm")

SPLITS = {
    "train": "train",
    "training": "train",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
    "dev": "validation",
    "test": "test",
    "testing": "test",
    "eval": "test",
    "evaluation": "test",
}
_ORDER = ("train", "validation", "test")
_LAYOUT = "want root/class/picture or root/split/class/picture"


def read(root: Path) -> DatasetDict:
    """Read a folder; classes are the folders' names in the order of text, whatever numbers in them mean.

    Raises:
        SourceError: there are no pictures, they lie at uneven depth, it is unclear whether folders are
            splits or
            classes, a link stands among them, or augkit has not finished writing the folder.
    """
    if not root.is_dir():
        raise SourceError("got a file, want a folder", where=str(root), fix=_LAYOUT)
    if (root / ".augkit").is_dir() or (root / "augkit.json").exists():
        return _read_own(root)
    splits = _splits(root)
    classes = sorted({name for folders in splits.values() for name in folders})
    found = {
        split: {name: _pictures(path) for name, path in folders.items()} for split, folders in splits.items()
    }
    for name in classes:
        if not any(folders.get(name) for folders in found.values()):
            raise SourceError(
                f"class {name!r} has no pictures", where=str(root), fix="remove its folder or fill it"
            )
    return _dataset(found, classes)


def _splits(root: Path) -> dict[str, dict[str, Path]]:
    """Return split → class → folder, and refuse what can be read in two ways."""
    folders, pictures = _inside(root)
    if pictures:
        raise SourceError(f"{pictures[0].name} lies outside any class folder", where=str(root), fix=_LAYOUT)
    flat = [path for path in folders if _inside(path)[1]]
    deep = [path for path in folders if _inside(path)[0]]
    if not flat and not deep:
        raise SourceError(
            "found no pictures", where=str(root), fix=f"{_LAYOUT}; {', '.join(EXTENSIONS)} are read"
        )
    if flat and deep:
        problem = f"pictures lie at uneven depth: in {flat[0].name}/, and deeper in {deep[0].name}/"
        raise SourceError(problem, where=str(root), fix=_LAYOUT)
    if flat:
        like = [path.name for path in flat if path.name.lower() in SPLITS]
        if like:
            problem = f"{like[0]}/ is called like a split but holds pictures, not classes"
            raise SourceError(problem, where=str(root), fix=f"{_LAYOUT}; as a class, put it under train/")
        return {"train": {_text(path.name): path for path in folders}}
    return _named_splits(root, folders)


def _named_splits(root: Path, folders: list[Path]) -> dict[str, dict[str, Path]]:
    splits: dict[str, dict[str, Path]] = {}
    first: dict[str, str] = {}
    for path in folders:
        split = SPLITS.get(path.name.lower())
        if split is None:
            problem = f"{path.name}/ holds folders, but is not called train, validation or test"
            raise SourceError(problem, where=str(root), fix=_LAYOUT)
        if split in splits:
            raise SourceError(
                f"{first[split]}/ and {path.name}/ both mean {split}", where=str(root), fix="merge them"
            )
        first[split], splits[split] = path.name, {_text(sub.name): sub for sub in _inside(path)[0]}
        for sub in splits[split].values():
            if _inside(sub)[0]:
                problem = f"pictures lie at uneven depth: {path.name}/{sub.name}/ holds folders"
                raise SourceError(problem, where=str(root), fix=_LAYOUT)
    return {split: splits[split] for split in _ORDER if split in splits}


def _inside(folder: Path) -> tuple[list[Path], list[Path]]:
    """List the folders and the pictures directly in a folder, by name; hidden entries are passed over."""
    folders, pictures = [], []
    with os.scandir(folder) as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            if entry.name.startswith("."):
                continue
            picture = entry.name.lower().endswith(EXTENSIONS)
            if entry.is_symlink() and (picture or entry.is_dir()):
                raise SourceError(
                    "a link: links are not followed", where=entry.path, fix="put the files themselves"
                )
            if entry.is_dir(follow_symlinks=False):
                folders.append(Path(entry.path))
            elif picture and entry.is_file(follow_symlinks=False):
                pictures.append(Path(entry.path))
    return folders, pictures


def _pictures(folder: Path) -> list[Path]:
    folders, pictures = _inside(folder)
    if folders:
        raise SourceError(
            f"pictures lie at uneven depth: {folder.name}/ holds folders", where=str(folder), fix=_LAYOUT
        )
    return pictures


def _dataset(found: dict[str, dict[str, list[Path]]], classes: list[str]) -> DatasetDict:
    from datasets import DatasetDict

    parts = {}
    for split, folders in found.items():
        rows = [
            (f"{name}/{_text(path.name)}", path, classes.index(name))
            for name in folders
            for path in folders[name]
        ]
        images = [_cell(path) for _, path, _ in rows]
        parts[split] = records.dataset([row[0] for row in rows], images, [row[2] for row in rows], classes)
    return DatasetDict(parts)


def _cell(path: Path) -> bytes | str:
    """Give the path of a file, or its bytes where the path is not text (Arrow holds text only)."""
    name = str(path.absolute())
    try:
        name.encode()
    except UnicodeEncodeError:
        return path.read_bytes()
    return name


def _text(name: str) -> str:
    """Make a file name text: bytes that are not UTF-8 become escapes, as in \\xff."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def _read_own(root: Path) -> DatasetDict:
    """Read a data set that augkit wrote, by its manifest: with the original class names and source keys."""
    import pyarrow.parquet as pq
    from datasets import DatasetDict

    if not (root / "augkit.json").exists():
        fix = "run the command that writes it once more: it carries on where it stopped"
        raise SourceError("augkit has not finished writing this data set", where=str(root), fix=fix)
    try:
        classes = json.loads((root / ".augkit" / "plan.json").read_text("utf-8"))["classes"]
        columns = ["file", "split", "source", "copy", "label_after"]
        table = pq.read_table(root / ".augkit" / "manifest.parquet", columns=columns).to_pydict()
    except (OSError, ValueError, KeyError) as error:
        raise SourceError(
            f"its manifest cannot be read ({error})", where=str(root), fix="augkit verify"
        ) from error
    place = {name: number for number, name in enumerate(classes)}
    parts: dict[str, tuple[list[str], list[bytes | str], list[int]]] = {}
    for file, split, source, copy, label in zip(*(table[column] for column in columns), strict=True):
        keys, images, labels = parts.setdefault(split, ([], [], []))
        keys.append(source if copy == 0 else f"{source}#{copy}")
        images.append(str((root / file).absolute()))
        labels.append(place[label])
    return DatasetDict({split: records.dataset(*columns, classes) for split, columns in parts.items()})

"""Any data set of `datasets`, made to have the columns of a source: key, image, label."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import numpy as np
from numpy.typing import NDArray

from augkit.errors import SourceError
from augkit.sources import members, records, urls
from augkit.sources.folder import SPLITS
from augkit.sources.request import Request

if TYPE_CHECKING:
    from datasets import Dataset, DatasetDict

_IMAGES = ("image", "img", "picture", "jpg", "jpeg", "png", "webp")
_LABELS = ("label", "labels", "class", "cls", "target", "fine_label", "category", "digit")
_KEYS = ("key", "__key__", "file_name", "filename", "id")
_UNLABELLED = -1
_AT_ONCE = 1000  # rows


def made(
    data: Any,
    request: Request,
    *,
    classes: Sequence[str] | None = None,
    within: Sequence[str] | None = None,
) -> DatasetDict:
    """Return a data set with the columns of a source, all other columns left out.

    Labels may be ClassLabel, text or whole numbers: text becomes classes in the order of text, numbers (and
    text that is numbers) in the order of numbers, each called by its own text.  Keys are a column of names
    if there is one, else the pictures' file names, else their content.  Pictures without a label are left
    out, and that is said; splits are called train, validation and test.

    Args:
        data:    a `DatasetDict` or a `Dataset`.
        request: who is asking.
        classes: what the classes are to be called, in the order of the labels.
        within:  folders, or URLs, in which a picture without bytes may lie; a path that leads elsewhere is
            not followed, and the picture is quarantined.  None where the paths are the caller's own.

    Raises:
        SourceError: a column is missing or unclear, or the data is a stream.
    """
    from datasets import DatasetDict

    parts = _parts(data, request)
    first = next(iter(parts.values()))
    image, label = _image(first, request), _label(first, request)
    values = {split: part.with_format(None)[label][:] for split, part in parts.items()}
    names, numbers = _classes(first.features[label], values, request)
    if classes is not None:
        if len(classes) != len(names):
            problem = f"it has {len(names)} classes, want {len(classes)}"
            raise SourceError(problem, where=str(request))
        names = tuple(classes)
    kept = {}
    for split, part in parts.items():
        labels = np.array([numbers(value) for value in values[split]], np.int64)
        with_label = np.flatnonzero(labels != _UNLABELLED)
        if len(with_label) < len(labels):
            request.say(f"{split}: {len(labels) - len(with_label):,} pictures without a label are left out.")
        if len(with_label):
            whole = _whole(part, image, labels, names)
            some = whole if len(with_label) == len(whole) else whole.select(with_label)
            kept[split] = _filled(some, None if within is None else _Within(within))
    if not kept:
        raise SourceError("no picture has a label", where=str(request))
    return DatasetDict(kept)


def named(texts: Iterable[str]) -> list[str]:
    """Return the different texts in the order of classes: by number where all are numbers, else by text."""
    found = set(texts)
    if all(text.isascii() and text.isdecimal() and str(int(text)) == text for text in found):
        return sorted(found, key=int)
    return sorted(found)


def _parts(data: Any, request: Request) -> dict[str, Dataset]:
    from datasets import Dataset, DatasetDict

    if isinstance(data, Dataset):
        data = DatasetDict(train=data)
    if not isinstance(data, DatasetDict):
        problem = f"got a {type(data).__name__}: a stream has no length and no order"
        raise SourceError(problem, where=str(request), fix="load it without streaming=True")
    parts: dict[str, Dataset] = {}
    for name, part in data.items():
        split = SPLITS.get(str(name).lower(), str(name))
        split = str(name) if split in parts else split
        if len(part):
            parts[split] = part
    if not parts:
        raise SourceError("it holds no pictures", where=str(request))
    return parts


def _image(part: Dataset, request: Request) -> str:
    from datasets import Image

    known = [name for name, feature in part.features.items() if isinstance(feature, Image)]
    known = known or [name for name in part.features if name in _IMAGES and _holds_bytes(part.features[name])]
    return _one(known, _IMAGES, "images", part, request)


def _holds_bytes(feature: Any) -> bool:
    if isinstance(feature, dict):
        return "bytes" in feature
    return getattr(feature, "dtype", "") in ("binary", "large_binary")


def _label(part: Dataset, request: Request) -> str:
    from datasets import ClassLabel

    known = [name for name, feature in part.features.items() if isinstance(feature, ClassLabel)]
    known = known or [name for name in _LABELS if name in part.features]
    found = _one(known, _LABELS, "labels", part, request)
    kind = getattr(part.features[found], "dtype", "")
    if not isinstance(kind, str) or not kind.startswith(("int", "uint", "string", "large_string", "bool")):
        several = not isinstance(kind, str) or kind in ("", "list")
        problem = f"the column {found!r} holds {'several labels a picture' if several else kind}"
        raise SourceError(
            problem, where=str(request), fix="want one class a picture: ClassLabel, text or a number"
        )
    return found


def _one(known: list[str], preferred: Sequence[str], what: str, part: Dataset, request: Request) -> str:
    if len(known) == 1:
        return known[0]
    for name in preferred:
        if name in known:
            return name
    have = ", ".join(part.column_names)
    if not known:
        raise SourceError(
            f"no column of {what}, only {have}", where=str(request), fix=f"call it {preferred[0]!r}"
        )
    problem = f"several columns of {what}: {', '.join(known)}"
    raise SourceError(problem, where=str(request), fix=f"call the one that is meant {preferred[0]!r}")


def _classes(
    feature: Any, values: dict[str, list[Any]], request: Request
) -> tuple[tuple[str, ...], Callable[[Any], int]]:
    """Return the class names, and a function from a cell of the column to the number of its class."""
    names = getattr(feature, "names", None)
    if names is not None:
        return tuple(names), lambda value: _UNLABELLED if value is None else int(value)
    texts = {str(value) for column in values.values() for value in set(column) if value is not None}
    ordered = tuple(named(texts))
    place = {text: number for number, text in enumerate(ordered)}
    if ordered and ordered[0].isdecimal() and ordered != tuple(map(str, range(len(ordered)))):
        some = f"{ordered[0]} to {ordered[-1]}" if len(ordered) > 1 else ordered[0]
        request.say(f"The labels {some} are {len(ordered)} names, not positions from 0.")
    return ordered, lambda value: _UNLABELLED if value is None else place[str(value)]


def joined(
    part: Dataset, keys: Sequence[str], labels: NDArray[np.int64], names: Sequence[str], **more: Sequence[str]
) -> Dataset:
    """Put keys, labels and more text beside the images of a split, which stay where they are."""
    from datasets import Dataset, concatenate_datasets

    pictures = part.with_format(None).select_columns(["image"])
    rest = records.dataset(keys, [b""] * len(part), labels.tolist(), names)
    beside = [rest.select_columns(["label"])]
    beside += [Dataset.from_dict({name: list(column)}) for name, column in more.items()]
    return concatenate_datasets([rest.select_columns(["key"]), pictures, *beside], axis=1)


def _whole(part: Dataset, image: str, labels: NDArray[np.int64], names: Sequence[str]) -> Dataset:
    from datasets import Image

    pictures = part.with_format(None).select_columns([image])
    pictures = pictures if image == "image" else pictures.rename_column(image, "image")
    pictures = pictures.cast_column("image", Image(decode=False))
    return joined(pictures, _keys(part, pictures), labels, names)


def followed(part: Dataset, within: Sequence[str]) -> Dataset:
    """Return a split of a source in which paths are followed to these folders alone, as in `made`."""
    return _filled(part, _Within(within))


def _filled(part: Dataset, within: _Within | None) -> Dataset:
    """Let rows without a picture hold an empty one, and those that name one elsewhere a `foreign` one: they
    are quarantined as torn ones are.
    """
    import pyarrow.compute as pc
    from datasets import concatenate_datasets

    lost: list[int] = []
    images: list[bytes | str] = []
    for start, rows in enumerate(part.with_format("arrow").iter(_AT_ONCE)):
        data, paths = (pc.struct_field(rows["image"], name) for name in ("bytes", "path"))
        for at in np.flatnonzero(pc.is_null(data).to_numpy(zero_copy_only=False)).tolist():
            path = paths[at].as_py()
            if path is None or not (within is None or within.holds(path)):
                lost.append(start * _AT_ONCE + at)
                images.append(b"" if path is None else members.foreign(path))
    if not lost:
        return part
    gone = part.select(lost)
    names = part.features["label"].names
    blank = records.dataset(records.keys(gone), images, records.labels(gone).tolist(), names)
    kept = np.delete(np.arange(len(part)), lost)
    return concatenate_datasets([part.select(kept), blank])


class _Within:
    """Tell whether a path that a data set names leads into one of the folders that are its own."""

    def __init__(self, folders: Sequence[str]) -> None:
        self._urls = tuple(f"{folder}/" for folder in folders if urls.is_url(folder))
        real = [os.path.realpath(folder) for folder in folders if not urls.is_url(folder)]
        self._folders = tuple(folder.rstrip(os.sep) + os.sep for folder in real)

    def holds(self, path: str) -> bool:
        """Tell so, with links resolved; no path that says ".." and no reference (see `members`) does."""
        if members.is_reference(path) or ".." in re.split(r"[/\\]", unquote(path)):
            return False
        if urls.is_url(path) or "::" in path:
            return path.startswith(self._urls) and not re.search(r"[?#]|::", path)
        return bool(self._folders) and os.path.realpath(path).startswith(self._folders)


def _keys(part: Dataset, pictures: Dataset) -> list[str]:
    for name in _KEYS:
        if name in part.column_names and getattr(part.features[name], "dtype", "") == "string":
            found = part.with_format(None)[name][:]
            if all(found) and len(set(found)) == len(found):
                return list(found)
    paths = _paths(pictures)
    if all(paths) and len(set(paths)) == len(paths):
        return [str(path) for path in paths]
    return _hashes(pictures)


def _paths(pictures: Dataset) -> list[str | None]:
    import pyarrow.compute as pc

    paths: list[str | None] = []
    for rows in pictures.with_format("arrow").iter(1000):
        paths += pc.struct_field(rows["image"], "path").to_pylist()
    return paths


def _hashes(pictures: Dataset) -> list[str]:
    """Name each picture by its content; the second of two equal ones gets "-2"."""
    keys: list[str] = []
    times: dict[str, int] = {}
    for rows in pictures.with_format("arrow").iter(100):
        for cell in rows["image"].to_pylist():
            data = (cell or {}).get("bytes") or str((cell or {}).get("path") or "").encode()
            key = hashlib.sha256(data).hexdigest()[:20]
            times[key] = times.get(key, 0) + 1
            keys.append(key if times[key] == 1 else f"{key}-{times[key]}")
    return keys

"""The rows that every source yields, and what can be asked of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from augkit import keys as hashed
from augkit.errors import SourceError, UsageError
from augkit.sources import members

if TYPE_CHECKING:
    from datasets import Dataset, DatasetDict, Features

    from augkit.plan import Plan


def features(classes: Sequence[str]) -> Features:
    """Return the columns of a source: key, image (not decoded) and label."""
    from datasets import ClassLabel, Features, Image, Value

    return Features(
        {"key": Value("string"), "image": Image(decode=False), "label": ClassLabel(names=list(classes))}
    )


def dataset(
    keys: Sequence[str], images: Sequence[bytes | str], labels: Sequence[int], classes: Sequence[str]
) -> Dataset:
    """Make one split from N keys, N images (encoded bytes, or the path of a file) and N labels."""
    import pyarrow as pa
    from datasets import Dataset, DatasetInfo

    columns = features(classes)
    data = pa.array([image if isinstance(image, bytes) else None for image in images], pa.binary())
    paths = pa.array([image if isinstance(image, str) else None for image in images], pa.string())
    cells = pa.StructArray.from_arrays([data, paths], ["bytes", "path"])
    arrays = [pa.array(keys, pa.string()), cells, pa.array(labels, pa.int64())]
    table = pa.table(arrays, schema=columns.arrow_schema)
    return Dataset(table, info=DatasetInfo(features=columns))


def class_names(data: DatasetDict) -> tuple[str, ...]:
    """Return the class names of a data set in label order, and check that its splits agree on them.

    Raises:
        SourceError: a column is missing, the labels have no names, or the splits name them differently.
    """
    known: tuple[str, ...] | None = None
    for name, part in data.items():
        missing = {"key", "image", "label"} - set(part.column_names)
        if missing:
            raise SourceError(
                f"split {name!r} has no column {', '.join(sorted(missing))}", fix="use sources.load"
            )
        names = tuple(getattr(part.features["label"], "names", None) or ())
        if not names:
            raise SourceError(
                f"the labels of split {name!r} have no names", fix="cast the column to ClassLabel"
            )
        if known is not None and names != known:
            raise SourceError(f"split {name!r} has other classes than the first split: {names[:5]} …")
        known = names
    if known is None:
        raise SourceError("a data set without splits holds no pictures")
    return known


def keys(part: Dataset) -> list[str]:
    """Return the source keys of one split, in its order."""
    return list(part.with_format(None)["key"][:])


def labels(part: Dataset) -> NDArray[np.int64]:
    """Return the labels of one split, int64, shape (N,)."""
    return np.asarray(part.with_format(None)["label"][:], dtype=np.int64).reshape(-1)


def holds_copies(part: Dataset) -> bool:
    """Tell whether augkit made pictures of a split from others that are in it or were."""
    return "copy" in part.column_names


def must_be_unchanged(split: str, part: Dataset, plan: Plan) -> None:
    """Refuse a split of copies that a plan would change once more.

    Raises:
        UsageError: what was done to them and what the plan does were judged each alone, not together.
    """
    if holds_copies(part) and plan.changes(split):
        problem = f"split {split!r} holds copies that were changed already, and nobody judged both together"
        fix = "augment the data set that it was made of, by one policy; or take it as it is, without one"
        raise UsageError(problem, fix=fix)


def in_turn(part: Dataset, seed: int, of: int | None = None) -> list[int]:
    """Return the rows of a split, or those of one label, by a keyed shuffle, the classes in turn."""
    of_class = labels(part)
    turns: Counter[int] = Counter()
    ranked = []
    for row in np.argsort(hashed.words([f"{seed} {key}" for key in keys(part)]), kind="stable").tolist():
        label = int(of_class[row])
        if of is None or label == of:
            ranked.append((turns[label], label, row))
            turns[label] += 1
    return [row for _, _, row in sorted(ranked)]


def content(cell: dict[str, bytes | str | None]) -> bytes:
    """Return the bytes of an image {bytes, path}, wherever they are; none where it holds neither.

    Raises:
        OSError: its file cannot be read.
    """
    data, path = cell.get("bytes"), cell.get("path")
    if isinstance(data, bytes):
        return data
    return members.read(path) if isinstance(path, str) else b""

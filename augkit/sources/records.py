"""The rows that every source yields, and what can be asked of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from augkit.errors import SourceError

if TYPE_CHECKING:
    from datasets import Dataset, DatasetDict


def dataset(
    keys: Sequence[str], images: Sequence[bytes | str], labels: Sequence[int], classes: Sequence[str]
) -> Dataset:
    """Make one split from N keys, N images (encoded bytes, or the path of a file) and N labels."""
    from datasets import ClassLabel, Dataset, Features, Image, Value

    features = Features(
        {"key": Value("string"), "image": Image(decode=False), "label": ClassLabel(names=list(classes))}
    )
    cells = [
        {"bytes": image, "path": None} if isinstance(image, bytes) else {"bytes": None, "path": image}
        for image in images
    ]
    return Dataset.from_dict({"key": list(keys), "image": cells, "label": list(labels)}, features=features)


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
    return list(part["key"][:])


def labels(part: Dataset) -> NDArray[np.int64]:
    """Return the labels of one split, int64, shape (N,)."""
    return np.asarray(part["label"][:], dtype=np.int64).reshape(-1)

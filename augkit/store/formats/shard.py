"""What a format is given: where a shard goes, and its pictures, some at a time."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclasses.dataclass(frozen=True)
class Place:
    """Say where a shard goes, and what every picture of the data set has.

    Attributes:
        out:     the output folder.
        tmp:     an empty folder on the same file system, for this shard alone.
        split:   the split.
        file:    the path of the shard's file in `out`; empty where each picture is a file.
        classes: class names in label order.
        drawn:   the names of the drawn values; empty where nothing is drawn.
    """

    out: str
    tmp: str
    split: str
    file: str
    classes: tuple[str, ...]
    drawn: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class Batch:
    """Hold N finished pictures of one shard.

    Attributes:
        names:  the folder of its class, and its own name, such as "3/k0017-2.png".
        data:   encoded pictures.
        labels, labels_before: indices into the classes, after and before the change.
        sources, copies: the keys of the sources, and the numbers of the copies; 0 is the original.
        drawn:  name → float64 (N,), NaN where the step was not done.
    """

    names: Sequence[str]
    data: Sequence[bytes]
    labels: Sequence[int]
    labels_before: Sequence[int]
    sources: Sequence[str]
    copies: Sequence[int]
    drawn: Mapping[str, NDArray[np.float64]]


@dataclasses.dataclass(frozen=True)
class Shape:
    """Say what a data set is like, for the front matter of its card.

    Attributes:
        splits:     those that hold pictures.
        labels:     label, as text → class name; quoted for YAML.
        drawn:      the names of the drawn values.
        extensions: of its pictures, such as ".png".
    """

    splits: Sequence[str]
    labels: Mapping[Any, Any]
    drawn: tuple[str, ...]
    extensions: Sequence[str]

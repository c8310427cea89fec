"""Pictures: the data of an audit, read once, cut to squares, shrunk to what the reference network reads."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from augkit import codec
from augkit.audit import files
from augkit.audit.network import SIDE
from augkit.errors import PictureError, SourceError
from augkit.sources import duplicates, records, split
from augkit.sources.progress import bar

if TYPE_CHECKING:
    from datasets import Dataset, DatasetDict

Picture = NDArray[np.uint8]
_FEWEST = 20  # pictures of a class with which anything can be said of it
_PIECE, _THREADS = 256, 4


@dataclasses.dataclass(frozen=True, eq=False)
class Pictures:
    """Hold N labelled pictures of one size.

    Attributes:
        images:  uint8 (N, S, S, C).
        labels:  int64 (N,).
        keys:    N source keys, with their split in front where there are several.
        groups:  int64 (N,): pictures that are equal or look alike have the same number.
        classes: the class names.
        fill:    the colour outside of them: the median of their borders, by channel.
    """

    images: Picture
    labels: NDArray[np.int64]
    keys: tuple[str, ...]
    groups: NDArray[np.int64]
    classes: tuple[str, ...]
    fill: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def digest(self) -> str:
        """Return a hash of everything, 16 hex digits."""
        whole = hashlib.sha256(repr((self.images.shape, self.keys, self.classes)).encode())
        for array in (self.images, self.labels, self.groups):
            whole.update(np.ascontiguousarray(array).tobytes())
        return whole.hexdigest()[:16]

    def take(self, which: NDArray[Any]) -> Pictures:
        """Return some of the pictures."""
        keys = tuple(np.array(self.keys, object)[which].tolist())
        return dataclasses.replace(
            self, images=self.images[which], labels=self.labels[which], keys=keys, groups=self.groups[which]
        )


def read(data: DatasetDict, *, most: int, seed: int = 0, side: int = 0, channels: int = 0) -> Pictures:
    """Read the labelled pictures of all splits, about `most` of a class where it has as many; 0 is all.

    A picture is cut to the largest square about its middle, and shrunk to `side` pixels (or, where that is 0,
    to SIDE if it is larger).  Grey pictures get three channels where `channels` is 3.  Those that cannot be
    read are left out.

    Raises:
        SourceError: a class has too few pictures to say anything of it, or there are fewer than two classes.
    """
    from datasets import concatenate_datasets

    classes = records.class_names(data)
    some = split.limited(data, max(1, most * len(classes) // len(data)), seed=seed) if most else data
    whole = concatenate_datasets([part.select_columns(["key", "image", "label"]) for part in some.values()])
    keys = [
        key if len(data) == 1 else f"{name}/{key}"
        for name, part in some.items()
        for key in records.keys(part)
    ]
    labels = records.labels(whole)
    images, good = _decoded(whole, side)
    good &= labels >= 0
    counts = np.bincount(labels[good], minlength=len(classes))
    _enough(counts, classes)
    groups = duplicates.find(whole).group
    at = np.flatnonzero(good)
    shapes = {images[i].shape for i in at.tolist()} | ({(0, 0, channels)} if channels else set())
    stacked = np.stack([_alike(images[i], shapes) for i in at.tolist()])
    return Pictures(
        stacked, labels[at], tuple(keys[i] for i in at.tolist()), groups[at], classes, _border(stacked)
    )


def folds(pictures: Pictures, count: int, seed: int) -> NDArray[np.int64]:
    """Deal pictures into folds, int64 (N,): evenly in each class, and pictures that are alike together."""
    first = np.unique(pictures.groups, return_index=True, return_inverse=True)
    leaders, group = first[1], first[2]
    rank = np.random.Generator(np.random.Philox(key=seed)).permutation(len(leaders))
    of_leader = np.empty(len(leaders), np.int64)
    dealt = 0
    for label in np.unique(pictures.labels[leaders]):
        mine = np.flatnonzero(pictures.labels[leaders] == label)
        mine = mine[np.argsort(rank[mine], kind="stable")]
        of_leader[mine] = (np.arange(len(mine)) + dealt) % count
        dealt += len(mine)
    dealt_to: NDArray[np.int64] = of_leader[group]
    return dealt_to


def save(pictures: Pictures, path: Path) -> None:
    """Write pictures to an .npz file, whole or not at all."""
    arrays: dict[str, NDArray[Any]] = {
        "images": pictures.images,
        "labels": pictures.labels,
        "groups": pictures.groups,
        "keys": np.array(pictures.keys),
        "classes": np.array(pictures.classes),
        "fill": np.array(pictures.fill),
    }
    files.arrays(path, arrays, compressed=False)


def put(pictures: Pictures, state: Path) -> Path:
    """Write pictures into the folder of an audit's state, where they are not there yet; return the file."""
    path = state / "pictures.npz"
    state.mkdir(parents=True, exist_ok=True)
    if not files.readable(path):
        save(pictures, path)
    return path


def load(path: Path) -> Pictures:
    """Read what `save` wrote."""
    with np.load(path) as saved:
        return Pictures(
            saved["images"],
            saved["labels"],
            tuple(saved["keys"].tolist()),
            saved["groups"],
            tuple(saved["classes"].tolist()),
            tuple(saved["fill"].tolist()),
        )


def _decoded(part: Dataset, side: int) -> tuple[list[Picture], NDArray[np.bool_]]:
    images: list[Picture] = []
    good = np.ones(len(part), np.bool_)
    plain = part.with_format(None)
    with ThreadPoolExecutor(_THREADS) as pool, bar("reading pictures", len(part)) as advance:
        for start in range(0, len(part), _PIECE):
            cells = plain[start : start + _PIECE]["image"]
            images += pool.map(lambda cell: _square(cell, side), cells)
            advance(len(cells))
    for number, image in enumerate(images):
        good[number] = image.size > 0
    return images, good


def _square(cell: dict[str, Any], side: int) -> Picture:
    """Decode one picture and cut and shrink it; an empty array where it cannot be read."""
    import cv2

    try:
        picture = codec.decode(records.content(cell))
    except (OSError, PictureError):
        return np.zeros((0, 0, 1), np.uint8)
    height, width, channels = picture.shape
    short = min(height, width)
    top, left = (height - short) // 2, (width - short) // 2
    picture = picture[top : top + short, left : left + short]
    wanted = side or min(short, SIDE)
    if wanted != short:
        how = cv2.INTER_AREA if wanted < short else cv2.INTER_LINEAR
        shrunk = cv2.resize(picture, (wanted, wanted), interpolation=how)
        picture = shrunk.reshape(wanted, wanted, channels).astype(np.uint8)
    return np.ascontiguousarray(picture)


def _alike(image: Picture, shapes: set[tuple[int, ...]]) -> Picture:
    """Bring a picture to the size and channels of the largest: grey ones get three channels beside colour."""
    import cv2

    side, channels = max(shape[0] for shape in shapes), max(shape[2] for shape in shapes)
    if image.shape[0] != side:
        larger = cv2.resize(image, (side, side), interpolation=cv2.INTER_LINEAR)
        image = larger.reshape(side, side, -1).astype(np.uint8)
    return image if image.shape[2] == channels else np.repeat(image, channels, axis=2)


def _border(images: Picture) -> tuple[int, ...]:
    rim = [images[:, 0], images[:, -1], images[:, :, 0], images[:, :, -1]]
    return tuple(int(level) for level in np.median(np.concatenate(rim, axis=1), axis=(0, 1)))


def _enough(counts: NDArray[np.int64], classes: Sequence[str]) -> None:
    if len(classes) < 2:
        raise SourceError(f"only one class ({classes[0]}): there is nothing to take it for")
    few = [(name, int(count)) for name, count in zip(classes, counts, strict=True) if count < _FEWEST]
    if few:
        said = ", ".join(f"{name!r} has {count}" for name, count in few[:5])
        raise SourceError(
            f"too few pictures to audit: {said}",
            fix=f"give each class {_FEWEST} pictures or more, or leave it out with --classes",
        )

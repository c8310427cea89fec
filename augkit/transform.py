"""Transforms: a plan as a function of rows, for those who train with `datasets` or PyTorch.

Nothing here imports either; PyTorch's loaders take any object with a length and items.
"""

from __future__ import annotations

import dataclasses
import hashlib
import io
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from augkit import codec, keys
from augkit.draw import Draws
from augkit.errors import PictureError, UsageError
from augkit.ops import Geometric
from augkit.policy import Policy
from augkit.render import reductions, render

Picture = NDArray[np.uint8]


class Plan(Protocol):
    """What a transform needs of a plan (`augkit.plan.Plan`)."""

    @property
    def classes(self) -> tuple[str, ...]:
        """Return the class names, in the order of their labels."""
        ...

    @property
    def policy(self) -> Policy:
        """Return the policy."""
        ...

    def draw(
        self,
        sources: Sequence[str] | keys.Words,
        labels: NDArray[np.int64],
        copies: NDArray[np.int64],
        sizes: NDArray[np.int64],
    ) -> Draws:
        """Make the random decisions for N pictures."""
        ...


@dataclasses.dataclass(frozen=True)
class Transform:
    """Augment rows: picklable, without state, the same for the same epoch in any process.

    A row's numbers follow from the plan's seed, the row's key and the epoch; where rows have no key, it is a
    hash of the picture.  A draw that the policy's guard does not accept leaves the picture as it was; a
    relabelled one changes the row's label.

    Attributes:
        plan:           what is drawn.
        epoch:          0 and up; the copy number of `augkit generate` less 1.
        channels_first: whether pictures come as C×H×W, PyTorch's order.
        image, label, key: the names of the columns.
    """

    plan: Plan
    epoch: int = 0
    channels_first: bool = False
    image: str = "image"
    label: str = "label"
    key: str = "key"

    def __post_init__(self) -> None:
        """Check the epoch."""
        if self.epoch < 0:
            raise UsageError(f"got epoch {self.epoch}, want 0 or more")

    def at(self, epoch: int) -> Transform:
        """Return the transform of another epoch."""
        return dataclasses.replace(self, epoch=epoch)

    def __call__(self, rows: Mapping[str, Sequence[Any]]) -> dict[str, Any]:
        """Augment a batch of rows, as `datasets.Dataset.with_transform` hands them over.

        Args:
            rows: columns by name.  Pictures are as `datasets` gives them, decoded by Pillow or not at all
                ({"bytes", "path"}), or uint8 arrays H×W, H×W×1 or H×W×3; labels are indices into the plan's
                classes.

        Returns:
            The same columns: pictures uint8 H×W×C (or C×H×W), the labels after the change, others untouched.

        Raises:
            UsageError:   a column is missing, or a picture is neither of these.
            PictureError: a picture cannot be read.
        """
        for name in (self.image, self.label):
            if name not in rows:
                said = ", ".join(map(str, rows))
                raise UsageError(
                    f"the rows have no column {name!r}, only {said}", fix="name it: image=, label="
                )
        sources = [_source(cell, f"row {row}") for row, cell in enumerate(rows[self.image])]
        named = list(rows[self.key]) if self.key in rows else [_content(source.read()) for source in sources]
        made, labels = self._made(sources, rows[self.label], named)
        return {**rows, self.image: made, self.label: labels.tolist()}

    def over(self, items: Any) -> Mapped:
        """Return a map-style data set of (picture, label), augmented, for `torch.utils.data.DataLoader`.

        Args:
            items: anything with a length whose items are (picture, label), such as torchvision's ImageFolder
                without transforms; an item's key is its index.
        """
        return Mapped(items, self)

    def one(self, picture: Any, label: int, key: str) -> tuple[Picture, int]:
        """Augment one picture; return it and its label after the change."""
        made, labels = self._made([_source(picture, key)], [label], [key])
        return made[0], int(labels[0])

    def _made(
        self, sources: list[_Source], labels: Sequence[int], named: list[str]
    ) -> tuple[list[Picture], NDArray[np.int64]]:
        before = np.asarray(labels, dtype=np.int64)
        if len(before) and not 0 <= before.min() <= before.max() < len(self.plan.classes):
            raise UsageError(f"got a label outside the {len(self.plan.classes)} classes of the plan")
        sizes = np.array([source.size for source in sources], dtype=np.int64).reshape(-1, 2)
        draws = self.plan.draw(named, before, np.full(len(sources), self.epoch + 1), sizes)
        draws = undone(draws, ~draws.accepted)
        made = []
        for i, (source, by) in enumerate(zip(sources, reductions(draws, sizes).tolist(), strict=True)):
            by = by if source.reducible else 1
            made.append(render(source.read(by), draws, i, size=source.size, by=by))
        if self.channels_first:
            made = [np.ascontiguousarray(np.moveaxis(picture, 2, 0)) for picture in made]
        return made, draws.labels


@dataclasses.dataclass(frozen=True)
class Mapped:
    """Hold a map-style data set whose items are augmented when they are asked for."""

    items: Any
    transform: Transform

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, index: int) -> tuple[Picture, int]:
        place = range(len(self))[index]
        picture, label = self.items[place]
        return self.transform.one(picture, int(label), str(place))


def reshapes(policy: Policy) -> bool:
    """Tell whether a policy changes the size of pictures."""
    return any(isinstance(step.op, Geometric) and step.op.reshapes for step in policy.leaves())


def undone(draws: Draws, which: NDArray[np.bool_]) -> Draws:
    """Return the draws with some of them made to change nothing but the size that every picture gets.

    Steps that change the size are done all the same, with each number where it does nothing; the label stays.
    """
    if not which.any():
        return draws
    active, numbers, row = draws.active.copy(), draws.numbers.copy(), 0
    for at, step in enumerate(draws.policy.leaves()):
        if not (isinstance(step.op, Geometric) and step.op.reshapes):
            active[at, which] = False
        for number in step.drawn:
            if number.still is not None:
                numbers[row, which] = number.still
            row += 1
    labels = np.where(which, draws.label_before, draws.labels)
    return dataclasses.replace(draws, active=active, numbers=numbers, labels=labels)


def read(cell: Any, name: str) -> Picture:
    """Return a picture as uint8 H×W×C: from an array, a Pillow image, or a cell {"bytes", "path"}.

    Raises:
        UsageError:   it is none of these, or not uint8.
        PictureError: it cannot be read.
    """
    if isinstance(cell, Mapping) and ("bytes" in cell or "path" in cell):
        return codec.decode(encoded(cell, name), name=name)
    mode = getattr(cell, "mode", None)
    if mode is not None and mode not in ("L", "RGB"):  # what its colours mean is the codec's business
        file = io.BytesIO()
        cell.save(file, "PNG" if mode != "CMYK" else "TIFF")
        return codec.decode(file.getvalue(), name=name)
    picture = np.asarray(cell)
    if picture.dtype == np.uint8 and picture.ndim == 2:
        picture = picture[:, :, None]
    if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] not in (1, 3):
        shape = "×".join(map(str, picture.shape))
        raise UsageError(
            f"got a picture of {picture.dtype} {shape}, want uint8 H×W×1 or H×W×3",
            where=name,
            fix="scale after augmenting, not before; give colours the last axis",
        )
    return picture


@dataclasses.dataclass(frozen=True)
class _Source:
    """Hold one picture that is not decoded before its draw is known.

    Attributes:
        size:      its width and height in pixels.
        reducible: whether it can be read 2, 4 or 8 times smaller.
        read:      reads it, that many times smaller.
    """

    size: tuple[int, int]
    reducible: bool
    read: Callable[..., Picture]


def _source(cell: Any, name: str) -> _Source:
    """Look at a picture as `read` takes it; a file's header only."""
    if isinstance(cell, Mapping) and ("bytes" in cell or "path" in cell):
        data = encoded(cell, name)
        header = codec.peek(data, name=name)

        def decoded(by: int = 1) -> Picture:
            return codec.decode(data, name=name, by=by, header=header)

        return _Source(header.upright, header.reducible, decoded)
    picture = read(cell, name)
    return _Source((picture.shape[1], picture.shape[0]), False, lambda by=1: picture)


def encoded(cell: Mapping[str, Any], name: str) -> bytes:
    """Return the bytes of a cell {"bytes", "path"}; PictureError where the file cannot be read."""
    data, path = cell.get("bytes"), cell.get("path")
    if isinstance(data, bytes):
        return data
    try:
        return Path(str(path)).read_bytes()
    except (OSError, ValueError) as error:  # a path that is none is a ValueError
        said = getattr(error, "strerror", None) or error
        raise PictureError(f"cannot be read ({said})", where=str(path) or name) from error


def _content(picture: Picture) -> str:
    """Return the key of a picture that has none: a hash of its pixels."""
    digest = hashlib.blake2b(repr(picture.shape).encode(), digest_size=16)
    digest.update(np.ascontiguousarray(picture).data)
    return digest.hexdigest()

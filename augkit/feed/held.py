"""What is held of the sources: decoded pictures where they are few and alike, else what decodes them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from augkit import codec
from augkit.errors import PictureError, UsageError
from augkit.ops import Geometric
from augkit.policy import Policy
from augkit.render import bounds
from augkit.sources import records

if TYPE_CHECKING:
    from datasets import Dataset

Picture = NDArray[np.uint8]
Size = tuple[int, int]

IN_MEMORY = 512 << 20
"""Bytes; sources that take no more decoded, and are all of one shape, are decoded once and kept.

Of others, JPEG files whose picture shrinks to a quarter or less are read smaller (`render.reductions`).
"""

_LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32)
_READ_AT_ONCE = 256


class Held:
    """Hold the pictures of one split.

    Args:
        part:     the split.
        keys:     the source keys, in its order.
        policy:   what will be done to the pictures.
        channels: 1 or 3 to make all pictures grey or colour; None to take them as they are.

    Attributes:
        keys:     the source keys.
        shape:    height, width and channels of every picture after the policy.
        pictures: uint8 N×H×W×C where the sources are kept decoded, else None.

    Raises:
        UsageError:   the pictures come out in several sizes, or some grey and some in colour.
        PictureError: one of those looked at cannot be read, or comes out too large.
    """

    def __init__(self, part: Dataset, keys: Sequence[str], policy: Policy, channels: int | None) -> None:
        from datasets import Image

        self._part = (
            part.with_format(None).select_columns(["image"]).cast_column("image", Image(decode=False))
        )
        self.keys, self._policy = keys, policy
        self._channels, self._converts = channels, channels is not None
        first = self.decode(self.encoded([0])[0], 0)
        self._channels = first.shape[2]
        width, height = size_after(policy, first.shape[1], first.shape[0])
        bounds.check_size(first.shape[1::-1], (width, height))
        self.shape = (height, width, first.shape[2])
        self._first = first.shape[1::-1]
        self._fits: set[Size] = {self._first}
        self.pictures = self._decoded(first) if first.size * len(keys) <= IN_MEMORY else None

    def encoded(self, rows: Sequence[int]) -> list[bytes]:
        """Return the encoded pictures of some rows; PictureError where a file cannot be read."""
        out = []
        for row, cell in zip(rows, self._part[list(rows)]["image"], strict=True):
            try:
                out.append(records.content(cell))
            except OSError as error:
                problem = f"cannot be read ({error.strerror or error})"
                raise PictureError(problem, where=self.keys[row]) from error
        return out

    def decode(self, data: bytes, row: int, *, by: int = 1, header: codec.Header | None = None) -> Picture:
        """Decode the picture of a row, `by` times smaller, with the number of channels that all have."""
        key = self.keys[row]
        return self._coloured(codec.decode(data, name=key, by=by, header=header), key)

    def header(self, data: bytes, row: int) -> codec.Header:
        """Return what the file of a row says of its picture, which must come out as large as all others."""
        header = codec.peek(data, name=self.keys[row])
        self._check(header.upright, row)
        return header

    def _check(self, size: Size, row: int) -> None:
        if size in self._fits:
            return
        width, height = size_after(self._policy, *size)
        if (height, width) != self.shape[:2]:
            one, other = (f"{w}×{h}" for w, h in (self._first, size))
            raise UsageError(
                f"{self.keys[row]!r} is {other} and {self.keys[0]!r} {one}, but a batch has one size",
                fix="end the policy with a step 'resize: {width: …, height: …}'",
            )
        self._fits.add(size)

    def _decoded(self, first: Picture) -> NDArray[np.uint8] | None:
        """Decode all sources, or return None as soon as one has another shape than the first."""
        out = np.empty((len(self.keys), *first.shape), dtype=np.uint8)
        for row, data in self._all():
            picture = self.decode(data, row)
            if picture.shape != first.shape:
                self._check((picture.shape[1], picture.shape[0]), row)
                return None
            out[row] = picture
        return out

    def _all(self) -> Iterator[tuple[int, bytes]]:
        for start in range(0, len(self.keys), _READ_AT_ONCE):
            rows = range(start, min(start + _READ_AT_ONCE, len(self.keys)))
            yield from zip(rows, self.encoded(rows), strict=True)

    def _coloured(self, picture: Picture, key: str) -> Picture:
        channels = self._channels
        if channels is None or picture.shape[2] == channels:
            return picture
        if not self._converts:
            kinds = {1: "grey", 3: "in colour"}
            raise UsageError(
                f"{key!r} is {kinds[picture.shape[2]]} and {self.keys[0]!r} {kinds[channels]}",
                fix="give channels=3 to make all colour, or channels=1 to make all grey",
            )
        if channels == 3:
            return np.repeat(picture, 3, axis=2)
        grey: Picture = np.rint(picture.astype(np.float32) @ _LUMA).astype(np.uint8)
        return grey[:, :, None]


def size_after(policy: Policy, width: int, height: int) -> Size:
    """Return the width and height of what a policy makes of a picture."""
    for step in policy.leaves():
        if isinstance(step.op, Geometric) and step.op.reshapes:
            width, height = step.op.size_after(width, height)
    return width, height

"""Together: small pictures of one size are rendered and encoded in pieces, as they are asked for in order."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from augkit import codec
from augkit.draw import Draws
from augkit.errors import PictureError
from augkit.render import bounds, render_batch

Picture = NDArray[np.uint8]
Encoded = tuple[bytes, tuple[int, int]]
"""A picture's file, and its width and height in pixels."""

_PIECE = 4_000_000  # bytes of the pixels that are rendered at once; more is no faster


class Together:
    """Make what is drawn of N sources of one size; the files of one piece of it are held at a time.

    Args:
        pictures: uint8 N×H×W×C, the sources.
        which:    int64 (M,), the source of each draw that is made.
        numbers:  int64 (M,), those draws' numbers, ascending.
        draws:    all draws.
        format:   of the files.
    """

    def __init__(
        self,
        pictures: Picture,
        which: NDArray[np.int64],
        numbers: NDArray[np.int64],
        draws: Draws,
        format: str,
    ) -> None:
        self._pictures, self._which, self._numbers = pictures, which, numbers
        self._draws, self._format = draws, format
        _, height, width, channels = pictures.shape
        self._some = max(1, _PIECE // (channels * bounds.most(draws, (width, height))))
        self._made: dict[int, Encoded | None] = {}

    def needs(self, number: int) -> bool:
        """Tell whether to ask for this draw is to make a piece."""
        return number not in self._made

    def get(self, number: int) -> Encoded | None:
        """Return the file of a draw; None where some picture of its piece would be too large."""
        if number not in self._made:
            first = int(np.searchsorted(self._numbers, number))
            self._made = {}  # before the next piece takes memory
            self._made = self._piece(slice(first, first + self._some))
        return self._made[number]

    def _piece(self, part: slice) -> dict[int, Encoded | None]:
        numbers = self._numbers[part]
        try:
            made = render_batch(self._pictures[self._which[part]], self._draws.take(numbers))
        except PictureError:
            return dict.fromkeys(numbers.tolist())
        files, size = codec.encode_batch(made, self._format), (made.shape[2], made.shape[1])
        return {number: (data, size) for number, data in zip(numbers.tolist(), files, strict=True)}

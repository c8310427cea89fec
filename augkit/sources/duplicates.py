"""Pictures that are equal or look alike, so that a split can keep each such group together.

Equal: the same bytes.  Alike: at 16×16 grey they correlate by more than 0.998, upright or in any of the
seven other positions of a square; brightness, contrast, size and compression hardly change that, a crop by
3 % does.
Pairs are looked for where perceptual hashes (signs of 8×8 low frequencies) differ in at most three bits.

Measured: photographs saved again at quality 20, at half or a ninth of the size, 20 levels brighter or with
gamma 1.2 stay above 0.998; the most alike of the digits in mnist-sample reach 0.9932, in optdigits 0.9942.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from augkit import codec
from augkit.errors import PictureError
from augkit.sources import records
from augkit.sources.progress import bar
from augkit.sources.request import Say

if TYPE_CHECKING:
    from datasets import Dataset, DatasetDict

ALIKE = 0.998  # correlation of two pictures at 16×16
_SIDE, _LOW = 16, 8
_FLAT = 1.0  # levels: pictures that vary less are compared by their bytes alone
_BANDS = 4  # of 16 bits; two hashes that differ in three bits agree in one band
_CLOSE = 4  # bits in which the hashes of a pair may differ
_CROWD = 2000  # pictures that agree in a band: the first of so many are compared with the others
_CHUNK = 1 << 20  # pairs of hashes compared in one go
_LOOKED_AT = 1 << 13  # pairs of pictures compared in one go
_PIECE = 256  # pictures read in one go
_THREADS = 4


@dataclasses.dataclass(frozen=True)
class Duplicates:
    """Say which pictures belong together.

    Attributes:
        group: int64 (N,): for each picture the least number of those it belongs with, its own if none.
        equal: how many pictures are byte for byte one that has a lesser number.
        alike: how many others look like one that has a lesser number.
        mixed: how many groups hold pictures of several labels.
    """

    group: NDArray[np.int64]
    equal: int
    alike: int
    mixed: int

    def text(self) -> str:
        """Return what was found, as a sentence."""
        if not self.equal and not self.alike:
            return "No two pictures are equal or look alike."
        groups = int((np.bincount(self.group) > 1).sum())
        said = f"{self.equal:,} equal and {self.alike:,} nearly equal pictures, in {groups:,} groups"
        return said + (f", {self.mixed:,} of them with several labels." if self.mixed else ".")


def find(part: Dataset) -> Duplicates:
    """Find the pictures of one split that are equal or look alike; those that cannot be read stand alone."""
    digests, small = _seen(part)
    group = np.unique(digests, return_index=True, return_inverse=True)
    first = group[1][group[2]]  # of each picture, the least number that has the same bytes
    only = np.flatnonzero((first == np.arange(len(first))) & (small.std(axis=(1, 2)) > _FLAT))
    whole = _Groups(first)
    for one, other in _pairs(small[only]):
        whole.join(only[one], only[other])
    joined = whole.least()
    labels = records.labels(part)
    more = np.flatnonzero(joined != np.arange(len(joined)))
    mixed = len({int(joined[number]) for number in more if labels[number] != labels[joined[number]]})
    equal = int((first != np.arange(len(first))).sum())
    return Duplicates(joined, equal, len(more) - equal, mixed)


def told(data: DatasetDict, say: Say) -> NDArray[np.int64]:
    """Return the groups of a source of one split, and say what was found."""
    (part,) = data.values()
    found = find(part)
    more = " Each group goes to one split." if found.equal or found.alike else ""
    say(found.text() + more)
    return found.group


def _seen(part: Dataset) -> tuple[NDArray[np.uint64], NDArray[np.uint8]]:
    """Read all pictures: a digest of the bytes of each, (N,), and each at 16×16 grey, (N, 16, 16)."""
    digests = np.empty(len(part), np.uint64)
    small = np.zeros((len(part), _SIDE, _SIDE), np.uint8)
    plain = part.with_format(None)
    with ThreadPoolExecutor(_THREADS) as pool, bar("looking for duplicates", len(part)) as advance:
        for start in range(0, len(part), _PIECE):
            cells = plain[start : start + _PIECE]["image"]
            for number, (digest, picture) in enumerate(pool.map(_looked_at, cells), start):
                digests[number] = digest if digest is not None else _own(number)
                small[number] = picture
            advance(len(cells))
    return digests, small


def _own(number: int) -> int:
    return int.from_bytes(hashlib.blake2b(f"nothing {number}".encode(), digest_size=8).digest(), "little")


def _looked_at(cell: dict[str, Any]) -> tuple[int | None, NDArray[np.uint8]]:
    import cv2

    nothing = np.zeros((_SIDE, _SIDE), np.uint8)
    try:
        data = records.content(cell)
    except OSError:
        return None, nothing
    digest = int.from_bytes(hashlib.blake2b(data, digest_size=8).digest(), "little") if data else None
    try:
        grey = _grey(data)
    except PictureError:
        return digest, nothing
    return digest, cv2.resize(grey, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA)  # type: ignore[return-value]


def _grey(data: bytes) -> NDArray[np.uint8]:
    """Decode a picture to grey, a JPEG at an eighth of its size where that is enough."""
    import cv2

    header = codec.peek(data)
    if header.kind == "jpeg" and header.channels:
        side = min(header.width, header.height)
        scale = next((scale for scale in (8, 4, 2) if side >= 4 * _SIDE * scale), 1)
        flags = {
            8: cv2.IMREAD_REDUCED_GRAYSCALE_8,
            4: cv2.IMREAD_REDUCED_GRAYSCALE_4,
            2: cv2.IMREAD_REDUCED_GRAYSCALE_2,
        }
        if scale > 1:
            flag = flags[scale] | cv2.IMREAD_IGNORE_ORIENTATION
            picture = cv2.imdecode(np.frombuffer(data, np.uint8), flag)
            if picture is not None:
                return picture  # type: ignore[return-value]
    picture = codec.decode(data, orient=False)
    return picture[:, :, 0] if picture.shape[2] == 1 else cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)  # type: ignore[return-value]


def _pairs(small: NDArray[np.uint8]) -> Iterator[tuple[int, int]]:
    """Yield pairs (i, j), i < j, of pictures that look alike in one of eight positions."""
    codes = _codes(small)
    for position in range(8):
        turned = _positioned(small, position)
        for one, other in _candidates(codes[0], codes[position]):
            for start in range(0, len(one), _LOOKED_AT):
                i, j = one[start : start + _LOOKED_AT], other[start : start + _LOOKED_AT]
                near = np.einsum("np,np->n", _normalised(small[i]), _normalised(turned[j])) > ALIKE
                yield from zip(i[near].tolist(), j[near].tolist(), strict=True)


def _candidates(
    codes: NDArray[np.uint64], turned: NDArray[np.uint64]
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Yield arrays of i and j, i < j, for which codes[i] and turned[j] differ in few bits."""
    for band in range(_BANDS):
        ours = (codes >> np.uint64(16 * band)) & np.uint64(0xFFFF)
        theirs = (turned >> np.uint64(16 * band)) & np.uint64(0xFFFF)
        order = np.argsort(ours, kind="stable")
        ranked = ours[order]
        low = np.searchsorted(ranked, theirs, "left")
        count = np.minimum(np.searchsorted(ranked, theirs, "right") - low, _CROWD)
        ends = np.cumsum(count)
        start = 0
        while start < len(theirs):
            before = ends[start - 1] if start else 0
            stop = max(start + 1, int(np.searchsorted(ends, before + _CHUNK, "right")))
            counts = count[start:stop]
            other = np.repeat(np.arange(start, stop), counts)
            within = np.arange(len(other)) - np.repeat(np.cumsum(counts) - counts, counts)
            one = order[np.repeat(low[start:stop], counts) + within]
            close = (one < other) & (np.bitwise_count(codes[one] ^ turned[other]) <= _CLOSE)
            yield one[close], other[close]
            start = stop


def _codes(small: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """Return the hashes, uint64 (8, N), of pictures in each of the eight positions: a mirror turns signs."""
    place, wave = np.arange(_SIDE), np.arange(_LOW)[:, None]
    basis = np.cos(np.pi * (2 * place + 1) * wave / (2 * _SIDE))
    sign = np.where(np.arange(_LOW) % 2, -1, 1)
    weights = np.uint64(1) << np.arange(64, dtype=np.uint64)
    codes = np.empty((8, len(small)), np.uint64)
    for start in range(0, len(small), _LOOKED_AT):
        rows = slice(start, start + _LOOKED_AT)
        low = np.einsum("ai,nij,bj->nab", basis, small[rows].astype(np.float64), basis, optimize=True)
        for position in range(8):
            turned = low.transpose(0, 2, 1) if position & 4 else low
            turned = turned * sign[:, None] if position & 2 else turned
            turned = turned * sign[None, :] if position & 1 else turned
            codes[position, rows] = (turned.reshape(-1, 64) > 0) @ weights
    return codes


def _positioned(small: NDArray[np.uint8], position: int) -> NDArray[np.uint8]:
    turned = small.transpose(0, 2, 1) if position & 4 else small
    turned = turned[:, ::-1] if position & 2 else turned
    return turned[:, :, ::-1] if position & 1 else turned


def _normalised(small: NDArray[np.uint8]) -> NDArray[np.float32]:
    flat = small.reshape(len(small), _SIDE * _SIDE).astype(np.float32)
    flat -= flat.mean(axis=1, keepdims=True)
    flat /= np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-9)
    return flat


class _Groups:
    """Join numbers into groups; the least number of a group stands for it."""

    def __init__(self, first: NDArray[np.int64]) -> None:
        self._above = first.astype(np.int64).copy()

    def join(self, one: int, other: int) -> None:
        a, b = self._root(one), self._root(other)
        self._above[max(a, b)] = min(a, b)

    def least(self) -> NDArray[np.int64]:
        return np.array([self._root(number) for number in range(len(self._above))], np.int64)

    def _root(self, number: int) -> int:
        while self._above[number] != number:
            self._above[number] = self._above[self._above[number]]
            number = int(self._above[number])
        return int(number)

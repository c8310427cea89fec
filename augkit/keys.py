"""Random numbers by address, not by order.

A draw's address is (seed, source, copy, step): the same address gives the same number on every machine,
whatever was drawn before it, in whichever process.  The generator is Philox4x64-10 (Salmon et al. 2011,
"Parallel random numbers: as easy as 1, 2, 3"), evaluated for many addresses at once; `raw` equals
`numpy.random.Philox(key=seed, counter=[0, step, copy, source]).random_raw`, bit for bit.

The counter's words are (block, step + attempt, copy, source).  Block 0 is left out, because NumPy
increments word 0 before its first block.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Words = NDArray[np.uint64]

_M = np.array([0xD2E7470EE14C6C93, 0xCA5A826395121157], dtype=np.uint64)[:, None, None]
_W0, _W1 = 0x9E3779B97F4A7C15, 0xBB67AE8584CAA73B
_LOW = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)
_ALL = (1 << 64) - 1
_M_LOW, _M_HIGH = _M & _LOW, _M >> _HALF
_AT_ONCE = 1 << 15
"""So many blocks are evaluated at once, that they stay in the processor's cache."""


def word(text: str) -> int:
    """Return the 64-bit word that stands for `text` in an address: the first 8 bytes of its BLAKE2b,
    little-endian.
    """
    return int.from_bytes(
        hashlib.blake2b(text.encode("utf-8", "surrogateescape"), digest_size=8).digest(), "little"
    )


def words(texts: Sequence[str]) -> Words:
    """Return `word` of each text, uint64, shape (N,)."""
    return np.fromiter((word(text) for text in texts), dtype=np.uint64, count=len(texts))


def raw(seed: int, step: int, copies: Words, sources: Words, count: int) -> Words:
    """Draw `count` raw 64-bit words for each address.

    Args:
        seed:    the run's seed, 0 to 2**64 - 1.
        step:    the step's word, with the attempt already added.
        copies:  uint64, shape (N,): number of the copy.
        sources: uint64, shape (N,): `word` of the source's key.
        count:   how many words each address needs.

    Returns:
        uint64, shape (N, count).
    """
    (words,) = raws(seed, [step], [count], copies, sources)
    return np.ascontiguousarray(words.T)


def raws(
    seed: int, steps: Sequence[int], counts: Sequence[int], copies: Words, sources: Words
) -> list[Words]:
    """Draw raw words for several steps at once, as `raw` does for each.

    For a batch of 64 it takes a tenth of the time: what counts is the number of calls.

    Returns:
        For each step uint64, shape (count, N).
    """
    if not len(steps):
        return []
    blocks = [-(-count // 4) for count in counts]
    out = np.empty((sum(blocks), 4, len(sources)), np.uint64)
    some = max(1, _AT_ONCE // max(1, len(out)))
    for start in range(0, len(sources), some):
        part = slice(start, start + some)
        _philox(seed, steps, blocks, copies[part], sources[part], out[:, :, part])
    ends = np.cumsum([0, *blocks])
    return [
        out[begin:end].reshape(4 * (end - begin), -1)[:count]
        for begin, end, count in zip(ends[:-1].tolist(), ends[1:].tolist(), counts, strict=True)
    ]


def uniform(raws: Words) -> NDArray[np.float64]:
    """Map raw words to float64 in [0, 1), 53 bits each, any shape."""
    return (raws >> np.uint64(11)).astype(np.float64) * 2.0**-53


def choice(raws: Words, weights: Sequence[float]) -> NDArray[np.int64]:
    """Map raw words to int64 indices in [0, len(weights)), drawn in proportion to the weights."""
    edges = np.cumsum(np.asarray(weights, dtype=np.float64))
    picked = np.searchsorted(edges / edges[-1], uniform(raws), side="right")
    return np.minimum(picked, len(weights) - 1).astype(np.int64)


def _philox(
    seed: int, steps: Sequence[int], blocks: Sequence[int], copies: Words, sources: Words, out: Words
) -> None:
    """Evaluate the generator for every block of every step, into uint64 (blocks, 4, N).

    Counter words 0 and 2 are multiplied in one array, words 1 and 3 stand in another.
    """
    shape = (2, len(out), len(sources))
    even, odd = np.empty(shape, np.uint64), np.empty(shape, np.uint64)
    even[0] = np.concatenate([np.arange(1, count + 1, dtype=np.uint64) for count in blocks])[:, None]
    odd[0] = np.repeat(np.array([step & _ALL for step in steps], dtype=np.uint64), blocks)[:, None]
    even[1], odd[1] = copies, sources
    k0, k1 = seed & _ALL, 0
    for _ in range(10):
        high, low = _multiplied(even)
        high[::-1] ^= odd
        high[::-1] ^= np.array([k0, k1], dtype=np.uint64)[:, None, None]
        even, odd = high[::-1], low[::-1]
        k0, k1 = (k0 + _W0) & _ALL, (k1 + _W1) & _ALL
    out[:, 0], out[:, 2], out[:, 1], out[:, 3] = even[0], even[1], odd[0], odd[1]


def _multiplied(words: Words) -> tuple[Words, Words]:
    """Return the high and the low words of the products with the two constants, uint64 (2, blocks, N).

    A product has 128 bits; NumPy has no type for it.
    """
    part, other = words & _LOW, words >> _HALF
    middle = other * _M_LOW
    middle += (part * _M_LOW) >> _HALF
    part *= _M_HIGH
    part += middle & _LOW
    part >>= _HALF
    other *= _M_HIGH
    middle >>= _HALF
    other += middle
    other += part
    return other, words * _M

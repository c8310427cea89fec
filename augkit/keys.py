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

_M0, _M1 = 0xD2E7470EE14C6C93, 0xCA5A826395121157
_W0, _W1 = 0x9E3779B97F4A7C15, 0xBB67AE8584CAA73B
_LOW = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)
_ALL = (1 << 64) - 1


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
    blocks = -(-count // 4)
    shape = (blocks, len(sources))
    counter = [
        np.broadcast_to(np.arange(1, blocks + 1, dtype=np.uint64)[:, None], shape),
        np.broadcast_to(np.uint64(step & _ALL), shape),
        np.broadcast_to(copies.astype(np.uint64)[None, :], shape),
        np.broadcast_to(sources.astype(np.uint64)[None, :], shape),
    ]
    out = np.stack(_philox(counter, (seed & _ALL, 0)), axis=1)  # blocks, 4, N
    return np.ascontiguousarray(out.reshape(4 * blocks, -1)[:count].T)


def uniform(raws: Words) -> NDArray[np.float64]:
    """Map raw words to float64 in [0, 1), 53 bits each, any shape."""
    return (raws >> np.uint64(11)).astype(np.float64) * 2.0**-53


def choice(raws: Words, weights: Sequence[float]) -> NDArray[np.int64]:
    """Map raw words to int64 indices in [0, len(weights)), drawn in proportion to the weights."""
    edges = np.cumsum(np.asarray(weights, dtype=np.float64))
    picked = np.searchsorted(edges / edges[-1], uniform(raws), side="right")
    return np.minimum(picked, len(weights) - 1).astype(np.int64)


def _philox(counter: list[Words], key: tuple[int, int]) -> list[Words]:
    c0, c1, c2, c3 = counter
    k0, k1 = key
    for _ in range(10):
        high0, low0 = _multiply(c0, _M0)
        high1, low1 = _multiply(c2, _M1)
        c0, c1, c2, c3 = high1 ^ c1 ^ np.uint64(k0), low1, high0 ^ c3 ^ np.uint64(k1), low0
        k0, k1 = (k0 + _W0) & _ALL, (k1 + _W1) & _ALL
    return [c0, c1, c2, c3]


def _multiply(a: Words, constant: int) -> tuple[Words, Words]:
    """Return the high and the low word of the 128-bit product; NumPy has no type for it."""
    b_low, b_high = np.uint64(constant & 0xFFFFFFFF), np.uint64(constant >> 32)
    a_low, a_high = a & _LOW, a >> _HALF
    low_low, low_high, high_low = a_low * b_low, a_low * b_high, a_high * b_low
    middle = (low_low >> _HALF) + (low_high & _LOW) + (high_low & _LOW)
    high = a_high * b_high + (low_high >> _HALF) + (high_low >> _HALF) + (middle >> _HALF)
    return high, a * np.uint64(constant)

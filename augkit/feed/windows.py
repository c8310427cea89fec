"""Windows: which part of its source each picture shows, for who trains with more than its pixels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from augkit import affine
from augkit.draw import Draws
from augkit.errors import UsageError
from augkit.ops import Projective

_STRAIGHT = 1e-9


def windows(draws: Draws) -> NDArray[np.float32]:
    """Return the part of its source's middle square that each picture shows, float32 (N, 4).

    Left, top, right and bottom edge, as shares of the side of the largest square in the middle of the source,
    from its left and from its top: a picture of all of that square has 0, 0, 1, 1. A picture that is mirrored
    left to right has its left edge to the right of its right one.

    What moves pixels here and there within the picture (lens, elastic) is passed over.

    Raises UsageError where a draw turns, shears or tilts its picture: that shows no upright window.
    """
    a, b, tx, c, d, ty = affine.inverse(draws.whole.through)
    tilted = any(isinstance(op, Projective) and done.any() for op, done, _ in draws.done)
    if tilted or max(np.abs(b).max(initial=0), np.abs(c).max(initial=0)) > _STRAIGHT:
        raise UsageError(
            "the policy turns pictures, and what they then show of their sources is no upright window",
            fix="leave windows=True out, or the steps that turn, shear or tilt",
        )
    wide, high = affine.half_sides(draws.whole.after)
    side = np.minimum(*affine.half_sides(draws.aspects)) * 2
    across = [(a * x + tx) / side + 0.5 for x in (-wide, wide)]
    down = [0.5 - (d * y + ty) / side for y in (high, -high)]
    return np.stack([across[0], down[0], across[1], down[1]], axis=1).astype(np.float32)

"""Maps that tests are made of."""

from __future__ import annotations

import math

from augkit.affine import Map


def turned_stretched(turn_degrees: float, stretch: float) -> Map:
    """Return the map that stretches along x by √stretch, along y by 1/√stretch, and then turns."""
    angle, root = math.radians(turn_degrees), math.sqrt(stretch)
    return (
        math.cos(angle) * root, -math.sin(angle) / root, 0.0,
        math.sin(angle) * root, math.cos(angle) / root, 0.0,
    )  # fmt: skip

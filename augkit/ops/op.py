"""What every op is: settings, the numbers it draws, and the truth about its effects.

Numbers are drawn evenly over their box, so that the box is all there is to know about chance; `matrix` and
`curve` are arithmetic on them that works on arrays of draws and, unchanged, on spans over boxes
(`augkit.span`).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from augkit import keys
from augkit.affine import Map
from augkit.intervals import Interval
from augkit.reach import Reach

Values = Mapping[str, Any]
"""Drawn numbers by name: float64 arrays (N,), or spans over boxes."""


@dataclasses.dataclass(frozen=True)
class Drawn:
    """Name a drawn number: even over [low, high], or over `options` if there are any.

    At `still` (if any) it does nothing.
    """

    name: str
    low: float
    high: float
    still: float | None = None
    options: tuple[float, ...] = ()


@dataclasses.dataclass(frozen=True, kw_only=True)
class Op:
    """Change a picture in one way.  Subclasses are frozen settings.

    See the families for what they must define.
    """

    def drawn(self) -> tuple[Drawn, ...]:
        """Return the numbers that a use of this op draws: one for each range."""
        return tuple(
            Drawn(field.name, value[0], value[1], still=field.metadata["limits"].still)
            for field in dataclasses.fields(self)
            if isinstance(value := getattr(self, field.name), tuple)
        )

    def effects(self, aspect: Interval) -> Reach:
        """Return everything this op can do to a picture whose width is `aspect` times its height."""
        raise NotImplementedError

    def at(self, values: Mapping[str, float]) -> Op:
        """Return this op with its ranges narrowed to one draw, so that its effects are that draw's."""
        names = [field.name for field in dataclasses.fields(self) if field.name in values]
        return dataclasses.replace(self, **{name: (values[name], values[name]) for name in names})


@dataclasses.dataclass(frozen=True, kw_only=True)
class Geometric(Op):
    """Move the points of the picture, by an affine map in the frame of `augkit.affine` (unit area, y up)."""

    def matrix(self, values: Values, aspect: Any) -> Map:
        """Return the map from the picture before to the picture after, given the drawn numbers."""
        raise NotImplementedError

    @property
    def clips(self) -> bool:
        """Tell whether what leaves the frame here is lost for the steps that follow."""
        return False

    @property
    def even(self) -> tuple[str, ...]:
        """Name the drawn numbers that shift the picture, in proportion, or scale it alike in all directions,
        with a shift in proportion to the scale.

        Along these the share kept in frame is least at an end of their range: it is the area of a slice
        through a convex body, over a straight line, whose square root is concave (Brunn and Minkowski).
        """
        return ()


@dataclasses.dataclass(frozen=True, kw_only=True)
class Tone(Op):
    """Change the brightness of each pixel by a line, y - ½ = contrast · (x - ½) + brightness on [0, 1]."""

    def curve(self, values: Values) -> tuple[Any, Any]:
        """Return contrast and brightness, given the drawn numbers."""
        raise NotImplementedError


@dataclasses.dataclass(frozen=True, kw_only=True)
class Kernel(Op):
    """Change pixels in a way that neither a map nor a line describes; a run of fused steps ends here."""

    def apply(self, picture: NDArray[np.uint8], values: Mapping[str, float]) -> NDArray[np.uint8]:
        """Return the changed picture, uint8 and of the same shape (H×W×1 or H×W×3); `picture` stays as it is.

        All randomness is in `values`: an op that needs a field of random numbers draws one number, `field`,
        and expands it with `spread`.
        """
        raise NotImplementedError


FIELD = 2.0**53
"""A number drawn as `field` is even over [0, FIELD): a whole number, the address of random numbers."""


def field() -> Drawn:
    """Return the drawn number that stands for a whole field of random numbers."""
    return Drawn("field", 0.0, FIELD)


def spread(address: float, name: str, count: int) -> keys.Words:
    """Expand a `field` to raw words for the op called `name`, uint64 (count,).

    They are `keys.raw(address, word(name), 0, 0, count)`, bit for bit; for one address NumPy's own Philox
    makes them 30 times faster.
    """
    counter = np.array([0, keys.word(name), 0, 0], dtype=np.uint64)  # as a list, large words turn to floats
    stream = np.random.Philox(key=int(address), counter=counter)
    return stream.random_raw(count)

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

    At `still` (if any) it does nothing.  Where it is not `telling` its value says nothing to a reader: it is
    an address of random numbers, or a quantile.
    """

    name: str
    low: float
    high: float
    still: float | None = None
    options: tuple[float, ...] = ()
    telling: bool = True


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
            if "limits" in field.metadata
            for value in [getattr(self, field.name)]
        )

    def effects(self, aspect: Interval) -> Reach:
        """Return everything this op can do to a picture whose width is `aspect` times its height."""
        raise NotImplementedError

    def at(self, values: Mapping[str, float]) -> Op:
        """Return this op with its ranges narrowed to one draw, so that its effects are that draw's."""
        names = [
            field.name
            for field in dataclasses.fields(self)
            if "limits" in field.metadata and field.name in values
        ]
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

    @property
    def reshapes(self) -> bool:
        """Tell whether what comes out has another size than what goes in.

        Such a step is done to every picture: it takes no `p` and stands in no choice.
        """
        return False

    @property
    def aspect_after(self) -> float | None:
        """Return the width over height of all pictures after this op; None where it is what it was before."""
        return None

    def stretch_into(self, aspect: Interval, after: float) -> Interval | None:
        """Return how far this op and a resize to width over height `after`, right after it, stretch a picture
        together; None where that is no less than both on their own.
        """
        return None

    def size_after(self, width: int, height: int) -> tuple[int, int]:
        """Return the width and height in pixels of what comes out, given those of what goes in."""
        return width, height


@dataclasses.dataclass(frozen=True, kw_only=True)
class Tone(Op):
    """Change the brightness of each pixel by a line, y - ½ = contrast · (x - ½) + brightness on [0, 1]."""

    def curve(self, values: Values) -> tuple[Any, Any]:
        """Return contrast and brightness, given the drawn numbers."""
        raise NotImplementedError


@dataclasses.dataclass(frozen=True, kw_only=True)
class Kernel(Op):
    """Change pixels in a way that neither a map nor a line describes, and that is judged by what it declares.

    A run of fused steps ends here, but for the three kinds below, which are fused too.
    """

    def apply(self, picture: NDArray[np.uint8], values: Mapping[str, float]) -> NDArray[np.uint8]:
        """Return the changed picture, uint8 and of the same shape (H×W×1 or H×W×3); `picture` stays as it is.

        All randomness is in `values`: an op that needs a field of random numbers draws one number, `field`,
        and expands it with `spread`.
        """
        raise NotImplementedError

    @property
    def pointwise(self) -> bool:
        """Tell whether each pixel's new colour depends on its own colour alone, as the sheet's then does."""
        return False


@dataclasses.dataclass(frozen=True, kw_only=True)
class Curve(Kernel):
    """Change the brightness of each pixel and channel by a curve that is no line; fused into one table."""

    def levels(self, x: Any, values: Values) -> Any:
        """Return the curve's heights: `x` is float64 (N, 256) in shares of the full range, unclipped, as the
        tone steps before left it; each value is float64 (N, 1).
        """
        raise NotImplementedError

    def slopes(self, x: Any, values: Values) -> Any:
        """Return the curve's slopes at `x`; arguments and result as those of `levels`.

        Where it jumps, the slope of the side that the level is on.
        """
        raise NotImplementedError

    @property
    def quantises(self) -> bool:
        """Tell whether all it does is to leave fewer levels: there is an axis for that, and it counts as a
        straight line on the others.
        """
        return False

    def apply(self, picture: NDArray[np.uint8], values: Mapping[str, float]) -> NDArray[np.uint8]:
        """Look the curve up."""
        arrays = {name: np.full((1, 1), value) for name, value in values.items()}
        heights = self.levels(np.arange(256)[None, :] / 255, arrays)
        table: NDArray[np.uint8] = np.rint(np.clip(heights[0], 0, 1) * 255).astype(np.uint8)
        return np.take(table, picture)

    @property
    def pointwise(self) -> bool:
        """Tell that the sheet goes along."""
        return True


@dataclasses.dataclass(frozen=True, kw_only=True)
class Colour(Kernel):
    """Mix red, green and blue by a 3×4 matrix, its last column added; fused with others into one.

    Grey pictures (H×W×1) stay as they are.
    """

    def mix(self, values: Values) -> NDArray[np.float64]:
        """Return the matrices, float64 (N, 3, 4), given float64 (N,) values; colours are on [0, 1]."""
        raise NotImplementedError

    @property
    def linear(self) -> bool:
        """Tell whether the matrix is the whole truth, so that this op may be fused."""
        return True

    def apply(self, picture: NDArray[np.uint8], values: Mapping[str, float]) -> NDArray[np.uint8]:
        """Mix, round and clip."""
        if picture.shape[2] == 1:
            return picture
        matrix = self.mix({name: np.full(1, value) for name, value in values.items()})[0]
        mixed: NDArray[np.float64] = picture.astype(np.float64) @ matrix[:, :3].T + 255 * matrix[:, 3]
        return np.rint(np.clip(mixed, 0, 255)).astype(np.uint8)

    @property
    def pointwise(self) -> bool:
        """Tell that the sheet goes along."""
        return True


@dataclasses.dataclass(frozen=True, kw_only=True)
class Projective(Kernel):
    """Move the points of the picture by a homography; fused with the maps around it into one resampling.

    Its size stays.  It is judged by what it declares: bounds on its local turn, stretch and zoom.
    """

    def homography(self, values: Values, aspect: Any) -> tuple[Any, ...]:
        """Return the nine entries, row by row, in the frame of `augkit.affine`, given float64 (N,) values."""
        raise NotImplementedError


@dataclasses.dataclass(frozen=True, kw_only=True)
class Blend(Op):
    """Mix each picture with a partner of the same batch, labels and all, so that every label stays true.

    Done by the feed, after rendering: `augkit generate` writes one picture with one label, and refuses it.
    """

    def effects(self, aspect: Interval) -> Reach:
        """Change no label for the worse: what is mixed in is in the label."""
        return Reach()

    def blend(
        self, pictures: NDArray[np.uint8], partners: NDArray[np.uint8], values: Values
    ) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
        """Return the mixed pictures and the share of the label that each keeps; its partner has the rest.

        Args:
            pictures: uint8 (N, H, W, C); they stay as they are.
            partners: uint8 (N, H, W, C), the picture that each is mixed with.
            values:   the drawn numbers, float64 (N,) each.

        Returns:
            uint8 (N, H, W, C), a new array, and float64 (N,), 0 to 1.
        """
        raise NotImplementedError


FIELD = 2.0**53
"""A number drawn as `field` is even over [0, FIELD): a whole number, the address of random numbers."""


def field() -> Drawn:
    """Return the drawn number that stands for a whole field of random numbers."""
    return Drawn("field", 0.0, FIELD, telling=False)


def spread(address: float, name: str, count: int) -> keys.Words:
    """Expand a `field` to raw words for the op called `name`, uint64 (count,).

    They are `keys.raw(address, word(name), 0, 0, count)`, bit for bit; for one address NumPy's own Philox
    makes them 30 times faster.
    """
    counter = np.array([0, keys.word(name), 0, 0], dtype=np.uint64)  # as a list, large words turn to floats
    stream = np.random.Philox(key=int(address), counter=counter)
    return stream.random_raw(count)

"""The size of what is rendered, known before it is: no picture becomes larger than one that may be read."""

from __future__ import annotations

from collections.abc import Iterable

from augkit.codec import MAX_PIXELS
from augkit.draw import Draws, Run, Use
from augkit.errors import PictureError


def check(draws: Draws, which: Iterable[int], size: tuple[int, int]) -> None:
    """Refuse a source of which some draws make too large a picture, at the end or on the way.

    Args:
        draws: the draws.
        which: those of one source.
        size:  its width and height in pixels.

    Raises:
        PictureError: one would have more than `codec.MAX_PIXELS` pixels.
    """
    if not any(_reshaping(group.parts) for group in draws.groups):
        return
    for i in which:
        check_parts(draws.parts(i)[0], size)


def check_parts(parts: list[Run | Use], size: tuple[int, int]) -> None:
    """Do what `check` does, for what is rendered of a picture."""
    for run in _reshaping(parts):
        before, size = size, run.size_after(*size)
        check_size(before, size)


def check_size(before: tuple[int, int], after: tuple[int, int]) -> None:
    """Do what `check` does, for a width and height in pixels and what they become."""
    if after[0] * after[1] > MAX_PIXELS:
        one, other = (f"{width}×{height}" for width, height in (before, after))
        problem = f"{one} would become {other}, more than {MAX_PIXELS:,} pixels"
        raise PictureError(problem, fix="pad by less, or resize to less, in the policy")


def most(draws: Draws, size: tuple[int, int]) -> int:
    """Return how many pixels the largest picture has that is rendered of sources of a size, or the source."""
    most = size[0] * size[1]
    for group in draws.groups:
        after = size
        for run in _reshaping(group.parts):
            after = run.size_after(*after)
            most = max(most, after[0] * after[1])
    return most


def _reshaping(parts: list[Run | Use]) -> list[Run]:
    return [part for part in parts if isinstance(part, Run) and part.reshaping]

"""Windows, margins and sizes that other tools give in pixels, as ops of augkit, which gives them in shares.

Each returns None where the pictures' size is not known well enough, or where the step is one of a choice, in
which no size may change: then it stays with the other tool.
"""

from __future__ import annotations

import math

from augkit.errors import UsageError
from augkit.interchange.builder import Builder, Range
from augkit.ops import OPS
from augkit.ops.borrowed.frame import Frame
from augkit.ops.crops import CentreCrop
from augkit.ops.framing import Pad
from augkit.steps import Node

Nodes = tuple[Node, ...]

FILTERS = {
    0: "nearest", 1: "linear", 2: "cubic", 3: "area", 4: "lanczos",
    "nearest": "nearest", "bilinear": "linear", "bicubic": "cubic", "lanczos": "lanczos", "area": "area",
    "lanczos3": "lanczos", "lanczos5": "lanczos",
}  # fmt: skip
"""Names and numbers of filters in OpenCV, Pillow and Keras."""

_SKIPS = "where it shrinks pictures it skips pixels; augkit averages over all of them"


def sized(
    build: Builder, where: str, width: float, height: float, filter_: str = "linear", *, skips: bool = True
) -> Nodes | None:
    """Give all pictures one size; `skips` says that the tool does not average where it shrinks."""
    if build.chosen or min(width, height) < 1:
        return None
    if skips and filter_ not in ("area", "nearest"):
        build.note(where, _SKIPS)
    made = build.native("resize", where, width=int(width), height=int(height), filter=filter_)
    build.became(width, height)
    return made


def shorter_sized(
    build: Builder, where: str, across: int, filter_: str = "linear", *, skips: bool = True
) -> Nodes | None:
    """Give all pictures the same shorter side."""
    if build.chosen or across < 1:
        return None
    if skips and filter_ not in ("area", "nearest"):
        build.note(where, _SKIPS)
    made = build.native("resize", where, shorter=across, filter=filter_)
    build.frame, build.knows_side = Frame(build.frame.aspect, across, keeps=False), True
    return made


def resized_crop(
    build: Builder, where: str, size: tuple[int, int], scale: Range, ratio: Range, filter_: str = "linear"
) -> Nodes | None:
    """Cut out a share of the area in a drawn shape, and scale it to width and height."""
    fields = OPS["random_resized_crop"].__dataclass_fields__
    fits = all(fields["area"].metadata["limits"].holds(end) for end in scale)
    if build.chosen or not fits or not all(fields["ratio"].metadata["limits"].holds(end) for end in ratio):
        return None
    build.note(where, "it draws the ratio's logarithm evenly, and again what does not fit; augkit neither")
    crop = build.native("random_resized_crop", where, area=scale, ratio=ratio)
    return (*crop, *(sized(build, where, *size, filter_, skips=False) or ()))


def middle(build: Builder, where: str, width: int, height: int) -> Nodes | None:
    """Cut out the middle."""
    if build.chosen or not build.knows_side:
        return None
    side, whole = build.frame.side, pixels(build)
    if width == height <= side and whole is None:  # of any picture: the shorter side is known
        made = build.native("centre_crop", where, side=width / side, aspect=1.0)
        build.became(width, height)
        return made
    if whole is None or width > whole[0] or height > whole[1]:
        return None
    if (whole[0] - width) % 2 or (whole[1] - height) % 2:
        return None
    if whole == (width, height):
        return ()
    given = {"side": width / min(whole[0], whole[1] * width / height), "aspect": width / height}
    if CentreCrop(**given).size_after(*whole) != (width, height):
        return None
    made = build.native("centre_crop", where, **given)
    build.became(width, height)
    return made


def anywhere(build: Builder, where: str, width: int, height: int) -> Nodes | None:
    """Cut out a window anywhere, of the picture's own shape."""
    whole = pixels(build)
    if build.chosen or whole is None or width > whole[0] or width * whole[1] != height * whole[0]:
        return None
    if whole == (width, height):
        return ()
    build.note(where, "its windows lie on whole pixels, and augkit's anywhere")
    side = width / whole[0]
    crop = build.native("crop", where, side=(side, side))
    return (*crop, *(sized(build, where, width, height, skips=False) or ()))


def margins(build: Builder, where: str, left: int, top: int, right: int, bottom: int) -> Nodes | None:
    """Add margins, as wide on the right as on the left and below as above."""
    whole = pixels(build)
    if build.chosen or whole is None or left != right or top != bottom or min(left, top) < 0:
        return None
    wide, high = whole[0] + 2 * left, whole[1] + 2 * top
    grown = wide / max(whole[0], whole[1] * wide / high)
    given = {"share": (grown - 1) / 2, "aspect": wide / high}
    try:
        fits = Pad(**given).size_after(*whole) == (wide, high)
    except UsageError:
        fits = False
    if not fits:
        return None
    made = build.native("pad", where, **given) if left or top else ()
    build.became(wide, high)
    return made


def up_to(build: Builder, where: str, width: int, height: int) -> Nodes | None:
    """Add margins up to a least width and height."""
    whole = pixels(build)
    if whole is None:
        return None
    wider, higher = max(0, width - whole[0]), max(0, height - whole[1])
    if wider % 2 or higher % 2:
        return None
    return margins(build, where, wider // 2, higher // 2, wider // 2, higher // 2)


def side(build: Builder) -> float | None:
    """Return the side √(width · height) of the pictures in pixels; None where it is not known."""
    whole = pixels(build)
    return None if whole is None else math.sqrt(whole[0] * whole[1])


def pixels(build: Builder) -> tuple[int, int] | None:
    """Return width and height in pixels; None where they are not known, or not the same for all."""
    known = build.knows_side and build.knows_shape
    if not known or build.frame.aspect.low != build.frame.aspect.high:
        return None
    ((wide, high),) = build.frame.sizes()
    return round(wide), round(high)

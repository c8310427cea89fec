"""Ops that move points or change the frame, as transforms of albumentations: `MOVES` is the table."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from augkit.interchange.leaf import Transform, Writer, composed, leaf, listed, rests
from augkit.steps import Step

Written = list[Transform] | None
Write = Callable[[Writer, Any, Step], Written]


def _shift(writer: Writer, op: Any, step: Step) -> list[Transform]:
    shares = {"x": listed(op.x), "y": [-op.y[1], -op.y[0]]}
    return [leaf("Affine", translate_percent=shares, **writer.border)]


def _zoom(writer: Writer, op: Any, step: Step) -> list[Transform]:
    made = []
    if not rests(op.factor, 1):
        made.append(leaf("Affine", scale=listed(op.factor), keep_ratio=True, **writer.border))
    if not (rests(op.x, 1) and rests(op.y, 1)):
        made.append(leaf("Affine", scale={"x": listed(op.x), "y": listed(op.y)}, **writer.border))
    return made


def _rotate(writer: Writer, op: Any, step: Step) -> list[Transform]:
    return [leaf("Rotate", limit=listed(op.degrees), **writer.border)]


def _quarter_turn(writer: Writer, op: Any, step: Step) -> list[Transform]:
    turns = [leaf("Rotate", limit=[degrees, degrees], **writer.border) for degrees in (90, 180, 270)]
    return [composed("OneOf", turns, 1.0)]


def _transpose(writer: Writer, op: Any, step: Step) -> list[Transform]:
    return [leaf("HorizontalFlip"), leaf("Rotate", limit=[90, 90], **writer.border)]


def _shear(writer: Writer, op: Any, step: Step) -> list[Transform]:
    made = []
    for axis, ends in (("x", op.x_degrees), ("y", op.y_degrees)):
        if not rests(ends, 0):
            shear = {"x": [0.0, 0.0], "y": [0.0, 0.0], axis: listed(ends)}
            made.append(leaf("Affine", shear=shear, **writer.border))
    return made


def _crop(writer: Writer, op: Any, step: Step) -> list[Transform] | None:
    if writer.size is None:
        return None
    if op.side[0] < op.side[1]:
        writer.note(step.where, "albumentations draws the window's area evenly, augkit its side")
    width, height = writer.size
    scale, shape = [op.side[0] ** 2, op.side[1] ** 2], width / height
    return [leaf("RandomResizedCrop", size=[height, width], scale=scale, ratio=[shape, shape])]


def _aspect(writer: Writer, op: Any, step: Step) -> Written:
    if op.ratio[0] != op.ratio[1]:
        return None
    wide, high = op.ratio[0] ** 0.5, op.ratio[0] ** -0.5
    return [leaf("Affine", scale={"x": [wide, wide], "y": [high, high]}, **writer.border)]


def _resized_crop(writer: Writer, op: Any, step: Step) -> Written:
    if writer.size is None:
        return None
    width, height = writer.size
    if op.ratio[0] < op.ratio[1]:
        writer.note(step.where, "albumentations draws the ratio's logarithm evenly, augkit the ratio")
    return [leaf("RandomResizedCrop", size=[height, width], scale=listed(op.area), ratio=listed(op.ratio))]


def _centre_crop(writer: Writer, op: Any, step: Step) -> Written:
    if writer.size is None:
        return None
    width, height = op.size_after(*writer.size)
    return [leaf("CenterCrop", height=height, width=width)]


def _pad(writer: Writer, op: Any, step: Step) -> Written:
    if writer.size is None:
        return None
    width, height = op.size_after(*writer.size)
    return [leaf("PadIfNeeded", min_height=height, min_width=width, position="center", **writer.border)]


def _resize(writer: Writer, op: Any, step: Step) -> Written:
    how = {"interpolation": _FILTERS[op.filter]}
    if op.filter != "nearest":
        how["area_for_downscale"] = "image"
    if op.shorter is not None:
        return [leaf("SmallestMaxSize", max_size=op.shorter, **how)]
    return [leaf("Resize", height=op.height, width=op.width, **how)]


_FILTERS: dict[str, Any] = {"nearest": 0, "linear": 1, "cubic": 2, "area": 3, "lanczos": 4}


def same(name: str, **arguments: Any) -> Write:
    """Write a transform that always has the same arguments."""
    return lambda writer, op, step: [leaf(name, **arguments)]


MOVES: dict[str, Write] = {
    "shift": _shift,
    "flip_horizontal": same("HorizontalFlip"),
    "flip_vertical": same("VerticalFlip"),
    "zoom": _zoom,
    "rotate": _rotate,
    "quarter_turn": _quarter_turn,
    "transpose": _transpose,
    "shear": _shear,
    "aspect": _aspect,
    "crop": _crop,
    "random_resized_crop": _resized_crop,
    "centre_crop": _centre_crop,
    "pad": _pad,
    "resize": _resize,
}

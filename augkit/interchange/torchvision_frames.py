"""torchvision's transforms that change the frame: crops, pads and resizes."""

from __future__ import annotations

from typing import Any

from augkit.interchange import framed
from augkit.interchange.builder import LOST, Builder
from augkit.intervals import Interval
from augkit.ops.borrowed.frame import Frame, bordered, joined, pair, window
from augkit.reach import Reach
from augkit.steps import Node

Nodes = tuple[Node, ...]

_MODES = {"constant": 0, "edge": 1, "reflect": 2, "reflect_101": 4}
"""OpenCV's numbers of what `borders` returns."""


def borders(build: Builder, t: Any, where: str) -> str:
    """Take note of what is shown outside the picture, and return what it is."""
    fill = getattr(t, "fill", 0)
    fill = next(iter(fill.values()), 0) if isinstance(fill, dict) else fill
    given = getattr(t, "padding_mode", "constant")
    kind = {"reflect": "reflect_101", "symmetric": "reflect"}.get(given, given)
    build.border(where, kind, 0 if fill is None else fill)
    return kind


def filtered(t: Any) -> str:
    """Return the name of a transform's filter."""
    given = getattr(t, "interpolation", "bilinear")
    return framed.FILTERS.get(getattr(given, "value", given), "linear")


def averages(t: Any) -> bool:
    """Tell whether a transform averages over pixels where it shrinks; on Pillow's pictures it always does."""
    return getattr(t, "antialias", True) is not False


def _size(value: Any) -> tuple[float, float]:
    """Return height and width of a size as torchvision takes it."""
    if isinstance(value, int | float):
        return float(value), float(value)
    height, *rest = value
    return float(height), float(rest[0] if rest else height)


def resized_crop(build: Builder, t: Any, where: str) -> Nodes:
    """Cut out a share of the area in a drawn ratio, and scale it to `size`."""
    height, width = _size(t.size)
    scale, ratio = pair(tuple(t.scale)), pair(tuple(t.ratio))
    native = framed.resized_crop(build, where, (int(width), int(height)), scale, ratio, filtered(t))
    if native is not None:
        return native
    arguments: dict[str, Any] = {
        "size": [int(height), int(width)],
        "scale": [*scale],
        "ratio": [*ratio],
    }
    made = build.borrowed("RandomResizedCrop", where, **arguments)
    build.became(width, height)
    return made


def crop(build: Builder, t: Any, where: str) -> Nodes:
    """Cut out a window of some pixels, of the picture padded first where asked for."""
    height, width = _size(t.size)
    padding = _padding(getattr(t, "padding", None))
    if ".v2" in type(t).__module__:  # v2 keeps left, right, top, bottom
        padding = (padding[0], padding[2], padding[1], padding[3])
    pads = any(padding) or getattr(t, "pad_if_needed", False)
    kind = borders(build, t, where) if pads else "constant"
    if not any(padding):
        like = framed.middle if type(t).__name__ == "CenterCrop" else framed.anywhere
        native = like(build, where, int(width), int(height))
        if native is not None:
            return native
    made = _padded_crop(build, width, height, padding, where, kind) if any(padding) else build.borrowed(
        "CenterCrop" if type(t).__name__ == "CenterCrop" else "RandomCrop", where,
        height=int(height), width=int(width), pad_if_needed=bool(getattr(t, "pad_if_needed", True)),
        border_mode=_MODES[kind],
    )  # fmt: skip
    build.became(width, height)
    return made


def _padding(given: Any) -> tuple[float, float, float, float]:
    """Return left, top, right and bottom."""
    if given is None:
        return (0.0, 0.0, 0.0, 0.0)
    flat = [float(v) for v in given] if isinstance(given, list | tuple) else [float(given)]
    left, top, right, bottom = {1: flat * 4, 2: flat * 2, 4: flat}[len(flat)]
    return left, top, right, bottom


def _padded_crop(
    build: Builder, width: float, height: float, padding: tuple[float, ...], where: str, kind: str
) -> Nodes:
    """Say what the customary crop of a padded picture does: a picture of the crop's own size is shifted."""
    if not build.knows_side:
        build.note(where, "it counts pixels, and how many the pictures have is not known: give --side")
        return build.declared("RandomCrop", bordered(LOST, _MODES[kind]), where)
    left, top, right, bottom = padding
    reaches, same = [], True
    for wide, high in build.frame.sizes():
        across = max(0.0, min(width, wide, width - left, width - right))
        down = max(0.0, min(height, high, height - top, height - bottom))
        whole = window(Interval(width / wide, width / wide), Interval(height / high, height / high))
        kept = Interval(min(1.0, across * down / (wide * high)), 1)
        reaches.append(Reach(zoom=whole.zoom, kept=kept))
        same &= (wide, high) == (width, height)
    if same:
        x, y = (-right / width, left / width), (-top / height, bottom / height)
        return build.native("shift", where, x=x, y=y)
    return build.declared("RandomCrop", bordered(joined(reaches), _MODES[kind]), where)


def pad(build: Builder, t: Any, where: str) -> Nodes:
    """Add a border of some pixels."""
    kind = borders(build, t, where)
    left, top, right, bottom = _padding(t.padding)
    native = framed.margins(build, where, int(left), int(top), int(right), int(bottom))
    if native is not None:
        return native
    sides = [int(left), int(top), int(right), int(bottom)]
    made = build.borrowed("Pad", where, padding=sides, border_mode=_MODES[kind])
    if build.knows_side and build.frame.aspect == Interval(1, 1):
        build.became(build.frame.side + left + right, build.frame.side + top + bottom)
    return made


def zoom_out(build: Builder, t: Any, where: str) -> Nodes:
    """Lay the picture somewhere on a larger canvas."""
    low, high = pair(tuple(t.side_range))
    borders(build, t, where)
    return build.declared("RandomZoomOut", Reach(zoom=Interval(1 / high, 1 / low)), where, p=t.p)


def resize(build: Builder, t: Any, where: str) -> Nodes:
    """Scale the shorter side to a number of pixels, or both sides, which stretches."""
    if isinstance(t.size, list | tuple) and len(t.size) == 2:
        height, width = _size(t.size)
        native = framed.sized(build, where, width, height, filtered(t), skips=not averages(t))
        if native is not None:
            return native
        made = build.borrowed("Resize", where, height=int(height), width=int(width))
        build.became(width, height)
        return made
    shorter = int(t.size if isinstance(t.size, int | float) else t.size[0])
    if getattr(t, "max_size", None) is None:
        native = framed.shorter_sized(build, where, shorter, filtered(t), skips=not averages(t))
        if native is not None:
            return native
    made = build.borrowed("SmallestMaxSize", where, max_size=shorter)
    build.frame, build.knows_side = Frame(build.frame.aspect, shorter, keeps=False), True
    return made


def random_resize(build: Builder, t: Any, where: str) -> Nodes:
    """Scale the shorter side to one of several numbers of pixels."""
    fewest = getattr(t, "min_size", None)
    sizes = fewest if isinstance(fewest, list | tuple) else [fewest or 1]
    build.frame = Frame(build.frame.aspect, int(min(sizes)), keeps=False)
    build.knows_side = False
    return build.borrowed("SmallestMaxSize", where, max_size=int(min(sizes)))

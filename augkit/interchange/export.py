"""augkit's policies as albumentations pipelines."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Callable
from typing import Any

from augkit.errors import UsageError
from augkit.interchange.albumentations import VERSION
from augkit.interchange.builder import Note
from augkit.ops import OPS, Op
from augkit.ops.foreign import Albumentations
from augkit.policy import Policy
from augkit.steps import Choice, Node, Step

_GAINS = 9

Transform = dict[str, Any]


@dataclasses.dataclass(frozen=True)
class Exported:
    """Hold a policy as `A.from_dict` reads it.

    Attributes:
        document: what to save as YAML or JSON.
        notes:    where the pipeline departs from the policy.
    """

    document: dict[str, Any]
    notes: tuple[Note, ...]


def to_albumentations(policy: Policy, size: tuple[int, int] | None = None) -> Exported:
    """Write a policy as an albumentations pipeline.

    Args:
        policy: what to write.
        size:   width and height of the pictures; steps that count pixels there need it.
    """
    writer = _Writer(policy, size)
    steps = writer.sequence(policy.steps)
    if policy.on_unsafe != "refuse":
        writer.note(
            policy.place("on_unsafe"),
            f"albumentations cannot {policy.on_unsafe} what a class does not survive",
        )
    document = {"__version__": VERSION, "transform": _composed("Compose", steps, 1.0)}
    return Exported(document, tuple(writer.notes))


def compose(policy: Policy, size: tuple[int, int] | None = None) -> Any:
    """Return a policy as an `albumentations.Compose`; UsageError where a step cannot be said in it."""
    exported = to_albumentations(policy, size)
    left_out = [note for note in exported.notes if "left out" in note.text]
    if left_out:
        raise UsageError(left_out[0].text, where=left_out[0].where, fix="take the step out, or give the size")
    os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")
    import albumentations

    return albumentations.from_dict(exported.document)


def _leaf(name: str, p: float = 1.0, **arguments: Any) -> Transform:
    return {"__class_fullname__": name, "p": p, **arguments}


def _composed(name: str, transforms: list[Transform], p: float, **more: Any) -> Transform:
    return {"__class_fullname__": name, "p": p, "transforms": transforms, **more}


class _Writer:
    """Turn steps into transforms."""

    def __init__(self, policy: Policy, size: tuple[int, int] | None) -> None:
        self.size = size
        self.notes: list[Note] = []
        fill = list(policy.fill) if len(policy.fill) > 1 else policy.fill[0]
        self.border: dict[str, Any] = {"border_mode": 1 if policy.border == "edge" else 0, "fill": fill}

    def note(self, where: str, text: str) -> None:
        self.notes.append(Note(where, text))

    def node(self, node: Node) -> list[Transform]:
        """Return the transforms of one step or choice; none where it cannot be said."""
        if isinstance(node, Choice):
            return self._choice(node)
        if node.p == 0:
            return []
        if isinstance(node.op, Albumentations):
            return [_leaf(node.op.name, node.p, **json.loads(node.op.arguments))]
        word = next((name for name, kind in OPS.items() if kind is type(node.op)), node.name)
        made = _WRITERS[word](self, node.op, node) if word in _WRITERS else None
        if made is None:
            self.note(node.where, f"albumentations has nothing that means the same as {word}: it is left out")
            return []
        return _together(made, node.p)

    def sequence(self, nodes: tuple[Node, ...]) -> list[Transform]:
        """Return the transforms of some steps, one after the other."""
        return [made for node in nodes for made in self.node(node)]

    def _choice(self, choice: Choice) -> list[Transform]:
        branches = [
            _composed(
                "Sequential", [made for node in branch for made in self.node(node)] or [_leaf("NoOp")], 1.0
            )
            for branch in choice.branches
        ]
        counts = range(choice.least, choice.most + 1)
        if choice.most == 1 and choice.least == 1:
            return [_composed("OneOf", branches, choice.p)]
        some = [
            _composed("SomeOf", branches, 1.0, n=count, replace=False) if count else _leaf("NoOp")
            for count in counts
        ]
        if len(some) == 1:
            return [{**some[0], "p": choice.p}]
        return [_composed("OneOf", some, choice.p)]


def _together(made: list[Transform], p: float) -> list[Transform]:
    if p == 1 or not made:
        return made
    return [{**made[0], "p": p}] if len(made) == 1 else [_composed("Sequential", made, p)]


def _range(ends: tuple[float, float]) -> list[float]:
    return [float(end) for end in ends]


def _still(ends: tuple[float, float], still: float) -> bool:
    return ends == (still, still)


def _shift(writer: _Writer, op: Any, step: Step) -> list[Transform]:
    shares = {"x": _range(op.x), "y": [-op.y[1], -op.y[0]]}
    return [_leaf("Affine", translate_percent=shares, **writer.border)]


def _zoom(writer: _Writer, op: Any, step: Step) -> list[Transform]:
    made = []
    if not _still(op.factor, 1):
        made.append(_leaf("Affine", scale=_range(op.factor), keep_ratio=True, **writer.border))
    if not (_still(op.x, 1) and _still(op.y, 1)):
        made.append(_leaf("Affine", scale={"x": _range(op.x), "y": _range(op.y)}, **writer.border))
    return made


def _rotate(writer: _Writer, op: Any, step: Step) -> list[Transform]:
    return [_leaf("Rotate", limit=_range(op.degrees), **writer.border)]


def _quarter_turn(writer: _Writer, op: Any, step: Step) -> list[Transform]:
    turns = [_leaf("Rotate", limit=[degrees, degrees], **writer.border) for degrees in (90, 180, 270)]
    return [_composed("OneOf", turns, 1.0)]


def _transpose(writer: _Writer, op: Any, step: Step) -> list[Transform]:
    return [_leaf("HorizontalFlip"), _leaf("Rotate", limit=[90, 90], **writer.border)]


def _shear(writer: _Writer, op: Any, step: Step) -> list[Transform]:
    made = []
    for axis, ends in (("x", op.x_degrees), ("y", op.y_degrees)):
        if not _still(ends, 0):
            shear = {"x": [0.0, 0.0], "y": [0.0, 0.0], axis: _range(ends)}
            made.append(_leaf("Affine", shear=shear, **writer.border))
    return made


def _crop(writer: _Writer, op: Any, step: Step) -> list[Transform] | None:
    if writer.size is None:
        return None
    if op.side[0] < op.side[1]:
        writer.note(step.where, "albumentations draws the window's area evenly, augkit its side")
    width, height = writer.size
    scale, shape = [op.side[0] ** 2, op.side[1] ** 2], width / height
    return [_leaf("RandomResizedCrop", size=[height, width], scale=scale, ratio=[shape, shape])]


def _contrast(writer: _Writer, op: Any, step: Step) -> list[Transform]:
    """Turn about middle grey: one transform for each of a few gains, for albumentations turns about black."""
    low, high = op.gain
    count = _GAINS if high > low else 1
    gains = [low + (high - low) * i / max(1, count - 1) for i in range(count)]
    made = [
        _leaf(
            "RandomBrightnessContrast",
            contrast_limit=[gain - 1, gain - 1],
            brightness_limit=[(1 - gain) / 2, (1 - gain) / 2],
        )
        for gain in gains
    ]
    if count == 1:
        return made
    writer.note(step.where, f"contrast about middle grey is drawn among {count} even gains")
    return [_composed("OneOf", made, 1.0)]


def _brightness(writer: _Writer, op: Any, step: Step) -> list[Transform]:
    return [_leaf("RandomBrightnessContrast", brightness_limit=_range(op.shift), contrast_limit=[0.0, 0.0])]


def _jitter(name: str, ends: tuple[float, float]) -> list[Transform]:
    still: dict[str, Any] = {
        "brightness": [1.0, 1.0],
        "contrast": [1.0, 1.0],
        "saturation": [1.0, 1.0],
        "hue": [0.0, 0.0],
    }
    return [_leaf("ColorJitter", **{**still, name: _range(ends)})]


def _saturation(writer: _Writer, op: Any, step: Step) -> list[Transform]:
    return _jitter("saturation", op.factor)


def _hue(writer: _Writer, op: Any, step: Step) -> list[Transform]:
    return _jitter("hue", (op.degrees[0] / 360, op.degrees[1] / 360))


def _blur(writer: _Writer, op: Any, step: Step) -> list[Transform] | None:
    if writer.size is None:
        return None
    side = (writer.size[0] * writer.size[1]) ** 0.5
    return [_leaf("GaussianBlur", sigma_limit=[max(0.01, end * side) for end in op.sigma], blur_limit=[0, 0])]


def _noise(writer: _Writer, op: Any, step: Step) -> list[Transform]:
    return [_leaf("GaussNoise", std_range=_range(op.sigma))]


def _jpeg(writer: _Writer, op: Any, step: Step) -> list[Transform]:
    low, high = (min(100, max(1, round(end))) for end in op.quality)
    return [_leaf("ImageCompression", compression_type="jpeg", quality_range=[low, high])]


def _erase(writer: _Writer, op: Any, step: Step) -> list[Transform] | None:
    if op.fill[0] != op.fill[1] or op.width[1] >= 1 or op.height[1] >= 1:
        return None
    return [
        _leaf(
            "CoarseDropout", num_holes_range=[1, 1], fill=round(op.fill[0]),
            hole_height_range=_range(op.height), hole_width_range=_range(op.width),
        )
    ]  # fmt: skip


def _same(name: str, **arguments: Any) -> Callable[[_Writer, Any, Step], list[Transform]]:
    return lambda writer, op, step: [_leaf(name, **arguments)]


_WRITERS: dict[str, Callable[[_Writer, Op, Step], list[Transform] | None]] = {
    "shift": _shift,
    "flip_horizontal": _same("HorizontalFlip"),
    "flip_vertical": _same("VerticalFlip"),
    "zoom": _zoom,
    "rotate": _rotate,
    "quarter_turn": _quarter_turn,
    "transpose": _transpose,
    "shear": _shear,
    "crop": _crop,
    "contrast": _contrast,
    "brightness": _brightness,
    "invert": _same("InvertImg"),
    "saturation": _saturation,
    "hue": _hue,
    "grey": _same("ToGray"),
    "blur": _blur,
    "noise": _noise,
    "jpeg": _jpeg,
    "erase": _erase,
}

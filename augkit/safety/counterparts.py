"""Counterparts: ops of augkit that draw what a transform of albumentations also draws, to show it by.

What a borrowed transform draws is its own, so that none of its draws is a witness.  Where an op of augkit
with the same numbers does the same, or does what the transform does when its other numbers rest, a draw of
that op is one.  Nothing is proved safe by counterparts: bounds are those that the transform declares.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable, Iterator
from typing import Any

from augkit.ops import OPS, Op
from augkit.ops.borrowed.frame import pair
from augkit.ops.foreign import Albumentations, transform
from augkit.policy import Policy
from augkit.steps import Choice, Node

_MOST = 4


def counterparts(policy: Policy) -> Iterator[Policy]:
    """Yield the policy with borrowed transforms replaced by ops that show some of what they do.

    Where a transform has several counterparts, each policy takes the next; nothing, where there are none.
    """
    leaves = list(policy.leaves())
    replaced = {leaf.name: shown_by(leaf.op) for leaf in leaves if isinstance(leaf.op, Albumentations)}
    for k in range(min(_MOST, max(map(len, replaced.values()), default=0))):
        ops = {name: some[min(k, len(some) - 1)] for name, some in replaced.items() if some}
        yield dataclasses.replace(policy, steps=_with(policy.steps, ops))


def _with(nodes: tuple[Node, ...], ops: dict[str, Op]) -> tuple[Node, ...]:
    out: list[Node] = []
    for node in nodes:
        if isinstance(node, Choice):
            branches = tuple(_with(branch, ops) for branch in node.branches)
            out.append(dataclasses.replace(node, branches=branches))
        else:
            out.append(dataclasses.replace(node, op=ops.get(node.name, node.op)))
    return tuple(out)


def shown_by(op: Albumentations) -> list[Op]:
    """Return ops of augkit whose every draw is one that a transform can make too."""
    made = transform(op.name, op.arguments)
    if op.name in _ALIKE:
        return [OPS[word]() for word in _ALIKE[op.name]]
    return list(itertools.chain.from_iterable(_one(*pairs) for pairs in _DRAWN.get(op.name, _nothing)(made)))


_ALIKE = {
    "HorizontalFlip": ("flip_horizontal",),
    "VerticalFlip": ("flip_vertical",),
    "Transpose": ("transpose",),
    "RandomRotate90": ("quarter_turn",),
    "D4": ("quarter_turn", "flip_horizontal", "flip_vertical", "transpose"),
    "SquareSymmetry": ("quarter_turn", "flip_horizontal", "flip_vertical", "transpose"),
    "InvertImg": ("invert",),
    "ChannelShuffle": ("channel_shuffle",),
}

Wanted = tuple[str, dict[str, tuple[float, float]]]
"""An op and its ranges."""


def _one(word: str, ranges: dict[str, tuple[float, float]]) -> Iterator[Op]:
    """Make an op, unless its ranges are none that it takes, or do nothing."""
    limits = {f.name: f.metadata["limits"] for f in dataclasses.fields(OPS[word]) if "limits" in f.metadata}
    if all(limits[name].holds(end) for name, ends in ranges.items() for end in ends):
        yield OPS[word](**ranges)


def _nothing(made: Any) -> list[Wanted]:
    return []


def _rotated(made: Any) -> list[Wanted]:
    return [] if made.crop_border else [("rotate", {"degrees": pair(made.limit)})]


def _moved(made: Any) -> list[Wanted]:
    """Take each part of an affine map for itself, where all others can rest."""
    shifts = made.translate_percent or made.translate_px
    if made.fit_output or (not made.translate_percent and any(any(pair(shifts[axis])) for axis in "xy")):
        return []
    shift_x, shift_y = (pair(shifts[axis]) for axis in "xy")
    zoom_x, zoom_y = (pair(made.scale[axis]) for axis in "xy")
    lean_x, lean_y = (pair(made.shear[axis]) for axis in "xy")
    parts: list[tuple[bool, Wanted]] = [
        (_rests(pair(made.rotate), 0.0), ("rotate", {"degrees": pair(made.rotate)})),
        (
            _rests(shift_x, 0.0) and _rests(shift_y, 0.0),
            ("shift", {"x": shift_x, "y": (-shift_y[1], -shift_y[0])}),
        ),
        (
            _rests(zoom_x, 1.0) and _rests(zoom_y, 1.0),
            ("zoom", {"factor": zoom_x} if made.keep_ratio else {"x": zoom_x, "y": zoom_y}),
        ),
        (_rests(lean_x, 0.0) and _rests(lean_y, 0.0), ("shear", {"x_degrees": (0.0, 0.0)})),
    ]
    return [
        wanted
        for i, (_, wanted) in enumerate(parts[:3])
        if all(rests for j, (rests, _) in enumerate(parts) if j != i)
    ]


def _rests(ends: tuple[float, float], still: float) -> bool:
    return ends[0] <= still <= ends[1]


def _brightened(made: Any) -> list[Wanted]:
    safe = made.brightness_by_max and not made.ensure_safe_range and _rests(pair(made.contrast_limit), 0.0)
    return [("brightness", {"shift": pair(made.brightness_limit)})] if safe else []


def _greyed(made: Any) -> list[Wanted]:
    return [("grey", {})] if made.method == "weighted_average" else []


_DRAWN: dict[str, Callable[[Any], list[Wanted]]] = {
    "Rotate": _rotated,
    "Affine": _moved,
    "ShiftScaleRotate": _moved,
    "RandomBrightnessContrast": _brightened,
    "ToGray": _greyed,
}

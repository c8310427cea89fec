"""RandAugment, TrivialAugment and AutoAugment of torchvision: the ops they draw from, at their strengths."""

from __future__ import annotations

import math
from typing import Any

from augkit.interchange import alike
from augkit.interchange.builder import Builder, Range
from augkit.ops.borrowed.colour import raised
from augkit.ops.borrowed.detail import blurred
from augkit.ops.borrowed.frame import Frame
from augkit.reach import Reach
from augkit.steps import Node

Nodes = tuple[Node, ...]

# What RandAugment and its kin draw from: op, strength at each of `bins` steps, whether either sign.
_SPACE: dict[str, tuple[float, bool]] = {
    "ShearX": (0.3, True), "ShearY": (0.3, True), "TranslateX": (150 / 331, True),
    "TranslateY": (150 / 331, True), "Rotate": (30.0, True), "Brightness": (0.9, True),
    "Color": (0.9, True), "Contrast": (0.9, True), "Sharpness": (0.9, True), "Posterize": (4.0, False),
    "Solarize": (1.0, False), "AutoContrast": (0.0, False), "Equalize": (0.0, False),
    "Invert": (0.0, False),
}  # fmt: skip
_WIDE = {
    **dict.fromkeys(("ShearX", "ShearY", "Brightness", "Color", "Contrast", "Sharpness"), 0.99),
    "Rotate": 135.0, "Posterize": 6.0,
}  # fmt: skip


def rand_augment(build: Builder, t: Any, where: str) -> Nodes:
    """Draw `num_ops` ops, each anew, all at one magnitude."""
    share = t.magnitude / max(1, t.num_magnitude_bins - 1)
    names = [name for name in _SPACE if name != "Invert"]
    branches = [(), *(_named_op(build, name, _SPACE[name][0] * share, where) for name in names)]
    return tuple(node for _ in range(t.num_ops) for node in build.one_of(branches, where))


def trivial_augment(build: Builder, t: Any, where: str) -> Nodes:
    """Draw one op, at any magnitude of the wide space."""
    branches: list[Nodes] = [()]
    for name, (most, _) in _SPACE.items():
        if name.startswith("Translate"):
            branches.append(_named_op(build, name, build.frame.share(32), where))
        elif name != "Invert":
            branches.append(_named_op(build, name, _WIDE.get(name, most), where))
    return build.one_of(branches, where)


def auto_augment(build: Builder, t: Any, where: str) -> Nodes:
    """Draw one of the listed pairs of ops, each with its probability and magnitude."""
    pairs = getattr(t, "policies", None) or getattr(t, "_policies", [])
    branches = []
    for chain in pairs:
        steps: list[Node] = []
        for name, p, magnitude in chain:
            strength = _SPACE[name][0] * (magnitude or 0) / 9
            steps += build.group(_named_op(build, name, strength, where), where, p=float(p))
        branches.append(tuple(steps))
    return (
        build.one_of(branches, where)
        if branches
        else build.unknown("AutoAugment", where, "it lists no policies")
    )


def _named_op(build: Builder, name: str, strength: float, where: str) -> Nodes:
    """Return one op of the RandAugment family at its strength, evenly between its two signs."""
    if name in ("ShearX", "ShearY"):
        return _corner_shear(build, name, strength, where)
    if name in ("TranslateX", "TranslateY"):
        ends: dict[str, Any] = {name[-1].lower(): _clipped((-strength, strength))}
        return build.native("shift", where, **ends)
    if name == "Rotate":
        return build.native("rotate", where, degrees=(-strength, strength))
    if name in _FACTORS:
        factors = {**_STILL, _FACTORS[name]: [1 - strength, 1 + strength]}
        return build.borrowed("ColorJitter", where, **factors)
    if name == "Sharpness":
        return build.declared("Sharpness", sharpness(1 - strength, 1 + strength, build.frame), where)
    if name == "Posterize":
        bits = 8 - round(strength)
        native = alike.posterized(build, bits, where, 1.0)
        return native if native is not None else build.borrowed("Posterize", where, num_bits=bits)
    if name == "Solarize":
        share = max(0.0, 1 - strength)
        return alike.solarized(build, (255 * share, 255.0 if strength >= 1 else 255 * share), where, 1.0)
    if name == "AutoContrast":
        return build.borrowed("AutoContrast", where, method="pil")
    return (
        build.native("invert", where) if name == "Invert" else build.borrowed("Equalize", where, mode="pil")
    )


_FACTORS = {"Brightness": "brightness", "Contrast": "contrast", "Color": "saturation"}
_STILL: dict[str, Any] = {
    "brightness": [1.0, 1.0], "contrast": [1.0, 1.0], "saturation": [1.0, 1.0], "hue": [0.0, 0.0]
}  # fmt: skip


def _corner_shear(build: Builder, name: str, k: float, where: str) -> Nodes:
    """Lean about the top left corner, as this family does: the middle is shifted by half as much."""
    degrees = math.degrees(math.atan(k))
    axis, far = name[-1].lower(), k / 2 * build.frame.longest
    build.note(where, f"{name} leans about the corner; augkit leans about the middle and shifts besides")
    lean: dict[str, Any] = {f"{axis}_degrees": (-degrees, degrees)}
    moved: dict[str, Any] = {axis: _clipped((-far, far))}
    return (*build.native("shear", where, **lean), *build.native("shift", where, **moved))


def _clipped(ends: Range) -> Range:
    return max(-1.0, ends[0]), min(1.0, ends[1])


def sharpness(least: float, most: float, frame: Frame) -> Reach:
    """Declare factors of Pillow's sharpness: below 1 a blur of a pixel and less, above 1 detail raised over a
    mean to which a pixel itself adds 5 parts of 13.
    """
    soft = blurred(frame, 0.85 * max(0.0, 1 - least))
    return soft.either(raised(max(0.0, most - 1) * 8 / 13))

"""What PyTorch weights that do not fit a network most likely are, worded as the end of an error."""

from __future__ import annotations

import math
from collections.abc import Mapping

from models.presets import PRESETS, Preset

Shape = tuple[int, ...]


def of_another_preset(found: Mapping[str, Shape], own: Mapping[str, Shape]) -> str:
    """Name the presets whose convolutions the tensors of a file have, where those of the network differ.

    `found` and `own` are the shapes of the file's tensors and of the network's, by name.
    """
    kernels, normalised = _kind(found)
    if not kernels or (kernels, normalised) == _kind(own):
        return ""
    names = [
        name
        for name, spec in PRESETS.items()
        if kernels == _kernels(spec, kernels[0][1]) and normalised == ("batchnorm" in spec.before)
    ]
    presets, calls = " and ".join(map(repr, names)), " or ".join(f"alexnet({name!r})" for name in names)
    return f"; these are the shapes of {presets}: {calls}" if names else ""


def _kind(shapes: Mapping[str, Shape]) -> tuple[list[Shape], bool]:
    """Return the shapes of the convolutions, and whether there is batch normalisation."""
    kernels = [shape for shape in shapes.values() if len(shape) == 4]
    return kernels, any(name.endswith("running_mean") for name in shapes)


def _kernels(spec: Preset, channels: int) -> list[Shape]:
    """List the shapes of a preset's kernels in PyTorch, for pictures of so many channels."""
    kernels: list[Shape] = []
    for conv in spec.convs:
        kernels.append((conv.filters, channels // conv.groups, conv.kernel, conv.kernel))
        channels = conv.filters
    return kernels


def of_a_kernel(got: Shape, wanted: Shape) -> str:
    """Say whether a convolution differs in its groups alone."""
    if len(got) != 4 or (got[0], *got[2:]) != (wanted[0], *wanted[2:]):
        return ""
    if got[1] == 2 * wanted[1]:
        return "; it has one group, where the network has two"
    if 2 * got[1] == wanted[1]:
        return "; it has two groups, where the network has one"
    return ""


def of_other_pictures(got: Shape, wanted: Shape, cube: Shape | None) -> str:
    """Say what size the first dense layer sees; `cube` is height, width and channels of what ours sees."""
    if cube is None or len(got) != 2 or got[1] == wanted[1]:
        return ""
    height, width, channels = cube
    side = math.isqrt(got[1] // channels)
    fits = f" ({side} x {side} x {channels})" if side * side * channels == got[1] else ""
    ours = f"{wanted[1]} ({height} x {width} x {channels})"
    return f"; it sees {got[1]} inputs{fits}, the network {ours}: for pictures of another size, input_shape="


def of_other_classes(got: Shape, wanted: Shape) -> str:
    """Say how a last layer of other classes is left out."""
    same = len(got) == len(wanted) and got[1:] == wanted[1:]
    return "; for other classes, keep the last layer: top=False" if same else ""

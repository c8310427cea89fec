"""Ops of augkit that do what transforms of other tools do, or nearly: how far they part is said in a note.

Each returns None where they part too far, or where what is needed is not known.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from augkit.interchange import framed
from augkit.interchange.builder import Builder, Range
from augkit.ops.tone import Gamma, Posterize
from augkit.steps import Node

Nodes = tuple[Node, ...]

_NEAR = 16
"""Tones that are farther apart than so many levels of 255 are not the same."""

_EDGES = "it mirrors the picture at its edges; augkit continues them"


def gamma_apart(exponents: Range) -> int | None:
    """Return how many levels a gamma is at most from the same power taken from black itself; None where that
    is too many, or augkit takes no such exponent.
    """
    if exponents[0] < 0.1 or exponents[1] > 10:
        return None
    x = np.arange(256) / 255
    curves = ((Gamma(exponent=(g, g)).levels(x, {"exponent": g}), x**g) for g in np.linspace(*exponents, 9))
    return _levels(max(float(np.abs(one - other).max()) for one, other in curves))


def posterize_apart(bits: int) -> int | None:
    """Return how many levels the nearest of few is at most from the one that is left by cutting bits off."""
    at = np.arange(256)
    nearest = Posterize(bits=(bits, bits)).levels(at / 255, {"bits": float(bits)})
    return _levels(float(np.abs(nearest - (at >> (8 - bits) << (8 - bits)) / 255).max()))


def _levels(apart: float) -> int | None:
    levels = math.ceil(255 * apart - 1e-9)
    return levels if levels <= _NEAR else None


def gamma(build: Builder, exponents: Range, where: str, p: float) -> Nodes | None:
    """Raise tones to a power, from black itself."""
    apart = gamma_apart(exponents)
    if apart is None:
        return None
    build.note(where, f"augkit takes the power a little above black: up to {apart} levels apart")
    return build.native("gamma", where, p=p, exponent=exponents)


def solarized(build: Builder, levels: Range, where: str, p: float) -> Nodes:
    """Invert from a level (0 to 256) upwards."""
    low, high = (min(max(level / 256, 0.0), 1.0) for level in levels)
    return build.native("solarize", where, p=p, threshold=(low, high))


def posterized(build: Builder, bits: int, where: str, p: float) -> Nodes | None:
    """Cut low bits off."""
    if bits >= 8:
        return ()
    apart = posterize_apart(bits) if bits >= 1 else None
    if apart is None:
        return None
    build.note(where, f"it cuts bits off, which darkens: up to {apart} levels apart from augkit")
    return build.native("posterize", where, p=p, bits=(float(bits), float(bits)))


def blurred(build: Builder, sigmas: Range, where: str, p: float, *, kernel: float = math.inf) -> Nodes | None:
    """Blur with a Gaussian of some pixels; a kernel that reaches three sigma is as good as any."""
    pixels = framed.side(build)
    if pixels is None or kernel // 2 < 3 * sigmas[1] or sigmas[1] / pixels > 0.25:
        return None
    build.note(where, _EDGES)
    return build.native("blur", where, p=p, sigma=(sigmas[0] / pixels, sigmas[1] / pixels))


def median(build: Builder, windows: Range, where: str, p: float) -> Nodes | None:
    """Take the median of a window of an odd number of pixels, all odd numbers of a range as likely."""
    pixels = framed.side(build)
    if pixels is None or windows[0] % 2 == 0 or windows[1] % 2 == 0 or windows[1] + 2 > pixels / 2:
        return None
    ends = (windows[0] / 2 / pixels, (windows[1] + (1.999 if windows[1] > windows[0] else 0)) / 2 / pixels)
    return build.native("median_blur", where, p=p, radius=ends)


def coloured(build: Builder, factors: dict[str, Any], where: str, p: float) -> Nodes | None:
    """Change the saturation alone, or the hue (a share of the circle) alone."""
    still = {"brightness": 1.0, "contrast": 1.0, "saturation": 1.0, "hue": 0.0}
    moving = {name: ends for name, ends in factors.items() if ends != (still[name],) * 2}
    if set(moving) == {"saturation"}:
        if moving["saturation"][1] > 1:
            build.note(where, "colours beyond what a pixel can hold are clipped there and held back here")
        return build.native("saturation", where, p=p, factor=moving["saturation"])
    if set(moving) == {"hue"}:
        low, high = moving["hue"]
        return build.native("hue", where, p=p, degrees=(360 * low, 360 * high))
    return None


def noisy(build: Builder, sigmas: Range, where: str, p: float) -> Nodes:
    """Add normal noise of its own to every pixel and channel."""
    return build.native("noise", where, p=p, sigma=sigmas)


def erased(
    build: Builder, holes: int, wide: Range, high: Range, fill: float, where: str, p: float
) -> Nodes | None:
    """Paint over some rectangles, their sides shares of the picture's or, from 1 on, pixels."""
    if max(wide[1], high[1]) >= 1:
        pixels = framed.pixels(build)
        if pixels is None or wide[1] > pixels[0] or high[1] > pixels[1]:
            return None
        wide, high = (wide[0] / pixels[0], wide[1] / pixels[0]), (high[0] / pixels[1], high[1] / pixels[1])
    level = (float(fill), float(fill))
    hole = build.native("erase", where, width=wide, height=high, fill=level)
    return build.group(hole * holes, where, p=p)

"""Keras layers that change tones, colours and detail, or hide a part."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from augkit.interchange import alike
from augkit.interchange.builder import Builder, Range
from augkit.interchange.rand_augment import sharpness as sharpness_reach
from augkit.intervals import Interval
from augkit.ops.borrowed.frame import line, up_to
from augkit.reach import Reach
from augkit.steps import Node

Nodes = tuple[Node, ...]
Config = Mapping[str, Any]


def ends(factor: Any, low: float, high: float) -> Range:
    """Return a factor as Keras takes it: one number stands for both signs, as far as the bounds allow."""
    if isinstance(factor, list | tuple):
        first, second = sorted(float(v) for v in factor)
        return first, second
    size = abs(float(factor or 0.0))
    return max(-size, low), min(size, high)


def brightness(build: Builder, config: Config, where: str) -> Nodes:
    """Add a share of the full range."""
    return build.native("brightness", where, shift=ends(config["factor"], -1, 1))


def contrast(build: Builder, config: Config, where: str) -> Nodes:
    """Change contrast about each picture's own mean, by 1 - low to 1 + high; one number f is (0, f), which
    never lowers it.
    """
    low, high = ends(config["factor"], 0, 1)
    return build.borrowed(
        "ColorJitter", where, brightness=[1.0, 1.0], saturation=[1.0, 1.0], hue=[0.0, 0.0],
        contrast=sorted([max(0.0, 1 - low), 1 + high]),
    )  # fmt: skip


def hue(build: Builder, config: Config, where: str) -> Nodes:
    """Turn hues; a factor of 1 is half the circle."""
    far = 180 * max(map(abs, ends(config["factor"], 0, 1)))
    return build.native("hue", where, degrees=(-far, far))


def saturation(build: Builder, config: Config, where: str) -> Nodes:
    """Multiply by f / (1 - f): 0.5 leaves colours as they are, and 1 knows no bound."""
    low, high = (end / (1 - end) if end < 1 else math.inf for end in ends(config["factor"], 0, 1))
    reach = Reach(saturation=Interval(min(1.0, low), max(1.0, high)))
    return build.declared("RandomSaturation", reach, where)


def degeneration(build: Builder, config: Config, where: str) -> Nodes:
    """Blend with grey, or away from it."""
    low, high = ends(config["factor"], -1, 1)
    return build.native("saturation", where, factor=(1 - high, 1 - low))


def jitter(build: Builder, config: Config, where: str) -> Nodes:
    """Change brightness, contrast, saturation and hue, one after the other."""
    readers = {"brightness": brightness, "contrast": contrast, "saturation": saturation, "hue": hue}
    steps: list[Node] = []
    for key, reader in readers.items():
        factor = config.get(f"{key}_factor")
        if factor is not None:
            steps += reader(build, {"factor": factor}, where)
    return tuple(steps)


def chance(config: Config) -> float:
    """Return how often a layer acts that draws its own probability from its factor."""
    low, high = ends(config.get("factor", 1.0), -1, 1)
    if low >= 0:
        return (low + high) / 2
    return max(0.0, high) ** 2 / (2 * (high - low)) if high > low else 0.0


def invert(build: Builder, config: Config, where: str) -> Nodes:
    """Invert, with a probability that it draws itself."""
    return build.native("invert", where, p=chance(config))


def grey(build: Builder, config: Config, where: str) -> Nodes:
    """Take the colour out, with probability `factor`."""
    return build.native("grey", where, p=float(config.get("factor", 0.5)))


def posterization(build: Builder, config: Config, where: str) -> Nodes:
    """Leave few bits."""
    low, high = ends(config["factor"], 1, 8)
    bits = [int(low), max(int(low), int(high) - (1 if high > low else 0))]
    native = alike.posterized(build, bits[0], where, 1.0) if bits[0] == bits[1] else None
    if native is not None:
        return native
    return build.borrowed("Posterize", where, num_bits=bits) if bits[0] < 8 else ()


def solarization(build: Builder, config: Config, where: str) -> Nodes:
    """Add, then invert what is above a threshold."""
    added = ends(config.get("addition_factor", 0.0), 0, 1)[1]
    low, high = ends(config.get("threshold_factor", 0.0), 0, 1)
    if not added:  # Keras counts the low end in levels and the high end in shares of 255
        return alike.solarized(build, (low, 255 * high), where, 1.0)
    keeps_dark = high > 0
    reach = line(-1, 1 if keeps_dark else -1, -added, added)
    return build.declared("Solarization", reach, where)


def sharpness(build: Builder, config: Config, where: str) -> Nodes:
    """Blend with a picture smoothed by a pixel, or away from it."""
    low, high = ends(config["factor"], 0, 1)
    return build.declared("RandomSharpness", sharpness_reach(2 * low, 2 * high, build.frame), where)


def blur(build: Builder, config: Config, where: str) -> Nodes:
    """Blur by a number of pixels."""
    low, sigma = ends(config.get("sigma", 1.0), 0, math.inf)
    size = config.get("kernel_size", 3)
    kernel = min(size) if isinstance(size, list | tuple) else size
    native = alike.blurred(build, (low, sigma), where, chance(config), kernel=kernel)
    if native is not None:
        return native
    reach = Reach(blur=up_to(build.frame.share(sigma)))
    return build.declared("RandomGaussianBlur", reach, where, p=chance(config))


def erasing(build: Builder, config: Config, where: str) -> Nodes:
    """Paint over a rectangle, each side the root of a drawn share."""
    most = max(ends(config.get("scale", (0.02, 0.33)), 0, 1))
    least = min(ends(config.get("scale", (0.02, 0.33)), 0, 1))
    sides = (math.sqrt(max(0.0, least)), math.sqrt(most))
    fill = config.get("fill_value")
    if fill is None:
        build.note(where, "it fills with noise; augkit with one level")
    level = 0.0 if fill is None else float(fill)
    p = chance(config)
    return build.native("erase", where, p=p, width=sides, height=sides, fill=(level, level))


def autocontrast(build: Builder, config: Config, where: str) -> Nodes:
    """Spread the tones over the full range."""
    return build.borrowed("AutoContrast", where, method="pil")


def equalization(build: Builder, config: Config, where: str) -> Nodes:
    """Spread the tones by the histogram."""
    return build.borrowed("Equalize", where, mode="pil")


def clahe(build: Builder, config: Config, where: str) -> Nodes:
    """Spread the tones tile by tile."""
    return build.borrowed(
        "CLAHE", where, clip_limit=[max(1.0, float(config["clip_limit"]))] * 2,
        tile_grid_size=[int(v) for v in config["tile_grid_size"]],
    )  # fmt: skip

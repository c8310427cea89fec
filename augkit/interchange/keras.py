"""Keras preprocessing layers as policies, read by their configurations."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping
from typing import Any

from augkit.interchange import framed
from augkit.interchange import keras_colours as colours
from augkit.interchange.builder import LEFT_OUT, Builder, Converted, Range
from augkit.interchange.keras_colours import ends
from augkit.intervals import Interval
from augkit.ops.borrowed.frame import BENT, up_to
from augkit.ops.borrowed.moved import sheared
from augkit.ops.crops import CentreCrop
from augkit.ops.framing import Pad
from augkit.ops.geometric import Shift
from augkit.ops.op import Op
from augkit.reach import IMAGES, Reach
from augkit.steps import Node

Nodes = tuple[Node, ...]
Config = Mapping[str, Any]

_INPUTS = ("InputLayer", "Rescaling", "Normalization", "MaxNumBoundingBoxes", "Identity")
_UNSEEN = {"AugMix": "it blends chains of other layers, whose reach nobody has declared"}


def read(pipeline: Any, *, task: str, file: str, aspect: Interval, side: int) -> Converted:
    """Read a `Sequential`, a `Pipeline`, one layer, or a list of them; objects or configurations."""
    build = Builder(file, "Keras", aspect, side)
    steps = (_layer(build, layer, path) for layer, path in _layers(pipeline, ""))
    return build.finish(tuple(itertools.chain.from_iterable(steps)), task)


def _layers(given: Any, path: str) -> list[tuple[dict[str, Any], str]]:
    """Return the configurations of all layers, nested ones in their place, with the place of each."""
    if isinstance(given, list | tuple):
        prefix = f"{path}." if path else ""
        nested = (_layers(layer, f"{prefix}layers[{i}]") for i, layer in enumerate(given))
        return list(itertools.chain.from_iterable(nested))
    if isinstance(given, Mapping):
        name, config = str(given.get("class_name", "")), given.get("config", {})
    else:
        name, config = type(given).__name__, given.get_config()
    if "layers" in config and name in ("Sequential", "Functional", "Model", "Pipeline"):
        return _layers(list(config["layers"]), path)
    return [({"class_name": name, "config": config}, path)]


def _layer(build: Builder, layer: dict[str, Any], path: str) -> Nodes:
    name, config = layer["class_name"], layer["config"]
    where = f"{build.file}: {path} {name}".replace(":  ", ": ")
    if name in _INPUTS:
        build.note(where, LEFT_OUT)
        return ()
    if name not in READERS:
        return build.unknown(name, where, _UNSEEN.get(name, "augkit does not know it"))
    return READERS[name](build, config, where)


def _border(build: Builder, config: Config, where: str) -> str:
    """Take note of what a layer shows outside the picture, and return it."""
    kinds = {"constant": "constant", "nearest": "edge"}
    mode = str(config.get("fill_mode", "reflect"))
    build.border(where, kinds.get(mode, mode), config.get("fill_value", 0.0))
    return mode


def _flip(build: Builder, config: Config, where: str) -> Nodes:
    """Flip one picture in two: with both axes by one draw, which makes a half turn and never a mirror."""
    mode = config.get("mode", "horizontal_and_vertical")
    if mode == "horizontal":
        return build.native("flip_horizontal", where, p=0.5)
    if mode == "vertical":
        return build.native("flip_vertical", where, p=0.5)
    both = (*build.native("flip_horizontal", where), *build.native("flip_vertical", where))
    build.note(where, "it flips both axes by one draw: a picture or its half turn, and never a mirror image")
    return build.group(both, where, p=0.5)


def _rotation(build: Builder, config: Config, where: str) -> Nodes:
    """Turn by a share of the full circle, counter-clockwise."""
    low, high = (360 * end for end in ends(config["factor"], -1, 1))
    _border(build, config, where)
    if max(abs(low), abs(high)) > 180:
        build.note(where, f"turns of {low:g} to {high:g} degrees go round; augkit turns by any angle")
        low, high = -180.0, 180.0
    return build.native("rotate", where, degrees=(low, high))


def _translation(build: Builder, config: Config, where: str) -> Nodes:
    """Shift by shares of the sides; a positive height factor shifts down."""
    up, down = ends(config["height_factor"], -1, 1)
    left, right = ends(config["width_factor"], -1, 1)
    _border(build, config, where)
    return build.native("shift", where, x=(left, right), y=(-down, -up))


def _zoom(build: Builder, config: Config, where: str) -> Nodes:
    """Scale the *sampling* by 1 + factor: a positive factor shrinks the picture."""
    _border(build, config, where)
    down = _scales(config["height_factor"])
    across = None if config.get("width_factor") is None else _scales(config["width_factor"])
    if down is None or (config.get("width_factor") is not None and across is None):
        return build.unknown("RandomZoom", where, "a factor of -1 enlarges without end")
    if down[0] < down[1] or (across is not None and across[0] < across[1]):
        build.note(where, "it draws the inverse of the zoom evenly; augkit draws the zoom evenly")
    if across is None:
        return build.native("zoom", where, factor=down)
    return build.native("zoom", where, x=across, y=down)


def _scales(factor: Any) -> Range | None:
    low, high = (1 + end for end in ends(factor, -1, math.inf))
    return (1 / high, 1 / low) if low > 0 else None


def _shear(build: Builder, config: Config, where: str) -> Nodes:
    """Lean about the top left corner, so that the middle moves too; one draw in two leans the other way."""
    x, y = (ends(config[key], -1, 1) for key in ("x_factor", "y_factor"))
    leant = shear_reach(x, y, build)
    reflects = _border(build, config, where) == "reflect" and leant != Reach()
    return build.declared("RandomShear", IMAGES.then(leant) if reflects else leant, where)


def shear_reach(x: Range, y: Range, build: Builder) -> Reach:
    """Declare samples taken at x + kx·y, y + ky·x, the origin in the top left corner."""
    k, m = (max(map(abs, factor)) for factor in (x, y))
    if k == m == 0:
        return Reach()
    leans = [(-math.degrees(math.atan(far)), math.degrees(math.atan(far))) for far in (k, m)]
    wide = build.frame.longest
    moved = Shift(
        x=(-min(1.0, k * wide / 2), min(1.0, k * wide / 2)),
        y=(-min(1.0, m * wide / 2), min(1.0, m * wide / 2)),
    )
    if k * m >= 0.9:
        return BENT
    grown = Reach(zoom=Interval((1 + k * m) ** -0.5, (1 - k * m) ** -0.5), kept=Interval(1 - k * m, 1))
    leaning = sheared(leans[0], leans[1], build.frame)
    plain = Reach(turn=leaning.turn, stretch=leaning.stretch, kept=leaning.kept)
    return plain.then(grown).then(moved.effects(build.frame.aspect))


def _bent(name: str) -> Callable[[Builder, Config, str], Nodes]:
    return lambda build, config, where: build.declared(name, BENT, where, p=colours.chance(config))


def _crop(build: Builder, config: Config, where: str) -> Nodes:
    height, width = int(config["height"]), int(config["width"])
    return framed.anywhere(build, where, width, height) or _borrowed_crop(build, width, height, where)


def _middle(build: Builder, config: Config, where: str) -> Nodes:
    height, width = int(config["height"]), int(config["width"])
    return framed.middle(build, where, width, height) or _borrowed_crop(build, width, height, where)


def _borrowed_crop(build: Builder, width: int, height: int, where: str) -> Nodes:
    made = build.borrowed("RandomCrop", where, height=height, width=width, pad_if_needed=True)
    build.became(width, height)
    return made


def _resizing(build: Builder, config: Config, where: str) -> Nodes:
    """Scale to a size; another shape is stretched, cut to the wanted one first, or laid into it."""
    height, width = int(config["height"]), int(config["width"])
    shaped: Op | None = None
    if config.get("crop_to_aspect_ratio"):
        shaped = CentreCrop(aspect=width / height)
    elif config.get("pad_to_aspect_ratio"):
        shaped = Pad(aspect=width / height)
        _border(build, {"fill_mode": "constant", **config}, where)
    before = build.frame.aspect
    filter_ = framed.FILTERS.get(str(config.get("interpolation", "bilinear")), "linear")
    native = framed.sized(build, where, width, height, filter_)
    if native is not None:
        word = "centre_crop" if isinstance(shaped, CentreCrop) else "pad"
        return native if shaped is None else (*build.native(word, where, aspect=width / height), *native)
    if shaped is None:
        made = build.borrowed("Resize", where, height=height, width=width)
    else:
        across = Reach(pixels=Interval(min(width, height), math.inf))
        made = build.declared("Resizing", shaped.effects(before).then(across), where)
    build.became(width, height)
    return made


def _mixing(name: str) -> Callable[[Builder, Config, str], Nodes]:
    covered = up_to(1) if name == "CutMix" else up_to(0)
    reach = Reach(blended=up_to(1), covered=covered)
    return lambda build, config, where: build.declared(name, reach, where)


def _rand_augment(build: Builder, config: Config, where: str) -> Nodes:
    """Draw `num_ops` times among eleven layers; a layer drawn twice repeats its draw."""
    factor = ends(config.get("factor", 0.5), 0, 1)
    both = {"x_factor": factor, "y_factor": factor, "height_factor": factor, "width_factor": factor}
    common = {**both, "factor": factor, "addition_factor": factor, "threshold_factor": factor}
    names = (
        "RandomShear", "RandomTranslation", "RandomRotation", "RandomBrightness", "RandomColorDegeneration",
        "RandomContrast", "RandomSharpness", "RandomPosterization", "Solarization", "AutoContrast",
        "Equalization",
    )  # fmt: skip
    bits = (1, max(1, int(8 * factor[1])))
    branches = [
        READERS[name](build, {**common, "factor": bits} if name == "RandomPosterization" else common, where)
        for name in names
    ]
    if int(config.get("num_ops", 2)) > 1:
        build.note(where, "a layer drawn twice repeats its numbers; augkit draws them anew")
    return tuple(node for _ in range(int(config.get("num_ops", 2))) for node in build.one_of(branches, where))


READERS: dict[str, Callable[[Builder, Config, str], Nodes]] = {
    "RandomFlip": _flip,
    "RandomRotation": _rotation,
    "RandomTranslation": _translation,
    "RandomZoom": _zoom,
    "RandomShear": _shear,
    "RandomPerspective": _bent("RandomPerspective"),
    "RandomElasticTransform": _bent("RandomElasticTransform"),
    "RandomCrop": _crop,
    "CenterCrop": _middle,
    "Resizing": _resizing,
    "RandomBrightness": colours.brightness,
    "RandomContrast": colours.contrast,
    "RandomHue": colours.hue,
    "RandomSaturation": colours.saturation,
    "RandomColorDegeneration": colours.degeneration,
    "RandomColorJitter": colours.jitter,
    "RandomGrayscale": colours.grey,
    "RandomInvert": colours.invert,
    "RandomPosterization": colours.posterization,
    "Solarization": colours.solarization,
    "RandomSharpness": colours.sharpness,
    "RandomGaussianBlur": colours.blur,
    "RandomErasing": colours.erasing,
    "AutoContrast": colours.autocontrast,
    "Equalization": colours.equalization,
    "ContrastLimitedAdaptiveHistogramEqualization": colours.clahe,
    "RandAugment": _rand_augment,
    "MixUp": _mixing("MixUp"),
    "CutMix": _mixing("CutMix"),
}

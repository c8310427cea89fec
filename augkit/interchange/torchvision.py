"""torchvision pipelines, v1 and v2, as policies.

Objects are read by the names of their classes and attributes, so that torchvision need not be installed.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable
from typing import Any

from augkit.interchange import alike
from augkit.interchange import torchvision_frames as frames
from augkit.interchange.builder import LEFT_OUT, Builder, Converted, Range
from augkit.interchange.rand_augment import auto_augment, rand_augment, sharpness, trivial_augment
from augkit.intervals import Interval
from augkit.ops.borrowed.colour import jitter
from augkit.ops.borrowed.frame import bent_by, pair, up_to
from augkit.ops.borrowed.warped import perspective_within
from augkit.reach import Reach
from augkit.steps import Node

Nodes = tuple[Node, ...]

_TYPES = frozenset({
    "ToTensor", "PILToTensor", "ToPILImage", "ToImage", "ToDtype", "ToPureTensor", "ConvertImageDtype",
    "ConvertDtype", "ConvertImageDType", "Normalize", "RGB", "Identity", "ToImageTensor", "ToImagePIL",
})  # fmt: skip
_NEED_MORE = {
    "Lambda": "it runs a function, of which nothing is known",
    "LinearTransformation": "it mixes all pixels by a matrix of its own",
    "FiveCrop": "it makes several pictures of one",
    "TenCrop": "it makes several pictures of one",
    "RandomIoUCrop": "it needs boxes",
    "AugMix": "it blends chains of other steps, whose reach nobody has declared",
}
_MAX_ORDERS = 24


def read(pipeline: Any, *, task: str, file: str, aspect: Interval, side: int) -> Converted:
    """Read a `Compose`, one transform, or a list of them."""
    build = Builder(file, "torchvision", aspect, side)
    return build.finish(_node(build, pipeline, ""), task)


def _node(build: Builder, t: Any, path: str) -> Nodes:
    name = "Sequential" if isinstance(t, list | tuple) else type(t).__name__
    where = f"{build.file}: {path} {name}".replace(":  ", ": ")
    if name in ("Compose", "Sequential", "ModuleList"):
        return tuple(itertools.chain.from_iterable(_children(build, t, path)))
    if name in _GROUPS:
        with build.choice():
            return _GROUPS[name](build, t, path, where)
    if name in _TYPES:
        build.note(where, LEFT_OUT)
        return ()
    if name in READERS:
        return READERS[name](build, t, where)
    return build.unknown(name, where, _NEED_MORE.get(name, "augkit does not know it"))


def _children(build: Builder, t: Any, path: str) -> Iterable[Nodes]:
    inner = t if isinstance(t, list | tuple) else getattr(t, "transforms", None)
    inner = list(t.children() if inner is None and hasattr(t, "children") else inner or [])
    prefix = f"{path}." if path else ""
    for i, child in enumerate(inner):
        yield _node(build, child, f"{prefix}transforms[{i}]")


def _apply(build: Builder, t: Any, path: str, where: str) -> Nodes:
    inner = itertools.chain.from_iterable(_children(build, t, path))
    return build.group(inner, where, p=float(t.p))


def _choice(build: Builder, t: Any, path: str, where: str) -> Nodes:
    odds = getattr(t, "p", None)
    if odds is not None and len({round(float(p), 9) for p in odds}) > 1:
        build.note(where, "the odds of its transforms differ; augkit draws evenly among them")
    branches = [
        branch
        for branch, chance in zip(_children(build, t, path), odds or itertools.repeat(1.0), strict=False)
        if chance
    ]
    return build.one_of(branches, where)


def _order(build: Builder, t: Any, path: str, where: str) -> Nodes:
    branches = [branch for branch in _children(build, t, path) if branch]
    if len(branches) <= 1:
        return branches[0] if branches else ()
    orders = list(itertools.islice(itertools.permutations(branches), _MAX_ORDERS + 1))
    if len(orders) > _MAX_ORDERS:
        build.note(where, "its orders are too many to list; augkit draws each step anew")
        return tuple(node for _ in branches for node in build.one_of(branches, where))
    return build.one_of([tuple(itertools.chain.from_iterable(order)) for order in orders], where)


_GROUPS: dict[str, Callable[[Builder, Any, str, str], Nodes]] = {
    "RandomApply": _apply,
    "RandomChoice": _choice,
    "RandomOrder": _order,
}


def _rotation(build: Builder, t: Any, where: str) -> Nodes:
    frames.borders(build, t, where)
    low, high = pair(tuple(t.degrees))
    if t.expand:
        build.note(where, "expand=True lets the frame grow; the pictures then have different sizes")
        reach = Reach(zoom=Interval(0.5, 1))
        return (*turned(build, (low, high), where), *build.declared("expand", reach, where))
    if getattr(t, "center", None) is not None:
        return build.unknown("RandomRotation", where, "it turns about a point of its own")
    return turned(build, (low, high), where)


def turned(build: Builder, ends: Range, where: str, *, p: float = 1.0) -> Nodes:
    """Turn by degrees, which may go round."""
    if max(map(abs, ends)) > 180:
        build.note(where, f"turns of {list(ends)} degrees go round; augkit turns evenly by any angle")
        ends = (-180.0, 180.0)
    return build.native("rotate", where, p=p, degrees=ends)


def _affine(build: Builder, t: Any, where: str) -> Nodes:
    """Lean, zoom, turn (clockwise!) and shift, in torchvision's order."""
    frames.borders(build, t, where)
    if getattr(t, "center", None) is not None:
        return build.unknown("RandomAffine", where, "it turns about a point of its own")
    low, high = pair(tuple(t.degrees))
    shear = [float(v) for v in t.shear] if t.shear is not None else []
    x = (shear[0], shear[1]) if shear else (0.0, 0.0)
    y = (shear[2], shear[3]) if len(shear) == 4 else (0.0, 0.0)
    far = t.translate or (0.0, 0.0)
    return (
        *build.native("shear", where, x_degrees=x, y_degrees=y),
        *build.native("zoom", where, factor=pair(tuple(t.scale)) if t.scale is not None else (1.0, 1.0)),
        *turned(build, (-high, -low), where),
        *build.native("shift", where, x=(-far[0], far[0]), y=(-far[1], far[1])),
    )


def _perspective(build: Builder, t: Any, where: str) -> Nodes:
    """Move each corner inwards by up to half the distortion."""
    frames.borders(build, t, where)
    return build.declared(
        "RandomPerspective",
        perspective_within(t.distortion_scale / 2, build.frame, shrinks=True),
        where,
        p=t.p,
    )


def _colours(build: Builder, t: Any, where: str) -> Nodes:
    names = ("brightness", "contrast", "saturation", "hue")
    still = {"hue": [0.0, 0.0]}
    given: dict[str, Any] = {
        name: still.get(name, [1.0, 1.0]) if getattr(t, name) is None else [*pair(tuple(getattr(t, name)))]
        for name in names
    }
    factors = {name: pair(given[name]) for name in names}
    return alike.coloured(build, factors, where, 1.0) or build.borrowed("ColorJitter", where, **given)


def _photometric(build: Builder, t: Any, where: str) -> Nodes:
    ranges = [pair(tuple(getattr(t, n))) for n in ("brightness", "contrast", "saturation", "hue")]
    reach = Reach().either(jitter(*ranges)).then(Reach(channels=up_to(1)))
    return build.declared("RandomPhotometricDistort", reach, where)


def _grey(build: Builder, t: Any, where: str) -> Nodes:
    return build.native("grey", where, p=float(getattr(t, "p", 1.0)))


def _erasing(build: Builder, t: Any, where: str) -> Nodes:
    """Paint over a rectangle; torchvision's ratio is height over width."""
    low, high = pair(tuple(t.ratio))
    if t.value not in (0, "random"):
        build.note(where, f"it fills with {t.value!r} of a normalised tensor; augkit with black")
    fill: Any = "random" if t.value == "random" else 0
    return build.borrowed(
        "Erasing", where, p=t.p, scale=[*pair(tuple(t.scale))], ratio=[1 / high, 1 / low], fill=fill
    )


def _gaussian(build: Builder, t: Any, where: str) -> Nodes:
    size = max(
        int(v) for v in (t.kernel_size if isinstance(t.kernel_size, list | tuple) else [t.kernel_size])
    )
    sigmas = pair(tuple(t.sigma))
    native = alike.blurred(build, sigmas, where, 1.0, kernel=size)
    if native is not None:
        return native
    return build.borrowed("GaussianBlur", where, blur_limit=[size, size], sigma_limit=[*sigmas])


def _sharpness(build: Builder, t: Any, where: str) -> Nodes:
    factor = float(t.sharpness_factor)
    return build.declared("RandomAdjustSharpness", sharpness(factor, factor, build.frame), where, p=t.p)


def _elastic(build: Builder, t: Any, where: str) -> Nodes:
    """Bend by `alpha` pixels of smoothed even noise."""
    alphas, sigmas = (
        [float(v) for v in (value if isinstance(value, list | tuple) else [value])]
        for value in (t.alpha, t.sigma)
    )
    frames.borders(build, t, where)
    slope = 2 * max(alphas) * math.sqrt(2 / math.pi) / max(min(sigmas), 1e-6)
    reach = bent_by(slope, build.frame.share(max(alphas)) * math.sqrt(2))
    return build.declared("ElasticTransform", reach, where)


def _jpeg(build: Builder, t: Any, where: str) -> Nodes:
    low, high = pair(t.quality if isinstance(t.quality, int) else tuple(t.quality))
    return build.native("jpeg", where, quality=(low, high))


def _noise(build: Builder, t: Any, where: str) -> Nodes:
    if t.mean == 0:
        return alike.noisy(build, (float(t.sigma), float(t.sigma)), where, 1.0)
    reach = Reach(noise=up_to(float(t.sigma)), brightness=Interval(float(t.mean), float(t.mean)))
    return build.declared("GaussianNoise", reach, where)


def _mixing(build: Builder, t: Any, where: str) -> Nodes:
    covered = up_to(1) if type(t).__name__ == "CutMix" else up_to(0)
    return build.declared(type(t).__name__, Reach(blended=up_to(1), covered=covered), where)


def _one(word: str) -> Callable[[Builder, Any, str], Nodes]:
    return lambda build, t, where: build.native(word, where, p=float(t.p))


def _like(name: str, **arguments: Any) -> Callable[[Builder, Any, str], Nodes]:
    return lambda build, t, where: build.borrowed(name, where, p=float(getattr(t, "p", 1.0)), **arguments)


def _posterize(build: Builder, t: Any, where: str) -> Nodes:
    if t.bits >= 8:
        return ()
    if t.bits < 1:
        return build.declared(
            "RandomPosterize", Reach(levels=Interval(1, 256), brightness=Interval(-1, 0)), where
        )
    native = alike.posterized(build, int(t.bits), where, t.p)
    return native if native is not None else build.borrowed("Posterize", where, p=t.p, num_bits=int(t.bits))


def _solarize(build: Builder, t: Any, where: str) -> Nodes:
    """Invert from a threshold on, which counts levels for bytes and shares for floats."""
    level = float(t.threshold) * (1 if t.threshold > 1 else 255)
    return alike.solarized(build, (level, level), where, t.p)


def _permuted(build: Builder, t: Any, where: str) -> Nodes:
    """Swap channels; one order of six is the picture's own."""
    return build.native("channel_shuffle", where, p=5 / 6)


READERS: dict[str, Callable[[Builder, Any, str], Nodes]] = {
    "RandomHorizontalFlip": _one("flip_horizontal"),
    "RandomVerticalFlip": _one("flip_vertical"),
    "RandomInvert": _one("invert"),
    "Grayscale": _grey,
    "RandomGrayscale": _grey,
    "RandomChannelPermutation": _permuted,
    "RandomEqualize": _like("Equalize", mode="pil"),
    "RandomAutocontrast": _like("AutoContrast", method="pil"),
    "RandomPosterize": _posterize,
    "RandomSolarize": _solarize,
    "RandomAdjustSharpness": _sharpness,
    "ColorJitter": _colours,
    "RandomPhotometricDistort": _photometric,
    "RandomRotation": _rotation,
    "RandomAffine": _affine,
    "RandomPerspective": _perspective,
    "ElasticTransform": _elastic,
    "RandomResizedCrop": frames.resized_crop,
    "RandomCrop": frames.crop,
    "CenterCrop": frames.crop,
    "Pad": frames.pad,
    "RandomZoomOut": frames.zoom_out,
    "Resize": frames.resize,
    "RandomResize": frames.random_resize,
    "RandomShortestSize": frames.random_resize,
    "GaussianBlur": _gaussian,
    "GaussianNoise": _noise,
    "JPEG": _jpeg,
    "RandomErasing": _erasing,
    "MixUp": _mixing,
    "CutMix": _mixing,
    "RandAugment": rand_augment,
    "TrivialAugmentWide": trivial_augment,
    "AutoAugment": auto_augment,
}

"""albumentations' transforms as steps of augkit that mean the same, or nearly: `READERS` is the table."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from augkit.interchange import alike, framed
from augkit.interchange.builder import Builder
from augkit.intervals import Interval
from augkit.ops.borrowed.frame import pair
from augkit.steps import Node

Nodes = tuple[Node, ...]
Reader = Callable[[Builder, Any, str, float], Nodes | None]
"""Reads a transform, made with its arguments, at a place, with probability p; None if nothing is like it."""

_BORDERS = {0: "constant", 1: "edge", 2: "reflect", 3: "wrap", 4: "reflect_101"}


def natively(build: Builder, name: str, t: Any, where: str, p: float) -> Nodes | None:
    """Return the steps of augkit that mean the same as a transform, or None where there are none."""
    return READERS[name](build, t, where, p) if name in READERS else None


def _nothing(build: Builder, t: Any, where: str, p: float) -> Nodes:
    return ()


def _same(word: str) -> Reader:
    return lambda build, t, where, p: build.native(word, where, p=p)


def _brightened(build: Builder, t: Any, where: str, p: float) -> Nodes | None:
    if pair(t.contrast_limit) != (0, 0) or not t.brightness_by_max or t.ensure_safe_range:
        return None
    return build.native("brightness", where, p=p, shift=pair(t.brightness_limit))


def _gamma(build: Builder, t: Any, where: str, p: float) -> Nodes | None:
    low, high = pair(t.gamma_limit)
    return alike.gamma(build, (low / 100, high / 100), where, p)


def _solarized(build: Builder, t: Any, where: str, p: float) -> Nodes:
    low, high = pair(t.threshold_range)
    return alike.solarized(build, (255 * low, 255 * high), where, p)


def _posterized(build: Builder, t: Any, where: str, p: float) -> Nodes | None:
    if isinstance(t.num_bits, list) or t.num_bits[0] != t.num_bits[1]:
        return None
    return alike.posterized(build, int(t.num_bits[0]), where, p)


def _coloured(build: Builder, t: Any, where: str, p: float) -> Nodes | None:
    factors = {name: pair(getattr(t, name)) for name in ("brightness", "contrast", "saturation", "hue")}
    return alike.coloured(build, factors, where, p)


def _greyed(build: Builder, t: Any, where: str, p: float) -> Nodes | None:
    return build.native("grey", where, p=p) if t.method == "weighted_average" else None


def _shuffled(build: Builder, t: Any, where: str, p: float) -> Nodes:
    return build.native("channel_shuffle", where, p=p * 5 / 6)


def _dropped(build: Builder, t: Any, where: str, p: float) -> Nodes | None:
    if tuple(t.channel_drop_range) != (1, 1) or t.fill != 0:
        return None
    return build.native("channel_drop", where, p=p)


def _blurred(build: Builder, t: Any, where: str, p: float) -> Nodes | None:
    whole = pair(t.blur_limit) == (0, 0)
    return alike.blurred(build, pair(t.sigma_limit), where, p) if whole else None


def _median(build: Builder, t: Any, where: str, p: float) -> Nodes | None:
    return alike.median(build, pair(t.blur_limit), where, p)


def _noisy(build: Builder, t: Any, where: str, p: float) -> Nodes | None:
    if pair(t.mean_range) != (0, 0) or not t.per_channel or t.noise_scale_factor != 1:
        return None
    return alike.noisy(build, pair(t.std_range), where, p)


def _salted(build: Builder, t: Any, where: str, p: float) -> Nodes:
    return build.native("salt_pepper", where, p=p, share=pair(t.amount), salt=pair(t.salt_vs_pepper))


def _compressed(build: Builder, t: Any, where: str, p: float) -> Nodes | None:
    if t.compression_type != "jpeg":
        return None
    return build.native("jpeg", where, p=p, quality=pair(t.quality_range))


def _erased(build: Builder, t: Any, where: str, p: float) -> Nodes | None:
    least, most = t.num_holes_range
    if least != most or not isinstance(t.fill, int | float):
        return None
    wide, high = pair(t.hole_width_range), pair(t.hole_height_range)
    return alike.erased(build, int(most), wide, high, t.fill, where, p)


def _for_all(reader: Reader) -> Reader:
    """Read a transform that changes the size, if it is done to every picture."""
    return lambda build, t, where, p: reader(build, t, where, p) if p == 1 else None


def _resized_crop(build: Builder, t: Any, where: str, p: float) -> Nodes | None:
    height, width = t.size
    filter_ = framed.FILTERS.get(t.interpolation, "linear")
    return framed.resized_crop(build, where, (width, height), pair(t.scale), pair(t.ratio), filter_)


def _resized(build: Builder, t: Any, where: str, p: float) -> Nodes | None:
    filter_ = framed.FILTERS.get(t.interpolation, "linear")
    return framed.sized(build, where, t.width, t.height, filter_, skips=t.area_for_downscale is None)


def _shorter(build: Builder, t: Any, where: str, p: float) -> Nodes | None:
    if not isinstance(t.max_size, int):
        return None
    filter_ = framed.FILTERS.get(t.interpolation, "linear")
    return framed.shorter_sized(build, where, t.max_size, filter_, skips=t.area_for_downscale is None)


def _middle(build: Builder, t: Any, where: str, p: float) -> Nodes | None:
    return framed.middle(build, where, t.width, t.height)


def _anywhere(build: Builder, t: Any, where: str, p: float) -> Nodes | None:
    return framed.anywhere(build, where, t.width, t.height)


def _padded(build: Builder, t: Any, where: str, p: float) -> Nodes | None:
    flat = [t.padding] * 4 if isinstance(t.padding, int) else [*t.padding]
    left, top, right, bottom = {2: flat * 2, 4: flat}[len(flat)]
    return _bordered(build, t, where, framed.margins(build, where, left, top, right, bottom))


def _padded_to(build: Builder, t: Any, where: str, p: float) -> Nodes | None:
    if t.position != "center" or t.min_width is None or t.min_height is None:
        return None
    return _bordered(build, t, where, framed.up_to(build, where, t.min_width, t.min_height))


def _bordered(build: Builder, t: Any, where: str, made: Nodes | None) -> Nodes | None:
    if made:
        build.border(where, _BORDERS[t.border_mode], t.fill)
    return made


def _square(name: str) -> Reader:
    return lambda build, t, where, p: _turned_square(build, name, where, p)


def _turned_square(build: Builder, name: str, where: str, p: float) -> Nodes:
    if build.frame.aspect != Interval(1, 1):
        build.note(where, "of a picture that is not square it swaps the sides; augkit keeps the frame")
    if name == "Transpose":
        return build.native("transpose", where, p=p)
    turned = build.native("quarter_turn", where, p=0.75)
    if name == "RandomRotate90":
        return build.group(turned, where, p=p)
    return build.group((*build.native("flip_horizontal", where, p=0.5), *turned), where, p=p)


def _turned(build: Builder, limit: tuple[float, float], where: str, p: float = 1.0) -> Nodes:
    if max(map(abs, limit)) > 180:
        build.note(where, f"turns of {list(limit)} degrees go round; augkit turns evenly by any angle")
        limit = (-180.0, 180.0)
    return build.native("rotate", where, p=p, degrees=limit)


def _rotated(build: Builder, t: Any, where: str, p: float) -> Nodes | None:
    if t.crop_border:
        return None
    build.border(where, _BORDERS[t.border_mode], t.fill)
    return _turned(build, pair(t.limit), where, p)


def _affine(build: Builder, t: Any, where: str, p: float) -> Nodes | None:
    """Zoom, turn, lean, shift, in albumentations' order; its y runs down."""
    x, y = pair(t.shear["x"]), pair(t.shear["y"])
    if t.fit_output or (any(x) and any(y)):
        return None
    if t.translate_px and any(any(pair(t.translate_px[axis])) for axis in "xy") and not build.knows_side:
        build.note(where, "it shifts by pixels, and how many the pictures have is not known: give --side")
    if t.balanced_scale:
        build.note(where, "balanced_scale draws shrinking and enlarging as often; augkit draws evenly")
    build.border(where, _BORDERS[t.border_mode], t.fill)
    zx, zy = pair(t.scale["x"]), pair(t.scale["y"])
    if t.keep_ratio or (zx == zy and zx[0] == zx[1]):
        zoom = build.native("zoom", where, factor=zx)
    else:
        zoom = build.native("zoom", where, x=zx, y=zy)
    shares = t.translate_percent or {
        axis: tuple(end / build.frame.side for end in pair(t.translate_px[axis])) for axis in "xy"
    }
    (left, right), (up, down) = pair(shares["x"]), pair(shares["y"])
    steps = [
        *zoom,
        *_turned(build, pair(t.rotate), where),
        *build.native("shear", where, x_degrees=x, y_degrees=y),
        *build.native("shift", where, x=(left, right), y=(-down, -up)),
    ]
    return build.group(steps, where, p=p)


READERS: dict[str, Reader] = {
    "NoOp": _nothing,
    "HorizontalFlip": _same("flip_horizontal"),
    "TimeReverse": _same("flip_horizontal"),
    "VerticalFlip": _same("flip_vertical"),
    "Transpose": _square("Transpose"),
    "RandomRotate90": _square("RandomRotate90"),
    "D4": _square("D4"),
    "SquareSymmetry": _square("SquareSymmetry"),
    "Rotate": _rotated,
    "Affine": _affine,
    "ShiftScaleRotate": _affine,
    "RandomResizedCrop": _for_all(_resized_crop),
    "RandomCrop": _for_all(_anywhere),
    "CenterCrop": _for_all(_middle),
    "Resize": _for_all(_resized),
    "SmallestMaxSize": _for_all(_shorter),
    "Pad": _for_all(_padded),
    "PadIfNeeded": _for_all(_padded_to),
    "InvertImg": _same("invert"),
    "RandomBrightnessContrast": _brightened,
    "RandomGamma": _gamma,
    "Solarize": _solarized,
    "Posterize": _posterized,
    "ColorJitter": _coloured,
    "ToGray": _greyed,
    "ChannelShuffle": _shuffled,
    "ChannelDropout": _dropped,
    "GaussianBlur": _blurred,
    "MedianBlur": _median,
    "GaussNoise": _noisy,
    "SaltAndPepper": _salted,
    "ImageCompression": _compressed,
    "CoarseDropout": _erased,
}

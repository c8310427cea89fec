"""Ops that change tones, colours and detail, or hide a part, as transforms of albumentations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from augkit.interchange import alike
from augkit.interchange.leaf import Transform, Writer, composed, leaf, listed
from augkit.interchange.moves import same
from augkit.steps import Step

_GAINS = 9

Written = list[Transform] | None
Write = Callable[[Writer, Any, Step], Written]


def _contrast(writer: Writer, op: Any, step: Step) -> list[Transform]:
    """Turn about middle grey: one transform for each of a few gains, for albumentations turns about black."""
    low, high = op.gain
    count = _GAINS if high > low else 1
    gains = [low + (high - low) * i / max(1, count - 1) for i in range(count)]
    made = [
        leaf(
            "RandomBrightnessContrast",
            contrast_limit=[gain - 1, gain - 1],
            brightness_limit=[(1 - gain) / 2, (1 - gain) / 2],
        )
        for gain in gains
    ]
    if count == 1:
        return made
    writer.note(step.where, f"contrast about middle grey is drawn among {count} even gains")
    return [composed("OneOf", made, 1.0)]


def _brightness(writer: Writer, op: Any, step: Step) -> list[Transform]:
    return [leaf("RandomBrightnessContrast", brightness_limit=listed(op.shift), contrast_limit=[0.0, 0.0])]


def _jitter(name: str, ends: tuple[float, float]) -> list[Transform]:
    still: dict[str, Any] = {
        "brightness": [1.0, 1.0],
        "contrast": [1.0, 1.0],
        "saturation": [1.0, 1.0],
        "hue": [0.0, 0.0],
    }
    return [leaf("ColorJitter", **{**still, name: listed(ends)})]


def _saturation(writer: Writer, op: Any, step: Step) -> list[Transform]:
    return _jitter("saturation", op.factor)


def _hue(writer: Writer, op: Any, step: Step) -> list[Transform]:
    return _jitter("hue", (op.degrees[0] / 360, op.degrees[1] / 360))


def _blur(writer: Writer, op: Any, step: Step) -> list[Transform] | None:
    if writer.size is None:
        return None
    side = (writer.size[0] * writer.size[1]) ** 0.5
    return [leaf("GaussianBlur", sigma_limit=[max(0.01, end * side) for end in op.sigma], blur_limit=[0, 0])]


def _noise(writer: Writer, op: Any, step: Step) -> list[Transform]:
    return [leaf("GaussNoise", std_range=listed(op.sigma))]


def _jpeg(writer: Writer, op: Any, step: Step) -> list[Transform]:
    low, high = (min(100, max(1, round(end))) for end in op.quality)
    return [leaf("ImageCompression", compression_type="jpeg", quality_range=[low, high])]


def _erase(writer: Writer, op: Any, step: Step) -> list[Transform] | None:
    if op.fill[0] != op.fill[1] or op.width[1] >= 1 or op.height[1] >= 1:
        return None
    return [
        leaf(
            "CoarseDropout", num_holes_range=[1, 1], fill=round(op.fill[0]),
            hole_height_range=listed(op.height), hole_width_range=listed(op.width),
        )
    ]  # fmt: skip


def _gamma(writer: Writer, op: Any, step: Step) -> Written:
    apart = alike.gamma_apart(op.exponent)
    if apart is None:
        return None
    writer.note(step.where, f"augkit takes the power a little above black: up to {apart} levels apart")
    return [leaf("RandomGamma", gamma_limit=[100 * end for end in op.exponent])]


def _solarize(writer: Writer, op: Any, step: Step) -> Written:
    shares = [min(1.0, end * 256 / 255) for end in op.threshold]
    if op.threshold[1] * 256 > 255:
        writer.note(step.where, "at the high end albumentations inverts white, and augkit nothing")
    return [leaf("Solarize", threshold_range=shares)]


def _posterize(writer: Writer, op: Any, step: Step) -> Written:
    bits = op.bits[0]
    apart = alike.posterize_apart(int(bits)) if bits == op.bits[1] == int(bits) else None
    if apart is None or bits == 8:
        return [] if bits == 8 else None
    writer.note(step.where, f"albumentations cuts bits off, which darkens: up to {apart} levels apart")
    return [leaf("Posterize", num_bits=int(bits))]


def _channel_shuffle(writer: Writer, op: Any, step: Step) -> Written:
    writer.note(step.where, "albumentations leaves the channels in their order once in six")
    return [leaf("ChannelShuffle")]


def _channel_drop(writer: Writer, op: Any, step: Step) -> Written:
    writer.note(step.where, "albumentations refuses pictures of one channel, which augkit leaves as they are")
    return [leaf("ChannelDropout", channel_drop_range=[1, 1], fill=0)]


def _median_blur(writer: Writer, op: Any, step: Step) -> Written:
    if writer.size is None:
        return None
    side = (writer.size[0] * writer.size[1]) ** 0.5
    low, high = (max(1, 2 * int((2 * end * side - 1 + 1e-6) // 2) + 1) for end in op.radius)
    if low == 1:
        return [] if high == 1 else None
    return [leaf("MedianBlur", blur_limit=[low, high])]


def _salt_pepper(writer: Writer, op: Any, step: Step) -> Written:
    return [leaf("SaltAndPepper", amount=listed(op.share), salt_vs_pepper=listed(op.salt))]


LOOKS: dict[str, Write] = {
    "contrast": _contrast,
    "brightness": _brightness,
    "gamma": _gamma,
    "invert": same("InvertImg"),
    "solarize": _solarize,
    "posterize": _posterize,
    "saturation": _saturation,
    "hue": _hue,
    "grey": same("ToGray"),
    "channel_shuffle": _channel_shuffle,
    "channel_drop": _channel_drop,
    "blur": _blur,
    "median_blur": _median_blur,
    "noise": _noise,
    "salt_pepper": _salt_pepper,
    "jpeg": _jpeg,
    "erase": _erase,
}
"""How each is written."""

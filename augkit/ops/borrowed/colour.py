"""Effects of albumentations' transforms that change tones and colours, and leave every point where it is."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from augkit.intervals import EMPTY, Interval
from augkit.ops.borrowed.frame import (
    RECOLOURED,
    TAIL,
    Effect,
    Frame,
    about_a_mean,
    cast,
    curves,
    gain,
    gamma_curves,
    line,
    pair,
    up_to,
)
from augkit.reach import Reach

_LUMA = (0.587, 0.299, 0.114)
_STEPS = 41


def brightness_contrast(t: Any, frame: Frame) -> Reach:
    """Multiply and add: y = (1 + contrast) x + brightness, the latter of the full range or of the mean."""
    contrast, brightness = pair(t.contrast_limit), pair(t.brightness_limit)
    low, high = 1 + contrast[0], 1 + contrast[1]
    least, most = brightness if t.brightness_by_max else (min(brightness[0], 0.0), max(brightness[1], 0.0))
    if t.ensure_safe_range:
        least, most = max(least, 0.0), max(most, 0.0)
        low = min(low, 1 - min(most, 1.0))
    return line(low, high, (low - 1) / 2 + least, (high - 1) / 2 + most)


def inverted(t: Any, frame: Frame) -> Reach:
    """Invert, with the contrast kept."""
    return Reach(contrast=EMPTY, inverted=Interval(1, 1))


def solarized(t: Any, frame: Frame) -> Reach:
    """Invert what is brighter than a threshold; what is dark is kept, and the two fall together."""
    keeps_dark = pair(t.threshold_range)[1] > 0
    return Reach(contrast=Interval(0, 1) if keeps_dark else EMPTY, inverted=Interval(1, 1))


def posterized(t: Any, frame: Frame) -> Reach:
    """Cut off low bits: few levels, and all a little darker."""
    bits = int(np.min(np.array(t.num_bits)))
    return Reach(levels=Interval(2**bits, 256), brightness=Interval(-(2 ** (8 - bits) - 1) / 255, 0))


def gamma(t: Any, frame: Frame) -> Reach:
    """Raise to a power of `gamma_limit` percent."""
    low, high = pair(t.gamma_limit)
    return curves(gamma_curves(low / 100, high / 100)).either(Reach())


def tone_curve(t: Any, frame: Frame) -> Reach:
    """Bend the tones along a Bezier curve whose two handles are drawn from normal numbers."""
    angles, radii = np.meshgrid(np.linspace(0, 2 * np.pi, 73), np.linspace(0, TAIL * t.scale, 7))
    low = np.clip(0.25 + radii * np.cos(angles), 0, 1).reshape(-1, 1)
    high = np.clip(0.75 + radii * np.sin(angles), 0, 1).reshape(-1, 1)
    x = np.linspace(0, 1, 257)
    tables = 3 * (1 - x) ** 2 * x * low + 3 * (1 - x) * x**2 * high + x**3
    bent = curves(tables).either(Reach())
    return bent.then(cast(float(np.abs(tables - x).max()))) if t.per_channel else bent


def equalized(t: Any, frame: Frame) -> Reach:
    """Spread the tones by the picture's own histogram: any rising curve, any slope."""
    return line(0, 255, -0.5, 0.5).then(cast(1.0 if getattr(t, "by_channels", True) else 0.0))


def autocontrasted(t: Any, frame: Frame) -> Reach:
    """Spread each channel's tones over the full range; by `cdf`, by its own histogram."""
    return line(0 if t.method == "cdf" or t.cutoff > 0 else 1, 255, -0.5, 0.5).then(cast(1.0))


def clahe(t: Any, frame: Frame) -> Reach:
    """Spread tones tile by tile, no steeper than the clip limit and what it hands out again."""
    return line(0, pair(t.clip_limit)[1] + 1, -0.5, 0.5)


def hue_saturation_value(t: Any, frame: Frame) -> Reach:
    """Turn hues by two degrees a unit, and add to saturation and value of 255."""
    hue = 2 * max(map(abs, pair(t.hue_shift_limit)))
    less, more = (end / 255 / 0.25 for end in pair(t.sat_shift_limit))
    low, high = (end / 255 for end in pair(t.val_shift_limit))
    return Reach(
        hue=up_to(min(180.0, hue)),
        saturation=Interval(max(0.0, 1 + less), max(1.0, 1 + more) if more > 0 else 1 + max(-1.0, more)),
        brightness=Interval(low, high),
    )


def colour_jitter(t: Any, frame: Frame) -> Reach:
    """Multiply, change contrast about the mean luma, saturation and hue, in a drawn order."""
    return jitter(pair(t.brightness), pair(t.contrast), pair(t.saturation), pair(t.hue))


def jitter(
    brightness: tuple[float, float],
    contrast: tuple[float, float],
    saturation: tuple[float, float],
    hue: tuple[float, float],
) -> Reach:
    """Declare brightness and contrast factors in either order, a saturation factor, and a share of the hue
    circle.
    """
    one, other = gain(*brightness), about_a_mean(*contrast)
    tones = one.then(other).either(other.then(one))
    colours = Reach(hue=up_to(min(180.0, 360 * max(map(abs, hue)))), saturation=Interval(*saturation))
    return tones.then(colours)


def rgb_shift(t: Any, frame: Frame) -> Reach:
    """Add a number to each channel; above 1 it counts levels of 255."""
    ranges = [pair(limit) for limit in (t.r_shift_limit, t.g_shift_limit, t.b_shift_limit)]
    shares = [
        (low / 255, high / 255) if max(abs(low), abs(high)) > 1 else (low, high) for low, high in ranges
    ]
    low, high = min(low for low, _ in shares), max(high for _, high in shares)
    return Reach(brightness=Interval(low, high)).then(cast(high - low))


def channels_shuffled(t: Any, frame: Frame) -> Reach:
    """Swap channels."""
    return Reach(channels=up_to(1))


def channels_dropped(t: Any, frame: Frame) -> Reach:
    """Replace channels by a level, and with them their part of the luma."""
    part = sum(_LUMA[: int(max(t.channel_drop_range))])
    level = float(t.fill) / 255
    ends = [part * (level - 0.5), 0.0]
    return Reach(
        channels=up_to(1), contrast=Interval(1 - part, 1), brightness=Interval(min(ends), max(ends)),
        hue=up_to(180), saturation=Interval(0, math.inf),
    )  # fmt: skip


def grey(t: Any, frame: Frame) -> Reach:
    """Leave no saturation; the brightest channel alone is brighter than the luma."""
    brighter = t.method in ("max", "desaturation", "pca", "average")
    return Reach(
        saturation=Interval(0, 0),
        brightness=Interval(-0.4, 0.5) if brighter else Interval(0, 0),
        contrast=Interval(0, 2) if brighter else Interval(1, 1),
    )


def sepia(t: Any, frame: Frame) -> Reach:
    """Mix the channels into browns, of which red is brighter than the picture was."""
    return gain(0.937, 1.351).then(Reach(channels=up_to(1), hue=up_to(180), saturation=Interval(0, 1)))


def fancy_pca(t: Any, frame: Frame) -> Reach:
    """Stretch the cloud of colours along its own axes, whose variances are at most 3/4."""
    far = TAIL * t.alpha * 0.75
    return about_a_mean(1 - far, 1 + far).then(Reach(channels=up_to(1) if far > 0 else up_to(0)))


def planckian(t: Any, frame: Frame) -> Reach:
    """Multiply red and blue as light of another temperature does."""
    from albumentations.augmentations.pixel.functional import PLANCKIAN_COEFFS

    low, high = pair(t.temperature_limit)
    table = PLANCKIAN_COEFFS[t.mode]
    near = [kelvin for kelvin in table if low - 500 < kelvin < high + 500] or list(table)
    gains = [table[kelvin][i] / table[kelvin][1] for kelvin in near for i in (0, 2)]
    least, most = min(1.0, *gains), max(1.0, *gains)
    return gain(least, most).then(cast(max(1 - least, most - 1)))


def stained(t: Any, frame: Frame) -> Reach:
    """Take colours apart into two stains and put them together otherwise; other colours are lost."""
    return RECOLOURED


def snow(t: Any, frame: Frame) -> Reach:
    """Brighten what is darker than a point, or lay a texture over all."""
    point = pair(t.snow_point_range)[1]
    if t.method == "bleach":
        return line(0, max(1.0, t.brightness_coeff), 0, 0.5).then(cast(0.5))
    brighter = gain(1, 1 + t.brightness_coeff * point)
    laid = Reach(brightness=Interval(0, point), noise=up_to(point), covered=up_to(point))
    return brighter.then(laid).then(cast(point))


def shadow(t: Any, frame: Frame) -> Reach:
    """Darken polygons, one upon another."""
    left = (1 - pair(t.shadow_intensity_range)[1]) ** int(max(t.num_shadows_limit))
    return gain(left, 1)


def plasma_shadow(t: Any, frame: Frame) -> Reach:
    """Darken by a cloud, here by nothing and there by all of the intensity."""
    return gain(1 - pair(t.shadow_intensity_range)[1], 1)


def plasma_tone(t: Any, frame: Frame) -> Reach:
    """Brighten and spread tones by a cloud, here by nothing and there by all of it."""
    dark, bright = pair(t.brightness_range)
    flat, steep = pair(t.contrast_range)
    added = Reach(brightness=Interval(min(dark, 0.0), max(bright, 0.0)))
    return added.then(about_a_mean(1 + min(flat, 0.0), 1 + max(steep, 0.0)))


def illumination(t: Any, frame: Frame) -> Reach:
    """Brighten one side and darken the other; a slope along neither axis goes beyond the intensity."""
    most = pair(t.intensity_range)[1] * (1 + 2 * math.sqrt(2) if t.mode == "linear" else 1.0)
    return gain(1 - most, 1 + most)


def raised(strength: float) -> Reach:
    """Declare what sets a pixel apart from those around it enlarged by `strength`, as `sharpen` does."""
    return Reach(contrast=Interval(1, 1 + strength), brightness=Interval(-strength / 2, strength / 2))


def sharpened(t: Any, frame: Frame) -> Reach:
    """Raise fine detail over the eight neighbours; plain areas change by what `lightness` leaves of them.

    By `gaussian`, differences of bytes go round: what is a little darker than what is around it gets lighter
    by `alpha` of the full range.
    """
    (least, most), (dark, bright) = pair(t.alpha), pair(t.lightness)
    if t.method == "gaussian":
        return line(-255, 255, 0, most) if most > 0 else Reach()
    sums = [1 - a + a * b for a in (least, most) for b in (dark, bright)]
    plain, detail = gain(min(sums), max(sums)), raised(8 * most)
    return Reach(
        contrast=Interval(min(sums), max(sums) + 8 * most),
        brightness=plain.brightness + detail.brightness,
    )


def unsharp(t: Any, frame: Frame) -> Reach:
    """Raise detail over a Gaussian, where there is enough of it."""
    return raised(pair(t.alpha)[1])


def embossed(t: Any, frame: Frame) -> Reach:
    """Add what lies to one side of each pixel less what lies to the other: plain areas stay, and detail is
    raised or levelled.
    """
    most = pair(t.alpha)[1] * (2 + 6 * pair(t.strength)[1])
    return Reach(
        contrast=Interval(max(0.0, 1 - most), 1 + most), brightness=Interval(-most / 2, most / 2),
        inverted=Interval(0, most - 1) if most > 1 else EMPTY,
    )  # fmt: skip


COLOUR: dict[str, Effect] = {
    "RandomBrightnessContrast": brightness_contrast,
    "InvertImg": inverted,
    "Solarize": solarized,
    "Posterize": posterized,
    "RandomGamma": gamma,
    "RandomToneCurve": tone_curve,
    "Equalize": equalized,
    "AutoContrast": autocontrasted,
    "CLAHE": clahe,
    "HueSaturationValue": hue_saturation_value,
    "ColorJitter": colour_jitter,
    "RGBShift": rgb_shift,
    "ChannelShuffle": channels_shuffled,
    "ChannelDropout": channels_dropped,
    "ToGray": grey,
    "ToSepia": sepia,
    "FancyPCA": fancy_pca,
    "PlanckianJitter": planckian,
    "HEStain": stained,
    "RandomSnow": snow,
    "RandomShadow": shadow,
    "PlasmaShadow": plasma_shadow,
    "PlasmaBrightnessContrast": plasma_tone,
    "Illumination": illumination,
    "Sharpen": sharpened,
    "UnsharpMask": unsharp,
    "Emboss": embossed,
}

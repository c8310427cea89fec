"""Effects of albumentations' transforms that take detail away or hide it: blur, noise, weather, holes."""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

from augkit.intervals import Interval
from augkit.ops.borrowed.frame import TAIL, Effect, Frame, cast, gain, line, pair, up_to
from augkit.reach import Reach


def blurred(frame: Frame, sigma: float, moved: float = 0.0) -> Reach:
    """Declare a blur of `sigma` pixels, and parts moved by up to `moved` pixels."""
    return Reach(blur=up_to(frame.share(sigma)), displaced=up_to(frame.share(moved)))


def _box(size: float) -> float:
    """Return the sigma of a box of `size` pixels; a kernel of that size that falls outwards has less."""
    return math.sqrt(max(0.0, size * size - 1) / 12)


def box_blur(t: Any, frame: Frame) -> Reach:
    """Take the mean, or the median, of a square of pixels."""
    return blurred(frame, _box(pair(t.blur_limit)[1]))


def motion_blur(t: Any, frame: Frame) -> Reach:
    """Take the mean along a line, which need not pass through its pixel."""
    size = pair(t.blur_limit)[1]
    return blurred(frame, _box(size), moved=size / 2)


def gaussian_blur(t: Any, frame: Frame) -> Reach:
    """Blur with a Gaussian; a kernel of fixed size cuts it off."""
    return blurred(frame, pair(t.sigma_limit)[1])


def advanced_blur(t: Any, frame: Frame) -> Reach:
    """Blur with a generalised Gaussian, at its flattest a box; noise in the kernel adds a little."""
    return blurred(frame, 1.1 * _box(pair(t.blur_limit)[1]))


def glass_blur(t: Any, frame: Frame) -> Reach:
    """Blur, swap pixels with near ones again and again, and blur."""
    far = t.max_delta * t.iterations
    return blurred(frame, math.hypot(math.sqrt(2) * t.sigma, t.max_delta * math.sqrt(t.iterations)), far)


def defocus(t: Any, frame: Frame) -> Reach:
    """Take the mean of a disk."""
    return blurred(frame, math.hypot(pair(t.radius)[1] / 2, pair(t.alias_blur)[1]) + 0.3)


def zoom_blur(t: Any, frame: Frame) -> Reach:
    """Take the mean of the picture and ever larger copies of it."""
    most = max(pair(t.max_factor)[1], 1 + pair(t.step_factor)[1])
    reach = (most - 1) * math.hypot(1, frame.longest) / 2
    return Reach(blur=up_to(reach / math.sqrt(12)), displaced=up_to(reach), zoom=Interval(1, most))


def ringing(t: Any, frame: Frame) -> Reach:
    """Cut off fine detail sharply; edges ring."""
    low, size = pair(t.cutoff)[0], pair(t.blur_limit)[1]
    return blurred(frame, min(size / 2, 2 / max(low, 1e-6)))


def superpixels(t: Any, frame: Frame) -> Reach:
    """Replace segments by their mean, in a picture scaled down first if it is large."""
    if pair(t.p_replace)[1] == 0:
        return Reach()
    most = 2 * math.sqrt(frame.longest / (12 * pair(t.n_segments)[0]))
    pixels = Interval(t.max_size / frame.longest, math.inf) if t.max_size else Reach().pixels
    return Reach(blur=up_to(most), pixels=pixels)


def downscaled(t: Any, frame: Frame) -> Reach:
    """Shrink and enlarge."""
    return Reach(pixels=Interval(max(1.0, math.floor(frame.side * pair(t.scale_range)[0])), math.inf))


def compressed(t: Any, frame: Frame) -> Reach:
    """Write as JPEG or WebP and read again."""
    return Reach(quality=Interval(pair(t.quality_range)[0], 100))


def aberration(t: Any, frame: Frame) -> Reach:
    """Bend red and blue along the radius, each in its own way."""
    first = max(map(abs, pair(t.primary_distortion_limit)))
    second = max(map(abs, pair(t.secondary_distortion_limit)))
    far = math.sqrt(0.5) * (0.5 * first + 0.25 * second)
    return Reach(displaced=up_to(far * frame.longest))


def gauss_noise(t: Any, frame: Frame) -> Reach:
    """Add normal noise."""
    return Reach(noise=up_to(pair(t.std_range)[1]), brightness=Interval(*pair(t.mean_range)))


def additive_noise(t: Any, frame: Frame) -> Reach:
    """Add noise of a named kind, for each pixel or one number for each channel."""
    params = dict(t.noise_params)
    sigma, low, high = _spread(t.noise_type, params)
    if t.spatial_mode == "constant":
        return Reach(brightness=Interval(low, high)).then(cast(high - low))
    middle = (0.0, 0.0) if t.noise_type == "beta" else params.get("mean_range") or params["ranges"][0]
    return Reach(noise=up_to(sigma), brightness=Interval(*pair(tuple(middle))))


def _spread(kind: str, params: dict[str, Any]) -> tuple[float, float, float]:
    """Return the largest sigma, and the least and the largest number that can be added."""
    if kind == "uniform":
        ranges = [pair(tuple(entry)) for entry in params["ranges"]]
        low, high = min(low for low, _ in ranges), max(high for _, high in ranges)
        return (high - low) / math.sqrt(12), low, high
    if kind == "beta":
        scale = pair(tuple(params["scale_range"]))[1]
        return scale, -scale, scale
    mean = pair(tuple(params["mean_range"]))
    sigma = pair(tuple(params["std_range" if kind == "gaussian" else "scale_range"]))[1]
    sigma *= 1.0 if kind == "gaussian" else math.sqrt(2)
    far = TAIL * sigma * (1.0 if kind == "gaussian" else 2.5)
    return sigma, mean[0] - far, mean[1] + far


def iso_noise(t: Any, frame: Frame) -> Reach:
    """Add Poisson noise to the lightness, and normal noise to the hue."""
    most = pair(t.intensity)[1]
    return Reach(
        noise=up_to(math.sqrt(0.5 * most) * most),
        brightness=Interval(0, 0.5 * most * most),
        hue=up_to(min(180.0, TAIL * pair(t.color_shift)[1] * most)),
    )


def shot_noise(t: Any, frame: Frame) -> Reach:
    """Count photons in linear light."""
    return Reach(noise=up_to(_shot(pair(t.scale_range)[1])))


@functools.cache
def _shot(scale: float) -> float:
    """Return the largest sigma, over all tones, of what `scale` photons' worth of light leaves."""
    if scale <= 0:
        return 0.0
    worst = 0.0
    for light in np.linspace(0.002, 1, 120) / scale:
        count = np.arange(0, math.ceil(light + 10 * math.sqrt(light) + 12))
        chance = np.exp(count * math.log(light) - light - np.array([math.lgamma(n + 1) for n in count]))
        seen = np.clip(count * scale, 0, 1) ** (1 / 2.2)
        mean = float((chance * seen).sum())
        worst = max(worst, float((chance * (seen - mean) ** 2).sum()))
    return math.sqrt(worst)


def multiplicative(t: Any, frame: Frame) -> Reach:
    """Multiply all pixels, each channel, or each pixel by a number."""
    low, high = pair(t.multiplier)
    if t.elementwise:
        return gain((low + high) / 2, (low + high) / 2).then(Reach(noise=up_to((high - low) / math.sqrt(12))))
    return gain(low, high).then(cast(high - low) if t.per_channel else Reach())


def salt_and_pepper(t: Any, frame: Frame) -> Reach:
    """Replace pixels by black and white."""
    share = pair(t.amount)[1]
    return Reach(covered=up_to(min(1.0, share)), noise=up_to(math.sqrt(share)))


def pixels_dropped(t: Any, frame: Frame) -> Reach:
    """Replace pixels, each with a probability."""
    p = t.dropout_prob
    share = min(1.0, p + TAIL * math.sqrt(p * (1 - p)) / frame.side)
    return Reach(covered=up_to(share), noise=up_to(math.sqrt(p)))


def coarse_dropout(t: Any, frame: Frame) -> Reach:
    """Paint over rectangles, which may lie apart."""
    (_, high), (_, wide) = pair(t.hole_height_range), pair(t.hole_width_range)
    if high >= 1:
        high, wide = frame.share(high), frame.share(wide)
    return Reach(covered=up_to(min(1.0, max(t.num_holes_range) * min(1.0, high) * min(1.0, wide))))


def erasing(t: Any, frame: Frame) -> Reach:
    """Paint over a rectangle of a share of the area."""
    return Reach(covered=up_to(min(1.0, pair(t.scale)[1] + frame.share(1))))


def grid_dropout(t: Any, frame: Frame) -> Reach:
    """Paint over a part of each cell of a grid."""
    if t.holes_number_xy:
        cell = max(2.0, frame.side // max(t.holes_number_xy))
    else:
        cell = min(t.unit_size_range) if t.unit_size_range else max(2.0, frame.side // 10)
    return Reach(covered=up_to(max(t.ratio, 1 / cell) ** 2))


def strips(t: Any, frame: Frame) -> Reach:
    """Paint over upright and level strips."""
    across = pair(t.num_masks_x)[1] * frame.share(pair(t.mask_x_length)[1])
    down = pair(t.num_masks_y)[1] * frame.share(pair(t.mask_y_length)[1])
    return Reach(covered=up_to(min(1.0, across + down)))


def rain(t: Any, frame: Frame) -> Reach:
    """Draw streaks, and darken the rest."""
    drops = {"drizzle": 4.0, "heavy": 1.0, "torrential": 0.5}.get(t.rain_type, 3.0)
    length = t.drop_length or frame.side * frame.longest / 8
    streak = frame.share(length + t.blur_value) * frame.share(t.drop_width + t.blur_value)
    streaks = frame.side * frame.longest / drops * streak
    share = min(1.0, streaks)
    bright = max(t.drop_color) / 255
    return gain(min(1.0, t.brightness_coefficient), 1).then(
        Reach(covered=up_to(share), brightness=Interval(0, bright / max(1, t.blur_value)))
    )


def fog(t: Any, frame: Frame) -> Reach:
    """Lay white disks over the middle, one upon another: nothing need be left to see there."""
    if t.alpha_coef == 0:
        return blurred(frame, 1.5)
    veil = line(0, 1, 0, 0.5).then(Reach(covered=up_to(1)))
    return veil.then(blurred(frame, max(1.5, frame.side / 60)))


def sun_flare(t: Any, frame: Frame) -> Reach:
    """Lay bright disks over the picture."""
    share = math.pi * frame.share(t.src_radius) ** 2
    return line(0, 1, -0.5, 0.5).then(Reach(covered=up_to(min(1.0, share + 0.5)))).then(cast(0.5))


def gravel(t: Any, frame: Frame) -> Reach:
    """Scatter dots over patches."""
    left, top, right, bottom = t.gravel_roi
    patch = ((right - left) / 5 + frame.share(6)) * ((bottom - top) / 5 + frame.share(6))
    return Reach(covered=up_to(min(1.0, t.number_of_patches * patch)))


def spatter(t: Any, frame: Frame) -> Reach:
    """Let drops or mud run over the lens, up to `intensity` opaque."""
    most = pair(t.intensity)[1]
    opaque = 0.9 * most if t.mode == "rain" else most
    return (
        line(1 - opaque if t.mode == "mud" else 1, 1, -opaque / 2, opaque)
        .then(Reach(covered=up_to(1 if opaque > 0 else 0)))
        .then(cast(opaque))
    )


DETAIL: dict[str, Effect] = {
    "Blur": box_blur,
    "MedianBlur": box_blur,
    "MotionBlur": motion_blur,
    "GaussianBlur": gaussian_blur,
    "AdvancedBlur": advanced_blur,
    "GlassBlur": glass_blur,
    "Defocus": defocus,
    "ZoomBlur": zoom_blur,
    "RingingOvershoot": ringing,
    "Superpixels": superpixels,
    "Downscale": downscaled,
    "ImageCompression": compressed,
    "ChromaticAberration": aberration,
    "GaussNoise": gauss_noise,
    "AdditiveNoise": additive_noise,
    "ISONoise": iso_noise,
    "ShotNoise": shot_noise,
    "MultiplicativeNoise": multiplicative,
    "SaltAndPepper": salt_and_pepper,
    "PixelDropout": pixels_dropped,
    "CoarseDropout": coarse_dropout,
    "Erasing": erasing,
    "GridDropout": grid_dropout,
    "XYMasking": strips,
    "TimeMasking": strips,
    "FrequencyMasking": strips,
    "RandomRain": rain,
    "RandomFog": fog,
    "RandomSunFlare": sun_flare,
    "RandomGravel": gravel,
    "Spatter": spatter,
}

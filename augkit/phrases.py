"""Phrases: what limits on one axis mean, in plain words with units, such as "turns up to 27.3° either way".

Numbers are rounded outwards to three digits, so that a phrase promises no more than its limits do.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from augkit.intervals import Arcs, Interval

_FUZZ = 1e-9
_MOST_ARCS = 4
"""More arcs than these are said as the one that holds them all."""


def turn(arcs: Arcs) -> str:
    """Say turns, such as "turns up to 20° either way"."""
    if arcs.empty:
        return "never stands as it was"
    if arcs.full:
        return "turns by any angle"
    (low, high), *others = arcs.arcs
    if others:
        return f"turns by {_angles(arcs)}"
    middle = round((low + high) / 360) * 360
    if low < middle < high:
        low, high = low - middle, high - middle
    if low == high:
        return _exactly(low)
    if high <= 0:
        return f"turns {_from_to(-high, -low, '°')} clockwise"
    if low >= 0:
        return f"turns {_from_to(low, high, '°')} counter-clockwise"
    if math.isclose(-low, high):
        return f"turns up to {_up(high)}° either way"
    return f"turns up to {_up(-low)}° clockwise and {_up(high)}° counter-clockwise"


def mirrored(arcs: Arcs) -> str:
    """Say mirrors, such as "can mirror left to right" (turned by 0°) or "top to bottom" (by 180°)."""
    if arcs.empty:
        return "cannot mirror"
    if arcs.full:
        return "can mirror, along any axis"
    ways = [_mirror(low, high) for low, high in _few(arcs)]
    if None in ways:
        return f"can mirror, with a turn of {_angles(arcs)}"
    names, far = sorted(name for name, _ in filter(None, ways)), max(far for _, far in filter(None, ways))
    turned = f", turned up to {_up(far)}° either way" if far > _FUZZ else ""
    return f"can mirror {' or '.join(names)}{turned}"


def _mirror(low: float, high: float) -> tuple[str, float] | None:
    """Name a mirror whose arc lies evenly around 0° or 180°, and say how far the arc goes either way."""
    middle = (low + high) / 2 % 360
    for at, name in _MIRRORS.items():
        if min(abs(middle - at), abs(middle - at - 360)) < 1e-6:
            return name, (high - low) / 2
    return None


_MIRRORS = {0.0: "left to right", 180.0: "top to bottom"}


def _exactly(angle: float) -> str:
    if abs(angle) == 180:
        return "turns by exactly 180°"
    if angle == 0:
        return "stands upright"
    return f"turns by exactly {_number(abs(angle))}° {'counter-' if angle > 0 else ''}clockwise"


def _angles(arcs: Arcs) -> str:
    """List arcs, those nearest to doing nothing first."""
    few = _few(arcs)
    if all(low == high for low, high in few):
        said = [f"{_number(angle % 360)}°" for angle, _ in few]
        said.sort(key=lambda word: float(word[:-1]))
        return f"exactly {_listed(said)}"
    nearest = sorted(few, key=lambda arc: abs((arc[0] + arc[1]) / 2))
    return _listed(
        [f"{_down(low)}° to {_up(high)}°" if low < high else f"{_number(low)}°" for low, high in nearest]
    )


def _few(arcs: Arcs) -> tuple[tuple[float, float], ...]:
    return arcs.arcs if len(arcs.arcs) <= _MOST_ARCS else arcs.hull.arcs


def _listed(said: list[str]) -> str:
    return " or ".join([", ".join(said[:-1]), said[-1]] if len(said) > 1 else said)


def stretch(limits: Interval) -> str:
    """Say how much longer one axis may become than the other."""
    if math.isinf(limits.high):
        return "stretches one axis without limit"
    return f"stretches one axis up to {_up(limits.high)} times the other"


def zoom(limits: Interval) -> str:
    """Say a size, in percent of what it was."""
    return f"shows things at {_share_range(limits)} of their size"


def kept(limits: Interval) -> str:
    """Say how much of the picture stays in frame, at least."""
    return (
        f"keeps at least {_percent(limits.low, _down)} in frame"
        if limits.low > 0
        else "may keep nothing in frame"
    )


def contrast(limits: Interval) -> str:
    """Say contrast, in percent of what it was."""
    return "always inverts" if limits.empty else f"has {_share_range(limits)} of the contrast"


def inverted(limits: Interval) -> str:
    """Say that light and dark may change places, and the contrast where that changes too."""
    if limits.empty:
        return "cannot invert"
    at = "" if limits == Interval(1, 1) else f", with {_share_range(limits)} of the contrast"
    return f"can invert light and dark{at}"


def brightness(limits: Interval) -> str:
    """Say a change of brightness, in percent of the range from black to white."""
    darker, lighter = max(0.0, -limits.low), max(0.0, limits.high)
    if math.isinf(darker) or math.isinf(lighter):
        return "makes anything of the brightness"
    if limits.low > 0 or limits.high < 0:
        low, high = sorted((100 * abs(limits.low), 100 * abs(limits.high)))
        return f"{'lightens' if limits.low > 0 else 'darkens'} {_from_to(low, high, ' %')} of full range"
    if math.isclose(darker, lighter):
        return f"darkens or lightens by up to {_percent(lighter, _up)} of full range"
    said = [
        f"{word} by up to {_percent(by, _up)}"
        for word, by in (("darkens", darker), ("lightens", lighter))
        if by
    ]
    return f"{' and '.join(said)} of full range"


def hue(limits: Interval) -> str:
    """Say how far round the circle of hues colours may go."""
    return f"turns hues up to {_up(limits.high)}°" if limits.high < 180 else "turns hues by any angle"


def saturation(limits: Interval) -> str:
    """Say saturation, in percent of what it was."""
    grey = ", 0 % being grey" if limits.low <= 0 else ""
    return f"has {_share_range(limits)} of the saturation{grey}"


def channels(limits: Interval) -> str:
    """Say that red, green and blue are mixed."""
    return "mixes the colour channels"


def covered(limits: Interval) -> str:
    """Say how much of the picture may be hidden."""
    return f"covers up to {_percent(min(1.0, limits.high), _up)} of the picture"


def blended(limits: Interval) -> str:
    """Say how much of another picture may be mixed in."""
    return f"mixes in up to {_percent(min(1.0, limits.high), _up)} of another picture"


def blur(limits: Interval) -> str:
    """Say the standard deviation of a blur, in percent of the side."""
    if math.isinf(limits.high):
        return "blurs without limit"
    return f"blurs by up to {_percent(limits.high, _up)} of the side (standard deviation)"


def noise(limits: Interval) -> str:
    """Say the standard deviation of noise, in percent of the range from black to white."""
    if math.isinf(limits.high):
        return "adds noise without limit"
    return f"adds noise of up to {_percent(limits.high, _up)} of full range (standard deviation)"


def displaced(limits: Interval) -> str:
    """Say how far parts of the picture may move, in percent of the side."""
    if math.isinf(limits.high):
        return "moves parts of the picture without limit"
    return f"moves parts of the picture by up to {_percent(limits.high, _up)} of the side"


def pixels(limits: Interval) -> str:
    """Say how many pixels are left across the shorter side."""
    if math.isinf(limits.low):
        return "leaves all pixels"
    return f"leaves at least {_down(limits.low)} pixels across" if limits.low > 0 else "may leave no pixels"


def levels(limits: Interval) -> str:
    """Say how many levels of brightness are left."""
    return f"leaves at least {_down(max(1.0, limits.low))} of 256 levels"


def quality(limits: Interval) -> str:
    """Say the quality of a JPEG file."""
    return f"compresses, at a JPEG quality of at least {_down(max(0.0, limits.low))}"


def _share_range(limits: Interval) -> str:
    if math.isinf(limits.high):
        return "any share" if limits.low <= 0 else f"at least {_percent(limits.low, _down)}"
    if limits.low == limits.high:
        return f"{_number(100 * limits.low)} %"
    return f"{_percent(limits.low, _down)} to {_percent(limits.high, _up)}"


def _percent(share: float, rounded: Callable[[float], str]) -> str:
    return f"{rounded(100 * share)} %"


def _from_to(low: float, high: float, unit: str) -> str:
    if low == high:
        return f"by {_number(low)}{unit}"
    return f"up to {_up(high)}{unit}" if low <= 0 else f"by {_down(low)}{unit} to {_up(high)}{unit}"


def _down(value: float) -> str:
    return _number(value, -1)


def _up(value: float) -> str:
    return _number(value, 1)


def _number(value: float, towards: int = 0) -> str:
    """Write a number with three digits, or all before the point, rounded up (1), down (-1) or either way."""
    if value == 0 or not math.isfinite(value):
        return "0" if value == 0 else "any number"
    fine = 10.0 ** min(max(0, 2 - math.floor(math.log10(abs(value)))), 9)
    exact = value * fine - towards * _FUZZ * fine * max(1.0, abs(value))
    whole = math.ceil(exact) if towards > 0 else math.floor(exact) if towards < 0 else round(exact)
    return f"{whole / fine:.10g}"

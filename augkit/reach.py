"""Reach: everything a step, and then a whole policy, can do to a picture, in units a person can picture.

A step *declares* a reach, a class *survives* a reach; both are the same kind of thing, and a policy keeps
a class's label when its reach lies inside what the class survives.  Reaches compose: `then` for one step
after another, `either` for a choice.  `AXES` is the one table of axes; every bound is sound (no draw leaves
it) and in general not tight: correlations between axes are forgotten, and `safety` settles what the bound
leaves open.

Geometry, written A = zoom · turn · stretch · mirror (see `affine`), composes exactly in parity and zoom;
turns add, negated under a mirror, and widen by up to asin(tanh s1 · tanh s2) where two stretches of ratio
e^(2 s1), e^(2 s2) meet: the planar Thomas–Wigner rotation.  Tone is the line y - ½ = contrast · (x - ½) +
brightness on [0, 1], unclipped between steps; a negative slope is `inverted`, a parity as `mirrored` is.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

from augkit import page, phrases
from augkit.intervals import ANY, CIRCLE, EMPTY, NOWHERE, Arcs, Interval

Limits = Arcs | Interval


@dataclasses.dataclass(frozen=True)
class Axis:
    """Describe one axis of a reach.

    Attributes:
        kind:   "arcs" (angles), "range" (least and greatest), "most" (0 or 1 upwards) or "least" (a share
                or a number downwards).
        unit:   what the numbers count.
        still:  what doing nothing reaches.
        whole:  the numbers the axis can take.
        words:  says limits on the axis, as `phrases` does.
        parity: whether the axis speaks of a mirrored or inverted picture, which may not occur at all.
    """

    kind: Literal["arcs", "range", "most", "least"]
    unit: str
    still: Limits
    whole: Limits
    words: Callable[[Any], str]
    parity: bool = False

    @property
    def any(self) -> Limits:
        """Return the limits that everything is inside of."""
        return CIRCLE if self.kind == "arcs" else ANY

    @property
    def nothing(self) -> Limits:
        """Return the empty limits."""
        return NOWHERE if self.kind == "arcs" else EMPTY


_UP, _SHARE, _RATIO = Interval(0, math.inf), Interval(0, 1), Interval(1, math.inf)
_ZERO, _ONE, _ENDLESS = Interval(0, 0), Interval(1, 1), Interval(math.inf, math.inf)
_UPRIGHT = Arcs.of((0, 0))
_ALL_LEVELS, _BEST = Interval(256, 256), Interval(100, 100)

AXES: dict[str, Axis] = {
    "turn": Axis("arcs", "degrees", Arcs.of((0, 0)), CIRCLE, phrases.turn),
    "mirrored": Axis("arcs", "degrees", NOWHERE, CIRCLE, phrases.mirrored, parity=True),
    "stretch": Axis("most", "ratio of the axes", Interval(1, 1), _RATIO, phrases.stretch),
    "zoom": Axis("range", "factor", Interval(1, 1), _UP, phrases.zoom),
    "kept": Axis("least", "share of the picture", Interval(1, 1), _SHARE, phrases.kept),
    "covered": Axis("most", "share of the picture", Interval(0, 0), _SHARE, phrases.covered),
    "contrast": Axis("range", "slope", Interval(1, 1), _UP, phrases.contrast),
    "inverted": Axis("range", "slope", EMPTY, _UP, phrases.inverted, parity=True),
    "brightness": Axis("range", "share of full range", Interval(0, 0), ANY, phrases.brightness),
    "hue": Axis("most", "degrees", Interval(0, 0), Interval(0, 180), phrases.hue),
    "saturation": Axis("range", "factor", Interval(1, 1), _UP, phrases.saturation),
    "channels": Axis("most", "0 or 1", Interval(0, 0), _SHARE, phrases.channels),
    "blur": Axis("most", "sigma, share of the side", Interval(0, 0), _UP, phrases.blur),
    "noise": Axis("most", "sigma, share of full range", Interval(0, 0), _UP, phrases.noise),
    "pixels": Axis("least", "pixels across the shorter side", _ENDLESS, _UP, phrases.pixels),
    "levels": Axis("least", "levels of brightness", Interval(256, 256), Interval(1, 256), phrases.levels),
    "quality": Axis("least", "JPEG quality", Interval(100, 100), Interval(0, 100), phrases.quality),
    "displaced": Axis("most", "share of the side", Interval(0, 0), _UP, phrases.displaced),
    "blended": Axis("most", "share of another picture", Interval(0, 0), _SHARE, phrases.blended),
}  # fmt: skip

_TEMPLATE = Path(__file__).parent / "page" / "reach.html"
_MOST_ARCS = 4
"""More arcs than these are said as the one that holds them all."""

GEOMETRY = ("turn", "mirrored", "stretch", "zoom", "kept")
TONE = ("contrast", "inverted", "brightness")
_PARITIES = (
    ("turn", "mirrored", "can mirror", "always mirrors"),
    ("contrast", "inverted", "can invert", "always inverts"),
)


@dataclasses.dataclass(frozen=True)
class Reach:
    """Hold, for each axis of `AXES`, the numbers that can be reached (or that are survived).

    With no arguments this is what doing nothing reaches.  `Reach.unknown()` is inside no limit but "any".

    `local` is no axis and has no limit: it holds the factors by which parts of a picture grow or shrink where
    the picture as a whole does not, beside `zoom` and `stretch`.  What was done before grows with the parts,
    and what hides a part afterwards hides as much more of the source.
    """

    turn: Arcs = _UPRIGHT
    mirrored: Arcs = NOWHERE
    stretch: Interval = _ONE
    zoom: Interval = _ONE
    kept: Interval = _ONE
    covered: Interval = _ZERO
    contrast: Interval = _ONE
    inverted: Interval = EMPTY
    brightness: Interval = _ZERO
    hue: Interval = _ZERO
    saturation: Interval = _ONE
    channels: Interval = _ZERO
    blur: Interval = _ZERO
    noise: Interval = _ZERO
    pixels: Interval = _ENDLESS
    levels: Interval = _ALL_LEVELS
    quality: Interval = _BEST
    displaced: Interval = _ZERO
    blended: Interval = _ZERO
    local: Interval = _ONE

    @classmethod
    def unknown(cls) -> Reach:
        """Return the reach of a step whose effect nobody has declared: everything, on every axis."""
        return cls(**{name: axis.any for name, axis in AXES.items()})  # type: ignore[arg-type]

    def on(self, axis: str) -> Limits:
        """Return what is reached on one axis."""
        limits: Limits = getattr(self, axis)
        return limits

    def outside(self, survived: Reach) -> tuple[str, ...]:
        """Return the axes on which this is not inside `survived`, in the order of `AXES`."""
        return tuple(name for name in AXES if not inside(self.on(name), survived.on(name)))

    def either(self, other: Reach) -> Reach:
        """Return the reach of doing the one or the other."""
        joined = {name: _either(self.on(name), other.on(name)) for name in AXES}
        return Reach(**joined, local=self.local.either(other.local))  # type: ignore[arg-type]

    def then(self, second: Reach) -> Reach:
        """Return the reach of doing this first and `second` after it."""
        widen = math.degrees(math.asin(min(1.0, _tanh(self.stretch) * _tanh(second.stretch))))
        enlarged = second.zoom.high * math.sqrt(second.stretch.high) * second.local.high
        gain = max(second.contrast.high, second.inverted.high, 0.0) * _mixed(second)
        slopes = second.contrast.either(-second.inverted)
        return Reach(
            turn=(self.turn + second.turn).either(-self.mirrored + second.mirrored).widened(widen),
            mirrored=(-self.turn + second.mirrored).either(self.mirrored + second.turn).widened(widen),
            stretch=Interval(1, self.stretch.high * second.stretch.high),
            zoom=self.zoom * second.zoom,
            kept=Interval(1 - _pile(1 - self.kept.low, 1 - second.kept.low, self.zoom.low), 1),
            covered=Interval(
                0, _pile(self.covered.high, second.covered.high, self.zoom.low * self.local.low)
            ),
            contrast=(self.contrast * second.contrast).either(self.inverted * second.inverted),
            inverted=(self.inverted * second.contrast).either(self.contrast * second.inverted),
            brightness=slopes * self.brightness + second.brightness,
            hue=Interval(0, min(180.0, self.hue.high + second.hue.high)),
            saturation=self.saturation * second.saturation,
            channels=self.channels.either(second.channels),
            blur=Interval(0, math.hypot(_times(self.blur.high, enlarged), second.blur.high)),
            noise=Interval(0, math.hypot(_times(self.noise.high, gain), second.noise.high)),
            pixels=Interval(min(_spread(self.pixels.low, enlarged), second.pixels.low), math.inf),
            levels=self.levels.either(second.levels),
            quality=self.quality.either(second.quality),
            displaced=Interval(0, _times(self.displaced.high, enlarged) + second.displaced.high),
            blended=Interval(0, 1 - (1 - min(1.0, self.blended.high)) * (1 - min(1.0, second.blended.high))),
            local=self.local * second.local,
        )

    def _repr_html_(self) -> str:
        moving = [name for name, axis in AXES.items() if not _at_rest(self.on(name), axis)]
        rows = [(name, numbers(name, self.on(name)), phrase(name, self.on(name))) for name in moving]
        units = {name: axis.unit for name, axis in AXES.items()}
        return page.fragment(page.filled(_TEMPLATE, rows=rows, units=units))

    def in_words(self) -> list[str]:
        """Return a phrase for each axis that moves, in the order of `AXES`, such as "can mirror"."""
        if self == Reach.unknown():
            return ["may do anything"]
        said = {
            name: phrase(name, self.on(name)) for name, a in AXES.items() if not _at_rest(self.on(name), a)
        }
        for plain, parity, can, always in _PARITIES:
            if self.on(plain).empty and parity in said:
                del said[plain]
                said[parity] = said[parity].replace(can, always, 1)
        return list(said.values())


IMAGES = Reach(turn=Arcs.of((0, 0), (180, 180)), mirrored=Arcs.of((0, 0), (180, 180)))
"""The picture and its three mirror images, which a border that reflects shows beside it, as something done
before all else.
"""


def inside(reached: Limits, survived: Limits) -> bool:
    """Tell whether everything reached is survived, on one axis."""
    if isinstance(reached, Arcs):
        return isinstance(survived, Arcs) and reached.inside(survived)
    return isinstance(survived, Interval) and reached.inside(survived)


def phrase(axis: str, limits: Limits) -> str:
    """Say limits on an axis in words, such as "turns up to 20° either way"."""
    return AXES[axis].words(limits)


def numbers(axis: str, limits: Limits) -> str:
    """Say the numbers of limits on an axis, such as "-20° to 20°" or "at least 0.60"."""
    if limits.empty:
        return "no angle" if isinstance(limits, Arcs) else "nothing"
    if limits in (CIRCLE, ANY) or limits == AXES[axis].whole:
        return "any angle" if limits == CIRCLE else "anything"
    if isinstance(limits, Arcs):
        said = limits.arcs if len(limits.arcs) <= _MOST_ARCS else limits.hull.arcs
        return " or ".join(_arc(low, high) for low, high in said)
    kind = AXES[axis].kind
    if kind == "most":
        return f"up to {_number(limits.high)}"
    if kind == "least":
        return f"at least {_number(limits.low)}"
    return (
        _number(limits.low)
        if limits.low == limits.high
        else f"{_number(limits.low)} to {_number(limits.high)}"
    )


def _arc(low: float, high: float) -> str:
    if low == high:
        return f"{_number(abs(low) if low == -180 else low)}°"
    if (low, high) == (-180, 180):
        return "any angle"
    if high > 225:  # a run about upright, not about the half turn
        low, high = low - 360, high - 360
    return f"{_number(low)}° to {_number(high)}°"


def _number(value: float) -> str:
    return f"{value + 0.0:.4g}" if math.isfinite(value) else ("no limit" if value > 0 else "no limit below")


def _at_rest(limits: Limits, axis: Axis) -> bool:
    if isinstance(limits, Interval) and isinstance(axis.still, Interval) and axis.kind == "least":
        return limits.low == axis.still.low
    return limits == axis.still


def _either(one: Limits, other: Limits) -> Limits:
    if isinstance(one, Arcs):
        assert isinstance(other, Arcs)
        return one.either(other)
    assert isinstance(other, Interval)
    return one.either(other)


def _tanh(stretch: Interval) -> float:
    """Return tanh s of a stretch of ratio e^(2s)."""
    return 1.0 if math.isinf(stretch.high) else (stretch.high - 1) / (stretch.high + 1)


def _mixed(second: Reach) -> float:
    """Return how much noisier a channel can get where colours change, whatever the noises of the others.

    A stronger colour lies f times as far from a grey that is a mean of its channels, so that the noises
    count up to f + (f - 1) times.  About a grey, a hue turned by sixths of the circle moves each channel by
    as many times the spread of all three, and leaves it between their least and greatest.
    """
    stronger, sixths = max(1.0, second.saturation.high), second.hue.high / 60
    return (2 * stronger - 1) * min(math.sqrt(3), 1 + math.sqrt(6) * sixths)


def _pile(first: float, second: float, least_zoom: float) -> float:
    """Add a share lost later to a share lost first: seen from the source, a later share counts 1/zoom² as
    much.
    """
    if second == 0:
        return min(1.0, first)
    return min(1.0, first + second / least_zoom**2) if least_zoom > 0 else 1.0


def _spread(pixels: float, enlarged: float) -> float:
    """Return how many pixels are left across a picture after it is enlarged; of endless ones, no fewer."""
    return pixels if math.isinf(pixels) else pixels / max(enlarged, 1e-300)


def _times(value: float, factor: float) -> float:
    return 0.0 if value == 0 else value * factor

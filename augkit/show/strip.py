"""Strips: what one op does, from nothing to far, on pictures beside the original.

`SWEEPS` and `BESIDE` say how far is telling, for settings whose limits go farther than an eye learns from.
"""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from augkit.draw import Draws, draw
from augkit.errors import UsageError, did_you_mean
from augkit.ops import OPS, Blend, Limits, Op
from augkit.policy import Policy
from augkit.render import render
from augkit.safety import drawn_in_words, value_in_words
from augkit.show import motif
from augkit.show.gallery import Gallery
from augkit.show.sheet import Cell, Row
from augkit.steps import Step, sugar
from augkit.suites import SUITES, Suite

Picture = NDArray[np.uint8]
Value = float | str

_PANELS = 6
_CELL = 144  # pixels: the drawn scenes one to one, the digit five times as large

SWEEPS: dict[tuple[str, str], tuple[Value, ...]] = {
    ("shift", "x"): (-0.4, 0.4),
    ("shift", "y"): (-0.4, 0.4),
    ("zoom", "factor"): (0.4, 2.5),
    ("zoom", "x"): (0.4, 2.5),
    ("zoom", "y"): (0.4, 2.5),
    ("aspect", "ratio"): (0.25, 0.4, 0.63, 1.6, 2.5, 4),
    ("crop", "side"): (0.25, 1),
    ("random_resized_crop", "area"): (0.9, 0.6, 0.35, 0.2, 0.1, 0.05),
    ("random_resized_crop", "ratio"): (0.25, 0.5, 0.75, 1.33, 2, 4),
    ("centre_crop", "side"): (0.9, 0.75, 0.6, 0.45, 0.3, 0.15),
    ("centre_crop", "aspect"): (0.25, 0.5, 0.75, 1.5, 2, 4),
    ("pad", "share"): (0.05, 0.1, 0.2, 0.3, 0.5, 1),
    ("pad", "aspect"): (0.5, 0.75, 1, 1.5, 2, 3),
    ("resize", "shorter"): (64, 32, 20, 14, 10, 6),
    ("resize", "width"): (96, 64, 32, 16, 8, 4),
    ("resize", "height"): (96, 64, 32, 16, 8, 4),
    ("contrast", "gain"): (0, 3),
    ("brightness", "shift"): (-0.6, 0.6),
    ("gamma", "exponent"): (0.2, 0.4, 0.7, 1.5, 2.5, 5),
    ("posterize", "bits"): (5, 4, 3, 2, 1.6, 1),
    ("autocontrast", "gain"): (1.05, 1.1, 1.2, 1.3, 1.5, 3),
    ("equalize", "gain"): (1.2, 1.5, 2, 3, 5, 20),
    ("clahe", "gain"): (1.2, 1.5, 2, 3, 5, 20),
    ("clahe", "tile"): (1, 0.5, 0.33, 0.2, 0.1, 0.05),
    ("saturation", "factor"): (0, 3),
    ("pca_colour", "sigma"): (0, 1),
    ("blur", "sigma"): (0, 0.06),
    ("motion_blur", "length"): (0, 0.25),
    ("motion_blur", "degrees"): (-60, -30, 0, 30, 60, 90),
    ("median_blur", "radius"): (0, 0.15),
    ("sharpen", "strength"): (0, 6),
    ("sharpen", "radius"): (0, 0.06),
    ("noise", "sigma"): (0, 0.4),
    ("shot_noise", "sigma"): (0, 0.4),
    ("salt_pepper", "share"): (0, 0.4),
    ("salt_pepper", "salt"): (0, 0.2, 0.4, 0.6, 0.8, 1),
    ("jpeg", "quality"): (50, 30, 20, 10, 5, 1),
    ("downscale", "to"): (32, 20, 14, 10, 8, 6),
    ("erase", "width"): (0, 0.6),
    ("erase", "height"): (0, 0.6),
    ("cutout", "holes"): (1, 2, 3, 5, 8, 12),
    ("cutout", "side"): (0, 0.5),
    ("grid_mask", "cells"): (2, 3, 4, 6, 8, 12),
    ("grid_mask", "ratio"): (0.2, 0.35, 0.5, 0.65, 0.8, 0.95),
    ("elastic", "displacement"): (0, 0.09),
    ("grid_distortion", "cells"): (2, 3, 4, 6, 8, 12),
}
"""The two ends that a setting is swept between, or all of its values; its limits where it is not here."""

BESIDE: dict[str, dict[str, Any]] = {
    "resize": {"shorter": 16},
    "motion_blur": {"length": 0.12, "degrees": 30},
    "sharpen": {"strength": 3, "radius": 0.02},
    "salt_pepper": {"share": 0.15},
    "erase": {"width": 0.4, "height": 0.4},
    "cutout": {"side": 0.2, "holes": 3},
    "grid_mask": {"ratio": 0.5, "cells": 4},
    "elastic": {"displacement": 0.06, "smoothness": 0.3},
    "grid_distortion": {"distortion": 0.35},
    "random_resized_crop": {"area": 0.4, "ratio": 1.0},
}
"""What the other settings of an op are while one is swept; where they do nothing, if they are not here."""


def strip(
    name: str,
    *,
    settings: Sequence[str] = (),
    pictures: Sequence[tuple[str, Picture]] = (),
    ends: Mapping[str, tuple[float, float]] | None = None,
) -> Gallery:
    """Show what an op or a suite does: a row for each setting and picture, the original first.

    A row in which the op changes nothing is left out.

    Args:
        name:     the op, as a policy writes it.
        settings: those to sweep; all, if left out.
        pictures: captions and pictures, uint8 H×W×1 or H×W×3; a digit and a scene if left out.
        ends:     setting → the two values that it is swept between, both shown; as far as tells most, if
                  left out.

    Raises:
        UsageError: there is no such op or setting, or none of the pictures changes, or an end is no value of
            its setting.
    """
    if name not in OPS and name not in SUITES:
        known = [*OPS, *SUITES]
        raise UsageError(
            f"no op {name!r} to draw; they are {', '.join(known)}", fix=did_you_mean(name, known)
        )
    shown = pictures or (("original", motif.digit()), ("original", motif.house()))
    between = ends or {}
    swept = {
        setting: values(name, setting, between.get(setting)) if setting else ()
        for setting in _sweeps(name, settings)
    }
    rows = tuple(row for setting, through in swept.items() for row in _rows(name, setting, shown, through))
    if not rows:
        raise UsageError(f"{name} changes none of the pictures", fix="give it others, or another setting")
    kind: type[Op | Suite] = {**OPS, **SUITES}[name]
    first = " ".join(inspect.cleandoc(kind.__doc__ or "").split("\n\n")[0].split())
    return Gallery(rows, name, first.replace("`", ""), cell=_CELL)


def _rows(
    name: str, setting: str, pictures: Sequence[tuple[str, Picture]], swept: Sequence[Value]
) -> Iterator[Row]:
    """Yield a row for each picture that changes; the first bears the setting's name."""
    title = _titled(name, setting)
    for caption, picture in pictures:
        cells = list(_cells(name, setting, picture, swept))
        if any(not np.array_equal(cell.picture, picture) for cell in cells):
            yield Row(title, [Cell(picture, caption, "first"), *cells])
            title = ""


def _cells(name: str, setting: str, picture: Picture, swept: Sequence[Value] = ()) -> Iterator[Cell]:
    if name in SUITES:
        drawn = _drawn(_policy(name), picture, copies=_PANELS)
        for i in range(_PANELS):
            said = drawn_in_words(drawn, i, short=True).replace("nothing drawn", "identity")
            yield Cell(render(picture, drawn, i), said.replace(", ", "\n"))
    elif issubclass(OPS[name], Blend):
        yield from _blended(name, picture)
    elif setting:
        for value in swept or values(name, setting):
            drawn = _drawn(_policy(name, setting, value), picture)
            yield Cell(render(picture, drawn, 0), _said(setting, value))
    else:
        yield from _options(name, picture)


def values(name: str, setting: str, ends: tuple[float, float] | None = None) -> tuple[Value, ...]:
    """Return the values that a setting of an op is swept through: between two ends, or without the one that
    does nothing.

    Raises:
        UsageError: an end is no value of the setting.
    """
    kinds = next(f.metadata for f in dataclasses.fields(OPS[name]) if f.name == setting)
    if "words" in kinds:
        words: tuple[str, ...] = kinds["words"]
        if ends is not None:
            raise UsageError(f"{setting} of {name} is a word, one of {', '.join(words)}, and has no ends")
        return words
    limits: Limits = kinds.get("limits") or kinds["number"]
    if ends is not None:
        return _between(f"{setting} of {name}", limits, *ends)
    told = SWEEPS.get((name, setting), (limits.low, limits.high))
    if len(told) != 2:
        return told
    low, high = (float(end) for end in told)
    if limits.still is None:
        return tuple(np.linspace(low, high, _PANELS).tolist())
    sides = [end for end in (low, high) if end != limits.still]
    each = _PANELS // len(sides)
    steps = [limits.still + (end - limits.still) * k / each for end in sides for k in range(1, each + 1)]
    return tuple(sorted(steps)) if len(sides) > 1 else tuple(steps)


def _between(what: str, limits: Limits, low: float, high: float) -> tuple[Value, ...]:
    """Return evenly spaced values, the ends among them."""
    for end in (low, high):
        if not limits.holds(end):
            raise UsageError(f"got {end:g} as an end of {what}, want a number {limits}")
    found = np.linspace(low, high, _PANELS)
    return tuple(dict.fromkeys((np.rint(found) if limits.whole else found).tolist()))


def _sweeps(name: str, asked: Sequence[str]) -> tuple[str, ...]:
    """Return the settings that are swept; "" where the op has none."""
    fields = dataclasses.fields(OPS[name]) if name in OPS and not issubclass(OPS[name], Blend) else ()
    all_ = tuple(field.name for field in fields if {"limits", "number", "words"} & set(field.metadata))
    for setting in asked:
        if setting not in all_:
            raise UsageError(
                f"{name} has no setting {setting!r} to sweep; it has {', '.join(all_) or 'none'}",
                fix=did_you_mean(setting, all_),
            )
    return tuple(asked) or all_ or ("",)


def _titled(name: str, setting: str) -> str:
    """Return the title of a setting's row: its name and its unit."""
    if not setting:
        return ""
    kinds = next(f.metadata for f in dataclasses.fields(OPS[name]) if f.name == setting)
    limits: Limits | None = kinds.get("limits") or kinds.get("number")
    unit = "" if limits is None else limits.unit.partition(";")[0]
    return setting if not unit or setting.endswith(unit) else f"{setting}\n({unit})"


def _said(setting: str, value: Value) -> str:
    if isinstance(value, str):
        return value
    return f"{value:.0f}" if abs(value) >= 1000 else value_in_words(setting, value)


def _policy(name: str, setting: str = "", value: Value = 0.0) -> Policy:
    """Return a policy of one op, always done, with one setting at a value; or of one suite."""
    if name in SUITES:
        return Policy((sugar(SUITES[name](), 1.0, name, "", ""),), "none")
    given = {**BESIDE.get(name, {}), **({setting: value} if setting else {})}
    if name == "resize" and setting in ("width", "height"):
        given = {"width": 24, "height": 24, setting: value}
    made: dict[str, Any] = {}
    for field in dataclasses.fields(OPS[name]):
        limits: Limits | None = field.metadata.get("limits") or field.metadata.get("number")
        if field.name in given:
            at = given[field.name]
            at = int(at) if limits is not None and limits.whole else at
            made[field.name] = (at, at) if "limits" in field.metadata else at
        elif field.default is dataclasses.MISSING and limits is not None:
            made[field.name] = (limits.still, limits.still)
    return Policy((Step(OPS[name](**made), 1.0, name, "", ""),), "none")


def _drawn(policy: Policy, picture: Picture, copies: int = 1) -> Draws:
    """Draw a policy; what no setting fixes is drawn alike for the same copy."""
    height, width = picture.shape[:2]
    numbers = np.arange(1, copies + 1)
    return draw(policy, ["strip"] * copies, numbers, seed=0, aspects=np.full(copies, width / height))


def _options(name: str, picture: Picture) -> Iterator[Cell]:
    """Yield what an op without settings does, in each of its ways."""
    drawn = _drawn(_policy(name), picture)
    numbers = next(drawn.policy.leaves()).op.drawn()
    for option in numbers[0].options if numbers else ():
        chosen = dataclasses.replace(drawn, numbers=np.full_like(drawn.numbers, option))
        yield Cell(render(picture, chosen, 0), f"{numbers[0].name} {option:g}")
    if not numbers:
        yield Cell(render(picture, drawn, 0), "done")


def _blended(name: str, picture: Picture) -> Iterator[Cell]:
    """Yield what becomes of a picture and a partner, the partner first."""
    partner = motif.digit("2") if picture.shape[2] == 1 else motif.boat()
    if partner.shape != picture.shape:
        partner = np.ascontiguousarray(picture[:, ::-1])
    yield Cell(partner, "partner", "first")
    drawn = _drawn(_policy(name), picture, copies=_PANELS - 1)
    ((op, _, numbers),) = drawn.done
    assert isinstance(op, Blend)
    pair = [np.repeat(one[None], len(drawn), axis=0) for one in (picture, partner)]
    out, shares = op.blend(pair[0], pair[1], numbers)
    for mixed, share in zip(out, shares.tolist(), strict=True):
        yield Cell(mixed, f"label: {share:.0%} and {1 - share:.0%}")

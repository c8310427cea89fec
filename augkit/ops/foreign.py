"""Ops that belong to another tool: albumentations' transforms, and steps that augkit can judge but not do."""

from __future__ import annotations

import dataclasses
import functools
import inspect
import json
import os
import threading
import warnings
from collections.abc import Mapping
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from augkit.document import Item
from augkit.errors import UsageError, did_you_mean
from augkit.intervals import Interval
from augkit.ops.borrowed import EFFECTS, EXACT, REFUSED, RGB_ONLY, Frame
from augkit.ops.op import Drawn, Kernel, Op, field
from augkit.reach import Reach

Picture = NDArray[np.uint8]

SIDE = 28
"""Pixels across the shorter side of the pictures that a transform is judged for, where none are given."""

_OWN = ("name", "p", "side")
_made = threading.local()


@dataclasses.dataclass(frozen=True, kw_only=True)
class Foreign(Kernel):
    """Stand for a step of another tool.

    Attributes:
        name: what the tool calls it.
    """

    name: str

    def written(self) -> dict[str, Any]:
        """Return the step's settings as a policy writes them."""
        return {"name": self.name}

    def at(self, values: Mapping[str, float]) -> Op:
        """Return a step that does nothing: what one draw of another tool does for certain is not known."""
        return Declared(name=self.name, reach=Reach())


@dataclasses.dataclass(frozen=True, kw_only=True)
class Declared(Foreign):
    """Stand for a step of another tool that augkit can judge but not do.

    Attributes:
        reach: what it can do to a picture; `Reach.unknown()` when nobody has declared it.
    """

    reach: Reach

    def drawn(self) -> tuple[Drawn, ...]:
        """Return nothing: what another tool draws is its own."""
        return ()

    def effects(self, aspect: Interval) -> Reach:
        """Return what was declared."""
        return self.reach

    def apply(self, picture: Picture, values: Mapping[str, float]) -> Picture:
        """Refuse."""
        raise UsageError(
            f"{self.name} is a step of another tool; augkit can judge it and not do it",
            fix="'augkit convert' writes a policy of what augkit can do",
        )


@dataclasses.dataclass(frozen=True, kw_only=True)
class Albumentations(Foreign):
    """Use a transform of albumentations 2.0.8, once for each picture.

    Every transform that serves classification can be used, with its own arguments; what it does is declared
    from them.  What comes out is scaled back to the size that went in.

    Draws:   field, the seed of everything that the transform draws
    Pixels:  arguments that count pixels are judged for pictures whose shorter side is `side` pixels; on
             smaller ones (and on larger ones, where a window counts pixels) they are refused
    Grey:    a transform that takes three channels gets the grey one three times
    Source:  Buslaev et al. 2020, Information 11(2):125

    Attributes:
        arguments: a JSON object, the transform's own arguments without p.
        side:      pixels across the shorter side of the pictures.
        shape:     the frame it is judged for, where that is known better than by the asked aspect.
    """

    arguments: str = "{}"
    side: int = SIDE
    shape: Frame | None = None

    def drawn(self) -> tuple[Drawn, ...]:
        """Return the seed."""
        return (field(),)

    def effects(self, aspect: Interval) -> Reach:
        """Return what the transform can do, given its arguments."""
        return _effects(self.name, self.arguments, self.shape or Frame(aspect, self.side))

    def apply(self, picture: Picture, values: Mapping[str, float]) -> Picture:
        """Run the transform with its seed set; the same in any process."""
        self._check(picture)
        made = transform(self.name, self.arguments)
        made.set_random_seed(int(values["field"]))
        grey = picture.shape[2] == 1
        given = np.repeat(picture, 3, axis=2) if grey and self.name in RGB_ONLY else picture.copy()
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                out = np.asarray(made(image=given)["image"])
        except Exception as error:
            size = f"{picture.shape[1]}×{picture.shape[0]}"
            raise UsageError(f"{self.name} of albumentations fails on a picture of {size}: {error}") from None
        return _as(out, picture)

    def written(self) -> dict[str, Any]:
        """Return the step's settings as a policy writes them."""
        side = {"side": self.side} if self.side != SIDE else {}
        return {"name": self.name, **json.loads(self.arguments), **side}

    def _check(self, picture: Picture) -> None:
        shorter = min(picture.shape[:2])
        if shorter == self.side or not _counts_pixels(self.name, self.arguments):
            return
        if shorter < self.side or self.name in EXACT:
            raise UsageError(
                f"{self.name} counts pixels and was judged for pictures of {self.side}, not of {shorter}",
                fix=f"write 'side: {shorter}' in its step, pixels across the shorter side, and judge again",
            )


def read(body: Item, given: dict[str, Item]) -> Albumentations:
    """Read the settings of an `albumentations` step, p taken out.

    Raises:
        PolicyError: the transform is not known or cannot serve, or an argument is not one of its own.
    """
    if "name" not in given:
        body.fail("'name' is missing", "add name: HorizontalFlip, or another transform of albumentations")
    name = given["name"].text()
    if name in REFUSED:
        given["name"].fail(f"{name} {REFUSED[name]}", "leave it out")
    if name not in EFFECTS:
        hint = did_you_mean(name, EFFECTS)
        given["name"].fail(f"got {name!r}, want a transform of albumentations 2.0.8", hint or _HELP)
    known = accepted(name)
    for key, item in given.items():
        if key not in known and key not in _OWN:
            hint = did_you_mean(key, known)
            item.fail(f"got {key!r}, want an argument of {name}: {', '.join(known) or 'it has none'}", hint)
    side = _side(given["side"]) if "side" in given else SIDE
    plain = {key: item.plain() for key, item in given.items() if key not in _OWN}
    arguments = json.dumps(plain, sort_keys=True)
    try:
        transform(name, arguments)
    except UsageError as error:
        wrong = given.get(error.where, body)
        wrong.fail(f"{name} {error.problem}", error.fix)
    return Albumentations(name=name, arguments=arguments, side=side)


_HELP = "'augkit ops albumentations' names them all"


def accepted(name: str) -> list[str]:
    """Return the names of a transform's arguments, p left out."""
    return [key for key in inspect.signature(_class(name).__init__).parameters if key not in ("self", "p")]


def _side(item: Item) -> int:
    if not isinstance(item.value, int) or isinstance(item.value, bool) or item.value < 1:
        item.fail(f"got {item.shown}, want a whole number of pixels")
    return int(item.value)


@functools.cache
def _effects(name: str, arguments: str, frame: Frame) -> Reach:
    return EFFECTS[name](transform(name, arguments), frame)


@functools.cache
def _counts_pixels(name: str, arguments: str) -> bool:
    """Tell whether what the transform does depends on how many pixels a picture has."""
    square = Interval(1, 1)
    reaches = {_effects(name, arguments, Frame(square, side)) for side in (28, 97, 1024)}
    return len(reaches) > 1


def _class(name: str) -> Any:
    os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")
    import albumentations

    return getattr(albumentations, name)


def transform(name: str, arguments: str) -> Any:
    """Return the transform with p = 1, one for each thread: it keeps its random numbers in itself.

    Raises:
        UsageError: it does not take these values; `where` is the name of the first wrong argument.
    """
    made: dict[tuple[str, str], Any] = _made.__dict__.setdefault("transforms", {})
    if (name, arguments) not in made:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                made[name, arguments] = _class(name)(**json.loads(arguments, parse_constant=_number), p=1.0)
        except (TypeError, ValueError) as error:
            raise _wrong(error) from None
    return made[name, arguments]


def _number(constant: str) -> float:
    if constant == "NaN":
        raise ValueError("got nan, want a number")
    return float(constant)


def _wrong(error: Exception) -> UsageError:
    details = getattr(error.__cause__, "errors", None)
    if details is None:
        return UsageError(f"does not take this: {' '.join(str(error).split())}")
    first = details()[0]
    argument = str(first["loc"][0]) if first["loc"] else ""
    told = first["msg"].removeprefix("Value error, ")
    about = f"does not take this {argument}" if argument else "does not take this"
    return UsageError(f"{about}: {told}", where=argument)


def _as(out: NDArray[Any], picture: Picture) -> Picture:
    """Give what came out the size, the channels and the type of the picture that went in."""
    if out.ndim == 2:
        out = out[:, :, None]
    height, width, channels = picture.shape
    if out.dtype != np.uint8:
        out = np.rint(np.clip(out, 0, 255)).astype(np.uint8)
    if out.shape[2] > channels:
        out = cv2.cvtColor(out, cv2.COLOR_RGB2GRAY)[:, :, None]
    elif out.shape[2] < channels:
        out = np.repeat(out, channels, axis=2)
    if out.shape[:2] != (height, width):
        smaller = out.shape[0] * out.shape[1] > height * width
        filter_ = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
        out = np.asarray(cv2.resize(out, (width, height), interpolation=filter_))
    return np.ascontiguousarray(out.reshape(picture.shape))

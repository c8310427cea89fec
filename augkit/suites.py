"""Suites: steps of one line that draw from a table of ops.  `SUITES` is the one table of them.

`TABLE` is what both draw from: fourteen ops with their farthest strengths, as in torchvision 0.20; where it
departs from that, the docstring of `RandAugment` says so.
"""

from __future__ import annotations

import dataclasses
import math

from augkit.errors import UsageError
from augkit.ops import OPS, Op, number
from augkit.ops.setting import some

STRONGEST = 30
"""The greatest magnitude."""

_SMOOTHED = 0.68 / 224  # the sigma of Pillow's filter SMOOTH, in pixels, on the usual size of a photo


@dataclasses.dataclass(frozen=True)
class Part:
    """Say how one op of a suite is used.

    Attributes:
        op, setting: which op, and which of its ranges the strength moves.
        rand, wide:  how far from doing nothing the strongest use goes, for RandAugment and TrivialAugment.
        either:      whether the strength takes either sign.
        whole:       whether RandAugment rounds it.
        fixed:       the op's other ranges.
    """

    op: str
    setting: str = ""
    rand: float = 0.0
    wide: float = 0.0
    either: bool = False
    whole: bool = False
    fixed: tuple[tuple[str, tuple[float, float]], ...] = ()

    def made(self, low: float, high: float) -> Op:
        """Return the op with strengths from `low` to `high`, counted from where it does nothing."""
        if not self.setting:
            return OPS[self.op]()
        fields = {field.name: field for field in dataclasses.fields(OPS[self.op])}
        still = fields[self.setting].metadata["limits"].still
        return OPS[self.op](**{self.setting: (still + low, still + high), **dict(self.fixed)})


def _either(op: str, setting: str, rand: float, wide: float) -> tuple[Part, ...]:
    return (Part(op, setting, rand, wide, either=True),)


_LEAN, _LEAN_WIDE = (math.degrees(math.atan(slope)) for slope in (0.3, 0.99))

TABLE: dict[str, tuple[Part, ...]] = {
    "identity": (),
    "shear_x": _either("shear", "x_degrees", _LEAN, _LEAN_WIDE),
    "shear_y": _either("shear", "y_degrees", _LEAN, _LEAN_WIDE),
    "shift_x": _either("shift", "x", 150 / 331, 32 / 224),
    "shift_y": _either("shift", "y", 150 / 331, 32 / 224),
    "rotate": _either("rotate", "degrees", 30.0, 135.0),
    "brightness": _either("brightness", "shift", 0.45, 0.495),
    "saturation": _either("saturation", "factor", 0.9, 0.99),
    "contrast": _either("contrast", "gain", 0.9, 0.99),
    "sharpness": (
        Part("sharpen", "strength", 0.9, 0.99, fixed=(("radius", (_SMOOTHED, _SMOOTHED)),)),
        Part("blur", "sigma", 0.95 * _SMOOTHED, _SMOOTHED),
    ),
    "posterize": (Part("posterize", "bits", -4.0, -6.0, whole=True),),
    "solarize": (Part("solarize", "threshold", -1.0, -1.0),),
    "autocontrast": (Part("autocontrast"),),
    "equalize": (Part("equalize"),),
}
"""The ops by the names that `without` uses; where one has several parts, each is as likely as the others."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class RandAugment:
    """Do `n` ops one after the other, each drawn anew from a table of fourteen, all at one magnitude.

    Judged against a task it is narrowed first: an op that some class does not survive, `n` times over at that
    magnitude, is left out, and the verdict says which and why.  With `on_unsafe: redraw` and the like, draws
    are held against their own class instead, wherever a draw can be measured.

    Draws:   for each of the `n`, one op of the table, each as likely, and its sign
    Source:  Cubuk et al. 2019, arXiv:1909.13719, with the table of torchvision 0.20.  Shifts are shares,
             where its are pixels of a picture 331 across; shears lean about the middle, not a corner, and
             grow evenly in degrees; brightness is added, as far as its factor moves middle grey; contrast
             turns about middle grey; sharpness below 1 is a Gaussian blur as wide as its filter on 224
             pixels; autocontrast and equalize keep colours and cap their slopes, posterize keeps black and
             white
    """

    n: int = number(1, 10, unit="ops one after the other", whole=True, default=2)
    magnitude: float = number(0, STRONGEST, unit="strength; 30 is the farthest", default=9.0)
    without: tuple[str, ...] = some(*TABLE, default=())

    def __post_init__(self) -> None:
        """Check that something is left, and put what is left out into the order of the table."""
        object.__setattr__(self, "without", _sorted(self.without))

    def ops(self, name: str) -> tuple[Op, ...]:
        """Return what `name` stands for at this magnitude: ops each as likely; none where it does nothing."""
        made = []
        for part in TABLE[name]:
            far = part.rand * self.magnitude / STRONGEST
            far = round(far) if part.whole else far
            if far or not part.setting:
                made += [part.made(sign * far, sign * far) for sign in ((1, -1) if part.either else (1,))]
        return tuple(made)


@dataclasses.dataclass(frozen=True, kw_only=True)
class TrivialAugment:
    """Do one op, drawn from a table of fourteen, at a strength that is drawn as well.

    Judged against a task it is narrowed first: an op that some class does not survive at its farthest is left
    out, and the verdict says which and why.  With `on_unsafe: redraw` and the like, draws are held against
    their own class instead, wherever a draw can be measured.

    Draws:   one op of the table, each as likely, and its strength, even from nothing to the farthest, of
             either sign
    Source:  Müller & Hutter 2021, ICCV (TrivialAugment, the wide space), with the table of torchvision 0.20.
             Its 31 strengths are a range here, its shifts of 32 pixels are shares of 224; else as
             `rand_augment`
    """

    without: tuple[str, ...] = some(*TABLE, default=())

    def __post_init__(self) -> None:
        """Check that something is left, and put what is left out into the order of the table."""
        object.__setattr__(self, "without", _sorted(self.without))

    @property
    def n(self) -> int:
        """Return how many ops are done: one."""
        return 1

    def ops(self, name: str) -> tuple[Op, ...]:
        """Return what `name` stands for: ops each as likely; none where it does nothing."""
        made = []
        for part in TABLE[name]:
            ends = sorted((-part.wide if part.either else 0.0, part.wide))
            made.append(part.made(ends[0], ends[1]))
        return tuple(made)


Suite = RandAugment | TrivialAugment

SUITES: dict[str, type[Suite]] = {"rand_augment": RandAugment, "trivial_augment": TrivialAugment}


def left(suite: Suite) -> tuple[str, ...]:
    """Return the names that a suite draws from, each as likely."""
    return tuple(name for name in TABLE if name not in suite.without)


def _sorted(without: tuple[str, ...]) -> tuple[str, ...]:
    if set(without) >= set(TABLE):
        raise UsageError("nothing is left to draw from", where="without", fix="leave one of its ops in")
    return tuple(name for name in TABLE if name in without)

"""Motifs: pictures that the code draws itself, to show ops on where no data set is at hand.

Their tones leave room at both ends, as those of a photo on a dull day do, so that an op that stretches them
has something to stretch.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
from numpy.typing import NDArray

from augkit import keys
from augkit.ops.op import spread
from augkit.show.sheet import _font

Picture = NDArray[np.uint8]

_FINER = 8  # drawn so many times larger, and averaged
_DIGIT, _WIDTH, _HEIGHT = 28, 144, 112
_PAPER, _INK = 24, 208
_GRAIN = 7


@functools.cache
def digit(mark: str = "6") -> Picture:
    """Draw a digit, light on dark, uint8 28×28×1."""
    from PIL import Image, ImageDraw

    side = _DIGIT * _FINER
    large = Image.new("L", (side, side), _PAPER)
    ImageDraw.Draw(large).text((side / 2, side / 2), mark, fill=_INK, font=_font(side * 7 // 8), anchor="mm")
    small = large.resize((_DIGIT, _DIGIT), Image.Resampling.BOX)
    return _fixed(np.asarray(small, dtype=np.uint8)[:, :, None])


@functools.cache
def house() -> Picture:
    """Draw a house between hills by day, uint8 112×144×3."""
    shapes = (
        ("ellipse", (104, 10, 122, 28), (216, 186, 92)),
        ("ellipse", (-40, 58, 90, 160), (92, 138, 84)),
        ("ellipse", (50, 64, 190, 170), (74, 118, 72)),
        ("polygon", (44, 92, 44, 56, 92, 56, 92, 92), (196, 176, 150)),
        ("polygon", (38, 58, 68, 32, 98, 58), (166, 66, 54)),
        ("rectangle", (61, 70, 74, 92), (84, 60, 48)),
        ("rectangle", (48, 63, 57, 74), (70, 104, 140)),
        ("rectangle", (79, 63, 88, 74), (70, 104, 140)),
        ("rectangle", (116, 62, 121, 92), (96, 68, 48)),
        ("ellipse", (103, 34, 134, 70), (46, 92, 56)),
        *((("rectangle", (x, 86, x + 2, 98), (206, 200, 188))) for x in range(2, 40, 6)),
        ("rectangle", (0, 90, 40, 92), (206, 200, 188)),
    )
    return _drawn(shapes, (118, 166, 206), (196, 210, 212))


@functools.cache
def boat() -> Picture:
    """Draw a boat at sea in the evening, uint8 112×144×3."""
    shapes = (
        ("ellipse", (20, 44, 44, 68), (212, 120, 70)),
        ("rectangle", (0, 62, 144, 112), (52, 78, 118)),
        *((("rectangle", (x, y, x + 22, y + 1), (96, 122, 156))) for x, y in ((8, 74), (52, 104), (106, 82))),
        ("rectangle", (78, 22, 80, 78), (70, 52, 44)),
        ("polygon", (82, 24, 82, 72, 114, 72), (206, 198, 186)),
        ("polygon", (76, 32, 76, 72, 54, 72), (178, 74, 62)),
        ("polygon", (46, 78, 118, 78, 104, 92, 58, 92), (112, 74, 50)),
    )
    return _drawn(shapes, (92, 84, 134), (208, 150, 116))


def _drawn(shapes: Any, top: tuple[int, ...], bottom: tuple[int, ...]) -> Picture:
    """Draw shapes in units of pixels before a sky that goes from one colour to another, with a fine grain."""
    from PIL import Image, ImageDraw

    width, height = _WIDTH * _FINER, _HEIGHT * _FINER
    share = np.linspace(0, 1, height)[:, None, None]
    sky = np.repeat(np.array(top) * (1 - share) + np.array(bottom) * share, width, axis=1)
    large = Image.fromarray(np.rint(sky).astype(np.uint8))
    pen = ImageDraw.Draw(large)
    for kind, corners, colour in shapes:
        getattr(pen, kind)([corner * _FINER for corner in corners], fill=colour)
    small = np.asarray(large.resize((_WIDTH, _HEIGHT), Image.Resampling.BOX), dtype=np.float64)
    grain = keys.uniform(spread(0, "grain", _WIDTH * _HEIGHT)).reshape(_HEIGHT, _WIDTH, 1)
    speckled = small + _GRAIN * (2 * grain - 1)
    return _fixed(np.rint(np.clip(speckled, 0, 255)).astype(np.uint8))


def _fixed(picture: Picture) -> Picture:
    picture = np.ascontiguousarray(picture)
    picture.flags.writeable = False  # it is handed out again
    return picture

"""Contact sheets: rows of pictures with words beneath, drawn to be looked at.

Knows no policies, only pictures and text.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw
    from PIL.ImageFont import FreeTypeFont

Picture = NDArray[np.uint8]
Tone = Literal["plain", "first", "alarm"]

_PAPER, _INK, _SOFT = (250, 250, 248), (32, 33, 36), (110, 113, 118)
_EDGES: dict[Tone, tuple[int, int, int]] = {
    "plain": (214, 214, 210),
    "first": (32, 33, 36),
    "alarm": (196, 43, 28),
}
_MARGIN, _GAP, _LEAD = 24, 12, 1.3


@dataclasses.dataclass(frozen=True)
class Cell:
    """Hold one picture of a sheet.

    Attributes:
        picture: uint8, H×W×1 or H×W×3, of any size.
        caption: what stands beneath it; lines are broken where they must be, and "\\n" breaks one.
        tone:    how it is framed: "first" for an original, "alarm" for what should not be.
    """

    picture: Picture
    caption: str = ""
    tone: Tone = "plain"


@dataclasses.dataclass(frozen=True)
class Row:
    """Hold one row of a sheet: a short title to its left, and its cells."""

    title: str
    cells: Sequence[Cell]


def contact_sheet(rows: Sequence[Row], *, title: str = "", note: str = "", cell: int = 112) -> Picture:
    """Draw a sheet.

    Args:
        rows:  from top to bottom; they may be of different lengths.
        title: what the sheet shows.
        note:  a sentence or two beneath the title.
        cell:  the side of the square that each picture is fitted into, in pixels.

    Returns:
        uint8, H×W×3.
    """
    from PIL import Image, ImageDraw

    pen = ImageDraw.Draw(Image.new("RGB", (8, 8)))
    left = _MARGIN + max((_width(pen, row.title, 16, bold=True) for row in rows), default=0) + _GAP
    columns = max((len(row.cells) for row in rows), default=0)
    width = max(left + columns * (cell + _GAP) + _MARGIN - _GAP, 480)
    head = [*_wrapped(pen, title, width - 2 * _MARGIN, 20, bold=True)]
    words = [*_wrapped(pen, note, width - 2 * _MARGIN, 13)]
    top = _MARGIN + round(len(head) * 20 * _LEAD + len(words) * 13 * _LEAD) + (_GAP if head or words else 0)
    captions = [[_wrapped(pen, each.caption, cell, 10) for each in row.cells] for row in rows]
    heights = [
        cell + round(max((len(lines) for lines in row), default=0) * 10 * _LEAD) + 2 * _GAP
        for row in captions
    ]
    image = Image.new("RGB", (width, top + sum(heights) + _MARGIN - _GAP), _PAPER)
    pen = ImageDraw.Draw(image)
    y = _MARGIN
    for line in head:
        pen.text((_MARGIN, y), line, fill=_INK, font=_font(20, bold=True))
        y += round(20 * _LEAD)
    for line in words:
        pen.text((_MARGIN, y), line, fill=_SOFT, font=_font(13))
        y += round(13 * _LEAD)
    y = top
    for row, lines, height in zip(rows, captions, heights, strict=True):
        pen.text((_MARGIN, y + cell / 2 - 10), row.title, fill=_INK, font=_font(16, bold=True))
        for column, (each, said) in enumerate(zip(row.cells, lines, strict=True)):
            _draw_cell(image, pen, each, said, (left + column * (cell + _GAP), y), cell)
        y += height
    return np.asarray(image, dtype=np.uint8)


def _draw_cell(
    image: Any, pen: ImageDraw, each: Cell, said: list[str], at: tuple[int, int], cell: int
) -> None:
    from PIL import Image

    picture = _fitted(each.picture, cell)
    height, width = picture.shape[:2]
    x, y = at[0] + (cell - width) // 2, at[1] + (cell - height) // 2
    image.paste(Image.fromarray(picture), (x, y))
    thick = 1 if each.tone == "plain" else 2
    pen.rectangle(
        (x - thick, y - thick, x + width + thick - 1, y + height + thick - 1), None, _EDGES[each.tone], thick
    )
    for number, line in enumerate(said):
        fill = _EDGES["alarm"] if each.tone == "alarm" else _SOFT
        pen.text((at[0], at[1] + cell + 4 + round(number * 10 * _LEAD)), line, fill=fill, font=_font(10))


def _fitted(picture: Picture, cell: int) -> Picture:
    """Scale a picture into a square: small ones by a whole factor with crisp pixels, large ones averaged.

    H×W×3.
    """
    height, width = picture.shape[:2]
    factor = cell / max(height, width)
    if factor >= 1:
        factor = max(1, int(factor))
        scaled = picture.repeat(factor, axis=0).repeat(factor, axis=1)
    else:
        size = (max(1, round(width * factor)), max(1, round(height * factor)))
        scaled = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    scaled = scaled.reshape(*scaled.shape[:2], -1)
    return scaled.repeat(3, axis=2) if scaled.shape[2] == 1 else scaled


def _wrapped(pen: ImageDraw, text: str, width: int, size: int, *, bold: bool = False) -> list[str]:
    lines: list[str] = []
    for part in text.split("\n") if text else []:
        line = ""
        for word in part.split(" "):
            longer = f"{line} {word}".strip()
            if line and _width(pen, longer, size, bold=bold) > width:
                lines.append(line)
                longer = word
            line = longer
        lines.append(line)
    return lines


def _width(pen: ImageDraw, text: str, size: int, *, bold: bool = False) -> int:
    return round(pen.textlength(text, font=_font(size, bold=bold)))


@functools.cache
def _font(size: int, *, bold: bool = False) -> FreeTypeFont:
    import matplotlib
    from PIL import ImageFont

    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    return ImageFont.truetype(str(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / name), size)

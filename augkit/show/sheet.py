"""Contact sheets: rows of pictures with words beneath, drawn to be looked at.

Knows no policies, only pictures and text.
"""

from __future__ import annotations

import dataclasses
import functools
import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from PIL.ImageFont import FreeTypeFont

Picture = NDArray[np.uint8]
Tone = Literal["plain", "first", "other", "alarm"]

_PAPER, _INK, _SOFT, _GOOD = (250, 250, 248), (32, 33, 36), (95, 99, 104), (23, 105, 58)
_EDGES: dict[Tone, tuple[int, int, int]] = {
    "plain": (214, 214, 210),
    "first": (32, 33, 36),
    "other": (26, 95, 180),
    "alarm": (196, 43, 28),
}
_MARGIN, _GAP, _UNDER, _LEAD = 24, 12, 5, 1.3  # pixels between parts; height of a line over its size
_TITLE, _NOTE, _NAME, _CAPTION = 20, 13, 15, 10  # sizes of the letters, in pixels
_NARROWEST = 520  # pixels, so that a title has room over a single column
_WIDEST_NAME = 150  # pixels, so that a long class name leaves room for its pictures


@dataclasses.dataclass(frozen=True)
class Cell:
    """Hold one picture of a sheet.

    Attributes:
        picture: uint8, H×W×1 or H×W×3, of any size.
        caption: what stands beneath it; lines are broken where they must be, and "\\n" breaks one.
        tone:    how it is framed: "first" for an original, "other" for what is now of another class,
                 "alarm" for what should not be.
        word:    what is to be thought of it, such as "safe", beneath the caption.
    """

    picture: Picture
    caption: str = ""
    tone: Tone = "plain"
    word: str = ""

    def told(self, row: str = "") -> str:
        """Say in one line what is to be seen, for those who cannot see it; `row` is its row's title."""
        parts = (row, "original" if self.tone == "first" else "", self.caption, self.word)
        return ", ".join(dict.fromkeys(" ".join(part.split()) for part in parts if part))


@dataclasses.dataclass(frozen=True)
class Row:
    """Hold one row of a sheet: a title to its left, and its cells; pages have room for a note as well."""

    title: str
    cells: Sequence[Cell]
    note: str = ""


@dataclasses.dataclass(frozen=True)
class _Line:
    """Hold one row as it is drawn: lines of its title, pictures to size, and the lines beneath each: of its
    caption and of its word.
    """

    row: Row
    title: list[str]
    pictures: list[Picture]
    captions: list[list[str]]
    words: list[list[str]]

    @functools.cached_property
    def tall(self) -> int:
        """Return the height of what stands beside the title: the tallest picture, in pixels."""
        return max([*(len(picture) for picture in self.pictures), _high(len(self.title), _NAME)])

    @functools.cached_property
    def height(self) -> int:
        """Return the height of all, in pixels, with the space that follows."""
        both = zip(self.captions, self.words, strict=True)
        lines = max((len(caption) + len(word) for caption, word in both), default=0)
        return self.tall + (_UNDER + _high(lines, _CAPTION) if lines else 0) + 2 * _GAP


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
    from PIL import Image

    lines = [_laid_out(row, cell) for row in rows]
    named = [_width(part, _NAME, bold=True) for line in lines for part in line.title]
    left = _MARGIN + (max(named) + _GAP if any(named) else 0)
    columns = max((len(row.cells) for row in rows), default=0)
    width = max(left + columns * (cell + _GAP) - _GAP + _MARGIN, _NARROWEST)
    head = _wrapped(title, width - 2 * _MARGIN, _TITLE, bold=True)
    words = _wrapped(note, width - 2 * _MARGIN, _NOTE)
    top = _MARGIN + _high(len(head), _TITLE) + _high(len(words), _NOTE) + (_GAP if head or words else 0)
    height = top + sum(line.height for line in lines) - (2 * _GAP if lines else 0) + _MARGIN
    image = Image.new("RGB", (width, height), _PAPER)
    _write(image, head, (_MARGIN, _MARGIN), _TITLE, _INK, bold=True)
    _write(image, words, (_MARGIN, _MARGIN + _high(len(head), _TITLE)), _NOTE, _SOFT)
    for line in lines:
        _draw(image, line, left, top, cell)
        top += line.height
    return np.asarray(image, dtype=np.uint8)


def _laid_out(row: Row, cell: int) -> _Line:
    pictures = [_fitted(each.picture, cell) for each in row.cells]
    captions = [_wrapped(each.caption, cell, _CAPTION) for each in row.cells]
    words = [_wrapped(each.word, cell, _CAPTION, bold=True) for each in row.cells]
    return _Line(row, _wrapped(row.title, _WIDEST_NAME, _NAME, bold=True), pictures, captions, words)


def _draw(image: Any, line: _Line, left: int, top: int, cell: int) -> None:
    """Draw one row: its title half-way up, its pictures standing on one line, their captions beneath."""
    from PIL import Image, ImageDraw

    pen = ImageDraw.Draw(image)
    title = (_MARGIN, top + (line.tall - _high(len(line.title), _NAME)) // 2)
    _write(image, line.title, title, _NAME, _INK, bold=True)
    for column, each in enumerate(line.row.cells):
        height, width = line.pictures[column].shape[:2]
        start = left + column * (cell + _GAP)
        x, y = start + (cell - width) // 2, top + (line.tall - height) // 2
        image.paste(Image.fromarray(line.pictures[column]), (x, y))
        thick = 1 if each.tone == "plain" else 2
        frame = (x - thick, y - thick, x + width + thick - 1, y + height + thick - 1)
        pen.rectangle(frame, None, _EDGES[each.tone], thick)
        colour = _EDGES[each.tone] if each.tone in ("other", "alarm") else _SOFT
        under = top + line.tall + _UNDER
        _write(image, line.captions[column], (start, under), _CAPTION, colour)
        under += _high(len(line.captions[column]), _CAPTION)
        verdict = colour if each.tone in ("other", "alarm") else _GOOD
        _write(image, line.words[column], (start, under), _CAPTION, verdict, bold=True)


def _fitted(picture: Picture, cell: int) -> Picture:
    """Scale a picture into a square: small ones by a whole factor with crisp pixels, large ones averaged.

    H×W×3.
    """
    height, width = picture.shape[:2]
    factor = int(cell / max(height, width))
    scaled = picture.repeat(factor, axis=0).repeat(factor, axis=1) if factor else shrunk(picture, cell)
    return np.ascontiguousarray(scaled.repeat(3, axis=2) if scaled.shape[2] == 1 else scaled)


def shrunk(picture: Picture, most: int) -> Picture:
    """Average a picture down until no side is longer than `most`; a smaller one comes back as it is."""
    height, width = picture.shape[:2]
    factor = most / max(height, width)
    if factor >= 1:
        return picture
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    scaled = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    return scaled.reshape(*scaled.shape[:2], -1)


def _write(
    image: Any,
    lines: list[str],
    at: tuple[int, int],
    size: int,
    colour: tuple[int, int, int],
    *,
    bold: bool = False,
) -> None:
    from PIL import ImageDraw

    pen = ImageDraw.Draw(image)
    for number, line in enumerate(lines):
        pen.text((at[0], at[1] + _high(number, size)), line, fill=colour, font=_font(size, bold=bold))


def _wrapped(text: str, width: int, size: int, *, bold: bool = False) -> list[str]:
    """Break text into lines of at most so many pixels, between words, or within one that is too long."""
    lines: list[str] = []
    for part in _printable(text).split("\n") if text else []:
        if not part.startswith(" ") and _width(part, size, bold=bold) <= width:
            lines.append(part)
            continue
        line = ""
        for word in part.split(" "):
            longer = f"{line} {word}" if line else word
            if line and _width(longer, size, bold=bold) > width:
                lines.append(line)
                longer = word
            while _width(longer, size, bold=bold) > width and len(longer) > 1:
                fits = (
                    n for n in range(len(longer) - 1, 1, -1) if _width(longer[:n], size, bold=bold) <= width
                )
                cut = next(fits, 1)
                lines.append(longer[:cut])
                longer = longer[cut:]
            line = longer
        lines.append(line)
    return lines


def _printable(text: str) -> str:
    """Replace what cannot be drawn: controls, and halves of surrogate pairs."""
    return "".join(mark if mark == "\n" or mark.isprintable() else "�" for mark in text)


def _high(lines: int, size: int) -> int:
    return round(lines * size * _LEAD)


@functools.lru_cache(4096)
def _width(text: str, size: int, *, bold: bool = False) -> int:
    return round(_font(size, bold=bold).getlength(text))


@functools.cache
def _font(size: int, *, bold: bool = False) -> FreeTypeFont:
    from PIL import ImageFont

    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    return ImageFont.truetype(str(_fonts() / name), size)


@functools.cache
def _fonts() -> Path:
    """Return the folder of the fonts that come with Matplotlib, without importing it: that takes a while."""
    found = importlib.util.find_spec("matplotlib")
    for root in (found.submodule_search_locations or ()) if found is not None else ():
        if (folder := Path(root, "mpl-data", "fonts", "ttf")).is_dir():
            return folder
    import matplotlib  # which knows where a distribution of Linux has put them

    return Path(matplotlib.get_data_path(), "fonts", "ttf")

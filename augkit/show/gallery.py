"""Galleries: rows of pictures with words beneath, as one picture or as one HTML page.

Knows no policies, as `augkit.show.sheet` does not.
"""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from augkit import codec, page
from augkit.show.sheet import Picture, Row, contact_sheet, shrunk

if TYPE_CHECKING:
    from markupsafe import Markup

_HERE = Path(__file__).parent
_SHARP = 2  # pixels of a picture to a pixel of its cell, for screens that have so many
_MANY = 300  # pictures; of more, each has one pixel to a pixel, so that the file stays small
_SMALL = 64 * 64  # pixels; up to so many a lossless file is as small as any
_LOSSY = "jpeg:85"
_NAMED = re.compile(r"(?<=[a-z]) (?=-?\d)")
_LONG = re.compile(r"[_/](?=\w)")


@dataclasses.dataclass(frozen=True)
class Gallery:
    """Hold rows of pictures, to be shown.

    Attributes:
        rows:  from top to bottom.
        title: what they show.
        note:  a sentence or two beneath the title.
        word:  "safe", "unsafe" or "unproven", where a policy was judged.
        cell:  the side of the square that each picture is fitted into, in pixels.
    """

    rows: tuple[Row, ...]
    title: str
    note: str = ""
    word: str = ""
    cell: int = 112

    def picture(self) -> Picture:
        """Draw it: uint8, H×W×3."""
        return contact_sheet(self.rows, title=self.title, note=self.note, cell=self.cell)

    def fragment(self, heading: str = "h1") -> Markup:
        """Return it as HTML without a page around it; `heading` is the tag of its title."""
        return page.filled(_HERE / "gallery.html", gallery=self, shots=self.shots(), heading=heading)

    def shots(self) -> Markup:
        """Return its rows alone as HTML, without title and note."""
        most = self.cell * (_SHARP if sum(len(row.cells) for row in self.rows) <= _MANY else 1)
        rows = [(row, [_shot(cell.picture, self.cell, most) for cell in row.cells]) for row in self.rows]
        return page.filled(_HERE / "shots.html", gallery=self, rows=rows, broken=_broken)

    def html(self) -> str:
        """Return it as an HTML document that holds its pictures."""
        return page.whole(self.title, self.fragment())

    def _repr_html_(self) -> str:
        return page.fragment(self.fragment("h2"))


def _broken(caption: str) -> Markup:
    """Return a caption that is broken where it reads well: not between a name and its value, and in a long
    name after "_" or "/".
    """
    from markupsafe import Markup, escape

    kept = str(escape(_NAMED.sub("\u00a0", caption)))
    return Markup(_LONG.sub(r"\g<0><wbr>", kept))


def _shot(picture: Picture, cell: int, most: int) -> dict[str, Any]:
    """Return the address of a picture that holds it, in at most so many pixels a side, and how large it is
    shown: as on a sheet.
    """
    height, width = picture.shape[:2]
    factor = cell / max(height, width)
    shown = max(1, int(factor)) if factor >= 1 else factor
    kept = shrunk(picture, most)
    kind = "png" if kept.shape[0] * kept.shape[1] <= _SMALL else _LOSSY
    address = page.uri(codec.encode(kept, kind), kind.partition(":")[0])
    size = {"width": max(1, round(width * shown)), "height": max(1, round(height * shown))}
    return {"address": address, "crisp": factor >= 1, **size}

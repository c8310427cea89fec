"""Contact sheets show every picture, in order, in its own colours and proportions, with words that fit."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import matplotlib
import numpy as np
import pytest

from augkit.show import Cell, Row, contact_sheet
from augkit.show.sheet import _EDGES, _fonts

COLOURS = [(200, 30, 30), (30, 200, 30), (30, 30, 200), (200, 200, 30), (30, 200, 200), (200, 30, 200)]


def plain(colour, height=40, width=40):
    return np.full((height, width, len(colour)), colour, np.uint8)


def box(sheet, colour):
    """Return where one colour stands: top, left, height, width and how many pixels."""
    rows, columns = np.nonzero((sheet == colour).all(axis=2))
    height, width = np.ptp(rows) + 1, np.ptp(columns) + 1
    return int(rows.min()), int(columns.min()), int(height), int(width), len(rows)


def test_rows_go_down_and_cells_to_the_right():
    cells = [Cell(plain(colour)) for colour in COLOURS]
    sheet = contact_sheet([Row("a", cells[:3]), Row("b", cells[3:])])
    assert sheet.dtype == np.uint8 and sheet.ndim == 3 and sheet.shape[2] == 3
    tops, lefts, heights, widths, counts = zip(*(box(sheet, colour) for colour in COLOURS), strict=True)
    assert tops[0] == tops[1] == tops[2] < tops[3] == tops[4] == tops[5]
    assert lefts[:3] == lefts[3:] and lefts[0] < lefts[1] < lefts[2]
    assert all(h == w == 80 and n == h * w for h, w, n in zip(heights, widths, counts, strict=True))


@pytest.mark.parametrize(
    ("height", "width"), [(28, 28), (1, 1), (500, 375), (200, 600), (3, 1000), (112, 112)]
)
def test_a_picture_keeps_its_proportions_within_its_square(height, width):
    _, _, high, wide, count = box(
        contact_sheet([Row("", [Cell(plain(COLOURS[0], height, width))])]), COLOURS[0]
    )
    assert count == high * wide and max(high, wide) <= 112
    if max(height, width) <= 112:
        assert high % height == 0 and high // height == wide // width == 112 // max(height, width)
    else:
        assert max(high, wide) == 112 and abs(high / wide - height / width) <= max(
            1 / wide, height / width / high
        )


def test_small_pictures_keep_every_pixel():
    picture = np.random.default_rng(0).integers(0, 200, (14, 14, 3), dtype=np.uint8)
    sheet = contact_sheet([Row("x", [Cell(picture)])])
    crisp = picture.repeat(8, axis=0).repeat(8, axis=1)
    windows = np.lib.stride_tricks.sliding_window_view(sheet, crisp.shape)[..., 0, :, :, :]
    assert any(np.array_equal(window, crisp) for row in windows for window in row)


def test_grey_pictures_are_shown_grey():
    sheet = contact_sheet([Row("x", [Cell(plain((77,)))])])
    assert box(sheet, (77, 77, 77))[4] == 80 * 80


@pytest.mark.parametrize("tone", ["first", "other", "alarm"])
def test_a_frame_in_the_tones_colour_surrounds_what_is_not_plain(tone):
    sheet = contact_sheet([Row("", [Cell(plain(COLOURS[0]), tone=tone)])])
    top, left, height, width, _ = box(sheet, COLOURS[0])
    framed = sheet[top - 2 : top + height + 2, left - 2 : left + width + 2].copy()
    framed[2:-2, 2:-2] = _EDGES[tone]
    assert (framed == _EDGES[tone]).all()


def ink(sheet, top=0):
    """Count pixels that are neither paper nor picture."""
    return int((sheet[top:] < 180).all(axis=2).sum())


def test_captions_stand_beneath_their_picture_and_never_on_their_neighbour():
    words = "a_caption_of_one_word_that_is_far_too_long_for_its_cell and more of it"
    bare = contact_sheet([Row("", [Cell(plain(COLOURS[0])), Cell(plain(COLOURS[1]))])])
    said = contact_sheet([Row("", [Cell(plain(COLOURS[0]), words), Cell(plain(COLOURS[1]))])])
    assert said.shape[1] == bare.shape[1] and said.shape[0] > bare.shape[0]
    top, left, height, *_ = box(said, COLOURS[0])
    beneath = said[top + height + 8 :, left + 112 + 2 :]
    assert ink(said, top + height + 8) > 200 and ink(beneath) == 0


def test_a_word_stands_beneath_the_caption_in_the_colour_of_what_it_says():
    def colours(tone):
        sheet = contact_sheet([Row("", [Cell(plain(COLOURS[0]), "rotate 3°", tone, "so")])])
        return {tuple(pixel) for pixel in sheet.reshape(-1, 3).tolist()}

    assert (23, 105, 58) in colours("plain") and (23, 105, 58) not in colours("alarm")


def test_a_long_class_name_is_broken_and_leaves_room_for_pictures():
    name = "a domestic cat on a sofa, seen from close by in the light of an evening " * 2
    sheet = contact_sheet([Row(name, [Cell(plain(COLOURS[0]))]), Row("x", [Cell(plain(COLOURS[1]))])])
    assert box(sheet, COLOURS[0])[1] < 250 and sheet.shape[0] < 700


def test_titles_and_notes_fit_the_width():
    long = "word " * 200
    sheet = contact_sheet([Row("x", [Cell(plain(COLOURS[0]))])], title=long, note=long)
    assert ink(sheet[:, :20]) == ink(sheet[:, -20:]) == 0 and sheet.shape[1] == 520


def test_what_cannot_be_drawn_is_replaced_and_nothing_fails():
    words = "\x00\x1b[31m\ud800 \u202e<script>|\n\n名前 🦊"
    sheet = contact_sheet([Row(words, [Cell(plain(COLOURS[0]), words)])], title=words, note=words)
    assert box(sheet, COLOURS[0])[4] == 80 * 80


@pytest.mark.parametrize(
    "rows", [[], [Row("", [])], [Row("empty", []), Row("one", [Cell(plain(COLOURS[0]))])]]
)
def test_a_sheet_of_little_is_a_sheet(rows):
    assert contact_sheet(rows).size


def test_the_same_rows_make_the_same_bytes():
    rows = [Row("a", [Cell(plain(COLOURS[0], 300, 200), "rotate 3°")])]
    assert np.array_equal(contact_sheet(rows, title="t"), contact_sheet(rows, title="t"))


def test_the_letters_are_those_of_matplotlib_which_is_not_imported_for_them(monkeypatch):
    program = "import sys; from augkit.show.sheet import _fonts; print(_fonts(), 'matplotlib' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert said.split() == [str(Path(matplotlib.get_data_path(), "fonts", "ttf")), "False"]
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)  # as where Linux has moved the fonts
    assert _fonts.__wrapped__() == Path(matplotlib.get_data_path(), "fonts", "ttf")

"""A strip shows what each op does, more with every panel, with the values that it was made with."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from augkit.errors import UsageError
from augkit.ops import OPS, Blend
from augkit.show import motif
from augkit.show import strip as strips
from augkit.show.sheet import Cell
from augkit.show.strip import BESIDE, SWEEPS, strip, values
from augkit.suites import SUITES

NAMES = [*OPS, *SUITES]


def swept(name: str) -> list[str]:
    return [f.name for f in dataclasses.fields(OPS[name]) if {"limits", "number", "words"} & {*f.metadata}]


def same(one: Cell, other: Cell) -> bool:
    return np.array_equal(one.picture, other.picture)


@pytest.mark.parametrize("name", NAMES)
def test_every_op_has_a_strip_of_the_original_and_of_panels_that_differ(name: str) -> None:
    rows = strip(name).rows
    for row in rows:
        assert row.cells[0].tone == "first" and len(row.cells) <= 7 and all(c.caption for c in row.cells)
        others = [cell for cell in row.cells[1:] if not same(cell, row.cells[0])]
        assert others
        different = {(cell.picture.tobytes(), cell.picture.shape) for cell in others}
        assert len(different) >= min(len(row.cells) - 1, 3), row.title
    titles = [row.title.split("\n")[0] for row in rows if row.title]
    assert titles == ([] if name in SUITES or issubclass(OPS[name], Blend) else swept(name))


@pytest.mark.parametrize("name", [name for name in OPS if not issubclass(OPS[name], Blend)])
def test_the_scene_shows_every_setting_and_the_digit_all_but_colours(name: str) -> None:
    rows = strip(name).rows
    grey = [row for row in rows if row.cells[0].picture.shape[2] == 1]
    assert len(rows) - len(grey) == max(1, len(swept(name)))
    coloured = ("saturation", "hue", "grey", "channel_shuffle", "channel_drop", "white_balance", "pca_colour")
    assert bool(grey) == (name not in coloured)


@pytest.mark.parametrize("name", NAMES)
def test_a_strip_is_drawn_and_drawn_again_the_same(name: str) -> None:
    sheet = strip(name).picture()
    assert sheet.dtype == np.uint8 and sheet.shape[2] == 3
    assert 500 <= sheet.shape[1] <= 1400 and 200 <= sheet.shape[0] <= 1600
    assert (sheet == strip(name).picture()).all()


def test_captions_are_the_values_and_go_from_nothing_to_far_on_both_sides() -> None:
    shown = [strip(name).rows[0] for name in ("rotate", "blur", "white_balance")]
    turns, blurs, lights = (" ".join(cell.caption for cell in row.cells) for row in shown)
    assert turns == "original -180° -120° -60° 60° 120° 180°"
    assert blurs == "original 0.01 0.02 0.03 0.04 0.05 0.06"
    assert lights.endswith(" 15000")


def test_a_panel_is_what_the_op_makes_of_the_picture() -> None:
    picture = motif.house()
    cells = list(strips._cells("flip_horizontal", "", picture))
    assert [cell.picture.tolist() for cell in cells] == [picture[:, ::-1].tolist()]
    turned = list(strips._cells("quarter_turn", "", motif.digit()))
    assert [np.rot90(motif.digit(), k).tolist() for k in (1, 2, 3)] == [c.picture.tolist() for c in turned]
    dark = next(strips._cells("brightness", "shift", picture))
    assert (dark.picture == np.clip(picture.astype(int) - 153, 0, 255)).all() and dark.caption == "-0.6"


def test_what_is_swept_is_within_the_limits_and_told_of_settings_that_are_there() -> None:
    for name, setting in SWEEPS:
        fields = {field.name: field for field in dataclasses.fields(OPS[name])}
        kinds = fields[setting].metadata
        limits = kinds.get("limits") or kinds["number"]
        assert all(limits.holds(value) for value in values(name, setting)), (name, setting)
        assert limits.still not in values(name, setting) or len(SWEEPS[name, setting]) > 2
    for name, beside in BESIDE.items():
        assert {*beside} <= {field.name for field in dataclasses.fields(OPS[name])}


def test_one_setting_and_pictures_of_ones_own_can_be_asked_for() -> None:
    mine = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)
    (row,) = strip("zoom", settings=["x"], pictures=[("mine", mine)]).rows
    assert row.title.startswith("x") and row.cells[0].caption == "mine" and same(row.cells[0], Cell(mine))


def test_a_setting_can_be_swept_between_two_values_and_both_are_shown() -> None:
    rows = strip("rotate", settings=["degrees"], ends={"degrees": (-30, 20)}).rows
    assert [cell.caption for cell in rows[0].cells[1:]] == ["-30°", "-20°", "-10°", "0°", "10°", "20°"]
    (sizes, *_) = strip("resize", settings=["shorter"], ends={"shorter": (8, 10)}).rows
    assert [cell.caption for cell in sizes.cells[1:]] == ["8", "9", "10"]


def test_suites_say_what_they_drew_in_the_words_of_their_table() -> None:
    said = " ".join(cell.caption for cell in strip("rand_augment").rows[0].cells)
    assert "rand_augment" not in said and "#" not in said


@pytest.mark.parametrize(
    "asked, says",
    [
        ({"name": "rotat"}, "did you mean rotate?"),
        ({"name": "albumentations"}, "no op 'albumentations' to draw"),
        ({"name": "rotate", "settings": ["degree"]}, "did you mean degrees?"),
        ({"name": "invert", "settings": ["p"]}, "it has none"),
        ({"name": "rotate", "settings": ["degrees"], "ends": {"degrees": (0, 400)}}, "from -180 to 180"),
        ({"name": "rotate", "settings": ["degrees"], "ends": {"degrees": (0, float("nan"))}}, "got nan"),
        ({"name": "hue", "pictures": [("grey", motif.digit())]}, "hue changes none of the pictures"),
    ],
)
def test_what_cannot_be_drawn_is_refused(asked, says) -> None:
    with pytest.raises(UsageError) as caught:
        strip(**asked)
    assert says in str(caught.value)


def test_motifs_have_room_for_their_tones_to_spread_and_are_not_written_to() -> None:
    for picture in (motif.digit(), motif.digit("2"), motif.house(), motif.boat()):
        assert 15 < picture.min() < 45 and 200 < picture.max() < 235
        with pytest.raises(ValueError):
            picture[0, 0] = 0
    assert motif.house().shape == motif.boat().shape and not np.array_equal(motif.house(), motif.boat())

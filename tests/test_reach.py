"""Reaches compose soundly: what two maps do one after the other lies inside the reach of the two."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from augkit import affine, reach
from augkit.intervals import ANY, CIRCLE, EMPTY, NOWHERE, Arcs, Interval
from augkit.reach import AXES, Reach
from tests.maps import turned_stretched

low_high = st.tuples(st.floats(0, 1), st.floats(0, 1)).map(sorted)


def scaled(ends: list[float], low: float, high: float) -> Interval:
    return Interval(low + ends[0] * (high - low), low + ends[1] * (high - low))


@st.composite
def arcs(draw: st.DrawFn, *, may_be_empty: bool = True) -> Arcs:
    pieces = draw(
        st.lists(st.tuples(st.floats(-180, 180), st.floats(0, 60)), min_size=not may_be_empty, max_size=3)
    )
    return Arcs.of(*((low, low + width) for low, width in pieces))


@st.composite
def reaches(draw: st.DrawFn) -> Reach:
    def least_up(low: float, high: float) -> Interval:
        return Interval(low, low + draw(st.floats(0, 1)) * (high - low))

    turn = draw(arcs())
    contrast = scaled(draw(low_high), 0, 3) if draw(st.booleans()) else EMPTY
    return Reach(
        turn=turn,
        mirrored=draw(arcs(may_be_empty=not turn.empty)),
        stretch=least_up(1, 3),
        zoom=scaled(draw(low_high), 0.3, 3),
        kept=Interval(draw(st.floats(0, 1)), 1),
        covered=least_up(0, 1),
        contrast=contrast,
        inverted=scaled(draw(low_high), 0, 3) if contrast.empty or draw(st.booleans()) else EMPTY,
        brightness=scaled(draw(low_high), -1, 1),
        hue=least_up(0, 180),
        saturation=scaled(draw(low_high), 0, 3),
        channels=least_up(0, 1),
        blur=least_up(0, 0.2),
        noise=least_up(0, 0.5),
        pixels=Interval(draw(st.floats(1, 500)), math.inf),
        levels=Interval(draw(st.floats(1, 256)), 256),
        quality=Interval(draw(st.floats(0, 100)), 100),
        displaced=least_up(0, 0.3),
        blended=least_up(0, 1),
        local=scaled(draw(low_high), 0.5, 2),
    )


def assert_equal(one: Reach, other: Reach) -> None:
    for axis in AXES:
        assert reach.inside(one.on(axis), other.on(axis)) and reach.inside(other.on(axis), one.on(axis)), axis


def test_a_reach_has_the_axes_of_the_table_in_its_order():
    assert tuple(Reach.__dataclass_fields__) == (*AXES, "local")


def test_doing_nothing_reaches_what_the_table_calls_still():
    for name, axis in AXES.items():
        assert Reach().on(name) == axis.still


@given(reaches())
def test_doing_nothing_before_or_after_changes_nothing(some):
    assert_equal(Reach().then(some), some)
    assert_equal(some.then(Reach()), some)


@given(reaches(), reaches())
def test_either_is_the_same_both_ways_and_holds_each(one, other):
    assert_equal(one.either(other), other.either(one))
    assert not one.outside(one.either(other)) and not other.outside(one.either(other))


@given(reaches(), reaches(), reaches())
def test_either_is_associative_and_twice_is_once(one, two, three):
    assert_equal(one.either(one), one)
    assert_equal(one.either(two).either(three), one.either(two.either(three)))


@given(reaches(), reaches(), reaches())
@settings(deadline=None)
def test_reaching_more_never_leads_to_reaching_less(small, more, other):
    large = small.either(more)
    assert not small.then(other).outside(large.then(other))
    assert not other.then(small).outside(other.then(large))


@given(reaches())
def test_what_is_unknown_stays_unknown_and_is_inside_no_limit_but_any(some):
    assume(min(some.saturation.high, max(some.contrast.high, some.inverted.high)) > 0)  # after all grey, grey
    assert not some.outside(Reach.unknown())
    for name, axis in AXES.items():
        assert name in Reach.unknown().outside(Reach())
        for composed in (Reach.unknown().then(some), some.then(Reach.unknown())):
            on = composed.on(name)
            assert reach.inside(axis.whole, on), name


@st.composite
def steps(draw: st.DrawFn) -> tuple[float, float, float, float, bool, float, float]:
    """Draw the turn, stretch, its axis, zoom, mirror and tone of one concrete step."""
    return (
        draw(st.floats(-180, 180)),
        draw(st.floats(1, 3)),
        draw(st.floats(-90, 90)),
        draw(st.floats(0.3, 3)),
        draw(st.booleans()),
        draw(st.floats(-3, 3)),
        draw(st.floats(-1, 1)),
    )


def concrete(step: tuple[float, float, float, float, bool, float, float]) -> tuple[affine.Map, Reach]:
    turn, ratio, along, zoom, mirror, slope, level = step
    turned = turned_stretched
    through = affine.compose(turned(along, 1), affine.compose(turned(0, ratio), turned(-along, 1)))
    through = affine.compose(turned(turn, 1), through)
    if mirror:
        through = affine.compose(through, (-1, 0, 0, 0, 1, 0))
    through = affine.compose((zoom, 0, 0, 0, zoom, 0), through)
    none, at = Arcs(()), Arcs.of((turn, turn))
    return through, Reach(
        turn=none if mirror else at,
        mirrored=at if mirror else none,
        stretch=Interval(1, ratio),
        zoom=Interval(zoom, zoom),
        kept=Interval(float(affine.kept([through])), 1),
        contrast=EMPTY if np.signbit(slope) else Interval(slope, slope),
        inverted=Interval(-slope, -slope) if np.signbit(slope) else EMPTY,
        brightness=Interval(level, level),
    )


@given(st.lists(steps(), min_size=2, max_size=5), st.integers(1, 4))
@settings(max_examples=300, deadline=None)
def test_then_holds_what_the_composed_maps_do_however_they_are_grouped(chain, cut):
    whole, slope, level = affine.IDENTITY, 1.0, 0.0
    parts = [concrete(step) for step in chain]
    for (through, _), step in zip(parts, chain, strict=True):
        whole = affine.compose(through, whole)
        slope, level = step[5] * slope, step[5] * level + step[6]

    def folded(some: list[Reach]) -> Reach:
        total = Reach()
        for one in some:
            total = total.then(one)
        return total

    bounds = [one for _, one in parts]
    mirrored, turn, zoom, stretch = affine.pose(whole)
    kept = float(affine.kept([whole]))
    for bound in (folded(bounds), folded(bounds[:cut]).then(folded(bounds[cut:]))):
        assert (bound.mirrored if mirrored else bound.turn).excess(np.array(turn)) < 1e-6
        assert (bound.turn if mirrored else bound.mirrored).empty
        assert stretch <= bound.stretch.high * (1 + 1e-9)
        assert zoom / bound.zoom.high < 1 + 1e-9 and bound.zoom.low / zoom < 1 + 1e-9
        assert kept >= bound.kept.low - 1e-9
        assert abs(slope) in (bound.inverted if np.signbit(slope) else bound.contrast)
        assert level in bound.brightness


@given(st.floats(1.05, 4), st.floats(1.05, 4))
@settings(deadline=None)
def test_two_stretches_turn_by_up_to_the_thomas_wigner_bound_and_attain_it(first, second):
    def stretched(ratio: float, along: np.ndarray) -> affine.Map:
        cos, sin, root = np.cos(along), np.sin(along), math.sqrt(ratio)
        a, d = root * cos**2 + sin**2 / root, root * sin**2 + cos**2 / root
        return (a, (root - 1 / root) * sin * cos, 0.0, (root - 1 / root) * sin * cos, d, 0.0)

    axes = np.linspace(0, math.pi, 20_001)
    turns = affine.pose(affine.compose(stretched(second, axes), stretched(first, np.zeros(1))))[1]
    bound = Reach(stretch=Interval(1, first)).then(Reach(stretch=Interval(1, second))).turn
    ((low, high),) = bound.arcs
    assert low == pytest.approx(-high)
    assert turns.max() <= high + 1e-9
    assert turns.max() == pytest.approx(high, rel=1e-5)


def test_two_flips_are_a_half_turn_and_no_mirror():
    across = Reach(turn=Arcs(()), mirrored=Arcs.of((0, 0)))
    down = Reach(turn=Arcs(()), mirrored=Arcs.of((180, 180)))
    both = across.then(down)
    assert (both.turn, both.mirrored) == (Arcs.of((180, 180)), Arcs(()))
    either = Reach().either(across).then(Reach().either(down))
    assert either.turn == Arcs.of((0, 0), (180, 180)) == either.mirrored


def test_a_mirror_turns_a_later_turn_round_when_it_comes_after():
    turned = Reach(turn=Arcs.of((10, 20)))
    mirror = Reach(turn=Arcs(()), mirrored=Arcs.of((0, 0)))
    assert turned.then(mirror).mirrored == Arcs.of((-20, -10))
    assert mirror.then(turned).mirrored == Arcs.of((10, 20))


def test_a_loss_after_shrinking_counts_for_more_of_the_source():
    shrunk, cut = Reach(zoom=Interval(0.5, 0.5)), Reach(kept=Interval(0.9, 1))
    assert shrunk.then(cut).kept.low == pytest.approx(1 - 0.1 / 0.25)
    assert cut.then(shrunk).kept.low == pytest.approx(0.9)


def test_what_comes_later_enlarges_blur_noise_and_displacement():
    before = Reach(
        blur=Interval(0, 0.01),
        noise=Interval(0, 0.1),
        displaced=Interval(0, 0.02),
        pixels=Interval(64, math.inf),
    )
    after = before.then(Reach(zoom=Interval(1, 2), stretch=Interval(1, 1.44), contrast=Interval(0.5, 3)))
    assert after.blur.high == pytest.approx(0.01 * 2 * 1.2)
    assert after.noise.high == pytest.approx(0.3)
    assert after.displaced.high == pytest.approx(0.02 * 2 * 1.2)
    assert after.pixels.low == pytest.approx(64 / 2.4)


def test_outside_names_the_axes_in_order():
    some = Reach(zoom=Interval(0.5, 2), turn=Arcs.of((-30, 30)))
    assert some.outside(Reach(turn=Arcs.of((-20, 20)))) == ("turn", "zoom")


ARCS = {
    "turns up to 27.3° either way": (-27.3, 27.3),
    "turns up to 0.005° either way": (-0.0049996, 0.0049996),
    "turns up to 10° clockwise": (-10, 0),
    "turns by 5° to 10° counter-clockwise": (5, 10),
    "turns up to 10° clockwise and 5° counter-clockwise": (-10, 5),
    "turns by exactly 180°": (180, 180),
    "turns by exactly 90° clockwise": (-90, -90),
    "turns by 170° to 190° counter-clockwise": (170, 190),
}


@pytest.mark.parametrize("words", ARCS)
def test_a_turn_is_said_in_words(words):
    assert Reach(turn=Arcs.of(ARCS[words])).in_words() == [words]


@pytest.mark.parametrize(
    "some,words",
    [
        (Reach(), []),
        (Reach.unknown(), ["may do anything"]),
        (Reach(turn=CIRCLE), ["turns by any angle"]),
        (Reach(turn=Arcs.of((0, 0), (180, 180))), ["turns by exactly 0° or 180°"]),
        (Reach(turn=Arcs.of((-12, 12), (170, 190))), ["turns by -12° to 12° or 170° to 190°"]),
        (Reach(turn=Arcs.of((0, 0), (90, 90), (-90, -90))), ["turns by exactly 0°, 90° or 270°"]),
        (Reach(mirrored=CIRCLE), ["can mirror, along any axis"]),
        (Reach(mirrored=Arcs.of((0, 0), (180, 180))), ["can mirror left to right or top to bottom"]),
        (Reach(mirrored=Arcs.of((-9, 9))), ["can mirror left to right, turned up to 9° either way"]),
        (Reach(mirrored=Arcs.of((90, 90))), ["can mirror, with a turn of exactly 90°"]),
        (Reach(turn=NOWHERE, mirrored=Arcs.of((180, 180))), ["always mirrors top to bottom"]),
        (Reach(kept=Interval(0.71, 1)), ["keeps at least 71 % in frame"]),
        (Reach(kept=Interval(0.7199, 1)), ["keeps at least 71.9 % in frame"]),
        (Reach(kept=Interval(0, 1)), ["may keep nothing in frame"]),
        (
            Reach(zoom=Interval(0.9, 1.1), stretch=Interval(1, 1.5)),
            ["stretches one axis up to 1.5 times the other", "shows things at 90 % to 110 % of their size"],
        ),
        (Reach(zoom=Interval(1.25, 1.25)), ["shows things at 125 % of their size"]),
        (Reach(covered=Interval(0, 0.25)), ["covers up to 25 % of the picture"]),
        (Reach(brightness=ANY), ["makes anything of the brightness"]),
        (Reach(brightness=Interval(-0.2, 0.2)), ["darkens or lightens by up to 20 % of full range"]),
        (Reach(brightness=Interval(-0.1, 0)), ["darkens by up to 10 % of full range"]),
        (Reach(brightness=Interval(0.1, 0.2)), ["lightens by 10 % to 20 % of full range"]),
        (Reach(contrast=Interval(0.8, 1.2)), ["has 80 % to 120 % of the contrast"]),
        (Reach(contrast=EMPTY, inverted=Interval(1, 1)), ["always inverts light and dark"]),
        (Reach(inverted=Interval(0.5, 1)), ["can invert light and dark, with 50 % to 100 % of the contrast"]),
        (Reach(hue=Interval(0, 40)), ["turns hues up to 40°"]),
        (Reach(saturation=Interval(0, 1)), ["has 0 % to 100 % of the saturation, 0 % being grey"]),
        (Reach(channels=Interval(0, 1)), ["mixes the colour channels"]),
        (Reach(blur=Interval(0, 0.012)), ["blurs by up to 1.2 % of the side (standard deviation)"]),
        (Reach(noise=Interval(0, 0.05)), ["adds noise of up to 5 % of full range (standard deviation)"]),
        (Reach(pixels=Interval(32, math.inf)), ["leaves at least 32 pixels across"]),
        (Reach(levels=Interval(16, 256)), ["leaves at least 16 of 256 levels"]),
        (Reach(quality=Interval(40, 100)), ["compresses, at a JPEG quality of at least 40"]),
        (Reach(displaced=Interval(0, 0.03)), ["moves parts of the picture by up to 3 % of the side"]),
        (Reach(blended=Interval(0, 0.5)), ["mixes in up to 50 % of another picture"]),
    ],
)
def test_a_reach_is_said_in_words(some, words):
    assert some.in_words() == words


@given(st.floats(1e-4, 179))
def test_what_is_said_of_a_turn_is_never_less_than_it_is(far):
    (said,) = Reach(turn=Arcs.of((-far, far))).in_words()
    number = float(said.split()[3].removesuffix("°"))
    assert far - 1e-8 <= number <= far * 1.01 + 1e-8


@given(reaches())
def test_any_reach_can_be_said(some):
    assume(some != Reach())
    for line in some.in_words():
        assert line and "inf" not in line and "nan" not in line

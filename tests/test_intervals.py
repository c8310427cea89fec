"""Intervals and arcs are sets: every operation is held against the plain sets of their numbers."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from augkit.intervals import ANY, CIRCLE, EMPTY, NOWHERE, Arcs, Interval

numbers = st.integers(-8, 8).map(float)
angles = st.integers(-72, 72).map(lambda n: 10.0 * n)
shares = st.floats(0, 1)


@st.composite
def intervals(draw: st.DrawFn) -> Interval:
    low, high = sorted((draw(numbers), draw(numbers)))
    return Interval(low, high)


@st.composite
def arc_sets(draw: st.DrawFn) -> Arcs:
    lows = draw(st.lists(angles, max_size=4))
    return Arcs.of(*((low, low + draw(st.sampled_from([0, 10, 20, 90, 180, 270, 350]))) for low in lows))


def on_grid(arcs: Arcs) -> set[int]:
    """Return the multiples of 5 degrees in the set, by a walk over each arc; 0 to 355."""
    if arcs.full:
        return set(range(0, 360, 5))
    return {5 * n % 360 for low, high in arcs.arcs for n in range(round(low / 5), round(high / 5) + 1)}


GRID = [float(angle) for angle in range(0, 360, 5)]


@given(intervals(), intervals(), shares, shares)
def test_sums_and_products_hold_the_sums_and_products_of_members(one, other, s, t):
    x, y = one.low + s * (one.high - one.low), other.low + t * (other.high - other.low)
    assert x + y in one + other
    assert x * y in one * other
    assert -x in -one


@given(intervals(), intervals())
def test_sums_and_products_are_no_larger_than_they_must_be(one, other):
    ends = [(a, b) for a in (one.low, one.high) for b in (other.low, other.high)]
    assert (one + other) == Interval(min(a + b for a, b in ends), max(a + b for a, b in ends))
    assert (one * other) == Interval(min(a * b for a, b in ends), max(a * b for a, b in ends))


@given(intervals(), intervals())
def test_either_holds_both_and_both_is_inside_each(one, other):
    joined = one.either(other)
    assert one.inside(joined) and other.inside(joined)
    assert one.both(other).inside(one) and one.both(other).inside(other)


@pytest.mark.parametrize("other", [Interval(1, 2), ANY, EMPTY])
def test_nothing_stays_nothing(other):
    assert (EMPTY + other).empty and (EMPTY * other).empty and (-EMPTY).empty
    assert EMPTY.either(other) == other
    assert EMPTY.inside(other)


def test_only_nothing_is_inside_nothing():
    assert not Interval(1, 1).inside(EMPTY)
    assert not ANY.inside(Interval(-1e9, 1e9))
    assert Interval(-1e9, 1e9).inside(ANY)


def test_zero_times_anything_is_zero():
    assert Interval(0, 0) * ANY == Interval(0, 0)
    assert ANY * ANY == ANY


def test_rounding_is_forgiven_and_no_more():
    assert Interval(0, 1 + 1e-12).inside(Interval(0, 1))
    assert not Interval(0, 1 + 1e-6).inside(Interval(0, 1))
    assert Interval(1e6, 1e6 + 1e-5).inside(Interval(0, 1e6))


def test_excess_is_the_distance_outside_and_no_value_has_none():
    excess = Interval(1, 2).excess(np.array([0.5, 1.0, 1.5, 4.0, np.nan]))
    assert excess.tolist() == [0.5, 0.0, -0.5, 2.0, -math.inf]
    assert EMPTY.excess(np.array([0.0, np.nan])).tolist() == [math.inf, -math.inf]


@given(st.lists(st.tuples(angles, st.sampled_from([0, 5, 10, 90, 200, 340])), max_size=5))
def test_arcs_are_normal_whatever_they_are_made_of(pieces):
    made = Arcs.of(*((low, low + width) for low, width in pieces))
    for low, high in made.arcs:
        assert -180 <= low < 180
        assert low <= high < low + 360 or made.full
    assert list(made.arcs) == sorted(made.arcs)
    for (_, stop), (start, _) in zip(made.arcs, made.arcs[1:], strict=False):
        assert stop < start
    if len(made.arcs) > 1:
        assert made.arcs[-1][1] - 360 < made.arcs[0][0]
    assert Arcs.of(*made.arcs) == made
    given = {5 * n % 360 for low, width in pieces for n in range(int(low) // 5, int(low + width) // 5 + 1)}
    assert on_grid(made) >= given
    assert made.full or on_grid(made) == given


@given(arc_sets(), st.sampled_from(GRID))
def test_an_angle_is_in_a_set_however_often_it_goes_round(arcs, angle):
    assert (angle in arcs) == (angle + 360 in arcs) == (angle - 720 in arcs) == (int(angle) in on_grid(arcs))


@given(arc_sets(), arc_sets())
def test_either_is_the_union(one, other):
    assert on_grid(one.either(other)) == on_grid(one) | on_grid(other)


@given(arc_sets(), arc_sets())
def test_the_sum_holds_every_sum_and_nothing_else(one, other):
    sums = {(a + b) % 360 for a in on_grid(one) for b in on_grid(other)}
    assert on_grid(one + other) == sums


@given(arc_sets())
def test_negating_twice_changes_nothing(arcs):
    assert on_grid(-arcs) == {-angle % 360 for angle in on_grid(arcs)}
    assert on_grid(-Arcs(arcs=(-arcs).arcs)) == on_grid(arcs)


@given(arc_sets(), arc_sets())
def test_inside_means_every_angle_is(one, other):
    fine = {angle for low, high in one.arcs for angle in np.arange(low, high + 0.5, 1.0)}
    if one.inside(other):
        assert all(float(angle) in other for angle in fine)
    else:
        assert any(float(angle) not in other for angle in fine)


@given(arc_sets(), st.floats(-720, 720))
def test_excess_is_the_degrees_to_the_nearest_arc(arcs, angle):
    dense = [float(a) for low, high in arcs.arcs for a in np.linspace(low, high, 400)]
    excess = float(arcs.excess(np.array([angle]))[0])
    if arcs.full:
        assert excess == -math.inf
    elif arcs.empty:
        assert excess == 180
    else:
        gap = min(abs((angle - a + 180) % 360 - 180) for a in dense)
        assert gap <= 1.0 if excess <= 0 else abs(excess - gap) < 1.0
        assert (angle in arcs) == (excess <= 1e-9)


def test_no_angle_is_as_far_inside_as_can_be():
    assert NOWHERE.excess(np.array([np.nan]))[0] == -math.inf


@pytest.mark.parametrize("degrees,arcs", [(5, ((-15.0, 15.0),)), (-3, ((-10.0, 10.0),)), (175, CIRCLE.arcs)])
def test_widening_reaches_both_ways_and_round(degrees, arcs):
    assert Arcs.of((-10, 10)).widened(degrees).arcs == arcs


def test_nowhere_is_inside_everything_and_holds_nothing():
    assert NOWHERE.inside(NOWHERE) and NOWHERE.inside(Arcs.of((0, 0)))
    assert not Arcs.of((0, 0)).inside(NOWHERE)
    assert (NOWHERE + CIRCLE).empty


def test_an_arc_across_the_half_turn_is_one_arc():
    assert Arcs.of((170, 190)).arcs == ((170.0, 190.0),)
    assert Arcs.of((170, 180), (-180, -170)).arcs == ((170.0, 190.0),)
    assert -175 in Arcs.of((170, 190)) and 0 not in Arcs.of((170, 190))

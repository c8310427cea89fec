"""Maps of the plane, held against linear algebra and an independent way to clip polygons."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from augkit import affine
from augkit.affine import Map
from augkit.span import Span
from tests.maps import turned_stretched

angles = st.floats(-180, 180)
ratios = st.floats(1, 20)
factors = st.floats(0.05, 20)
Points = list[tuple[float, float]]


def matrix(through: Map) -> np.ndarray:
    a, b, tx, c, d, ty = through
    return np.array([[a, b, tx], [c, d, ty], [0, 0, 1]], dtype=float)


@st.composite
def maps(draw: st.DrawFn, *, shifts: float = 1.0) -> Map:
    """Draw a map as zoom · turn · stretch along any axis · mirror, then a shift."""
    turn, along = math.radians(draw(angles)), math.radians(draw(angles))
    root = math.sqrt(draw(st.floats(1, 4)))
    zoom = draw(st.floats(0.3, 3))
    a, b, _, c, d, _ = turned_stretched(math.degrees(turn), 1.0)
    axis = np.array([[math.cos(along), -math.sin(along)], [math.sin(along), math.cos(along)]])
    linear = zoom * np.array([[a, b], [c, d]]) @ axis @ np.diag([root, 1 / root]) @ axis.T
    if draw(st.booleans()):
        linear = linear @ np.diag([-1, 1])
    tx, ty = draw(st.floats(-shifts, shifts)), draw(st.floats(-shifts, shifts))
    return (linear[0, 0], linear[0, 1], tx, linear[1, 0], linear[1, 1], ty)


def clipped(polygon: Points, planes: list[tuple[float, float, float]]) -> Points:
    """Clip a convex polygon by half-planes nx x + ny y <= h (Sutherland & Hodgman 1974)."""
    for nx, ny, h in planes:
        out: Points = []
        for (x, y), (u, v) in zip(polygon, polygon[1:] + polygon[:1], strict=True):
            here, there = nx * x + ny * y - h, nx * u + ny * v - h
            if here <= 0:
                out.append((x, y))
            if min(here, there) < 0 < max(here, there):
                share = here / (here - there)
                out.append((x + share * (u - x), y + share * (v - y)))
        polygon = out
    return polygon


def shoelace(polygon: Points) -> float:
    pairs = zip(polygon, polygon[1:] + polygon[:1], strict=True)
    return abs(sum(x * v - u * y for (x, y), (u, v) in pairs)) / 2


def box(half: float) -> list[tuple[float, float, float]]:
    return [(1.0, 0.0, half), (-1.0, 0.0, half), (0.0, 1.0, half), (0.0, -1.0, half)]


@given(maps(), maps(), st.floats(-2, 2), st.floats(-2, 2))
def test_compose_does_the_first_and_then_the_second(first, second, x, y):
    point = np.array([x, y, 1])
    expected = matrix(second) @ (matrix(first) @ point)
    np.testing.assert_allclose(matrix(affine.compose(second, first)) @ point, expected, atol=1e-9)


@given(factors)
def test_a_frame_has_unit_area_and_its_aspect(aspect):
    half_width, half_height = affine.half_sides(aspect)
    assert 4 * half_width * half_height == pytest.approx(1)
    assert half_width / half_height == pytest.approx(aspect)


@given(angles, ratios, factors, angles, st.booleans())
def test_pose_takes_apart_what_was_put_together(turn, ratio, zoom, along, mirror):
    axis = turned_stretched(along, 1.0)
    back = turned_stretched(-along, 1.0)
    stretched = affine.compose(axis, affine.compose(turned_stretched(0, ratio), back))
    made = affine.compose(turned_stretched(turn, 1.0), stretched)
    made = affine.compose((zoom, 0, 0, 0, zoom, 0), made)
    if mirror:
        made = affine.compose(made, (-1, 0, 0, 0, 1, 0))
    mirrored, found_turn, found_zoom, found_ratio = affine.pose(made)
    assert mirrored == mirror
    assert abs((found_turn - turn + 180) % 360 - 180) < 1e-6
    assert found_zoom == pytest.approx(zoom, rel=1e-9)
    assert found_ratio == pytest.approx(ratio, rel=1e-6)


@given(maps())
def test_zoom_and_stretch_are_those_of_the_singular_values(through):
    long, short = np.linalg.svd(matrix(through)[:2, :2], compute_uv=False)
    mirrored, _, zoom, stretch = affine.pose(through)
    assert zoom == pytest.approx(math.sqrt(long * short), rel=1e-9)
    assert stretch == pytest.approx(long / short, rel=1e-6)
    assert mirrored == (np.linalg.det(matrix(through)) < 0)


@pytest.mark.parametrize(
    "through,mirrored,turn",
    [
        (affine.IDENTITY, False, 0),
        ((-1, 0, 0, 0, -1, 0), False, 180),
        ((0, -1, 0, 1, 0, 0), False, 90),
        ((-1, 0, 0, 0, 1, 0), True, 0),
        ((1, 0, 0, 0, -1, 0), True, 180),
        ((0, -1, 0, -1, 0, 0), True, 90),
    ],
)
def test_the_eight_symmetries_of_a_square_are_named_exactly(through, mirrored, turn):
    found = affine.pose(through)
    assert found[0] == mirrored
    assert abs(found[1]) == turn
    assert (found[2], found[3]) == (1, 1)


def test_a_map_onto_a_line_is_stretched_without_end():
    assert affine.pose((1, 0, 0, 0, 0, 0))[3] == math.inf


@given(st.lists(st.tuples(angles, st.floats(-0.5, 2)), max_size=6))
@example([(0.0, 0.0), (1.0, 0.0), (0.0, -5e-324)])  # a product of distances would vanish
@settings(max_examples=200)
def test_area_is_that_of_the_clipped_polygon(lines):
    planes = box(1.0) + [(math.cos(math.radians(t)), math.sin(math.radians(t)), h) for t, h in lines]
    square: Points = [(-1, -1), (1, -1), (1, 1), (-1, 1)]
    assert float(affine.area(planes)) == pytest.approx(shoelace(clipped(square, planes)), abs=1e-7)


@pytest.mark.parametrize(
    "planes,expected",
    [
        (box(1.0), 4),
        (box(1.0) * 3, 4),
        (box(1.0) + box(0.5), 1),
        (box(0.5) + box(1.0), 1),
        ([*box(1.0), (1, 0, 0)], 2),
        ([*box(1.0), (1, 0, -2)], 0),
        ([*box(1.0), (2, 2, 0)], 2),
        ([*box(1.0), (1, 0, -1)], 0),
        ([*box(1.0), (0, 0, -1)], 0),
        ([*box(1.0), (0, 0, 1)], 4),
        ([*box(1.0), (1, 0, 0), (-1, 0, 0)], 0),
        ([*box(1.0), (-3, 0, 3)], 4),
        ([*box(1.0), (1, 1, 0), (1, 1, 0)], 2),
    ],
)
def test_equal_parallel_empty_and_flat_half_planes_count_once(planes, expected):
    assert float(affine.area(planes)) == pytest.approx(expected, abs=1e-12)


def test_area_works_on_arrays():
    planes = [*box(1.0), (np.array([1.0, 0.0, 1.0]), np.array([0.0, 1.0, 1.0]), np.array([0.0, 0.5, 0.0]))]
    np.testing.assert_allclose(affine.area(planes), [2, 3, 2])


@given(maps(), st.floats(0.3, 3))
@settings(max_examples=200)
def test_kept_is_the_area_of_the_source_that_lands_in_frame(through, aspect):
    half_width, half_height = affine.half_sides(aspect)
    a, b, tx, c, d, ty = through
    corners = [(x * half_width, y * half_height) for x, y in [(-1, -1), (1, -1), (1, 1), (-1, 1)]]
    moved = [(a * x + b * y + tx, c * x + d * y + ty) for x, y in corners]
    frame = [
        (1.0, 0.0, half_width),
        (-1.0, 0.0, half_width),
        (0.0, 1.0, half_height),
        (0.0, -1.0, half_height),
    ]
    expected = shoelace(clipped(moved, frame)) / abs(a * d - b * c)
    found = float(affine.kept([affine.in_half_sides(through, aspect)]))
    assert found == pytest.approx(expected, abs=1e-7)


@given(st.lists(maps(), min_size=2, max_size=3), st.floats(0.3, 3), st.integers(0, 99))
@settings(max_examples=60, deadline=None)
def test_kept_through_several_windows_is_what_a_count_of_points_finds(chain, aspect, seed):
    points = (
        np.random.default_rng(seed).uniform(-1, 1, (2, 20_000)) * np.array(affine.half_sides(aspect))[:, None]
    )
    visible = np.ones(20_000, dtype=bool)
    for through in chain:
        moved = matrix(through) @ np.vstack([points, np.ones(20_000)])
        visible &= (np.abs(moved[:2]) <= np.array(affine.half_sides(aspect))[:, None]).all(axis=0)
    found = float(affine.kept([affine.in_half_sides(through, aspect) for through in chain]))
    assert found == pytest.approx(visible.mean(), abs=0.02)


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
def test_quarter_turns_and_mirrors_of_a_square_keep_all_of_it(turn):
    through = turned_stretched(turn, 1.0)
    mirrored = affine.compose(through, (-1, 0, 0, 0, 1, 0))
    assert float(affine.kept([through, mirrored, through])) == pytest.approx(1, abs=1e-12)


def test_a_two_to_one_picture_turned_by_a_quarter_keeps_half_of_itself():
    quarter = turned_stretched(90, 1.0)
    for aspect in (2.0, 0.5):
        assert float(affine.kept([affine.in_half_sides(quarter, aspect)])) == pytest.approx(0.5)


@given(st.lists(maps(shifts=0.3), min_size=1, max_size=2), st.floats(0, 0.3), st.integers(0, 999))
@settings(max_examples=60, deadline=None)
def test_kept_at_least_is_below_what_any_map_of_the_box_keeps(chain, width, seed):
    rng = np.random.default_rng(seed)
    spans, samples = [], []
    for through in chain:
        middle = np.array(through)[:, None]
        radii = rng.uniform(0, width, middle.shape)
        still = np.zeros((1, 1))
        spans.append(tuple(Span(m - r, m + r, still, still) for m, r in zip(middle, radii, strict=True)))
        inside = middle + radii * rng.choice([-1, 1, rng.uniform(-1, 1)], (6, 200))
        samples.append(tuple(inside))
    bound = affine.kept_at_least(spans)
    assert bound.shape == (1,)
    assert bound[0] <= affine.kept(samples).min() + 1e-7


@given(maps())
def test_kept_at_least_of_a_point_is_what_is_kept(through):
    still = np.zeros((1, 1))
    spans = tuple(Span(np.array([e]), np.array([e]), still, still) for e in through)
    assert affine.kept_at_least([spans])[0] == pytest.approx(float(affine.kept([through])), abs=1e-7)

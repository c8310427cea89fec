"""Spans are sound: what a quantity and its slopes are at any point of a box lies inside."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from augkit.span import Span

Function = Callable[..., object]

ONE: dict[str, tuple[Function, tuple[float, float]]] = {
    "-x": (lambda x: -x, (-3, 3)),
    "np.negative": (lambda x: np.negative(x), (-3, 3)),
    "x + number": (lambda x: x + 2.5, (-3, 3)),
    "number - x": (lambda x: 2.5 - x, (-3, 3)),
    "x - number": (lambda x: x - 2.5, (-3, 3)),
    "number * x": (lambda x: -1.5 * x, (-3, 3)),
    "numpy number * x": (lambda x: np.float64(-1.5) * x, (-3, 3)),
    "numpy number - x": (lambda x: np.float64(-1.5) - x, (-3, 3)),
    "x / number": (lambda x: x / -4.0, (-3, 3)),
    "number / x": (lambda x: 2.0 / x, (0.2, 3)),
    "numpy number / x": (lambda x: np.float64(2.0) / x, (0.2, 3)),
    "number / -x": (lambda x: 2.0 / (-x), (0.2, 3)),
    "square": (lambda x: np.square(x), (-3, 3)),
    "x * x": (lambda x: x * x, (-3, 3)),
    "cos": (lambda x: np.cos(x), (-8, 8)),
    "sin": (lambda x: np.sin(x), (-8, 8)),
    "tan": (lambda x: np.tan(x), (-1.4, 1.4)),
    "exp": (lambda x: np.exp(x), (-3, 3)),
    "sqrt": (lambda x: np.sqrt(x), (0.01, 4)),
    "minimum with a number": (lambda x: np.minimum(np.square(x), 1.0), (-2, 2)),
    "maximum with a number": (lambda x: np.maximum(0.5, x), (-2, 2)),
    "radians": (lambda x: np.radians(x), (-180, 180)),
    "sin of a square": (lambda x: np.sin(np.square(x) - 1.0) * np.exp(-x), (-2, 2)),
}

TWO: dict[str, tuple[Function, tuple[float, float]]] = {
    "x + y": (lambda x, y: x + y, (-3, 3)),
    "x - y": (lambda x, y: x - y, (-3, 3)),
    "x * y": (lambda x, y: x * y, (-3, 3)),
    "x / y": (lambda x, y: x / y, (0.2, 3)),
    "minimum": (lambda x, y: np.minimum(x * x, y), (-2, 2)),
    "maximum": (lambda x, y: np.maximum(x, 1.0 / y), (0.2, 3)),
    "np.add": (lambda x, y: np.add(x, y), (-3, 3)),
    "turn and shear": (lambda x, y: np.cos(x) * np.tan(y) - np.sin(x) / np.cos(y), (-1.2, 1.2)),
    "crop": (lambda x, y: (0.5 - y) * (1.0 / x - 1.0), (0.1, 1)),
}


def corners(
    function: Function, within: tuple[float, float], data: list[float], count: int
) -> tuple[np.ndarray, np.ndarray]:
    ends = np.sort(
        within[0] + np.array(data[: 2 * count]).reshape(2, count) * (within[1] - within[0]), axis=0
    )
    return ends[0][:, None], ends[1][:, None]


def hold(function: Function, low: np.ndarray, high: np.ndarray) -> None:
    span = function(*Span.boxes(low, high))
    assert isinstance(span, Span)
    share = np.concatenate([np.linspace(0, 1, 41), [0.0, 1.0]])
    grids = np.meshgrid(*(a + share * (b - a) for a, b in zip(low[:, 0], high[:, 0], strict=True)))
    points = np.array([grid.ravel() for grid in grids])
    value = np.broadcast_to(np.asarray(function(*points)), points.shape[1:])
    slack = 1e-9 * (1 + np.abs(value).max())
    assert span.low[0] - slack <= value.min() and value.max() <= span.high[0] + slack
    for i in range(len(low)):
        step = np.zeros((len(low), 1))
        step[i] = 1e-6
        slope = (np.asarray(function(*(points + step))) - np.asarray(function(*(points - step)))) / 2e-6
        rough = 1e-4 * (1 + np.abs(slope).max())
        assert span.slope_low[i].min() - rough <= np.min(slope), "a slope lies below"
        assert np.max(slope) <= span.slope_high[i].max() + rough, "a slope lies above"


numbers = st.lists(st.floats(0.001, 0.999), min_size=4, max_size=4)


@pytest.mark.parametrize("name", ONE)
@given(data=numbers)
@settings(max_examples=40, deadline=None)
def test_a_rule_of_one_number_is_sound(name, data):
    function, within = ONE[name]
    hold(function, *corners(function, within, data, 1))


@pytest.mark.parametrize("name", TWO)
@given(data=numbers)
@settings(max_examples=30, deadline=None)
def test_a_rule_of_two_numbers_is_sound(name, data):
    function, within = TWO[name]
    hold(function, *corners(function, within, data, 2))


@pytest.mark.parametrize("name", [*ONE, *TWO])
def test_a_rule_is_exact_at_a_point(name):
    function, within = (ONE | TWO)[name]
    point = np.full((1 if name in ONE else 2, 1), 0.37 * within[0] + 0.63 * within[1])
    span = function(*Span.boxes(point, point))
    value = np.asarray(function(*point))
    np.testing.assert_allclose([span.low, span.high], [value, value], atol=1e-12)
    np.testing.assert_allclose(span.slope_low, span.slope_high, atol=1e-12)


@pytest.mark.parametrize(
    "low,high,least,most",
    [
        (0, 0.1, np.cos(0.1), 1),
        (-0.1, 0.1, np.cos(0.1), 1),
        (3.1, 3.2, -1, np.cos(3.2)),
        (0, 7, -1, 1),
        (2 * np.pi - 0.1, 2 * np.pi + 0.2, np.cos(0.2), 1),
        (-3.2, -3.1, -1, np.cos(3.2)),
    ],
)
def test_cosine_knows_its_tops_and_bottoms(low, high, least, most):
    (x,) = Span.boxes(np.array([[low]], float), np.array([[high]], float))
    span = np.cos(x)
    np.testing.assert_allclose([span.low[0], span.high[0]], [least, most], atol=1e-12)


def test_dividing_by_a_span_that_holds_zero_reaches_everything():
    (x,) = Span.boxes(np.array([[-1.0, 1.0]]), np.array([[1.0, 2.0]]))
    span = 1.0 / x
    assert (span.low[0], span.high[0]) == (-np.inf, np.inf)
    assert (span.low[1], span.high[1]) == (0.5, 1.0)


def test_a_square_is_tighter_than_a_product():
    (x,) = Span.boxes(np.array([[-1.0]]), np.array([[2.0]]))
    assert (np.square(x).low[0], np.square(x).high[0]) == (0, 4)
    assert (x * x).low[0] == -2


@given(numbers)
@settings(max_examples=60, deadline=None)
def test_the_mean_value_form_is_sound_and_at_least_as_tight(data):
    function, within = TWO["turn and shear"]
    low, high = corners(function, within, data, 2)
    assume((high > low).all())
    span = function(*Span.boxes(low, high))
    narrow = span.narrowed(np.asarray(function(*((low + high) / 2))), (high - low) / 2)
    x, y = (a + np.linspace(0, 1, 60) * (b - a) for a, b in zip(low, high, strict=True))
    value = np.asarray(function(*np.meshgrid(x, y)))
    assert narrow.low[0] - 1e-12 <= value.min() and value.max() <= narrow.high[0] + 1e-12
    assert narrow.low[0] >= span.low[0] and narrow.high[0] <= span.high[0]


def test_the_mean_value_form_falls_with_the_square_of_the_box():
    function, _ = TWO["turn and shear"]
    excess = []
    for size in (0.1, 0.05):
        low, high = np.full((2, 1), 0.4), np.full((2, 1), 0.4 + size)
        span = function(*Span.boxes(low, high))
        narrow = span.narrowed(np.asarray(function(*((low + high) / 2))), (high - low) / 2)
        grid = np.meshgrid(*(np.linspace(0.4, 0.4 + size, 80),) * 2)
        value = np.asarray(function(*grid))
        excess.append((narrow.high[0] - narrow.low[0]) - (value.max() - value.min()))
    assert excess[1] < 0.3 * excess[0]


def test_what_has_no_rule_is_refused():
    (x,) = Span.boxes(np.zeros((1, 1)), np.ones((1, 1)))
    with pytest.raises(TypeError):
        np.arcsinh(x)
    with pytest.raises(TypeError):
        np.add.reduce(x)

"""What holds for every op in the table: a new op is held to it when it is listed."""

from __future__ import annotations

import dataclasses
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from augkit import keys
from augkit.intervals import Interval
from augkit.ops import OPS, Blend, Geometric, Kernel, Op, Range, Tone
from augkit.ops.op import spread
from augkit.policy import Policy
from augkit.reach import AXES, inside
from augkit.render import render
from augkit.safety.measuring import measure
from augkit.span import Span
from tests.policies import FRAMING, GEOMETRIC, MOVING, TONAL, a_step, drawn, limits_of, read

MEASURED = ("turn", "mirrored", "stretch", "zoom", "kept", "contrast", "inverted", "brightness")
aspects = st.tuples(st.floats(0.4, 2.5), st.floats(1, 2)).map(lambda pair: (pair[0], pair[0] * pair[1]))


def policy_of(name: str, rng: random.Random, *, modest: bool) -> Policy:
    """Write a policy of one step that is always done."""
    step = a_step(rng, (name,), modest=modest)
    step[name].pop("p", None)
    return read({"version": 1, "task": "none", "steps": [step]})


def op_of(policy: Policy) -> Op:
    (step,) = policy.leaves()
    return step.op


def at_rest(name: str) -> Op | None:
    """Return the op with each range where it does nothing, or None where it has none."""
    limits = limits_of(name)
    if not limits or any(limit.still is None for limit in limits.values()):
        return None
    return OPS[name](**{key: (limit.still, limit.still) for key, limit in limits.items()})


def still(name: str) -> Policy:
    limits = limits_of(name)
    body = {key: [limit.still, limit.still] for key, limit in limits.items()}
    return read({"version": 1, "task": "none", "steps": [{name: body}]})


WITH_SETTINGS = [name for name in OPS if at_rest(name) is not None]


@pytest.mark.parametrize("name", OPS)
def test_an_op_is_a_frozen_dataclass_of_ranges_that_say_their_limits_unit_and_rest(name):
    kind = OPS[name]
    assert issubclass(kind, Geometric | Tone | Kernel | Blend)
    assert kind.__dataclass_params__.frozen
    for field in dataclasses.fields(kind):
        kinds = {"limits", "number", "numbers", "words"} & set(field.metadata)
        assert len(kinds) == 1
        assert ("limits" in kinds) == (field.type in (Range, "Range"))
        if "limits" not in kinds:
            continue
        limits = field.metadata["limits"]
        assert limits.unit and (limits.still is None or limits.low <= limits.still <= limits.high)
        if field.default is not dataclasses.MISSING:
            assert all(limits.holds(end) for end in field.default)


@pytest.mark.parametrize("name", OPS)
def test_an_op_says_what_it_does_what_it_draws_and_where_it_comes_from(name):
    doc = OPS[name].__doc__
    assert doc and doc.splitlines()[0].endswith(".")
    assert "Draws:" in doc and "Source:" in doc


@pytest.mark.parametrize("name", OPS)
@given(rng=st.randoms(use_true_random=False), modest=st.booleans())
@settings(max_examples=15, deadline=None)
def test_what_is_drawn_lies_in_the_box_and_the_box_in_the_limits(name, rng, modest):
    policy = policy_of(name, rng, modest=modest)
    limits = limits_of(name)
    draws = drawn(policy, 40, corners=False)
    boxes = op_of(policy).drawn()
    assert len(draws.numbers) == len(boxes)
    for values, box in zip(draws.numbers, boxes, strict=True):
        assert ((box.low <= values) & (values <= box.high)).all()
        if box.name in limits:
            assert limits[box.name].holds(box.low) and limits[box.name].holds(box.high)
            assert box.still in (None, limits[box.name].still)
        if box.options:
            assert set(values) <= set(box.options)


@pytest.mark.parametrize("name", OPS)
@given(rng=st.randoms(use_true_random=False), modest=st.booleans(), aspect=aspects)
@settings(max_examples=12, deadline=None)
def test_what_a_draw_does_lies_inside_what_the_op_declares(name, rng, modest, aspect):
    policy = policy_of(name, rng, modest=modest)
    declared = op_of(policy).effects(Interval(*aspect))
    draws = drawn(policy, 24, aspects=aspect)
    for axis in AXES:
        if axis not in MEASURED and not issubclass(OPS[name], Kernel):
            assert axis == "pixels" or declared.on(axis) == AXES[axis].still, axis
            continue
        over = declared.on(axis).excess(measure(draws, axis))
        assert over.max() < 1e-6, f"{axis}: {declared.on(axis)}"


FIXED = [name for name in MOVING if not issubclass(OPS[name], Kernel)]
"""Ops that reach what they declare at the ends of their ranges."""


@pytest.mark.parametrize("name", FIXED)
@given(rng=st.randoms(use_true_random=False), aspect=aspects)
@settings(max_examples=15, deadline=None)
def test_turn_zoom_and_tone_are_declared_no_larger_than_they_are(name, rng, aspect):
    policy = policy_of(name, rng, modest=True)
    declared = op_of(policy).effects(Interval(*aspect))
    draws = drawn(policy, 400, aspects=aspect)
    for axis in ("zoom", "contrast", "inverted", "brightness"):
        reached, found = declared.on(axis), draws.effects[axis]
        assert reached.empty == np.isnan(found).all(), axis
        if not reached.empty:
            np.testing.assert_allclose(
                [np.nanmin(found), np.nanmax(found)], [reached.low, reached.high], rtol=1e-6
            )
    for axis in ("turn", "mirrored"):
        assert declared.on(axis).empty == np.isnan(draws.effects[axis]).all(), axis


@pytest.mark.parametrize("name", WITH_SETTINGS)
def test_at_rest_an_op_declares_and_does_nothing(name):
    op = at_rest(name)
    assert op is not None
    declared = op.effects(Interval(0.5, 2))
    for axis, kind in AXES.items():
        reached = declared.on(axis)
        if kind.kind == "least" and isinstance(reached, Interval):
            assert reached.low >= min(kind.still.low, 65535), axis  # no picture has more pixels across
        else:
            assert inside(reached, kind.still) and inside(kind.still, reached), axis
    picture = np.random.default_rng(1).integers(0, 256, (20, 30, 3), dtype=np.uint8)
    draws = drawn(still(name), 3, corners=False, aspects=(1.5, 1.5))
    for i in range(3):
        assert (render(picture, draws, i) == picture).all()


@pytest.mark.parametrize("name", WITH_SETTINGS)
def test_away_from_rest_an_op_changes_the_picture(name):
    limits = limits_of(name)
    body = {
        key: [limit.low if limit.still == limit.high else limit.high] * 2 for key, limit in limits.items()
    }
    if name == "elastic":  # as smooth as can be moves hardly anything
        body["smoothness"] = [limits["smoothness"].low] * 2
    draws = drawn(read({"version": 1, "task": "none", "steps": [{name: body}]}), 3, aspects=(1.5, 1.5))
    picture = np.random.default_rng(1).integers(20, 236, (40, 60, 3), dtype=np.uint8)  # with room to stretch
    assert any((render(picture, draws, i) != picture).any() for i in range(3))


@pytest.mark.parametrize("name", OPS)
@pytest.mark.parametrize("channels", [1, 3])
def test_an_op_gives_a_new_picture_of_the_same_shape_and_leaves_the_old_alone(name, channels):
    picture = np.random.default_rng(1).integers(0, 256, (24, 36, channels), dtype=np.uint8)
    before = picture.copy()
    draws = drawn(policy_of(name, random.Random(5), modest=True), 4, aspects=(1.5, 1.5))
    for i in range(4):
        out = render(picture, draws, i)
        assert out.dtype == np.uint8 and (out.shape == picture.shape or name in FRAMING)
        assert not np.shares_memory(out, picture)
        assert (out == render(picture, draws, i)).all()
    assert (picture == before).all()


@pytest.mark.parametrize("name", GEOMETRIC)
@given(rng=st.randoms(use_true_random=False), aspect=aspects)
@settings(max_examples=25, deadline=None)
def test_the_matrix_of_a_span_holds_the_matrix_of_every_draw_in_it(name, rng, aspect):
    op = op_of(policy_of(name, rng, modest=True))
    assert isinstance(op, Geometric)
    boxes = op.drawn()
    low, high = (
        np.array([*(getattr(n, end) for n in boxes), at])
        for end, at in zip(("low", "high"), aspect, strict=True)
    )
    if any(n.options for n in boxes):
        low[:-1] = high[:-1] = boxes[0].options[rng.randrange(3)]
    spans = Span.boxes(low[:, None], high[:, None])
    held = op.matrix({n.name: span for n, span in zip(boxes, spans[:-1], strict=True)}, spans[-1])
    share = np.random.default_rng(0).random((len(low), 200))
    share[:, :50] = share[:, :50].round()
    points = low[:, None] + share * (high - low)[:, None]
    concrete = op.matrix({n.name: row for n, row in zip(boxes, points[:-1], strict=True)}, points[-1])
    for bound, value in zip(held, concrete, strict=True):
        span = bound if isinstance(bound, Span) else Span(*(np.full(1, bound),) * 2, *(np.zeros((1, 1)),) * 2)
        assert span.low[0] - 1e-9 <= np.min(value) and np.max(value) <= span.high[0] + 1e-9


@pytest.mark.parametrize("name", TONAL)
def test_a_tone_op_is_a_line_whatever_is_drawn(name):
    draws = drawn(policy_of(name, random.Random(3), modest=True), 20)
    slope, level = draws.whole.line
    assert slope.shape == level.shape == (20,) and np.isfinite(slope).all() and np.isfinite(level).all()
    assert (draws.whole.through[0] == 1).all(), "a tone op moves nothing"


@pytest.mark.parametrize("name", [name for name in GEOMETRIC if "crop" not in name])
def test_a_geometric_op_fixes_the_centre_or_is_a_shift(name):
    draws = drawn(policy_of(name, random.Random(3), modest=True), 20, aspects=(0.5, 2))
    _, _, tx, _, _, ty = draws.whole.through
    assert name == "shift" or (not tx.any() and not ty.any())


def test_the_directions_are_those_a_reader_sees():
    def moved(step: dict, x: float, y: float) -> tuple[float, float]:
        draws = drawn(read({"version": 1, "task": "none", "steps": [step]}), 1)
        a, b, tx, c, d, ty = (float(entry[0]) for entry in draws.whole.through)
        return a * x + b * y + tx, c * x + d * y + ty

    near = pytest.approx
    assert moved({"shift": {"x": [0.25, 0.25]}}, 0, 0) == near((0.25, 0)), "to the right"
    assert moved({"shift": {"y": [0.25, 0.25]}}, 0, 0) == near((0, 0.25)), "up"
    assert moved({"rotate": {"degrees": [90, 90]}}, 1, 0) == near((0, 1)), "counter-clockwise"
    assert moved({"flip_horizontal": {}}, 1, 2) == near((-1, 2))
    assert moved({"flip_vertical": {}}, 1, 2) == near((1, -2))
    assert moved({"transpose": {}}, -0.5, 0.5) == near((-0.5, 0.5)), "top left stays"
    assert moved({"transpose": {}}, 0.5, 0.5) == near((-0.5, -0.5)), "top right goes to bottom left"
    assert moved({"shear": {"x_degrees": [45, 45]}}, 0, 0.5) == near((0.5, 0.5)), "the top leans right"
    assert moved({"shear": {"y_degrees": [45, 45]}}, 0.5, 0) == near((0.5, 0.5)), "the right side is lifted"
    assert moved({"zoom": {"x": [2, 2]}}, 0.25, 0.25) == near((0.5, 0.25))


@pytest.mark.parametrize("name", ["noise", "grain", "x"])
def test_a_field_expands_to_the_words_of_its_address(name):
    none = np.zeros(1, np.uint64)
    expected = keys.raw(2**53 - 1, keys.word(name), none, none, 9)[0]
    assert (spread(2.0**53 - 1, name, 9) == expected).all()


@pytest.mark.parametrize("x, y", [(0, 0), (1, 0), (0, 1), (1, 1)])
def test_a_crop_of_a_corner_shows_that_corner(x, y):
    op = OPS["crop"](side=(0.5, 0.5))
    assert isinstance(op, Geometric)
    a, _, tx, _, d, ty = op.matrix({"side": 0.5, "x": x, "y": y}, 1.0)
    corner = (x - 0.5, y - 0.5)
    assert (a * corner[0] + tx, d * corner[1] + ty) == corner

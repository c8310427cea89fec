"""Policies whose steps change the frame: every step, window and output is measured by its own aspect."""

from __future__ import annotations

import dataclasses
import random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from augkit import affine
from augkit.affine import IDENTITY, Map, compose
from augkit.draw import Draws
from augkit.intervals import Arcs, Interval
from augkit.ops import OPS, Drawn, Geometric
from augkit.policy import Policy
from augkit.reach import AXES, Limits, Reach
from augkit.safety import bound, measuring
from augkit.safety.chains import chains
from augkit.safety.maps import Maps
from augkit.safety.settle import Settler
from augkit.steps import Step
from tests.policies import a_step, drawn, read
from tests.safety.test_share import assert_closed_boxes_hold, assert_slopes_hold

MODEST = ("shift", "zoom", "rotate", "shear", "crop", "transpose", "flip_horizontal")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Framed(Geometric):
    """Put the picture into a frame of another shape, so large that it fits, or so small that it fills."""

    shape: float

    @property
    def reshapes(self) -> bool:
        return True

    @property
    def aspect_after(self) -> float | None:
        return self.shape

    def scales(self, aspect: float) -> tuple[float, float]:
        raise NotImplementedError

    def effects(self, aspect: Interval) -> Reach:
        """Declare what a fine grid of shapes shows: each number is monotone, or has its peak in the grid."""
        total = None
        shapes = np.geomspace(aspect.low, aspect.high, 33)
        inner = [s for s in (self.shape, 1.0) if aspect.low <= s <= aspect.high]
        for before in [*shapes, *inner]:
            x, y = (float(scale) for scale in self.scales(before))
            wide, high = x * (before / self.shape) ** 0.5, y * (self.shape / before) ** 0.5
            kept = 1 / max(1, wide) / max(1, high)
            zoom, stretch = (x * y) ** 0.5, max(x / y, y / x)
            one = Reach(zoom=Interval(zoom, zoom), stretch=Interval(1, stretch), kept=Interval(kept, 1))
            total = one if total is None else total.either(one)
        assert total is not None
        return total

    def matrix(self, values: Any, aspect: Any) -> Map:
        x, y = self.scales(aspect)
        return (x, 0.0, 0.0, 0.0, y, 0.0)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Squeeze(Framed):
    """Scale the sides apart, so that all of the picture fills the frame."""

    def scales(self, aspect: Any) -> tuple[Any, Any]:
        return np.sqrt(self.shape / aspect), np.sqrt(aspect / self.shape)


@dataclasses.dataclass(frozen=True, kw_only=True)
class FullHeight(Framed):
    """Keep all of the height: a wider picture is cut, a narrower one is padded."""

    cuts: bool = True

    @property
    def clips(self) -> bool:
        return self.cuts

    def scales(self, aspect: Any) -> tuple[Any, Any]:
        return np.sqrt(aspect / self.shape), np.sqrt(aspect / self.shape)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Anywhere(FullHeight):
    """Keep all of the height, and cut anywhere."""

    def drawn(self) -> tuple[Drawn, ...]:
        return (Drawn("x", 0, 1),)

    @property
    def even(self) -> tuple[str, ...]:
        return ("x",)

    def matrix(self, values: Any, aspect: Any) -> Map:
        x, y = self.scales(aspect)
        room = np.sqrt(aspect) * x - np.sqrt(self.shape)
        return (x, 0.0, (0.5 - values["x"]) * room, 0.0, y, 0.0)


def policy_of(*ops: Geometric) -> Policy:
    steps = tuple(
        Step(op, 1.0, f"{type(op).__name__}#{i}", f"frames.yaml:{i + 1}:1", f"steps[{i}]")
        for i, op in enumerate(ops)
    )
    return Policy(steps=steps, task="none")


def settled(axis: str, limit: Limits, aspect: Interval, *ops: Geometric) -> str:
    return Settler(policy_of(*ops), aspect).settle(axis, limit).state


def of_shape(width: float, height: float) -> Interval:
    return Interval(width / height, width / height)


TURN = OPS["rotate"](degrees=(90, 90))
SHIFT, BACK = OPS["shift"](x=(0.3, 0.3)), OPS["shift"](x=(-0.3, -0.3))


def test_a_picture_of_500_by_375_squeezed_into_a_square_is_stretched_by_a_third() -> None:
    squeezed = Squeeze(shape=1.0)
    assert settled("stretch", Interval(1, 1.334), of_shape(500, 375), squeezed) == "safe"
    assert settled("stretch", Interval(1, 1.332), of_shape(500, 375), squeezed) == "unsafe"
    assert settled("kept", Interval(1, 1), of_shape(500, 375), squeezed) == "safe"


@pytest.mark.parametrize("aspect", [of_shape(500, 375), Interval(0.5, 2)])
def test_what_is_squeezed_and_squeezed_again_is_squeezed_once(aspect: Interval) -> None:
    twice, once = (Squeeze(shape=3.0), Squeeze(shape=1.0)), Squeeze(shape=1.0)
    for limit in (1.001, 1.3, 1.99, 2.01):
        states = [settled("stretch", Interval(1, limit), aspect, *ops) for ops in (twice, (once,))]
        assert states[0] == states[1] != "unproven"
    assert settled("kept", Interval(1, 1), aspect, *twice) == "safe"
    assert settled("zoom", Interval(1, 1), aspect, *twice) == "safe"


def test_a_squeeze_that_is_taken_back_is_nothing() -> None:
    ops = Squeeze(shape=1.0), Squeeze(shape=4 / 3)
    for axis in ("turn", "stretch", "zoom", "kept"):
        assert settled(axis, AXES[axis].still, of_shape(500, 375), *ops) == "safe"


def test_half_of_a_wide_picture_turned_by_90_degrees_is_kept_whether_cut_or_not() -> None:
    two_to_one, cut = of_shape(2, 1), FullHeight(shape=1.0)
    for ops in ((cut,), (TURN,), (cut, TURN), (cut, TURN, TURN)):
        assert settled("kept", Interval(0.5, 1), two_to_one, *ops) == "safe"
        assert settled("kept", Interval(0.51, 1), two_to_one, *ops) == "unsafe"
    # Turned first, and then cut to the full height of the frame: what lies there is half of a half.
    assert settled("kept", Interval(0.5, 1), two_to_one, TURN, Squeeze(shape=0.5)) == "safe"
    assert settled("kept", Interval(0.5, 1), two_to_one, Squeeze(shape=1.0), TURN) == "safe"
    assert settled("kept", Interval(1, 1), two_to_one, Squeeze(shape=1.0), TURN) == "safe"


def test_a_frame_made_larger_has_room_for_what_was_shifted() -> None:
    room = FullHeight(shape=2.0, cuts=False)
    square = of_shape(1, 1)
    assert settled("kept", Interval(0.99, 1), square, room, OPS["shift"](x=(0.24, 0.24))) == "safe"
    assert settled("kept", Interval(0.99, 1), square, room, OPS["shift"](x=(0.27, 0.27))) == "unsafe"
    assert settled("kept", Interval(0.99, 1), square, SHIFT, room, BACK) == "safe", "outside is not lost"
    assert settled("kept", Interval(0.99, 1), square, SHIFT, Squeeze(shape=1.0), BACK) == "safe"


def test_a_step_is_named_by_what_it_does_to_the_pictures_that_reach_it() -> None:
    cut = FullHeight(shape=1.0)
    quarter = OPS["quarter_turn"]()
    settler = Settler(policy_of(cut, quarter), of_shape(2, 1))
    assert settler.reach.kept.low == pytest.approx(0.5), "a square turned by quarters loses nothing"
    assert Settler(policy_of(quarter), of_shape(2, 1)).reach.kept.low == pytest.approx(0.5)
    assert Settler(policy_of(quarter, cut), of_shape(2, 1)).reach.kept.low < 0.3


def test_a_step_that_changes_the_frame_stays_where_others_are_left_out() -> None:
    eighth = OPS["rotate"](degrees=(45, 45))
    two_to_one, ops = of_shape(2, 1), (Squeeze(shape=1.0), eighth, eighth)
    assert settled("kept", Interval(1, 1), two_to_one, *ops) == "safe"
    assert settled("kept", Interval(0.51, 1), two_to_one, *ops[1:]) == "unsafe"
    (chain,) = chains(policy_of(*ops, OPS["flip_vertical"](), Squeeze(shape=2.0)), Geometric, 9) or []
    assert len(chain.core(two_to_one).steps) == 5
    assert len(chain.core(of_shape(1, 1)).steps) == 4


def some_ops(rng: random.Random) -> list[Geometric]:
    """Return a chain of ordinary steps with steps that change the frame between them."""
    out: list[Geometric] = []
    for _ in range(rng.randint(1, 4)):
        if rng.random() < 0.5:
            kind = rng.choice([Squeeze, FullHeight, Anywhere])
            shape = rng.choice([1.0, 0.6, 1.5])
            out.append(
                kind(shape=shape, cuts=rng.random() < 0.7) if kind is not Squeeze else kind(shape=shape)
            )
        else:
            out.append(some_step(rng))
    return out


def some_step(rng: random.Random) -> Geometric:
    op = next(read({"version": 1, "task": "none", "steps": [a_step(rng, MODEST)]}).leaves()).op
    assert isinstance(op, Geometric)
    return op


randoms = st.randoms(use_true_random=False)
some_aspects = st.sampled_from([Interval(1, 1), Interval(0.7, 1.6), Interval(1.5, 1.5)])
sizes = st.sampled_from([1.0, 0.3, 0.05, 0.01])


def maps_of(some: Policy, aspect: Interval) -> Maps:
    (chain,) = chains(some, Geometric, 9) or []
    return Maps(chain, aspect)


def shares_by_points(draws: Draws, count: int = 160) -> np.ndarray:
    """Count which of a grid of points of the source each draw keeps in every window and the output."""
    side = (np.arange(count) + 0.5) / count - 0.5
    out = []
    for i in range(len(draws)):
        aspect = draws.aspects[i]
        x, y = (grid.ravel() for grid in np.meshgrid(side * aspect**0.5, side / aspect**0.5))
        held, through = np.ones(len(x), dtype=bool), IDENTITY

        def here(through: Map = IDENTITY) -> np.ndarray:
            a, b, tx, c, d, ty = through
            right, up = a * x + b * y + tx, c * x + d * y + ty  # noqa: B023
            return (abs(right) <= aspect**0.5 / 2) & (abs(up) <= aspect**-0.5 / 2)  # noqa: B023

        row = 0
        for step in draws.policy.leaves():
            op = step.op
            assert isinstance(op, Geometric)
            values = {n.name: draws.numbers[row + k, i] for k, n in enumerate(op.drawn())}
            row += len(values)
            through = compose(op.matrix(values, aspect), through)
            aspect = aspect if op.aspect_after is None else op.aspect_after
            if op.clips:
                held &= here(through)
        out.append((held & here(through)).mean())
    return np.array(out)


@given(randoms, some_aspects)
@settings(max_examples=40, deadline=None)
def test_the_share_kept_is_the_share_of_points_that_every_frame_holds(rng, aspect):
    some = policy_of(*some_ops(rng))
    draws = drawn(some, 4, aspects=(aspect.low, aspect.high))
    points = shares_by_points(draws)
    np.testing.assert_allclose(draws.kept, points, atol=0.02)
    maps = maps_of(some, aspect)
    numbers = np.array([draws.values[address] for address in maps.free] + [draws.aspects])
    np.testing.assert_allclose(affine.kept(maps.frames(list(numbers))), draws.kept, atol=1e-9)


@pytest.mark.thorough
@given(randoms, some_aspects, sizes)
@settings(max_examples=60, deadline=None)
def test_boxes_are_bounded_soundly_whatever_the_frames(rng, aspect, size):
    maps = maps_of(policy_of(*some_ops(rng)), aspect)
    seed = rng.randrange(2**32)
    assert_slopes_hold(maps, seed, size)
    assert_closed_boxes_hold(maps, seed, size)


@given(randoms, some_aspects)
@settings(max_examples=60, deadline=None)
def test_every_draw_lies_inside_the_reach_whatever_the_frames(rng, aspect):
    some = policy_of(*some_ops(rng))
    reach = bound.reach(some, aspect)
    draws = drawn(some, 100, aspects=(aspect.low, aspect.high))
    for axis, values in draws.effects.items():
        assert reach.on(axis).excess(values).max() < 1e-6, axis
    few = draws.take(np.arange(3))
    for axis in ("turn", "stretch", "zoom", "kept", "pixels"):
        assert reach.on(axis).excess(measuring.measure(few, axis)).max() < 1e-6


@given(randoms, some_aspects, st.sampled_from([0.4, 0.6, 0.8, 0.95]))
@settings(max_examples=40, deadline=None)
def test_an_answer_is_true_whatever_the_frames(rng, aspect, least):
    some = policy_of(*some_ops(rng))
    draws = drawn(some, 500, aspects=(aspect.low, aspect.high))
    for axis, limit in [
        ("kept", Interval(least, 1)),
        ("stretch", Interval(1, 2 - least)),
        ("turn", Arcs.of((-30 * least, 30 * least))),
        ("zoom", Interval(least, 1 / least)),
    ]:
        answer = Settler(some, aspect).settle(axis, limit)
        if answer.state == "safe":
            assert limit.excess(draws.effects[axis]).max() < 1e-5, axis
        elif answer.state == "unsafe":
            assert answer.witness is not None
            assert limit.excess(answer.witness.effects[axis])[0] > 0
            if axis == "kept":
                assert shares_by_points(answer.witness)[0] < limit.low + 0.02

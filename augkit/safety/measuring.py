"""What draws reach on every axis, and how certain that is: measured, or declared by their steps."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from augkit.draw import Draws, bends
from augkit.intervals import Arcs, Interval
from augkit.ops import Kernel, Op, Projective
from augkit.ops.colour import Hue
from augkit.ops.foreign import Foreign
from augkit.policy import Policy
from augkit.reach import AXES, GEOMETRY, TONE, Limits, Reach
from augkit.safety.bound import along, shape_after


def unmeasured(policy: Policy, axis: str, aspect: Interval) -> Reach:
    """Return what kernels do to `axis` and to the axes that are measured with it, as far as a draw's measure
    is not the whole of it.

    Curves and mixed colours are measured whole, and homographies at many places.
    """
    total = Reach()
    for leaf, shape in along(policy.leaves(), aspect):
        if leaf.p > 0 and isinstance(leaf.op, Kernel) and not (axis in TONE and bends(leaf.op)):
            total = total.then(_of_family(leaf.op.effects(shape), axis))
    return total


def unseen(policy: Policy, axis: str, aspect: Interval) -> bool:
    """Tell whether steps matter on a measured axis of which no draw's measure says anything."""
    return any(leaf.p > 0 and _hides(leaf.op, axis, at) for leaf, at in along(policy.leaves(), aspect))


def certain(draw: Draws, axis: str, limit: Limits) -> bool:
    """Tell whether one draw (N = 1), measured outside a limit, is so whatever its unseen steps do."""
    if axis not in draw.effects:
        return True
    # What one draw of another tool does is not known: all that it declares may be.
    done = [(op if isinstance(op, Foreign) else narrow, at) for op, narrow, at in _done(draw, 0)]
    if not any(_hides(op, axis, at) for op, at in done):
        return True
    total = Reach()
    for op, at in done:
        total = total.then(op.effects(at))
    return _apart(total, axis, limit)


def _hue(draws: Draws, i: int) -> tuple[float, float]:
    """Return by how many degrees one draw turns hues, turns back undoing turns, and how far its other steps
    may turn them, either way.
    """
    turned = others = 0.0
    for _, narrow, at in _done(draws, i):
        if isinstance(narrow, Hue):
            turned += narrow.degrees[0]
        else:
            others += narrow.effects(at).hue.high
    return abs((turned + 180) % 360 - 180), others


def _hides(op: Op, axis: str, aspect: Interval) -> bool:
    if not isinstance(op, Kernel) or (axis in TONE and bends(op)) or isinstance(op, Projective):
        return False
    return _of_family(op.effects(aspect), axis) != Reach()


def _of_family(declared: Reach, axis: str) -> Reach:
    """Return what is declared on the axes that are measured together with one."""
    family = GEOMETRY if axis in GEOMETRY else TONE if axis in TONE else ()
    return Reach(**{name: declared.on(name) for name in family})  # type: ignore[arg-type]


_PARITY = {"turn": "mirrored", "mirrored": "turn", "contrast": "inverted", "inverted": "contrast"}


def _apart(reached: Reach, axis: str, limit: Limits) -> bool:
    """Tell whether nothing that is reached on an axis is inside a limit, and all draws are of its parity."""
    on = reached.on(axis)
    if on.empty or (axis in _PARITY and not reached.on(_PARITY[axis]).empty):
        return False
    if isinstance(on, Arcs):
        return isinstance(limit, Arcs) and on.inside(limit.complement())
    return isinstance(limit, Interval) and on.both(limit).empty


def reached(draws: Draws, axis: str) -> NDArray[np.float64]:
    """Return all that each draw reaches on one axis, float64 (P, N); NaN where it does not speak of it.

    On the axes of geometry and tone a draw is measured; on the others its steps, narrowed to what was drawn,
    declare it.
    """
    if axis in draws.effects:
        return draws.reached(axis)
    if axis == "hue":
        return np.array([[min(180.0, sum(_hue(draws, i))) for i in range(len(draws))]])
    kind = AXES[axis].kind
    out = np.empty(len(draws))
    for i in range(len(draws)):
        limits = _narrowed(draws, i).on(axis)
        assert isinstance(limits, Interval)
        out[i] = np.nan if limits.empty else (limits.low if kind == "least" else limits.high)
    return out[None]


def measure(draws: Draws, axis: str) -> NDArray[np.float64]:
    """Return where each draw lies on one axis, float64 (N,), as `reached`: of several, the farthest from
    doing nothing.
    """
    return draws.effects[axis] if axis in draws.effects else reached(draws, axis)[0]


def outside(draws: Draws, axis: str, limit: Limits) -> NDArray[np.float64]:
    """Return how far each draw lies outside a limit on one axis, 0 or less inside, float64 (N,)."""
    over: NDArray[np.float64] = limit.excess(reached(draws, axis)).max(axis=0)
    return over


def open_ended(axis: str, limit: Limits) -> Limits:
    """Leave out the end of a limit that nothing can pass, so that nothing climbs towards it."""
    if not isinstance(limit, Interval) or AXES[axis].kind not in ("most", "least"):
        return limit
    return Interval(-math.inf, limit.high) if AXES[axis].kind == "most" else Interval(limit.low, math.inf)


def _narrowed(draws: Draws, i: int) -> Reach:
    total = Reach()
    for _, op, aspect in _done(draws, i):
        total = total.then(op.effects(aspect))
    return total


def _done(draws: Draws, i: int) -> Iterator[tuple[Op, Op, Interval]]:
    """Yield each op of one draw, as it is and narrowed to what was drawn, with the aspect it is given."""
    aspect = Interval(float(draws.aspects[i]), float(draws.aspects[i]))
    row = 0
    for step, done in zip(draws.policy.leaves(), draws.active[:, i], strict=True):
        drawn = step.op.drawn()
        values = {number.name: float(draws.numbers[row + k, i]) for k, number in enumerate(drawn)}
        row += len(drawn)
        if done:
            yield step.op, step.op.at(values), aspect
            aspect = shape_after(step.op, aspect)

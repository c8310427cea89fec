"""Settle one limit: the bound first, then the witness, then branch and bound."""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Callable
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from augkit.draw import ON_THE_WAY, Draws, numbered
from augkit.intervals import Interval
from augkit.ops.foreign import Foreign
from augkit.policy import Policy
from augkit.reach import Limits, Reach, inside
from augkit.safety import bound, branch, measuring, reflected
from augkit.safety.counterparts import counterparts
from augkit.safety.witness import Witnesses

_MARGIN = 1e-6


@dataclasses.dataclass(frozen=True, eq=False)
class Answer:
    """Say whether all draws stay inside a limit.

    Attributes:
        state:   "safe" (proved), "unsafe" (a draw leaves it) or "unproven".
        reached: what the bound says is reached.
        value:   where the worst draw found lies on the axis; NaN when none was looked for.
        witness: that draw (N = 1), when unsafe.
        border:  whether it is what the border shows, beside the picture, that leaves the limit.
    """

    state: Literal["safe", "unsafe", "unproven"]
    reached: Limits
    value: float = float("nan")
    witness: Draws | None = None
    border: bool = False


class Settler:
    """Settle limits of one policy; each distinct limit is settled once."""

    def __init__(self, policy: Policy, aspect: Interval) -> None:
        self.policy, self.aspect = policy, aspect
        self._answers: dict[tuple[str, Limits], Answer] = {}

    @functools.cached_property
    def reach(self) -> Reach:
        """Return the bound."""
        return bound.reach(self.policy, self.aspect)

    @functools.cached_property
    def reflects(self) -> bool:
        """Tell whether mirror images of the picture may stand beside it."""
        return bound.reflects(self.policy, self.aspect)

    @functools.cached_property
    def witnesses(self) -> Witnesses:
        """Return the search for witnesses, its candidates made."""
        return Witnesses.of(self.policy, self.aspect)

    def settle(self, axis: str, limit: Limits) -> Answer:
        """Return the answer for one limit on one axis."""
        if (axis, limit) not in self._answers:
            self._answers[axis, limit] = self._settle(axis, limit)
        return self._answers[axis, limit]

    @functools.cached_property
    def _counterparts(self) -> list[Settler]:
        return [Settler(other, self.aspect) for other in counterparts(self.policy)]

    def _shown_otherwise(self, axis: str, limit: Limits) -> Answer | None:
        """Look for a witness where transforms of another tool are replaced by ops that do what they can."""
        for other in self._counterparts:
            answer = other.settle(axis, limit)
            if answer.state == "unsafe":
                return dataclasses.replace(answer, reached=self.reach.on(axis))
        return None

    def _settle(self, axis: str, limit: Limits) -> Answer:
        answer = self._settle_as_written(axis, limit)
        shown = self._shown_otherwise(axis, limit) if answer.state == "unproven" else None
        return shown or answer

    def _settle_as_written(self, axis: str, limit: Limits) -> Answer:
        reached = self.reach.on(axis)
        if inside(reached, limit):
            return Answer("safe", reached)
        known = self._known(axis, limit, reached)
        if known is not None:
            return known
        over, found = self.witnesses.search(axis, limit)
        unsafe = self._unsafe(axis, limit, reached, found) if over > _MARGIN else None
        if unsafe is not None:
            return unsafe
        value = float("nan") if self._unseen(axis) else _value(axis, limit, found)
        if axis in ("turn", "mirrored") and self.reflects:
            return self._beside(axis, limit, reached)
        if axis not in branch.AXES or measuring.unmeasured(self.policy, axis, self.aspect) != Reach():
            return Answer("unproven", reached, value)
        settled, draw = branch.prove(self.policy, axis, limit, self.aspect)
        settled = settled and self._kept_on_the_way(axis, limit)
        unsafe = self._unsafe(axis, limit, reached, draw) if settled is False and draw is not None else None
        return unsafe or Answer("safe" if settled else "unproven", reached, value)

    def _kept_on_the_way(self, axis: str, limit: Limits) -> bool:
        """Tell whether pictures on the way are proved to stay inside a limit, wherever a run may end."""
        if axis not in ON_THE_WAY:
            return True
        within = Interval(limit.low, math.inf) if axis == "zoom" and isinstance(limit, Interval) else limit
        axes = ("contrast", "inverted") if axis == "contrast" else (axis,)
        return all(
            inside(bound.at_last(stage, self.aspect).on(each), within)
            or branch.prove(stage, each, within, self.aspect)[0]
            for stage in bound.stages(self.policy)
            for each in axes
        )

    def _unseen(self, axis: str) -> bool:
        """Tell whether steps matter on an axis of which no draw says what they do."""
        if axis in MEASURED:
            return measuring.unseen(self.policy, axis, self.aspect)
        still = Reach().on(axis)
        shaped = bound.along(self.policy.leaves(), self.aspect)
        others = ((leaf.op, at) for leaf, at in shaped if isinstance(leaf.op, Foreign))
        return any(op.effects(at).on(axis) != still for op, at in others)

    def _known(self, axis: str, limit: Limits, reached: Limits) -> Answer | None:
        """Answer from what is settled: a narrower limit that holds, or a draw that leaves this one too."""
        for (other_axis, other), answer in self._answers.items():
            if other_axis == axis and answer.state == "safe" and inside(other, limit):
                return Answer("safe", reached)
            if other_axis == axis and answer.witness and _leaves(answer.witness, axis, limit):
                value = _value(axis, limit, answer.witness)
                return Answer("unsafe", reached, value, answer.witness)
        return None

    def _beside(self, axis: str, limit: Limits, reached: Limits) -> Answer:
        """Answer where the picture itself was not found outside, and its mirror images beside it may be."""
        for found in reflected.showing(self.witnesses.pool):
            if reflected.worst(found, axis, limit) is not None:
                plain = simplified(found, lambda draw: _shown(draw, axis, limit))
                image = reflected.worst(plain, axis, limit)
                assert image is not None
                return Answer("unsafe", reached, image.turn, plain, border=True)
        return Answer("unproven", reached, border=True)

    def _unsafe(self, axis: str, limit: Limits, reached: Limits, found: Draws) -> Answer | None:
        """Answer by a draw outside; None where it is none, or where steps that no measure sees may bring it
        back.
        """
        plain = simplified(found, lambda draw: float(measuring.outside(draw, axis, limit)[0]))
        if not _leaves(plain, axis, limit):
            return None
        return Answer("unsafe", reached, _value(axis, limit, plain), plain)


def simplified(found: Draws, score: Callable[[Draws], float]) -> Draws:
    """Put to rest every step of a witness that its score does not need: what is left is a draw of the policy,
    and the reason.
    """
    worst = score(found)
    row = 0
    free = {step.name: step.p < 1 for step in found.policy.steps if hasattr(step, "op")}
    for index, step in enumerate(found.policy.leaves()):
        drawn = step.op.drawn()
        numbers, active = found.numbers.copy(), found.active.copy()
        rests = bool(drawn)
        for offset, number in enumerate(drawn):
            if number.still is not None:
                rests &= number.low <= number.still <= number.high
                numbers[row + offset] = number.still
        if free.get(step.name):
            active[index] = False
        row += len(drawn)
        if not (rests or free.get(step.name)) or not found.active[index, 0]:
            continue
        trial = dataclasses.replace(found, numbers=numbers if rests else found.numbers, active=active)
        if score(trial) >= 0.98 * worst:
            found = trial
    return found


def culprits(found: Draws, axis: str, limit: Limits) -> list[int]:
    """Return the leaves that a witness cannot do without: the others together stay inside the limit."""
    resting = at_rest(found)
    needed = tuple(i for i in range(len(found.active)) if found.active[i, 0] and not resting[i])
    at = 0
    while at < len(needed):
        over = limit.excess(_without(found, axis, needed)).max(axis=0)
        idle = np.flatnonzero(over[at:] > _MARGIN)  # outside without it: it is not what leads there
        if not len(idle):
            break
        at += int(idle[0])
        needed = needed[:at] + needed[at + 1 :]
    return list(needed)


@functools.lru_cache(maxsize=1024)  # one draw leaves many limits, and is asked for each what it needs
def _without(found: Draws, axis: str, leaves: tuple[int, ...]) -> NDArray[np.float64]:
    """Measure a draw with some of its leaves alone, each of those left out in turn; float64 (P, leaves)."""
    active = np.zeros((len(found.active), len(leaves)), dtype=np.bool_)
    active[list(leaves)] = ~np.eye(len(leaves), dtype=np.bool_)
    many = found.take(np.zeros(len(leaves), dtype=np.int64))
    return measuring.reached(dataclasses.replace(many, active=active), axis)


@functools.lru_cache(maxsize=64)
def at_rest(found: Draws) -> tuple[bool, ...]:
    """Tell for each leaf whether its numbers all lie where they do nothing."""
    rows: dict[str, list[bool]] = {}
    for row, (step, number) in enumerate(numbered(found.policy)):
        if number.still is not None:
            rows.setdefault(step.name, []).append(abs(found.numbers[row, 0] - number.still) < 1e-12)
    return tuple(all(rows.get(step.name, [False])) for step in found.policy.leaves())


def _shown(draw: Draws, axis: str, limit: Limits) -> float:
    image = reflected.worst(draw, axis, limit)
    return 0.0 if image is None else image.share


def _leaves(draw: Draws, axis: str, limit: Limits) -> bool:
    return float(measuring.outside(draw, axis, limit)[0]) > _MARGIN and measuring.certain(draw, axis, limit)


def _value(axis: str, limit: Limits, found: Draws) -> float:
    """Return what a draw (N = 1) reaches farthest outside a limit."""
    if not len(found):
        return float("nan")
    reached = measuring.reached(found, axis)[:, 0]
    return float(reached[np.argmax(measuring.open_ended(axis, limit).excess(reached))])


MEASURED = ("turn", "mirrored", "stretch", "zoom", "kept", "contrast", "inverted", "brightness")
"""The axes on which a draw is measured before any pixel is touched."""

"""Chains: every way through a policy's choices, as steps that are done one after the other."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator

import numpy as np

from augkit import affine
from augkit.draw import Draws, stands_alone
from augkit.intervals import Interval
from augkit.ops import Curve, Drawn, Geometric, Op
from augkit.policy import Policy
from augkit.reach import Reach
from augkit.safety import bound
from augkit.safety.bound import along, shape_after
from augkit.steps import Node, Step

_MAX_LOOKED_AT = 20_000

Family = tuple[type[Op], ...]
"""Kinds of ops."""


@dataclasses.dataclass(frozen=True)
class Chain:
    """Hold one way through the choices: the steps of one family in order, the numbers that are settled
    (fixed ones and options), the names of the steps before which a run may end, and the names of all steps
    of any family that are done on the way.
    """

    steps: tuple[Step, ...]
    fixed: tuple[tuple[str, float], ...]
    ends: frozenset[str]
    done: tuple[str, ...] = dataclasses.field(compare=False)

    @property
    def mirrored(self) -> bool:
        """Tell whether a chain of geometric steps mirrors, which no drawn number changes."""
        parity = False
        for step in self.steps:
            assert isinstance(step.op, Geometric)
            middle = {
                n.name: np.array([n.options[0] if n.options else (n.low + n.high) / 2])
                for n in step.op.drawn()
            }
            parity ^= bool(affine.pose(step.op.matrix(middle, 1.0))[0])
        return parity

    @property
    def free(self) -> list[tuple[str, Drawn]]:
        """Return the numbers that are left to chance, by address."""
        settled = dict(self.fixed)
        drawn = ((f"{step.name}.{n.name}", n) for step in self.steps for n in step.op.drawn())
        return [(address, n) for address, n in drawn if address not in settled and n.low < n.high]

    @property
    def given(self) -> dict[str, float]:
        """Return the numbers that are not left to chance, by address."""
        free = {address for address, _ in self.free}
        drawn = ((f"{step.name}.{n.name}", n) for step in self.steps for n in step.op.drawn())
        return {address: n.low for address, n in drawn if address not in free} | dict(self.fixed)

    def reach(self, aspect: Interval) -> Reach:
        """Return the bound of this chain alone."""
        total = Reach()
        for step, shape in along(self.steps, aspect):
            total = total.then(step.op.effects(shape))
        return total

    @property
    def shapes(self) -> tuple[float | None, ...]:
        """Return the width over height before each step and after the last; None where it is the source's."""
        out: list[float | None] = [None]
        for step in self.steps:
            assert isinstance(step.op, Geometric)
            out.append(out[-1] if step.op.aspect_after is None else step.op.aspect_after)
        return tuple(out)

    def core(self, aspect: Interval) -> Chain:
        """Return the chain without the steps at its ends that carry the frame onto itself: it keeps as much
        in frame as this one, and stretches as much.
        """
        steps = list(self.steps)
        while steps and self._carries_frame_onto_itself(steps[0], aspect):
            steps.pop(0)
        while steps and self._carries_frame_onto_itself(*list(along(steps, aspect))[-1]):
            steps.pop()
        names = {step.name for step in steps}
        fixed = tuple(f for f in self.fixed if f[0].rpartition(".")[0] in names)
        return Chain(tuple(steps), fixed, self.ends & names, self.done)

    def _carries_frame_onto_itself(self, step: Step, aspect: Interval) -> bool:
        given = self.given
        if shape_after(step.op, aspect) != aspect:
            return False
        values = {n.name: given.get(f"{step.name}.{n.name}", np.nan) for n in step.op.drawn()}
        if not isinstance(step.op, Geometric) or step.op.clips or any(np.isnan(v) for v in values.values()):
            return False
        return all(
            affine.is_symmetry(affine.in_half_sides(step.op.matrix(values, end), end))
            for end in (aspect.low, aspect.high)
        )

    def as_draws(self, policy: Policy, found: dict[str, np.ndarray], aspects: np.ndarray) -> Draws:
        """Turn numbers by address, float64 (N,), into draws that the policy can make; steps of other families
        rest where they can, but those that end a run are done where nothing forbids it.
        """
        leaves, count = list(policy.leaves()), len(aspects)
        done = {*self.done, *self._ending(policy)}
        numbers = [
            np.broadcast_to(found.get(f"{step.name}.{n.name}", _rest(n)), (count,))
            for step in leaves
            for n in step.op.drawn()
        ]
        active = np.array([[step.name in done] for step in leaves], dtype=np.bool_).reshape(-1, 1)
        empty = np.empty(0, np.int64)
        return Draws(
            policy,
            aspects,
            np.broadcast_to(active, (len(leaves), count)),
            np.array(numbers, dtype=np.float64).reshape(-1, count),
            empty,
            empty,
            np.ones(count, dtype=np.bool_),
        )

    def _ending(self, policy: Policy) -> set[str]:
        """Return the names of steps outside of choices by which a run of these steps may end."""
        curves = all(isinstance(step.op, Geometric) for step in self.steps)
        return {
            node.name
            for node in policy.steps
            if isinstance(node, Step)
            and node.p > 0
            and (stands_alone(node.op) or (curves and isinstance(node.op, Curve)))
        }


def chains(policy: Policy, family: Family, most: int) -> list[Chain] | None:
    """Return every distinct chain of a family, or None when there are more than `most`."""
    found: dict[Chain, None] = {}
    looked = itertools.islice(_chains(policy, family), _MAX_LOOKED_AT + 1)
    for count, chain in enumerate(looked):
        found[chain] = None
        if len(found) > most or count == _MAX_LOOKED_AT:
            return None
    return list(found)


def _rest(number: Drawn) -> float:
    return number.low if number.still is None else min(max(number.still, number.low), number.high)


def _chains(policy: Policy, family: Family) -> Iterator[Chain]:
    ending = bound.ending(policy)
    order = {leaf.name: place for place, leaf in enumerate(policy.leaves())}
    places = [order[name] for name in ending]
    for way in _sequences(policy.steps, family):
        steps = _of(way, family)
        at = [order[step.name] for step in steps]
        ends = frozenset(
            step.name
            for step, before, place in zip(steps[1:], at, at[1:], strict=False)
            if any(before < end <= place for end in places)
        )
        picks = [
            [(f"{step.name}.{number.name}", option) for option in number.options]
            for step in steps
            for number in step.op.drawn()
            if number.options
        ]
        for chosen in itertools.product(*picks):
            yield Chain(steps, tuple(chosen), ends, tuple(step.name for step in way))


def _of(way: tuple[Step, ...], family: Family) -> tuple[Step, ...]:
    return tuple(step for step in way if isinstance(step.op, family))


def _sequences(nodes: tuple[Node, ...], family: Family) -> Iterator[tuple[Step, ...]]:
    """Yield the steps done on every way that the choices allow, as far as the ways differ in the family.

    A step that can draw doing nothing counts as always done.
    """
    if not nodes:
        yield ()
        return
    for first in {_of(way, family): way for way in _ways(nodes[0], family)}.values():
        for rest in _sequences(nodes[1:], family):
            yield first + rest


def _ways(node: Node, family: Family) -> Iterator[tuple[Step, ...]]:
    if node.p == 0:
        yield ()
    elif isinstance(node, Step):
        mine = isinstance(node.op, family)
        if mine or node.p == 1:
            yield (node,)
        if node.p < 1 and not (mine and _can_rest(node)):
            yield ()
    else:
        if node.p < 1:
            yield ()
        for count in range(node.least, node.most + 1):
            for branches in itertools.combinations(node.branches, count):
                yield from _sequences(tuple(itertools.chain.from_iterable(branches)), family)


def _can_rest(step: Step) -> bool:
    moving = [number for number in step.op.drawn() if number.still is not None]
    return bool(moving) and all(
        number.low <= number.still <= number.high for number in moving if number.still is not None
    )

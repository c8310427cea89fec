"""The bound: the reach of a whole policy, composed from what its steps declare.

Sound, instant, not tight.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterable, Iterator

from augkit.draw import stands_alone
from augkit.intervals import Interval
from augkit.ops import Blend, Curve, Geometric, Op, Tone
from augkit.ops.framing import Resize
from augkit.policy import Policy
from augkit.reach import IMAGES, Reach
from augkit.safety.reflected import brings_in
from augkit.steps import Choice, Node, Step


def reach(policy: Policy, aspect: Interval) -> Reach:
    """Return everything a policy can do to a picture whose width is `aspect` times its height.

    On the axes of `ON_THE_WAY` it holds what pictures may be where a run ends, too.
    """
    whole = _passage(policy, aspect)
    changed = whole.shown - {Reach()}
    return _with_shown(whole.last, functools.reduce(Reach.either, changed)) if changed else whole.last


def at_last(policy: Policy, aspect: Interval) -> Reach:
    """Return what finished pictures can be, whatever they were on the way."""
    return _passage(policy, aspect).last


def reflects(policy: Policy, aspect: Interval) -> bool:
    """Tell whether a policy may show mirror images of the picture beside it."""
    if policy.border != "reflect":
        return False
    return any(leaf.p > 0 and brings_in(leaf.op, shape) for leaf, shape in along(policy.leaves(), aspect))


def ending(policy: Policy) -> frozenset[str]:
    """Return the names of the steps before which a run may end."""
    names = set()
    certain = {node.name for node in policy.steps if isinstance(node, Step) and node.p == 1}
    curved = False
    for leaf in policy.leaves():
        if leaf.p == 0 or isinstance(leaf.op, Blend | Tone):
            continue
        if isinstance(leaf.op, Curve):
            curved = True
            continue
        if curved or stands_alone(leaf.op):
            names.add(leaf.name)
        curved = curved and leaf.name not in certain
    return frozenset(names)


def stages(policy: Policy) -> Iterator[Policy]:
    """Yield the policy up to each place where a run may end, for every way that leads there, and more."""
    for steps in _up_to(policy.steps, ending(policy)):
        if steps:
            yield dataclasses.replace(policy, steps=steps)


def _up_to(nodes: tuple[Node, ...], names: frozenset[str]) -> Iterator[tuple[Node, ...]]:
    for place, node in enumerate(nodes):
        if isinstance(node, Step):
            if node.name in names:
                yield nodes[:place]
            continue
        for number, branch in enumerate(node.branches):
            others = node.branches[:number] if node.most > 1 else ()
            earlier = dataclasses.replace(
                node, branches=others, least=0, most=min(len(others), node.most - 1)
            )
            for steps in _up_to(branch, names):
                yield (*nodes[:place], *((earlier,) if others else ()), *steps)


@dataclasses.dataclass(frozen=True)
class _Passage:
    """Hold what finished pictures can be, and what they can be at each place on the way where a run may end.

    Composes as a reach does.
    """

    last: Reach
    shown: frozenset[Reach] = frozenset()

    def then(self, second: _Passage) -> _Passage:
        later = {self.last.then(each) for each in second.shown}
        return _Passage(self.last.then(second.last), self.shown | later)

    def either(self, other: _Passage) -> _Passage:
        return _Passage(self.last.either(other.last), self.shown | other.shown)


def _with_shown(last: Reach, shown: Reach) -> Reach:
    """Add what pictures on the way lost for good, as `Draws.reached` measures it."""
    return dataclasses.replace(
        last,
        zoom=Interval(min(last.zoom.low, shown.zoom.low), last.zoom.high),
        stretch=last.stretch.either(shown.stretch),
        contrast=last.contrast.either(shown.contrast).either(shown.inverted),
        brightness=last.brightness.either(shown.brightness),
    )


def _passage(policy: Policy, aspect: Interval) -> _Passage:
    ends = ending(policy)
    if not reflects(policy, aspect):
        return _Composing(ends).sequence(policy.steps, aspect)
    if ends or any(isinstance(leaf.op, Geometric) and leaf.op.clips for leaf in policy.leaves()):
        # What lies outside a window is mirrored too, and that wherever a window may stand.
        return _Composing(ends, before_each=_Passage(IMAGES)).sequence(policy.steps, aspect)
    return _Passage(IMAGES).then(_Composing(ends).sequence(policy.steps, aspect))


@dataclasses.dataclass(frozen=True)
class _Composing:
    """Compose what steps declare: before those named in `ends` a run may end, `before_each` comes that."""

    ends: frozenset[str]
    before_each: _Passage | None = None

    def sequence(self, nodes: tuple[Node, ...], aspect: Interval) -> _Passage:
        """Return what some steps do, one after the other."""
        total, done = _Passage(Reach()), 0
        for place, node in enumerate(nodes):
            pair = _into_size(nodes[place : place + 2], aspect) if self.before_each is None else None
            if place < done:
                pass  # with the step before it
            elif pair is not None and nodes[place + 1].name not in self.ends:
                total, done = total.then(_Passage(pair, self._shown(node))), place + 2
            else:
                total = total if self.before_each is None else total.then(self.before_each)
                total = total.then(self._single(node, aspect))
            aspect = _after(node, aspect)
        return total

    def _shown(self, node: Node) -> frozenset[Reach]:
        """Return what is done to a picture before a step, if a run may end there: nothing."""
        return frozenset({Reach()} if node.name in self.ends else ())

    def _single(self, node: Node, aspect: Interval) -> _Passage:
        """Return what one step or choice does, with its probability seen to."""
        if node.p == 0:
            return _Passage(Reach())
        if isinstance(node, Step):
            done = _Passage(node.op.effects(aspect), self._shown(node))
        else:
            done = self._choice(node, aspect)
        return done if node.p == 1 else _Passage(Reach()).either(done)

    def _choice(self, choice: Choice, aspect: Interval) -> _Passage:
        """Join all ways to do `least` to `most` branches in the order written."""
        ways: list[_Passage | None] = [_Passage(Reach())] + [None] * choice.most
        for branch in choice.branches:
            effect = self.sequence(branch, aspect)
            for done in range(choice.most, 0, -1):
                before, so_far = ways[done - 1], ways[done]
                if before is not None:
                    with_it = before.then(effect)
                    ways[done] = with_it if so_far is None else so_far.either(with_it)
        reached = [way for way in ways[choice.least :] if way is not None]
        return functools.reduce(_Passage.either, reached)


def _into_size(nodes: tuple[Node, ...], aspect: Interval) -> Reach | None:
    """Return the reach of a window and a resize right after it, which are one resampling."""
    ops = [node.op for node in nodes if isinstance(node, Step) and node.p == 1]
    if len(ops) < 2 or not (isinstance(ops[0], Geometric) and isinstance(ops[1], Resize)):
        return None
    after = ops[1].aspect_after
    stretch = None if after is None else ops[0].stretch_into(aspect, after)
    if stretch is None:
        return None
    both = ops[0].effects(aspect).then(ops[1].effects(aspect))
    return dataclasses.replace(both, stretch=both.stretch.both(stretch))


def shape_after(op: Op, aspect: Interval) -> Interval:
    """Return the width over height of pictures after an op, given what it was before."""
    shape = op.aspect_after if isinstance(op, Geometric) else None
    return aspect if shape is None else Interval(shape, shape)


def along(steps: Iterable[Step], aspect: Interval) -> Iterator[tuple[Step, Interval]]:
    """Yield each of some steps, done one after the other, with the aspect of the pictures it is given."""
    for step in steps:
        yield step, aspect
        aspect = shape_after(step.op, aspect)


def _after(node: Node, aspect: Interval) -> Interval:
    """Return the aspect after a step or choice: a choice holds no step that changes it."""
    return shape_after(node.op, aspect) if isinstance(node, Step) else aspect

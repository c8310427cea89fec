"""The bound: the reach of a whole policy, composed from what its steps declare.

Sound, instant, not tight.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from augkit.draw import Draws
from augkit.intervals import Interval
from augkit.ops import Geometric, Kernel, Op
from augkit.policy import Policy
from augkit.reach import AXES, GEOMETRY, TONE, Reach
from augkit.safety.reflected import IMAGES, brings_in
from augkit.steps import Choice, Node, Step


def reach(policy: Policy, aspect: Interval) -> Reach:
    """Return everything a policy can do to a picture whose width is `aspect` times its height."""
    if not reflects(policy, aspect):
        return sequence(policy.steps, aspect)
    if any(isinstance(leaf.op, Geometric) and leaf.op.clips for leaf in policy.leaves()):
        # What lies outside a window is mirrored too, and that wherever a window may stand.
        return sequence(policy.steps, aspect, before_each=IMAGES)
    return IMAGES.then(sequence(policy.steps, aspect))


def reflects(policy: Policy, aspect: Interval) -> bool:
    """Tell whether a policy may show mirror images of the picture beside it."""
    if policy.border != "reflect":
        return False
    return any(leaf.p > 0 and brings_in(leaf.op, shape) for leaf, shape in along(policy.leaves(), aspect))


def sequence(nodes: tuple[Node, ...], aspect: Interval, before_each: Reach | None = None) -> Reach:
    """Return the reach of some steps, one after the other; `before_each` of them comes this."""
    total = Reach()
    for node in nodes:
        total = total if before_each is None else total.then(before_each)
        total = total.then(single(node, aspect, before_each))
        aspect = _after(node, aspect)
    return total


def shape_after(op: Op, aspect: Interval) -> Interval:
    """Return the width over height of pictures after an op, given what it was before."""
    shape = op.aspect_after if isinstance(op, Geometric) else None
    return aspect if shape is None else Interval(shape, shape)


def along(steps: Iterable[Step], aspect: Interval) -> Iterator[tuple[Step, Interval]]:
    """Yield each of some steps, done one after the other, with the aspect of the pictures it is given."""
    for step in steps:
        yield step, aspect
        aspect = shape_after(step.op, aspect)


def single(node: Node, aspect: Interval, before_each: Reach | None = None) -> Reach:
    """Return the reach of one step or choice, with its probability seen to."""
    if node.p == 0:
        return Reach()
    done = node.op.effects(aspect) if isinstance(node, Step) else _choice(node, aspect, before_each)
    return done if node.p == 1 else Reach().either(done)


def unmeasured(policy: Policy, axis: str, aspect: Interval) -> Reach:
    """Return what kernels do to the axes that are measured with `axis` on maps and lines, which kernels are
    not part of.

    Where this is more than nothing, a draw's measure is not the whole of what it does.
    """
    family = GEOMETRY if axis in GEOMETRY else TONE if axis in TONE else ()
    total = Reach()
    for leaf, shape in along(policy.leaves(), aspect):
        if leaf.p > 0 and isinstance(leaf.op, Kernel):
            declared = leaf.op.effects(shape)
            total = total.then(Reach(**{name: declared.on(name) for name in family}))  # type: ignore[arg-type]
    return total


def measure(draws: Draws, axis: str) -> NDArray[np.float64]:
    """Return where each draw lies on one axis, float64 (N,); NaN where the axis does not speak of it.

    On the axes of geometry and tone a draw is measured; on the others its steps, narrowed to what was drawn,
    declare it.
    """
    if axis in draws.effects:
        return draws.effects[axis]
    kind = AXES[axis].kind
    out = np.empty(len(draws))
    for i in range(len(draws)):
        limits = _narrowed(draws, i).on(axis)
        assert isinstance(limits, Interval)
        out[i] = np.nan if limits.empty else (limits.low if kind == "least" else limits.high)
    return out


def _narrowed(draws: Draws, i: int) -> Reach:
    aspect = Interval(float(draws.aspects[i]), float(draws.aspects[i]))
    total = Reach()
    row = 0
    for step, done in zip(draws.policy.leaves(), draws.active[:, i], strict=True):
        drawn = step.op.drawn()
        values = {number.name: float(draws.numbers[row + k, i]) for k, number in enumerate(drawn)}
        row += len(drawn)
        if done:
            total = total.then(step.op.at(values).effects(aspect))
            aspect = shape_after(step.op, aspect)
    return total


def _after(node: Node, aspect: Interval) -> Interval:
    """Return the aspect after a step or choice: a choice holds no step that changes it."""
    return shape_after(node.op, aspect) if isinstance(node, Step) else aspect


def _choice(choice: Choice, aspect: Interval, before_each: Reach | None) -> Reach:
    """Join the reaches of all ways to do `least` to `most` branches in the order written."""
    ways: list[Reach | None] = [Reach()] + [None] * choice.most
    for branch in choice.branches:
        effect = sequence(branch, aspect, before_each)
        for done in range(choice.most, 0, -1):
            before, so_far = ways[done - 1], ways[done]
            if before is not None:
                with_it = before.then(effect)
                ways[done] = with_it if so_far is None else so_far.either(with_it)
    reached = [way for way in ways[choice.least :] if way is not None]
    total = reached[0]
    for way in reached[1:]:
        total = total.either(way)
    return total

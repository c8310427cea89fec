"""The bound: the reach of a whole policy, composed from what its steps declare.

Sound, instant, not tight.
"""

from __future__ import annotations

from augkit.intervals import Interval
from augkit.policy import Choice, Node, Policy, Step
from augkit.reach import Reach


def reach(policy: Policy, aspect: Interval) -> Reach:
    """Return everything a policy can do to a picture whose width is `aspect` times its height."""
    return sequence(policy.steps, aspect)


def sequence(nodes: tuple[Node, ...], aspect: Interval) -> Reach:
    """Return the reach of some steps, one after the other."""
    total = Reach()
    for node in nodes:
        total = total.then(single(node, aspect))
    return total


def single(node: Node, aspect: Interval) -> Reach:
    """Return the reach of one step or choice, with its probability seen to."""
    if node.p == 0:
        return Reach()
    done = node.op.effects(aspect) if isinstance(node, Step) else _choice(node, aspect)
    return done if node.p == 1 else Reach().either(done)


def _choice(choice: Choice, aspect: Interval) -> Reach:
    """Join the reaches of all ways to do `least` to `most` branches in the order written."""
    ways: list[Reach | None] = [Reach()] + [None] * choice.most
    for branch in choice.branches:
        effect = sequence(branch, aspect)
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

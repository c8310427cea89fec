"""Branch and bound: settle what the bound leaves open and the witness does not find.

Every way through the policy's choices is a chain of steps with a box of drawn numbers (`chains`).  A chain
whose own bound is inside the limit is done with.  What tone and zoom do to the picture is extreme at the
corners of the box.  Elsewhere the composed map is bounded over many boxes at once (`turning`, `share`:
interval arithmetic with the mean-value form); a box inside the limit is dropped, a box whose centre is
outside is a witness, a number along which the goal goes one way only is set to its end, and the rest is
split.  Nothing left: safe.  Budget spent: unproven.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from augkit.draw import Draws, bends
from augkit.intervals import Arcs, Interval
from augkit.ops import Geometric, Tone
from augkit.policy import Policy
from augkit.reach import GEOMETRY, TONE, Limits, inside
from augkit.safety import share, turning
from augkit.safety.chains import Chain, Family, chains
from augkit.safety.maps import Found, Judged, Maps

AXES = (*GEOMETRY, *TONE)
_CORNERS = ("zoom", *TONE)
_MOST_CORNERS = 10
_MAX_CHAINS = 2048
_MAX_WORK = {"kept": 120_000, "turn": 2_500_000, "mirrored": 2_500_000, "stretch": 2_500_000}
"""What a good half of a second is good for, on one core.

The work on a box is a chain's steps times its numbers; a share takes longer to bound than a turn.
"""

_ROUND = {"kept": 64, "turn": 350, "mirrored": 350, "stretch": 350}
"""A round of boxes, however few, takes as long as so many boxes more."""

_MAX_ROUNDS = 60
_FIRST_BOXES = 64
_MARGIN = 1e-6

Floats = NDArray[np.float64]


def prove(policy: Policy, axis: str, limit: Limits, aspect: Interval) -> tuple[bool | None, Draws | None]:
    """Settle one axis.

    Returns:
        True (all draws are inside `limit`), False with a draw that is not, or None (the budget ran out).
    """
    ways = chains(policy, _family(policy, axis), _MAX_CHAINS)
    if ways is None:
        return None, None
    answer: bool | None = True
    budget = _MAX_WORK.get(axis, 0)
    seen: set[Chain] = set()
    for chain in ways:
        core = chain.core(aspect) if axis in ("kept", "stretch") else chain
        if core in seen or inside(chain.reach(aspect).on(axis), limit):
            continue
        if budget <= 0 and axis not in _CORNERS:
            return None, None
        seen.add(core)
        if axis in _CORNERS:
            found = _worst_corner(chain, policy, axis, limit, aspect)
            settled = False if found is not None else None
        else:
            settled, numbers, spent = search(Maps(chain, aspect), axis, limit, budget)
            budget -= spent
            found = chain.as_draws(policy, *numbers) if numbers else None
        if settled is False:
            return False, found
        answer = None if settled is None else answer
    return answer, None


def _family(policy: Policy, axis: str) -> Family:
    """Return the kinds of ops that an axis is about: of tones, lines and all that bends them."""
    if axis not in TONE:
        return (Geometric,)
    return (Tone, *dict.fromkeys(type(leaf.op) for leaf in policy.leaves() if bends(leaf.op)))


def _worst_corner(chain: Chain, policy: Policy, axis: str, limit: Limits, aspect: Interval) -> Draws | None:
    """Return the worst draw at the ends of a chain's numbers, if it is outside the limit."""
    free = chain.free
    if len(free) > _MOST_CORNERS:
        return None
    shapes = np.unique(np.clip([aspect.low, 1.0, aspect.high], aspect.low, aspect.high))
    which = np.repeat(np.arange(2 ** len(free)), len(shapes))
    found = {address: np.full(len(which), value) for address, value in chain.given.items()}
    found |= {a: np.where(which >> i & 1, n.high, n.low) for i, (a, n) in enumerate(free)}
    draws = chain.as_draws(policy, found, np.resize(shapes, len(which)))
    over = draws.outside(axis, limit)
    worst = int(np.argmax(over))
    return draws.take(np.array([worst])) if over[worst] > _MARGIN else None


def search(maps: Maps, axis: str, limit: Limits, budget: int) -> tuple[bool | None, Found | None, int]:
    """Search the box of one chain.

    Returns:
        True, False with a witness, or None; the witness; and the work done.
    """
    low, high, side = _start(maps, axis, limit)
    steep = np.ones_like(low)
    spent, each = 0, len(maps.low) * max(1, len(maps.chain.steps))
    for _ in range(_MAX_ROUNDS):
        while spent and low.shape[1] < _FIRST_BOXES:
            low, high, side, steep = _split(low, high, side, steep)
        spent += (low.shape[1] + _ROUND[axis]) * each
        judged = _judge(maps, axis, limit, low, high, side)
        if judged.outside is not None:
            return False, judged.outside, spent
        open_ = judged.open & (high > low).any(axis=0)  # a point is its own centre, and that is inside
        if not open_.any():
            return True, None, spent
        if spent + (2 * open_.sum() + _ROUND[axis]) * each > budget:
            return None, None, spent
        low, high, side, steep = _split(
            judged.low[:, open_], judged.high[:, open_], side[open_], judged.steep[:, open_]
        )
    return None, None, spent


def _start(maps: Maps, axis: str, limit: Limits) -> tuple[Floats, Floats, Floats]:
    """Return the boxes to begin with: all there is, once for each end of an arc; and for the share kept,
    numbers that shift or scale evenly at the ends of their ranges, where it is least.
    """
    sides = np.array([1.0, -1.0] if isinstance(limit, Arcs) else [1.0])
    low, high = (np.repeat(end[:, None], len(sides), axis=1) for end in (maps.low, maps.high))
    for i in maps.even[:_MOST_CORNERS] if axis == "kept" else ():
        low, high = np.tile(low, 2), np.tile(high, 2)
        count = low.shape[1] // 2
        low[i] = high[i] = np.repeat([maps.low[i], maps.high[i]], count)
    return low, high, np.resize(sides, low.shape[1])


def _judge(maps: Maps, axis: str, limit: Limits, low: Floats, high: Floats, side: Floats) -> Judged:
    if axis == "kept":
        assert isinstance(limit, Interval)
        return share.judge(maps, limit, low, high)
    return turning.judge(maps, limit, low, high, side)


def _split(low: Floats, high: Floats, side: Floats, steep: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """Halve each box along the number that matters most."""
    weight = np.nan_to_num(steep, nan=1e9, posinf=1e9) * (high - low)
    along = np.argmax(np.where(high > low, weight + 1e-12 * (high - low), -1.0), axis=0)
    at = np.arange(low.shape[1])
    middle = (low[along, at] + high[along, at]) / 2
    first_high, second_low = high.copy(), low.copy()
    first_high[along, at] = middle
    second_low[along, at] = middle
    return (
        np.concatenate([low, second_low], 1),
        np.concatenate([first_high, high], 1),
        np.concatenate([side, side]),
        np.concatenate([steep, steep], 1),
    )

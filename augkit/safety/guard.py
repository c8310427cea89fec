"""The guard: hold each draw against what its own class survives, before any pixel is touched."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from augkit.draw import Draws, draw, numbered
from augkit.keys import Words
from augkit.policy import Policy
from augkit.reach import Reach
from augkit.safety.settle import MEASURED
from augkit.tasks import Task

ATTEMPTS = 64
_HALVINGS = 12
_MARGIN = 1e-6
_ZONED = ("turn", "mirrored")
"""The axes on which a class becomes another."""

Bools = NDArray[np.bool_]
Redraw = Callable[[NDArray[np.int64], int], Draws]
"""Given the positions of some draws and the number of the attempt, make them anew."""


def survived(draws: Draws, task: Task, classes: tuple[str, ...], *, but: tuple[str, ...] = ()) -> Bools:
    """Tell for each draw whether its class (`label_before`) survives it, on all measured axes `but` some.

    bool (N,).
    """
    out = np.ones(len(draws), dtype=np.bool_)
    groups: dict[Reach, list[int]] = {}
    for index, name in enumerate(classes):
        groups.setdefault(task.survives(name), []).append(index)
    for limits, members in groups.items():
        mine = np.isin(draws.label_before, members)
        if mine.any():
            out[mine] &= _inside(draws, limits, but)[mine]
    return out


def draw_guarded(
    policy: Policy,
    task: Task,
    classes: tuple[str, ...],
    words: Words,
    labels: NDArray[np.int64],
    copies: NDArray[np.int64],
    aspects: NDArray[np.float64],
    seed: int,
) -> Draws:
    """Draw for N pictures, and treat what their classes do not survive as the policy says.

    Args:
        policy:  what is drawn, safe or not.
        task:    what labels survive.
        classes: the class names.
        words:   uint64 (N,), the sources' keys (`keys.words`).
        labels:  int64 (N,), indices into `classes`.
        copies:  int64 (N,), numbers of copies, 1 and up.
        aspects: float64 (N,), width over height of each source.
        seed:    of everything.
    """

    def drawn(at: NDArray[np.int64], attempt: int) -> Draws:
        return draw(
            policy, words[at], copies[at], seed=seed, aspects=aspects[at], labels=labels[at], attempt=attempt
        )

    return guarded(drawn(np.arange(len(words)), 0), task, classes, drawn)


def _inside(draws: Draws, limits: Reach, but: tuple[str, ...]) -> Bools:
    """Tell for each draw whether it lies inside limits on all measured axes `but` some.  bool (N,)."""
    axes = [axis for axis in MEASURED if axis not in but]
    over = [draws.outside(axis, limits.on(axis)) for axis in axes]
    held: Bools = np.all(np.array(over) <= _MARGIN, axis=0)
    return held


def guarded(draws: Draws, task: Task, classes: tuple[str, ...], redraw: Redraw) -> Draws:
    """Treat the draws that their class does not survive as the policy's `on_unsafe` says.

    A draw past help is not accepted.
    """
    mode = draws.policy.on_unsafe
    if mode == "refuse":  # every draw of the policy is proved to stay inside
        return draws
    kept = survived(draws, task, classes)
    if kept.all():
        return draws
    if mode == "drop":
        return dataclasses.replace(draws, accepted=kept)
    if mode == "clip":
        draws, kept = _clipped(draws, task, classes, kept)
    elif mode == "relabel":
        draws, kept = _relabelled(draws, task, classes, kept)
    for attempt in range(1, ATTEMPTS):
        if kept.all():
            break
        missing = np.flatnonzero(~kept)
        again = redraw(missing, attempt)
        good = survived(again, task, classes)
        if mode == "relabel":
            again, good = _relabelled(again, task, classes, good)
        elif mode == "clip":
            again, good = _clipped(again, task, classes, good)
        draws = _put(draws, missing[good], again.take(good))
        kept = kept.copy()
        kept[missing[good]] = True
    return dataclasses.replace(draws, accepted=kept)


def _relabelled(draws: Draws, task: Task, classes: tuple[str, ...], kept: Bools) -> tuple[Draws, Bools]:
    """Give a draw its new label where a zone of the task says that the picture is good and its label
    another, and where both classes survive what else it does.
    """
    index = {name: i for i, name in enumerate(classes)}
    good_else = survived(draws, task, classes, but=_ZONED)
    labels, kept = draws.labels.copy(), kept.copy()
    for zone in task.becomes:
        turned = ~np.isnan(draws.effects[zone.axis])
        held = ~kept & good_else & turned & (draws.outside(zone.axis, zone.arcs) <= _MARGIN)
        for name, partner in zone.classes:
            if name in index and partner in index:
                mine = held & (draws.label_before == index[name])
                if mine.any():
                    mine &= _inside(draws, task.survives(partner), _ZONED)
                labels[mine] = index[partner]
                kept |= mine
    return dataclasses.replace(draws, labels=labels), kept


def _clipped(draws: Draws, task: Task, classes: tuple[str, ...], kept: Bools) -> tuple[Draws, Bools]:
    """Shorten all values of a draw by its largest common factor towards doing nothing that its class
    survives.
    """
    still = np.array([np.nan if n.still is None else n.still for _, n in numbered(draws.policy)])[:, None]

    def scaled(factor: NDArray[np.float64]) -> Draws:
        shorter = still + factor * (draws.numbers - still)
        return dataclasses.replace(draws, numbers=np.where(np.isnan(still), draws.numbers, shorter))

    low, high = np.zeros(len(draws)), np.ones(len(draws))
    possible = survived(scaled(low), task, classes)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        good = survived(scaled(middle), task, classes)
        low, high = np.where(good, middle, low), np.where(good, high, middle)
    clipped = scaled(np.where(kept, 1.0, low))
    return clipped, kept | possible


def _put(draws: Draws, at: NDArray[np.int64], others: Draws) -> Draws:
    active, numbers, labels = draws.active.copy(), draws.numbers.copy(), draws.labels.copy()
    active[:, at], numbers[:, at], labels[at] = others.active, others.numbers, others.labels
    return dataclasses.replace(draws, active=active, numbers=numbers, labels=labels)


def acceptance(policy: Policy, task: Task, classes: tuple[str, ...], sample: Draws) -> dict[str, float]:
    """Return for each class the share of `sample`'s draws that it survives or, under `relabel`, that
    becomes another class.

    Classes that share limits, zones and the limits of what they become there share the answer.
    """
    known: dict[tuple[Reach | None, ...], float] = {}
    out = {}
    for index, name in enumerate(classes):
        partners = [dict(zone.classes).get(name) for zone in task.becomes]
        become = (task.survives(partner) if partner in classes else None for partner in partners)
        alike = task.survives(name), *become
        if alike not in known:
            known[alike] = _accepted(policy, task, classes, sample, index)
        out[name] = known[alike]
    return out


def _accepted(policy: Policy, task: Task, classes: tuple[str, ...], sample: Draws, index: int) -> float:
    label = np.full(len(sample), index, dtype=np.int64)
    mine = dataclasses.replace(sample, label_before=label, labels=label)
    kept = survived(mine, task, classes)
    if policy.on_unsafe == "relabel":
        _, kept = _relabelled(mine, task, classes, kept)
    elif policy.on_unsafe == "clip":
        _, kept = _clipped(mine, task, classes, kept)
    return float(kept.mean())

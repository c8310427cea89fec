"""Arms: a network trained without a policy and one trained with it, and what both read in one fold."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from augkit import keys
from augkit.audit import measure, network
from augkit.audit.network import Advance, Labels, Picture
from augkit.audit.pictures import Pictures
from augkit.audit.work import Found
from augkit.draw import draw
from augkit.errors import UsageError
from augkit.ops import Blend
from augkit.policy import Policy
from augkit.render import render_batch
from augkit.safety import draw_guarded
from augkit.tasks import Task

EPOCHS = 12
_DRAWS = 2  # of each picture
_TRIED = 256  # pictures on which each step is tried


@dataclasses.dataclass(frozen=True, eq=False)
class Fold(Found):
    """Hold what was measured on one fold.

    Attributes:
        rows:    int64 (N,), which pictures these are.
        upright: bool (N,), whether the network without the policy reads the picture rightly as it is.
        changed: bool (D, N), the same of each draw of the policy; `made` says which were made.
        made:    bool (D, N), False where the guard left nothing.
        trained: bool (N,), whether the network with the policy reads the picture rightly as it is.
        losses:  float64 (2,), last training losses without and with the policy.
        moved:   float64 (L,), for each step the share of pictures that differ without it.
    """

    rows: Labels
    upright: NDArray[np.bool_]
    changed: NDArray[np.bool_]
    made: NDArray[np.bool_]
    trained: NDArray[np.bool_]
    losses: NDArray[np.float64]
    moved: NDArray[np.float64]


def fold(
    pictures: Pictures,
    place: Labels,
    number: int,
    policy: Policy,
    task: Task | None,
    seed: int,
    *,
    epochs: int = EPOCHS,
    train: measure.Trained = network.trained,
    advance: Advance = lambda done: None,
) -> Fold:
    """Train a network without the policy and one with it, as long, and let them read one fold.

    With a task and a policy that guards its draws each picture is treated as the guard would: labels that it
    writes anew count as right.
    """
    refuse_blends(policy)
    others = pictures.take(np.flatnonzero(place != number))
    nothing = np.zeros(len(others), np.bool_)
    classes = len(pictures.classes)

    def changed(shown: Picture, labels: Labels, epoch: int) -> tuple[Picture, Labels]:
        made, after, good = _made(policy, task, others, shown, labels, seed, epoch + 1)
        return made[good], after[good]

    first = seed * 1000 + 500 + number * 2
    plain = train(others.images, others.labels, classes, nothing, epochs=epochs, seed=first, advance=advance)
    taught = train(
        others.images,
        others.labels,
        classes,
        nothing,
        epochs=epochs,
        seed=first,
        changed=changed,
        advance=advance,
    )
    rows = np.flatnonzero(place == number)
    some = pictures.take(rows)
    right = np.zeros((_DRAWS, len(rows)), np.bool_)
    good = np.zeros((_DRAWS, len(rows)), np.bool_)
    for at in range(_DRAWS):
        made, after, good[at] = _made(policy, task, some, some.images, some.labels, seed, 1_000_000 + at)
        right[at] = plain.read(made).argmax(axis=1) == after
        advance(len(rows))
    return Fold(
        rows,
        plain.read(some.images).argmax(axis=1) == some.labels,
        right,
        good,
        taught.read(some.images).argmax(axis=1) == some.labels,
        np.array([plain.loss, taught.loss]),
        _moved(policy, some, seed),
    )


def _made(
    policy: Policy, task: Task | None, named: Pictures, shown: Picture, labels: Labels, seed: int, copy: int
) -> tuple[Picture, Labels, NDArray[np.bool_]]:
    """Make a copy of each picture as the policy draws it, of the size that it had; labels after, and which
    were made.
    """
    words, aspects = keys.words(named.keys), np.ones(len(named.keys))
    copies = np.full(len(words), copy)
    if task is None:
        draws = draw(policy, words, copies, seed=seed, aspects=aspects, labels=labels)
    else:
        draws = draw_guarded(policy, task, named.classes, words, labels, copies, aspects, seed)
    return _resized(render_batch(shown, draws), shown.shape[1]), draws.labels, draws.accepted


def _resized(made: Picture, side: int) -> Picture:
    import cv2

    if made.shape[1:3] == (side, side):
        return made
    how = cv2.INTER_AREA if made.shape[1] > side else cv2.INTER_LINEAR
    small = [cv2.resize(picture, (side, side), interpolation=how) for picture in made]
    return np.stack(small).reshape(len(made), side, side, -1).astype(np.uint8)


def _moved(policy: Policy, some: Pictures, seed: int) -> NDArray[np.float64]:
    """Return for each step the share of pictures that are others where it alone is left out."""
    few = some.take(np.arange(min(_TRIED, len(some))))
    draws = draw(policy, few.keys, np.ones(len(few), np.int64), seed=seed, aspects=np.ones(len(few)))
    whole = render_batch(few.images, draws)
    out = []
    for row in range(len(draws.active)):
        active = draws.active.copy()
        active[row] = False
        without = render_batch(few.images, dataclasses.replace(draws, active=active))
        same = without.shape == whole.shape
        out.append(float((without != whole).any(axis=(1, 2, 3)).mean()) if same else 1.0)
    return np.array(out)


def refuse_blends(policy: Policy) -> None:
    """Refuse a policy that mixes pictures.

    Raises:
        UsageError: it does.
    """
    for step in policy.leaves():
        if isinstance(step.op, Blend):
            raise UsageError(
                f"{step.name} mixes each picture with another, labels too: no label is lost to measure",
                where=step.where,
                fix="take the step out to audit the rest",
            )

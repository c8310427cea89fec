"""The effect of a whole policy: affinity, diversity, and what it does to the accuracy of each class.

Affinity and diversity are those of Gontijo-Lopes et al. 2020 (arXiv:2002.08973): the accuracy of a network
that was trained without the policy on pictures that the policy changed, over that on pictures as they are;
and the last training loss of a network that was trained with the policy, over that of one trained without.
Both are taken here over pictures that the network was not trained with, and affinity for each class by
itself: the mean over all classes cannot tell which of them was hurt.
"""

from __future__ import annotations

import dataclasses
import functools
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from augkit import keys
from augkit.audit import measure, network, work
from augkit.audit import pictures as reading
from augkit.audit.network import Advance, Labels
from augkit.audit.pictures import Pictures
from augkit.audit.proportions import Share, difference, share
from augkit.draw import Draws, draw
from augkit.errors import UsageError
from augkit.ops import Blend
from augkit.policy import Policy
from augkit.render import render_batch
from augkit.safety import guarded
from augkit.tasks import Task

if TYPE_CHECKING:
    from datasets import DatasetDict

Picture = NDArray[np.uint8]
FILE = "policy.json"
ALPHA = 0.05
_DRAWS = 2  # of each picture
_TRIED = 256  # pictures on which each step is tried
_EPOCHS = 12


@dataclasses.dataclass(frozen=True, eq=False)
class Fold:
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

    def save(self, path: Path) -> None:
        """Write it down, whole or not at all."""
        measure.write(path, {field.name: getattr(self, field.name) for field in dataclasses.fields(self)})

    @classmethod
    def load(cls, path: Path) -> Fold:
        """Read what `save` wrote."""
        with np.load(path) as kept:
            return cls(**{field.name: kept[field.name] for field in dataclasses.fields(cls)})


@dataclasses.dataclass(frozen=True)
class Line:
    """Hold the effect on one class, or on all.

    Attributes:
        label:    the class, "" for all.
        upright:  share read rightly, without the policy, as they are.
        changed:  the same after the policy's changes.
        gained:   how much more is read rightly by a network trained with the policy.
    """

    label: str
    upright: Share
    changed: Share
    gained: Share

    @property
    def affinity(self) -> float:
        """Return the affinity."""
        return self.changed.seen / self.upright.seen if self.upright.hits else float("nan")


@dataclasses.dataclass(frozen=True, eq=False)
class Effect:
    """Hold the effect of a policy; the first line is that on all classes."""

    policy: str
    source: str
    lines: tuple[Line, ...]
    diversity: float
    idle: tuple[str, ...]
    epochs: int

    @property
    def hurt(self) -> tuple[str, ...]:
        """Return the classes that a network certainly reads worse after training with the policy."""
        return tuple(line.label for line in self.lines[1:] if line.gained.high < 0)

    def canonical(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "format": 1,
            "policy": self.policy,
            "source": self.source,
            "diversity": round(self.diversity, 4),
            "idle": list(self.idle),
            "hurt": list(self.hurt),
            "epochs": self.epochs,
            "classes": [
                {
                    "label": line.label,
                    "affinity": round(line.affinity, 4),
                    **{
                        name: [one.hits, one.of, round(one.low, 5), round(one.high, 5)]
                        for name in ("upright", "changed", "gained")
                        for one in [getattr(line, name)]
                    },
                }
                for line in self.lines
            ],
        }

    def text(self) -> str:
        """Return it as `augkit audit --policy` prints it."""
        wide = max(5, *(len(line.label) for line in self.lines))
        lines = [
            f"{self.policy} on {self.source}: affinity {self.lines[0].affinity:.3f}, "
            f"diversity {self.diversity:.2f}",
            *(f"  {step} changes no picture" for step in self.idle),
            f"  {'class':<{wide}}  affinity  read rightly  after the policy  trained with it",
        ]
        for line in self.lines:
            gained = line.gained
            lines.append(
                f"  {line.label or 'all':<{wide}}  {line.affinity:8.3f}  {line.upright.seen:12.1%}  "
                f"{line.changed.seen:16.1%}  {100 * gained.seen:+.1f} points "
                f"({100 * gained.low:+.1f} to {100 * gained.high:+.1f})"
                + ("  worse for certain" if line.label in self.hurt else "")
            )
        return "\n".join(lines)


def fold(
    pictures: Pictures,
    place: Labels,
    number: int,
    policy: Policy,
    task: Task | None,
    seed: int,
    *,
    epochs: int = _EPOCHS,
    train: measure.Trained = network.trained,
    advance: Advance = lambda done: None,
) -> Fold:
    """Train a network without the policy and one with it, as long, and let them read one fold.

    With a task and a policy that guards its draws each picture is treated as the guard would: labels that it
    writes anew count as right.
    """
    _whole(policy)
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


def measured(
    data: DatasetDict,
    policy: Policy,
    task: Task | None,
    out: Path,
    *,
    source: str = "data",
    most: int = 500,
    folds: int = 3,
    seed: int = 0,
    workers: int = 1,
    epochs: int = _EPOCHS,
    train: measure.Trained = network.trained,
) -> Effect:
    """Measure a policy on a data set, and write `policy.json` into a folder; called again it carries on.

    Args:
        data:    a data set as `sources.load` returns it.
        policy:  the policy; no verdict is asked for.
        task:    by which a policy that guards its draws does so; None draws without a guard.
        out:     the folder.
        source:  what the data are called.
        most:    about how many pictures of each class.
        folds:   parts; each is read by networks that were trained with the others.
        seed:    of everything.
        workers: processes, one for each fold at most.
        epochs:  how long each network is trained, with the policy and without.
        train:   trains a network.

    Raises:
        UsageError:  the policy mixes pictures.
        SourceError: the data are too few.
    """
    _whole(policy)
    pictures = reading.read(data, most=most, seed=seed)
    if task is not None:
        task.fit(pictures.classes)
    said = task.canonical() if task else {}
    asked = ["effect", 1, pictures.digest, policy.canonical(), said, folds, seed, epochs]
    state = out / "state" / work.digest(*asked)
    kept = reading.put(pictures, state)
    paths = work.done(
        state,
        folds,
        functools.partial(
            _fold, kept=kept, policy=policy, task=task, folds=folds, seed=seed, epochs=epochs, train=train
        ),
        each=2 * epochs * len(pictures),
        workers=workers if train is network.trained else 1,
        word="training with and without the policy",
    )
    found = combined(pictures, [Fold.load(path) for path in paths], policy, source, epochs)
    (out / FILE).write_text(json.dumps(found.canonical(), ensure_ascii=False) + "\n", encoding="utf-8")
    return found


def _fold(
    number: int,
    advance: Advance,
    path: Path,
    *,
    kept: Path,
    policy: Policy,
    task: Task | None,
    folds: int,
    seed: int,
    epochs: int,
    train: measure.Trained,
) -> None:
    pictures = reading.load(kept)
    place = reading.folds(pictures, folds, seed)
    found = fold(pictures, place, number, policy, task, seed, epochs=epochs, train=train, advance=advance)
    found.save(path)


def combined(
    pictures: Pictures, folds: list[Fold], policy: Policy, source: str, epochs: int = _EPOCHS
) -> Effect:
    """Put the folds together."""
    rows = np.concatenate([fold.rows for fold in folds])
    labels = pictures.labels[rows]
    parts = {
        name: np.concatenate([getattr(fold, name) for fold in folds], axis=-1)
        for name in ("upright", "changed", "made", "trained")
    }
    alpha = ALPHA / (1 + len(pictures.classes))
    lines = [_line("", np.ones(len(rows), np.bool_), parts, alpha)]
    lines += [_line(name, labels == at, parts, alpha) for at, name in enumerate(pictures.classes)]
    losses = np.mean([fold.losses for fold in folds], axis=0)
    moved = np.max([fold.moved for fold in folds], axis=0)
    steps = [step.name for step in policy.leaves()]
    idle = tuple(name for name, share_of in zip(steps, moved, strict=True) if share_of == 0)
    return Effect(policy.file, source, tuple(lines), float(losses[1] / max(losses[0], 1e-9)), idle, epochs)


def _line(name: str, mine: NDArray[np.bool_], parts: dict[str, NDArray[Any]], alpha: float) -> Line:
    upright, trained = parts["upright"][mine], parts["trained"][mine]
    # Draws of one picture are not independent: the interval counts each picture once, by its first draw.
    made, changed = parts["made"][:, mine], parts["changed"][:, mine]
    first = made.argmax(axis=0)
    seen = changed[first, np.arange(len(first))][made.any(axis=0)]
    return Line(
        name,
        share(int(upright.sum()), len(upright), alpha),
        share(int(seen.sum()), len(seen), alpha),
        difference(int((trained & ~upright).sum()), int((upright & ~trained).sum()), len(upright), alpha),
    )


def _made(
    policy: Policy, task: Task | None, named: Pictures, shown: Picture, labels: Labels, seed: int, copy: int
) -> tuple[Picture, Labels, NDArray[np.bool_]]:
    """Make a copy of each picture as the policy draws it, of the size that it had; labels after, and which
    were made.
    """
    words = keys.words(named.keys)
    aspects = np.ones(len(words))

    def drawn(at: NDArray[np.int64], attempt: int) -> Draws:
        copies = np.full(len(at), copy)
        return draw(
            policy, words[at], copies, seed=seed, aspects=aspects[at], labels=labels[at], attempt=attempt
        )

    draws = drawn(np.arange(len(words)), 0)
    if task is not None:
        draws = guarded(draws, task, named.classes, drawn)
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


def _whole(policy: Policy) -> None:
    for step in policy.leaves():
        if isinstance(step.op, Blend):
            raise UsageError(
                f"{step.name} mixes each picture with another, labels too: no label is lost to measure",
                where=step.where,
                fix="take the step out to audit the rest",
            )

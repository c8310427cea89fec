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
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from augkit.audit import arms, files, measure, network, work
from augkit.audit import pictures as reading
from augkit.audit.arms import EPOCHS, refuse_blends
from augkit.audit.network import Advance
from augkit.audit.pictures import Pictures
from augkit.audit.proportions import Share, difference, share
from augkit.policy import Policy
from augkit.tasks import Task

if TYPE_CHECKING:
    from datasets import DatasetDict

FILE = "policy.json"
ALPHA = 0.05


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

    @property
    def ok(self) -> bool:
        """Tell whether it hurts no class and each of its steps changes some picture."""
        return not self.hurt and not self.idle

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
    epochs: int = EPOCHS,
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
    refuse_blends(policy)
    pictures = reading.read(data, most=most, seed=seed)
    if task is not None:
        task.fit(pictures.classes)
    said = task.canonical() if task else {}
    asked = ["effect", 2, pictures.digest, policy.canonical(), said, folds, seed, epochs]
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
    found = combined(pictures, [arms.Fold.load(path) for path in paths], policy, source, epochs)
    files.plain(out / FILE, found.canonical())
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
    found = arms.fold(
        pictures, place, number, policy, task, seed, epochs=epochs, train=train, advance=advance
    )
    found.save(path)


def combined(
    pictures: Pictures, folds: list[arms.Fold], policy: Policy, source: str, epochs: int = EPOCHS
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

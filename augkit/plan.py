"""The plan: everything that decides the pictures, fixed.

It compiles from a `SafePolicy` and from nothing else.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from augkit import keys
from augkit.draw import Draws
from augkit.errors import UsageError
from augkit.ops import Blend
from augkit.policy import Policy
from augkit.reach import Reach
from augkit.safety import SafePolicy, draw_guarded
from augkit.steps import Step
from augkit.transform import Transform

_FORMAT = 1
_SLACK = 1e-6


@dataclasses.dataclass(frozen=True, eq=False)
class Plan:
    """Decide every picture of an augmented data set.

    A picture is a pure function of the plan, its source's key and the number of its copy; adding a source
    or a copy changes no other picture.

    Attributes:
        safe:           the judged policy.
        classes:        the data's class names, in the order of their labels.
        seed:           0 to 2**64 - 1.
        copies:         how many augmented copies of each source are made; or how many for each class, by
                        name.
        balance:        whether smaller classes get more copies, until they have as many pictures as the
                        largest.
        keep_originals: whether the source itself is kept beside them, as copy 0.
    """

    safe: SafePolicy
    classes: tuple[str, ...]
    seed: int = 0
    copies: int | Mapping[str, int] = 4
    keep_originals: bool = True
    balance: bool = False

    def __post_init__(self) -> None:
        """Check the numbers, the places of blends, and that the task knows the classes."""
        if not 0 <= self.seed < 2**64:
            raise UsageError(f"got a seed of {self.seed}, want 0 to 2**64 - 1")
        self._check_copies()
        blended: Step | None = None
        for step in self.safe.policy.leaves():
            if blended and not isinstance(step.op, Blend):
                raise UsageError(
                    f"{blended.name} stands before {step.name}, but finished pictures are mixed",
                    where=blended.where,
                    fix=f"move {blended.name} to the end of the policy",
                )
            blended = step if isinstance(step.op, Blend) else None
        self.safe.task.fit(self.classes)

    @functools.cached_property
    def digest(self) -> str:
        """Return the hex SHA-256 of everything that decides the pictures."""
        text = json.dumps(self.describe(), sort_keys=True, ensure_ascii=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    def describe(self) -> dict[str, Any]:
        """Return the plan as plain data: policy, task, classes, seed, copies, and the verdict with its
        waivers.
        """
        return {
            "format": _FORMAT,
            "policy": self.safe.policy.canonical(),
            "task": self.safe.task.canonical(),
            "classes": list(self.classes),
            "seed": self.seed,
            "copies": self.copies if isinstance(self.copies, int) else dict(self.copies),
            "keep_originals": self.keep_originals,
            **({"balance": True} if self.balance else {}),
            "verdict": _without_places(self.safe.verdict.canonical()),
        }

    def copies_of(self, label: int) -> int:
        """Return how many copies each source of a class gets, before classes are balanced."""
        return self.copies if isinstance(self.copies, int) else self.copies[self.classes[label]]

    @property
    def policy(self) -> Policy:
        """Return the policy."""
        return self.safe.policy

    @functools.cached_property
    def blends(self) -> tuple[Step, ...]:
        """Return the steps that mix pictures of one batch, which the feed alone can do."""
        return tuple(step for step in self.policy.leaves() if isinstance(step.op, Blend) and step.p > 0)

    def must_not_blend(self, why: str) -> None:
        """Raise UsageError where a step of the policy mixes pictures, and say why that cannot be."""
        for step in self.blends:
            raise UsageError(
                f"{step.name} mixes each picture with another of its batch, {why}",
                where=step.where,
                fix="train through the feed (augkit.feed), which mixes the labels too, or take the step out",
            )

    def draw(
        self,
        sources: Sequence[str] | keys.Words,
        labels: NDArray[np.int64],
        copies: NDArray[np.int64],
        sizes: NDArray[np.int64],
    ) -> Draws:
        """Make the random decisions for N pictures, each held against what its class survives.

        Args:
            sources: N source keys, or their words as uint64 (N,).
            labels:  int64 (N,), indices into `classes`.
            copies:  int64 (N,), numbers of copies, 1 and up.
            sizes:   int64 (N, 2), width and height of each source in pixels.

        Returns:
            N draws; those past help have `accepted` False.

        Raises:
            UsageError: a picture's aspect is outside the range that the policy was judged for.
        """
        aspects = sizes[:, 0] / sizes[:, 1]
        self._check(aspects)
        words = sources if isinstance(sources, np.ndarray) else keys.words(sources)
        labels = np.asarray(labels, dtype=np.int64)
        return draw_guarded(
            self.policy, self.safe.task, self.classes, words, labels, copies, aspects, self.seed
        )

    def changes(self, split: str) -> bool:
        """Tell whether this plan does anything to the pictures of a split that a task has a say in."""
        idle = self.safe.verdict.reach == Reach() or self.safe.task.survives_everything
        return split in self.policy.splits and not idle

    def as_transform(self, epoch: int = 0, *, channels_first: bool = False) -> Transform:
        """Return the plan as a function of rows, for `datasets.Dataset.with_transform` and for PyTorch.

        Each epoch makes other pictures, and the same epoch the same ones: take the transform of each epoch.

            plan = Plan(judge(policy, task).safe_policy(), classes)
            train = data["train"].with_transform(plan.as_transform(epoch=3))

        For a map-style PyTorch data set of (picture, label), such as torchvision's ImageFolder:

            loader = DataLoader(plan.as_transform(epoch=3, channels_first=True).over(images), batch_size=64)

        Raises:
            UsageError: the policy has a step that needs a whole batch (mixup, cutmix).
        """
        self.must_not_blend("and a transform sees one picture at a time")
        return Transform(self, epoch, channels_first)

    def _check_copies(self) -> None:
        given = [self.copies] if isinstance(self.copies, int) else list(self.copies.values())
        if not isinstance(self.copies, int):
            if self.balance:
                fix = "give one number of copies: smaller classes get more"
                raise UsageError("got copies for each class, and classes to be balanced", fix=fix)
            odd = sorted(set(self.copies) ^ set(self.classes))
            if odd:
                raise UsageError(f"got copies for the classes {sorted(self.copies)}, but {odd[0]!r} differs")
        if min(given, default=0) < 0 or (max(given, default=0) == 0 and not self.keep_originals):
            least = min(given, default=0)
            raise UsageError(f"got {least} copies and no originals, want at least one picture of each source")

    def _check(self, aspects: NDArray[np.float64]) -> None:
        judged = self.safe.verdict.aspect
        if not len(aspects) or self.safe.task.survives_everything:
            return
        low, high = float(aspects.min()), float(aspects.max())
        if low < judged.low - _SLACK or high > judged.high + _SLACK:
            raise UsageError(
                f"pictures of aspect {low:.3g} to {high:.3g}, "
                f"but the policy was judged for {judged.low:.3g} to {judged.high:.3g}",
                fix="judge it for the data: augkit.safety.judge(policy, task, aspect=Interval(low, high))",
            )


def _without_places(verdict: dict[str, Any]) -> dict[str, Any]:
    """Leave out where in which file a finding stands: the same policy elsewhere is the same plan."""
    plain = {**verdict}
    for key in ("findings", "waived"):
        plain[key] = [
            {name: value for name, value in entry.items() if name != "where"} for entry in verdict[key]
        ]
    return plain

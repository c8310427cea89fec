"""The paper's learning rate: divided by ten whenever the error stalls, three times."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

from augkit.errors import UsageError
from recipes.runs import Row


@dataclasses.dataclass(frozen=True, kw_only=True)
class Plateau:
    """Make a rate that falls when an error stalls: a pure function of the errors so far.

    It remembers nothing, so a run that goes on after a kill has the rate that it would have had.

    Attributes:
        first:    the rate to begin with; the paper's 0.01.
        divide:   what the rate is divided by when the error stalls.
        times:    how often; then it stays.
        patience: epochs without improvement, at one rate, that are a stall. The paper waits until "the
            validation error rate stopped improving with the current learning rate" and says no number:
            five is ours.
    """

    first: float = 0.01
    divide: float = 10.0
    times: int = 3
    patience: int = 5

    def __post_init__(self) -> None:
        """Check the numbers."""
        wanted = {"first": self.first > 0, "divide": self.divide > 1, "times": self.times >= 0}
        wanted |= {"patience": self.patience >= 1}
        for name, fine in wanted.items():
            if not fine:
                raise UsageError(f"{name}: got {getattr(self, name)}, which makes no rate that falls")

    def rate(self, errors: Sequence[float]) -> float:
        """Return the rate of the next epoch, after epochs with these errors."""
        return self.first / self.divide ** min(self.stalls(errors), self.times)

    def done(self, errors: Sequence[float]) -> bool:
        """Tell whether the error has stalled at the last rate too, where the paper ends."""
        return self.stalls(errors) > self.times

    def stalls(self, errors: Sequence[float]) -> int:
        """Count the stalls: each begins to wait anew, for an error below the lowest of all."""
        lowest, waited, stalls = float("inf"), 0, 0
        for error in errors:
            waited = 0 if error < lowest else waited + 1
            lowest = min(lowest, error)
            if waited == self.patience:
                waited, stalls = 0, stalls + 1
        return stalls


def falling(plateau: Plateau) -> Callable[[Sequence[Row]], float]:
    """Return what `fit` takes as its `rate`: by the error on the pictures that are watched."""
    return lambda history: plateau.rate(_errors(history))


def stalled(plateau: Plateau) -> Callable[[Sequence[Row]], bool]:
    """Return what `fit` takes as its `stop`: the error on the watched pictures stalls at the last rate too.

    `Plateau(times=0, patience=5)` stops at the first stall, five epochs without a lower error.
    """
    return lambda history: plateau.done(_errors(history))


def _errors(history: Sequence[Row]) -> list[float]:
    return [1 - row["val_accuracy"] for row in history]

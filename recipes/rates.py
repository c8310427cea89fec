"""How a learning rate falls, as settings say it: with each step, or whenever the error stalls."""

from __future__ import annotations

import dataclasses
from typing import Annotated, Any, Literal

from augkit import backend
from recipes.plateau import Plateau
from recipes.runs.settings import Count, Positive, Within


@dataclasses.dataclass(frozen=True)
class Rate:
    """Say how the learning rate falls; the last three settings are those of a plateau."""

    falls: Literal["plateau", "linear", "cosine"]
    first: Positive
    divide: Annotated[float, Within(1, above=True)]
    times: Annotated[int, Within(0)]
    patience: Count

    def plateau(self) -> Plateau | None:
        """Return the rule that makes the rate from the errors so far, where there is one."""
        if self.falls != "plateau":
            return None
        return Plateau(first=self.first, divide=self.divide, times=self.times, patience=self.patience)

    def schedule(self, steps: int) -> Any:
        """Return what makes the rate from the number of the step, of `steps`; a plateau's first rate."""
        schedules = backend.load().optimizers.schedules
        if self.falls == "cosine":
            return schedules.CosineDecay(self.first, steps)
        if self.falls == "linear":
            return schedules.PolynomialDecay(self.first, steps, end_learning_rate=0.0)
        return self.first

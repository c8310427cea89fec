"""Settings of ops: limits and unit are stated once, and read from there by validation, error texts, the
JSON Schema and the tests.
"""

from __future__ import annotations

import dataclasses
from typing import Any

Range = tuple[float, float]
"""[low, high]: a number drawn evenly between the two."""


@dataclasses.dataclass(frozen=True)
class Limits:
    """State what a setting takes: numbers from `low` to `high`, in `unit`.

    At `still` the setting does nothing.
    """

    low: float
    high: float
    unit: str
    still: float

    def __str__(self) -> str:
        return f"from {self.low:g} to {self.high:g} ({self.unit})"

    def holds(self, value: float) -> bool:
        """Tell whether `value` is within the limits; NaN never is."""
        return self.low <= value <= self.high


def setting(low: float, high: float, *, unit: str, still: float, default: Any = dataclasses.MISSING) -> Any:
    """Declare a setting of an op: its limits, its unit, where it does nothing, and its default if it has
    one.
    """
    return dataclasses.field(default=default, metadata={"limits": Limits(low, high, unit, still)})

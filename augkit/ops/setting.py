"""Settings of ops: limits, units and words are stated once, and read from there by validation, error texts,
the JSON Schema and the tests.

`setting` is a range [low, high] that a number is drawn from; `number`, `numbers`, `word` and `some` (of a few
words) are the same for every picture.
"""

from __future__ import annotations

import dataclasses
from typing import Any

Range = tuple[float, float]
"""[low, high]: a number drawn evenly between the two."""


@dataclasses.dataclass(frozen=True)
class Limits:
    """State what a setting takes: numbers from `low` to `high`, in `unit`.

    At `still` (if any) the setting does nothing.
    """

    low: float
    high: float
    unit: str
    still: float | None = None
    whole: bool = False

    def __str__(self) -> str:
        return f"from {self.low:g} to {self.high:g} ({self.unit})"

    def holds(self, value: float) -> bool:
        """Tell whether `value` is within the limits; NaN never is."""
        return self.low <= value <= self.high and (not self.whole or value == int(value))


def setting(
    low: float, high: float, *, unit: str, still: float | None, default: Any = dataclasses.MISSING
) -> Any:
    """Declare a range of an op: its limits, its unit, where (if anywhere) it does nothing, its default."""
    return dataclasses.field(default=default, metadata={"limits": Limits(low, high, unit, still)})


def number(
    low: float, high: float, *, unit: str, whole: bool = False, default: Any = dataclasses.MISSING
) -> Any:
    """Declare a number that is the same for every picture; where the default is None it may be left out."""
    return dataclasses.field(default=default, metadata={"number": Limits(low, high, unit, None, whole=whole)})


def numbers(count: int, low: float, high: float, *, unit: str, default: Any = dataclasses.MISSING) -> Any:
    """Declare a list of `count` numbers, the same for every picture."""
    return dataclasses.field(default=default, metadata={"numbers": Limits(low, high, unit), "count": count})


def word(*words: str, default: Any = dataclasses.MISSING) -> Any:
    """Declare a setting that takes one of a few words."""
    return dataclasses.field(default=default, metadata={"words": words})


def some(*words: str, default: Any = dataclasses.MISSING) -> Any:
    """Declare a setting that takes a list of some of a few words, each at most once."""
    return dataclasses.field(default=default, metadata={"some": words})

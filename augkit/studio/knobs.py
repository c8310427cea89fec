"""Knobs: the numbers of a policy's steps, with their limits and the edits that write them into its text.

Limits and words are those of the JSON Schema; an edit touches a number and nothing beside it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from augkit.document import Item
from augkit.fix import Text
from augkit.studio.offsets import Offsets
from augkit.studio.words import steps

_WIDE, _ENDLESS = 20, 1000
_LARGEST = 1e6

Knob = dict[str, Any]


def knobs(text: Text) -> list[dict[str, Any]]:
    """Return the steps of a policy that have numbers, in the order written.

    Each is {name, path, at, knobs}; a knob is {name, about, low, high, whole, scale, values} and either
    `ends`, the range of each number in the text, or `insert`, what to write where: `before`, the numbers with
    ", " between them, `after`.  Places are in UTF-16 units.
    """
    offsets = Offsets(text.text)
    return [
        {"name": word, "path": item.path, "at": offsets.of(item.begin), "knobs": found}
        for item, word in _steps(text.item("steps"))
        if (found := list(_of(text, offsets, item, word)))
    ]


def _steps(listed: Item) -> Iterator[tuple[Item, str]]:
    """Yield the settings of each step and its op, those in choices after their choice."""
    for entry in listed.value if isinstance(listed.value, list) else []:
        if isinstance(entry.value, list):
            yield from _steps(entry)
        elif isinstance(entry.value, str):
            yield entry, entry.value
        else:
            ((word, body),) = entry.value.items()
            yield body, word
            inner = body.value.get("steps") if isinstance(body.value, dict) else body
            if word in ("one_of", "some_of") and inner is not None:
                yield from _steps(inner)


def _of(text: Text, offsets: Offsets, item: Item, word: str) -> Iterator[Knob]:
    given = item.value if isinstance(item.value, dict) else {}
    if word in ("one_of", "some_of") and not given:
        return  # in a list there is no room for settings
    for name, said in steps()[word].items():
        kind = _kind(said)
        if kind is None or (name not in given and "default" not in said):
            continue
        low, high, whole, pair = kind
        default = said.get("default", low)
        knob: Knob = {
            "name": name, "about": said.get("description", ""), "low": low, "high": high, "whole": whole,
            "scale": _scale(low, high),
        }  # fmt: skip
        if name in given:
            ends = given[name].value if pair else [given[name]]
            yield knob | {
                "values": [end.number() for end in ends],
                "ends": [[offsets.of(end.start), offsets.of(end.end)] for end in ends],
            }
            continue
        blank = f"{name}: [\0]" if pair else f"{name}: \0"
        begin, end, instead = text.added(item.path, blank)
        before, after = instead.split("\0")
        yield knob | {
            "values": list(default) if pair else [default],
            "insert": {"from": offsets.of(begin), "to": offsets.of(end), "before": before, "after": after},
        }


def _kind(said: dict[str, Any]) -> tuple[float, float, bool, bool] | None:
    """Return the limits of a setting, whether it counts, and whether it is a range; None where it is no such
    number.
    """
    pair = said.get("type") == "array" and isinstance(said.get("items"), list) and len(said["items"]) == 2
    number = said["items"][0] if pair else said
    if number.get("type") not in ("number", "integer"):
        return None
    if pair and not said.get("description", "").startswith("[low, high]"):
        return None
    low, high = number.get("minimum"), number.get("maximum")
    if low is None or high is None or high > _LARGEST:
        return None
    return low, high, number["type"] == "integer", pair


def _scale(low: float, high: float) -> str:
    """Return "log" where factors are what counts, else "linear"."""
    factor = low > 0 and ((low < 1 < high and high / low >= _WIDE) or high / low >= _ENDLESS)
    return "log" if factor else "linear"

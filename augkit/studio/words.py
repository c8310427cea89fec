"""Words: what an editor offers where, read from the JSON Schema of policies."""

from __future__ import annotations

import functools
import math
from typing import Any

from augkit import schema

Said = dict[str, Any]


@functools.cache
def steps() -> dict[str, dict[str, Said]]:
    """Return the settings of every step, name to schema."""
    return {name: dict(_body(said).get("properties", {})) for name, said in _step().items()}


@functools.cache
def vocabulary() -> Said:
    """Return the keys of a policy and its steps with their settings, each {name, about, apply, values}: what
    it means, what to write, and the words it takes.
    """
    whole = schema.policy()
    top = [_key(name, said) for name, said in whole["properties"].items()]
    listed = []
    for name, said in _step().items():
        settings = [_setting(key, each) for key, each in steps()[name].items()]
        needed = _body(said).get("required", ())
        listed.append(
            {
                "name": name,
                "about": said.get("description") or _body(said).get("description", ""),
                "apply": _written(name, [one for one in settings if one["name"] in needed]),
                "settings": settings,
            }
        )
    return {"top": top, "steps": listed}


def _step() -> dict[str, Said]:
    found: dict[str, Said] = schema.policy()["definitions"]["step"]["anyOf"][0]["properties"]
    return found


def _body(said: Said) -> Said:
    """Return the schema of a step's settings; a choice takes a list or settings."""
    return next((one for one in said.get("anyOf", ()) if one.get("type") == "object"), said)


def _key(name: str, said: Said) -> Said:
    values: list[Any] = said.get("enum") or next(
        (one["enum"] for one in said.get("anyOf", ()) if "enum" in one), []
    )
    apply = {"steps": "steps:\n  - ", "version": "version: 1"}.get(name, f"{name}: ")
    return {"name": name, "about": said.get("description", ""), "apply": apply, "values": list(values)}


def _setting(name: str, said: Said) -> Said:
    several = said.get("items", {})
    values: list[Any] = said.get("enum") or (several.get("enum", []) if isinstance(several, dict) else [])
    return {
        "name": name,
        "about": said.get("description", ""),
        "apply": f"{name}: {_gentle(name, said)}",
        "values": list(values),
    }


def _written(name: str, needed: list[Said]) -> str:
    if name == "resize":  # it can do without any of its settings, but not without all
        return "resize: {width: 224, height: 224}"
    if name in ("one_of", "some_of"):
        return f"{name}:" if name == "one_of" else f"{name}: {{n: 1, steps: []}}"
    return f"{name}: {{{', '.join(one['apply'] for one in needed)}}}" if needed else name


def _gentle(name: str, said: Said) -> str:
    """Return a first value of a setting: its default, or a small change."""
    if name == "p":
        return "0.5"
    if "default" in said:
        default = said["default"]
        return f"[{', '.join(f'{x:g}' for x in default)}]" if isinstance(default, list) else f"{default}"
    if "enum" in said:
        return str(said["enum"][0])
    pair = isinstance(said.get("items"), list)
    number = said["items"][0] if pair else said
    low, high = number.get("minimum"), number.get("maximum")
    if low is None or high is None:
        return "[]" if "items" in said else ""
    ends = _small(float(low), float(high))
    return f"[{ends[0]:g}, {ends[1]:g}]" if pair else f"{ends[0]:g}"


def _small(low: float, high: float) -> tuple[float, float]:
    """Return a small part of a range, near to where it does least."""
    if low < 0 < high:
        end = _rounded(high / 12)
        return -end, end
    if low < 1 < high <= 10:
        return (0.9, 1.1)
    return (low, _rounded(high / 10)) if low <= 0 else (_rounded(0.8 * high), high)


def _rounded(value: float) -> float:
    """Round to one digit."""
    return round(value, -math.floor(math.log10(value))) if value > 0 else 0.0

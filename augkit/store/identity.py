"""The identity of an output: all that decides its bytes, and how two of them differ."""

from __future__ import annotations

import importlib.metadata
import json
from typing import Any

from augkit import __version__
from augkit.sources import records
from augkit.store.cutting import Sources
from augkit.store.job import Job


def identity(job: Job, sources: Sources) -> dict[str, Any]:
    """Describe everything that decides the bytes of an output, as plain data; `plan.json` holds it."""
    plan = job.plan
    described = {
        "version": 1,
        **made_with(),
        "kind": "build" if plan is None else "generate",
        "digest": "" if plan is None else plan.digest,
        "plan": {} if plan is None else plan.describe(),
        "source": sources.fingerprints(),
        "classes": list(job.classes),
        "folders": list(job.folders),
        "format": job.layout,
        "image_format": job.format,
        "shard_size": sources.size,
    }
    if copied := [split for split, part in sources.parts.items() if records.holds_copies(part)]:
        described["copied"] = copied
    plain: dict[str, Any] = json.loads(json.dumps(described))
    return plain


def made_with() -> dict[str, Any]:
    """Return the versions that decide bytes: augkit's, and those of what it encodes and writes with."""
    others = {name: importlib.metadata.version(name) for name in ("isal", "numpy", "pillow", "pyarrow")}
    return {"augkit": __version__, "made_with": others | {"opencv": _opencv()}}


def differences(there: dict[str, Any], now: dict[str, Any], *, finished: bool) -> list[str]:
    """Name what differs between an output and a request; library versions matter only to unfinished ones."""
    there = {"format": "folder", **there}  # outputs that name none are older than the others
    minor = {"digest", "plan.verdict", "plan.waivers"} | ({"augkit", "made_with"} if finished else set())
    old, new = _flat(there), _flat(now)
    found = [key for key in [*new, *(key for key in old if key not in new)] if old.get(key) != new.get(key)]
    telling = [key for key in found if not any(key == head or key.startswith(f"{head}.") for head in minor)]
    if not telling and "digest" in found:
        telling = ["digest"]
    return [
        f"{key.removeprefix('plan.')}: {_shown(old, key)} there, {_shown(new, key)} now" for key in telling
    ]


def _flat(value: Any, at: str = "") -> dict[str, Any]:
    if isinstance(value, dict):
        return {
            k: v for key, item in value.items() for k, v in _flat(item, f"{at}.{key}" if at else key).items()
        }
    if isinstance(value, list) and any(isinstance(item, dict | list) for item in value):
        return {k: v for number, item in enumerate(value) for k, v in _flat(item, f"{at}[{number}]").items()}
    return {at: value}


def _shown(values: dict[str, Any], key: str) -> str:
    text = str(values.get(key, "nothing"))
    return text if len(text) <= 60 else f"{text[:57]}…"


def _opencv() -> str:
    import cv2

    return str(cv2.__version__)

"""albumentations pipelines, saved or as Python objects, as policies."""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping
from typing import Any

from augkit.errors import PolicyError, UsageError
from augkit.interchange.albumentations_steps import natively
from augkit.interchange.builder import Builder, Converted, known
from augkit.intervals import Interval
from augkit.ops.borrowed import REFUSED
from augkit.ops.foreign import accepted, transform
from augkit.steps import Node

VERSION = "2.0.8"
_GROUPS = ("Compose", "ReplayCompose", "Sequential")
_COMPOSITIONS = (*_GROUPS, "OneOf", "SomeOf", "RandomOrder", "OneOrOther", "SelectiveChannelTransform")
_TYPES = ("ToFloat", "FromFloat", "Normalize", "ToRGB", "ToTensorV2")
_INHERITED = {"PadIfNeeded": ("padding",)}
"""What a transform writes down of the one it is made of, and does not take."""

_MAX_ORDERS = 24
_MAX_VALUES = 20_000


def saved(document: Any) -> bool:
    """Tell whether a parsed YAML or JSON file is a pipeline that albumentations saved."""
    return isinstance(document, Mapping) and "__class_fullname__" in str(document.get("transform", ""))[:200]


def described(pipeline: Any) -> dict[str, Any]:
    """Return a live pipeline as `A.to_dict` does; what cannot be written down has its name and p."""
    inner = getattr(pipeline, "transforms", [])
    if any(kind.__name__ == "BaseCompose" for kind in type(pipeline).__mro__):
        out = {"__class_fullname__": type(pipeline).__name__, "p": pipeline.p}
        for key in ("n", "replace", "channels"):
            if hasattr(pipeline, key):
                out[key] = getattr(pipeline, key)
        if hasattr(pipeline, "transforms_ps"):
            out["odds"] = list(pipeline.transforms_ps)
        return {**out, "transforms": [described(child) for child in inner]}
    try:
        plain = {**pipeline.to_dict_private()}
        json.dumps(plain)
    except Exception:  # a transform may refuse in any way, and then has only its name
        name = f"{type(pipeline).__module__}.{type(pipeline).__name__}"
        return {"__class_fullname__": name, "p": getattr(pipeline, "p", 1.0), "unwritten": True}
    return plain


def read(document: Any, *, task: str, file: str, aspect: Interval, side: int) -> Converted:
    """Read a pipeline as `A.to_dict` writes it.

    Raises:
        PolicyError: it is not such a pipeline.
    """
    build = Builder(file, "albumentations", aspect, side)
    if _size(document) > _MAX_VALUES:
        raise PolicyError(f"more than {_MAX_VALUES:,} values", where=file)
    version = document.get("__version__", VERSION)
    if version != VERSION:
        build.note(file, f"saved by albumentations {version}, read as {VERSION}")
    reader = _Reader(build)
    return build.finish(reader.node(document["transform"], ""), task)


def _size(value: Any, depth: int = 0) -> int:
    """Count the values of nested data; what one anchor repeats counts each time."""
    if depth > 50:
        return _MAX_VALUES + 1
    children = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    total = 1
    for child in children:
        total += _size(child, depth + 1)
        if total > _MAX_VALUES:
            break
    return total


class _Reader:
    """Turn nested transforms into steps."""

    def __init__(self, build: Builder) -> None:
        self.build = build

    def node(self, given: Any, path: str, p: float | None = None) -> tuple[Node, ...]:
        """Read one transform or composition; `p` takes the place of its own."""
        if not isinstance(given, Mapping) or "__class_fullname__" not in given:
            raise PolicyError(
                f"{path or 'transform'} is not a transform", where=self.build.file, fix="save it with A.save"
            )
        full = str(given["__class_fullname__"])
        own = "." not in full or full.startswith("albumentations.")
        name = full.rpartition(".")[2]
        where = f"{self.build.file}: {path} {name}".replace(":  ", ": ")
        p = self._p(given, where) if p is None else p
        if not own:
            return self.build.unknown(name, where, f"{full} is not a transform of albumentations", p=p)
        if name in _COMPOSITIONS:
            with self.build.choice(chosen=name not in _GROUPS or p < 1):
                return self._composition(name, given, path, where, p)
        return self._leaf(name, given, where, p)

    def _p(self, given: Mapping[str, Any], where: str) -> float:
        p = 1.0 if given.get("always_apply") else given.get("p", 1.0)
        if isinstance(p, bool) or not isinstance(p, int | float) or not 0 <= p <= 1:
            raise PolicyError(f"got p of {p!r}, want a probability from 0 to 1", where=where)
        return float(p)

    def _composition(
        self, name: str, given: Mapping[str, Any], path: str, where: str, p: float
    ) -> tuple[Node, ...]:
        build, children = self.build, given.get("transforms")
        if not isinstance(children, list):
            raise PolicyError(f"{name} lists no transforms", where=where, fix="save it with A.save")
        prefix = f"{path}." if path else ""
        paths = [f"{prefix}transforms[{i}]" for i in range(len(children))]
        if name in _GROUPS:
            inner = (self.node(child, at) for child, at in zip(children, paths, strict=True))
            return build.group(itertools.chain.from_iterable(inner), where, p=p)
        if name == "OneOf":
            return self._one_of(given, paths, where, p)
        if name == "OneOrOther":
            sure = [self.node(child, at, 1.0) for child, at in zip(children, paths, strict=True)]
            if p not in (0.0, 0.5, 1.0):
                build.note(where, f"the first is done with p {p:g}, else the second; augkit draws evenly")
            return {1.0: sure[0], 0.0: sure[-1]}.get(p) or build.one_of([sure[0], sure[-1]], where)
        branches = [self.node(child, at) for child, at in zip(children, paths, strict=True)]
        if name in ("SomeOf", "RandomOrder"):
            return self._some_of(name, given, branches, where, p)
        return build.unknown(name, where, "it does its steps to some channels only", p=p)

    def _one_of(self, given: Mapping[str, Any], paths: list[str], where: str, p: float) -> tuple[Node, ...]:
        children = given["transforms"]
        odds = given.get("odds") or [self._p(child, where) for child in children]
        if len(set(odds)) > 1:
            self.build.note(where, "the odds of its transforms differ; augkit draws evenly among them")
        frame = self.build.frame
        branches, frames = [], []
        for child, at, chance in zip(children, paths, odds, strict=True):
            self.build.frame = frame
            if chance > 0:
                branches.append(self.node(child, at, 1.0))
                frames.append(self.build.frame)
        self._rejoin(frames, where)
        return self.build.one_of(branches, where, p=p)

    def _rejoin(self, frames: list[Any], where: str) -> None:
        if len(set(frames)) > 1:
            self.build.note(where, "its transforms leave pictures of different sizes; the first is followed")
        if frames:
            self.build.frame = frames[0]

    def _some_of(
        self,
        name: str,
        given: Mapping[str, Any],
        branches: list[tuple[Node, ...]],
        where: str,
        p: float,
    ) -> tuple[Node, ...]:
        build, count = self.build, min(int(given.get("n", 1)), len(branches))
        if given.get("replace"):
            if int(given.get("n", 1)) > 1:
                build.note(
                    where, "it may draw one transform again; augkit draws each time anew, in any order"
                )
            again = [node for _ in range(int(given.get("n", 1))) for node in build.one_of(branches, where)]
            return build.group(again, where, p=p)
        if name == "SomeOf":
            return build.some_of(branches, count, where, p=p)
        orders = list(itertools.islice(itertools.permutations(branches, count), _MAX_ORDERS + 1))
        if len(orders) > _MAX_ORDERS:
            build.note(where, "its orders are too many to list; augkit draws each step anew")
            again = [node for _ in range(count) for node in build.one_of(branches, where)]
            return build.group(again, where, p=p)
        return build.one_of([tuple(itertools.chain.from_iterable(order)) for order in orders], where, p=p)

    def _leaf(self, name: str, given: Mapping[str, Any], where: str, p: float) -> tuple[Node, ...]:
        build = self.build
        if name in _TYPES:
            build.note(where, f"it {REFUSED[name]}: it is left out")
            return ()
        if name in REFUSED:
            return build.unknown(name, where, f"it {REFUSED[name]}", p=p)
        if not known(name):
            return build.unknown(name, where, f"albumentations {VERSION} has no {name}", p=p)
        if given.get("unwritten"):
            return build.unknown(name, where, "its arguments cannot be written down", p=p)
        mine = accepted(name)
        skipped = ("__class_fullname__", "p", "always_apply", "strict", "seed", *_INHERITED.get(name, ()))
        strange = [key for key in given if key not in mine and key not in skipped]
        if strange:
            why = f"{name} of albumentations {VERSION} has no argument {strange[0]!r}"
            return build.unknown(name, where, why, p=p)
        arguments = {key: value for key, value in given.items() if key in mine}
        if name == "ShiftScaleRotate":
            arguments.pop("shift_limit", None) if "shift_limit_x" in arguments else None
        try:
            made = build.borrowed(name, where, p=p, **arguments)
        except (UsageError, TypeError, ValueError) as error:
            problem = error.problem if isinstance(error, UsageError) else str(error)
            raise PolicyError(f"{name} {problem}", where=where) from None
        made_with = transform(name, json.dumps(arguments, sort_keys=True))
        converted = natively(build, name, made_with, where, p)
        _follow(build, name, arguments)
        return made if converted is None else converted


def _follow(build: Builder, name: str, arguments: dict[str, Any]) -> None:
    """Take note of the size that pictures have after a transform."""
    if name in ("RandomResizedCrop", "RandomSizedCrop"):
        height, width = arguments["size"]
        build.became(width, height)
    elif name in ("Resize", "RandomCrop", "CenterCrop"):
        build.became(arguments["width"], arguments["height"])
    elif name == "Crop":
        build.became(
            arguments.get("x_max", 1024) - arguments.get("x_min", 0),
            arguments.get("y_max", 1024) - arguments.get("y_min", 0),
        )
    elif name in ("LongestMaxSize", "SmallestMaxSize") and isinstance(arguments.get("max_size"), int):
        wide = build.frame.longest
        side = arguments["max_size"] / (wide if name == "LongestMaxSize" else 1)
        build.frame = type(build.frame)(build.frame.aspect, max(1, int(side)), keeps=False)
        build.knows_side = build.frame.aspect.low == build.frame.aspect.high or name == "SmallestMaxSize"
    elif name == "PadIfNeeded" and build.frame.aspect == Interval(1, 1):
        build.became(
            max(build.frame.side, arguments.get("min_width") or 0),
            max(build.frame.side, arguments.get("min_height") or 0),
        )

"""Policies from other tools, and for them: albumentations, torchvision and Keras in, albumentations out.

A pipeline is read without being changed or run.  What augkit has no op for is declared, so that it is
judged; what nobody has declared counts as doing anything.  No pipeline names a task: give one.
"""

from __future__ import annotations

import importlib
import inspect
import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from augkit.document import MAX_BYTES
from augkit.errors import PolicyError, UsageError, did_you_mean
from augkit.interchange import albumentations, keras, torchvision
from augkit.interchange.builder import Converted, Note
from augkit.interchange.export import Exported, compose, to_albumentations
from augkit.intervals import Interval
from augkit.policy import Policy

__all__ = ["Converted", "Exported", "Note", "compose", "foreign", "load", "read", "to_albumentations"]

_SQUARE = Interval(1, 1)


def read(
    pipeline: Any, *, task: str, name: str = "pipeline", aspect: Interval = _SQUARE, side: int = 0
) -> Converted:
    """Read a live pipeline: of albumentations (or what `A.to_dict` returns), torchvision or Keras.

    Args:
        pipeline: the object.
        task:     name or path of the task that it is for.
        name:     what stands for it in messages.
        aspect:   width over height of the pictures.
        side:     pixels across their shorter side; 0 where it is not known.

    Raises:
        UsageError: it is no pipeline of these tools.
        PolicyError: it is one, and has an argument that its tool does not take.
    """
    if isinstance(pipeline, Policy):
        return Converted(pipeline, ())
    terms: dict[str, Any] = {"task": task, "file": name, "aspect": aspect, "side": side}
    if albumentations.saved(pipeline):
        return albumentations.read(pipeline, **terms)
    homes = _homes(pipeline)
    if "albumentations" in homes:
        described = {"__version__": albumentations.VERSION, "transform": albumentations.described(pipeline)}
        return albumentations.read(described, **terms)
    if homes & {"keras", "tf_keras"}:
        return keras.read(pipeline, **terms)
    if homes & {"torchvision", "torch"}:
        return torchvision.read(pipeline, **terms)
    kind = f"{type(pipeline).__module__}.{type(pipeline).__name__}"
    raise UsageError(
        f"got {kind}, want a pipeline of albumentations, torchvision or Keras",
        where=name,
        fix="name the Compose or Sequential itself, as 'module:name'",
    )


def _homes(pipeline: Any) -> set[str]:
    """Return the packages that an object, or the first of a list, has its classes from."""
    first = pipeline[0] if isinstance(pipeline, list | tuple) and pipeline else pipeline
    return {kind.__module__.partition(".")[0] for kind in type(first).__mro__}


def foreign(spec: str) -> bool:
    """Tell whether `spec` names a foreign pipeline: `module:name`, or a file that albumentations saved."""
    if Path(spec).is_file():
        return _saved(Path(spec)) is not None
    module, colon, name = spec.partition(":")
    return bool(colon) and all(part.isidentifier() for part in (*module.split("."), *name.split(".")))


def load(spec: str, *, task: str, aspect: Interval = _SQUARE, side: int = 0) -> Converted:
    """Read a foreign pipeline from `module:name` (whose module is imported, and so run) or a saved file.

    Arguments and errors are those of `read`.
    """
    if Path(spec).is_file():
        document = _saved(Path(spec))
        if document is None:
            raise PolicyError(
                "not a pipeline that albumentations saved", where=spec, fix="save it with A.save"
            )
        return read(document, task=task, name=spec, aspect=aspect, side=side)
    return read(_imported(spec), task=task, name=spec, aspect=aspect, side=side)


def _saved(path: Path) -> Mapping[str, Any] | None:
    """Return a file's pipeline, or None if it is none; anchors, which PyYAML writes, are followed."""
    try:
        data = path.read_bytes()[: MAX_BYTES + 1]
        text = data.decode("utf-8-sig")
    except (OSError, UnicodeDecodeError):
        return None
    if "__class_fullname__" not in text or len(data) > MAX_BYTES:
        return None
    try:
        document = json.loads(text) if text.lstrip().startswith("{") else _yaml(text)
    except ValueError as error:
        raise PolicyError(
            f"cannot read the pipeline: {' '.join(str(error).split())}", where=str(path)
        ) from None
    return document if albumentations.saved(document) else None


def _yaml(text: str) -> Any:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        return YAML(typ="safe", pure=True).load(text)
    except (YAMLError, RecursionError) as error:
        raise ValueError(str(error)) from None


def _imported(spec: str) -> Any:
    module, _, name = spec.partition(":")
    if "" not in sys.path and str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
    try:
        found: Any = importlib.import_module(module)
    except ModuleNotFoundError as error:
        raise UsageError(
            f"no module {error.name!r}", where=spec, fix="run from the folder that holds it, or install it"
        ) from None
    except Exception as error:  # the module is the user's, and may fail in any way
        raise UsageError(f"importing {module} failed: {type(error).__name__}: {error}", where=spec) from None
    for part in name.split("."):
        if not hasattr(found, part):
            raise UsageError(f"{module} has no {name!r}", where=spec, fix=did_you_mean(part, dir(found)))
        found = getattr(found, part)
    return _made(found, spec) if _is_factory(found) else found


def _made(factory: Callable[[], Any], spec: str) -> Any:
    """Call a function for its pipeline."""
    needed = [
        name
        for name, each in inspect.signature(factory).parameters.items()
        if each.default is each.empty and each.kind not in (each.VAR_POSITIONAL, each.VAR_KEYWORD)
    ]
    if needed:
        named = ", ".join(map(repr, needed))
        problem = f"the function needs {named}, want one that is called without arguments"
        fix = "name a function that calls it, or the pipeline itself"
        raise UsageError(problem, where=spec, fix=fix)
    try:
        return factory()
    except Exception as error:  # the function is the user's, and may fail in any way
        problem = f"calling the function failed: {type(error).__name__}: {error}"
        raise UsageError(problem, where=spec, fix="mend it, or name the pipeline itself") from error


def _is_factory(found: Any) -> bool:
    """Tell whether this is a plain function, which is called for its pipeline."""
    import types

    return isinstance(found, types.FunctionType)

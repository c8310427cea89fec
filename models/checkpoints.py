"""The tensors of a PyTorch file, checkpoint or state_dict, by name, and what is said where there are none."""

from __future__ import annotations

import pickle
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

# Where checkpoints keep their state_dict.
NESTS = ("state_dict", "model_state_dict", "model", "net")


def tensors(weights: str | Path | Mapping[str, Any]) -> dict[str, Any]:
    """Return a state_dict by name: out of its file, out of a checkpoint, without `module.` before names."""
    if isinstance(weights, str | Path):
        weights = _loaded(weights)
    nest: str | None = ""
    while nest is not None:
        if _is_module(weights):
            raise ValueError(
                f"weights: got a {type(weights).__name__}, which is a module; pass its state_dict()"
            )
        if not isinstance(weights, Mapping):
            raise ValueError(
                f"weights: got a {type(weights).__name__}, want a state_dict, or the file of one"
            )
        nest = next((key for key in NESTS if _is_nest(weights.get(key))), None)
        weights = weights if nest is None else weights[nest]
    names = [str(name) for name in weights]
    wrapped = bool(names) and all(name.startswith("module.") for name in names)
    state = {
        name.removeprefix("module.") if wrapped else name: tensor
        for name, tensor in zip(names, weights.values(), strict=True)
        if not name.endswith("num_batches_tracked")
    }
    _check_tensors(state)
    return state


def _loaded(path: str | Path) -> Any:
    """Return what a file holds, if that is tensors alone: an ordinary pickle may run anything."""
    torch = pytorch("to read a PyTorch file")
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError) as error:
        other = re.search(r"GLOBAL (\S+)", str(error))
        if other:
            told = f"{path}: it holds a {other[1]} and not tensors alone"
            raise ValueError(f"{told}; save it anew with torch.save(model.state_dict(), path)") from None
        said = str(error).splitlines()[0] if str(error) else type(error).__name__
        said = re.sub(r"\x1b\[[0-9;]*m", "", said)
        raise ValueError(f"{path}: no file of tensors that torch.save wrote ({said})") from error


def _check_tensors(state: Mapping[str, Any]) -> None:
    """Refuse what is no tensor, and say where in a checkpoint the tensors are."""
    others = {name: value for name, value in state.items() if not hasattr(value, "shape")}
    nests = [name for name, value in others.items() if _is_nest(value)]
    if nests:
        where = " or ".join(map(repr, nests))
        raise ValueError(f"weights: got {', '.join(state)}, want a state_dict: pass what is under {where}")
    for name, value in others.items():
        raise ValueError(f"weights: {name}: got a {type(value).__name__}, want tensors alone")


def _is_nest(value: Any) -> bool:
    return _is_module(value) or (isinstance(value, Mapping) and bool(value))


def _is_module(value: Any) -> bool:
    return callable(getattr(value, "state_dict", None))


def pytorch(why: str) -> Any:
    """Import PyTorch, or say that it is needed `why`."""
    try:
        import torch
    except ImportError as error:
        raise ImportError(f"PyTorch is needed {why}: pip install torch") from error
    return torch

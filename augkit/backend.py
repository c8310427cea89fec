"""Choose the backend that Keras runs on, before Keras is imported, or explain why none can be chosen.

Keras 3 computes with JAX, PyTorch or TensorFlow, brings none of them, and dies with "No module named
'tensorflow'" when it guesses wrong. Everything in this project that needs Keras calls `choose()` first.
`~/.keras/keras.json` is not asked: merely importing Keras writes it, so it says nothing of what anyone wants.
"""

from __future__ import annotations

import difflib
import importlib.util
import os
import sys

from augkit.errors import BackendError

# What Keras can train on, the preferred one first: its name (and its module's), and the package to install.
# The order is that of training speed on a CPU; recipes/digits.py has the figures.
BACKENDS: dict[str, str] = {"tensorflow": "tensorflow-cpu", "torch": "torch", "jax": "jax"}

_VARIABLE = "KERAS_BACKEND"


def installed() -> tuple[str, ...]:
    """List the backends that are installed, the preferred one first. Imports none of them."""
    return tuple(name for name in BACKENDS if _is_installed(name))


def choose(prefer: str | None = None) -> str:
    """Settle which backend Keras runs on and return its name: tensorflow, torch or jax.

    `prefer` comes first, then the variable KERAS_BACKEND, then what Keras is already imported with, then the
    first of `BACKENDS` that is installed. Sets KERAS_BACKEND, and quietens TensorFlow's log unless
    TF_CPP_MIN_LOG_LEVEL is set already. Imports neither Keras nor a backend.

    Raises BackendError when Keras or the backend is missing, when the backend's name is unknown, and when
    Keras is already imported with another.
    """
    if not _is_installed("keras"):
        raise BackendError("Keras is not installed", fix="pip install keras")
    loaded = _loaded()
    asked = os.environ.get(_VARIABLE, "").strip()
    where = "" if prefer or not asked else _VARIABLE
    name = _known(prefer or asked or loaded or _first_installed(), where)
    if loaded and loaded != name:
        raise BackendError(
            f"got backend {name!r}, but this process has already imported Keras with {loaded!r}",
            where=where,
            fix=f"set {_VARIABLE}={name} before the program starts, or go on with {loaded}",
        )
    if not _is_installed(name):
        others = " or ".join(f"{_VARIABLE}={other}" for other in installed())
        raise BackendError(
            f"got backend {name!r}, which is not installed",
            where=where,
            fix=f"pip install {BACKENDS[name]}" + (f", or use what is installed: {others}" if others else ""),
        )
    os.environ[_VARIABLE] = name
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    return name


def _is_installed(module: str) -> bool:
    return module in sys.modules or importlib.util.find_spec(module) is not None


def _loaded() -> str:
    """Return the backend that Keras is already imported with, or an empty string."""
    keras = sys.modules.get("keras")
    config = getattr(keras, "config", None)
    return str(config.backend()) if config is not None else ""


def _first_installed() -> str:
    names = installed()
    if not names:
        lines = "\n       ".join(f"pip install {package}" for package in BACKENDS.values())
        raise BackendError("Keras has no backend to run on: none is installed", fix=f"one of\n       {lines}")
    return names[0]


def _known(name: str, where: str) -> str:
    if name in BACKENDS:
        return name
    close = difflib.get_close_matches(name.lower(), BACKENDS, n=1)
    raise BackendError(
        f"got backend {name!r}, want one of {', '.join(BACKENDS)}",
        where=where,
        fix=f"did you mean {close[0]}?" if close else f"set {_VARIABLE} to one of them, or unset it",
    )

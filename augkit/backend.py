"""Choose the backend that Keras runs on, before Keras is imported, or explain why none can be chosen.

Keras 3 computes with JAX, PyTorch or TensorFlow, brings none of them, and dies with "No module named
'tensorflow'" when it guesses wrong. Everything in this project that needs Keras calls `choose()` first.
`~/.keras/keras.json` is not asked: merely importing Keras writes it, so it says nothing of what anyone wants.
"""

from __future__ import annotations

import contextlib
import difflib
import importlib
import importlib.util
import os
import sys
import tempfile
from collections.abc import Iterator
from typing import Any

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
    first of `BACKENDS` that is installed. Sets KERAS_BACKEND. Unless they are set already,
    TF_CPP_MIN_LOG_LEVEL then quietens TensorFlow's log, and TF_ENABLE_ONEDNN_OPTS gives it the faster
    kernels that it has for every CPU and by itself takes on some alone: a step of recipes/digits.py takes
    0.6 of the time on an AMD EPYC. Imports neither Keras nor a backend.

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
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
    return name


def load(prefer: str | None = None) -> Any:
    """Import Keras on the backend that `choose(prefer)` settles, and return it.

    Holds back what TensorFlow prints about itself while it is imported, unless TF_CPP_MIN_LOG_LEVEL asks for
    it (0 or 1); shows it when the import fails.

    Raises BackendError as `choose`, and when the backend is installed but cannot be imported.
    """
    name = choose(prefer)
    quiet = name == "tensorflow" and os.environ["TF_CPP_MIN_LOG_LEVEL"] not in ("0", "1")
    try:
        with _held_back() if quiet else contextlib.nullcontext():
            return importlib.import_module("keras")
    except ImportError as error:
        raise BackendError(
            f"Keras cannot be imported with backend {name!r}: {error}",
            fix=f"pip install --force-reinstall {BACKENDS[name]}, or set {_VARIABLE} to another backend",
        ) from error


@contextlib.contextmanager
def _held_back() -> Iterator[None]:
    """Hold back what is written to standard error, by C++ code too, and let it out when something fails.

    TensorFlow 2.21 writes its first lines before any variable or logging level can reach it.
    """
    try:
        kept = os.dup(2)
    except OSError:  # this process has no standard error stream
        yield
        return
    sys.stderr.flush()
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        try:
            yield
        except BaseException:
            sys.stderr.flush()
            held.seek(0)
            os.write(kept, held.read())
            raise
        finally:
            os.dup2(kept, 2)
            os.close(kept)


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

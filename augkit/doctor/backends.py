"""Keras's backends: which are installed, which one would be used, and what devices it sees."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from augkit import backend
from augkit.doctor.check import Check
from augkit.doctor.packages import version
from augkit.errors import BackendError

_SECONDS = 180
_VARIABLE = "KERAS_BACKEND"
_DEVICES = {
    "tensorflow": "import tensorflow as tf\n"
    "for one in tf.config.list_logical_devices(): print(one.name.split('device:')[-1])",
    "torch": "import torch\n"
    "print('CPU')\n"
    "for i in range(torch.cuda.device_count()): print('CUDA:%d' % i, torch.cuda.get_device_name(i))\n"
    "if torch.backends.mps.is_available(): print('MPS')",
    "jax": "import jax\nfor one in jax.devices(): print(one)",
}
_WITH_GPU = {"tensorflow": "tensorflow[and-cuda]", "torch": "torch", "jax": "jax[cuda12]"}


def checks(*, every: bool = False) -> Iterator[Check]:
    """Yield how the backend is that would be used, or each that is installed."""
    chosen = ""
    try:
        chosen = _chosen()
    except BackendError as error:
        yield Check("keras", "problem", str(error).splitlines()[0], error.fix.replace("\n       ", "; "))
    there = backend.installed()
    for name in there:
        if every or name == chosen:
            yield _tried(name, used=name == chosen)
    others = [f"{name} {version(_distribution(name))}" for name in there if not every and name != chosen]
    if others:
        yield Check("keras", "ok", f"{', '.join(others)}: installed and not tried, see --every-backend")


def _chosen() -> str:
    """Return the backend that would be used, and leave the environment as it is."""
    before = {
        name: os.environ.get(name) for name in (_VARIABLE, "TF_CPP_MIN_LOG_LEVEL", "TF_ENABLE_ONEDNN_OPTS")
    }
    try:
        return backend.choose()
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _tried(name: str, *, used: bool) -> Check:
    """Import one backend in a process of its own, and ask it for its devices."""
    at = f"{name} {version(_distribution(name))}"
    role = "which Keras runs on here" if used else "which Keras can run on"
    code = f"{_DEVICES[name]}\nimport keras; assert keras.config.backend() == {name!r}"
    quiet = {**os.environ, _VARIABLE: name, "TF_CPP_MIN_LOG_LEVEL": "3"}
    try:
        done = subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True, text=True, check=False, timeout=_SECONDS, env=quiet,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return Check("keras", "problem", f"{at} did not start in {_SECONDS} seconds", _fix(name))
    if done.returncode:
        last = (done.stderr.strip().splitlines() or [f"it ended with {done.returncode}"])[-1]
        return Check("keras", "problem" if used else "note", f"{at} cannot be imported: {last}", _fix(name))
    devices = [line.strip() for line in done.stdout.splitlines() if line.strip()]
    found = f"{at}, {role}, on {', '.join(devices)}"
    if _has_gpu() and not any("gpu" in line.lower() or "cuda" in line.lower() for line in devices):
        fix = f"to use it: pip install '{_WITH_GPU[name]}', built for this machine's driver"
        return Check("keras", "note", f"{found}; there is a GPU that it does not see", fix)
    return Check("keras", "ok", found)


def _fix(name: str) -> str:
    others = [other for other in backend.installed() if other != name]
    another = f", or take another: {_VARIABLE}={others[0]}" if others else ""
    return f"pip install --force-reinstall {backend.BACKENDS[name]}{another}"


def _distribution(name: str) -> str:
    """Return under which of its names a backend is installed."""
    return next((one for one in (name, backend.BACKENDS[name]) if version(one)), name)


def _has_gpu() -> bool:
    return shutil.which("nvidia-smi") is not None or Path("/dev/nvidia0").exists()

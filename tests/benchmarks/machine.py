"""The machine that numbers come from, and how a process is kept to one thread."""

from __future__ import annotations

import datetime
import importlib.metadata
import os
import platform
import subprocess
import time
from pathlib import Path

BUSY = 1.0
"""A load average above this at the start, and numbers are not to be trusted."""

PACKAGES = (
    "numpy", "opencv-python", "opencv-python-headless", "isal", "pyarrow", "pillow", "albumentations",
    "torchvision", "torch", "keras", "jax", "tensorflow-cpu", "tensorflow",
)  # fmt: skip

ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "TF_NUM_INTRAOP_THREADS": "1",
    "TF_NUM_INTEROP_THREADS": "1",
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1",
}
QUIET = {
    "NO_ALBUMENTATIONS_UPDATE": "1",
    "HF_HUB_OFFLINE": "1",
    "HF_DATASETS_DISABLE_PROGRESS_BARS": "1",
    "MPLBACKEND": "agg",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "TF_ENABLE_ONEDNN_OPTS": "0",
}


def environment(*, one_thread: bool) -> dict[str, str]:
    """Return the environment that a measuring process starts with: compiled modules are kept, as users keep
    them, or each worker would compile all of augkit again.
    """
    given = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**given, **QUIET, **(ONE_THREAD if one_thread else {})}


def keep_to_one_thread() -> None:
    """Keep this process to one processor, and OpenCV to one thread; PyTorch obeys the environment."""
    import cv2

    cv2.setNumThreads(1)
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def load() -> float:
    """Return how many processes wanted to run in the last minute; NaN where nobody counts."""
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")


def described() -> list[str]:
    """Return what there is to know of the machine, a line each."""
    versions = [f"{name} {_version(name)}" for name in PACKAGES if _version(name)]
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    today = datetime.datetime.now(tz=datetime.UTC)
    return [
        f"{today:%Y-%m-%d %H:%M} UTC, augkit at {_commit()}",
        f"{_processor()}, {cores} cores, {platform.system()} {platform.machine()}",
        f"Python {platform.python_version()}, {', '.join(versions)}",
        f"load at the start {load():.2f}; beside it ran: {', '.join(_others()) or 'nothing that counts'}",
    ]


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return ""


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return platform.processor() or "an unnamed processor"
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _commit() -> str:
    def git(*arguments: str) -> str:
        call = subprocess.run(["git", *arguments], capture_output=True, text=True, check=True)
        return call.stdout.strip()

    try:
        return git("rev-parse", "--short", "HEAD") + (" with changes" if git("status", "--porcelain") else "")
    except (OSError, subprocess.CalledProcessError):
        return "no commit"


def _others(seconds: float = 1.0) -> list[str]:
    """Return what else took a tenth of a core or more, by name of the program."""
    import contextlib

    import psutil

    before = {}
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            before[process] = process.cpu_times()
    time.sleep(seconds)
    found = []
    for process, earlier in before.items():
        with contextlib.suppress(psutil.Error):
            now = process.cpu_times()
            share = (now.user + now.system - earlier.user - earlier.system) / seconds
            if share >= 0.1 and process.pid != os.getpid():
                found.append(f"{process.name()} ({share:.0%})")
    return sorted(found)

"""The machine: its processor, memory, open files, disks, and whether locks hold on them."""

from __future__ import annotations

import os
import platform
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from augkit.doctor.check import Check

_LEAST_FREE = 1 << 30
_LEAST_FILES = 256
_TOLD = ("sse4_2", "avx", "avx2", "fma", "avx512f", "asimd", "sve")


def checks(folder: Path) -> Iterator[Check]:
    """Yield how the processor, the memory, and the disks are under `folder` and the temporary files."""
    yield _processor()
    yield from _memory()
    yield _encoding()
    yield from _open_files()
    yield from _disk("disk", folder)
    yield from _disk("temporary", Path(tempfile.gettempdir()))


def _processor() -> Check:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    features = [name for name in _TOLD if name in _flags()]
    said = f"{_model()}, {cores} core{'s' if cores > 1 else ''} to use"
    if features:
        said += f"; {' '.join(features)}"
    disabled = os.environ.get("OPENCV_CPU_DISABLE", "")
    if disabled:
        return Check("processor", "note", f"{said}; OPENCV_CPU_DISABLE={disabled} holds OpenCV back",
                     "unset OPENCV_CPU_DISABLE, unless you mean it")  # fmt: skip
    return Check("processor", "ok", said)


def _flags() -> set[str]:
    found = re.search(r"^(?:flags|Features)\s*:(.*)$", _read("/proc/cpuinfo"), re.MULTILINE)
    return set(found[1].split()) if found else set()


def _model() -> str:
    found = re.search(r"^model name\s*:\s*(.+)$", _read("/proc/cpuinfo"), re.MULTILINE)
    return f"{platform.machine()}, {found[1].strip()}" if found else platform.machine()


def _memory() -> Iterator[Check]:
    found = {
        key: int(value) * 1024
        for key, value in re.findall(r"^(MemTotal|MemAvailable):\s+(\d+) kB", _read("/proc/meminfo"), re.M)
    }
    if len(found) == 2:
        limit = _read("/sys/fs/cgroup/memory.max").strip()
        capped = f", of which this container may use {_size(int(limit))}" if limit.isdigit() else ""
        said = f"{_size(found['MemAvailable'])} free of {_size(found['MemTotal'])}{capped}"
        if found["MemAvailable"] < _LEAST_FREE:
            yield Check("memory", "note", said, "use fewer --workers, or close other programs")
        else:
            yield Check("memory", "ok", said)


def _encoding() -> Check:
    name = sys.getfilesystemencoding()
    if name.lower().replace("-", "") != "utf8":
        return Check("file names", "note", f"are read as {name}", "set PYTHONUTF8=1, or LANG=C.UTF-8")
    return Check("file names", "ok", "are read as UTF-8")


def _open_files() -> Iterator[Check]:
    if sys.platform == "win32":
        return
    import resource

    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if 0 <= soft < _LEAST_FILES:
        yield Check("open files", "note", f"at most {soft} at a time", f"ulimit -n {4 * _LEAST_FILES}")
    else:
        yield Check("open files", "ok", f"at most {soft if soft >= 0 else 'any number'} at a time")


def _disk(name: str, folder: Path) -> Iterator[Check]:
    """Yield whether files can be written under a folder, how much room there is, and whether locks hold."""
    there = next(path for path in [folder.absolute(), *folder.absolute().parents] if path.exists())
    try:
        free = shutil.disk_usage(there).free
        with tempfile.TemporaryDirectory(prefix=".augkit-doctor-", dir=there) as scratch:
            _written(Path(scratch))
            locks = _locks(Path(scratch) / "lock")
    except OSError as error:
        fix = "name a folder that you may write in: augkit doctor FOLDER"
        if name == "temporary":
            fix = "set TMPDIR to a folder that you may write in"
        yield Check(name, "problem", f"nothing can be written in {there}: {error.strerror or error}", fix)
        return
    said = f"{_size(free)} free in {there}"
    if free < _LEAST_FREE:
        yield Check(
            name, "note", said, "make room, or choose another disk; generate --dry-run says what it needs"
        )
    else:
        yield Check(name, "ok", said)
    if name == "disk":
        yield locks


def _written(scratch: Path) -> None:
    """Write a file, bring it to the disk, and give it another name, as `store` does."""
    with (scratch / "one").open("wb") as file:
        file.write(b"augkit")
        file.flush()
        os.fsync(file.fileno())
    (scratch / "one").replace(scratch / "two")


def _locks(path: Path) -> Check:
    """Tell whether a lock that is held is refused to another: some network disks let both have it."""
    fix = "make data sets on a local disk, and copy them there"
    try:
        from filelock import FileLock, Timeout
    except ImportError:
        return Check("locks", "problem", "filelock is not installed", "pip install filelock")
    try:
        with FileLock(path):
            try:
                with FileLock(path, timeout=0, is_singleton=False):
                    return Check("locks", "problem", f"two can hold one lock in {path.parent.parent}", fix)
            except Timeout:
                return Check("locks", "ok", "hold: two runs cannot write one data set")
    except (OSError, NotImplementedError) as error:
        return Check("locks", "problem", f"cannot be taken in {path.parent.parent}: {error}", fix)


def _size(number: float) -> str:
    for unit in ("bytes", "kB", "MB", "GB"):
        if number < 1000:
            return f"{number:.3g} {unit}"
        number /= 1000
    return f"{number:.3g} TB"


def _read(path: str) -> str:
    try:
        return Path(path).read_text("utf-8", errors="replace")
    except OSError:
        return ""

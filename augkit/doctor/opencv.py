"""OpenCV: four wheels bring it, all of them into one folder, `cv2`, where the last one installed wins.

Where two of different versions are installed, or one of two is taken away, what is left in the folder is of
neither: it does not import, or lacks half of its functions.  So it is tried, in a process of its own.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

from augkit.doctor.check import Check
from augkit.doctor.packages import version

WHEELS = (
    "opencv-python",
    "opencv-python-headless",
    "opencv-contrib-python",
    "opencv-contrib-python-headless",
)

_SECONDS = 120
_TRIAL = """
import cv2, numpy
picture = numpy.arange(192, dtype=numpy.uint8).reshape(8, 8, 3)
told, data = cv2.imencode('.png', picture)
assert told and (cv2.imdecode(data, cv2.IMREAD_COLOR) == picture).all(), 'a PNG file comes back changed'
print(cv2.__version__, cv2.getCPUFeaturesLine(), sep='\\n')
"""


def checks() -> Iterator[Check]:
    """Yield whether OpenCV works, which wheels brought it, and whether they agree."""
    wheels = {name: at for name in WHEELS if (at := version(name))}
    said = " and ".join(f"{name} {at}" for name, at in wheels.items()) or "no wheel of it is installed"
    again = reinstall(wheels)
    tried = trial()
    if tried.returncode:
        yield _broken(said, again, tried)
        return
    loaded, features = [*tried.stdout.splitlines(), "", ""][:2]
    if len(set(wheels.values())) > 1:
        found = f"{said} are at odds: both fill the folder cv2, in which {loaded} won"
        yield Check("opencv", "problem", found, again)
    else:
        beside = "; both at one version, which is harmless" if len(wheels) > 1 else ""
        yield Check("opencv", "ok", f"{loaded}, from {said}{beside}")
    yield Check("opencv uses", "ok", features.strip() or "no features of the processor beyond its baseline")


def reinstall(wheels: dict[str, str]) -> str:
    """Return the command that brings OpenCV in order: the same wheels, all at the newest version of them."""
    newest = max(wheels.values(), key=_numbers, default="")
    names = list(wheels) or ["opencv-python"]
    wanted = " ".join(f"{name}=={newest}" if newest else name for name in names)
    return f"pip install --force-reinstall --no-deps {wanted}"


def trial() -> subprocess.CompletedProcess[str]:
    """Import OpenCV in a process of its own, and write and read a picture."""
    command = [sys.executable, "-c", _TRIAL]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=_SECONDS)
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(command, 1, "", f"it took longer than {_SECONDS} seconds")


def _broken(said: str, again: str, tried: subprocess.CompletedProcess[str]) -> Check:
    last = tried.stderr.strip().splitlines()[-1:] or [f"it ended with {tried.returncode}"]
    found = f"OpenCV (cv2) does not work, {said}: {last[0]}"
    if "libGL" in last[0] or "libgthread" in last[0]:
        again = (
            "apt install libgl1 libglib2.0-0, or do without windows: pip uninstall opencv-python && "
            "pip install --force-reinstall --no-deps opencv-python-headless"
        )
    return Check("opencv", "problem", found, again)


def _numbers(at: str) -> tuple[int, ...]:
    return tuple(int(part) for part in at.split(".") if part.isdigit())

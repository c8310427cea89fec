"""The doctor finds what is broken, says what to do, and comes where augkit cannot start."""

from __future__ import annotations

import importlib.metadata
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

from augkit import doctor
from augkit.doctor import backends, machine, opencv, packages

ROOT = Path(__file__).parents[2]
SAFE = str(ROOT / "recipes/policies/digits.yaml")
HEADLESS = "opencv-python-headless"


def started(
    *arguments: str, before: Path | None = None, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run augkit in a process of its own, with a folder that is looked in before the installed packages."""
    paths = [str(ROOT), os.environ.get("PYTHONPATH", "")]
    search = os.pathsep.join([str(before), *paths] if before else paths)
    return subprocess.run(
        [sys.executable, "-m", "augkit", *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": search, **variables},
    )


BROKEN = {
    "gone": "raise ModuleNotFoundError(\"No module named 'cv2'\")",
    "half": "__version__ = '4.14.0'",
    "elsewhere": "raise ImportError('libGL.so.1: cannot open shared object file: No such file or directory')",
}
"""What cv2 is after its wheel was taken away, after one of two was, and where it was built for a desktop."""


@pytest.fixture(params=BROKEN)
def broken(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    (tmp_path / "cv2").mkdir()
    (tmp_path / "cv2/__init__.py").write_text(BROKEN[request.param])
    return tmp_path


def test_a_broken_opencv_ends_in_the_doctors_sentence_and_no_traceback(broken: Path) -> None:
    done = started("check", SAFE, before=broken)
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr and done.stdout == ""
    first, fix, last = done.stderr.splitlines()
    assert first.startswith("augkit cannot work with what is installed here: OpenCV (cv2) does not work")
    assert fix.startswith("  fix: ") and "opencv" in fix and "augkit doctor" in last


@pytest.mark.thorough
@pytest.mark.parametrize("broken", ["half"], indirect=True)
@pytest.mark.parametrize("alone", [False, True])
def test_the_doctor_comes_where_augkit_cannot_start(broken: Path, alone: bool) -> None:
    if alone:  # not even the command line can be imported
        (broken / "typer.py").write_text("raise ModuleNotFoundError(\"No module named 'typer'\")")
    done = started("doctor", "--json", before=broken)
    assert done.returncode == 1, done.stderr
    found = json.loads(done.stdout)
    assert not found["well"]
    (wrong,) = [check for check in found["checks"] if check["state"] == "problem"]
    assert wrong["name"] == "opencv" and "pip install --force-reinstall" in wrong["fix"]


def test_a_mistake_of_augkits_own_is_not_blamed_on_what_is_installed() -> None:
    program = (
        "import sys; sys.argv = ['augkit', 'ops']\n"
        "import augkit.cli\n"
        "def broken(): raise AttributeError('a slip of ours')\n"
        "augkit.cli.main = broken\n"
        "from augkit.__main__ import main; main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert done.returncode == 1 and "a slip of ours" in done.stderr and "Traceback" in done.stderr


def installed(monkeypatch: pytest.MonkeyPatch, wheels: dict[str, str]) -> list[doctor.Check]:
    monkeypatch.setattr(opencv, "version", lambda name: wheels.get(name, ""))
    return list(opencv.checks())


def test_two_wheels_at_odds_are_a_problem_and_brought_to_one_version(monkeypatch: pytest.MonkeyPatch) -> None:
    (wrong, _) = installed(monkeypatch, {"opencv-python": "4.9.0.80", HEADLESS: "4.14.0.94"})
    assert wrong.state == "problem" and "at odds" in wrong.found
    assert wrong.fix.endswith(f"opencv-python==4.14.0.94 {HEADLESS}==4.14.0.94")


def test_two_wheels_of_one_version_are_harmless(monkeypatch: pytest.MonkeyPatch) -> None:
    (fine, _) = installed(monkeypatch, {"opencv-python": "4.14.0.94", HEADLESS: "4.14.0.94"})
    assert fine.state == "ok" and "harmless" in fine.found


def test_a_missing_system_library_has_a_fix_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    failed = subprocess.CompletedProcess(
        [], 1, "", "ImportError: libGL.so.1: cannot open shared object file\n"
    )
    monkeypatch.setattr(opencv, "trial", lambda: failed)
    (wrong,) = installed(monkeypatch, {"opencv-python": "4.14.0.94"})
    assert "apt install libgl1" in wrong.fix and "libGL.so.1" in wrong.found


def asked(monkeypatch: pytest.MonkeyPatch, *lines: str) -> list[doctor.Check]:
    monkeypatch.setattr(importlib.metadata, "requires", lambda name: list(lines))
    return [check for check in packages.checks() if check.name == "packages"]


def test_what_is_missing_or_of_another_version_is_named_with_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    missing, old = asked(
        monkeypatch, "numpy>=99", "no-such-thing-at-all>=1", "ruff>=0.9; extra == 'dev'", "pillow>=11"
    )
    assert (missing.state, missing.fix) == ("problem", "pip install 'no-such-thing-at-all>=1'")
    assert (old.state, old.fix) == ("problem", "pip install 'numpy>=99'") and "numpy>=99, here 2" in old.found


def test_packages_that_are_as_wanted_are_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    (fine,) = asked(monkeypatch, "numpy>=2.1", "pillow>=11")
    assert fine.state == "ok" and "numpy 2" in fine.found


def test_a_checkout_that_is_not_installed_is_a_note(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages, "requirements", lambda: None)
    notes = [check for check in packages.checks() if check.name == "packages"]
    assert notes[0].state == "note" and "pip install" in notes[0].fix


def test_a_backend_that_is_none_is_a_problem_with_a_suggestion(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERAS_BACKEND", "tensorfow")
    first, *_ = backends.checks()
    assert first.state == "problem" and "tensorfow" in first.found and "tensorflow" in first.fix


def test_a_backend_is_asked_for_its_devices_and_a_gpu_it_does_not_see_is_noted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    name = backends.backend.installed()[0]
    monkeypatch.setenv("KERAS_BACKEND", name)
    answers: list[tuple[int, str, str]] = [
        (0, "CPU:0\n", ""),
        (0, "CPU:0\nGPU:0\n", ""),
        (1, "", "no driver\n"),
    ]

    def run(command: list[str], **how: Any) -> subprocess.CompletedProcess[str]:
        assert how["env"]["KERAS_BACKEND"] == name
        return subprocess.CompletedProcess(command, *answers.pop(0))

    monkeypatch.setattr(backends.subprocess, "run", run)
    monkeypatch.setattr(backends, "_has_gpu", lambda: True)
    unseen, seen, failed = (next(iter(backends.checks())) for _ in range(3))
    assert unseen.state == "note" and "does not see" in unseen.found and "pip install" in unseen.fix
    assert seen.state == "ok" and "GPU:0" in seen.found
    assert failed.state == "problem" and "no driver" in failed.found


def test_looking_leaves_the_environment_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    before = dict(os.environ)
    assert backends._chosen()
    assert dict(os.environ) == before


def on(folder: Path) -> dict[str, doctor.Check]:
    return {check.name: check for check in machine.checks(folder)}


def test_a_good_disk_has_room_and_its_locks_hold_and_nothing_is_left_on_it(tmp_path: Path) -> None:
    found = on(tmp_path / "not" / "there yet")
    assert found["disk"].state == found["locks"].state == "ok" and str(tmp_path) in found["disk"].found
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_takes_nothing_is_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*given: Any, **named: Any) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(tempfile, "TemporaryDirectory", refuse)
    found = on(tmp_path)
    assert found["disk"].state == "problem" and "Read-only file system" in found["disk"].found
    assert "TMPDIR" in found["temporary"].fix


def test_locks_that_let_two_in_are_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import filelock

    monkeypatch.setattr(filelock, "FileLock", filelock.SoftFileLock)
    monkeypatch.setattr(
        filelock.SoftFileLock, "_acquire", lambda self: setattr(self._context, "lock_file_fd", 0)
    )
    monkeypatch.setattr(
        filelock.SoftFileLock, "_release", lambda self: setattr(self._context, "lock_file_fd", None)
    )
    found = on(tmp_path)
    assert found["locks"].state == "problem" and "two can hold one lock" in found["locks"].found


def test_little_room_is_a_note(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine.shutil, "disk_usage", lambda path: type("Usage", (), {"free": 10_000_000}))
    assert on(tmp_path)["disk"].state == "note"


def test_the_text_has_a_line_for_each_check_a_fix_beneath_what_needs_one_and_the_sum() -> None:
    checks = [
        doctor.Check("python", "ok", "fine"),
        doctor.Check("disk", "note", "little room", "make room"),
        doctor.Check("opencv", "problem", "at odds", "pip install it"),
    ]
    said = doctor.text(checks)
    assert said.endswith("1 problem; 1 note") and said.count("fix: ") == 2
    assert doctor.text(checks[:1]).endswith("augkit has all it needs")
    assert doctor.plain(checks)["well"] is False and doctor.plain(checks[:2])["well"] is True

"""What a person sees of fix, and what it leaves on the disk."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Run

UNSAFE = "# mine\r\nversion: 1\r\ntask: digits\r\nsteps:\r\n  - rotate: {degrees: [-30, 30]}   # turn\r\n"
MENDED = UNSAFE.replace("30", "20")
BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@pytest.fixture
def unsafe(tmp_path: Path) -> Path:
    path = tmp_path / "p.yaml"
    path.write_bytes(BYTE_ORDER_MARK + UNSAFE.encode())
    return path


def test_fix_shows_a_diff_and_saves_nothing_unless_told_to(augkit: Run, unsafe: Path) -> None:
    code, out, err = augkit("fix", str(unsafe))
    assert code == 0
    assert out.splitlines()[-1] == "+  - rotate: {degrees: [-20, 20]}   # turn"
    assert "narrowed rotate to 67%: LS102 turned-too-far" in err and "--write" in err
    assert unsafe.read_bytes() == BYTE_ORDER_MARK + UNSAFE.encode()


def test_fix_write_saves_a_file_that_check_finds_safe(augkit: Run, unsafe: Path) -> None:
    code, out, err = augkit("fix", str(unsafe), "--write")
    assert (code, out.count("\n+  - rotate")) == (0, 1)
    assert err.endswith(f"saved {unsafe}\n")
    assert unsafe.read_bytes() == BYTE_ORDER_MARK + MENDED.encode()
    assert augkit("check", str(unsafe))[0] == 0
    assert [path.name for path in unsafe.parent.iterdir()] == ["p.yaml"]


@pytest.mark.skipif(sys.platform == "win32", reason="modes and links are POSIX's")
def test_fix_write_keeps_modes_and_follows_links(augkit: Run, unsafe: Path, tmp_path: Path) -> None:
    unsafe.chmod(0o640)
    link = tmp_path / "link.yaml"
    link.symlink_to(unsafe)
    assert augkit("fix", str(link), "--write")[0] == 0
    assert link.is_symlink() and unsafe.stat().st_mode & 0o777 == 0o640
    assert unsafe.read_bytes() == BYTE_ORDER_MARK + MENDED.encode()


def test_a_safe_policy_is_not_touched(augkit: Run, tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    path.write_text("version: 1\ntask: digits\nsteps:\n- rotate: {degrees: [-5, 5]}")
    os.utime(path, (0, 0))
    code, out, err = augkit("fix", str(path), "--write")
    assert (code, out) == (0, "")
    assert err == f"{path}: safe for the task digits, nothing to fix\n"
    assert path.stat().st_mtime == 0


def test_what_fix_cannot_mend_is_shown_and_exits_1(augkit: Run, tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    path.write_text("version: 1\ntask: digits\nsplits: [test]\nsteps:\n- rotate: {degrees: [-5, 5]}\n")
    code, out, err = augkit("fix", str(path))
    assert (code, out) == (1, "")
    assert "left to you" in err and f"{path}:3:1: LS501" in err


def test_fix_for_another_task_keeps_what_that_task_survives(augkit: Run, tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    path.write_text("version: 1\ntask: digits\nsteps:\n- flip_horizontal: {p: 0.5}\n")
    assert "-- flip_horizontal" in augkit("fix", str(path))[1]
    assert augkit("fix", str(path), "--task", "natural")[1] == ""


def test_a_file_that_is_no_policy_exits_2(augkit: Run, tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    path.write_text("version: 1\ntask: digits\nsteps:\n- rotat\n")
    code, out, err = augkit("fix", str(path))
    assert (code, out) == (2, "")
    assert err.startswith(f"{path}:4:3: steps[0]: got 'rotat'")

"""What the command line does by itself, whatever the command: its version, and what the system refuses."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from augkit import __version__, cli
from tests.cli.conftest import ROOT, SAFE, UNSAFE, Run


def test_the_version_is_printed(augkit: Run) -> None:
    assert augkit("--version") == (0, f"augkit {__version__}\n", "")


@pytest.mark.parametrize("named", ["secret/policy.yaml", b"secret/policy.yaml"])
def test_a_path_that_the_system_refuses_is_said_with_exit_3(
    augkit: Run, monkeypatch: pytest.MonkeyPatch, named: str | bytes
) -> None:
    def refused() -> None:
        raise PermissionError(errno.EACCES, "Permission denied", named)

    monkeypatch.setattr(cli, "app", refused)
    said = "secret/policy.yaml: the system refuses this path (Permission denied)\n  fix: name another"
    code, out, err = augkit("check")
    assert (code, out) == (3, "") and err.startswith(said)


def test_what_a_library_cannot_load_is_left_to_the_doctor(
    augkit: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unloadable() -> None:
        raise OSError("libGL.so.1: cannot open shared object file")

    monkeypatch.setattr(cli, "app", unloadable)
    with pytest.raises(OSError, match="libGL"):
        augkit("check")


FULL = Path("/dev/full")


def started(*arguments: str, to: Path | int | None = None, **environment: str) -> tuple[int, str, str]:
    """Run augkit in a process of its own; its standard output goes to a file or a pipe, if one is named."""
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    command = [sys.executable, "-m", "augkit", *arguments]
    with open(os.devnull if to is None else to, "wb") as file:  # noqa: PTH123 - it may be a pipe
        ran = subprocess.run(
            command,
            stdout=subprocess.PIPE if to is None else file,
            stderr=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": path, **environment},
            check=False,
        )
    return ran.returncode, (ran.stdout or b"").decode("ascii"), ran.stderr.decode()


@pytest.mark.skipif(not FULL.exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("more", [("check", SAFE), ("ops", "--json"), ("--version",)])
def test_output_that_cannot_be_written_is_said_with_exit_3(more: tuple[str, ...], unbuffered: str) -> None:
    code, _, err = started(*more, to=FULL, PYTHONUNBUFFERED=unbuffered)
    told = f"the output: it cannot be written ({os.strerror(errno.ENOSPC)})\n  fix: make room"
    assert code == 3 and told in err and "Traceback" not in err and "Exception ignored" not in err


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("policy", [SAFE, UNSAFE])
def test_a_verdict_that_nobody_reads_any_more_is_not_turned_into_another(
    policy: str, unbuffered: str
) -> None:
    reads, writes = os.pipe()
    os.close(reads)
    code, _, err = started("check", policy, to=writes, PYTHONUNBUFFERED=unbuffered)
    assert code == (1 if policy == UNSAFE and not unbuffered else 0)
    assert "Traceback" not in err and "Exception ignored" not in err


def test_what_the_encoding_of_the_output_lacks_is_escaped(tmp_path: Path) -> None:
    ascii_only = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii"}
    code, out, err = started("check", SAFE, **ascii_only)
    assert code == 0 and r"\xb0" in out and err.startswith("next:")
    code, out, _ = started("check", SAFE, "--json", **ascii_only)
    assert code == 0 and "°" in " ".join(json.loads(out)["reach"])

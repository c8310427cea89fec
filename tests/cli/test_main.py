"""What the command line does by itself, whatever the command: its version, and what the system refuses."""

from __future__ import annotations

import errno

import pytest

from augkit import __version__, cli
from tests.cli.conftest import Run


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

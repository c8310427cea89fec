"""What a person sees who opens the studio, wherever it may fail, and how it ends."""

from __future__ import annotations

import os
import pty
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from tests.cli.conftest import filed
from tests.ctrl_c import heed

pytest.importorskip("uvicorn", reason="augkit[studio] is not installed")

POLICY = "version: 1\ntask: digits\nsteps:\n  - rotate: {degrees: [-90, 90]}\n"
HIDDEN = "import sys; sys.modules['uvicorn'] = None; from augkit.cli import main; main()"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder of class folders."""
    filed(tmp_path / "data", 10)
    return tmp_path


def opened(folder: Path, *arguments: str, stdin: int = subprocess.DEVNULL) -> subprocess.Popen[str]:
    path = os.pathsep.join([str(Path.cwd()), os.environ["PYTHONPATH"]])
    return subprocess.Popen(
        [sys.executable, "-m", "augkit", "studio", *arguments],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": path},
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=heed,
    )


def address(run: subprocess.Popen[str]) -> str:
    assert run.stdout is not None
    for line in run.stdout:
        if found := re.search(r"http://127\.0\.0\.1:\d+/[\w-]{20,}/", line):
            return found[0]
    raise AssertionError(run.communicate()[1])


def test_it_prints_its_address_serves_there_and_ends_quietly(folder: Path) -> None:
    (folder / "p.yaml").write_text(
        POLICY + "  - rotat: {}\n", encoding="utf-8"
    )  # with an error, all the same
    run = opened(folder, "p.yaml", "--data", "data")
    with urllib.request.urlopen(address(run)) as page:
        assert b"augkit studio" in page.read()
    run.send_signal(signal.SIGINT)
    _, said = run.communicate(timeout=60)
    assert run.returncode == 0 and said.endswith("studio closed\n") and "Traceback" not in said


def test_a_port_that_is_taken_is_said_to_be(folder: Path) -> None:
    (folder / "p.yaml").write_text(POLICY, encoding="utf-8")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        run = opened(folder, "p.yaml", "--data", "data", "--port", port)
        _, said = run.communicate(timeout=60)
    assert run.returncode == 2 and f"port {port} is not to be had" in said and "--port" in said


def test_where_there_is_no_policy_it_says_how_one_is_written(folder: Path) -> None:
    run = opened(folder, "new.yaml", "--data", "my data")
    _, said = run.communicate(timeout=60)
    assert run.returncode == 2 and not (folder / "new.yaml").exists()
    assert "augkit init --task TASK --data 'my data' --out new.yaml" in said


def test_at_a_terminal_it_offers_to_write_one(folder: Path) -> None:
    ours, theirs = pty.openpty()
    run = opened(folder, "new.yaml", "--data", "data", stdin=theirs)
    os.write(ours, b"y\ndigits\n")
    assert address(run)
    run.send_signal(signal.SIGINT)
    run.communicate(timeout=60)
    os.close(ours)
    os.close(theirs)
    assert "task: digits" in (folder / "new.yaml").read_text("utf-8")


def test_without_its_packages_it_names_the_extra() -> None:
    call = [sys.executable, "-c", HIDDEN, "studio", "p.yaml", "--data", "mnist-sample"]
    run = subprocess.run(call, capture_output=True, text=True, check=False)
    assert run.returncode == 2 and "augkit[studio]" in run.stderr and "uvicorn" in run.stderr

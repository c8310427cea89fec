"""The guard that keeps every test off the network."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ELSEWHERE = ("192.0.2.1", 443)  # RFC 5737: an address of nobody
Refused = Callable[[], str]


def test_promise_33_a_connection_to_another_machine_is_refused(refused_connections: Refused) -> None:
    with socket.socket() as here, pytest.raises(ConnectionRefusedError, match="no network"):
        here.connect(ELSEWHERE)
    assert "192.0.2.1" in refused_connections()


def test_a_name_of_another_machine_is_not_looked_up(refused_connections: Refused) -> None:
    with pytest.raises(ConnectionRefusedError, match="no network"):
        socket.create_connection(("example.invalid", 443))
    assert "example.invalid" in refused_connections()


def test_a_refusal_that_is_swallowed_is_still_written_down(refused_connections: Refused) -> None:
    with socket.socket() as here, contextlib.suppress(OSError):
        here.connect(ELSEWHERE)
    assert "192.0.2.1" in refused_connections()


def test_promise_33_a_started_python_is_refused_too(refused_connections: Refused) -> None:
    code = f"import socket; socket.socket().connect({ELSEWHERE!r})"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert run.returncode == 1
    assert "no network" in run.stderr
    assert "192.0.2.1" in refused_connections()


def test_this_machine_is_reached() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname()).close()


def test_promise_33_no_library_calls_home() -> None:
    assert os.environ["NO_ALBUMENTATIONS_UPDATE"] == "1"
    assert os.environ["HF_HUB_OFFLINE"] == "1"


POLICY = "{version: 1, task: none, steps: [STEP]}"
IMPORTING = {
    "an op": "policy.parse(text.replace('STEP', '{albumentations: {name: Blur}}'))",
    "an export": "export.compose(policy.parse(text.replace('STEP', '{rotate: {degrees: [-5, 5]}}')))",
}


@pytest.mark.parametrize("how", IMPORTING)
def test_promise_33_libraries_are_kept_from_calling_home(how: str, refused_connections: Refused) -> None:
    lines = [
        "import sys",
        "from augkit import policy",
        "from augkit.interchange import export",
        f"text = {POLICY!r}",
        IMPORTING[how],
        "assert 'albumentations' in sys.modules",
    ]
    variables = {name: value for name, value in os.environ.items() if name != "NO_ALBUMENTATIONS_UPDATE"}
    subprocess.run([sys.executable, "-c", "\n".join(lines)], cwd=ROOT, env=variables, check=True)
    assert refused_connections() == ""

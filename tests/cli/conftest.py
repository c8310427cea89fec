"""Hold for every test of the commands: how one is run."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from augkit import cli

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def augkit(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Return a function that runs a command and returns its exit code, what it printed and what it said."""

    def run(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["augkit", *map(str, arguments)])
        code: object = 0
        try:
            cli.main()
        except SystemExit as stop:
            code = stop.code or 0
        out, err = capsys.readouterr()
        assert isinstance(code, int) and "Traceback" not in err
        return code, out, err

    return run

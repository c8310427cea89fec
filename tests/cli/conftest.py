"""Hold for every test of the commands: how one is run, and what it is run on."""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from pathlib import Path

import pytest

from augkit import cli
from tests.store import making

ROOT = Path(__file__).parents[2]
SAFE = str(ROOT / "recipes/policies/digits.yaml")
UNSAFE = str(ROOT / "recipes/policies/digits-unsafe.yaml")

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


def filed(
    root: Path, count: int, classes: Sequence[str] = making.DIGITS, *, harmed: Container[int] = ()
) -> Path:
    """Make a folder of class folders, with so many pictures, the classes in turn; those harmed are empty."""
    for number in range(count):
        path = root / classes[number % len(classes)] / f"{number:02d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(making.picture(number) if number not in harmed else b"")
    return root


@pytest.fixture
def digits(tmp_path: Path) -> Path:
    """Return a folder of three pictures of each digit."""
    return filed(tmp_path / "source", 30)

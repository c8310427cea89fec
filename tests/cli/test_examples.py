"""Every command has an example in its help, and every such example runs.

A new command is found by itself.  Its example runs in a folder of its own that holds `recipes/`, `photos/`
(folders of two classes), `aug.json` (a pipeline that albumentations saved) and `out/digits` (a small data
set that augkit made).  `FIRST` says what runs before an example that needs more, `SERVES` which commands go
on until they are stopped, and `SLOW` which examples are left to the long run.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import typer

from augkit import cli, codec
from tests.ctrl_c import heed

ROOT = Path(__file__).parents[2]
APP = typer.main.get_command(cli.app)
COMMANDS = APP.commands  # type: ignore[attr-defined]
GENERATE = "augkit generate recipes/policies/digits.yaml mnist-sample out/digits --copies 1 --limit 24"

FIRST = {"merge": [f"{GENERATE} --shard 1/2", f"{GENERATE} --shard 2/2"]}
MAKES = {"build", "generate", "merge"}
"""Commands whose example makes out/digits itself."""

FINDS = {"audit"}
"""Commands whose example may end with findings: of so few pictures they differ from machine to machine."""

SERVES = {"studio"}
SLOW = {"audit"}

Run = Callable[[str], int]


def examples(command: str) -> list[str]:
    text = " ".join((COMMANDS[command].help or "").replace("\b", "").split(" "))
    return [line.strip() for line in re.findall(r"^ *Examples?: *(augkit .*)$", text, re.MULTILINE)]


EVERY = [
    pytest.param(name, line, id=line, marks=[pytest.mark.slow] if name in SLOW else [])
    for name in COMMANDS
    for line in examples(name)
]


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_has_an_example_of_itself_in_its_help(name: str) -> None:
    assert examples(name), f"write 'Example: augkit {name} …' into the docstring of the command {name}"
    assert all(shlex.split(line)[:2] == ["augkit", name] for line in examples(name))


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_option_and_argument_is_explained(name: str) -> None:
    for parameter in COMMANDS[name].params:
        assert getattr(parameter, "help", None) or parameter.name == "help", parameter.name


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_a_help_begins_with_a_short_sentence_and_breaks_no_example(name: str) -> None:
    first, _, rest = (COMMANDS[name].help or "").partition("\n\n")
    assert first.endswith(".") and len(first) <= 62 and rest.strip()  # fits a line of augkit --help
    with typer.Context(APP, info_name="augkit", terminal_width=80) as above:
        shown = COMMANDS[name].get_help(typer.Context(COMMANDS[name], info_name=name, parent=above))
    lines = [line.strip().removeprefix("Example: ") for line in shown.splitlines()]
    assert set(examples(name)) <= set(lines)
    assert max(map(len, shown.splitlines())) <= 90 and "<str>" not in shown.partition("Options:")[2]


@pytest.fixture(scope="module")
def stocked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Make what examples name, once."""
    place = tmp_path_factory.mktemp("examples")
    (place / "recipes").symlink_to(ROOT / "recipes")
    (place / "tests").symlink_to(ROOT / "tests")
    chance = np.random.default_rng(0)
    for name in ("rose", "tulip"):
        (place / "photos" / name).mkdir(parents=True)
        for number in range(6):
            picture = chance.integers(0, 255, (40, 48, 3), dtype=np.uint8)
            (place / "photos" / name / f"{number}.jpg").write_bytes(codec.encode(picture, "jpeg:90"))
    import albumentations as A

    A.save(A.Compose([A.Rotate(limit=10, p=1)]), str(place / "aug.json"))
    here = Path.cwd()
    os.chdir(place)
    try:
        assert in_process(GENERATE) == 0
    finally:
        os.chdir(here)
    yield place


def in_process(line: str) -> int:
    """Run one command line in this process; what it would redirect goes to the file."""
    words = shlex.split(line)
    target = None
    if ">" in words:
        words, target = words[: words.index(">")], words[words.index(">") + 1]
    before, out = sys.argv, sys.stdout
    sys.argv = words
    try:
        if target is not None:
            sys.stdout = Path(target).open("w", encoding="utf-8")  # noqa: SIM115
        cli.main()
    except SystemExit as stop:
        return int(stop.code or 0)
    finally:
        if target is not None:
            sys.stdout.close()
        sys.argv, sys.stdout = before, out
    return 0


@pytest.fixture
def folder(stocked: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in a folder of one's own with all that examples name."""
    for entry in stocked.iterdir():
        if entry.is_symlink():
            (tmp_path / entry.name).symlink_to(entry.readlink())
        elif entry.is_dir():
            shutil.copytree(entry, tmp_path / entry.name)
        else:
            shutil.copy(entry, tmp_path / entry.name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def smaller(name: str, line: str) -> str:
    """Take a few pictures only, where a command can: what an example shows is not how much."""
    limits = any("--limit" in parameter.opts for parameter in COMMANDS[name].params)
    return f"{line} --limit 24" if limits and "mnist-sample" in line else line


@pytest.mark.parametrize(("name", "line"), EVERY)
def test_the_example_runs(name: str, line: str, folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    if name in MAKES:
        shutil.rmtree(folder / "out")
    for before in FIRST.get(name, ()):
        assert in_process(before) == 0, before
    if name in SERVES:
        assert served(line, folder) in (0, 130)
        return
    code = in_process(smaller(name, line))
    out, err = capfd.readouterr()
    assert code in ((0, 1) if name in FINDS else (0,)), (line, out, err)
    for written in re.findall(r"(?:--out|>) (\S+)", line):
        assert (folder / written).exists(), written


def served(line: str, folder: Path) -> int:
    """Start what goes on until it is stopped, wait for its address, and press Ctrl-C."""
    words = [word for word in shlex.split(line)[1:] if word != "--open"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])}
    with subprocess.Popen(
        [sys.executable, "-u", "-m", "augkit", *words],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        preexec_fn=heed,
    ) as server:
        assert server.stdout is not None
        said = []
        for printed in server.stdout:
            said.append(printed)
            if "http://127.0.0.1" in printed:
                server.send_signal(signal.SIGINT)
                break
        else:
            raise AssertionError("".join(said))
        said += list(server.stdout)
    return server.returncode


def test_help_is_printed_for_every_command_and_exits_0(capfd: pytest.CaptureFixture[str]) -> None:
    for name in COMMANDS:
        assert in_process(f"augkit {name} --help") == 0
        out, _ = capfd.readouterr()
        assert "Usage:" in out and "Example: augkit" in out, name


def test_an_example_that_is_wrong_is_found(folder: Path) -> None:
    assert in_process("augkit check recipes/policies/no-such.yaml") == 2
    assert in_process("augkit verify photos") != 0

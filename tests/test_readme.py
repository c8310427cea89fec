"""What the README shows is what happens: its commands are run, its policies are judged, its paths exist."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from augkit import codec, policy, safety, tasks

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")
POLICIES = sorted((ROOT / "recipes/policies").glob("*.yaml"))


_PREVIEW = "augkit preview recipes/policies"
PICTURES = {
    "recipes/policies/digits.png": f"{_PREVIEW}/digits.yaml mnist-sample --rows 4 --out out/preview.png",
    "recipes/policies/digits-unsafe.png": (
        f"{_PREVIEW}/digits-unsafe.yaml mnist-sample --witness --out out/refused.png"
    ),
}
"""Pictures that are kept to be shown, and the commands that make them."""


def _blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)


def _commands() -> list[tuple[str, str]]:
    """Return each command of the console blocks with the output shown beneath it."""
    parts = [
        part for block in _blocks("console") for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]
    ]
    return [(part.partition("\n")[0], part.partition("\n")[2]) for part in parts]


def _matches(shown: str, printed: str) -> bool:
    """Tell whether output is as shown; a line of … stands for any lines."""
    pieces = [re.escape(piece.strip("\n")) for piece in re.split(r"^…$", shown, flags=re.MULTILINE)]
    return re.fullmatch(r".*?".join(pieces), printed.strip("\n"), re.DOTALL) is not None


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder from which the README's paths lead where they should."""
    place = tmp_path_factory.mktemp("readme")
    (place / "recipes").symlink_to(ROOT / "recipes")
    return place


@pytest.mark.thorough
def test_every_command_shown_prints_what_is_shown(folder: Path) -> None:
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "PYTHONPATH": path, "PYTHONUNBUFFERED": "1"}
    commands = _commands()
    assert len(commands) >= 5
    for command, shown in commands:
        words, _, comment = command.partition("#")
        program, *rest = words.split()
        assert program == "augkit", command
        done = subprocess.run(
            [sys.executable, "-m", "augkit", *rest],
            cwd=folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,  # as in a terminal
            text=True,
            check=False,
        )
        assert done.returncode == (1 if "exits 1" in comment else 0), (command, done.stdout)
        assert _matches(shown, done.stdout), (command, done.stdout)


@pytest.mark.parametrize(("kept", "command"), PICTURES.items())
def test_a_picture_that_is_kept_is_what_its_command_makes(kept: str, command: str, folder: Path) -> None:
    _, *rest = command.split()
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])}
    subprocess.run([sys.executable, "-m", "augkit", *rest], cwd=folder, env=environment, check=True)
    then = codec.decode((ROOT / kept).read_bytes()).astype(int)
    now = codec.decode((folder / rest[-1]).read_bytes()).astype(int)
    assert then.shape == now.shape and abs(then - now).mean() < 1  # letters differ a little between versions
    assert (ROOT / kept).stat().st_size <= 200_000


def test_the_pictures_shown_are_kept_and_their_commands_stand_in_the_readme() -> None:
    commands = {command.partition("#")[0].strip() for command, _ in _commands()}
    for shown in re.findall(r"!\[[^\]]+\]\(([^)]+)\)", README):
        assert (ROOT / shown).is_file()
        assert shown not in PICTURES or PICTURES[shown] in commands


@pytest.mark.parametrize("text", _blocks("python"))
def test_the_python_shown_runs(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    made: dict[str, object] = {}
    exec(compile(text, "README.md", "exec"), made)
    pictures, labels = made["feed"][0]  # type: ignore[index]
    assert pictures.shape == (64, 28, 28, 1) and labels.shape == (64,)


@pytest.mark.parametrize("text", _blocks("yaml"))
def test_every_policy_shown_is_one_and_is_safe(text: str) -> None:
    shown = policy.parse(text, "README.md")
    assert safety.judge(shown, tasks.load(shown.task)).safe


@pytest.mark.parametrize("path", POLICIES, ids=lambda path: path.name)
def test_every_policy_of_the_recipes_is_judged_as_its_name_says(path: Path) -> None:
    shipped = policy.load(path)
    assert safety.judge(shipped, tasks.load(shipped.task)).safe == ("unsafe" not in path.name)


def test_the_policy_shown_first_is_the_one_that_ships() -> None:
    shown = policy.parse(_blocks("yaml")[0])
    assert shown == policy.load(ROOT / "recipes/policies/digits.yaml")


def test_the_map_of_the_house_names_every_room() -> None:
    house = README.partition("## The house")[2]
    rooms = [path for path in (ROOT / "augkit").iterdir() if not path.name.startswith(("_", "."))]
    missing = [path.stem for path in rooms if not re.search(rf"\b{path.stem}\b", house)]
    assert not missing

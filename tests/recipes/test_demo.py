"""The demo is commands that a person can copy, and each Keras backend trains into a folder of its own."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from recipes import compare_policies, demo
from recipes.runs import settings

ROOT = Path(__file__).parents[2]


def test_every_command_of_the_demo_is_one_that_augkit_or_a_recipe_has() -> None:
    commands = [command for _, part in demo.parts("out/demo", 2, "jax") for command in part]
    assert demo.REFUSAL in commands
    for words in map(shlex.split, commands):
        assert words[0] == "augkit" or words[:3] == ["python", "-m", "recipes.compare_policies"]
        assert all((ROOT / word).exists() for word in words if word.startswith("recipes/"))


def test_help_is_the_header(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        demo.main(["--help"])
    said = capsys.readouterr().out
    assert all(word in said for word in ("Question:", "Policy:", "Cost:", "Command:", "--workers"))


def test_a_folder_with_a_space_stays_one_word() -> None:
    commands = [command for _, part in demo.parts(shlex.quote("my demo"), 1, "jax") for command in part]
    assert any("my demo/digits" in shlex.split(command) for command in commands)


def test_each_backend_has_runs_of_its_own() -> None:
    runs = {shlex.split(demo.parts("out", 1, name)[-1][1][0])[-1] for name in ("jax", "torch")}
    assert runs == {"out/runs-jax", "out/runs-torch"}


def test_a_step_that_fails_stops_the_demo_with_its_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(demo, "_run", lambda command: 3)
    assert demo.main(["--out", str(tmp_path)]) == 3
    assert "run the demo again to carry on" in capsys.readouterr().err


def test_what_the_demo_compares_is_what_it_has_made_and_settings_are_settings() -> None:
    words = shlex.split(demo.parts(shlex.quote("my demo"), 1, "jax")[-1][1][0])
    changes = [words[i + 1] for i, word in enumerate(words) if word == "--set"]
    held = settings.load(compare_policies.Settings, ROOT / demo.COMPARED, changes)
    assert {name: arm.data for name, arm in held.arms.items()} == {
        "none": "my demo/digits",
        "safe": "my demo/safe",
        "unsafe": "my demo/unsafe",
    }
    assert held.data.source == "my demo/digits"

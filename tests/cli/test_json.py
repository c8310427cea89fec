"""Every command that tells something tells it to scripts too: one JSON document on standard output, and the
exit code that it has without.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer

from augkit import cli, schema, store
from augkit.cli import plain
from augkit.ops import OPS
from augkit.safety import RULES
from tests.cli import conftest
from tests.cli.conftest import SAFE, UNSAFE
from tests.store import making

COMMANDS = typer.main.get_command(cli.app).commands  # type: ignore[attr-defined]
WRITES = {"convert", "init", "preview", "report", "schema", "studio"}
"""Commands whose outcome is a file, a document or a page, not something that is told."""

Run = Callable[..., tuple[int, Any]]


@pytest.fixture
def told(augkit: conftest.Run) -> Run:
    """Run a command with --json; the value returns its exit code and what it told."""

    def run(*arguments: object) -> tuple[int, Any]:
        code, out, err = augkit(*arguments, "--json")
        return code, json.loads(out) if out else err

    return run


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a folder of three pictures of each digit, one of them harmed."""
    return conftest.filed(tmp_path_factory.mktemp("json") / "source", 30, harmed={29})


def test_every_command_that_tells_something_has_json() -> None:
    having = {
        name
        for name, command in COMMANDS.items()
        if any("--json" in parameter.opts for parameter in command.params)
    }
    assert having == set(COMMANDS) - WRITES


def test_what_was_made_is_told_and_nothing_else_is_on_standard_output(
    told: Run, digits: Path, tmp_path: Path
) -> None:
    built = tmp_path / "built"
    whole = {"out": str(built), "pictures": 29}
    made = whole | {"done": "made", "bad": 1, "dropped": 0, "leaks": 0}
    assert told("build", digits, built, "--max-bad", 1) == (0, made)
    assert told("build", digits, built, "--max-bad", 1) == (0, whole | {"done": "verified"})
    out, given = tmp_path / "out", ("generate", SAFE, built, tmp_path / "out", "--copies", 2)
    code, expected = told(*given, "--dry-run")
    assert code == 0 and (expected["total"], expected["originals"], expected["files"]) == (87, 29, 87)
    assert expected["pictures"]["train"] == {name: 9 for name in "012345678"} | {"9": 6}
    assert expected["left"] == {"train": 87} and expected["bytes"] > 0 < expected["seconds"]
    assert told(*given) == (0, made | {"out": str(out), "pictures": 87, "bad": 0})
    assert told("verify", out) == (0, {"whole": True, "out": str(out), "pictures": 87, "problems": []})
    code, found = told("replay", out, 4)
    assert (code, found["same"], found["differs"]) == (0, True, []) and found["copy"] in (0, 1, 2)


def test_what_is_harmed_is_told_with_exit_1(told: Run, digits: Path, tmp_path: Path) -> None:
    store.generate(making.plan(copies=1), making.source(10), tmp_path / "out")
    first = sorted((tmp_path / "out/train/3").iterdir())[-1]
    first.write_bytes(making.picture(7))
    code, found = told("verify", tmp_path / "out")
    assert code == 1 and not found["whole"] and first.name in found["problems"][0]
    code, found = told("replay", tmp_path / "out", first.relative_to(tmp_path / "out"))
    assert code == 1 and not found["same"] and found["differs"]


def test_parts_are_told_by_their_numbers_and_merged(told: Run, digits: Path, tmp_path: Path) -> None:
    for part in ("1/2", "2/2"):
        code, found = told(
            "generate", SAFE, digits, tmp_path / "out", "--copies", 1, "--shard", part, "--max-bad", 1
        )
        assert code == 0 and found["part"] == part
    code, found = told("merge", tmp_path / "out", "--max-bad", 1)
    assert code == 0 and (found["done"], found["pictures"]) == ("merged", 58) and "part" not in found


def test_a_refused_policy_is_told_as_check_tells_it_with_exit_1(
    told: Run, digits: Path, tmp_path: Path
) -> None:
    code, found = told("generate", UNSAFE, digits, tmp_path / "out")
    assert code == 1 and not (tmp_path / "out").exists()
    assert (code, found) == told("check", UNSAFE, "--data", digits) and found["verdict"] == "unsafe"


def test_a_fix_is_told_with_its_diff_and_whether_it_is_saved(told: Run, tmp_path: Path) -> None:
    policy = tmp_path / "p.yaml"
    policy.write_text("version: 1\ntask: digits\nsteps:\n  - rotate: {degrees: [-30, 30]}\n")
    code, found = told("fix", policy)
    assert code == 0 and found["verdict"] == "safe" and not found["saved"] and "[-30, 30]" in found["diff"]
    assert "[-30, 30]" in policy.read_text() and told("fix", policy, "--write")[1]["saved"]
    assert "[-20, 20]" in policy.read_text()
    code, found = told("fix", policy)
    assert code == 0 and (found["done"], found["diff"], found["saved"]) == ([], "", False)
    policy.write_text("version: 1\ntask: digits\nsplits: [test]\nsteps: []\n")
    code, found = told("fix", policy)
    assert code == 1 and [each["code"] for each in found["findings"]] == ["LS501"]


def test_ops_and_rules_are_told_with_what_they_take(told: Run) -> None:
    _, every = told("ops")
    assert {*OPS, "rand_augment", "albumentations"} <= {each["name"] for each in every}
    code, one = told("ops", "rotate")
    assert code == 0 and one in every and one["required"] == ["degrees"]
    step = schema.policy()["definitions"]["step"]["anyOf"][0]["properties"]["rotate"]
    assert one["settings"] == step["properties"] and one["about"].startswith("Turn the picture")
    assert [each["code"] for each in told("explain")[1]] == sorted(RULES)
    code, rule = told("explain", "turned-too-far")
    assert code == 0 and rule["code"] == "LS102" and "Use instead" in rule["text"]


def test_what_went_wrong_is_said_on_the_error_stream_with_its_code(told: Run, tmp_path: Path) -> None:
    for code, given in (
        (2, ("ops", "rotat")),
        (2, ("explain", "LS999")),
        (2, ("fix", tmp_path / "none.yaml")),
        (3, ("verify", tmp_path)),
        (3, ("build", tmp_path / "none", tmp_path / "out")),
    ):
        found, said = told(*given)
        assert found == code and isinstance(said, str) and said


def test_names_in_json_command_no_terminal_and_are_kept(capsys: pytest.CaptureFixture[str]) -> None:
    names = {"a\x1b[31m\x9b\u202e\udc80": ["Große 猫 🦊", "\x7f\n\U000e0001"]}
    plain.show(names)
    out, _ = capsys.readouterr()
    assert json.loads(out) == names and "Große 猫 🦊" in out
    assert not [one for one in out if not one.isprintable() and one != "\n"]

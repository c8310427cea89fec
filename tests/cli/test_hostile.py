"""Names that would command a terminal are shown, not obeyed, by every command that meets them."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from augkit.errors import PictureError, printable
from tests.cli.conftest import Run
from tests.store import making

RED, TITLE = "\x1b[31mred", "\x9d0;owned\x07"
POLICY = "version: 1\ntask: none\nsteps:\n  - rotate: {degrees: [-5, 5]}\n"
COMMANDING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")


@pytest.fixture
def said(augkit: Run) -> Callable[..., str]:
    def run(*arguments: object) -> str:
        code, out, err = augkit(*arguments)
        assert code in (0, 1, 2, 3)
        return f"{out}{err}"

    return run


def test_promise_24_no_command_lets_a_name_command_the_terminal(tmp_path: Path, said):
    root = tmp_path / RED
    for number in range(8):
        path = root / (TITLE, RED)[number % 2] / f"{number}{RED}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(making.picture(number) if number != 5 else b"")
    (tmp_path / "policy.yaml").write_text(POLICY)
    out, given = tmp_path / "out", (tmp_path / "policy.yaml", root)
    texts = [
        said("build", root, tmp_path / "built", "--max-bad", "5"),
        said("stats", root),
        said("generate", *given, out, "--dry-run"),
        said("generate", *given, out, "--copies", f"{RED}=2"),
        said("generate", *given, out, "--copies", "2", "--max-bad", "5"),
        said("generate", *given, out, "--copies", "3", "--max-bad", "5"),
        said("generate", *given, tmp_path / "none", "--copies", f"1,{RED}x=2"),
        said("generate", *given, tmp_path / "none", "--max-bad", "0"),
        said("replay", out, "3"),
        said("replay", out, f"{RED}.png"),
        said("verify", tmp_path / RED / "nowhere"),
        said("generate", tmp_path / f"{RED}.yaml", root, out),
    ]
    (out / f"{RED}.txt").write_text("x")
    texts += [said("verify", out), said("generate", *given, out, "--overwrite")]
    assert sum(r"\x1b[31mred" in text for text in texts) >= 8
    assert [text for text in texts if COMMANDING.search(text)] == []


def test_promise_24_the_name_of_a_policy_commands_no_terminal(tmp_path: Path, said) -> None:
    policy = tmp_path / f"{RED}\udcff.yaml"
    policy.write_text(POLICY.replace("none", "digits").replace("5", "50"))
    texts = [
        said("check", policy),
        said("check", policy, "--format", "github"),
        said("check", policy, "--task", "none"),
        said("fix", policy),
        said("fix", policy, "--write"),
        said("fix", policy),
        said("convert", policy, "--out", tmp_path / f"{RED}-2.yaml"),
        said("ops", "rotate", "--out", tmp_path / f"{RED}\udcff.png"),
        said("preview", "--op", "rotate", "--out", tmp_path / f"{RED}\udcff.html"),
    ]
    assert [text for text in texts if r"\x1b[31mred" not in text] == []
    assert [text for text in texts if COMMANDING.search(text) or "\udcff" in text] == []


def test_promise_24_what_is_printed_is_what_was_meant_but_for_controls():
    assert printable("Große 猫 🦊\n\tx") == "Große 猫 🦊\n\tx"
    assert printable("a\x1b[2Jb\x9bc\u202ed\udc80") == r"a\x1b[2Jb\x9bc\u202ed\udc80"
    assert str(PictureError("\x1b", where="\x07", fix="\x00")) == "\\x07: \\x1b\n  fix: \\x00"

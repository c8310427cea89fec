"""The command `augkit audit`, without a network: what it refuses, and what it prints of a finished audit."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from augkit import audit as auditing
from augkit.audit import network
from augkit.cli import app
from augkit.errors import UsageError
from tests.audit.glyphs import Learner, data, glyphs, request


def run(*arguments: str) -> tuple[int, str]:
    found = CliRunner().invoke(app, ["audit", *arguments])
    if found.exception is not None and not isinstance(found.exception, SystemExit):
        raise found.exception
    return found.exit_code, found.output


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Let the command find letters in place of any source, and learn by neighbours."""
    from augkit import sources

    monkeypatch.setattr(sources, "load", lambda *args, **more: data(*glyphs(60)))
    done = auditing.audit

    def quick(given: object, asked: auditing.Request, out: Path) -> auditing.Audit:
        small = request(at={"turn": (10.0,), "mirrored": (0.0,)}, source=asked.source)
        return done(given, small, out, train=Learner())  # type: ignore[arg-type]

    monkeypatch.setattr(auditing, "audit", quick)
    return tmp_path


def test_a_proposal_and_disagreements_are_written_and_exit_1_says_that_a_task_lets_labels_change(
    shown: Path,
) -> None:
    task = shown / "task.yaml"
    task.write_text(
        'version: 1\ntask: letters\nclasses: [L, J, "+", T]\nsurvives: {mirrored: any, turn: any}\n',
        encoding="utf-8",
    )
    out = shown / "out"
    code, said = run("letters", "--out", str(out), "--propose", str(out / "m.yaml"), "--against", str(task))
    assert code == 1
    assert "the task says survives, measured: becomes J" in said
    assert (out / "m.yaml").read_text("utf-8").startswith("# Written by augkit audit")
    assert {path.name for path in out.iterdir()} >= {"result.json", "heat.png", "heat.html", "m.yaml"}
    assert auditing.load(out).source == "letters"


def test_json_is_the_whole_result(shown: Path) -> None:
    import json

    code, said = run("letters", "--out", str(shown / "out"), "--json")
    assert code == 0
    plain, _ = json.JSONDecoder().raw_decode(said[said.index("{\n") :])
    assert plain["classes"] == ["L", "J", "+", "T"]
    assert len(plain["cells"]) == 8


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("x", "--policy", "p.yaml", "--against", "digits"), "got --against and --policy"),
        (("x", "--task", "digits", "--against", "digits"), "got --task and --against"),
        (("x", "--sweeps", "trun"), "did you mean turn"),
    ],
)
def test_what_does_not_go_together_is_refused(shown: Path, arguments: tuple[str, ...], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        run(*arguments)


def test_a_file_that_is_no_network_is_refused(tmp_path: Path) -> None:
    (tmp_path / "network.keras").write_text("nothing", encoding="utf-8")
    with pytest.raises(UsageError, match="Keras cannot load it"):
        network.oracle_size(tmp_path / "network.keras")

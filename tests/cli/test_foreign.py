from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import albumentations as A
import pytest
from typer.testing import CliRunner

from augkit import policy
from augkit.cli import app
from augkit.errors import AugkitError, UsageError

PIPELINE = A.Compose([A.HorizontalFlip(p=0.5), A.Rotate(limit=5), A.Normalize()])
MODULE = """
import albumentations as A

aug = A.Compose([A.Rotate(limit=7)])
bad = 3


def made():
    return aug


def needing(size, *, side=3):
    return aug


def failing():
    return {}["size"]
"""


def augkit(*arguments: str) -> tuple[int, str, str]:
    """Return exit code, stdout and stderr; what augkit refuses is raised."""
    ran = CliRunner().invoke(app, list(arguments))
    if isinstance(ran.exception, AugkitError):
        raise ran.exception
    return ran.exit_code, ran.stdout, ran.stderr


@pytest.fixture
def saved(tmp_path: Path) -> str:
    path = tmp_path / "aug.json"
    A.save(PIPELINE, path)
    return str(path)


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: Any) -> str:
    name = f"mine_{abs(hash(request.node.name))}"
    (tmp_path / f"{name}.py").write_text(MODULE)
    monkeypatch.syspath_prepend(tmp_path)
    return name


def test_a_saved_pipeline_is_judged_against_the_task_that_is_given(saved: str) -> None:
    code, out, err = augkit("check", saved, "--task", "digits")
    assert code == 1 and f"{saved}: transforms[0] HorizontalFlip: LS101 mirrored" in out
    assert "transforms[2] Normalize" in err
    assert augkit("check", saved, "--task", "natural")[0] == 0


def test_a_pipeline_without_a_task_is_a_question(saved: str) -> None:
    code, out, err = augkit("check", saved)
    assert (code, out) == (2, "") and "names no task" in err and "--task digits" in err


def test_a_python_object_and_a_function_that_makes_one_are_judged(module: str) -> None:
    assert augkit("check", f"{module}:aug", "--task", "digits")[0] == 0
    assert augkit("check", f"{module}:made", "--task", "digits")[0] == 0


@pytest.mark.parametrize(
    ("spec", "told", "fix"),
    [
        ("{}:agu", "has no 'agu'", "aug"),
        ("{}:bad", "want a pipeline of", "module:name"),
        ("no_{}:aug", "no module", ""),
        ("{}:needing", "the function needs 'size', want one that is called without arguments", "calls it"),
        ("{}:failing", "calling the function failed: KeyError: 'size'", "mend it"),
    ],
)
def test_what_is_not_there_is_said(module: str, spec: str, told: str, fix: str) -> None:
    code, out, err = augkit("check", spec.format(module), "--task", "digits")
    assert (code, out) == (2, "") and f"{spec.format(module)}: " in err
    assert told in err and fix in err
    with pytest.raises(UsageError, match=told):
        augkit("convert", spec.format(module))


def test_a_verdict_on_a_foreign_pipeline_is_json_too(saved: str) -> None:
    code, out, _ = augkit("check", saved, "--task", "digits", "--format", "json")
    assert code == 1 and json.loads(out)["findings"][0]["where"].endswith("HorizontalFlip")


def test_pixels_are_judged_for_the_side_that_is_given(tmp_path: Path) -> None:
    path = tmp_path / "blur.json"
    A.save(A.Compose([A.Blur(blur_limit=(7, 7))]), path)
    assert augkit("check", str(path), "--task", "natural")[0] == 1
    assert augkit("check", str(path), "--task", "natural", "--side", "224")[0] == 0


def test_convert_writes_a_policy_that_augkit_reads(saved: str, tmp_path: Path) -> None:
    out = tmp_path / "new" / "policy.yaml"
    code, said, err = augkit("convert", saved, "--task", "natural", "--out", str(out))
    assert code == 0 and said == "" and "note:" in err and "Normalize" in err
    read = policy.load(out)
    assert read.task == "natural" and [step.name for step in read.steps] == ["flip_horizontal", "rotate"]
    assert augkit("check", str(out))[0] == 0


def test_convert_replaces_no_file_unasked(saved: str, tmp_path: Path) -> None:
    out = tmp_path / "policy.yaml"
    out.write_text("mine")
    given = ("convert", saved, "--task", "natural", "--out", str(out))
    with pytest.raises(UsageError, match="it is there already") as caught:
        augkit(*given)
    assert "--overwrite" in caught.value.fix and out.read_text() == "mine"
    assert augkit(*given, "--overwrite")[0] == 0 and policy.load(out).task == "natural"


def test_convert_prints_where_no_file_is_named_and_says_that_a_task_is_missing(saved: str) -> None:
    code, out, err = augkit("convert", saved)
    assert code == 0 and policy.parse(out).task == "none" and "give --task" in err


@pytest.mark.parametrize("suffix", ["json", "yaml"])
def test_convert_writes_what_albumentations_loads(suffix: Any, tmp_path: Path) -> None:
    given, out = tmp_path / "policy.yaml", tmp_path / f"aug.{suffix}"
    given.write_text(
        "version: 1\ntask: digits\nsteps:\n  - rotate: {degrees: [-9, 9]}\n  - invert: {p: 0.5}\n"
    )
    code, _, err = augkit("convert", str(given), "--to", "albumentations", "--out", str(out))
    assert code == 0 and "note" not in err
    assert [type(t).__name__ for t in A.load(out, data_format=suffix)] == ["Rotate", "InvertImg"]


def test_the_page_of_the_op_lists_every_transform() -> None:
    _, page, _ = augkit("ops", "albumentations")
    assert "CoarseDropout" in page and "CenterCrop3D" in page
    assert "albumentations" in augkit("ops")[1]

"""Whole policies: affinity, diversity, and what they do to each class."""

from __future__ import annotations

from pathlib import Path

import pytest

from augkit import policy, tasks
from augkit.audit import effect
from augkit.errors import UsageError
from tests.audit.glyphs import Learner, data, glyphs

ALWAYS_MIRRORED = "version: 1\ntask: none\nsteps: [flip_horizontal, saturation: {factor: [0, 2]}]\n"
SLIGHT = "version: 1\ntask: none\nsteps: [rotate: {degrees: [-5, 5]}]\n"
RELABELLED = """
version: 1
task: letters
classes: [L, J, +, T]
survives: {mirrored: none, kept: 0.1, turn: [-20, 20]}
except: {"+": {mirrored: any}, T: {mirrored: [-20, 20]}}
becomes: [{mirrored: [-20, 20], classes: {L: J, J: L}}]
"""


def measured(text: str, out: Path, task: str = "") -> effect.Effect:
    return effect.measured(
        data(*glyphs(40)),
        policy.parse(text),
        tasks.parse(task) if task else None,
        out,
        folds=2,
        epochs=2,
        train=Learner(),
    )


def test_a_policy_that_makes_one_class_another_is_seen_in_those_classes_alone(tmp_path: Path) -> None:
    found = measured(ALWAYS_MIRRORED, tmp_path)
    affinity = {line.label: line.affinity for line in found.lines}
    assert affinity["L"] < 0.3 and affinity["J"] < 0.3
    assert affinity["T"] == affinity["+"] == 1
    assert affinity[""] == pytest.approx(0.5, abs=0.05)
    assert set(found.hurt) == {"L", "J"}
    assert "worse for certain" in found.text()


def test_a_step_that_changes_nothing_is_named(tmp_path: Path) -> None:
    assert measured(ALWAYS_MIRRORED, tmp_path).idle == ("saturation",)


def test_a_slight_policy_hurts_nobody(tmp_path: Path) -> None:
    found = measured(SLIGHT, tmp_path)
    assert found.hurt == found.idle == ()
    assert found.lines[0].affinity > 0.98


def test_labels_that_a_guard_writes_anew_count_as_right(tmp_path: Path) -> None:
    text = "version: 1\ntask: x\non_unsafe: relabel\nsteps: [flip_horizontal]\n"
    found = measured(text, tmp_path, RELABELLED)
    assert found.lines[0].affinity > 0.95
    assert found.hurt == ()


def test_a_policy_that_mixes_pictures_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="mixes each picture"):
        measured("version: 1\ntask: none\nsteps: [mixup: {}]\n", tmp_path)

"""Policies against tasks, each with the answer that is right by the task and by arithmetic.

One file for each rule, `composition.yaml` and `guards.yaml` for what no one rule is about, and files named
for a family of ops (`tone_curves.yaml`) for what its ops do.  An entry has

    name:      a sentence that is true
    task:      a built-in task; data, its classes at hand, and aspect, when not the task's own
    steps:     the policy's body; on_unsafe, border, splits and allow as in a policy
    verdict:   safe, unsafe or unproven
    codes:     the rules that fire, sorted; waived: those that a waiver covers
    classes:   for a rule, the classes whose labels are at stake
    becomes:   what they become
    accepted:  for a class, the least and the greatest share of draws that a guard accepts
    alone:     safe, where each step by itself is; together: the rules that no step fires by itself
"""

from __future__ import annotations

import dataclasses
import functools
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from augkit import policy, tasks
from augkit.intervals import Interval
from augkit.policy import Policy
from augkit.safety import RULES, Verdict, judge

Entry = dict[str, Any]

FOLDER = Path(__file__).parent / "cases"
NO_YAML = {"LS402", "LS907"}
"""A policy in YAML has no step of unknown effect: only another tool's pipeline has."""
OF_POLICIES = ("on_unsafe", "border", "splits", "allow", "steps")
KEYS = {"name", "task", "data", "aspect", *OF_POLICIES, "verdict", "codes", "waived", "classes", "becomes"}
KEYS |= {"accepted", "alone", "together"}


@functools.cache
def entries(file: str) -> tuple[Entry, ...]:
    return tuple(YAML(typ="safe").load((FOLDER / file).read_text(encoding="utf-8")))


FILES = sorted(path.name for path in FOLDER.iterdir())
ENTRIES = [entry for file in FILES for entry in entries(file)]
UNSAFE_TOGETHER = [entry for entry in ENTRIES if entry.get("alone") == "safe"]


def named(some: list[Entry]) -> list[Any]:
    return [pytest.param(entry, id=entry["name"]) for entry in some]


def read(entry: Entry) -> Policy:
    body = {key: entry[key] for key in OF_POLICIES if key in entry}
    return policy.parse(policy.text({"version": 1, "task": entry["task"], **body}), "policy.yaml")


def judged(entry: Entry, made: Policy) -> Verdict:
    data, aspect = entry.get("data"), entry.get("aspect")
    return judge(
        made,
        tasks.load(entry["task"]),
        classes=tuple(data) if data else None,
        aspect=Interval(*aspect) if aspect else None,
    )


def steps_alone(entry: Entry) -> list[Verdict]:
    """Judge every step, those in choices too, as a policy of its own."""
    made = read(entry)
    return [judged(entry, dataclasses.replace(made, steps=(leaf,))) for leaf in made.leaves()]


@pytest.mark.parametrize("entry", named(ENTRIES))
def test_the_answer_is_right(entry: Entry) -> None:
    verdict = judged(entry, read(entry))
    assert verdict.word == entry["verdict"], verdict.text()
    assert sorted({finding.code for finding in verdict.findings}) == entry.get("codes", []), verdict.text()
    assert sorted({finding.code for finding in verdict.waived}) == entry.get("waived", [])
    for code, classes in entry.get("classes", {}).items():
        found = {name for finding in verdict.findings if finding.code == code for name in finding.classes}
        assert found == set(classes), code
    becomes = dict(pair for finding in verdict.findings for pair in finding.becomes)
    assert becomes == entry.get("becomes", becomes)
    for name, (least, most) in entry.get("accepted", {}).items():
        assert least <= verdict.acceptance[name] <= most, name


@pytest.mark.parametrize("entry", named(UNSAFE_TOGETHER))
def test_steps_that_are_each_safe_are_not_safe_together(entry: Entry) -> None:
    assert entry["verdict"] != "safe"
    alone = steps_alone(entry)
    assert len(alone) > 1
    for verdict in alone:
        assert verdict.safe, verdict.text()


@pytest.mark.parametrize("entry", named([entry for entry in ENTRIES if entry.get("together")]))
def test_what_steps_do_together_none_of_them_does_alone(entry: Entry) -> None:
    alone = {finding.code for verdict in steps_alone(entry) for finding in verdict.findings}
    assert not alone & set(entry["together"])
    assert set(entry["together"]) <= set(entry["codes"])


def test_the_suite_is_as_large_as_promised() -> None:
    assert len(ENTRIES) >= 60
    assert len(UNSAFE_TOGETHER) >= 20
    assert {entry["task"] for entry in ENTRIES} == set(tasks.names())


def test_every_rule_has_a_file_in_which_it_fires_and_one_entry_in_which_it_does_not() -> None:
    of_ops = {file for file in FILES if "_" in file}
    assert {*FILES} - of_ops == {f"{code}.yaml" for code in RULES if code not in NO_YAML} | {
        "composition.yaml",
        "guards.yaml",
    }
    for code in set(RULES) - NO_YAML:
        fires = [code in entry.get("codes", []) for entry in entries(f"{code}.yaml")]
        assert any(fires) and not all(fires), code


def test_every_task_is_answered_both_ways() -> None:
    for name in set(tasks.names()) - {"none"}:
        assert {"safe", "unsafe"} <= {entry["verdict"] for entry in ENTRIES if entry["task"] == name}, name


def test_every_entry_is_a_sentence_of_its_own_with_keys_that_mean_something() -> None:
    names = [entry["name"] for entry in ENTRIES]
    assert len(set(names)) == len(names)
    for entry in ENTRIES:
        assert set(entry) <= KEYS, entry["name"]
        assert (entry["verdict"] == "safe") != bool(entry.get("codes")), entry["name"]
        assert entry.get("codes", []) == sorted(entry.get("codes", []))
        assert set(entry.get("codes", [])) <= set(RULES)

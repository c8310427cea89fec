"""Knobs write numbers into a policy's text and nothing beside them."""

from __future__ import annotations

from typing import Any

import pytest

from augkit import policy
from augkit.fix import Text
from augkit.studio.knobs import knobs
from augkit.studio.words import vocabulary

TEXT = """\
version: 1   # one
task: digits
steps:
  # turn
  - rotate: {degrees: [-12, 1.2e1], p: 0.8}   # twelve
  - shift:
      x: [-0.1, 0.1]   # shares
  - flip_horizontal
  - one_of:
      - blur: {sigma: [0.02, 0.06]}
      - [noise: {sigma: [0, 0.05]}, zoom: {}]
  - some_of: {n: 1, p: 0.5, steps: [invert: , grey: ]}
  - rand_augment:
  - albumentations: {name: Rotate, limit: [-5, 5], p: 1}
"""


def found(text: str) -> dict[str, dict[str, Any]]:
    read = Text(text, "p")
    assert read.policy.steps
    return {step["path"]: {one["name"]: one for one in step["knobs"]} for step in knobs(read)}


def turned(text: str, knob: dict[str, Any], *values: float) -> str:
    """Write a knob's values as the page does."""
    said = [f"{value:g}" for value in values]
    if "ends" in knob:
        for (start, end), word in reversed(list(zip(knob["ends"], said, strict=True))):
            text = text[:start] + word + text[end:]
        return text
    at = knob["insert"]
    return text[: at["from"]] + at["before"] + ", ".join(said) + at["after"] + text[at["to"] :]


def test_every_step_with_numbers_has_knobs_with_the_limits_of_its_op() -> None:
    some = found(TEXT)
    assert list(some) == [
        "steps[0].rotate", "steps[1].shift", "steps[2]", "steps[3].one_of[0].blur",
        "steps[3].one_of[1][0].noise", "steps[3].one_of[1][1].zoom", "steps[4].some_of",
        "steps[4].some_of.steps[0].invert", "steps[4].some_of.steps[1].grey", "steps[5].rand_augment",
        "steps[6].albumentations",
    ]  # fmt: skip
    turn = some["steps[0].rotate"]["degrees"]
    assert (turn["low"], turn["high"], turn["values"], turn["scale"]) == (-180, 180, [-12, 12], "linear")
    assert some["steps[3].one_of[1][1].zoom"]["factor"]["scale"] == "log"
    assert (
        set(some["steps[5].rand_augment"]) == {"n", "magnitude", "p"}
        and some["steps[5].rand_augment"]["n"]["whole"]
    )


def test_a_written_number_is_replaced_where_it_stands() -> None:
    text = TEXT
    turn = found(text)["steps[0].rotate"]["degrees"]
    assert turned(text, turn, -30, 45) == text.replace("[-12, 1.2e1]", "[-30, 45]")


def test_every_knob_writes_what_it_says_and_keeps_every_comment() -> None:
    text = TEXT
    for path, step in found(text).items():
        for name, knob in step.items():
            values = [knob["low"]] * len(knob["values"])
            if knob["whole"]:
                values = [1] * len(values)
            after = turned(text, knob, *values)
            again = [one for where, one in found(after).items() if where.split(".")[0] == path.split(".")[0]]
            assert any(name in one and one[name]["values"] == values and "ends" in one[name] for one in again)
            assert [line.partition("#")[2] for line in after.split("\n") if "#" in line] == [
                " one", " turn", " twelve", " shares",
            ]  # fmt: skip


def test_places_are_counted_as_a_browser_counts() -> None:
    text = "# 🦆\n" + TEXT
    start, end = found(text)["steps[0].rotate"]["degrees"]["ends"][0]
    assert text.encode("utf-16-le")[2 * start : 2 * end].decode("utf-16-le") == "-12"


@pytest.mark.parametrize("step", vocabulary()["steps"], ids=lambda step: step["name"])
def test_what_the_editor_offers_for_a_step_is_a_step(step: dict[str, Any]) -> None:
    if step["name"] in ("one_of", "some_of"):
        return  # they are begun, not finished
    written = step["apply"]
    policy.parse(f"version: 1\ntask: none\nsteps:\n  - {written}\n")


def test_the_editor_offers_the_words_that_a_key_takes() -> None:
    top = {key["name"]: key for key in vocabulary()["top"]}
    assert "relabel" in top["on_unsafe"]["values"] and "traffic-signs" in top["task"]["values"]
    steps = {step["name"]: step for step in vocabulary()["steps"]}
    named = {one["name"]: one for one in steps["albumentations"]["settings"]}
    assert "Rotate" in named["name"]["values"] and "Probability" in named["p"]["about"]

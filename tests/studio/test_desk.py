"""The desk answers about a text what the other commands would say of the file."""

from __future__ import annotations

import base64
from pathlib import Path

import cv2
import numpy as np
import pytest
from datasets import DatasetDict

from augkit import codec, fix, policy, safety, tasks
from augkit.errors import UsageError
from augkit.plan import Plan
from augkit.render import render
from augkit.sources import records
from augkit.studio import Asked, Desk
from augkit.studio.desk import Changed
from tests.store import making
from tests.studio.conftest import UNSAFE

SAFE = UNSAFE.replace("90", "15")
GUARDED = "version: 1\ntask: digits\non_unsafe: {}\nsteps:\n  - rotate: {{degrees: [-180, 180]}}\n"


def pixels(address: str) -> np.ndarray:
    kind, _, data = address.partition(";base64,")
    assert kind == "data:image/png"
    return codec.decode(base64.b64decode(data))


def test_the_pictures_are_those_that_generate_makes(desk: Desk) -> None:
    found = desk.look(SAFE, Asked(seed=7, rows=3, copies=4))
    judged = safety.judge(policy.parse(SAFE), tasks.load("digits"))
    plan = Plan(judged.safe_policy(), making.DIGITS, seed=7)
    assert len(found["rows"]) == 3 and found["split"] == "train"
    for row in found["rows"]:
        original = codec.decode(making.picture(int(row["key"][1:])))
        assert np.array_equal(pixels(row["image"]), original)
        label = making.DIGITS.index(row["label"])
        drawn = plan.draw([row["key"]] * 4, np.full(4, label), np.arange(1, 5), np.full((4, 2), 32))
        for copy in row["copies"]:
            i = copy["copy"] - 1
            assert np.array_equal(pixels(copy["image"]), render(original, drawn, i))
            assert copy["drawn"] == safety.drawn_in_words(drawn, i, short=True)


def test_each_picture_is_judged_for_its_own_class(desk: Desk) -> None:
    half = "{version: 1, task: digits, steps: [{rotate: {degrees: [180, 180]}}]}"
    rows = {row["label"]: row["copies"] for row in desk.look(half, Asked(rows=10, copies=1))["rows"]}
    states = {name: copies[0]["state"] for name, copies in rows.items()}
    assert {name for name, state in states.items() if state == "safe"} == {"0", "1", "5", "8"}
    assert rows["6"][0]["found"][0]["code"] == "LS401" and "another class" in rows["6"][0]["sentence"]
    assert rows["3"][0]["found"][0]["code"] == "LS102"


def test_the_worst_come_first_and_safe_ones_can_be_left_out(desk: Desk) -> None:
    found = desk.look(UNSAFE, Asked(rows=8, copies=4))
    order = ["unsafe", "unproven", "dropped", "safe"]
    for row in found["rows"]:
        states = [order.index(copy["state"]) for copy in row["copies"]]
        assert states == sorted(states)
    worst = [order.index(row["copies"][0]["state"]) for row in found["rows"]]
    assert worst == sorted(worst) and found["counts"]["unsafe"] > 0 < found["counts"]["safe"]
    only = desk.look(UNSAFE, Asked(rows=8, copies=4, only=True))
    assert {copy["state"] for row in only["rows"] for copy in row["copies"]} == {"unsafe"}
    assert desk.look(SAFE, Asked(only=True))["rows"] == []


def test_one_class_can_be_asked_for(desk: Desk) -> None:
    found = desk.look(SAFE, Asked(rows=3, copies=1, of="7"))
    assert {row["label"] for row in found["rows"]} == {"7"} and len(found["rows"]) == 3


def test_a_guard_shows_what_it_writes_and_what_it_drops(desk: Desk) -> None:
    relabelled = desk.look(GUARDED.format("relabel"), Asked(rows=10, copies=4))
    copies = [(row["label"], copy) for row in relabelled["rows"] for copy in row["copies"]]
    assert {copy["state"] for _, copy in copies} == {"safe"}
    assert {(label, copy["becomes"]) for label, copy in copies if copy["becomes"]} <= {("6", "9"), ("9", "6")}
    dropped = desk.look(GUARDED.format("drop"), Asked(rows=10, copies=4))
    assert dropped["counts"]["dropped"] > 0 and dropped["counts"]["unsafe"] == 0


def test_what_the_policy_allows_is_no_finding_of_a_picture(desk: Desk) -> None:
    allowed = UNSAFE + "allow:\n  LS102: looked at elsewhere\n"
    found = desk.look(allowed, Asked(rows=8, copies=4))
    assert found["counts"]["unsafe"] == 0
    said = [copy for row in found["rows"] for copy in row["copies"] if copy["found"]]
    assert said and all("looked at elsewhere" in copy["sentence"] for copy in said)


def test_an_error_is_marked_where_it_stands_and_says_the_fix(desk: Desk) -> None:
    text = UNSAFE.replace("rotate:", "rotat:")
    mark = desk.look(text, Asked())["error"]
    assert text[mark["from"] : mark["to"]] == "rotat: {degrees: [-90, 90], p: 0.5}"
    assert mark["fix"] == "did you mean rotate?" and desk.judge(text)["word"] == "unreadable"


def test_a_place_after_wide_letters_is_counted_as_a_browser_counts(desk: Desk) -> None:
    text = "# 🦆 𝕏\n" + UNSAFE.replace("rotate:", "rotat:")
    mark = desk.look(text, Asked())["error"]
    units = text.encode("utf-16-le")
    assert units[2 * mark["from"] : 2 * mark["to"]].decode("utf-16-le").startswith("rotat: {")


def test_the_verdict_is_that_of_check(desk: Desk) -> None:
    found = desk.judge(UNSAFE)
    verdict = safety.judge(policy.parse(UNSAFE), tasks.load("digits"), classes=making.DIGITS)
    assert found["word"] == "unsafe" and found["reach"] == verdict.reach.in_words()
    assert [mark["problem"] for mark in found["marks"]] == [one.problem for one in verdict.findings]
    first = found["marks"][0]
    assert UNSAFE[first["from"] : first["to"]] == "rotate: {degrees: [-90, 90], p: 0.5}"


def test_fix_mends_the_text_and_keeps_its_comments(desk: Desk) -> None:
    fixed = desk.fix(UNSAFE)
    assert fixed["safe"] and "# too far" in fixed["text"] and fixed["done"]
    assert fixed["text"] == fix.fix(UNSAFE, "p", tasks.load("digits"), classes=making.DIGITS).after


def test_a_suite_is_drawn_from_as_narrowed(desk: Desk) -> None:
    found = desk.look("{version: 1, task: digits, steps: [{rand_augment: {magnitude: 20}}]}", Asked())
    drawn = " ".join(copy["drawn"] for row in found["rows"] for copy in row["copies"])
    assert found["counts"]["safe"] == 24 and "solarize" not in drawn


# ---- the file


def test_saving_keeps_the_line_ends_and_the_mark_of_the_file(desk: Desk) -> None:
    desk.path.write_bytes(b"\xef\xbb\xbf" + UNSAFE.replace("\n", "\r\n").encode())
    begun = desk.open()
    assert begun["text"] == UNSAFE
    after = desk.save(SAFE, begun["version"])
    assert desk.path.read_bytes() == b"\xef\xbb\xbf" + SAFE.replace("\n", "\r\n").encode()
    assert after["version"] == desk.open()["version"] != begun["version"]


def test_a_file_that_something_else_wrote_is_not_saved_over(desk: Desk) -> None:
    begun = desk.open()
    desk.path.write_text("# theirs\n", encoding="utf-8")
    with pytest.raises(Changed, match="changed on the disk"):
        desk.save(SAFE, begun["version"])
    assert desk.path.read_text(encoding="utf-8") == "# theirs\n"
    desk.save(SAFE, desk.open()["version"])
    assert desk.path.read_text(encoding="utf-8") == SAFE


def test_a_file_that_is_gone_is_not_made_again_unasked(desk: Desk) -> None:
    version = desk.open()["version"]
    desk.path.unlink()
    with pytest.raises(Changed):
        desk.save(SAFE, version)
    assert not desk.path.exists()


def test_the_command_is_quoted_for_a_shell(tmp_path: Path) -> None:
    path = tmp_path / "a policy.yaml"
    path.write_text(SAFE, encoding="utf-8")
    command = Desk(path, "my data", making.source(4), task="digits").open()["command"]
    assert command.startswith(f"augkit generate '{path}' 'my data' ") and command.endswith(" --task digits")


# ---- what the page must not do


@pytest.mark.parametrize("name", ["/etc/passwd", "../secret.yaml", "link.yaml"])
def test_a_text_names_no_task_outside_the_folder_of_its_policy(desk: Desk, name: str) -> None:
    (desk.path.parent.parent / "secret.yaml").write_text("secret: word\n", encoding="utf-8")
    (desk.path.parent / "link.yaml").symlink_to(desk.path.parent.parent / "secret.yaml")
    mark = desk.look(UNSAFE.replace("task: digits", f'task: "{name}"'), Asked())["error"]
    assert "opens no task outside" in mark["problem"] and "word" not in str(mark)


@pytest.mark.parametrize("name", ["nothing.yaml", "a\\0b", "x" * 5000])
def test_a_task_that_is_not_there_is_said_to_be_missing(desk: Desk, name: str) -> None:
    mark = desk.look(UNSAFE.replace("task: digits", f'task: "{name}"'), Asked())["error"]
    assert mark["problem"].startswith("no task ") and "digits" in mark["problem"]


def test_a_task_beside_the_policy_is_read_and_its_errors_are_said_at_the_key(desk: Desk) -> None:
    own = "version: 1\ntask: own\nlike: digits\nclasses: {" + ", ".join(f'"{c}": "{c}"' for c in "0123456789")
    (desk.path.parent / "own.yaml").write_text(own + "}\n", encoding="utf-8")
    text = UNSAFE.replace("task: digits", "task: own.yaml")
    assert desk.judge(text)["word"] == "unsafe"
    (desk.path.parent / "own.yaml").write_text("version: 2\n", encoding="utf-8")
    mark = desk.look(text, Asked())["error"]
    assert text[mark["from"] : mark["to"]] == "task: own.yaml" and "own.yaml:1:1" in mark["problem"]


def test_a_picture_is_asked_for_by_a_key_of_the_data_and_by_nothing_else(desk: Desk) -> None:
    row = desk.look(SAFE, Asked(seed=7, rows=1, copies=2))["rows"][0]
    copy = next(copy for copy in row["copies"] if copy["copy"] == 2)
    found = desk.picture(SAFE, Asked(seed=7), row["key"], 2)
    assert np.array_equal(pixels(found["copy"]), pixels(copy["image"])) and found["sizes"] == [[32, 32]] * 2
    for key in ("k999", str(desk.path), "../k003"):
        with pytest.raises(UsageError, match="no picture"):
            desk.picture(SAFE, Asked(), key, 1)


@pytest.mark.parametrize(
    "asked",
    [{"rows": 0}, {"rows": 10, "copies": 10}, {"seed": -1}, {"seed": 2**64}, {"seed": "1"}, {"only": 1}],
)
def test_what_makes_no_sense_is_not_asked(asked: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        Asked.read(asked)


def test_pictures_that_cannot_be_read_are_passed_over(desk: Desk) -> None:
    images = [b"", b"<html>", making.picture(2), making.picture(3)[:50]]
    part = records.dataset(list("abcd"), images, [0, 1, 2, 3], making.DIGITS)
    desk = Desk(desk.path, "torn", DatasetDict({"train": part}))
    assert [row["key"] for row in desk.look(SAFE, Asked())["rows"]] == ["c"]
    torn = Desk(desk.path, "torn", DatasetDict({"train": part.select([0, 1])}))
    assert "none of the pictures" in torn.look(SAFE, Asked())["error"]["problem"]


def test_large_pictures_are_shown_small_and_judged_by_their_own_shape(desk: Desk) -> None:
    wide = np.zeros((400, 1600, 3), np.uint8)
    cv2.circle(wide, (800, 200), 150, (255, 80, 0), -1)
    part = records.dataset(["wide"], [codec.encode(wide, "jpeg")], [0], making.DIGITS)
    desk = Desk(desk.path, "wide", DatasetDict({"train": part}))
    text = "{version: 1, task: digits, steps: [{rotate: {degrees: [90, 90]}}]}"
    row = desk.look(text, Asked(rows=1, copies=1))["rows"][0]
    assert max(row["size"]) == 256 and row["image"].startswith("data:image/jpeg")
    assert any(one["code"] == "LS301" and "0.25 of" in one["problem"] for one in row["copies"][0]["found"])

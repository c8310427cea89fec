"""A starter is a policy that `check` accepts, for every task, and so is a task file for one's own classes."""

from __future__ import annotations

import pytest

from augkit import policy, safety, tasks
from augkit.errors import UsageError
from augkit.intervals import Interval
from augkit.starter import MODELINE, own_task, starter

TASKS = tasks.names()


@pytest.mark.parametrize("name", TASKS)
def test_the_starter_of_every_task_is_safe_moves_something_and_says_so_in_comments(name: str) -> None:
    task = tasks.load(name)
    text = starter(task, name)
    assert text.startswith(MODELINE.format("policy.schema.json"))
    read = policy.parse(text, "policy.yaml")
    assert read.task == name
    assert safety.judge(read, task).safe
    assert len(list(read.leaves())) >= 6
    lines = text.split("\nsteps:  ")[1].splitlines()
    assert all("#" in line for line in lines[1:] if ": {" in line)


@pytest.mark.parametrize("name", [name for name in TASKS if name != "none"])
def test_what_a_starter_leaves_out_is_what_its_labels_do_not_survive(name: str) -> None:
    task = tasks.load(name)
    text = starter(task, name)
    mirrors = "\n  - flip_horizontal" in text
    flipped = policy.parse(text.replace("  # - flip_horizontal", "  - flip_horizontal"), "policy.yaml")
    assert safety.judge(flipped, task).safe == mirrors
    assert ("on_unsafe: relabel, which" in text) == any(zone.axis == "mirrored" for zone in task.becomes)


def test_a_starter_is_safe_for_pictures_of_other_shapes() -> None:
    task, wide = tasks.load("digits"), Interval(0.4, 3)
    read = policy.parse(starter(task, "digits", aspect=wide))
    assert safety.judge(read, task, aspect=wide).safe


def test_a_task_that_survives_hardly_anything_gets_gentler_steps_and_one_that_survives_nothing_none() -> None:
    strict = tasks.parse(
        "version: 1\ntask: strict\nclasses: any\nsurvives: {turn: [-1, 1], kept: 0.97, stretch: 1.05}\n"
    )
    read = policy.parse(starter(strict, "strict.yaml"))
    assert {leaf.name for leaf in read.leaves()} <= {"shift", "rotate"}
    with pytest.raises(UsageError, match="survives too little"):
        starter(tasks.parse("version: 1\ntask: still\nclasses: any\nsurvives: {}\n"), "still.yaml")


def test_classes_of_ones_own_go_into_a_copy_of_a_task_that_names_none() -> None:
    made = tasks.parse(own_task("natural", ("cat", "yes", "5", "größe: x")), "task.yaml")
    model = tasks.load("natural")
    assert made.classes == ("cat", "yes", "5", "größe: x")
    assert (made.default, made.aspect, made.because) == (model.default, model.aspect, model.because)


@pytest.mark.parametrize("name", [name for name in TASKS if name != "none" and not tasks.load(name).classes])
def test_a_copied_task_holds_a_commented_exception_that_is_right_when_uncommented(name: str) -> None:
    text = own_task(name, ("cat", "dog"))
    head, _, rest = text.partition("# except:")
    example, _, because = rest.partition("\nbecause:")
    uncommented = head + "except:" + example.replace("\n# ", "\n") + "\nbecause:" + because
    made = tasks.parse(uncommented, "task.yaml")
    assert [label for label, _ in made.excepted] == ["cat"]


def test_names_that_say_which_class_they_are_are_understood() -> None:
    made = tasks.parse(own_task("digits", ("zero", "Six", "09", "3")), "task.yaml")
    assert made.classes == ("zero", "Six", "09", "3")
    assert made.partner("Six", "turn", 180) == "09"
    signs = tuple(f"{number:05d}" for number in range(43))
    assert len(tasks.parse(own_task("traffic-signs", signs), "task.yaml").classes) == 43


def test_names_that_the_task_has_need_no_file() -> None:
    assert own_task("digits", ("3", "6", "9")) == ""
    assert own_task("none", ("cat", "dog")) == ""


def test_a_name_that_says_nothing_is_asked_for_with_both_lists() -> None:
    with pytest.raises(UsageError, match=r"which class of hands is 'thumb'\?") as found:
        own_task("hands", ("left", "thumb"))
    assert "'left', 'thumb'" in str(found.value) and "--classes 'thumb=left'" in found.value.fix
    assert "thumb" in own_task("hands", ("left", "thumb"), {"thumb": "right"})
    with pytest.raises(UsageError) as found:
        own_task("hands", ("left", "thumb"), {"thumb": "rigth"})
    assert found.value.fix == "did you mean right?"

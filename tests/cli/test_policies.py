"""What a person sees of check, explain, tasks and ops, and the exit codes that scripts rely on."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from augkit import tasks
from augkit.ops import OPS
from augkit.safety import RULES
from tests.cli.conftest import SAFE, UNSAFE, Run


def test_a_safe_policy_exits_0_and_says_so(augkit: Run) -> None:
    code, out, err = augkit("check", SAFE)
    assert code == 0
    assert "safe for the task digits, proved for each of its 10 classes" in out
    assert err == f"next: augkit preview {SAFE} YOUR-PICTURES shows what it makes of pictures\n"


def test_an_unsafe_policy_is_told_how_to_be_mended_and_where_to_read_why(augkit: Run) -> None:
    _, _, err = augkit("check", UNSAFE, "--task", "hands")
    assert f"augkit fix {UNSAFE} --task hands" in err and "augkit explain LS" in err


def test_an_unsafe_policy_exits_1_and_names_rule_place_class_and_what_a_6_becomes(augkit: Run) -> None:
    code, out, _ = augkit("check", UNSAFE)
    assert code == 1
    assert f"{UNSAFE}:7:5: LS401" in out
    assert "a 6 reads 9" in out
    assert "fix: " in out


def test_a_broken_file_exits_2_at_its_line_with_a_suggestion(augkit: Run, tmp_path: Path) -> None:
    broken = tmp_path / "letters.yaml"
    broken.write_text("version: 1\ntask: digits\nsteps:\n  - rotat: {degrees: [-5, 5]}\n")
    code, out, err = augkit("check", str(broken))
    assert (code, out) == (2, "")
    assert err.startswith(f"{broken}:4:5: steps[0].rotat: got 'rotat'")
    assert "did you mean rotate?" in err


@pytest.mark.parametrize("command", ["check", "fix"])
def test_a_task_that_is_not_there_is_said_at_the_line_that_names_it(
    augkit: Run, tmp_path: Path, command: str
) -> None:
    policy = tmp_path / "p.yaml"
    policy.write_text("version: 1\nabout: mine\ntask: digitz\nsteps: []\n")
    code, out, err = augkit(command, policy)
    assert (code, out) == (2, "") and err.startswith(f"{policy}:3:1: task: no task 'digitz'; built in are")
    assert "did you mean digits?" in err
    code, _, err = augkit(command, policy, "--task", "digitz")
    assert code == 2 and err.startswith("no task 'digitz'")


@pytest.mark.parametrize("name", ["absent.yaml", "."])
def test_a_file_that_cannot_be_read_exits_2_without_a_traceback(
    augkit: Run, name: str, tmp_path: Path
) -> None:
    code, _, err = augkit("check", str(tmp_path / name))
    assert code == 2
    assert "cannot read it" in err


def test_all_policies_given_are_judged_and_one_unsafe_one_decides(augkit: Run) -> None:
    code, out, _ = augkit("check", SAFE, UNSAFE)
    assert code == 1
    assert "digits.yaml: safe" in out and "digits-unsafe.yaml: unsafe" in out


def test_json_holds_the_findings_with_numbers_and_a_witness(augkit: Run) -> None:
    code, out, _ = augkit("check", UNSAFE, "--format", "json")
    found = json.loads(out)
    assert code == 1
    assert found["verdict"] == "unsafe"
    another = next(finding for finding in found["findings"] if finding["code"] == "LS401")
    assert another["classes"] == ["6", "9"]
    assert another["becomes"] == {"6": "9", "9": "6"}
    assert abs(another["found"]) == pytest.approx(180)
    assert another["witness"]


def test_json_can_be_asked_for_as_elsewhere_and_tasks_are_told_in_it_too(augkit: Run) -> None:
    assert augkit("check", UNSAFE, "--json")[1] == augkit("check", UNSAFE, "--format", "json")[1]
    one = json.loads(augkit("tasks", "digits", "--json")[1])
    assert one["survives"]["turn"] == [[-20, 20]] and one["except"]["8"]["turn"] == "any"
    assert [task["task"] for task in json.loads(augkit("tasks", "--json")[1])] == tasks.names()


def test_github_gets_one_annotation_for_each_finding_at_its_line(augkit: Run) -> None:
    _, out, _ = augkit("check", UNSAFE, "--format", "github")
    lines = out.strip().splitlines()
    assert all(line.startswith(f"::error file={UNSAFE},line=") for line in lines)
    assert len(lines) == len(json.loads(augkit("check", UNSAFE, "--format", "json")[1])["findings"])


@pytest.fixture
def broken(tmp_path: Path) -> list[str]:
    """Return the names of two files that are no policies."""
    texts = {
        "rotat.yaml": "version: 1\ntask: digits\nsteps:\n  - rotat: {}\n",
        "garbage.yaml": "version: 1\n\t- {\n",
    }
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
    return [str(tmp_path / name) for name in texts]


def test_every_file_gets_its_verdict_or_its_error_and_the_worst_decides(
    augkit: Run, broken: list[str]
) -> None:
    one, other = broken
    code, out, err = augkit("check", one, UNSAFE, other, SAFE)
    assert code == 2
    assert "digits-unsafe.yaml: unsafe" in out and "\n\n" + SAFE + ": safe" in out
    first, second, *following = [at for at in map(err.find, (f"{one}:4:5: ", f"{other}:2:1: ", "next: "))]
    assert 0 == first < second < following[0] and err.count("next: ") == 2
    alone = augkit("check", UNSAFE, SAFE)
    assert (alone[0], alone[1]) == (1, out)


def test_what_is_no_policy_is_told_in_json_beside_the_verdicts(augkit: Run, broken: list[str]) -> None:
    code, out, err = augkit("check", SAFE, broken[0], "--json")
    verdict, error = json.loads(out)
    assert code == 2 and (verdict["verdict"], verdict["policy"]) == ("safe", SAFE)
    assert (error["verdict"], error["policy"]) == ("error", broken[0])
    assert error["where"].startswith(f"{broken[0]}:4:5") and error["problem"].startswith("got 'rotat'")
    assert error["fix"] == "did you mean rotate?" and err.startswith(error["where"])
    code, out, _ = augkit("check", broken[0], "--format", "json")
    assert code == 2 and json.loads(out) == error


def test_github_gets_an_annotation_for_what_is_no_policy(
    augkit: Run, broken: list[str], tmp_path: Path
) -> None:
    absent = str(tmp_path / "absent.yaml")
    code, out, err = augkit("check", *broken, absent, SAFE, "--format", "github")
    lines = out.splitlines()
    assert code == 2 and len(lines) == 3 and "got 'rotat'" in err
    place = f"::error file={broken[0]},line=4,col=5,title=no policy"
    assert lines[0].startswith(f"{place}::steps[0].rotat: got 'rotat'")
    assert lines[0].endswith("Fix: did you mean rotate?")
    assert lines[1].startswith(f"::error file={broken[1]},line=2,col=1,")
    assert lines[2].startswith(f"::error file={absent},line=1,col=1,title=no policy::cannot read it")


def test_the_task_none_lets_everything_through_and_says_that_it_promises_nothing(augkit: Run) -> None:
    code, out, _ = augkit("check", UNSAFE, "--task", "none")
    assert code == 0
    assert "makes no promise about labels" in out


def test_show_reach_says_in_words_what_the_policy_can_do_an_axis_a_line(augkit: Run) -> None:
    _, out, _ = augkit("check", SAFE, "--show-reach")
    lines = out.split("reach, axis by axis")[1].splitlines()[1:]
    assert lines[0] == "  turns up to 16.1° either way"
    assert "  keeps at least 48.7 % in frame" in lines
    assert not any("hue" in line for line in lines)
    assert f"all steps together: {'; '.join(line.strip() for line in lines)}" in out


@pytest.mark.parametrize("code", sorted(RULES))
def test_every_rule_is_explained_by_code_and_by_name(augkit: Run, code: str) -> None:
    _, by_code, _ = augkit("explain", code)
    _, by_name, _ = augkit("explain", RULES[code].NAME)
    assert by_code == by_name
    assert by_code.startswith(code) and "Why:" in by_code and "Use instead:" in by_code


def test_an_unknown_rule_exits_2_and_lists_the_rules(augkit: Run) -> None:
    code, _, err = augkit("explain", "LS999")
    assert code == 2
    assert "LS102" in err


@pytest.mark.parametrize("name", list(OPS))
def test_every_op_has_a_page_with_its_settings(augkit: Run, name: str) -> None:
    code, out, _ = augkit("ops", name)
    assert code == 0
    assert out.startswith(name) and "p: probability" in out


@pytest.mark.parametrize("name", tasks.names())
def test_every_task_has_a_page(augkit: Run, name: str) -> None:
    code, out, _ = augkit("tasks", name)
    assert code == 0
    assert out.startswith(name) and "survive" in out


def test_the_lists_name_every_rule_op_and_task(augkit: Run) -> None:
    for command, names in (("explain", RULES), ("ops", OPS), ("tasks", tasks.names())):
        _, said, _ = augkit(command)
        assert all(name in said for name in names)


def test_a_misspelt_task_exits_2_with_a_suggestion(augkit: Run) -> None:
    code, _, err = augkit("check", SAFE, "--task", "digit")
    assert code == 2
    assert "did you mean digits?" in err


@pytest.mark.parametrize("kind", ["policy", "task"])
def test_schema_prints_json_that_an_editor_reads_and_nothing_else(augkit: Run, kind: str) -> None:
    code, out, err = augkit("schema", kind)
    assert (code, err) == (0, "")
    assert json.loads(out)["title"] == f"augkit {kind}"
    assert kind == "task" or augkit("schema")[1] == out


def test_a_schema_of_something_else_exits_2(augkit: Run) -> None:
    code, out, err = augkit("schema", "plan")
    assert (code, out) == (2, "") and "policy" in err


@pytest.mark.parametrize("word", ["rand_augment", "trivial_augment"])
def test_a_suite_has_a_page_and_a_line_in_the_list(augkit: Run, word: str) -> None:
    code, out, _ = augkit("ops", word)
    assert code == 0 and out.startswith(word) and "without: a list of some of identity" in out
    assert "p: probability" in out and f"\n{word}" in augkit("ops")[1]

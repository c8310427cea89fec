"""What a person sees of build, generate and verify, and the exit codes that scripts rely on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from augkit import store
from augkit.store import job
from tests.cli.conftest import ROOT, SAFE, UNSAFE, Run
from tests.ctrl_c import heed
from tests.store import making


def test_generate_says_what_it_found_and_made_and_says_so_again(augkit: Run, digits: Path, tmp_path: Path):
    out = tmp_path / "out"
    code, said, told = augkit("generate", SAFE, digits, out, "--copies", 2)
    assert code == 0 and said == f"{out}: made: 90 pictures\n"
    found, planned, counts, *after = told.splitlines()
    assert found == "Found 30 files belonging to 10 classes."
    assert planned.startswith("To make: 90 pictures (30 originals and 60 copies) in 90 files; about 3")
    assert counts == "  train: 9 of each of 10 classes"
    assert after == ["next:", f"  augkit verify {out}", f"  augkit report {out}"]
    code, said, _ = augkit("generate", SAFE, digits, out, "--copies", 2)
    assert code == 0 and said == f"{out}: already made, and verified: 90 pictures\n"
    code, said, _ = augkit("verify", out)
    assert code == 0 and said == f"{out}: whole: 90 pictures as they were written\n"


def test_an_unsafe_policy_makes_nothing_and_exits_1(augkit: Run, digits: Path, tmp_path: Path):
    code, said, told = augkit("generate", UNSAFE, digits, tmp_path / "out")
    assert code == 1 and said == "" and "LS102" in told and not (tmp_path / "out").exists()


def test_the_task_none_lets_it_through_and_the_card_says_so(augkit: Run, digits: Path, tmp_path: Path):
    code, *_ = augkit("generate", UNSAFE, digits, tmp_path / "out", "--task", "none", "--copies", 1)
    assert code == 0
    card = (tmp_path / "out" / "README.md").read_text("utf-8")
    assert "**Made under the task `none`: nobody promises that these labels are right.**" in card


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (("--seed", 1), "seed: 0 there, 1 now"),
        (("--copies", 2), "copies: 1 there, 2 now"),
        (("--no-keep-originals",), "keep_originals: True there, False now"),
        (("--limit", 20), "source.train.pictures: 30 there, 20 now"),
        (("--image-format", "jpeg:90"), "image_format: png there, jpeg:90 now"),
        (("--task", "none"), "task"),
        (("--split", "50/50"), "source."),
    ],
)
def test_another_request_is_refused_by_what_differs(augkit: Run, digits: Path, tmp_path: Path, more, told):
    out = tmp_path / "out"
    assert augkit("generate", SAFE, digits, out, "--copies", 1)[0] == 0
    before = making.tree(out)
    given = ["--copies", 1, *more] if "--copies" not in more else more
    code, said, err = augkit("generate", SAFE, digits, out, *given)
    assert code == 3 and said == "" and told in err and "it holds another data set" in err
    assert making.tree(out) == before and store.verify(out).ok
    code, said, _ = augkit("generate", SAFE, digits, out, *given, "--overwrite")
    assert code == 0 and "made:" in said


def test_a_changed_policy_is_refused_by_its_setting(augkit: Run, digits: Path, tmp_path: Path):
    policy = tmp_path / "policy.yaml"
    policy.write_text(making.SAFE)
    assert augkit("generate", policy, digits, tmp_path / "out", "--copies", 1)[0] == 0
    policy.write_text("# a comment changes nothing\n" + making.SAFE.replace("-12, 12", "-12.0, 12"))
    assert augkit("generate", policy, digits, tmp_path / "out", "--copies", 1)[0] == 0
    policy.write_text(making.SAFE.replace("-12, 12", "-12, 13"))
    code, _, err = augkit("generate", policy, digits, tmp_path / "out", "--copies", 1)
    assert code == 3 and "rotate" in err and "13" in err


def test_harm_is_named_and_exits_1(augkit: Run, digits: Path, tmp_path: Path):
    out = tmp_path / "out"
    augkit("build", digits, out)
    (out / "train" / "3" / "03-0.png").write_bytes(b"other")
    code, said, _ = augkit("verify", out)
    assert code == 1 and "train/3/03-0.png: it was changed" in said
    code, _, err = augkit("build", digits, out)
    assert code == 3 and "harmed since: train/3/03-0.png" in err


def test_build_splits_and_what_it_built_can_be_generated_from(augkit: Run, digits: Path, tmp_path: Path):
    code, said, _ = augkit("build", digits, tmp_path / "built", "--split", "67/33", "--stratify")
    assert code == 0 and "30 pictures" in said
    assert len(list((tmp_path / "built" / "train").glob("*/*"))) == 20
    code, said, _ = augkit("generate", SAFE, tmp_path / "built", tmp_path / "out", "--splits", "train, test")
    assert code == 0 and "110 pictures" in said


@pytest.mark.parametrize(
    ("given", "code", "told"),
    [
        (("generate", SAFE, "SOURCE", "OUT", "--image-format", "gif"), 2, "want png, webp or jpeg"),
        (("generate", SAFE, "SOURCE", "OUT", "--splits", "test"), 2, "no split 'test'"),
        (
            ("generate", SAFE, "SOURCE", "OUT", "--copies", 0, "--no-keep-originals"),
            2,
            "at least one picture",
        ),
        (("generate", SAFE, "mnist-sampel", "OUT"), 3, "did you mean mnist-sample?"),
        (("generate", SAFE, "SOURCE", "SOURCE"), 3, "it holds pictures of the source"),
        (("generate", SAFE, "SOURCE", "SOURCE/out"), 3, "it lies in the source"),
        (("generate", SAFE, "SOURCE", SAFE), 3, "a file, not a folder"),
        (("build", "SOURCE", "OUT", "--split", "50/60"), 2, "add up to 100"),
        (("verify", "SOURCE"), 3, "augkit made no data set here"),
        (("verify", "OUT"), 3, "augkit made no data set here"),
        (("verify", SAFE), 3, "augkit made no data set here"),
        (("generate", SAFE, "SOURCE", "OUT", "--workers", 0), 2, "--workers"),
    ],
)
def test_what_cannot_be_done_is_said_with_its_code(augkit: Run, digits, tmp_path: Path, given, code, told):
    named = {"SOURCE": str(digits), "OUT": str(tmp_path / "out")}
    arguments = [str(each).replace("SOURCE", named["SOURCE"]).replace("OUT", named["OUT"]) for each in given]
    before = sorted(digits.rglob("*"))
    found, said, err = augkit(*arguments)
    assert (found, said) == (code, "") and told in err
    assert sorted(digits.rglob("*")) == before and not (tmp_path / "out").exists()


def test_an_unfinished_data_set_is_refused_kindly(augkit: Run, digits: Path, tmp_path: Path):
    out = tmp_path / "out"
    augkit("build", digits, out)
    (out / "augkit.json").unlink()
    code, _, err = augkit("verify", out)
    assert code == 3 and "it is not finished" in err and "it carries on" in err
    code, _, err = augkit("generate", SAFE, out, tmp_path / "other")
    assert code == 3 and "has not finished writing" in err
    code, said, _ = augkit("build", digits, out)
    assert code == 0 and "finished: 30 pictures" in said


def test_bad_pictures_are_counted_in_the_last_line(augkit: Run, digits: Path, tmp_path: Path):
    (digits / "3" / "bad.png").write_bytes(b"<html>not found</html>")
    code, said, _ = augkit("build", digits, tmp_path / "out")
    assert code == 0 and "30 pictures, 1 source could not be read (see .augkit/quarantine.json)" in said
    (noted,) = json.loads((tmp_path / "out" / ".augkit" / "quarantine.json").read_text("utf-8"))
    assert noted["source"] == "3/bad.png" and "no known kind of picture" in noted["reason"]


@pytest.mark.thorough
@pytest.mark.parametrize("kind", [signal.SIGINT, signal.SIGTERM])
def test_promise_10_a_signal_ends_the_command_and_its_workers(
    digits: Path, tmp_path: Path, kind: signal.Signals
):
    out = tmp_path / "out"
    command = [sys.executable, "-m", "augkit", "generate", SAFE, str(digits), str(out)]
    process = subprocess.Popen(
        [*command, "--copies", "4000", "--workers", "2"],
        cwd=ROOT,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=heed,
    )
    children: list[psutil.Process] = []
    until = time.monotonic() + 60
    while time.monotonic() < until and not (children and list(out.glob(".augkit/run/tmp/*/1"))):
        time.sleep(0.01)
        children = psutil.Process(process.pid).children(recursive=True)
    os.kill(process.pid, kind)
    _, err = process.communicate(timeout=20)  # two seconds, where nobody else works
    assert process.returncode == (130 if kind == signal.SIGINT else 143)
    assert "run the same command again: it carries on" in err and "Traceback" not in err
    _, alive = psutil.wait_procs(children, timeout=5)
    assert not alive and not (out / "augkit.json").exists()


def test_promise_12_parts_are_made_by_commands_of_their_own_and_merged(
    augkit: Run, digits, tmp_path, monkeypatch
):
    monkeypatch.setattr(job, "SHARD_SIZE", 4)
    out, whole = tmp_path / "out", tmp_path / "whole"
    given = ("generate", SAFE, digits, out, "--copies", 2)
    assert augkit("generate", SAFE, digits, whole, "--copies", 2)[0] == 0
    code, said, _ = augkit(*given, "--shard", "1/3", "--dry-run")
    assert code == 0 and "; part 1/3: 36 of them; about" in said and not out.exists()
    code, _, told = augkit(*given, "--shard", "4/3")
    assert code == 2 and "as 2/8" in told and "--shard 1/3 to --shard 3/3" in told
    code, said, told = augkit(*given, "--shard", "2/3")
    assert (code, said) == (0, f"{out}: part 2/3: made: 30 pictures\n")
    assert "; part 2/3: 30 of them" in told and told.endswith(
        f"Once all 3 parts are made: augkit merge {out}\n"
    )
    code, _, told = augkit("merge", out)
    assert code == 3 and "5 of 8 shards are missing: 0, 2, 3, 5, 6" in told
    assert "generate again with --shard 1/3, --shard 3/3, and merge again" in told
    assert augkit("generate", SAFE, digits, out, "--copies", 3, "--shard", "1/3")[0] == 3
    for part in ("1/3", "3/3"):
        assert augkit(*given, "--shard", part)[0] == 0
    assert augkit("merge", out)[:2] == (0, f"{out}: merged: 90 pictures\n")
    assert making.tree(out) == making.tree(whole)
    assert augkit("merge", out)[1] == f"{out}: already made, and verified: 90 pictures\n"
    assert augkit(*given, "--shard", "2/3")[1] == f"{out}: part 2/3: merged already: 90 pictures\n"
    assert augkit(*given, "--shard", "2/3", "--overwrite")[0] == 2

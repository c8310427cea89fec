"""Copies never cross a split: nothing that a policy can say sends one there, and nothing in the store does.

What a source itself holds twice, in two splits, is found when it is loaded: tests/sources/test_duplicates.
"""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from datasets import DatasetDict

from augkit import policy, safety, store, tasks
from augkit.errors import PolicyError
from augkit.plan import Plan
from tests.store import making

EVERY_SPLIT = making.SAFE + "splits: [train, test]\nallow: {LS501: a look at how robust the scores are}\n"


def made(tmp_path: Path, text: str) -> pd.DataFrame:
    read = policy.parse(text)
    verdict = safety.judge(read, tasks.load("digits"))
    plan = Plan(verdict.safe_policy(), making.DIGITS, seed=3, copies=3)
    # The two splits name their pictures alike, so that a name alone does not tell them apart.
    data = DatasetDict(train=making.source(12)["train"], test=making.source(8, first=100)["train"])
    data["test"] = data["test"].remove_columns("key").add_column("key", data["train"]["key"][:8])
    out = store.generate(plan, data.cast(data["train"].features), tmp_path / "out").out
    return pd.read_parquet(out / ".augkit" / "manifest.parquet")


@pytest.mark.parametrize("text, augmented", [(making.SAFE, {"train"}), (EVERY_SPLIT, {"train", "test"})])
def test_every_copy_stays_in_the_split_of_its_source(tmp_path, text, augmented):
    rows = made(tmp_path, text)
    assert set(rows[rows["copy"] > 0].split) == augmented
    assert [file.split("/")[0] for file in rows.file] == list(rows.split)
    originals = rows[rows["copy"] == 0]
    for split in ("train", "test"):
        assert set(rows[rows.split == split].source) == set(originals[originals.split == split].source)
    one = {name: set(rows[rows.split == name].sha256) for name in ("train", "test")}
    assert not one["train"] & one["test"], "not even where two sources are named alike"


def test_a_policy_has_no_word_for_where_copies_go():
    for key in ("into", "to", "copies"):
        with pytest.raises(PolicyError):
            policy.parse(f"{making.SAFE}{key}: test\n")
    assert json.dumps(sorted(policy.parse(making.SAFE).canonical())) == json.dumps(
        sorted(["version", "task", "on_unsafe", "splits", "fill", "border", "steps"])
    )


def test_the_page_of_the_rule_on_splits_says_that_copies_stay():
    page = safety.RULES["LS501"].__doc__ or ""
    assert "Copies never cross a split" in " ".join(page.split())


def test_a_split_that_sources_do_not_have_is_not_said_to_measure():
    misspelt = policy.parse(making.SAFE + "splits: [train, trian]\n")
    (finding,) = safety.judge(misspelt, tasks.load("digits")).findings
    assert finding.code == "LS501" and "measure" not in finding.problem and "trian" in finding.problem
    assert finding.fix.startswith("did you mean train?; write 'splits: [train]'")
    test = policy.parse(making.SAFE + "splits: [test]\n")
    (finding,) = safety.judge(test, tasks.load("digits")).findings
    assert finding.problem == "augments test, which measure and do not train"

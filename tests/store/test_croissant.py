"""The Croissant file names what is there, by the names and hashes that are there."""

from __future__ import annotations

import fnmatch
import hashlib
import json

import pandas as pd
import pytest

from augkit import store
from tests.store import making


@pytest.mark.parametrize("name", store.FORMATS)
def test_it_describes_files_classes_and_rows(tmp_path, name):
    out = store.generate(making.plan(), making.source(20, 4), tmp_path, format=name, progress=False).out
    said = json.loads((out / "croissant.json").read_text("utf-8"))
    assert said["conformsTo"] == "http://mlcommons.org/croissant/1.0" and said["@type"] == "sc:Dataset"
    rows, train, test = said["distribution"]
    content = (out / rows["contentUrl"]).read_bytes()
    assert rows["sha256"] == hashlib.sha256(content).hexdigest()
    files = pd.read_parquet(out / rows["contentUrl"]).groupby("split").file.unique()
    for split, described in (("train", train), ("test", test)):
        assert described["@id"] == f"{split}-files" and len(files[split])
        assert all(fnmatch.fnmatch(file, described["includes"]) for file in files[split])
    classes, pictures = said["recordSet"]
    assert [row["classes/name"] for row in classes["data"]] == list(making.DIGITS)
    columns = {field["source"]["extract"]["column"] for field in pictures["field"]}
    assert columns <= set(pd.read_parquet(out / rows["contentUrl"]).columns) and "label_after" in columns
    used = {key for each in (*said["distribution"], *pictures["field"]) for key in each if key[0] != "@"}
    assert used <= set(said["@context"]) | {"name", "description", "contentUrl", "encodingFormat", "sha256"}
    assert store.verify(out).ok


@pytest.mark.parametrize("name", ["folder", "parquet"])
def test_the_tool_that_reads_croissant_finds_no_fault_and_reads_its_rows(tmp_path, name):
    croissant = pytest.importorskip(
        "mlcroissant", reason="mlcroissant is not installed: its check is left out"
    )
    out = store.generate(making.plan(), making.source(20, 4), tmp_path, format=name, progress=False).out
    found = croissant.Dataset(jsonld=str(out / "croissant.json"))
    assert not found.metadata.ctx.issues.errors, found.metadata.ctx.issues.report()
    rows = list(found.records("pictures"))
    kept = pd.read_parquet(out / ".augkit" / "manifest.parquet")
    assert [text(row["pictures/sha256"]) for row in rows] == kept.sha256.tolist()
    assert [row["pictures/copy"] for row in rows] == kept["copy"].tolist()
    assert [text(row["classes/name"]) for row in found.records("classes")] == list(making.DIGITS)


def text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value

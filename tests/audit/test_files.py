"""What an audit keeps stands under its name only once it is on the disk."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest

from augkit.audit import files


@pytest.mark.parametrize("kind", ["json", "npz"])
def test_a_file_is_synced_before_it_has_its_name_and_its_folder_afterwards(tmp_path, monkeypatch, kind):
    path, synced, real = tmp_path / f"it.{kind}", [], os.fsync

    def sync(handle: int) -> None:
        synced.append((Path(f"/proc/self/fd/{handle}").resolve(), path.exists()))
        real(handle)

    monkeypatch.setattr(os, "fsync", sync)
    if kind == "json":
        files.plain(path, {"a": "é"})
        assert json.loads(path.read_text("utf-8")) == {"a": "é"}
    else:
        files.arrays(path, {"a": np.arange(5)})
        assert files.readable(path)
    (file, named), (folder, after) = synced
    assert file.parent == tmp_path and file != path and not named and folder == tmp_path and after
    assert list(tmp_path.iterdir()) == [path]


def test_what_cannot_be_written_leaves_the_file_that_is_there(tmp_path):
    files.plain(tmp_path / "it.json", {"a": 1})
    with pytest.raises(TypeError):
        files.plain(tmp_path / "it.json", {"a": object()})
    with pytest.raises(TypeError):
        files._written(tmp_path / "it.json", lambda file: file.write("text"))
    assert json.loads((tmp_path / "it.json").read_text()) == {"a": 1} and len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("left", [b"", b"PK", bytes(1000)])
def test_a_damaged_file_of_arrays_is_not_there(tmp_path, left):
    path = tmp_path / "fold-0.npz"
    assert not files.readable(path)
    path.write_bytes(left)
    assert not files.readable(path) and not path.exists()


@pytest.mark.parametrize("name", ["result", "made", "effect", "work", "pictures"])
def test_all_that_an_audit_keeps_is_written_so(name):
    text = (Path(files.__file__).parent / f"{name}.py").read_text("utf-8")
    assert "files." in text and ".replace(path)" not in text and "write_text(json" not in text

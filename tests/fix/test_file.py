"""Saving: a file that cannot be written whole stays as it was."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from augkit.errors import StoreError
from augkit.fix import save


def test_a_full_disk_leaves_the_file_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    path = tmp_path / "p.yaml"
    path.write_text("version: 1\n")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StoreError, match="cannot be saved: No space left on device") as error:
        save(path, "version: 2\n")
    assert error.value.exit_code == 3
    assert path.read_text() == "version: 1\n"
    assert list(tmp_path.iterdir()) == [path]

"""Fashion-MNIST from its IDX files, made small here, packed and not."""

from __future__ import annotations

import gzip
import json
import struct
from pathlib import Path

import numpy as np

from augkit import policy, safety, tasks
from recipes import fashion

ROOT = Path(__file__).parents[2]


def write_idx(folder: Path, train: int, test: int) -> None:
    """Write four IDX files as LeCun describes them; the training pictures packed."""
    folder.mkdir()
    random = np.random.default_rng(0)
    for stem, count in (("train", train), ("t10k", test)):
        labels = (np.arange(count) % 10).astype(np.uint8)
        level = 20 * labels[:, None, None]
        images = (random.integers(0, 60, (count, 28, 28)) + level).astype(np.uint8)
        head = struct.pack(">4B3I", 0, 0, 8, 3, count, 28, 28)
        data = gzip.compress(head + images.tobytes()) if stem == "train" else head + images.tobytes()
        name = f"{stem}-images-idx3-ubyte"
        (folder / (f"{name}.gz" if stem == "train" else name)).write_bytes(data)
        (folder / f"{stem}-labels-idx1-ubyte").write_bytes(
            struct.pack(">4BI", 0, 0, 8, 1, count) + labels.tobytes()
        )


def test_clothes_are_trained_on_watched_and_tested_from_idx_files(tmp_path, capsys):
    write_idx(tmp_path / "idx", 200, 50)
    few = ["--set", "train.epochs=1", "--set", "train.steps=4", "--set", "train.batch=16"]
    source = ["--set", f"data.source=fashion-mnist:{tmp_path / 'idx'}"]
    assert fashion.main([*source, *few, "--out", str(tmp_path / "out")]) == 0
    assert "of 50 pictures read correctly" in capsys.readouterr().out
    result = json.loads((tmp_path / "out" / "result.json").read_text("utf-8"))
    assert result["title"] == "fashion-mnist"
    assert result["classes"][9] == "Ankle boot"
    assert np.sum(result["confusion"], axis=1).tolist() == [5] * 10
    assert result["settings"]["pictures"] == 180
    assert result["watched"] == "pictures kept for it"
    page = (tmp_path / "out" / "report.md").read_text(encoding="utf-8")
    assert "| Trouser | 5 |" in page

    other = [*source, *few, "--set", "seed=1", "--out", str(tmp_path / "out")]
    assert fashion.main(other) == 2
    assert "seed was 0 and is now 1" in capsys.readouterr().err


def test_a_missing_file_is_told_and_ends_with_3(tmp_path, capsys):
    write_idx(tmp_path / "idx", 20, 10)
    (tmp_path / "idx" / "t10k-labels-idx1-ubyte").unlink()
    source = f"data.source=fashion-mnist:{tmp_path / 'idx'}"
    assert fashion.main(["--set", source, "--out", str(tmp_path / "out")]) == 3
    assert "t10k-labels" in capsys.readouterr().err


def test_its_policy_is_proved_for_clothes():
    shipped = policy.load(ROOT / "recipes/policies/fashion.yaml")
    assert safety.judge(shipped, tasks.load(shipped.task)).safe

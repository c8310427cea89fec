"""Memory does not grow with the number of pictures."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BEGINS = 40e6  # bytes: what a run holds more than its imports, whatever its size: one shard, one row group


@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
@pytest.mark.parametrize(
    ("count", "name"),
    [
        pytest.param(8_000, "parquet", marks=pytest.mark.slow),
        pytest.param(50_000, "parquet", marks=pytest.mark.torture),
        pytest.param(50_000, "folder", marks=pytest.mark.torture),
    ],
)
def test_promise_26_memory_does_not_grow_with_the_pictures(tmp_path, count, name):
    command = [sys.executable, "-m", "tests.store.holding", str(count), str(tmp_path / "out"), name, "1"]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    pictures, *fifths, before = map(int, said.split())
    assert pictures == count
    first, *middle, last = fifths
    assert max(middle) < first + 2e6 + 100 * count, said  # 1 MB for 10,000 pictures: their keys and labels
    assert max(first, last) < before + BEGINS + 100 * count, said

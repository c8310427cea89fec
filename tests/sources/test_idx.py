"""IDX files are read to the byte, or refused with what is wrong."""

from __future__ import annotations

import gzip
import os
import struct
import subprocess
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from augkit import codec, sources
from augkit.errors import SourceError
from augkit.sources import records
from tests.sources import archives


def folder(root: Path, *, zipped: bool = True) -> Path:
    parts = {
        "train": (archives.pictures(12), [number % 10 for number in range(12)]),
        "t10k": (archives.pictures(3, seed=1), [9, 0, 5]),
    }
    return archives.mnist(root, parts, zipped=zipped)


def pixels(part) -> np.ndarray:
    return np.stack([codec.decode(cell["bytes"])[:, :, 0] for cell in part["image"]])


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("name", ["mnist", "fashion-mnist", "kmnist"])
def test_pictures_and_labels_are_those_of_the_files(tmp_path, name, zipped):
    data = sources.load(f"{name}:{folder(tmp_path, zipped=zipped)}")
    assert list(data) == ["train", "test"]
    assert np.array_equal(pixels(data["train"]), archives.pictures(12))
    assert np.array_equal(pixels(data["test"]), archives.pictures(3, seed=1))
    assert records.labels(data["train"]).tolist() == [*range(10), 0, 1]
    assert records.labels(data["test"]).tolist() == [9, 0, 5]
    assert records.keys(data["test"]) == [f"{name}-test-{number:05d}" for number in range(3)]
    assert len(records.class_names(data)) == 10


def test_a_file_is_told_from_a_gzipped_one_by_its_bytes_and_found_in_raw(tmp_path):
    folder(tmp_path / "raw", zipped=True)
    for path in (tmp_path / "raw").iterdir():
        path.rename(path.with_suffix(""))
    assert len(sources.load(f"mnist:{tmp_path}")["train"]) == 12


def test_a_changed_file_is_read_again_and_an_unchanged_one_from_the_cache(tmp_path, cache):
    root = folder(tmp_path)
    first = sources.load(f"mnist:{root}")
    kept = sorted(path.stat().st_mtime_ns for path in cache.rglob("*.arrow"))
    assert (
        records.labels(sources.load(f"mnist:{root}")["train"]).tolist()
        == records.labels(first["train"]).tolist()
    )
    assert sorted(path.stat().st_mtime_ns for path in cache.rglob("*.arrow")) == kept
    archives.mnist(root, {"t10k": (archives.pictures(2, seed=2), [1, 1])})
    assert np.array_equal(pixels(sources.load(f"mnist:{root}")["test"]), archives.pictures(2, seed=2))


def spoil(root: Path, name: str, data: bytes) -> None:
    (root / name).write_bytes(data)


IMAGES, LABELS = "train-images-idx3-ubyte", "train-labels-idx1-ubyte"
GOOD = archives.idx(archives.pictures(12))


@pytest.mark.parametrize(
    ("name", "data", "told"),
    [
        (IMAGES, b"", "magic number is nothing"),
        (IMAGES, GOOD[:3], "magic number is nothing"),
        (IMAGES, b"<html>not found</html>", "want 0x00000803 for pictures"),
        (IMAGES, archives.idx(np.zeros(12, np.uint8)), r"0x00000801 \(labels\), want 0x00000803"),
        (LABELS, GOOD, r"0x00000803 \(pictures\), want 0x00000801"),
        (IMAGES, GOOD[:10], "ends inside its header"),
        (IMAGES, GOOD[:-1], "1 bytes are missing"),
        (IMAGES, GOOD[: len(GOOD) // 2], "bytes are missing"),
        (IMAGES, GOOD + b"\0", "more than its header says"),
        (IMAGES, struct.pack("<IIII", 0x803, 12, 28, 28) + GOOD[16:], "magic number is 0x03080000"),
        (IMAGES, gzip.compress(GOOD)[:-9], "torn gzip file"),
        (IMAGES, gzip.compress(GOOD)[:500] + bytes(500), "torn gzip file"),
        (IMAGES, archives.idx(archives.pictures(11)), "11 pictures, but 12 labels"),
        (LABELS, archives.idx(np.array([3] * 7 + [10] + [3] * 4, np.uint8)), "label 7 is 10, want 0 to 9"),
        (LABELS, archives.idx(np.zeros(12, np.uint8))[:-2], "2 bytes are missing"),
    ],
)
def test_promise_17_a_torn_or_other_file_is_refused_by_its_name(tmp_path, name, data, told):
    root = folder(tmp_path, zipped=False)
    spoil(root, name, data)
    with pytest.raises(SourceError, match=told) as caught:
        sources.load(f"mnist:{root}")
    assert name in str(caught.value) and caught.value.fix


def test_promise_18_a_header_that_lies_costs_no_memory(tmp_path):
    root = folder(tmp_path, zipped=False)
    spoil(root, IMAGES, struct.pack(">IIII", 0x803, 12, 2**31, 2**31))
    with pytest.raises(SourceError, match="pictures of"):
        sources.load(f"mnist:{root}")
    spoil(root, LABELS, struct.pack(">II", 0x801, 2**32 - 1) + bytes(12))
    tracemalloc.start()
    try:
        with pytest.raises(SourceError, match="bytes are missing"):
            sources.load(f"mnist:{root}")
        assert tracemalloc.get_traced_memory()[1] < 50_000_000
    finally:
        tracemalloc.stop()


def test_a_missing_file_is_named(tmp_path):
    root = folder(tmp_path)
    (root / f"{LABELS}.gz").unlink()
    with pytest.raises(SourceError, match="there is no train-labels-idx1-ubyte"):
        sources.load(f"mnist:{root}")
    with pytest.raises(SourceError, match="got a file"):
        sources.load(f"mnist:{root}/{IMAGES}.gz")


MEASURED = """
import re, sys
from pathlib import Path
import datasets
datasets.config.HF_DATASETS_CACHE = sys.argv[2]
from augkit import codec, sources
import numpy, pyarrow.parquet
codec.encode(numpy.zeros((8, 8, 1), numpy.uint8))
def peak():  # unlike ru_maxrss, it does not begin with the peak of whoever started this process
    return int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1])

before = peak()
data = sources.load(sys.argv[1])
print(len(data["train"]), peak() - before)
"""


@pytest.mark.thorough
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="asks Linux for the peak")
def test_promise_26_memory_is_flat_in_the_number_of_pictures(tmp_path):
    grown = []
    for count in (500, 6_000):
        plain = np.zeros((count, 128, 128), np.uint8)
        root = archives.mnist(
            tmp_path / str(count), {"train": (plain, [0] * count), "t10k": (plain[:1], [0])}
        )
        call = [sys.executable, "-c", MEASURED, f"mnist:{root}", str(tmp_path / "cache")]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join([os.getcwd(), os.environ["PYTHONPATH"]])}  # noqa: PTH109
        said = subprocess.run(call, env=environment, capture_output=True, text=True, check=True).stdout
        assert said.split()[0] == str(count)
        grown.append(int(said.split()[1]))
    assert grown[1] - grown[0] < 50_000  # kilobytes; the pictures themselves are 98 MB

"""USPS in LIBSVM's format."""

from __future__ import annotations

import bz2

import numpy as np
import pytest

from augkit import codec, sources
from augkit.errors import SourceError
from augkit.sources import records
from tests.sources import archives

VALUES = np.round(np.random.default_rng(0).uniform(-1, 1, (12, 256)), 4)
LABELS = [number % 10 + 1 for number in range(12)]


def folder(root, suffix=".bz2"):
    archives.libsvm(root / f"usps{suffix}", VALUES, LABELS)
    archives.libsvm(root / f"usps.t{suffix}", VALUES[:2], [10, 1])
    return root


@pytest.mark.parametrize("suffix", [".bz2", ""])
def test_pixels_are_scaled_from_minus_one_to_one_and_labels_from_one_to_ten(tmp_path, suffix):
    data = sources.load(f"usps:{folder(tmp_path, suffix)}")
    assert records.labels(data["train"]).tolist() == [*range(10), 0, 1]
    assert records.labels(data["test"]).tolist() == [9, 0]
    got = codec.decode(data["train"][3]["image"]["bytes"])
    assert got.shape == (16, 16, 1)
    assert np.max(np.abs(got.reshape(-1) - (VALUES[3] + 1) / 2 * 255)) <= 0.5001
    assert records.keys(data["test"]) == ["usps-test-0000", "usps-test-0001"]


def test_an_entry_left_out_is_zero(tmp_path):
    folder(tmp_path)
    (tmp_path / "usps.t.bz2").write_bytes(bz2.compress(b"7 1:-1 256:1\n"))
    got = codec.decode(sources.load(f"usps:{tmp_path}")["test"][0]["image"]["bytes"]).reshape(-1)
    assert (got[0], got[255], set(got[1:255].tolist())) == (0, 255, {128})


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (bz2.compress(b"11 1:0\n"), "usps.t.bz2:1: no line of USPS"),
        (bz2.compress(b"1 257:0\n"), "no line of USPS"),
        (bz2.compress(b"1 1:0\n1 1=0\n"), "usps.t.bz2:2: no line of USPS"),
        (bz2.compress(b"1 1:255\n"), "outside -1 to 1"),
        (bz2.compress(b"1 1:nan\n"), "outside -1 to 1"),
        (bz2.compress(b""), "it is empty"),
        (bz2.compress(b"1 1:0\n" * 1000)[:-10], "torn"),
        (b"<html>", "no bzip2 file"),
    ],
)
def test_promise_17_a_torn_or_other_file_is_refused(tmp_path, data, told):
    folder(tmp_path)
    (tmp_path / "usps.t.bz2").write_bytes(data)
    with pytest.raises(SourceError, match=told):
        sources.load(f"usps:{tmp_path}")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(SourceError, match=r"there is no usps\.bz2"):
        sources.load(f"usps:{tmp_path}")

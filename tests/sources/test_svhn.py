"""SVHN's .mat files, written by SciPy and read as a stream."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.io import loadmat, savemat

from augkit import codec, sources
from augkit.errors import SourceError
from augkit.sources import mat, records
from tests.sources import archives

PIXELS = np.random.default_rng(0).integers(0, 256, (25, 32, 32, 3), dtype=np.uint8)
LABELS = [number % 10 + 1 for number in range(25)]


def folder(root, **more):
    archives.svhn(root / "train_32x32.mat", PIXELS, LABELS, **more)
    archives.svhn(root / "test_32x32.mat", PIXELS[:2], [10, 3], **more)
    return root


@pytest.mark.parametrize("compressed", [True, False])
def test_pictures_are_those_of_the_files_and_ten_is_zero(tmp_path, compressed):
    data = sources.load(f"svhn:{folder(tmp_path, compressed=compressed)}")
    assert list(data) == ["train", "test"]
    got = np.stack([codec.decode(cell["bytes"]) for cell in data["train"]["image"]])
    assert np.array_equal(got, PIXELS)
    assert records.labels(data["train"]).tolist() == [label % 10 for label in LABELS]
    assert records.labels(data["test"]).tolist() == [0, 3]
    assert records.keys(data["test"])[0] == "svhn-test-00000"


def test_pieces_join_without_a_seam(tmp_path, monkeypatch):
    monkeypatch.setattr("augkit.sources.svhn._PIECE", 7)
    data = sources.load(f"svhn:{folder(tmp_path)}")
    assert np.array_equal(codec.decode(data["train"][24]["image"]["bytes"]), PIXELS[24])


def test_extra_is_a_split_of_its_own(tmp_path):
    archives.svhn(folder(tmp_path) / "extra_32x32.mat", PIXELS[:4], [1, 2, 3, 10])
    assert records.labels(sources.load(f"svhn:{tmp_path}")["extra"]).tolist() == [1, 2, 3, 0]


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("dtype", ["u1", "i2", "f8", "i4"])
@pytest.mark.parametrize("compressed", [True, False])
def test_an_array_of_any_numbers_equals_what_scipy_reads(tmp_path, order, dtype, compressed):
    path = tmp_path / "a.mat"
    values = np.arange(2 * 3 * 4).reshape(2, 3, 4).astype(dtype)
    savemat(path, {"first": "text", "small": np.array([[7]], dtype), "x": values}, do_compression=compressed)
    if order == ">":
        path = _swapped(tmp_path, dtype, values)
    with mat.opened(path, "x") as array:
        assert np.array_equal(array.all(), loadmat(path)["x"]) and array.shape == (2, 3, 4)
    if order == "<":
        with mat.opened(path, "small") as array:
            assert array.all().tolist() == [[7]]


def _swapped(tmp_path, dtype, values):
    """Write an uncompressed file in the other byte order, element by element."""
    kinds = {"u1": (9, 2), "i2": (10, 3), "f8": (6, 9), "i4": (12, 5)}
    flag, stored = kinds[dtype]

    def element(kind: int, data: bytes) -> bytes:
        head = np.array([kind, len(data)], ">u4").tobytes()
        return head + data + bytes(-len(data) % 8)

    body = element(6, np.array([flag, 0], ">u4").tobytes())
    body += element(5, np.array(values.shape, ">i4").tobytes()) + element(1, b"x")
    body += element(stored, values.astype(f">{dtype}").tobytes(order="F"))
    path = tmp_path / "swapped.mat"
    header = b"MATLAB 5.0 MAT-file".ljust(124) + np.array([0x0100], ">u2").tobytes() + b"MI"
    path.write_bytes(header + element(14, body))
    return path


def spoilt(root, data) -> None:
    (root / "train_32x32.mat").write_bytes(data)


@pytest.mark.parametrize("compressed", [True, False])
@pytest.mark.parametrize("share", [0.001, 0.01, 0.3, 0.7, 0.99])
def test_promise_17_a_torn_file_is_refused(tmp_path, compressed, share):
    folder(tmp_path, compressed=compressed)
    whole = (tmp_path / "train_32x32.mat").read_bytes()
    spoilt(tmp_path, whole[: int(len(whole) * share)])
    with pytest.raises(SourceError, match=r"torn|no MAT file|no numeric array"):
        sources.load(f"svhn:{tmp_path}")


def test_promise_17_other_files_are_refused_by_what_they_are(tmp_path):
    folder(tmp_path)
    for data, told in (
        (b"MATLAB 7.3 MAT-file".ljust(512), "version 7.3"),
        (b"\x89HDF\r\n\x1a\n" + bytes(512), "version 7.3"),
        (b"<html>" * 100, "no MAT file"),
    ):
        spoilt(tmp_path, data)
        with pytest.raises(SourceError, match=told):
            sources.load(f"svhn:{tmp_path}")
    for held, told in (
        ({"X": PIXELS.transpose(1, 2, 3, 0)}, "no numeric array 'y'"),
        ({"X": PIXELS, "y": np.array([LABELS]).T}, "want H×W×3×N"),
        ({"X": PIXELS.transpose(1, 2, 3, 0), "y": np.array([LABELS[:-1]]).T}, "25 pictures, but 24 labels"),
        ({"X": PIXELS.transpose(1, 2, 3, 0), "y": np.array([[11] * 25]).T}, "label 0 is 11, want 1 to 10"),
    ):
        savemat(tmp_path / "train_32x32.mat", held)
        with pytest.raises(SourceError, match=told):
            sources.load(f"svhn:{tmp_path}")
    (tmp_path / "empty").mkdir()
    with pytest.raises(SourceError, match=r"there is no train_32x32\.mat"):
        sources.load(f"svhn:{tmp_path / 'empty'}")

"""References into larger files: the bytes they stand for, when somebody looks."""

from __future__ import annotations

import errno
import os
import pickle
import time

import psutil
import pytest
from datasets import DatasetDict

from augkit.errors import SourceError
from augkit.sources import members, records


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "large.bin"
    path.write_bytes(bytes(range(256)) * 4)
    return str(path)


def source(file: str, count: int = 20):
    images = [members.reference(file, 10 * number, 10) for number in range(count)]
    part = records.dataset([f"k{number:02d}" for number in range(count)], images, [0] * count, ["a"])
    return members.readable(DatasetDict(train=part))


def test_a_reference_gives_the_bytes_it_names(file):
    assert members.read(members.reference(file, 100, 5)) == bytes(range(100, 105))
    assert members.read(file) == bytes(range(256)) * 4
    assert members.head(members.reference(file, 100, 50), 3) == bytes(range(100, 103))
    assert members.head(members.reference(file, 100, 2), 30) == bytes(range(100, 102))
    assert (members.size(members.reference(file, 100, 5)), members.size(file)) == (5, 1024)


def test_no_path_is_taken_for_a_reference(file):
    assert members.is_reference(members.reference(file, 0, 1)) and not members.is_reference(file)
    with pytest.raises(SourceError, match="not text"):
        members.reference("/a\udcff/b.tar", 0, 1)


def test_rows_give_bytes_however_they_are_asked(file):
    data = source(file)["train"]
    wanted = (bytes(range(256)) * 4)[30:40]
    assert data[3]["image"]["bytes"] == wanted
    assert data[2:4]["image"][1]["bytes"] == wanted
    assert data[[9, 3]]["image"][1]["bytes"] == wanted
    assert data["image"][3]["bytes"] == wanted
    assert [cell["bytes"] for cell in data["image"]][3] == wanted
    assert data.select([3])[0]["image"]["bytes"] == wanted
    assert pickle.loads(pickle.dumps(data[3]["image"]))["bytes"] == wanted
    assert records.content(data.with_format(None)[3]["image"]) == wanted


def test_keys_and_labels_are_read_without_any_picture(file, monkeypatch):
    data = source(file)["train"]
    monkeypatch.setattr(members, "read", lambda path: pytest.fail("a picture was read"))
    assert records.keys(data)[19] == "k19" and records.labels(data).tolist() == [0] * 20
    assert list(data["key"])[1] == "k01" and data[5]["key"] == "k05"


def test_a_file_cut_short_gives_what_is_left(file):
    reference = members.reference(file, 1020, 10)
    assert members.read(reference) == bytes(range(252, 256))
    os.truncate(file, 5)
    assert members.read(reference) == b""


@pytest.mark.parametrize("kind", [errno.EIO, errno.ESTALE, errno.EAGAIN])
def test_promise_29_an_error_that_passes_is_tried_three_times(file, monkeypatch, kind):
    whole, waited = members._read, []
    failures = [kind, kind]

    def flaky(*given):
        if failures:
            raise OSError(failures.pop(), "flaky", given[0])
        return whole(*given)

    monkeypatch.setattr(members, "_read", flaky)
    monkeypatch.setattr(time, "sleep", waited.append)
    assert members.read(members.reference(file, 1, 2)) == b"\1\2"
    assert len(waited) == 2 and waited[1] > waited[0] > 0
    failures += [kind] * 3
    with pytest.raises(OSError, match="flaky"):
        members.read(file)


def test_promise_29_an_error_that_stays_is_not_tried_again(file, monkeypatch):
    monkeypatch.setattr(time, "sleep", lambda seconds: pytest.fail("it waited"))
    with pytest.raises(FileNotFoundError):
        members.read(members.reference(f"{file}.not", 1, 2))


def test_promise_29_short_reads_are_continued(file, monkeypatch):
    import io

    class Slow(io.FileIO):
        def read(self, size=-1):
            return super().read(min(size, 3) if size >= 0 else size)

    monkeypatch.setattr("builtins.open", lambda path, mode, buffering: Slow(path))
    assert members.read(members.reference(file, 5, 20)) == bytes(range(5, 25))


def test_promise_28_no_handle_stays_open(file):
    data = source(file)["train"]
    process = psutil.Process()
    before = process.num_fds()
    for _ in range(100):
        assert len(data[7]["image"]["bytes"]) == 10
    assert process.num_fds() == before

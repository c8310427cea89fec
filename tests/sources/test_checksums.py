"""Published checksums."""

from __future__ import annotations

import hashlib
import re

import pytest

from augkit import sources
from augkit.errors import SourceError, UsageError
from augkit.sources import checksums
from tests.sources import archives
from tests.sources.test_idx import folder


def test_the_table_holds_md5_sums_and_names_sources():
    assert set(checksums.MD5) <= set(sources.SOURCES)
    for files in checksums.MD5.values():
        assert all(re.fullmatch(r"[0-9a-f]{32}", digest) for digest in files.values())
    assert checksums.MD5["imagenet"]["ILSVRC2012_img_train.tar"] == "1d675b47d978889d74fa0da5fadfb00e"
    assert checksums.MD5["imagenet"]["ILSVRC2012_img_val.tar"] == "29b22e2961454d5413ddabcf34fc5622"
    assert checksums.MD5["imagenet"]["ILSVRC2012_devkit_t12.tar.gz"] == "fa75699e90414af021442c21a62c3abf"


def test_a_file_that_is_not_the_published_one_is_refused_only_when_asked(tmp_path):
    root = folder(tmp_path)
    sources.load(f"mnist:{root}")
    with pytest.raises(
        SourceError, match=r"the published one f68b3c2dcbeaaa9fbdd348bbdeb94873: torn or changed"
    ):
        sources.load(f"mnist:{root}", checksums=True)


def test_files_that_are_as_published_are_said_to_be(tmp_path, monkeypatch):
    root = folder(tmp_path)
    real = {path.name: hashlib.md5(path.read_bytes()).hexdigest() for path in root.iterdir()}
    monkeypatch.setitem(checksums.MD5, "mnist", real)
    said: list[str] = []
    sources.load(f"mnist:{root}", checksums=True, say=said.append)
    assert len(said) == 4 and said[0].startswith("train-images-idx3-ubyte.gz is as it was published (MD5 ")


def test_imagenets_archives_are_checked_before_they_are_listed(tmp_path):
    root = archives.ilsvrc(tmp_path, {"n01440764": [("a.JPEG", archives.jpeg(1))]})
    with pytest.raises(SourceError, match="1d675b47d978889d74fa0da5fadfb00e"):
        sources.load(f"imagenet:{root}", checksums=True)


@pytest.mark.parametrize(
    "source", ["mnist-sample", "mnist", "emnist:letters:FOLDER", "hub:me/set", "FOLDER", "mnist:FOLDER"]
)
def test_what_has_no_published_sums_is_not_passed_over_in_silence(tmp_path, source):
    root = folder(tmp_path, zipped=False)
    with pytest.raises(UsageError, match="no files with published checksums"):
        sources.load(source.replace("FOLDER", str(root)), checksums=True)

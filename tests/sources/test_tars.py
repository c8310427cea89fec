"""Tar archives from strangers: listed as another reader lists them, or refused; nothing is ever unpacked."""

from __future__ import annotations

import io
import os
import struct
import tarfile
import tracemalloc
from pathlib import Path

import pytest

from augkit.errors import SourceError
from augkit.sources import members, tars
from tests.sources import archives

FILES = [("a.jpg", b"one"), ("b.jpg", b""), ("c.jpg", b"x" * 5000)]


def listed(path: Path, **how) -> list[tars.Member]:
    with path.open("rb") as file:
        return list(tars.members(file, str(path), **how))


def written(root: Path, data: bytes) -> Path:
    path = root / "given.tar"
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_files_are_listed_where_tarfile_finds_them(tmp_path, form):
    names = ["short.jpg", "l" * 150 + ".jpg", "é.jpg" if form != tarfile.USTAR_FORMAT else "e.jpg"]
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=form) as archive:
        for number, name in enumerate(names):
            if form == tarfile.USTAR_FORMAT and len(name) > 100:
                continue
            info = tarfile.TarInfo(name)
            info.size = 700 * number
            archive.addfile(info, io.BytesIO(bytes([number]) * 700 * number))
    path = written(tmp_path, buffer.getvalue())
    with tarfile.open(path) as archive:
        wanted = {info.name: archive.extractfile(info).read() for info in archive}
    found = {m.name: members.read(members.reference(str(path), m.offset, m.size)) for m in listed(path)}
    assert found == wanted and len(found) >= 2


def test_an_archive_inside_an_archive_is_listed_in_place(tmp_path):
    inner = archives.tar(FILES)
    path = written(tmp_path, archives.tar([("x.tar", b"?" * 1000), ("n01440764.tar", inner)]))
    outer = listed(path)[1]
    for member, (name, data) in zip(listed(path, start=outer.offset, size=outer.size), FILES, strict=True):
        assert (member.name, member.size) == (name, len(data))
        assert members.read(members.reference(str(path), member.offset, member.size)) == data


def member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "", size: int = 0) -> bytes:
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.size = kind, link, size
    return info.tobuf(tarfile.GNU_FORMAT) + bytes(-(-size // 512) * 512 if size < 1 << 20 else 0)


END = bytes(1024)


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (member("../x.jpg") + END, "leads out of the archive"),
        (member("/etc/x.jpg") + END, "leads out of the archive"),
        (member("a/../../x.jpg") + END, "leads out of the archive"),
        (member("a\\..\\x.jpg") + END, "leads out of the archive"),
        (member("a//x.jpg") + END, "leads out of the archive"),
        (member("deep/x.jpg") + END, "lies in a folder"),
        (member("x.jpg", tarfile.SYMTYPE, "/etc/passwd") + END, "is a link"),
        (member("x.jpg", tarfile.SYMTYPE, "d") + member("x.jpg/y.jpg") + END, "is a link"),
        (member("x.jpg", tarfile.LNKTYPE, "y.jpg") + END, "is a link"),
        (member("x.jpg", tarfile.CHRTYPE) + END, "is a device"),
        (member("x.jpg", tarfile.BLKTYPE) + END, "is a device"),
        (member("x.jpg", tarfile.FIFOTYPE) + END, "is a device"),
        (member("x.jpg") + member("x.jpg") + END, "twice"),
        (member("x.jpg", size=100 << 30) + END, "torn|more than any picture"),
        (b"", "no whole tar archive"),
        (b"<html>not found</html>", "no whole tar archive"),
        (b"\x1f\x8b" + bytes(600), "compressed"),
        (b"BZh9" + bytes(600), "compressed"),
        (member("x.jpg"), "without its end mark"),
        (member("x.jpg") + b"#" * 512 + END, "damaged at byte 512"),
        (member("x.jpg", tarfile.GNUTYPE_LONGNAME, size=5 << 30) + END, "header of"),
        (member("x.jpg", tarfile.XHDTYPE, size=5 << 30) + END, "header of"),
    ],
)
def test_promise_22_what_could_do_harm_is_refused(tmp_path, data, told):
    deep = tmp_path / "a" / "b" / "c"  # from where a way out of the archive leads no farther than it looks
    deep.mkdir(parents=True)
    before = sorted(tmp_path.rglob("*"))
    path = written(deep, data)
    with pytest.raises(SourceError, match=told):
        listed(path)
    assert sorted(tmp_path.rglob("*")) == sorted([*before, path])


def test_promise_22_sparse_files_and_files_too_large_are_refused(tmp_path):
    sparse = bytearray(member("x.jpg", tarfile.GNUTYPE_SPARSE))
    sparse[483:495] = b"00000000000\0"  # the real size
    sparse[148:156] = b"%06o\0 " % (sum(sparse[:148]) + 8 * 32 + sum(sparse[156:512]))
    with pytest.raises(SourceError, match="sparse"):
        listed(written(tmp_path, bytes(sparse) + END))
    path = written(tmp_path, member("x.jpg", size=tars.MOST + 1))
    os.truncate(path, 512 + tars.MOST + 4096)
    with pytest.raises(SourceError, match="more than any picture"):
        listed(path)


def test_promise_22_setuid_and_folders_do_no_harm(tmp_path):
    info = tarfile.TarInfo("x.jpg")
    info.mode = 0o6755
    data = member("folder", tarfile.DIRTYPE) + info.tobuf() + END
    assert [found.name for found in listed(written(tmp_path, data))] == ["x.jpg"]


def test_promise_22_a_torn_archive_is_seen_wherever_it_is_cut(tmp_path):
    whole = archives.tar(FILES)
    end = len(whole) - len(whole.rstrip(b"\0"))  # zeros after the last file
    for cut in range(0, len(whole) - end, 256):
        with pytest.raises(SourceError):
            listed(written(tmp_path, whole[:cut]))


def test_promise_22_a_torn_inner_archive_is_seen_inside_a_whole_one(tmp_path):
    inner = archives.tar(FILES)
    path = written(tmp_path, archives.tar([("n01440764.tar", inner[:2048]), ("n01443537.tar", inner)]))
    first = listed(path)[0]
    with pytest.raises(SourceError, match=r"it ends inside 'c\.jpg': torn"):
        listed(path, start=first.offset, size=first.size)


def test_promise_22_many_members_cost_little_memory(tmp_path):
    count = 5_000
    path = written(tmp_path, b"".join(member(f"{n:08d}.jpg") for n in range(count)) + END)
    with path.open("rb") as file:
        tracemalloc.start()
        try:
            assert sum(1 for _ in tars.members(file, "x")) == count
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert peak < 1_500_000  # tarfile's own list of them takes 4 MB


def test_a_name_that_is_not_text_is_escaped(tmp_path):
    raw = bytearray(member("xx.jpg"))
    raw[0:2] = b"\xff\xfe"
    raw[148:156] = b"%06o\0 " % (sum(raw[:148]) + 8 * 32 + sum(raw[156:512]))
    assert struct.unpack_from("2B", raw) == (0xFF, 0xFE)
    assert [found.name for found in listed(written(tmp_path, bytes(raw) + END))] == ["\\xff\\xfe.jpg"]

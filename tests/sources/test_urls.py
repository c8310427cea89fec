"""URLs: what is one, what is refused in one, and that nothing secret is ever said."""

from __future__ import annotations

import threading

import pytest

from augkit import sources, store
from augkit.errors import UsageError
from augkit.sources import urls
from tests.store import making

SECRET = "hunter2"


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("s3://bucket/a/", "s3://bucket/a"),
        ("S3://bucket", "s3://bucket"),
        ("file:///data/x", "/data/x"),
        ("memory:///x", "memory:///x"),
        ("out/digits", "out/digits"),
        ("/a:b", "/a:b"),
        ("sftp://me@host/x", "sftp://me@host/x"),
    ],
)
def test_a_place_is_a_path_or_a_url_without_a_slash_at_its_end(text, place):
    assert urls.checked(text) == place


@pytest.mark.parametrize(
    "text",
    [
        f"s3://AKIA:{SECRET}@bucket/x",
        f"https://me:{SECRET}@host/x.parquet",
        f"https://host/x.parquet?X-Amz-Signature={SECRET}",
        f"s3://bucket/x#{SECRET}",
    ],
)
def test_promise_24_a_url_with_a_secret_is_refused_without_saying_it(text, tmp_path, capsys):
    for attempt in (
        lambda: urls.checked(text),
        lambda: sources.load(text),
        lambda: sources.load(f"parquet:{text}"),
        lambda: store.verify(text),
        lambda: store.merge(text),
        lambda: store.generate(making.plan(), making.source(4), text, command=text, progress=False),
    ):
        with pytest.raises(UsageError, match="holds a") as caught:
            attempt()
        assert (
            SECRET not in str(caught.value) + repr(caught.value)
            and "credentials are taken" in caught.value.fix
        )
    assert SECRET not in "".join(capsys.readouterr())


@pytest.mark.parametrize(
    "text", ["s3://", "s3:///", "s3://bucket/../x", "s3://a//b", "simplecache::s3://a/b"]
)
def test_a_url_that_names_no_place_is_refused(text):
    with pytest.raises(UsageError):
        sources.load(text)


def test_a_protocol_that_nobody_speaks_or_that_is_not_installed_is_an_error_with_a_fix(monkeypatch):
    with pytest.raises(UsageError, match="nobody speaks nope://"):
        store.verify("nope://bucket/x")

    def absent(scheme: str) -> None:
        raise ImportError("Install s3fs to access S3")

    monkeypatch.setattr("fsspec.get_filesystem_class", absent)
    with pytest.raises(UsageError, match="what speaks s3:// is not installed") as caught:
        sources.load("s3://bucket/x")
    assert "augkit[s3]" in caught.value.fix


def test_a_data_set_is_made_verified_and_replayed_in_memory(tmp_path):
    from fsspec.implementations.memory import MemoryFileSystem

    plan, data = making.plan(), making.source(9)
    made = store.generate(plan, data, "memory://made/out", progress=False)
    here = store.generate(plan, data, tmp_path / "out", progress=False)
    files = MemoryFileSystem()
    there = {path.removeprefix("/made/out/"): files.cat_file(path) for path in files.find("/made/out")}
    kept = {name: data for name, data in there.items() if not name.startswith(".augkit/run/")}
    assert {name: len(data) for name, data in kept.items()} == {
        name: (tmp_path / "out" / name).stat().st_size for name in making.tree(here.out)
    }
    assert all((tmp_path / "out" / name).read_bytes() == data for name, data in kept.items())
    assert (
        store.verify("memory://made/out").ok
        and store.replay("memory://made/out", 1).ok
        and made.pictures == 27
    )
    files.rm("/made", recursive=True)


def test_a_file_url_is_a_folder(tmp_path):
    made = store.generate(making.plan(), making.source(4), f"file://{tmp_path}/out", progress=False)
    assert (tmp_path / "out" / "augkit.json").exists() and made.out == tmp_path / "out"
    assert store.verify(f"file://{tmp_path}/out").ok
    assert len(sources.load(f"file://{tmp_path}/out")["train"]) == 12


def test_what_is_done_ahead_comes_in_order_and_never_far_ahead():
    begun, lock = [], threading.Lock()

    def double(number: int) -> int:
        with lock:
            begun.append(number)
        return 2 * number

    made = urls.ahead(double, range(100), 4)
    assert [next(made) for _ in range(3)] == [0, 2, 4] and len(begun) <= 8
    assert list(made) == [2 * number for number in range(3, 100)]


def test_an_error_that_passes_is_tried_again_and_one_of_ours_is_not(monkeypatch):
    monkeypatch.setattr(urls, "_WAITS", (0.0, 0.0, 0.0))
    tries: list[int] = []

    def fails(error: Exception, times: int) -> str:
        tries.append(1)
        if len(tries) <= times:
            raise error
        return "done"

    assert urls.patiently(lambda: fails(OSError(5, "x"), 3)) == "done" and len(tries) == 4
    for error, times in ((FileNotFoundError("x"), 1), (PermissionError("x"), 1), (KeyError("x"), 1)):
        tries.clear()
        with pytest.raises(type(error)):
            urls.patiently(lambda error=error: fails(error, 9))
        assert len(tries) == times
    tries.clear()
    with pytest.raises(OSError):
        urls.patiently(lambda: fails(OSError(5, "x"), 9))
    assert len(tries) == 4

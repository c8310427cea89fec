"""An S3 server for the tests that want one."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from augkit import store
from augkit.sources import urls
from augkit.store import job, lease
from tests.store import s3

SHARD_SIZE = 4


@pytest.fixture(scope="session")
def s3_server() -> Iterator[s3.Server]:
    """Run one for all tests of this process."""
    server = s3.Server()
    yield server
    server.stop()


@pytest.fixture
def cloud(
    s3_server: s3.Server, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[s3.Server]:
    """Give the server with an empty bucket, as the environment names it; shards are small, waits short.

    What lies on its way there does so in a folder of this test alone.
    """
    aside = {"TMPDIR": str(tmp_path_factory.mktemp("aside"))}
    for name, value in (s3.SETTINGS | aside | {"AWS_ENDPOINT_URL": s3_server.url}).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setattr(urls, "_WAITS", (0.0, 0.0, 0.0))
    monkeypatch.setattr(lease, "_SETTLED", 0.0)
    monkeypatch.setattr(lease, "_LOOK", 0.02)
    monkeypatch.setattr(job, "SHARD_SIZE", SHARD_SIZE)
    s3_server.emptied()
    yield s3_server
    s3_server.refuse = lambda method, path: None


@pytest.fixture
def elsewhere(cloud: s3.Server) -> Iterator[None]:
    """Let a test put other names or credentials into the environment; nothing remembers them afterwards."""
    yield
    s3.forgotten()


@pytest.fixture(scope="session")
def local(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return format → folder with what the tests make in the bucket."""
    top = tmp_path_factory.mktemp("local")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(job, "SHARD_SIZE", SHARD_SIZE)
        return {name: s3.make(top / name / "out", format=name).out for name in store.FORMATS}

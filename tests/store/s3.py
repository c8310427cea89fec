"""An S3 server on this machine: what it refuses, and what it holds, read by other code than augkit's."""

from __future__ import annotations

import functools
import hashlib
import importlib.util
import logging
import threading
import urllib.request
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from datasets import DatasetDict

from augkit import store
from augkit.plan import Plan
from tests.store import making

BUCKET = "bucket"
OUT = f"s3://{BUCKET}/out"
SECRET = "sEcReT-of-the-tests"
SETTINGS = {
    "AWS_ACCESS_KEY_ID": "AKIATESTS",
    "AWS_SECRET_ACCESS_KEY": SECRET,
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",  # it would ask another machine for a role
    "AWS_MAX_ATTEMPTS": "1",  # else each refusal is waited on for seconds
    "AWS_CONFIG_FILE": "/nowhere",
    "AWS_SHARED_CREDENTIALS_FILE": "/nowhere",
}
Refusal = Callable[[str, str], tuple[int, str] | None]


class Server:
    """A server with one bucket.

    Attributes:
        url:     where it answers.
        refuse:  is asked for each request (method, path), and returns a status and S3's code, or None.
        asked:   every request so far, as "METHOD path".
    """

    def __init__(self) -> None:
        from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
        from werkzeug.serving import make_server

        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        self.refuse: Refusal = lambda method, path: None
        self.asked: list[str] = []
        self._app = DomainDispatcherApplication(create_backend_app)
        self._server = make_server("127.0.0.1", 0, self._answer, threaded=True)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def _answer(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"].removeprefix(f"/{BUCKET}/")
        self.asked.append(f"{method} {path}")
        refused = self.refuse(method, path)
        if refused is None:
            return self._app(environ, start)
        status, code = refused
        environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        start(f"{status} refused", [("Content-Type", "application/xml")])
        return [f"<Error><Code>{code}</Code><Message>as the test wants</Message></Error>".encode()]

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @functools.cached_property
    def files(self) -> Any:
        """Return a file system of its own."""
        import s3fs

        who = {"key": SETTINGS["AWS_ACCESS_KEY_ID"], "secret": SECRET, "endpoint_url": self.url}
        return s3fs.S3FileSystem(**who, use_listings_cache=False, skip_instance_cache=True)

    def emptied(self) -> None:
        """Forget everything but the bucket."""
        self.refuse = lambda method, path: None
        with urllib.request.urlopen(f"{self.url}/moto-api/reset", b""):
            self.files.mkdir(BUCKET)
        self.asked.clear()

    def put(self, folder: Path, name: str) -> None:
        """Copy a folder's files to the bucket."""
        files = self.files
        for path in folder.rglob("*"):
            if path.is_file():
                files.pipe_file(f"{BUCKET}/{name}/{path.relative_to(folder).as_posix()}", path.read_bytes())

    def held(self, name: str) -> dict[str, bytes]:
        """Return all objects below a name."""
        files, top = self.files, f"{BUCKET}/{name}/"
        return {path.removeprefix(top): files.cat_file(path) for path in files.find(top)}

    def tree(self, name: str) -> dict[str, str]:
        """Return path → SHA-256 as `making.tree` does."""
        return {
            path: hashlib.sha256(data).hexdigest()
            for path, data in self.held(name).items()
            if not path.startswith(".augkit/run/")
        }


def small(seed: int = 0) -> tuple[Plan, DatasetDict]:
    """Return a plan and a source that make 14 pictures, in three shards of the tests: train, train, test."""
    classes = making.DIGITS[:6]
    return making.plan(classes=classes, copies=1, seed=seed), making.source(6, 2, classes)


def make(out: Path | str, **how: Any) -> store.Generated:
    """Make the data set of `small`."""
    return store.generate(*small(), out, progress=False, **how)


def forgotten() -> None:
    """Let the next look at S3 take its settings anew."""
    import s3fs

    s3fs.S3FileSystem.clear_instance_cache()


needed = pytest.mark.skipif(
    any(importlib.util.find_spec(name) is None for name in ("s3fs", "moto", "flask")),
    reason="wants s3fs, moto and flask: pip install 'augkit[dev]'",
)

"""Whose an output at a URL is: an owner's object there, written anew every few seconds while the owner lives.

Object stores have no locks.  Whoever finds an owner's object watches it: one that changes has a living owner,
and one that stays as it is for a whole lease has none, whatever any clock says.  An owner that ended on this
machine is known to be gone at once.  Should two ever write at the same time, they are told so at their next
look, and no harm was done: each object is put whole, and both put the same.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from augkit.errors import StoreError
from augkit.sources.request import Say
from augkit.store import disk
from augkit.store.bucket import Bucket
from augkit.store.part import Part

LEASE = 60.0  # seconds after which an owner that gave no sign is taken to be gone
BEAT = 10.0  # seconds between two signs
_LOOK = 0.25  # seconds between two looks at another's sign
_SETTLED = 1.0  # seconds in which others that take over at the same moment do so
_WHOLE = f"{disk.RUN}/lock"


class Lease:
    """Hold an owner's object, and give signs of life in a thread of its own."""

    def __init__(self, bucket: Bucket, name: str, say: Say) -> None:
        self._bucket, self._name, self._say = bucket, name, say
        self._token, self._beats = secrets.token_hex(8), 0
        self._seen = time.monotonic()
        self._lost = False
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._beat, daemon=True)

    def check(self) -> None:
        """Raise StoreError where another has taken over, or no sign could be given for a whole lease."""
        if self._lost or time.monotonic() - self._seen > LEASE:
            fix = "run the same command again: it carries on"
            problem = "another augkit has taken over" if self._lost else "no sign of life could be put here"
            raise StoreError(problem, where=self._bucket.url, fix=fix)

    def take(self, problem: str) -> None:
        """Become the owner, or raise StoreError: `problem`, where another one lives."""
        while not self._bucket.put_new(self._name, self._sign()):
            if self._mine():  # the first answer was lost on its way
                break
            ended(self._bucket, self._name, problem, self._say)
            self._bucket.delete([self._name])
            if self._bucket.put_new(self._name, self._sign()):
                time.sleep(_SETTLED)
                if self._mine():
                    break
        self._seen = time.monotonic()
        self._thread.start()

    def release(self) -> None:
        """Be the owner no more."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join()
        with contextlib.suppress(StoreError):
            if self._mine():
                self._bucket.delete([self._name])

    def _beat(self) -> None:
        while not self._ended.wait(BEAT):
            with contextlib.suppress(StoreError):
                if not self._mine():
                    self._lost = True
                    return
                self._bucket.put(self._name, self._sign())
                self._seen = time.monotonic()

    def _mine(self) -> bool:
        return _said(self._bucket.get(self._name)).get("token") == self._token

    def _sign(self) -> bytes:
        self._beats += 1
        said = {"token": self._token, "beats": self._beats, "process": os.getpid(), **_machine()}
        return json.dumps(said).encode()


@contextlib.contextmanager
def held(bucket: Bucket, part: Part | None, say: Say) -> Iterator[Lease]:
    """Own an output at a URL, or one part of it: other parts are made beside it, and the whole is not.

    Raises:
        StoreError: another augkit that lives owns it.
    """
    lease = Lease(bucket, _WHOLE if part is None else part.lock, say)
    writing = "another augkit is writing here"
    try:
        lease.take(writing if part is None else f"another augkit is making part {part} here")
        # Each first puts its own object and then looks for the other's: of two, at least one sees the other.
        for name in bucket.inside(f"{disk.RUN}/"):
            path = f"{disk.RUN}/{name}"
            if part is not None and path == _WHOLE:
                ended(bucket, path, writing, say)
                bucket.delete([path])
            elif part is None and name.startswith("lock-"):
                which = name.removeprefix("lock-").replace("-of-", "/")
                ended(bucket, path, f"another augkit is making part {which} here", say)
                bucket.delete([path])
        yield lease
    finally:
        lease.release()


def ended(bucket: Bucket, name: str, problem: str, say: Say) -> None:
    """Return when the owner of an object is known to have ended; StoreError where it lives."""
    first = bucket.get(name)
    said = _said(first)
    if first is None or _dead(said):
        return
    where = f"process {said.get('process')} on {said.get('host')}"
    say(f"An owner's object is here, of {where}; looking for up to {LEASE:.0f} s whether it lives.")
    until = time.monotonic() + LEASE
    while time.monotonic() < until:
        time.sleep(_LOOK)
        there = bucket.get(name)
        if there is None:
            return
        if there != first:
            fix = "wait for it to end, or choose another place"
            raise StoreError(f"{problem} ({where})", where=bucket.url, fix=fix)


def _said(data: bytes | None) -> dict[str, Any]:
    try:
        said = json.loads(data or b"{}")
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def _dead(said: dict[str, Any]) -> bool:
    """Tell whether an owner was a process of this machine, and is none any more."""
    machine = _machine()
    if not machine["boot"] or {name: said.get(name) for name in machine} != machine:
        return False
    try:
        os.kill(int(said["process"]), 0)
    except ProcessLookupError:
        return True
    except (OSError, ValueError, KeyError, TypeError):
        return False
    return False


def _machine() -> dict[str, str]:
    """Return what this machine is called, and what tells its present boot from others where that is known."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    except OSError:
        boot = ""
    return {"host": socket.gethostname(), "boot": boot}

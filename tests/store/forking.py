"""A process that makes data sets in forks of itself, so that a run costs no start of Python.

    python -m tests.store.forking

It reads lines "OUT FORMAT LIMIT", FORMAT as in jpeg:90 or parquet+png.  Each starts a run in a session of its
own, and its process id is printed.
LIMIT is the largest file that the run may write, in bytes, or 0.  The line "wait" prints the exit status of
the last run.  Nothing is made before a fork, so that no thread is lost in it.
"""

from __future__ import annotations

import functools
import os
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path

import cv2

from augkit import store
from augkit.errors import AugkitError
from augkit.plan import Plan
from augkit.store import job
from tests.store import making


def in_parts(write: Callable[[int, bytes], int], handle: int, data: bytes) -> int:
    """Write a part and dawdle, so that a kill is likely to come in the middle of a file."""
    written = write(handle, data[:150])
    if written < len(data):
        time.sleep(0.0005)
    return written


def run(plan: Plan, out: str, image_format: str, limit: int) -> int:
    """Generate the tests' data set in small shards; return the exit status."""
    if limit:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    job.SHARD_SIZE = 4
    os.write = functools.partial(in_parts, os.write)
    layout, _, kind = image_format.rpartition("+")
    how = {"format": layout or "folder", "image_format": kind}
    try:
        store.generate(plan, making.source(28, 4), out, **how, progress=False)
    except AugkitError as error:
        if not limit:
            raise
        Path(f"{out}.said").write_text(str(error)[: limit // 2], encoding="utf-8")
        return error.exit_code
    return 0


def main() -> None:
    """Serve lines until there are no more."""
    cv2.setNumThreads(1)
    plan, child = making.plan(copies=2), 0
    for line in sys.stdin:
        if line.strip() == "wait":
            print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
            continue
        out, image_format, limit = line.split()
        child = os.fork()
        if child == 0:
            os.setsid()
            os._exit(run(plan, out, image_format, int(limit)))
        print(child, flush=True)


if __name__ == "__main__":
    main()

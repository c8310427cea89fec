"""A small source and plans for the tests of the store; run as a program, it generates into a folder.

python -m tests.store.making OUT WORKERS [PART]
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import cv2
import numpy as np
from datasets import DatasetDict

from augkit import codec, policy, safety, store, tasks
from augkit.errors import AugkitError
from augkit.plan import Plan
from augkit.sources import records
from augkit.store import job

DIGITS = tuple("0123456789")
SAFE = """
version: 1
task: digits
steps:
  - shift: {x: [-0.1, 0.1], y: [-0.1, 0.1]}
  - rotate: {degrees: [-12, 12], p: 0.8}
  - contrast: {gain: [0.8, 1.2], p: 0.5}
"""
RELABEL = """
version: 1
task: digits
on_unsafe: relabel
steps:
  - rotate: {degrees: [175, 180], p: 0.5}
"""


def picture(number: int, channels: int = 1, side: int = 32) -> bytes:
    """Make one picture, as PNG bytes: a digit-like blot that depends on its number alone."""
    noise = np.random.default_rng(number).integers(0, 256, (side, side, channels), dtype=np.uint8)
    return codec.encode(cv2.GaussianBlur(noise, (0, 0), 3).reshape(side, side, channels))


def source(
    train: int = 24, test: int = 0, classes: tuple[str, ...] = DIGITS, *, first: int = 0, channels: int = 1
) -> DatasetDict:
    """Make a source of so many pictures, classes in turn; keys are k000, k001 …"""

    def part(begin: int, count: int) -> object:
        numbers = range(begin, begin + count)
        labels = [number % len(classes) for number in numbers]
        keys = [f"k{number:03d}" for number in numbers]
        return records.dataset(keys, [picture(number, channels) for number in numbers], labels, classes)

    parts = {"train": part(first, train)} | ({"test": part(900, test)} if test else {})
    return DatasetDict(parts)


def plan(
    text: str = SAFE,
    classes: tuple[str, ...] = DIGITS,
    *,
    task: str = "",
    seed: int = 0,
    copies: int = 2,
    originals: bool = True,
) -> Plan:
    """Compile a plan from YAML."""
    read = policy.parse(text)
    verdict = safety.judge(read, tasks.load(task or read.task))
    return Plan(verdict.safe_policy(), classes, seed=seed, copies=copies, keep_originals=originals)


def free_plan(classes: tuple[str, ...], *, copies: int = 1) -> Plan:
    """Compile a plan under the task none, for any classes."""
    return plan(SAFE.replace("digits", "none"), classes, copies=copies)


def tree(out: Path) -> dict[str, str]:
    """Return path → SHA-256 of everything but `.augkit/run`, by other code than the store's."""
    files = (path for path in out.rglob("*") if path.is_file())
    named = {path.relative_to(out).as_posix(): path for path in files}
    return {
        name: hashlib.sha256(path.read_bytes()).hexdigest()
        for name, path in named.items()
        if not name.startswith(".augkit/run/")
    }


def main() -> None:
    """Generate the tests' data set in small shards, and exit as the command line does."""
    job.SHARD_SIZE = 4
    try:
        part = store.part_of(sys.argv[3] if len(sys.argv) > 3 else "")
        store.generate(plan(), source(40, 8), sys.argv[1], workers=int(sys.argv[2]), part=part)
    except AugkitError as error:
        print(error, error.exit_code, file=sys.stderr)
        raise SystemExit(error.exit_code) from None
    print("done")


if __name__ == "__main__":
    main()

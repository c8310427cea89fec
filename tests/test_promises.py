"""PROMISES.md names every promise and the tests that show it, and no others."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path

TESTS = Path(__file__).parent
NUMBERS = {*range(1, 30), 33, 34}
_TEST = re.compile(r"^def test_promise_((?:\d+_)+)\w+\(", re.MULTILINE)
_ROW = re.compile(r"^\| (\d+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)


def shown() -> dict[int, set[str]]:
    """Return promise → the files whose tests carry its number."""
    found = defaultdict(set)
    for path in TESTS.rglob("test_*.py"):
        for numbers in _TEST.findall(path.read_text("utf-8")):
            for number in numbers.strip("_").split("_"):
                found[int(number)].add(path.relative_to(TESTS).as_posix())
    return found


def test_every_promise_has_a_row_and_every_row_the_files_whose_tests_show_it():
    rows = _ROW.findall((TESTS / "PROMISES.md").read_text("utf-8"))
    named = {int(number): set(re.findall(r"`([^`]+)`", files)) for number, _, _, files in rows}
    found = shown()
    assert set(named) == NUMBERS and len(rows) == len(NUMBERS)
    assert named == {number: found[number] for number in NUMBERS}


def test_numbers_of_promises_are_written_in_one_way():
    other = re.compile(r"^def test_(p\d+_|promises_|promise_\D)\w+\(", re.MULTILINE)
    assert [path.name for path in TESTS.rglob("test_*.py") if other.search(path.read_text("utf-8"))] == []

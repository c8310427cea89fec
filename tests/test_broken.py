"""Each promise's tests can fail: the code is broken on purpose, one place at a time, and they go red."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.broken import BREAKS, Break
from tests.test_promises import NUMBERS

ROOT = Path(__file__).parents[1]
LONGEST = 600  # seconds


def test_every_promise_is_broken_somewhere():
    assert {each.promise for each in BREAKS} == NUMBERS


@pytest.mark.parametrize("broken", BREAKS, ids=str)
def test_what_is_broken_stands_where_it_is_said_to_and_so_do_its_tests(broken: Break):
    text = (ROOT / "augkit" / broken.file).read_text("utf-8")
    assert text.count(broken.text) == 1 and broken.instead not in (broken.text, "") and broken.tests
    for test in broken.tests:
        file, _, name = test.partition("::")
        numbers = re.match(r"test_promise_((?:\d+_)+)", name)
        assert numbers is not None and str(broken.promise) in numbers[1].split("_")
        assert f"\ndef {name}(" in (ROOT / "tests" / file).read_text("utf-8")


@pytest.mark.torture
@pytest.mark.parametrize("broken", BREAKS, ids=str)
def test_what_is_broken_is_seen(broken: Break, tmp_path: Path):
    for name in ("augkit", "tests", "pyproject.toml"):
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy2
        copy(ROOT / name, tmp_path / name)  # with what was compiled, which is valid as long as times are
    path = tmp_path / "augkit" / broken.file
    path.write_text(path.read_text("utf-8").replace(broken.text, broken.instead), "utf-8")
    for compiled in path.parent.glob(f"__pycache__/{path.stem}.*"):
        compiled.unlink()
    command = [sys.executable, "-m", "pytest", "-q", "-rf", "--tb=line", "-p", "no:cacheprovider"]
    command += ["-m", "not (slow or torture)"]
    command += [f"tests/{test}" for test in broken.tests]
    variables = os.environ | {"PYTHONPATH": str(tmp_path), "CI": "true"}
    run = subprocess.run(
        command, cwd=tmp_path, env=variables, stdout=subprocess.PIPE, timeout=LONGEST, check=False
    )
    said = run.stdout.decode("utf-8", "replace")
    red = set(re.findall(r"^FAILED tests/([^\s\[]+)", said, re.MULTILINE))
    assert run.returncode == 1 and red == set(broken.tests), said[-3000:]

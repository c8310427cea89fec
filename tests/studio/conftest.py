"""A desk with a policy file in a folder of its own, on a small source."""

from __future__ import annotations

from pathlib import Path

import pytest

from augkit.studio import Desk
from tests.store import making

UNSAFE = """\
# mine
version: 1
task: digits
steps:
  - rotate: {degrees: [-90, 90], p: 0.5}   # too far
  - shift: {x: [-0.05, 0.05]}
"""


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    path = tmp_path / "p.yaml"
    path.write_text(UNSAFE, encoding="utf-8")
    return Desk(path, "digits", making.source(40))

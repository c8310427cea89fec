"""The system's Chromium, without a window: pages are looked at in it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
CHROMIUM = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
HERE = Path(__file__).parent


def launched(play: Any) -> Any:
    """Start it; the test is skipped with a word where there is none."""
    if CHROMIUM is None:
        pytest.skip("there is no Chromium on this system to drive")
    return play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])


def faint(page: Any) -> list[str]:
    """Return the words of a page that do not stand out from their ground."""
    return list(page.evaluate((HERE / "faint.js").read_text("utf-8")))


def unnamed(page: Any) -> list[str]:
    """Return what can be worked or seen on a page and has no name that could be read out."""
    return list(page.evaluate((HERE / "unnamed.js").read_text("utf-8")))

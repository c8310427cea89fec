"""The system's Chromium, without a window: pages are looked at in it."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
CHROMIUM = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
HERE = Path(__file__).parent


@contextlib.contextmanager
def launched() -> Iterator[Any]:
    """Start it, and close it at the end; the test is skipped with a word where there is none."""
    driver = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if CHROMIUM is None:
        pytest.skip("there is no Chromium on this system to drive")
    with driver.sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


def faint(page: Any) -> list[str]:
    """Return the words of a page that do not stand out from their ground."""
    return list(page.evaluate((HERE / "faint.js").read_text("utf-8")))


def unnamed(page: Any) -> list[str]:
    """Return what can be worked or seen on a page and has no name that could be read out."""
    return list(page.evaluate((HERE / "unnamed.js").read_text("utf-8")))

"""Hold for every test: no network, in this process and in those it starts, and no library that calls home."""

from __future__ import annotations

import atexit
import os
import runpy
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import hypothesis
import pytest

GUARD = Path(__file__).parent / "offline"
SCRATCH = tempfile.mkdtemp(prefix="augkit-tests-")
atexit.register(shutil.rmtree, SCRATCH, ignore_errors=True)
REFUSED = Path(SCRATCH) / "refused-connections"

# Set before anything heavy is imported; a started process inherits them.
os.environ["NO_ALBUMENTATIONS_UPDATE"] = "1"
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["MPLBACKEND"] = "agg"
os.environ["AUGKIT_REFUSED_CONNECTIONS"] = str(REFUSED)
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(GUARD), os.environ.get("PYTHONPATH")]))
runpy.run_path(str(GUARD / "sitecustomize.py"))

# A busy machine is no failure: examples take the time they take. (In CI hypothesis also takes the same ones
# every time, by its own profile, which this one inherits.)
hypothesis.settings.register_profile(
    "augkit",
    hypothesis.settings(),
    deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("augkit")


def _refused() -> str:
    """Return what tried to leave this machine since the last call, a line each, and forget it."""
    lines = REFUSED.read_text(encoding="utf-8") if REFUSED.exists() else ""
    REFUSED.unlink(missing_ok=True)
    return lines


@pytest.fixture(autouse=True)
def refused_connections() -> Iterator[Callable[[], str]]:
    """Fail a test that tried to reach another machine, even where a library swallowed the refusal.

    The value is a function; a test that means to be refused takes the record out with it.
    """
    yield _refused
    assert _refused() == ""

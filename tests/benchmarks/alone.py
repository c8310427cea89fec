"""One section in a process of its own: what `make bench` starts for each."""

from __future__ import annotations

import sys
from pathlib import Path

if __name__ == "__main__":  # the workers of a section import this too, and need nothing of it
    from tests.benchmarks.__main__ import alone

    alone(sys.argv[1], Path(sys.argv[2]), sys.argv[3] == "quick")

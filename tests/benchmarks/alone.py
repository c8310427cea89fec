"""One section in a process of its own: what `make bench` starts for each."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.benchmarks.__main__ import alone

if __name__ == "__main__":
    alone(sys.argv[1], Path(sys.argv[2]), sys.argv[3] == "quick")

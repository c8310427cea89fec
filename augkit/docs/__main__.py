"""Run `python -m augkit.docs OUT`."""

from __future__ import annotations

import sys
from pathlib import Path

from augkit.docs import write
from augkit.errors import AugkitError

if __name__ == "__main__":
    if len(sys.argv) != 2:
        print("usage: python -m augkit.docs OUT", file=sys.stderr)
        raise SystemExit(2)
    try:
        print(f"wrote {len(write(Path(sys.argv[1]))):,} pages to {sys.argv[1]}")
    except AugkitError as error:
        print(error, file=sys.stderr)
        raise SystemExit(error.exit_code) from None

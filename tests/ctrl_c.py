"""Ctrl-C for the runs that tests stop."""

from __future__ import annotations

import signal


def heed() -> None:
    """Let Ctrl-C through, which a shell has its background commands ignore; for `preexec_fn`."""
    signal.signal(signal.SIGINT, signal.default_int_handler)

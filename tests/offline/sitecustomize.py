"""Refuse every connection that would leave this machine, in the tests and in each Python they start.

Python imports a module of this name at its start when it finds one. An audit hook sees what replaced
functions would miss, and nothing can take it away again. Some libraries swallow the refusal, so it is also
written down, in the file that AUGKIT_REFUSED_CONNECTIONS names.
"""

from __future__ import annotations

import os
import sys
from ipaddress import ip_address
from pathlib import Path


def _stays_here(host: object) -> bool:
    """Tell whether a host, as Python's socket calls take it, is this machine."""
    name = host.decode("ascii", "replace") if isinstance(host, bytes | bytearray) else host
    if name is None or name == "" or name == "localhost":
        return True
    try:
        return ip_address(str(name)).is_loopback
    except ValueError:
        return False


def _refuse_to_leave(event: str, arguments: tuple[object, ...]) -> None:
    """Raise ConnectionRefusedError when a socket call names another machine."""
    if event in {"socket.connect", "socket.sendto", "socket.sendmsg"}:
        address = arguments[1]
        host = address[0] if isinstance(address, tuple) else None  # sockets in the file system have a path
    elif event in {"socket.getaddrinfo", "socket.gethostbyname"}:
        host = arguments[0]
    else:
        return
    if _stays_here(host):
        return
    refused = f"{event} {host!r} in {' '.join(sys.argv)[:200]!r}"
    if log := os.environ.get("AUGKIT_REFUSED_CONNECTIONS"):
        with Path(log).open("a", encoding="utf-8") as file:
            file.write(refused + "\n")
    raise ConnectionRefusedError(f"tests use no network: {refused}")


sys.addaudithook(_refuse_to_leave)

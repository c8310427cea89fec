"""Serving: a free port of this machine, a fresh secret, and a quiet end."""

from __future__ import annotations

import secrets
import socket
import threading
import webbrowser
from collections.abc import Callable

import uvicorn

from augkit.errors import UsageError
from augkit.studio.app import app
from augkit.studio.desk import Desk

HOST = "127.0.0.1"


def serve(desk: Desk, *, port: int, browse: bool, say: Callable[[str], None]) -> None:
    """Serve a desk until interrupted.

    Args:
        desk:   what is served.
        port:   the port; any free one where it is 0.
        browse: whether to open the page in the person's browser.
        say:    takes the page's address, once it can be opened.

    Raises:
        UsageError: the port is not to be had.
    """
    with _bound(port) as listening:
        port = listening.getsockname()[1]
        token = secrets.token_urlsafe(24)
        address = f"http://{HOST}:{port}/{token}/"
        config = uvicorn.Config(
            app(desk, token, port),
            log_level="error",
            access_log=False,
            lifespan="off",
            server_header=False,
            timeout_graceful_shutdown=1,
        )
        try:
            say(address)
            if browse:
                threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()
            uvicorn.Server(config).run(sockets=[listening])
        except KeyboardInterrupt:  # it has shut down, and then says why
            return


def _bound(port: int) -> socket.socket:
    listening = socket.socket()
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((HOST, port))
        listening.listen(128)
    except OSError as error:
        listening.close()
        problem = f"port {port} is not to be had ({error.strerror or error})"
        raise UsageError(problem, fix="choose another --port, or leave it out for any free one") from None
    return listening

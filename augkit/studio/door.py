"""The door: who may ask, how much, and what the browser may do with the answer.

The studio is for one person at one machine.  Every address begins with a secret, so that no other page and
no other user of the machine can guess one.  `Host` is checked, so that no name on the internet can be bent
to this machine (DNS rebinding), and `Origin`, so that no other page can send anything.  The page itself may
load and reach nothing but its own server.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from augkit import document

MOST_BYTES = 3 * document.MAX_BYTES
"""A text of the greatest length, its letters escaped as JSON may, is no longer than a few of these."""

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]

_NONCE = "augkit.nonce"


class Door:
    """Let in what knows the secret and comes from this machine; an ASGI application around another.

    Args:
        app:    what answers; it sees paths without the secret, and finds a `nonce` for style sheets in its
                scope's state.
        token:  the secret.
        port:   the port that the server listens on.
    """

    def __init__(self, app: App, token: str, port: int) -> None:
        self._app, self._token = app, token.encode()
        self._hosts = {f"{name}:{port}" for name in ("127.0.0.1", "localhost")}

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request, or refuse it in a sentence."""
        if scope["type"] != "http":
            return
        nonce = secrets.token_urlsafe(16)
        answer = _with_headers(send, nonce)
        headers = [(name.lower(), value.decode("latin-1")) for name, value in scope["headers"]]
        secret, slash, path = scope["path"].removeprefix("/").partition("/")
        refused = self._refused(scope["method"], headers, secret)
        if refused:
            await _say(answer, *refused)
            return
        if not slash:
            await _say(answer, 308, "It is there.", (b"location", f"/{secret}/".encode()))
            return
        inner = {**scope, "path": f"/{path}", "raw_path": f"/{path}".encode(), "state": {_NONCE: nonce}}
        await self._app(inner, _capped(receive), answer)

    def _refused(self, method: str, headers: list[tuple[bytes, str]], secret: str) -> tuple[int, str] | None:
        """Return the status and the sentence of a refusal."""
        hosts = [value for name, value in headers if name == b"host"]
        origins = [value for name, value in headers if name == b"origin"]
        site = next((value for name, value in headers if name == b"sec-fetch-site"), "")
        if len(hosts) != 1 or hosts[0] not in self._hosts:
            return 403, "This server answers to 127.0.0.1 alone."
        if not hmac.compare_digest(secret.encode(), self._token):
            return 403, "This address has no valid token: open the one that 'augkit studio' printed."
        if method not in ("GET", "POST"):
            return 405, "GET and POST are all there is."
        own = [f"http://{host}" for host in self._hosts]
        if any(origin not in own for origin in origins) or site == "cross-site":
            return 403, "Another page may not ask this server."
        if method == "GET":
            return None
        if not origins:
            return 403, "A request that changes something must say where it comes from."
        kind = next((value for name, value in headers if name == b"content-type"), "")
        length = next((value for name, value in headers if name == b"content-length"), "0")
        if kind.partition(";")[0].strip() != "application/json":
            return 415, "Send application/json."
        if not length.isdecimal() or int(length) > MOST_BYTES:
            return 413, f"Send at most {MOST_BYTES:,} bytes."
        return None


class TooLong(Exception):
    """Say that a body is longer than it said."""


def nonce_of(scope: Message) -> str:
    """Return the nonce that the answer's style sheets may carry."""
    return str(scope["state"][_NONCE])


def _capped(receive: Receive) -> Receive:
    """Read no more of a body than is allowed."""
    read = 0

    async def capped() -> Message:
        nonlocal read
        message = await receive()
        read += len(message.get("body", b""))
        if read > MOST_BYTES:
            raise TooLong
        return message

    return capped


def _with_headers(send: Send, nonce: str) -> Send:
    policy = (
        "default-src 'none'; script-src 'self'; connect-src 'self'; img-src 'self' data:; "
        f"style-src 'self' 'nonce-{nonce}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    added = {
        "content-security-policy": policy,
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
        "referrer-policy": "no-referrer",
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
        "cache-control": "no-store",
    }

    async def with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            extra = [(name.encode(), value.encode()) for name, value in added.items()]
            message = {**message, "headers": [*message.get("headers", []), *extra]}
        await send(message)

    return with_headers


async def _say(send: Send, status: int, sentence: str, *more: tuple[bytes, bytes]) -> None:
    headers = [(b"content-type", b"text/plain; charset=utf-8"), *more]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": f"{sentence}\n".encode()})

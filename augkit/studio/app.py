"""The page's server: a few files, and a desk that answers JSON with JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib import resources
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from augkit import page
from augkit.errors import AugkitError, UsageError
from augkit.studio.desk import Asked, Changed, Desk
from augkit.studio.door import Door, TooLong, nonce_of

FILES = {
    "house.css": "text/css",
    "studio.css": "text/css",
    "studio.js": "text/javascript",
    "parts.js": "text/javascript",
    "grid.js": "text/javascript",
    "complete.js": "text/javascript",
    "knobs.js": "text/javascript",
    "text.js": "text/javascript",
    "editor.js": "text/javascript",
    "icon.svg": "image/svg+xml",
}
"""What the browser may load: nothing else in the folder is served."""

Plain = dict[str, Any]


def app(desk: Desk, token: str, port: int) -> Door:
    """Return the ASGI application: the desk behind a door that wants the token and the port."""
    answers: dict[str, Callable[[Plain], Plain]] = {
        "open": lambda asked: desk.open(),
        "look": lambda asked: desk.look(_text(asked), Asked.read(asked)),
        "judge": lambda asked: desk.judge(_text(asked)),
        "fix": lambda asked: desk.fix(_text(asked)),
        "save": lambda asked: desk.save(_text(asked), _text(asked, "version")),
        "picture": lambda asked: desk.picture(
            _text(asked), Asked.read(asked), _text(asked, "key"), int(asked.get("copy", 1))
        ),
    }
    routes = [Route("/", _page), *(Route(f"/{name}", _file) for name in FILES)]
    routes += [Route(f"/{name}", _asked(answer), methods=["POST"]) for name, answer in answers.items()]
    return Door(Starlette(routes=routes), token, port)


async def _page(request: Request) -> Response:
    text = _read("index.html").decode()
    return HTMLResponse(text.replace("{nonce}", nonce_of(request.scope)))


async def _file(request: Request) -> Response:
    name = request.url.path.rpartition("/")[2]
    return Response(_read(name), media_type=FILES[name])


def _read(name: str) -> bytes:
    if name == "house.css":
        return page.css().encode()
    return (resources.files("augkit.studio") / "page" / name).read_bytes()


def _asked(answer: Callable[[Plain], Plain]) -> Callable[[Request], Any]:
    """Return an endpoint that hands what was asked to the desk, in a thread, and sends back what it says."""

    async def endpoint(request: Request) -> Response:
        try:
            asked = json.loads(await request.body())
            if not isinstance(asked, dict):
                raise UsageError("send an object")
            return _json(await run_in_threadpool(answer, asked))
        except TooLong:
            return _json({"problem": "that is too much"}, 413)
        except Changed as error:
            return _json(_problem(error), 409)
        except AugkitError as error:
            return _json(_problem(error), 422)
        except (ValueError, TypeError, RecursionError) as error:
            return _json({"problem": f"not understood: {error}", "where": "", "fix": ""}, 400)

    return endpoint


def _problem(error: AugkitError) -> Plain:
    return {"problem": error.problem, "where": error.where, "fix": error.fix}


def _json(answer: Plain, status: int = 200) -> Response:
    body = json.dumps(answer, ensure_ascii=False, allow_nan=False).encode("utf-8", "backslashreplace")
    return Response(body, status, media_type="application/json")


def _text(asked: Plain, name: str = "text") -> str:
    text = asked.get(name)
    if not isinstance(text, str):
        raise UsageError(f"{name}: want text")
    return text

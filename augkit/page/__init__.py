"""Page: how everything that augkit shows in a browser looks, and the one place where text becomes HTML.

`house.css` holds the colours of safe, unsafe and unproven, in light and dark, and the parts that pages are
made of; each of its rules speaks of `.augkit`, so that a fragment in a notebook leaves the page around it
alone.  Templates stand beside the code that fills them.  What they are filled with is text, and is escaped;
what this room has made already is `Markup`, and is not.  A page asks nothing of a network and runs no script.
"""

from __future__ import annotations

import base64
import functools
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

HERE = Path(__file__).parent


@functools.cache
def css() -> str:
    """Return the style that all pages share; it has no `<`, so that it can stand in a `<style>`."""
    return (HERE / "house.css").read_text("utf-8")


def filled(template: Path, **values: Any) -> Markup:
    """Fill a template; every value that is not `Markup` is escaped, and what no file can hold becomes "?".

    Args:
        template: a file of Jinja's language; what it includes or imports stands beside it or in this room.
        values:   what it names; one that it names and that is not here is an error.
    """
    from markupsafe import Markup

    text = _environment(template.parent).get_template(template.name).render(values)
    return Markup(text.encode("utf-8", "replace").decode("utf-8"))  # halves of surrogate pairs


def whole(title: str, body: Markup) -> str:
    """Return a complete HTML document: one file, to be opened from anywhere.

    Args:
        title: what the window is called.
        body:  the fragment that it shows.
    """
    from markupsafe import Markup

    return str(filled(HERE / "whole.html", title=title, body=body, css=Markup(css())))


def fragment(body: Markup) -> str:
    """Return what `_repr_html_` hands to a notebook: the fragment, and the style it needs."""
    from markupsafe import Markup

    return str(filled(HERE / "fragment.html", body=body, css=Markup(css())))


def uri(data: bytes, kind: str) -> str:
    """Return an encoded picture as an address that holds it; `kind` is such as "png"."""
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"


@functools.cache
def _environment(folder: Path) -> Environment:
    import jinja2

    return jinja2.Environment(
        loader=jinja2.FileSystemLoader([folder, HERE]),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=False,
    )

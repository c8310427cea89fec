"""Prose: docstrings and Markdown as HTML.

A docstring is paragraphs, blocks that are indented (code), and lists of "Name:  text", as in all of augkit.
"""

from __future__ import annotations

import inspect
import re
import textwrap
from collections.abc import Mapping
from typing import Any

from markupsafe import Markup, escape

_NAMED = re.compile(r"([A-Z]\w*(?: \w+)?): +(?=\S)|([A-Z]\w*(?: \w+)?):$")
_WHY = ("Why",)


def docstring(documented: object) -> str:
    """Return the docstring of something, without its indentation."""
    return inspect.cleandoc(getattr(documented, "__doc__", "") or "")


def first(documented: object) -> str:
    """Return the first paragraph of a docstring, on one line."""
    return " ".join(docstring(documented).split("\n\n")[0].split())


def html(text: str) -> Markup:
    """Return a docstring as HTML."""
    return Markup("\n").join(_block(block) for block in re.split(r"\n\n+", text.strip("\n")) if block.strip())


def _block(block: str) -> Markup:
    lines = block.split("\n")
    if all(line.startswith("    ") or not line for line in lines):
        return code(textwrap.dedent(block))
    named = _NAMED.match(block)
    if named and named[2]:
        return Markup("<h2>{}</h2>").format(named[2])
    if named and named[1] not in _WHY:
        return _list(lines)
    if named:
        return Markup("<p><b>{}:</b> {}</p>").format(named[1], inline(block[named.end() :]))
    return Markup("<p>{}</p>").format(inline(block))


def _list(lines: list[str]) -> Markup:
    """Return lines "Name:  text", which go on where they are indented, as a list of terms."""
    terms: list[list[str]] = []
    for line in lines:
        named = _NAMED.match(line)
        if named and not line.startswith(" "):
            terms.append([named[1] or named[2], line[named.end() :]])
        elif terms:
            terms[-1][1] += " " + line.strip()
    rows = [Markup("<div><dt>{}</dt><dd>{}</dd></div>").format(name, inline(text)) for name, text in terms]
    return Markup('<dl class="terms">{}</dl>').format(Markup("").join(rows))


def inline(text: str) -> Markup:
    """Return running text, with what stands in backticks as code."""
    parts = " ".join(text.split()).split("`")
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if i % 2 else escape(part) for i, part in enumerate(parts)
    )


def code(text: str) -> Markup:
    """Return a block of code; one that begins as our files do is YAML."""
    yaml = text.lstrip().startswith(("version:", "#", "- ", "steps:"))
    kind = Markup(' class="language-yaml"') if yaml else Markup("")
    return Markup("<pre><code{}>{}</code></pre>").format(kind, text.strip("\n"))


def markdown(text: str, links: Mapping[str, str]) -> Markup:
    """Return Markdown as HTML; `links` gives the page of each file that it links to.

    What links to another file is left as its words.
    """
    from markdown_it import MarkdownIt

    reader = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = reader.parse(text)
    for token in tokens:
        _turn(token.children or [], links)
        if token.type in ("th_open", "td_open") and "right" in str(token.attrGet("style")):
            token.attrs = {"class": "number"}
    rendered = reader.renderer.render(tokens, reader.options, {})
    return Markup(
        rendered.replace("<table>", '<div class="wide"><table>').replace("</table>", "</table></div>")
    )


def _turn(tokens: list[Any], links: Mapping[str, str]) -> None:
    """Turn links to files into links to pages, and those that lead nowhere into words."""
    dead = False
    for token in tokens:
        for name in ("href", "src"):
            address = str(token.attrGet(name) or "https:")
            if not address.startswith(("https:", "http:", "#")):
                dead = name == "href" and address not in links
                token.attrSet(name, links.get(address, ""))
        if dead and token.type in ("link_open", "link_close"):
            dead = token.type == "link_open"
            token.type, token.tag, token.content, token.nesting = "text", "", "", 0

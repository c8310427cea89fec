"""The tour: the notebook of the checkout, as a page, with what its cells showed when they were run."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from markupsafe import Markup

from augkit.docs import prose

_STYLE = re.compile(r"<style>.*?</style>", re.DOTALL)  # the site has it already


def html(notebook: Path) -> Markup:
    """Return the cells of a notebook and what they showed."""
    cells = json.loads(notebook.read_text("utf-8"))["cells"]
    return Markup("\n").join(part for cell in cells for part in _cell(cell))


def _cell(cell: dict[str, Any]) -> Iterator[Markup]:
    text = "".join(cell["source"])
    if cell["cell_type"] == "markdown":
        yield prose.markdown(text, {})
        return
    yield prose.code(text)
    for output in cell["outputs"]:
        page = "".join(output.get("data", {}).get("text/html", ""))
        said = "".join(output.get("text", output.get("data", {}).get("text/plain", ""))).strip("\n")
        if page:  # made by this room's own templates, which escape what they are filled with
            yield Markup('<div class="shown">{}</div>').format(Markup(_STYLE.sub("", page)))
        elif said:
            yield Markup('<pre class="shown"><code>{}</code></pre>').format(said)

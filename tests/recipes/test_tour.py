"""The tour runs from its first cell to its last, and shows what it says it shows."""

from __future__ import annotations

import re
from typing import Any

import nbformat
import pytest

from tests.recipes import tour
from tests.show.test_gallery import Tags

SECRETS = re.compile(
    r"/(tmp|home|root|work|usr|var|Users)/|\\Users\\|\d\d:\d\d|\d{4}-\d\d-\d\d|0x[0-9a-f]{6,}|\d m?s\b"
)


@pytest.fixture(scope="module")
def written() -> Any:
    return nbformat.read(tour.PATH, as_version=4)


def shown(cell: Any) -> list[tuple[str, int]]:
    """Return what each output of a cell says, and how many pictures it has.

    What is printed is one output: whether it comes in one piece or in two is chance.
    """
    found, outputs = [], cell.get("outputs", [])
    printed = "".join(output["text"] for output in outputs if output["output_type"] == "stream")
    streams = [{"text": printed}] if printed else []
    for output in (*streams, *(output for output in outputs if output["output_type"] != "stream")):
        page = output.get("data", {}).get("text/html") or ""
        tags = Tags(re.sub(r"<style>.*?</style>", "", page, flags=re.DOTALL))
        plain = output.get("data", {}).get("text/plain", "") if not page else ""
        found.append((" ".join((output.get("text", "") + plain + tags.text).split()), len(tags.named("img"))))
    return found


@pytest.mark.thorough
def test_the_tour_shows_what_a_fresh_run_shows(written: Any) -> None:
    fresh = tour.executed()
    assert len(fresh.cells) == len(written.cells) > 20
    for then, now in zip(written.cells, fresh.cells, strict=True):
        assert then.source == now.source
        if tour.VARIES not in then.metadata.get("tags", []):
            assert shown(then) == shown(now), then.source


def test_the_tour_was_run_whole_and_shows_every_kind_of_thing(written: Any) -> None:
    cells = [cell for cell in written.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    assert not [output for cell in cells for output in cell.outputs if output.output_type == "error"]
    said = " ".join(text for cell in cells for text, _ in shown(cell))
    for each in ("unsafe for the task digits", "safe for the task digits", "now reads", "made: 400 pictures"):
        assert each in said
    assert sum(pictures for cell in cells for _, pictures in shown(cell)) > 30


def test_no_output_names_a_folder_a_machine_or_a_time(written: Any) -> None:
    for cell in written.cells:
        for text, _ in shown(cell):
            assert not SECRETS.search(text), text
        assert "execution" not in cell.metadata and not any(
            o.get("name") == "stderr" for o in cell.get("outputs", [])
        )
    assert tour.PATH.stat().st_size < 250_000

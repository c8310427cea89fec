"""How long the studio takes to show an edit: 24 pictures, from a new text to what the page is sent, and to
what it shows.

Command: make bench ARGS=studio, or python -m tests.benchmarks.studio
"""

from __future__ import annotations

import contextlib
import shutil
import socket
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from augkit.studio import Asked, Desk
from tests.benchmarks import pictures
from tests.benchmarks.report import Section, table
from tests.benchmarks.rounds import Effort

COUNT = 24
DIGITS = """\
version: 1
task: digits
steps:
  - shift: {{x: [-0.1, 0.1], y: [-0.1, 0.1]}}
  - zoom: {{factor: [0.9, 1.1]}}
  - rotate: {{degrees: [-{turn}, {turn}], p: 0.8}}
  - shear: {{x_degrees: [-8, 8]}}
  - contrast: {{gain: [0.8, 1.2], p: 0.5}}
"""
PHOTOS = """\
version: 1
task: natural
steps:
  - flip_horizontal: {{p: 0.5}}
  - rotate: {{degrees: [-{turn}, {turn}]}}
  - random_resized_crop: {{area: [0.5, 1]}}
  - brightness: {{shift: [-0.1, 0.1]}}
  - contrast: {{gain: [0.8, 1.2]}}
  - saturation: {{factor: [0.8, 1.2]}}
"""
NAMES = ("chromium", "chromium-browser", "google-chrome")
_PAUSE = 1.2  # seconds between two edits, so that the verdict on the whole policy runs into some of them

_SHOW = """(turn) => new Promise((done) => {
  const slider = document.querySelector('[aria-label="rotate degrees highest as a number"]');
  const grid = document.getElementById("grid");
  const begun = performance.now();
  new MutationObserver((_, seer) => {
    seer.disconnect();
    requestAnimationFrame(() => setTimeout(() => done(performance.now() - begun)));
  }).observe(grid, { childList: true });
  slider.value = turn;
  slider.dispatchEvent(new Event("change"));
})"""


def section(effort: Effort) -> Section:
    """Return the table: kinds of pictures; median and greatest time in milliseconds."""
    found = Section(
        "studio",
        "Studio",
        f"An edit of a range, {COUNT} pictures, another text each time. Answered: parsed, drawn, judged "
        "one by one, rendered and encoded, by the desk alone. Shown: in headless Chromium on the same "
        "machine, from the edit to the frame that has the new pictures, with the 30 ms that the page waits "
        f"for more keys. Half unsafe: turns twice as far as the task's labels survive. Medians of "
        f"{3 * effort.rounds} edits.",
        [f"{COUNT} pictures, ms", "answered", "(greatest)", "shown", "(greatest)"],
    )
    with tempfile.TemporaryDirectory() as folder, _browser(found) as browser:
        digits, photos = _digits(), _photos()
        for kind, name, text, data, turn in (
            ("digits", "digits, 28×28, safe", DIGITS, digits, 6),
            ("digits", "… half unsafe", DIGITS, digits, 40),
            ("photos", "photos, about 500×375, safe", PHOTOS, photos, 6),
            ("photos", "… half unsafe", PHOTOS, photos, 60),
        ):
            turns = [turn + number / 10 for number in range(3 * effort.rounds)]
            path = Path(folder) / "p.yaml"
            path.write_text(text.format(turn=5), encoding="utf-8")
            desk = Desk(path, "data", data)
            desk.look(text.format(turn=5), Asked())
            answered = [_milliseconds(desk, text.format(turn=each)) for each in turns]
            shown = _shown(browser, desk, turns) if browser is not None else []
            cells = [f"{value:.0f}" for times in (answered, shown) if times for value in _told(times)]
            found.rows.append([name, *cells, *["–"] * (4 - len(cells))])
            for what, times in (("answered", answered), ("shown", shown)):
                if times:  # the slower of safe and half unsafe
                    key = f"{kind}: {what}"
                    found.numbers[key] = max(statistics.median(times), found.numbers.get(key, 0))
    return found


def _told(times: list[float]) -> tuple[float, float]:
    return statistics.median(times), max(times)


def _milliseconds(desk: Desk, text: str) -> float:
    begun = time.perf_counter()
    answer = desk.look(text, Asked())
    taken = 1000 * (time.perf_counter() - begun)
    assert sum(answer["counts"].values()) == COUNT, answer
    return taken


def _shown(browser: Any, desk: Desk, turns: list[float]) -> list[float]:
    with _served(desk) as address:
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.goto(address)
        page.wait_for_selector(".copy")
        page.wait_for_function("() => document.getElementById('verdict').dataset.word !== 'wait'")
        times = []
        for turn in turns:
            time.sleep(_PAUSE)
            times.append(float(page.evaluate(_SHOW, turn)))
        page.close()
    return times


@contextlib.contextmanager
def _browser(found: Section) -> Iterator[Any]:
    """Start the system's Chromium; None, and a remark, where there is none."""
    chromium = next(filter(None, map(shutil.which, NAMES)), None)
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        chromium = None
    if chromium is None:
        found.remarks.append("shown: skipped, there is no Chromium or no playwright to drive it")
        yield None
        return
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield browser
        browser.close()


@contextlib.contextmanager
def _served(desk: Desk) -> Iterator[str]:
    """Serve a desk in a thread of this process."""
    import uvicorn

    from augkit.studio.app import app

    listening = socket.create_server(("127.0.0.1", 0))
    port = listening.getsockname()[1]
    server = uvicorn.Server(uvicorn.Config(app(desk, "token", port), log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    yield f"http://127.0.0.1:{port}/token/"
    server.should_exit = True
    thread.join()


def _digits() -> Any:
    from augkit import sources

    return sources.load("mnist-sample")


def _photos() -> Any:
    from datasets import DatasetDict

    from augkit.sources import records

    photos = pictures.photos()
    names = [f"photo-{number:02d}" for number in range(len(photos))]
    part = records.dataset(
        names, [data for _, data in photos], [label for label, _ in photos], pictures.CLASSES
    )
    return DatasetDict({"train": part})


def main() -> None:
    """Print the table alone."""
    made = section(Effort(5))
    print("\n".join([*table(made.head, made.rows), *made.remarks]))


if __name__ == "__main__":
    main()

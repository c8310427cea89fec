"""The page, driven in a real browser: the system's Chromium, without a window."""

from __future__ import annotations

import http.server
import re
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from datasets import DatasetDict

pytest.importorskip("uvicorn", reason="augkit[studio] is not installed")

import uvicorn

from augkit.sources import records
from augkit.studio import Desk
from augkit.studio.app import app
from tests.page.chromium import faint, launched, unnamed
from tests.store import making
from tests.studio.conftest import UNSAFE

pytestmark = pytest.mark.thorough

SOON = 30_000  # ms, on a machine that does much else
HOSTILE = '<img src=x onerror="window.broken=1">'


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with launched() as made:
        yield made


@pytest.fixture
def served() -> Iterator[Callable[[Desk], str]]:
    """Serve desks in this process; the value returns a page's address."""
    running = []

    def serve(desk: Desk) -> str:
        listening = socket.create_server(("127.0.0.1", 0))
        port = listening.getsockname()[1]
        config = uvicorn.Config(
            app(desk, "token", port), log_level="error", lifespan="off", timeout_graceful_shutdown=1
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        running.append((server, thread))
        return f"http://127.0.0.1:{port}/token/"

    yield serve
    for server, thread in running:
        server.should_exit = True
        thread.join()


@pytest.fixture
def visit(browser: Any, served: Callable[[Desk], str]) -> Iterator[Callable[..., Any]]:
    """Open the studio's page; what the browser complains of fails the test."""
    complaints: list[str] = []
    contexts = []

    def opened(desk: Desk, **how: Any) -> Any:
        how = {"viewport": {"width": 1600, "height": 1000}, **how}  # so wide that no line is wrapped
        context = browser.new_context(permissions=["clipboard-read", "clipboard-write"], **how)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(SOON)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
        page.goto(served(desk))
        page.wait_for_selector(".copy")
        judged(page)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert [line for line in complaints if "409" not in line and "403" not in line] == []


def script(name: str) -> str:
    return Path(__file__).with_name(name).read_text("utf-8")


def judged(page: Any, word: str = "safe|unsafe|unproven|unreadable") -> str:
    """Wait for a verdict and return what it says."""
    page.wait_for_function(
        "word => new RegExp(`^(${word})$`).test(document.getElementById('verdict').dataset.word)", arg=word
    )
    return str(page.inner_text("#verdict"))


def text(page: Any) -> str:
    lines = page.locator(".cm-line").all_inner_texts()
    return "\n".join(line.strip("\n\u200b") for line in lines)


def typed(page: Any, place: str, instead: str) -> None:
    """Select a part of the text with the mouse's help, and type over it."""
    line = page.locator(".cm-line", has_text=place)
    line.click()
    page.keyboard.press("End")
    page.keyboard.press("Shift+Home")
    page.keyboard.insert_text(line.inner_text().lstrip().replace(place, instead))


def test_an_edit_flips_the_verdict_and_fix_and_save_do_what_they_say(visit: Any, desk: Desk) -> None:
    page = visit(desk)
    assert "unsafe for digits" in judged(page, "unsafe")
    assert "turns by 90°" in page.inner_text("#findings") and "line 5" in page.inner_text("#findings")
    assert page.locator(".copy[data-state=unsafe]").count() > 0
    typed(page, "[-90, 90]", "[-15, 15]")
    assert "proved for every class" in judged(page, "safe")
    assert page.locator(".copy[data-state=unsafe]").count() == 0 and page.is_visible("#dirty")
    assert desk.path.read_text("utf-8") == UNSAFE
    typed(page, "[-15, 15]", "[-60, 60]")
    judged(page, "unsafe")
    page.click("#fix")
    judged(page, "safe")
    assert "narrowed rotate" in page.inner_text("#message")
    page.click("#save")
    page.wait_for_selector("#dirty", state="hidden")
    saved = desk.path.read_text("utf-8")
    assert saved == UNSAFE.replace("[-90, 90]", "[-20, 20]") and "# too far" in saved
    page.click("#command")
    page.wait_for_function("() => document.getElementById('message').textContent.startsWith('Copied')")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith(f"augkit generate {desk.path} digits ") and copied.endswith(
        "--copies 4 --seed 0"
    )


def test_what_is_no_policy_is_underlined_and_comes_back_when_it_is_one(visit: Any, desk: Desk) -> None:
    page = visit(desk)
    typed(page, "rotate:", "rotat:")
    assert "not a policy yet" in judged(page, "unreadable")
    found = page.inner_text("#findings")
    assert "did you mean rotate?" in found and "✕ error" in found and "unsafe" not in found
    assert page.inner_text(".cm-lintRange-error").startswith("rotat: {degrees")
    typed(page, "rotat:", "rotate:")
    judged(page, "unsafe")


def test_a_slider_writes_its_number_and_keeps_every_comment(visit: Any, desk: Desk) -> None:
    page = visit(desk)
    low, high = (
        page.get_by_label("rotate degrees lowest", exact=True),
        page.get_by_label("rotate degrees highest", exact=True),
    )
    high.focus()
    page.keyboard.press("ArrowLeft")
    assert "[-90, 89]" in text(page) and "# too far" in text(page)
    low.evaluate("one => { one.value = 480; one.dispatchEvent(new Event('input', { bubbles: true })); }")
    assert "[-7, 89]" in text(page)
    page.get_by_label("rotate degrees highest as a number").fill("12.5")
    page.keyboard.press("Tab")
    judged(page, "safe")
    page.get_by_label("shift p", exact=True).focus()  # not written yet
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    assert "- shift: {x: [-0.05, 0.05], p: 0.99}" in text(page)
    assert text(page).count("#") == 2
    page.locator(".cm-content").focus()
    for _ in range(12):
        page.keyboard.press("Control+z")
    assert text(page) == UNSAFE


def test_the_editor_offers_what_the_schema_knows(visit: Any, desk: Desk) -> None:
    page = visit(desk)
    page.locator(".cm-content").focus()
    page.keyboard.press("Control+End")
    page.keyboard.type("  - contra")
    page.wait_for_selector(".cm-tooltip-autocomplete")
    page.wait_for_timeout(150)  # the list takes no Enter at once, so that nobody chooses unawares
    page.keyboard.press("Enter")
    assert text(page).endswith("- contrast: {gain: [0.9, 1.1]}")
    page.keyboard.press("ArrowLeft")
    page.keyboard.type(", p")
    page.wait_for_selector(".cm-tooltip-autocomplete")
    assert "Probability that the step is done" in page.inner_text(".cm-completionInfo")


def test_the_grid_obeys_seed_class_and_only_unsafe(visit: Any, desk: Desk) -> None:
    page = visit(desk)
    before = page.locator(".copy .drawn").all_inner_texts()
    page.click("#dice")
    page.wait_for_function("one => document.querySelector('.copy .drawn').textContent !== one", arg=before[0])
    assert page.input_value("#seed") == "1"
    page.select_option("#of", "7")
    page.wait_for_function(
        "() => [...document.querySelectorAll('.row .label')].every(one => one.textContent === '7')"
    )
    page.check("#only")
    page.wait_for_function("() => !document.querySelector('.copy[data-state=safe]')")
    page.select_option("#shape", "24×1")
    page.wait_for_function("() => document.querySelectorAll('.row').length <= 24")


def test_a_file_that_changed_meanwhile_is_not_saved_over_unasked(visit: Any, desk: Desk) -> None:
    page = visit(desk)
    typed(page, "[-90, 90]", "[-15, 15]")
    desk.path.write_text("# theirs\n" + UNSAFE, encoding="utf-8")
    page.keyboard.press("Control+s")
    page.wait_for_selector("#conflict[open]")
    assert desk.path.read_text("utf-8").startswith("# theirs")
    page.click("#over")
    page.wait_for_selector("#conflict", state="hidden")
    page.wait_for_selector("#dirty", state="hidden")
    assert "[-15, 15]" in desk.path.read_text("utf-8") and "theirs" not in desk.path.read_text("utf-8")


def test_names_are_text_whatever_they_are(visit: Any, desk: Desk) -> None:
    classes = (HOSTILE, "</script><script>window.broken=1</script>", "a\u202eb\x07")
    keys = [f"{HOSTILE}/{number}" for number in range(6)]
    part = records.dataset(keys, [making.picture(i) for i in range(6)], [0, 1, 2] * 2, classes)
    desk.path = desk.path.with_name("<b onmouseover=broken=1>.yaml")
    desk.path.write_text(
        "version: 1\ntask: natural\nsteps:\n  - rotate: {degrees: [90, 90]}\n", encoding="utf-8"
    )
    page = visit(Desk(desk.path, HOSTILE, DatasetDict({"train": part})))
    assert page.inner_text("#file") == desk.path.name and HOSTILE in page.inner_text("#source")
    assert HOSTILE in page.locator(".row .label").all_inner_texts()
    page.locator(".copy").first.click()
    page.wait_for_selector("#detail[open] .values tr")
    page.locator("#detail summary").first.click()
    assert "img src=x" in page.inner_text("#detail-head")
    assert page.evaluate("window.broken") is None
    assert page.locator("img[src=x], b, script:not([src])").count() == 0


def test_another_page_is_refused_with_and_without_the_token(visit: Any, desk: Desk) -> None:
    page = visit(desk)
    address = page.url
    answer = page.request.get(re.sub("/token/$", "/guess/", address))
    assert answer.status == 403 and "token" in answer.text()

    class Other(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("content-type", "text/html")
            self.end_headers()
            self.wfile.write(b"<!doctype html><title>other</title><p>other")

        def log_message(self, *words: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Other) as other:
        threading.Thread(target=other.serve_forever).start()
        theirs = page.context.new_page()
        theirs.goto(f"http://127.0.0.1:{other.server_port}/")
        tried = theirs.evaluate(
            script("elsewhere.js"),
            address,
        )
        other.shutdown()
    assert tried == ["refused", "refused", "closed"] and desk.path.read_text("utf-8") == UNSAFE


def test_all_of_it_works_from_the_keyboard(visit: Any, desk: Desk) -> None:
    page = visit(desk)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the pictures"
    order = []
    for _ in range(6):
        page.keyboard.press("Tab")
        order.append(
            page.evaluate("document.activeElement.id || document.activeElement.className.split(' ')[0]")
        )
    assert (
        order[:4] == ["fix", "command", "save", "cm-content"] and order[4] != "cm-content"
    )  # Tab leaves the editor
    page.focus(".skip")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement === document.querySelectorAll('.copy')[0]")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.activeElement === document.querySelectorAll('.copy')[2]")
    page.keyboard.press("ArrowDown")
    assert page.evaluate("[...document.querySelectorAll('.copy')].indexOf(document.activeElement)") > 2
    page.keyboard.press("Home")
    page.keyboard.press("Enter")
    page.wait_for_selector("#detail[open]")
    assert page.evaluate("document.getElementById('detail').contains(document.activeElement)")
    page.keyboard.press("Escape")
    page.wait_for_selector("#detail", state="hidden")
    assert page.evaluate("document.activeElement === document.querySelectorAll('.copy')[0]")
    page.focus("#fix")
    page.keyboard.press("Enter")
    judged(page, "safe")
    page.keyboard.press("Control+s")
    page.wait_for_selector("#dirty", state="hidden")
    assert "[-20, 20]" in desk.path.read_text("utf-8")


def test_wherever_the_focus_is_it_can_be_seen(visit: Any, desk: Desk) -> None:
    page = visit(desk)
    kinds = set()
    for _ in range(30):
        page.keyboard.press("Tab")
        page.wait_for_function(script("focused.js"), timeout=5000)
        kinds.add(page.evaluate("`${document.activeElement.localName} ${document.activeElement.type}`"))
    assert {"a ", "button button", "input range", "input number", "div undefined"} <= kinds


def test_a_screen_reader_is_told_what_everything_is(visit: Any, desk: Desk) -> None:
    page = visit(desk)
    assert unnamed(page) == []
    tree = page.locator("body").aria_snapshot()
    for each in (
        'link "Skip to the pictures"',
        'heading "p.yaml" [level=1]',
        "- status: ✕ unsafe for digits",
        'button "Apply fix"',
        'button "Copy command"',
        'button "Save"',
        'region "The policy, as YAML"',
        'textbox "policy, YAML; Tab leaves, F8 goes to the next finding"',
        'region "Findings (',
        'button "line 5: turns by 90°',
        'region "Ranges"',
        'group "rotate"',
        'slider "rotate degrees lowest"',
        'spinbutton "rotate degrees highest as a number"',
        'region "Pictures"',
        'spinbutton "seed"',
        'combobox "class"',
        'combobox "shown"',
        'checkbox "only unsafe"',
    ):
        assert each in tree, (each, tree)
    copy = page.locator(".copy").first
    assert "unsafe LS102" in copy.aria_snapshot() and "turns by" in copy.aria_snapshot()
    assert page.get_by_label("rotate degrees lowest", exact=True).get_attribute("aria-valuetext") == "-90"
    for box in ("#verdict", "#message"):
        assert (
            page.get_attribute(box, "role") == "status" and page.get_attribute(box, "aria-live") == "polite"
        )
    copy.click()
    page.wait_for_selector("#detail[open] .values tr")
    shown = page.locator("#detail").aria_snapshot()
    assert 'button "Close"' in shown and 'table "drawn values"' in shown and 'img "original' in shown


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 820, 360])
def test_words_stand_out_and_nothing_overflows(visit: Any, desk: Desk, scheme: str, width: int) -> None:
    page = visit(desk, color_scheme=scheme, viewport={"width": width, "height": 900})
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert faint(page) == []

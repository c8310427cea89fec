"""Pages as people get them: opened from a file in the system's Chromium, narrow and wide, light and dark."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from datasets import DatasetDict

from augkit import page as pages
from augkit import policy, safety, store, tasks
from augkit.audit import Audit
from augkit.audit.cells import Cell, Terms
from augkit.audit.proportions import Share
from augkit.audit.result import Column
from augkit.docs import site
from augkit.report import report
from augkit.show import preview
from augkit.sources import records
from tests.page.chromium import faint, launched
from tests.store import making

pytestmark = pytest.mark.thorough

HOSTILE = (
    '<img src=x onerror="window.broken=1">',
    "</title></style><script>window.broken=1</script>",
    "\" onmouseover='window.broken=1' x=\"{{ 7 * 7 }}\u202e",
)
SCRIPTED = "<script>window.broken = 1</script><img src='//elsewhere.example/x' onerror='broken = 1'>"
LOG = "epoch,loss,accuracy,val_loss,val_accuracy\n1,2,0.1,2.5,0.2\n2,1,0.5,1.9,0.4\n"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with launched() as made:
        yield made


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Write every kind of page, of data whose classes, files and runs have hostile names."""
    root = tmp_path_factory.mktemp("pages")
    keys = [f"{HOSTILE[number % 3]}/{number}" for number in range(9)]
    images = [making.picture(number) if number != 8 else b"<html>" for number in range(9)]
    data = DatasetDict(train=records.dataset(keys, images, [0, 1, 2] * 3, HOSTILE))
    out = root / "<b>data & sets"
    store.generate(making.free_plan(HOSTILE, copies=2), data, out, max_bad="1")
    run = root / SCRIPTED.replace("/", "∕")[:200]
    run.mkdir()
    (run / "log.csv").write_text(LOG)
    (run / "result.json").write_text(
        json.dumps(
            {"title": SCRIPTED, "accuracy": 0.75, "classes": HOSTILE[:2], "confusion": [[3, 4], [1, 5]]}
        )
    )
    found = {"report": report(out, trained=[run], audited=[_audited(root)])}
    text = (
        "{version: 1, task: traffic-signs, about: '" + SCRIPTED.replace("'", "''") + "',"
        " steps: [{flip_horizontal: {p: 1}}, {rotate: {degrees: [-90, 90]}}], allow: {LS302: '<i>why</i>'}}"
    )
    signs = policy.parse(text, f"{HOSTILE[0]}.yaml")
    verdict = safety.judge(signs, tasks.load("natural"), classes=HOSTILE)
    some = DatasetDict(train=data["train"].select(range(6)))
    found["preview"] = preview.copies(verdict, some, 2, 3, 0).html()
    found["witness"] = preview.witnesses(verdict, some).html()
    shown = "".join(each._repr_html_() for each in (signs, verdict, verdict.reach))
    found["notebook"] = f"<!doctype html><title>x</title><body style='margin:0'>{shown}"
    for name, page in found.items():
        (root / f"{name}.html").write_text(page, encoding="utf-8")
    return {name: root / f"{name}.html" for name in found}


def _audited(folder: Path) -> Path:
    """Save an audit of hostile names, with a cell of each verdict."""
    share = Share(9, 10, 0.8, 0.95)
    columns = tuple(Column("turn", "turn", "°", 10.0 * k, 10.0 * k, 1.0) for k in range(5))
    words = ("keeps", "becomes", "destroys", "fragile", "unsure")
    cells = tuple(
        Cell(
            name, "turn", 10.0 * k, 10.0 * k, word, HOSTILE[1] if word == "becomes" else "", *[share] * 5, 0.9
        )  # type: ignore[arg-type]
        for name in HOSTILE
        for k, word in enumerate(words)
    )
    found = Audit(
        source=SCRIPTED, classes=HOSTILE, pictures=(10, 10, 10), reader="reference", terms=Terms(0.9, 1),
        folds=2, seed=0, effort={"clean": 1}, size=(28, 28, 1), version="0",
        upright=dict.fromkeys(HOSTILE, (share, share)), columns=columns, cells=cells,
    )  # fmt: skip
    return found.save(folder)


def opened(browser: Any, path: Path, width: int, scheme: str, **how: Any) -> Any:
    """Open a page as a file; the value has what it asked of anyone, and what boxes it opened, in `told`."""
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, **how)
    page, told = context.new_page(), []
    page.on("dialog", lambda box: (told.append(f"box: {box.message}"), box.dismiss()))
    page.on("pageerror", lambda error: told.append(f"error: {error}"))
    page.on("request", lambda asked: told.append(asked.url))
    page.goto(path.as_uri())
    page.told = [each for each in told if each != path.as_uri() and not each.startswith("data:")]
    return page


KINDS = ("report", "preview", "witness", "notebook")


@pytest.mark.parametrize("kind", KINDS)
def test_promise_24_names_in_a_page_run_nothing_and_ask_nobody(
    browser: Any, written: dict[str, Path], kind: str
) -> None:
    page = opened(browser, written[kind], 1280, "light")
    for each in page.locator("figure, td, th, summary").all()[:40]:
        each.dispatch_event("mouseover")
    assert page.evaluate("window.broken") is None and page.told == []
    assert page.locator("script, img[src=x], [onerror], [onmouseover], link, iframe").count() == 0
    said = page.inner_text("body")
    assert HOSTILE[0] in said and ("window.broken" in said or kind != "report")
    page.context.close()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("width", "scheme"), [(1280, "light"), (1280, "dark"), (390, "light"), (390, "dark")]
)
def test_words_stand_out_and_nothing_is_clipped(
    browser: Any, written: dict[str, Path], kind: str, width: int, scheme: str
) -> None:
    page = opened(browser, written[kind], width, scheme)
    assert faint(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    unsaid = page.evaluate("[...document.images].filter((one) => !one.alt || !one.naturalWidth).length")
    assert unsaid == 0
    page.context.close()


def test_a_report_needs_no_script_and_is_printed_whole_and_light(
    browser: Any, written: dict[str, Path]
) -> None:
    page = opened(browser, written["report"], 794, "dark", java_script_enabled=False)
    assert "How a network learned" in page.inner_text("body")
    page.context.close()
    page = opened(browser, written["report"], 794, "dark")
    page.emulate_media(media="print", color_scheme="dark")
    paper = page.evaluate("getComputedStyle(document.querySelector('main')).color")
    assert sum(int(each) for each in paper.strip("rgb()").split(",")) < 200  # dark words, on white
    assert faint(page) == []
    tables = "[...document.querySelectorAll('.wide, .augkit-audit div')]"
    wide = page.evaluate(f"{tables}.map((one) => getComputedStyle(one).overflowX)")
    assert wide and set(wide) == {"visible"}
    folded = page.evaluate(
        "[...document.querySelectorAll('details pre')].map((one) => one.checkVisibility())"
    )
    assert folded and all(folded)  # what is folded away on a screen is printed
    page.context.close()


def test_a_page_has_one_heading_of_the_first_rank_and_skips_none(
    browser: Any, written: dict[str, Path]
) -> None:
    for kind in ("report", "preview", "witness"):
        page = opened(browser, written[kind], 1280, "light")
        ranks = [
            int(tag[1])
            for tag in page.evaluate("[...document.querySelectorAll('h1,h2,h3,h4')].map(h => h.tagName)")
        ]
        assert ranks.count(1) == 1 and ranks[0] == 1
        if kind == "report":
            assert all(after - before <= 1 for before, after in itertools.pairwise(ranks))
        page.context.close()


def test_the_menu_of_the_documentation_is_named_and_says_where_one_is(browser: Any, tmp_path: Path) -> None:
    pages_ = [site.Page("index.html", "augkit", _body()), site.Page("ops.html", "Ops", _body())]
    for one in pages_:
        (tmp_path / one.address).write_text(site._whole(one, {"index.html", "ops.html"}), encoding="utf-8")
    (tmp_path / "house.css").write_text(pages.css(), encoding="utf-8")
    (tmp_path / "docs.css").write_bytes((site.HERE / "docs.css").read_bytes())
    for width, scheme in ((1280, "light"), (390, "dark")):
        page = opened(browser, tmp_path / "ops.html", width, scheme)
        assert faint(page) == [] and page.evaluate("document.documentElement.scrollWidth") <= width
        tree = page.locator("nav").aria_snapshot()
        assert 'navigation "Pages"' in tree and 'link "Ops"' in tree
        assert page.locator("[aria-current=page]").inner_text() == "Ops"
        page.context.close()


def _body() -> Any:
    from markupsafe import Markup

    return Markup(
        "<h1>Ops</h1><p class='soft'>soft <code>code</code> <a href='index.html'>link</a></p><pre>x</pre>"
    )

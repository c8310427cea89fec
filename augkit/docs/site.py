"""The site: which pages there are, what they are made from, and how they are written."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from markupsafe import Markup

import augkit
from augkit import page, sources, tasks
from augkit.cli import helps
from augkit.docs import described, prose, tour
from augkit.errors import StoreError
from augkit.ops import OPS
from augkit.ops.foreign import Albumentations
from augkit.safety import RULES
from augkit.steps import FOREIGN
from augkit.suites import SUITES

HERE = Path(__file__).parent
CHECKOUT = Path(augkit.__file__).parents[1]
_STYLES = ("house.css", "docs.css")
_FILES = {
    "index.html": ("augkit", "README.md"),
    "benchmarks.html": ("Benchmarks", "tests/benchmarks/RESULTS.md"),
    "audit.html": ("Audit", "tests/benchmarks/AUDIT.md"),
    "promises.html": ("Promises", "tests/PROMISES.md"),
    "longer-runs.html": ("Longer runs", "tests/RESULTS.md"),
}
"""Pages made of Markdown files of the checkout: their titles, and the files."""

_TOUR = "recipes/tour.ipynb"
_PICTURES = (
    "tests/benchmarks/speed.svg",
    "tests/benchmarks/audit-digits.png",
    "tests/benchmarks/audit-digits-all.png",
    "recipes/policies/digits.png",
    "recipes/policies/digits-unsafe.png",
)
"""What the Markdown files show, by the file's own path or by its name alone."""


@dataclasses.dataclass(frozen=True)
class Page:
    """Hold one page: its address within the site, its title, and its content."""

    address: str
    title: str
    body: Markup


def write(out: Path) -> list[str]:
    """Write the documentation into a folder, and return the addresses of its pages.

    What stood there under the same names is replaced.

    Raises:
        StoreError: the folder cannot be written.
    """
    pages = list(_pages())
    try:
        for one in pages:
            path = out / one.address
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(_whole(one, {each.address for each in pages}), encoding="utf-8")
        (out / "house.css").write_text(page.css(), encoding="utf-8")
        (out / "docs.css").write_bytes((HERE / "docs.css").read_bytes())
        for name in _PICTURES:
            if (CHECKOUT / name).is_file():
                (out / Path(name).name).write_bytes((CHECKOUT / name).read_bytes())
    except OSError as error:
        problem = f"the pages cannot be written ({error.strerror})"
        raise StoreError(problem, where=str(out), fix="give another folder") from error
    return [one.address for one in pages]


def _whole(one: Page, all_: set[str]) -> str:
    menu = {
        "index.html": "augkit",
        "tour.html": "Tour",
        "commands.html": "Commands",
        "ops.html": "Ops",
        "rules.html": "Rules",
        "tasks.html": "Tasks",
        "sources.html": "Sources",
        "benchmarks.html": "Benchmarks",
        "audit.html": "Audit",
        "longer-runs.html": "Longer runs",
        "promises.html": "Promises",
    }
    up = "../" * one.address.count("/")
    here = one.address if one.address in menu else f"{one.address.partition('/')[0]}.html"
    links = [(up + address, name, address == here) for address, name in menu.items() if address in all_]
    return str(page.filled(HERE / "site.html", one=one, links=links, up=up, styles=_STYLES))


def _pages() -> Iterator[Page]:
    """Yield every page."""
    yield from _checkout()
    yield Page("commands.html", "Commands", _filled("commands.html", helps=helps()))
    yield from _ops()
    yield from _rules()
    yield from _tasks()
    yield Page("sources.html", "Sources", _filled("sources.html", lines=described.sources(sources.text())))


def _checkout() -> Iterator[Page]:
    """Yield the pages of the files that only a checkout has; without any, a first page all the same."""
    links = {name: address for address, (_, name) in _FILES.items() if (CHECKOUT / name).is_file()}
    there = [name for name in _PICTURES if (CHECKOUT / name).is_file()]
    links |= {each: Path(name).name for name in there for each in (name, Path(name).name)}
    if (CHECKOUT / _TOUR).is_file():
        links[_TOUR] = "tour.html"
        yield Page("tour.html", "Tour", tour.html(CHECKOUT / _TOUR))
    for address, (title, name) in _FILES.items():
        path = CHECKOUT / name
        if path.is_file():
            yield Page(address, title, prose.markdown(path.read_text("utf-8"), links))
        elif address == "index.html":
            yield Page(
                address, title, Markup("<h1>augkit</h1>{}").format(prose.html(prose.docstring(augkit)))
            )


def _ops() -> Iterator[Page]:
    kinds = {**OPS, **SUITES, FOREIGN: Albumentations}
    families: dict[str, list[tuple[str, str]]] = {}
    for name, kind in kinds.items():
        families.setdefault(described.family(kind), []).append((name, prose.first(kind)))
    yield Page("ops.html", "Ops", _filled("ops.html", families=families))
    for name, kind in kinds.items():
        yield Page(f"ops/{name}.html", name, _filled("op.html", **described.op(name, kind)))


def _rules() -> Iterator[Page]:
    listed = [(code, rule.NAME, prose.first(rule)) for code, rule in sorted(RULES.items())]
    yield Page("rules.html", "Rules", _filled("rules.html", rules=listed))
    for code, rule in RULES.items():
        title = f"{code} {rule.NAME}"
        yield Page(f"rules/{code}.html", title, _filled("rule.html", title=title, **described.rule(code)))


def _tasks() -> Iterator[Page]:
    known = {name: tasks.load(name) for name in tasks.names()}
    yield Page("tasks.html", "Tasks", _filled("tasks.html", tasks=known))
    for name, task in known.items():
        yield Page(f"tasks/{name}.html", name, _filled("task.html", **described.task(task)))


def _filled(template: str, **values: Any) -> Markup:
    return page.filled(HERE / template, prose=prose, **values)

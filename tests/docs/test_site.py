"""The documentation says what the code says, its links lead somewhere, and all YAML in it is judged."""

from __future__ import annotations

import html
import re
import subprocess
import sys
from pathlib import Path

import pytest

from augkit import policy, safety, tasks
from augkit.cli import helps
from augkit.docs import prose, write
from augkit.errors import StoreError
from augkit.ops import OPS
from augkit.safety import RULES
from augkit.suites import SUITES
from tests.show.test_gallery import Tags

pytestmark = pytest.mark.xdist_group("docs")  # one process writes the site, once

ADDRESSES = [
    *(f"ops/{name}.html" for name in (*OPS, *SUITES, "albumentations")),
    *(f"rules/{code}.html" for code in RULES),
    *(f"tasks/{name}.html" for name in tasks.names()),
    *(
        "index.html",
        "commands.html",
        "ops.html",
        "rules.html",
        "tasks.html",
        "sources.html",
        "benchmarks.html",
    ),
]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("docs") / "site"
    assert set(ADDRESSES) <= set(write(out))
    return out


def page(site: Path, address: str) -> Tags:
    return Tags((site / address).read_text("utf-8"))


def said(text: str) -> str:
    return " ".join(text.replace("`", "").split())


def blocks(site: Path, address: str, kind: str = "language-yaml") -> list[str]:
    text = (site / address).read_text("utf-8")
    return [
        html.unescape(block) for block in re.findall(rf'<code class="{kind}">(.*?)</code>', text, re.DOTALL)
    ]


def test_every_page_is_well_formed_and_can_be_reached(site: Path) -> None:
    seen, waiting = set(), ["index.html"]
    while waiting:
        address = waiting.pop()
        seen.add(address)
        found = page(site, address)
        assert found.named("h1"), address
        for link in found.named("a"):
            target = link["href"] or ""
            if target.startswith(("https:", "#")):
                assert target.startswith("https:") or f'id="{target[1:]}"' in (site / address).read_text(
                    "utf-8"
                )
                continue
            path = (site / address).parent / target.partition("#")[0]
            assert path.is_file(), (address, target)
            reached = path.resolve().relative_to(site.resolve()).as_posix()
            if reached not in seen and reached.endswith(".html"):
                waiting.append(reached)
        for kind, name in (("link", "href"), ("img", "src")):
            for each in found.named(kind):
                address_of = each[name] or ""
                assert (
                    address_of.startswith("data:image/") or ((site / address).parent / address_of).is_file()
                )
    assert set(ADDRESSES) <= seen


def test_no_page_runs_a_script_or_asks_a_network(site: Path) -> None:
    for path in site.rglob("*.*"):
        if path.suffix == ".html":
            assert not Tags(path.read_text("utf-8")).named("script")
        if path.suffix == ".css":
            assert not re.search(r"https?:|url\(|@import", path.read_text("utf-8"))


@pytest.mark.parametrize("name", [*OPS, *SUITES])
def test_the_page_of_an_op_has_its_docstring_its_pictures_and_an_example_that_is_one(
    name: str, site: Path
) -> None:
    found = page(site, f"ops/{name}.html")
    first = prose.first({**OPS, **SUITES}[name])
    assert said(first) in said(found.text)
    assert len(found.named("img")) >= 2 and all(picture["alt"] for picture in found.named("img"))
    (example,) = blocks(site, f"ops/{name}.html")
    read = policy.parse(example)
    assert name in {step.name.partition(".")[0] for step in read.leaves()}
    for phrase in safety.judge(read, tasks.load("none")).reach.in_words():
        assert phrase in said(found.text)


@pytest.mark.parametrize("code", RULES)
def test_the_page_of_a_rule_has_its_docstring_and_what_augkit_says(code: str, site: Path) -> None:
    found, text = page(site, f"rules/{code}.html"), prose.docstring(RULES[code])
    why = text.partition("Why: ")[2].partition("\n\n")[0]
    assert why and said(why) in said(found.text)
    assert "Example" in found.text and "Use instead" in found.text
    written = blocks(site, f"rules/{code}.html")
    if written:
        bad, *good = [policy.parse(block, "policy.yaml") for block in written]
        judged = safety.judge(bad, tasks.load(bad.task))
        assert code in {finding.code for finding in judged.findings}
        assert said(judged.summary()) in said(found.text)
        for other in good:
            codes = {finding.code for finding in safety.judge(other, tasks.load(other.task)).findings}
            assert code not in codes


@pytest.mark.parametrize("name", tasks.names())
def test_the_page_of_a_task_has_its_evidence_and_a_file_that_is_the_task(name: str, site: Path) -> None:
    task, found = tasks.load(name), page(site, f"tasks/{name}.html")
    for _, (text, source) in task.because:
        assert said(text) in said(found.text) and said(source) in said(found.text)
    (written,) = blocks(site, f"tasks/{name}.html", "language-yaml task")
    assert tasks.parse(written, name).canonical() == task.canonical()


def test_the_tour_stands_with_what_its_cells_showed(site: Path) -> None:
    found = page(site, "tour.html")
    for each in (
        "from augkit import policy",
        "made: 400 pictures",
        "unsafe for the task digits",
        "now reads",
    ):
        assert each in said(found.text)
    assert len(found.named("img")) > 30 and not found.named("style")


def test_every_command_stands_with_its_help(site: Path) -> None:
    text = said(page(site, "commands.html").text)
    assert {"check", "preview", "report", "generate"} <= {name for name, *_ in helps()}
    for name, whole, about in helps():
        assert said(about) in text and said(whole) in text and f"Usage: augkit {name}" in whole


def test_markdown_becomes_pages_without_letting_html_through() -> None:
    text = "# A\n\n<b>no</b> [x](README.md) [y](away.md)\n\n| a | b |\n|---|--:|\n| 1 | 2 |\n\n"
    text += "```yaml\nversion: 1\n```\n"
    made = str(prose.markdown(text, {"README.md": "index.html"}))
    assert "&lt;b&gt;no&lt;/b&gt;" in made and '<a href="index.html">x</a>' in made
    assert "away.md" not in made and ">y<" not in made and " y" in made
    assert '<td class="number">2</td>' in made and '<code class="language-yaml">version: 1' in made


def test_docstrings_become_paragraphs_terms_and_code() -> None:
    text = "Turn `it`.\n\nWhy: so\nit is.\n\nExample:\n\n    version: 1\n\n"
    text += "Draws:   a <b>\n         and more\nSource:  c"
    made = str(prose.html(text))
    assert made == (
        "<p>Turn <code>it</code>.</p>\n<p><b>Why:</b> so it is.</p>\n<h2>Example</h2>\n"
        '<pre><code class="language-yaml">version: 1</code></pre>\n'
        '<dl class="terms"><div><dt>Draws</dt><dd>a &lt;b&gt; and more</dd></div>'
        "<div><dt>Source</dt><dd>c</dd></div></dl>"
    )
    assert str(prose.html("Tilt the picture: up.")) == "<p>Tilt the picture: up.</p>"


def test_where_nothing_can_be_written_it_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from augkit.docs import site as sites

    monkeypatch.setattr(sites, "_pages", lambda: iter([sites.Page("a.html", "a", prose.html("a"))]))
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot be written"):
        write(tmp_path / "file")
    done = subprocess.run([sys.executable, "-m", "augkit.docs"], capture_output=True, text=True, check=False)
    assert done.returncode == 2 and "usage" in done.stderr

"""A gallery is one file that holds its pictures, and says in words what they show."""

from __future__ import annotations

import base64
import re
from html.parser import HTMLParser

import numpy as np
import pytest

from augkit import codec
from augkit.show import Cell, Gallery, Row

HOSTILE = "<script>alert(1)</script>\" onerror='x' {{ 7 * 7 }} \ud800"
SMALL = np.random.default_rng(0).integers(0, 256, (28, 28, 1), dtype=np.uint8)
LARGE = np.random.default_rng(1).integers(0, 256, (300, 400, 3), dtype=np.uint8)


class Tags(HTMLParser):
    """Collect tags with their attributes, and the text between them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def named(self, wanted: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.tags if tag == wanted]


def shown(text: str = "six", picture: np.ndarray = SMALL) -> Gallery:
    cells = [Cell(picture, text, "first"), Cell(picture, "rotate 180°", "alarm", "unsafe")]
    return Gallery((Row(text, cells, "Why it is so."),), text, "a note", "unsafe")


def test_a_page_shows_every_picture_with_its_words_and_holds_it() -> None:
    page = Tags(shown().html())
    first, second = page.named("img")
    assert first["alt"] == "six, original" and second["alt"] == "six, rotate 180°, unsafe"
    for said in ("a note", "Why it is so.", "rotate 180°", "unsafe"):
        assert said in " ".join(page.text.split())
    kind, _, data = (first["src"] or "").partition(",")
    assert kind == "data:image/png;base64"
    assert np.array_equal(codec.decode(base64.b64decode(data)), SMALL)


@pytest.mark.parametrize("make", [Gallery.html, Gallery._repr_html_])
def test_promise_24_names_are_text_and_never_code(make) -> None:
    page = Tags(make(shown(HOSTILE)).encode("utf-8").decode("utf-8"))
    assert {tag for tag, _ in page.tags} <= {
        *(
            "html",
            "head",
            "meta",
            "title",
            "style",
            "body",
            "main",
            "div",
            "h1",
            "h2",
            "h3",
            "p",
            "b",
            "span",
        ),
        *("section", "ul", "li", "figure", "figcaption", "img", "wbr"),
    }
    assert not [name for _, attributes in page.tags for name in attributes if name.startswith("on")]
    assert page.text.count("<script>alert(1)</script>") >= 3 and "{{ 7 * 7 }}" in page.text


def test_promise_24_a_page_asks_nothing_of_a_network() -> None:
    text = re.sub(r"base64,[^\"]*", "", shown().html())
    assert not re.search(r"https?:|//[a-z]|@import|url\(", text)


def test_a_caption_is_broken_where_it_reads_well() -> None:
    page = shown("random_resized_crop area 0.5 x -0.25 </figcaption>_a").html()
    said = page.partition("<figcaption>")[2].partition("</figcaption>")[0]
    assert said.startswith("random_<wbr>resized_<wbr>crop area\u00a00.5 x\u00a0-0.25 &lt;/<wbr>figcaption")


def test_large_pictures_are_shrunk_and_small_ones_are_shown_crisp_as_on_a_sheet() -> None:
    (large, _), (small, _) = (Tags(shown(picture=picture).html()).named("img") for picture in (LARGE, SMALL))
    assert (large["width"], large["height"], large.get("class")) == ("112", "84", None)
    assert (small["width"], small["height"], small["class"]) == ("112", "112", "crisp")
    kept = codec.decode(base64.b64decode((large["src"] or "").partition(",")[2]))
    assert kept.shape == (168, 224, 3)


def test_a_page_of_many_pictures_keeps_each_as_large_as_it_is_shown() -> None:
    many = Gallery((Row("", [Cell(LARGE)] * 301),), "many")
    first = Tags(many.html()).named("img")[0]
    kept = codec.decode(base64.b64decode((first["src"] or "").partition(",")[2]))
    assert kept.shape == (84, 112, 3) and first["width"] == "112"


def test_a_fragment_brings_its_style_and_leaves_the_page_around_it_alone() -> None:
    text = shown()._repr_html_()
    style = re.sub(r"/\*.*?\*/", "", text.partition("<style>")[2].partition("</style>")[0], flags=re.DOTALL)
    selectors = [part for rule in re.findall(r"([^{}]+)\{", style) for part in rule.split(",")]
    assert len(selectors) > 50
    assert [part for part in selectors if ".augkit" not in part and not part.strip().startswith("@")] == []
    assert text.startswith('<div class="augkit fragment">') and "<html" not in text

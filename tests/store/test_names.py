"""Names of files and folders: harmless everywhere, in the order of the classes, and never two for one."""

from __future__ import annotations

import re
import unicodedata

import pytest
from datasets import ClassLabel
from hypothesis import example, given
from hypothesis import strategies as st

from augkit.errors import StoreError
from augkit.store.names import folders, safe, stems

NFC, NFD = unicodedata.normalize("NFC", "café"), unicodedata.normalize("NFD", "café")
HOSTILE = (
    "../../etc", "/abs", "a/b", "..", ".", "", "NUL\0byte", "C:\\x", "CON", "nul.png", "-rf", " x ", "x.",
    "a\nb", "\u202eabc", "\ud800", "🦊", "x" * 255, NFC, "<script>", "~", "*", "a b",
)  # fmt: skip
HARMLESS = re.compile(r'[^\x00-\x1f<>:"/\\|?*\x7f]+')


@given(st.text())
@example("..")
@example("\ud800")
@example("é" * 200)
def test_promise_20_any_text_becomes_one_harmless_component(name):
    made = safe(name)
    assert HARMLESS.fullmatch(made) and made not in {".", ".."} and len(made.encode()) <= 100
    assert made == made.strip(" ") and not made.startswith(("-", ".")) and not made.endswith(".")
    assert safe(made) == made


@pytest.mark.parametrize("name", ["CON", "nul.png", "com1", "Lpt9.tar.gz"])
def test_promise_20_names_of_devices_are_no_names_of_files(name):
    assert safe(name) == f"_{name}"


@pytest.mark.parametrize("name", ["cat", "n01440764", "stop sign", "Große Straße", "30 km h", "a.b", "café"])
def test_ordinary_names_stay(name):
    assert safe(name) == name and folders((name,)) == (name,)


def taken_for(name: str, classes: tuple[str, ...]) -> int:
    """Return which class `datasets` takes a folder for."""
    return int(ClassLabel(names=list(classes)).str2int(name))


@given(st.lists(st.one_of(st.text(max_size=4), st.sampled_from("0123456789")), min_size=1, unique=True))
@example(list(HOSTILE))
@example([str(number) for number in range(1, 13)])
@example(["1", "0"])
@example(["00", "1", "0"])
def test_promise_20_folders_are_harmless_in_order_and_taken_for_their_class(classes):
    named = [name for name in classes if not re.search("[\ud800-\udfff]", name)]
    classes = tuple({unicodedata.normalize("NFC", name): name for name in named}.values())
    if not classes:
        return
    found = folders(classes)
    assert list(found) == sorted(found) and len({name.casefold() for name in found}) == len(classes)
    assert all(safe(name) == name for name in found)
    assert [taken_for(name, classes) for name in found] == list(range(len(classes)))


@pytest.mark.parametrize(
    ("classes", "wanted"),
    [
        (("cat", "dog"), ("cat", "dog")),
        (("dog", "cat"), ("0", "1")),
        (("0", "1", "10", "2"), ("0", "1", "10", "2")),
        (tuple(map(str, range(11))), tuple(f"{n:02d}" for n in range(11))),
        (("A", "a"), ("0", "1")),
        (("a/b", "a_b"), ("0", "1")),
        (("train", "test"), ("0", "1")),
        (("test", "train"), ("test", "train")),
        (("1", "0"), ("00", "01")),
    ],
)
def test_folders_are_names_where_they_can_be_and_numbers_elsewhere(classes, wanted):
    assert folders(classes) == wanted


def test_promise_20_two_classes_that_look_the_same_are_refused_by_name():
    with pytest.raises(StoreError) as caught:
        folders(("tea", NFC, NFD))
    assert r"'caf\xe9'" in str(caught.value) and r"'cafe\u0301'" in str(caught.value)


def test_files_are_called_like_their_source():
    keys = ["cat/photo.jpeg", "mnist-00001", "a.b/c.d.png", ".hidden", "v1.5 final"]
    assert stems(keys, [0] * 5) == ["photo", "mnist-00001", "c.d", "hidden", "v1.5 final"]


def test_promise_20_files_of_one_name_are_told_apart_within_a_class_alone():
    one, two, three, four = stems(["a/x.png", "b/x.jpg", "b/X.png", "c/x.png"], [0, 0, 0, 1])
    assert four == "x" and len({name.casefold() for name in (one, two, three)}) == 3
    assert stems(["b/x.jpg", "a/x.png", "b/X.png"], [0, 0, 0]) == [two, one, three]


def test_a_source_cannot_take_the_name_of_a_relabelled_copy():
    (name,) = stems(["x-was-6.png"], [9])
    assert re.fullmatch("x-was-6-[0-9a-f]{16}", name)


@given(st.lists(st.text(max_size=3), unique=True), st.data())
def test_promise_20_no_two_files_share_a_name(keys, data):
    labels = [data.draw(st.integers(0, 1)) for _ in keys]
    made = [(label, name.casefold()) for label, name in zip(labels, stems(keys, labels), strict=True)]
    assert len(set(made)) == len(keys)

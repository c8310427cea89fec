"""Equal and similar pictures are found whatever position they stand in, and go to one split."""

from __future__ import annotations

import io
import itertools

import numpy as np
import pytest
from datasets import DatasetDict
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageEnhance
from sklearn.datasets import load_sample_images

from augkit import codec, sources
from augkit.errors import UsageError
from augkit.sources import duplicates, records, split

PHOTOS = [
    Image.fromarray(photo[top : top + 208, left : left + 312])
    for photo in load_sample_images().images
    for top, left in ((0, 0), (208, 312))
]


def saved(image: Image.Image, kind: str = "PNG", **how) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **how)
    return buffer.getvalue()


def part(images, labels=None):
    keys = [f"k{number:04d}" for number in range(len(images))]
    return records.dataset(keys, images, labels or [0] * len(images), ["a", "b", "c"])


POSITIONS = [None, *Image.Transpose]
CHANGES = {
    "as it is": lambda image: saved(image),
    "quality 20": lambda image: saved(image, "JPEG", quality=20),
    "half the size": lambda image: saved(image.resize((image.width // 2, image.height // 2))),
    "an eighth": lambda image: saved(image.resize((image.width // 8, image.height // 8)), "JPEG", quality=90),
    "grey": lambda image: saved(image.convert("L")),
    "less contrast": lambda image: saved(ImageEnhance.Contrast(image).enhance(0.8)),
    "another shape": lambda image: saved(image.resize((300, 300)), "JPEG"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_copy_is_found_in_each_of_the_eight_positions(change):
    for image in PHOTOS[:2]:
        first = saved(image, "JPEG", quality=95)
        others = [saved(other) for other in PHOTOS if other is not image]
        for position in POSITIONS:
            copy = image if position is None else image.transpose(position)
            found = duplicates.find(part([*others, first, CHANGES[change](copy)]))
            assert found.group.tolist() == [0, 1, 2, 3, 3], (change, position)
            assert (found.equal, found.alike) == (0, 1)


def test_a_picture_cropped_by_a_tenth_and_other_pictures_are_not_alike():
    cropped = [image.crop((image.width // 10, 0, image.width, image.height)) for image in PHOTOS]
    found = duplicates.find(part([saved(image) for image in [*PHOTOS, *cropped]]))
    assert (
        found.group.tolist() == list(range(8)) and found.text() == "No two pictures are equal or look alike."
    )


@pytest.mark.parametrize("name", ["mnist-sample", "optdigits"])
def test_no_two_digits_of_the_samples_are_taken_for_one(name):
    found = duplicates.find(sources.load(name)["train"])
    assert found.equal == found.alike == 0


def test_the_search_finds_what_comparing_all_pairs_finds():
    rng = np.random.default_rng(0)
    small = rng.integers(0, 256, (60, 16, 16)).astype(np.float64)
    for number in range(30, 60):  # near copies, in any position
        turned = np.rot90(small[number - 30], rng.integers(4))
        turned = turned[:, ::-1] if rng.integers(2) else turned
        small[number] = np.clip(turned + rng.normal(0, rng.choice([0.5, 2, 8, 40]), (16, 16)), 0, 255)
    pictures = [codec.encode(np.rint(each).astype(np.uint8)[:, :, None]) for each in small]
    found = duplicates.find(part(pictures)).group
    stored = np.rint(small)
    for i, j in itertools.combinations(range(60), 2):
        positions = [np.rot90(m, k) for m in (stored[j], stored[j][:, ::-1]) for k in range(4)]
        best = max(np.corrcoef(stored[i].ravel(), turned.ravel())[0, 1] for turned in positions)
        if abs(best - duplicates.ALIKE) > 1e-4:
            assert (found[i] == found[j]) == (best > duplicates.ALIKE), (i, j, best)


def test_groups_are_joined_through_common_members_and_labels_counted():
    one, other = saved(PHOTOS[0]), saved(PHOTOS[1])
    found = duplicates.find(part([other, one, one, other, CHANGES["grey"](PHOTOS[0])], [0, 0, 0, 1, 0]))
    assert found.group.tolist() == [0, 1, 1, 0, 1] and (found.equal, found.alike, found.mixed) == (2, 1, 1)
    assert found.text() == "2 equal and 1 nearly equal pictures, in 2 groups, 1 of them with several labels."


def test_promise_17_plain_and_broken_pictures_stand_alone_unless_equal():
    plain = [saved(Image.new("L", (20, 20), value)) for value in (0, 10, 255)]
    bad = [b"", b"<html>", b"<html>", saved(PHOTOS[0])[:900], b"", "/nowhere/x.png"]
    found = duplicates.find(part([*plain, *bad, plain[1]]))
    assert found.group.tolist() == [0, 1, 2, 3, 4, 4, 6, 7, 8, 1]


def test_promise_18_a_bomb_is_not_decoded():
    bomb = bytearray(saved(Image.new("L", (1, 1))))
    bomb[16:24] = (60_000).to_bytes(4, "big") * 2
    assert duplicates.find(part([bytes(bomb), saved(PHOTOS[0])])).group.tolist() == [0, 1]


def test_promise_16_a_leak_across_the_split_is_not_possible():
    images, group = [], []
    for number in range(40):
        noise = Image.fromarray(
            np.random.default_rng(number).integers(0, 256, (6, 6), dtype=np.uint8)
        ).resize((40, 40))
        for copy in range(1 + number % 4):
            turned = noise.transpose(list(Image.Transpose)[copy])
            images.append(saved(turned, "JPEG", quality=80 + copy))
            group.append(number)
    keys = [f"{number:03d}" for number in range(len(images))]
    labels = [number % 3 for number in range(len(images))]
    data = DatasetDict(train=records.dataset(keys, images, labels, ["a", "b", "c"]))
    found = duplicates.find(data["train"])
    assert len(set(found.group.tolist())) == 40
    for stratify, seed in itertools.product((False, True), range(5)):
        parts = split.divided(data, "70/15/15", stratify=stratify, seed=seed, groups=found.group)
        where = {}
        for name, one in parts.items():
            for key in records.keys(one):
                assert where.setdefault(group[int(key)], name) == name
        assert sum(len(one) for one in parts.values()) == len(images)


def test_promise_16_loading_with_a_split_says_and_keeps_together_what_it_found(tmp_path):
    for number, image in enumerate(PHOTOS):
        for kind in ("a", "b"):
            (tmp_path / kind).mkdir(exist_ok=True)
            (tmp_path / kind / f"{number}.png").write_bytes(saved(image.resize((64, 64))))
    for seed in range(6):
        said: list[str] = []
        data = sources.load(tmp_path, split="50/50", seed=seed, say=said.append)
        assert said == [
            "4 equal and 0 nearly equal pictures, in 4 groups, 4 of them with several labels. "
            "Each group goes to one split."
        ]
        train, test = ({key[2:] for key in records.keys(data[name])} for name in ("train", "test"))
        assert not train & test and len(train) == len(test) == 2


def test_a_source_that_is_split_is_refused_before_anybody_looks_for_duplicates(tmp_path, monkeypatch):
    for name in ("train/a/1.png", "test/a/1.png"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_bytes(saved(Image.new("L", (3, 3))))
    monkeypatch.setattr(duplicates, "find", lambda part: pytest.fail("somebody looked"))
    with pytest.raises(UsageError, match="split already"):
        sources.load(tmp_path, split="50/50")


@given(st.lists(st.integers(0, 12), min_size=2, max_size=60), st.integers(0, 5), st.booleans())
def test_promise_16_groups_of_any_kind_stay_together_and_shares_are_near(groups, seed, stratify):
    count = len(groups)
    data = DatasetDict(train=part([b"x"] * count, [number % 3 for number in range(count)]))
    try:
        parts = split.divided(data, "50/50", stratify=stratify, seed=seed, groups=np.array(groups, np.int64))
    except sources.SourceError:
        return  # all in one group
    sides = [{groups[int(key[1:])] for key in records.keys(one)} for one in parts.values()]
    assert not sides[0] & sides[1]
    largest = np.bincount(groups).max()
    strata = 3 if stratify else 1
    assert abs(len(parts["train"]) - count / 2) <= strata * (largest + 1) / 2

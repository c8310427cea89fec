"""What others make of a data set: `datasets` and walkers of folders agree with its labels and names."""

from __future__ import annotations

import importlib
import importlib.util
import sys
import types
import unicodedata
from pathlib import Path
from typing import Any

import datasets
import numpy as np
import pandas as pd
import pytest
from datasets import DatasetDict

from augkit import backend, codec, sources, store
from augkit.sources import records
from tests.store import making

CLASSES = {
    "digits": making.DIGITS,
    "numbers in the order of text": ("0", "1", "10", "2"),
    "numbers in their own order": tuple(map(str, range(11))),
    "numbers from one": tuple(map(str, range(1, 13))),
    "a single class": ("only",),
    "classes called like splits": ("test", "train", "validation"),
    "names out of order": ("stop sign", "30 km/h", "give way"),
    "letters of both cases": ("A", "B", "a", "b"),
    "hostile": (
        "../../etc", "/abs", "a/b", "..", "", "NUL\0byte", "CON", "x" * 255, "🦊 \\ \"'", "{}: #", "no", "1",
    ),
}  # fmt: skip


def shade(label: int) -> int:
    """Return the grey of a picture, by which its label is known."""
    return 10 + 15 * label


def shaded(
    classes: tuple[str, ...], each: int = 2, splits: tuple[str, ...] = ("train", "test")
) -> DatasetDict:
    """Make a source whose pictures are of one grey, which tells their class."""
    labels = [label for label in range(len(classes)) for _ in range(each)]
    images = [codec.encode(np.full((6, 6, 1), shade(label), np.uint8)) for label in labels]
    keys = [f"k{number}" for number in range(len(labels))]
    return DatasetDict({split: records.dataset(keys, images, labels, classes) for split in splits})


def opened(out: Path, tmp_path: Path) -> DatasetDict:
    return datasets.load_dataset(str(out), cache_dir=str(tmp_path / "cache"))


def walked(root: Path) -> list[tuple[int, Path]]:
    """Number classes by sorted folders, as Keras's `image_dataset_from_directory` and torchvision do."""
    folders = sorted(path.name for path in root.iterdir())
    found = [(label, path) for label, name in enumerate(folders) for path in sorted((root / name).iterdir())]
    assert all(path.is_file() and path.suffix == ".png" for _, path in found)
    return found


@pytest.mark.parametrize("kind", CLASSES)
def test_a_data_set_opens_with_its_labels_and_names(tmp_path, kind):
    classes, out = CLASSES[kind], tmp_path / "out"
    store.build(shaded(classes), out, progress=False)
    data = opened(out, tmp_path)
    assert set(data) == {"train", "test"}
    for part in data.values():
        assert part.features["label"] == datasets.ClassLabel(names=list(classes))
        assert sorted(part["label"]) == sorted([*range(len(classes))] * 2)
        for row in part:
            assert int(np.asarray(row["image"])[0, 0]) == shade(row["label"])
    for split in ("train", "test"):
        for label, path in walked(out / split):
            assert int(codec.decode(path.read_bytes())[0, 0, 0]) == shade(label)
    again = sources.load(out)
    assert records.class_names(again) == classes


def test_promise_21_nothing_is_written_outside_the_output(tmp_path):
    classes = CLASSES["hostile"]
    before = outside(tmp_path)
    data = shaded(classes, each=1, splits=("train",))["train"]
    keys = [
        "../../../up",
        "/abs.png",
        "a/../../b",
        "..",
        "",
        "\0",
        "CON.png",
        "y" * 300,
        "-x",
        "c\nd",
        "é",
        "z",
    ]
    part = records.dataset(keys, [row["bytes"] for row in data["image"]], data["label"], classes)
    store.generate(
        making.free_plan(classes), DatasetDict(train=part), tmp_path / "deep" / "out", progress=False
    )
    assert outside(tmp_path) == before
    for path in (tmp_path / "deep" / "out").rglob("*"):
        assert len(path.name.encode()) <= 255 and path.name.isprintable()
    rows = pd.read_parquet(tmp_path / "deep" / "out" / ".augkit" / "manifest.parquet")
    assert set(rows.source) == set(keys) and set(rows.label) == set(classes)


def outside(tmp_path: Path) -> list[str]:
    kept = (path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*"))
    return sorted(path for path in kept if path != "deep" and not path.startswith("deep/out"))


def test_a_class_without_pictures_keeps_the_other_labels(tmp_path):
    data = shaded(("a", "b", "c", "d"))
    some = DatasetDict(
        {split: part.filter(lambda row: row["label"] in (1, 3)) for split, part in data.items()}
    )
    store.build(some, tmp_path / "out", progress=False)
    part = opened(tmp_path / "out", tmp_path)["train"]
    assert part.features["label"].names == ["a", "b", "c", "d"] and set(part["label"]) == {1, 3}
    assert {label for label, _ in walked(tmp_path / "out" / "train")} == {1, 3}


def test_relabelled_copies_open_with_their_new_label(tmp_path):
    policy = making.RELABEL
    made = store.generate(making.plan(policy, copies=3), making.source(20), tmp_path / "out", progress=False)
    rows = pd.read_parquet(made.out / ".augkit" / "manifest.parquet")
    changed = rows[rows.label != rows.label_after]
    assert len(changed)
    part = opened(made.out, tmp_path)["train"].cast_column("image", datasets.Image(decode=False))
    labels = {Path(row["image"]["path"]).name: row["label"] for row in part}
    assert len(labels) == len(rows)
    for row in changed.itertuples():
        assert labels[Path(row.file).name] == int(row.label_after) != int(row.label)


def test_names_in_other_compositions_are_refused_before_anything_is_written(tmp_path):
    from augkit.errors import StoreError

    twins = tuple(unicodedata.normalize(form, "café") for form in ("NFC", "NFD"))
    with pytest.raises(StoreError, match="differ only in how letters are composed"):
        store.build(shaded(twins), tmp_path / "out", progress=False)
    assert not (tmp_path / "out").exists()


@pytest.fixture
def image_folder(monkeypatch) -> Any:
    """Return torchvision's ImageFolder, without its compiled operators: they may be of another PyTorch."""
    if importlib.util.find_spec("torchvision") is None:
        pytest.skip("torchvision is not installed: its ImageFolder is left out")
    name = "torchvision._meta_registrations"
    monkeypatch.setitem(sys.modules, name, types.ModuleType(name))
    return importlib.import_module("torchvision.datasets").ImageFolder


def test_torchvision_reads_the_folder_with_its_labels(tmp_path, image_folder):
    for kind, classes in CLASSES.items():
        out = store.build(shaded(classes, splits=("train",)), tmp_path / kind, progress=False).out
        found = image_folder(str(out / "train"))
        assert len(found) == 2 * len(classes) and len(found.classes) == len(classes)
        for picture, label in found:
            assert np.asarray(picture)[0, 0].tolist() == [shade(label)] * 3, kind


@pytest.mark.slow
@pytest.mark.parametrize("kind", CLASSES)
def test_keras_reads_the_folder_with_its_labels(tmp_path, kind):
    keras, classes = backend.load(), CLASSES[kind]
    pytest.importorskip("tensorflow")
    out = store.build(shaded(classes), tmp_path / "out", progress=False).out
    for split in ("train", "test"):
        found = keras.utils.image_dataset_from_directory(
            str(out / split), image_size=(6, 6), batch_size=1, color_mode="grayscale", shuffle=False
        )
        labels = []
        for picture, label in found:
            assert np.asarray(picture)[0, 0, 0, 0] == shade(int(np.asarray(label)[0]))
            labels.append(int(np.asarray(label)[0]))
        assert len(found.class_names) == len(classes) and sorted(labels) == sorted([*range(len(classes))] * 2)


@pytest.mark.parametrize("name", store.FORMATS)
def test_every_split_that_a_source_has_is_opened_under_its_own_name(tmp_path, name):
    for splits in (("validation",), ("train", "validation", "test")):
        out = tmp_path / "-".join(splits)
        store.build(shaded(("cat", "dog"), splits=splits), out, format=name, progress=False)
        assert {split: len(part) for split, part in opened(out, tmp_path).items()} == dict.fromkeys(splits, 4)
